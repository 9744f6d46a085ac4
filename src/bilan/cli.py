"""The command line: ``bilan --help``."""

from __future__ import annotations

import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from bilan import editions, fanout, lock, seals, workflow

app = typer.Typer(
    help="The reproducible annual review of Tech.gouv.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)

Edition = Annotated[str, typer.Option("--edition", help="Year of the edition.")]
Lang = Annotated[str, typer.Option("--lang", help="fr or en.")]
Countries = Annotated[
    str, typer.Option(help="Member states to give pages of their own: DE,IT or all.")
]
Indices = Annotated[str, typer.Option(help="Indices that these pages are about: egov or all.")]
CORES = os.cpu_count() or 1
Cores = Annotated[int, typer.Option(min=1, help="Steps side by side.")]
Renderer = Annotated[str, typer.Option("--renderer", help="auto, quarto or embedded.")]


@app.callback()
def _speak() -> None:
    """Say what this terminal has letters for, and replace the rest."""
    for stream in (sys.stdout, sys.stderr):
        if stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="replace")


@contextmanager
def _told() -> Iterator[None]:
    """Turn a fault of the data or of the request into its message and exit status 1."""
    try:
        yield
    except Exception as error:
        if not _meant_for_people(error):
            raise
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def _meant_for_people(error: Exception) -> bool:
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return full or type(error).__module__.startswith("bilan.")


@contextmanager
def _step(name: str) -> Iterator[None]:
    """Say what a step of the workflow was and how long it took."""
    started = time.monotonic()
    with _told():
        yield
    typer.echo(f"{workflow.DONE} {name:<44} {time.monotonic() - started:5.1f} s")


@app.command()
def check() -> None:
    """Check the raw data and name every fault."""
    from bilan import catalog

    with _told():
        tables = catalog.load(editions.project_root() / "data/raw")
    rows = sum(len(t) for t in tables.values())
    typer.echo(f"data/raw: {len(tables)} tables, {rows} rows, no fault")


@app.command()
def build(
    renderer: Renderer = "auto",
    cores: Cores = CORES,
    countries: Countries = "",
    indices: Indices = "",
    profile: Annotated[
        Path | None, typer.Option(help="Snakemake profile of a cluster, such as profiles/slurm.")
    ] = None,
) -> None:
    """Bring the published review up to date.

    With --countries or --indices the last edition also has a page for each of these member
    states in each of these indices; the next build without them takes the pages off the site.
    """
    from bilan.render import check_renderer

    with _told():
        check_renderer(renderer)
        fan = fanout.choose(countries, indices)
        workflow.check_profile(profile)
        with lock.alone() as turn:
            if last := workflow.recall(turn):
                typer.echo(last, err=True)
            outcome = workflow.build(turn, renderer, cores, fan, profile)
            turn.end(outcome.fault)
    site = editions.project_root() / "site/index.html"
    if outcome.status:
        typer.echo(f"The review was not published; the log is {outcome.log}", err=True)
        raise typer.Exit(1)
    if not outcome.steps:
        typer.echo(f"Nothing to do: {site} is up to date ({outcome.seconds:.1f} s)")
        return
    manifest = json.loads((site.parent / "manifest.json").read_text("utf-8"))
    years = [e.id for e in editions.editions() if any(e.id in s for s in outcome.steps)]
    typer.echo(f"Rebuilt {len(outcome.steps)} steps in {outcome.seconds:.0f} s")
    typer.echo(f"Editions touched: {', '.join(years) or 'none'}")
    typer.echo(f"Rendered with {manifest['renderer']}")
    typer.echo(str(site))


@app.command()
def verify(
    cores: Cores = CORES,
) -> None:
    """Build the review a second time elsewhere and name every file that differs."""
    from bilan import verify as verifying

    with _told():
        typer.echo(verifying.verify(cores))


@app.command()
def diff(
    ref: Annotated[str, typer.Argument(help="Commit, branch or tag to compare with.")],
    renderer: Renderer = "auto",
    cores: Cores = CORES,
) -> None:
    """Write what changed since a commit, for whoever reviews the change."""
    from bilan import difference
    from bilan.render import check_renderer

    with _told():
        check_renderer(renderer)
        typer.echo(str(difference.against(ref, renderer, cores)))


@app.command()
def freeze(edition: Edition) -> None:
    """Write what was public on an edition's cut-off day."""
    from bilan import catalog

    with _told():
        catalog.load(editions.project_root() / "data/raw")
        typer.echo(str(editions.freeze(edition)))


@app.command()
def run(
    notebook: Path,
    output: Annotated[Path, typer.Option(help="Executed copy; {lang} is replaced.")],
    parameter: Annotated[
        list[str], typer.Option("--parameter", "-p", help="NAME=VALUE, repeatable.")
    ] = [],  # noqa: B006 - Typer copies it
    lang: Annotated[list[str], typer.Option(help="Languages to run it in.")] = [],  # noqa: B006
) -> None:
    """Run a notebook with Papermill."""
    from bilan import notebooks

    build = editions.project_root() / "build"
    made_here = output.absolute().is_relative_to(build)
    with _told():
        values = [notebooks.parse_parameters([*parameter, f"lang={name}"]) for name in lang]
        values = values or [notebooks.parse_parameters(parameter)]
    name = output.parent.name if made_here else notebook.stem
    with _step(" ".join(filter(None, [str(values[0].get("edition", "")), name, *lang]))):
        for given in values:
            target = Path(str(output).replace("{lang}", str(given.get("lang", ""))))
            notebooks.run(notebook, target, given)
        if made_here:
            seals.seal(output.absolute().parent)


@app.command()
def fonts() -> None:
    """Make the fonts that pages, charts and PDF share."""
    from bilan.fonts import make_fonts

    with _step("fonts"):
        seals.seal(make_fonts(editions.project_root() / "build/fonts"))


@app.command()
def vega() -> None:
    """Make the script that draws live charts."""
    from bilan.live import make_vega

    with _step("vega"):
        make_vega(editions.project_root() / "build/live/vega.js")


@app.command()
def stage(edition: Edition, lang: Lang) -> None:
    """Make the Quarto project of an edition."""
    from bilan import report

    with _step(f"{edition} stage {lang}"):
        seals.seal_staged(report.stage(edition, lang))


@app.command()
def render(edition: Edition, lang: Lang, renderer: Renderer = "auto") -> None:
    """Render an edition's Quarto project to HTML and PDF."""
    from bilan.render import check_renderer
    from bilan.render import render as render_project
    from bilan.wording import Wording

    with _step(f"{edition} render {lang}"):
        check_renderer(renderer)
        build = editions.project_root() / "build"
        project = build / editions.edition(edition).id / Wording(lang).lang
        done = render_project(project, renderer)
        (project / "renderer").write_text(f"{done.renderer} {done.version}\n", "utf-8")
        seals.seal_rendered(project)


@app.command()
def page(
    name: Annotated[str, typer.Argument(help="Index and country, for instance desi-de.")],
    edition: Edition,
    renderer: Renderer = "auto",
    countries: Countries = "",
    indices: Indices = "",
) -> None:
    """Make the page of a member state in an index."""
    from bilan import report
    from bilan.render import render as render_project

    with _step(f"{edition} page {name}"):
        place, fan = fanout.place(name), fanout.choose(countries, indices)
        for lang in editions.edition(edition).languages:
            project = report.stage_place(edition, lang, place, fan)
            render_project(project, renderer, formats=("html",))


@app.command()
def card(edition: Edition, lang: Lang) -> None:
    """Draw the picture that stands for a rendered edition where its address is shared."""
    from bilan.card import draw

    with _step(f"{edition} card {lang}"):
        draw(edition, lang)


@app.command()
def supplement(edition: Edition, countries: Countries = "", indices: Indices = "") -> None:
    """Make what stands beside an edition's pages: its data and its notebooks."""
    from bilan import supplement as making

    with _step(f"{edition} supplement"):
        making.make(editions.edition(edition), fanout.choose(countries, indices))


@app.command()
def assemble(edition: Edition, countries: Countries = "", indices: Indices = "") -> None:
    """Assemble an edition's part of the site."""
    from bilan import assemble as assembling

    with _step(f"{edition} assemble"):
        assembling.assemble(editions.edition(edition), fanout.choose(countries, indices))


@app.command()
def publish(countries: Countries = "", indices: Indices = "") -> None:
    """Join the editions, check the whole, and switch the site to it."""
    from bilan import publish as publishing

    with _step("publish"):
        publishing.publish(fanout.choose(countries, indices))


if __name__ == "__main__":
    app()

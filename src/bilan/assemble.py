"""Assemble an edition's part of the site: its pages, its data, its notebooks, each page read once.

An edition is assembled in ``build/<edition>/site``, as it will stand in the site, with the
outlines of its pages beside it in ``build/<edition>/outlines.json``. :mod:`bilan.publish` joins
the editions.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import jinja2

from bilan import citation, discovery, editions, live, notebook_pages, opendata, seals
from bilan.card import CARD
from bilan.checks import outline
from bilan.discovery import Page
from bilan.editions import Edition
from bilan.fanout import HOME, FanOut, Place
from bilan.pictures import inlined, numbers
from bilan.report import PDF_SIZE
from bilan.wording import Wording

#: Files that every page shares, at the root of the site.
FURNITURE = ("review.css", "review.js", "live.js", "icon.svg")


def site_of(edition: Edition) -> Path:
    """Return the folder that holds an edition's part of the site."""
    return editions.project_root() / "build" / edition.id / "site"


def outlines_of(edition: Edition) -> Path:
    """Return the file that holds the outlines of an edition's pages."""
    return site_of(edition).with_name("outlines.json")


def assemble(edition: Edition, fan: FanOut = FanOut()) -> None:  # noqa: B008 - frozen
    """Assemble an edition's part of the site and read its pages.

    Parameters
    ----------
    edition : bilan.editions.Edition
    fan : bilan.fanout.FanOut
        The pages of member states beside the review.
    """
    root, site = editions.project_root(), site_of(edition)
    shutil.rmtree(site, ignore_errors=True)
    _place_edition(root, site, edition, fan.places if edition == fan.edition else ())
    last = root / "build/cache/outlines" / f"{edition.id}.json"
    outline.keep(site, outlines_of(edition), last)
    seals.seal_site(site, outlines_of(edition))


def _place_edition(root: Path, site: Path, edition: Edition, places: Sequence[Place]) -> None:
    build, target = root / "build" / edition.id, site / edition.id
    own = sorted(path for path in build.glob("runs/*") if any(path.glob("*.ipynb")))
    others = {place: build / "runs" / place.run for place in places if place.country != HOME}
    opendata.publish(edition, target / "data", [*own, *others.values()])
    for lang in edition.languages:
        folder = target / lang
        folder.mkdir(parents=True)
        pdf = folder / f"bilan-{edition.id}.pdf"
        shutil.copyfile(build / lang / "review.pdf", pdf)
        shutil.copyfile(build / lang / CARD, folder / CARD)
        write(folder / f"bilan-{edition.id}.bib", citation.bibtex(edition, lang))
        text = finish(build / lang, lang).replace(PDF_SIZE, size(pdf, Wording(lang)))
        told = discovery.report(edition, lang, text, site)
        write(folder / "index.html", page_of(edition, lang, "index", told).complete(text))
        _place_charts(build / lang, folder)
        _place_notebooks(root, site, edition, lang, own, "index")
        for place in places:
            text = finish(build / "places" / place.name / lang, lang)
            about = page_of(edition, lang, place.name)
            write(site / about.path, about.complete(text))
            _place_charts(build / "places" / place.name / lang, folder)
            if place in others:
                _place_notebooks(root, site, edition, lang, [others[place]], place.name)


def _place_charts(staged: Path, folder: Path) -> None:
    """Put what a page's charts draw when they are live beside it."""
    (folder / "charts").mkdir(exist_ok=True)
    for name, script in live.charts(staged / "notebooks").items():
        write(folder / "charts" / f"{name}.js", script)


def page_of(edition: Edition, lang: str, name: str, data: Sequence[dict] = ()) -> Page:
    """Return an edition's page of that name, which is the same in each language."""
    versions = {other: f"{edition.id}/{other}/{name}.html" for other in edition.languages}
    return Page(versions[lang], lang, versions, f"{edition.id}/{lang}/{CARD}", data)


def _place_notebooks(
    root: Path, site: Path, edition: Edition, lang: str, runs: Sequence[Path], review: str
) -> None:
    """Put notebooks beside the page that shows what they computed."""
    form = template(root, "notebook.html.j2")
    shown = notebook_pages.beside(site / page_of(edition, lang, review).path, lang)
    for run in runs:
        about = page_of(edition, lang, f"notebooks/{run.name}")
        text = notebook_pages.page(form, run, shown, edition)
        (site / about.path).parent.mkdir(exist_ok=True)
        write(site / about.path, about.complete(text))


def write(path: Path, text: str) -> None:
    """Write a text file of the site."""
    path.write_text(text, "utf-8", newline="\n")


# ------------------------------------------------------------------ pages


def finish(staged: Path, lang: str) -> str:
    """Return the rendered page with its charts inlined, so that one style sheet rules them.

    Both renderers leave ``<img src="….svg">``; an inlined picture follows the page's fonts
    and its dark theme, and costs no request. Beside the wide picture stands the one that
    was drawn for a phone, and the style sheet shows the one that fits. Below stand its numbers.
    """
    page = (staged / "review.html").read_text("utf-8")
    for name in FURNITURE:
        page = re.sub(rf'(href|src)="{re.escape(name)}"', rf'\1="../../{name}"', page)
    figures = _figures(staged / "notebooks")

    def inline(match: re.Match) -> str:
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', match.group(0)))
        source = staged / unquote(attributes.get("src", ""))
        if source.suffix != ".svg" or not source.is_file():
            return match.group(0)
        alt = attributes.get("alt", "")
        wide = source.read_text("utf-8")
        narrow = figures.get(source.stem, {}).get("narrow")
        if narrow is None:
            return inlined(wide, alt, "chart")
        return inlined(wide, alt, "chart wide") + inlined(narrow, alt, "chart narrow")

    def tabulate(match: re.Match) -> str:
        about = figures.get(match[1], {})
        if not about.get("numbers"):
            raise editions.UsageError(f"{staged.name}: no figure {match[1]} to show the numbers of")
        return numbers(about["numbers"], about["caption"], Wording(lang).text("numbers.see"), lang)

    page = re.sub(r'<div class="numbers" data-figure="([\w-]+)">\s*</div>', tabulate, page)
    return _spoken(re.sub(r"<img\b[^>]*>", inline, page), staged)


def _spoken(page: str, staged: Path) -> str:
    """Say the language of each source's title where it is not the page's."""
    sources = json.loads((staged / "sources.json").read_text("utf-8"))
    languages = {f"ref-{source['id']}": source["language"] for source in sources}
    own = re.search(r'<html[^>]*\blang="(\w\w)', page)[1]

    def title(match: re.Match) -> str:
        language = languages.get(match["id"], own)
        return match["before"] + ("<em>" if language == own else f'<em lang="{language}">')

    entry = r'(?P<before><div id="(?P<id>[\w-]+)" class="csl-entry"(?:(?!</div>\s*</div>).)*?)<em>'
    return re.sub(entry, title, page, flags=re.S)


def _figures(notebooks: Path) -> dict[str, dict]:
    """Return what came with each figure, by label: the picture for a phone, the numbers."""
    found = {}
    for path in sorted(notebooks.glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("bilan", {})
                if "label" in about:
                    found[about["label"]] = about
    return found


def template(root: Path, name: str) -> jinja2.Template:
    """Return one of the report's templates for pages that no renderer makes."""
    return jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(root / "report"),
    ).get_template(name)


def size(path: Path, words: Wording) -> str:
    """Return the size of a file in words."""
    return f"{words.number(round(path.stat().st_size / 1000))}\u00a0{words.text('size.kilobyte')}"

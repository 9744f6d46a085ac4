"""Stage a Quarto project: chapters, executed notebooks and settings of one edition.

``build/<edition>/<lang>/`` is a complete Quarto project. Chapters come from
``report/<lang>/``, where they are Jinja templates that ask :class:`bilan.facts.Facts` for
figures; what is staged is plain Quarto Markdown. Delimiters are ``<< >>`` and ``<% %>``,
because ``{{`` belongs to Quarto's shortcodes.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import jinja2
import jinja2.sandbox
import pandas as pd
import yaml

from bilan import citation, editions
from bilan.editions import UsageError
from bilan.europe import Europe
from bilan.facts import Facts, Known, Markdown, Said, cite, said
from bilan.fanout import FanOut, Place
from bilan.hindsight import Hindsight
from bilan.render.markdown import escape_attribute, escape_markdown
from bilan.site import INDEX, anchor, name_of
from bilan.wording import Wording, typeset

#: Files of ``report/`` that every staged project carries as they are.
SHARED = (
    *("template.html", "review.css", "review.js", "live.js", "icon.svg"),
    *("typst-template.typ", "typst-show.typ", "sources.csl"),
)
#: What marks a template's own words.
DELIMITERS = {
    "variable_start_string": "<<",
    "variable_end_string": ">>",
    "block_start_string": "<%",
    "block_end_string": "%>",
    "comment_start_string": "<#",
    "comment_end_string": "#>",
}
#: Stands for the PDF's size until the PDF exists.
PDF_SIZE = "PDF-SIZE"

#: What a chapter can ask of the facts, and how it can say a number, by plain name.
ASK = (
    *("latest", "first", "at", "before", "series", "claims", "fact", "name", "in_sentence"),
    *("target", "targets", "milestone", "milestones", "contradiction", "contradictions"),
    *("forecast", "forecast_days", "rank", "places", "marks", "outlook"),
    *("previous", "outcomes", "records", "past_chances", "past_ranks"),
    "corrections",
)
SAY = (
    *("number", "large", "rounded", "percent", "ordinal", "quantity"),
    *("probability", "likelihood", "chances", "date", "during", "join"),
)


def stage(edition: str, lang: str) -> Path:
    """Make the Quarto project of an edition in one language.

    Parameters
    ----------
    edition : str
    lang : {"fr", "en"}

    Returns
    -------
    pathlib.Path
        The project. Executed notebooks are taken from ``build/<edition>/runs/``.

    Raises
    ------
    UsageError
        If a chapter names a figure, a fact or a word that does not exist.
    """
    chosen = editions.edition(edition)
    build = editions.project_root() / "build"
    source, project = editions.project_root() / "report", build / chosen.id / lang
    facts = Facts(chosen, lang)
    outputs = _label_outputs(
        sorted((build / chosen.id / "runs").glob(f"*/{lang}.ipynb")), project / "notebooks"
    )
    own = {"pdf": {"href": f"bilan-{chosen.id}.pdf", "size": PDF_SIZE}}
    _furnish(project, facts, "index", own)
    miniatures = build / chosen.id / "runs/programme/miniatures"
    if miniatures.exists():
        shutil.copytree(miniatures, project / "miniatures", dirs_exist_ok=True)
    environment = _environment(source / lang, facts, outputs)
    environment.globals["miniature"] = _miniatures(facts, project / "miniatures")
    for chapter in sorted((source / lang).glob("*.qmd")):
        folder = project if chapter.name == "review.qmd" else project / "chapters"
        _write(folder / chapter.name, typeset(_rendered(environment, chapter), lang))
    return project


def stage_place(edition: str, lang: str, place: Place, fan: FanOut) -> Path:
    """Make the Quarto project of a member state's page in an index.

    Parameters
    ----------
    edition : str
    lang : {"fr", "en"}
    place : bilan.fanout.Place
        The page.
    fan : bilan.fanout.FanOut
        The pages beside it, which it leads to.

    Returns
    -------
    pathlib.Path
        The project. The executed notebook is taken from ``build/<edition>/runs/``.
    """
    chosen = editions.edition(edition)
    build = editions.project_root() / "build"
    project = build / chosen.id / "places" / place.name / lang
    facts = Facts(chosen, lang)
    run = build / chosen.id / "runs" / place.run / f"{lang}.ipynb"
    outputs = _label_outputs([run], project / "notebooks")
    definition = _index(facts, place)[f"definition_{lang}"]
    own = {
        "subtitle": escape_markdown(typeset(definition, lang)),
        "toc": False,
        "number-sections": False,
        "places": _neighbours(facts, place, fan),
    }
    _furnish(project, facts, place.name, own)
    _write(project / "review.qmd", place_text(facts, place, outputs))
    return project


def place_text(facts: Facts, place: Place, outputs: dict[str, dict]) -> str:
    """Return what a member state's page says, with those of its figures that there are."""
    folder = editions.project_root() / "report/places"
    environment = _environment(folder, facts, outputs)
    environment.globals |= _about(facts, place)
    return typeset(_rendered(environment, folder / f"{facts.lang}.qmd"), facts.lang)


def _about(facts: Facts, place: Place) -> dict:
    """Return what the template of a place can name, beside what every chapter can.

    The words are the review's own, and stand in the front matter too: they are not escaped.
    """
    words, ranks = facts.words, facts.tables["ranks"]
    mine = (ranks["index"] == place.index) & (ranks["country"] == place.country)
    sure = ranks[mine & (ranks["confidence"] != "low")].sort_values("vintage")["vintage"].unique()
    return {
        "index": place.index,
        "ended": not pd.isna(_index(facts, place)["ended_on"]),
        "index_name": Markdown(words.text(f"index.{place.index}")),
        "country": place.country,
        "with_article": Markdown(words.country(place.country)),
        "of": Markdown(words.country(place.country, "of")),
        "to": Markdown(words.country(place.country, "to")),
        "published": [Europe(facts).rank(place.index, v, place.country) for v in sure],
        "figure": lambda kind: Markdown(place.label(kind)),
    }


def _index(facts: Facts, place: Place) -> pd.Series:
    return facts.tables["indices"].set_index("index").loc[place.index]


def _neighbours(facts: Facts, place: Place, fan: FanOut) -> dict:
    """Return where a place's page leads: the countries beside it, its other indices."""
    names = fan.names(facts.lang)
    order = [Place(place.index, country) for country in fan.countries_by_name(facts.lang)]
    at = order.index(place)

    def link(other: Place, name: str) -> dict:
        return {"href": f"{other.name}.html", "name": name}

    found = {key: facts.words.text(f"places.{key}") for key in ("label", "all", "indices")}
    found["others"] = [
        link(other, names[index])
        for index in fan.indices
        if (other := Place(index, place.country)) != place
    ]
    for key, step in (("previous", -1), ("next", 1)):
        if 0 <= at + step < len(order):
            other = order[at + step]
            word = {"label": facts.words.text(f"places.{key}")}
            found[key] = word | link(other, names[other.country])
    return found


def _furnish(project: Path, facts: Facts, page: str, own: dict) -> None:
    """Give a project all that it needs beside its text.

    Parameters
    ----------
    project : pathlib.Path
    facts : bilan.facts.Facts
    page : str
        What the page will be called on the site, in each language.
    own : dict
        Its own settings.
    """
    source = editions.project_root() / "report"
    project.mkdir(parents=True, exist_ok=True)
    for name in SHARED:
        shutil.copyfile(source / name, project / name)
    shutil.copytree(
        editions.project_root() / "build/fonts/static", project / "fonts", dirs_exist_ok=True
    )
    shutil.copytree(source / "filters", project / "filters", dirs_exist_ok=True)
    # A page links a source's title; paper prints its address.
    printed = (source / "sources.csl").read_text("utf-8")
    _write(project / "sources-page.csl", printed.replace('<text variable="URL"/>', ""))
    settings = _merged(_settings(source, facts.lang, facts.edition, page), own)
    _write(project / "_quarto.yml", _dump(settings))
    _write(project / "_variables.yml", _dump(_variables(facts)))
    _write(project / "sources.json", _bibliography(facts))


def _settings(source: Path, lang: str, edition: editions.Edition, page: str) -> dict:
    """Return the project's ``_quarto.yml``: shared, the language's, and the edition's."""
    shared = _yaml(source / "_quarto.yml")
    for name in ("quarto", "labels"):
        shared = _merged(shared, _yaml(source / f"_{name}-{lang}.yml"))
    words = Wording(lang)
    own = {
        "edition": edition.id,
        "as-of": edition.as_of.isoformat(),
        "cutoff": words.date(edition.as_of),
        "home": f"../../{INDEX[lang]}",
        "alternate": [
            {
                "lang": other,
                "name": Wording(other).text("language.name"),
                "href": f"../{other}/{page}.html",
            }
            for other in edition.languages
            if other != lang
        ],
        "icon": "icon.svg",
        "script": ["review.js"],
        "live": "live.js",
    }
    return _merged(shared, own)


def _yaml(path: Path) -> dict:
    return yaml.safe_load(path.read_text("utf-8"))


def _dump(tree: dict) -> str:
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")


def _merged(base: dict, over: dict) -> dict:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(base.get(key), dict)
        merged[key] = _merged(base[key], value) if both else value
    return merged


def _variables(facts: Facts) -> dict:
    """Return what Quarto's ``{{< var … >}}`` can name: the edition itself."""
    return {
        "edition": facts.edition.id,
        "as_of": facts.words.date(facts.edition.as_of),
        "pdf": f"bilan-{facts.edition.id}.pdf",
    }


def _bibliography(facts: Facts) -> str:
    """Return the edition's sources as CSL JSON, the format Pandoc cites from."""
    entries = []
    for row in facts.tables["sources"].itertuples():
        entry = {"id": row.source_id, "type": "webpage", "title": row.title}
        entry["language"] = row.language
        if note := getattr(row, f"note_{facts.lang}"):
            entry["annote"] = note
        if row.publisher:
            entry["publisher"] = row.publisher
        if row.address:
            entry["URL"] = row.address
        if row.date:
            entry["issued"] = {"date-parts": [[int(part) for part in str(row.date).split("-")]]}
        if row.accessed_on:
            day = str(row.accessed_on)[:10]
            entry["accessed"] = {"date-parts": [[int(part) for part in day.split("-")]]}
        entries.append(entry)
    return json.dumps(entries, ensure_ascii=False, indent=1)


# ------------------------------------------------------------------ notebooks


def _label_outputs(runs: list[Path], folder: Path) -> dict[str, dict]:
    """Copy the executed notebooks, with its label, caption and text on each figure's cell.

    They depend on data and language, so a notebook attaches them to its output; Quarto
    reads them from the first lines of the cell.

    Returns
    -------
    dict of str to dict
        By label: ``notebook`` (path inside the project), ``computed`` (the cell on the page of
        the notebook), ``sources``, ``data``.
    """
    found: dict[str, dict] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for path in runs:
        name = path.parent.name
        notebook = json.loads(path.read_text("utf-8"))
        for cell in notebook["cells"]:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("bilan")
                if not about:
                    continue
                label = about["label"]
                if label in found:
                    raise UsageError(f"{name}: label {label} stands in two cells")
                found[label] = {
                    **about,
                    "notebook": f"notebooks/{name}.ipynb",
                    "computed": f"notebooks/{name_of(name)}#{anchor(cell['id'])}",
                }
                cell["source"] = _options(about) + _without_options("".join(cell["source"]))
        # Nobody reads its lines. nbformat would split and indent them, in ten times the time.
        _write(folder / f"{name}.ipynb", json.dumps(notebook, ensure_ascii=False) + "\n")
    return found


def _options(about: dict) -> str:
    kind = "fig" if about["label"].startswith("fig-") else "tbl"
    options = {"label": about["label"], f"{kind}-cap": escape_markdown(about["caption"])}
    if kind == "fig":
        options["fig-alt"] = about["alt"]
    return "".join(f"#| {k}: {json.dumps(v, ensure_ascii=False)}\n" for k, v in options.items())


def _without_options(source: str) -> str:
    lines = source.splitlines()
    while lines and lines[0].startswith("#|"):
        lines.pop(0)
    return "\n".join(lines)


# ------------------------------------------------------------------ chapters


def _compiled() -> jinja2.BytecodeCache:
    """Keep compiled chapters for the other editions, which share them."""
    folder = editions.project_root() / "build/cache/sandboxed"
    folder.mkdir(parents=True, exist_ok=True)
    return jinja2.FileSystemBytecodeCache(str(folder))


class Sandbox(jinja2.sandbox.SandboxedEnvironment):
    """Lets a chapter, which anyone may propose, ask for facts and do nothing else.

    A table is no fact: its methods write files and run expressions.
    """

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        """Say whether a chapter may look at an attribute."""
        table = isinstance(obj, pd.DataFrame | pd.Series | pd.Index | Path)
        return not table and super().is_safe_attribute(obj, attr, value)


def _environment(folder: Path, facts: Facts, outputs: dict[str, dict]) -> jinja2.Environment:
    lang = facts.lang
    environment = Sandbox(
        loader=jinja2.FileSystemLoader(folder),
        bytecode_cache=_compiled(),
        **DELIMITERS,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: _entered(value, lang),
    )
    words, asked = facts.words, (facts, Europe(facts), Hindsight(facts))
    environment.globals |= {
        "edition": facts.edition,
        "year": int(facts.edition.id),
        "facts": facts,
        "words": words,
        "cite": cite,
        "citation": citation.sentence(facts.edition, lang),
        "bibtex": Markdown(citation.bibtex(facts.edition, lang)),
        "published": list(facts.tables),
        "has": outputs.__contains__,
        "show": _embedder(facts, outputs),
        **{name: _found(name, *asked) for name in ASK},
        **{name: _traced(getattr(words, name)) for name in SAY},
    }
    return environment


def _entered(value: object, lang: str) -> str:
    """Return a value as it enters a chapter; a number keeps the key to its table."""
    if isinstance(value, Markdown):
        return value
    text = escape_markdown(typeset(str(value), lang))
    if isinstance(value, Said):
        return f'[{text}]{{data-from="{escape_attribute(value.key)}"}}'
    return text


def _traced(say: Callable[..., str]) -> Callable[..., str]:
    """Let the words for a number keep the key that the number had."""

    def traced(value: object, *arguments: object, **named: object) -> str:
        text = say(value, *arguments, **named)
        return said(text, value.key) if isinstance(value, Known) else text

    return traced


def _found(name: str, *sources: object) -> object:
    return next(getattr(source, name) for source in sources if hasattr(source, name))


def _embedder(facts: Facts, outputs: dict[str, dict]) -> Callable[[str], Markdown]:
    """Return ``show(label)``: the figure or table with its source line, or nothing.

    A notebook leaves a figure out when the edition knows too little to draw it.
    """
    words = facts.words

    def show(label: str) -> Markdown:
        about = outputs.get(label)
        if about is None:
            return Markdown("")
        line = []
        if about.get("sources"):
            many = "many" if len(about["sources"]) > 1 else "one"
            line.append(words.text(f"source.{many}") + " " + cite(*about["sources"]))
        if about.get("data"):
            text = words.text("source.data")
            line.append(f"[{text}](../data/{about['data']})")
        line.append(f"[{words.text('notebook.computed')}]({about['computed']})")
        parts = [f"{{{{< embed {about['notebook']}#{label} >}}}}"]
        parts.append(f"::: {{.source}}\n{'. '.join(line)}.\n:::")
        if about.get("alt"):
            parts.append(
                f'::: {{.transcription figure="{label}"}}\n{escape_markdown(about["alt"])}\n:::'
            )
        if about.get("numbers", {}).get("header"):
            parts.append(f'::: {{.numbers figure="{label}"}}\n:::')
        return Markdown("\n\n".join(parts) + "\n")

    return show


def _miniatures(facts: Facts, folder: Path) -> Callable[[str, str], Markdown]:
    """Return ``miniature(name, anchor)``: a picture that leads to the chapter about it."""

    def miniature(name: str, anchor: str) -> Markdown:
        if not (folder / f"{name}.svg").exists():
            return Markdown("")
        words = escape_markdown(typeset(facts.words.text(f"miniature.{name}"), facts.lang))
        return Markdown(f"[[![{words}](miniatures/{name}.svg)](#{anchor})]{{.miniature}}")

    return miniature


_CITED = re.compile(r"(?<=\S) \[@(?=s\d)")
#: What a chapter can get wrong; anything else is ours.
FAULTS = (
    *(jinja2.TemplateError, UsageError, ArithmeticError, AttributeError),
    *(LookupError, TypeError, ValueError),
)


def _rendered(environment: jinja2.Environment, chapter: Path) -> str:
    try:
        text = environment.get_template(chapter.name).render()
    except FAULTS as error:
        line = getattr(error, "lineno", None) or _line_of(error, chapter.name)
        raise UsageError(f"report/{chapter.parent.name}/{chapter.name}:{line}: {error}") from None
    # A reference to a source never begins a line.
    return _CITED.sub("\u00a0[@", text.rstrip()) + "\n"


def _line_of(error: BaseException, name: str) -> int:
    """Return the template line that an error came from."""
    trace, line = error.__traceback__, 0
    while trace:
        if trace.tb_frame.f_code.co_filename.endswith(name):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line

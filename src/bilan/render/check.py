"""The rules that make a staged project right for Quarto by construction."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import crossref, dialect, structure
from .dialect import Document
from .faults import Fault
from .project import FORMATS, Project, inside, load

_STANDARDS = {"a-2b", "ua-1"}
_PARTIALS = {"typst-template.typ", "typst-show.typ"}
_PATH_KEYS = (
    "template",
    "css",
    "template-partials",
    "bibliography",
    "csl",
    "font-paths",
    "include-in-header",
    "include-before-body",
    "include-after-body",
)
_CHARSET = re.compile(r"^\s*<meta charset=[^>]*>\s*$", re.MULTILINE)
_ABSOLUTE = re.compile(r"^(/|~|[A-Za-z]:[\\/]|\\\\)")


def check_staged(project: Path | str, profile: str | None = None) -> list[str]:
    """List what is wrong with a staged project, as ``file:line: message``.

    Parameters
    ----------
    project : Path
        The project folder.
    profile : str, optional
        The project profile.

    Returns
    -------
    list of str
        Nothing when Quarto and the embedded engine can both render it.
    """
    return [str(fault) for fault in examine(load(Path(project), profile))[1]]


def examine(
    project: Project, formats: tuple[str, ...] = FORMATS
) -> tuple[dict[str, Document], list[Fault]]:
    """Resolve the document for each format and collect all faults.

    Returns
    -------
    dict of Document
        The document of each format.
    list of Fault
        In the order of files and lines, each once.
    """
    faults = list(project.faults)
    if faults:
        return {}, faults
    documents: dict[str, Document] = {}
    used: set[str] = set()
    for name in formats:
        options = project.options(name)
        whole = dialect.expand(project, options)
        shown = structure.show(whole, project, name, options)
        structure.check(shown, project)
        used |= crossref.check(shown, project, options)
        documents[name] = shown
        faults += shown.faults
        faults += _embedded_path(project, shown)
    for rule in (_project, _html, _typst, _language, _filters, _paths, _shortcodes, _own_path):
        faults += rule(project)
    if "sec" in used:
        faults += _sections(project, documents)
    return documents, sorted(set(faults))


def _project(project: Project) -> Iterator[Fault]:
    own = project.config.get("project")
    own = own if isinstance(own, dict) else {}
    if own.get("type", "default") != "default":
        yield project.fault("project type must be default", "project", "type")
    if own.get("render") != ["review.qmd"]:
        yield project.fault("project must have render: [review.qmd]", "project")
    execute = project.config.get("execute")
    execute = execute if isinstance(execute, dict) else {}
    if execute.get("enabled") is not False:
        yield project.fault("execute must be {enabled: false}: Papermill executes", "execute")
    for key in ("freeze", "cache"):
        if execute.get(key):
            yield project.fault(f"no {key}: it ignores data and included files", "execute", key)


def _html(project: Project) -> Iterator[Fault]:
    options = project.options("html")
    if options.get("theme") != "none":
        yield project.fault("html needs theme: none", "format", "html", "theme")
    if options.get("minimal") is not True:
        yield project.fault("html needs minimal: true", "format", "html", "minimal")
    name = options.get("template")
    path = inside(project.root, str(name)) if name else None
    if path is None or not path.is_file():
        yield project.fault("html needs a template of the project", "format", "html", "template")
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    if not text.startswith("<!DOCTYPE html>"):
        yield Fault(str(name), 1, "the template must begin with <!DOCTYPE html> in capitals")
    if not _CHARSET.search(text):
        line = text[: max(text.find("<meta charset"), 0)].count("\n") + 1
        yield Fault(str(name), line, "<meta charset> must stand alone on its line")


def _typst(project: Project) -> Iterator[Fault]:
    options = project.options("typst")
    standards = options.get("pdf-standard") or []
    if {str(s).lower() for s in standards} != _STANDARDS:
        yield project.fault("typst needs pdf-standard: [a-2b, ua-1]", "format", "typst")
    partials = {str(name).rpartition("/")[2] for name in options.get("template-partials") or []}
    if not partials >= _PARTIALS:
        needed = "typst needs template-partials: [typst-template.typ, typst-show.typ]"
        yield project.fault(needed, "format", "typst")
    if not options.get("title"):
        yield project.fault("the document needs a title, or Typst refuses PDF/UA-1", "title")
    if options.get("bibliography") and options.get("citeproc") is not True:
        yield project.fault("a bibliography needs citeproc: true for Typst", "bibliography")


def _language(project: Project) -> Iterator[Fault]:
    if project.lang.startswith("fr"):
        for name in FORMATS:
            given = project.options(name).get("crossref")
            given = given if isinstance(given, dict) else {}
            missing = [key for key in ("tbl-title", "tbl-prefix") if not given.get(key)]
            if missing:
                needed = f"lang: fr needs crossref: {{{missing[0]}: Tableau}}"
                yield project.fault(needed, "crossref")


def _filters(project: Project) -> Iterator[Fault]:
    for name in FORMATS:
        yield from _post_render(project, name)


def _post_render(project: Project, name: str) -> Iterator[Fault]:
    filters = project.options(name).get("filters") or []
    post = [f for f in filters if isinstance(f, dict) and f.get("at") == "post-render"]
    texts = []
    for entry in post:
        path = inside(project.root, str(entry.get("path")))
        if path is None or not path.is_file():
            yield project.fault(f"filter {entry.get('path')}: no such file", "filters")
        else:
            texts.append(path.read_text(encoding="utf-8"))
    if not any("notebook" in text and "quarto" in text for text in texts):
        needed = f"{name}: a post-render filter must remove `notebook` and `quarto-private-*`"
        yield project.fault(needed, "filters")


def _paths(project: Project) -> Iterator[Fault]:
    for name in FORMATS:
        options = project.options(name)
        for key in _PATH_KEYS:
            for path in _list(options.get(key)):
                yield from _path(project, name, key, path)


def _path(project: Project, name: str, key: str, path: str) -> Iterator[Fault]:
    if _ABSOLUTE.match(path):
        message = f"{key}: an absolute path"
    elif (found := inside(project.root, path)) is None:
        message = f"{key} {path}: outside the project folder"
    elif not found.exists() and key != "bibliography":
        message = f"{key} {path}: no such file"
    else:
        return
    # To find the line takes longer than all else here: only for a fault.
    keys = ("format", name, key) if project.where("format", name, key)[1] > 1 else (key,)
    yield project.fault(message, *keys)


def _list(value: Any) -> list[str]:
    if value is None or isinstance(value, bool | dict):
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _shortcodes(project: Project) -> Iterator[Fault]:
    for layer in (project.config, project.front):
        for key, value in layer.items():
            if "{{<" in str(value):
                yield project.fault(f"{key}: no shortcode in metadata", key)


def _own_path(project: Project) -> Iterator[Fault]:
    """Find the folder's own path in what could be published."""
    own = str(project.root.resolve())
    for path in sorted(project.root.rglob("*")):
        relative = path.relative_to(project.root)
        if path.suffix not in (".qmd", ".yml", ".html", ".typ", ".css") or not path.is_file():
            continue
        if relative.parts[0].startswith((".", "review_files")) or relative.name == "review.html":
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if own in line:
                yield Fault(relative.as_posix(), number, "the absolute path of the project")


def _embedded_path(project: Project, document: Document) -> Iterator[Fault]:
    """Find the folder's own path in what notebooks show."""
    own = str(project.root.resolve())
    for index, line in enumerate(document.lines):
        if own in line:
            yield Fault(*document.at(index), "the absolute path of the project")
    for name, content in document.files.items():
        if own.encode() in content:
            yield Fault(*document.find(name), f"{name} holds the absolute path of the project")


def _sections(project: Project, documents: dict[str, Document]) -> Iterator[Fault]:
    for name in FORMATS:
        if project.options(name).get("number-sections") is not True:
            yield project.fault(f"{name}: @sec- needs number-sections: true", "format", name)
    for document in documents.values():
        if not re.search(r"^#\s", document.text, re.MULTILINE):
            yield Fault(*document.at(0), "@sec- needs headings that begin at level one")

"""One staged Quarto project, two renderers.

`quarto` (1.10 or later) renders the project when it is on ``PATH``; otherwise
Pandoc and Typst do, with the same template and the same style.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from . import embedded, quarto
from .check import check_staged, examine
from .dialect import Document
from .faults import DialectError, Fault, RenderError
from .markdown import escape_attribute, escape_markdown
from .project import FORMATS, Project, load
from .quarto import find_quarto

__all__ = [
    "DialectError",
    "Fault",
    "RenderError",
    "Rendered",
    "check_renderer",
    "check_staged",
    "escape_attribute",
    "escape_markdown",
    "find_quarto",
    "render",
]

Renderer = Literal["auto", "quarto", "embedded"]
RENDERERS = ("auto", "quarto", "embedded")


@dataclass(frozen=True)
class Rendered:
    """What a renderer made.

    Attributes
    ----------
    html, pdf : Path or None
        The page and the PDF, when asked for.
    renderer : str
        ``quarto`` or ``embedded``.
    version : str
        The version of Quarto, or of Pandoc and Typst.
    reason : str
        Why Quarto was not used; empty when it was or was not asked for.
    warnings : tuple of str
        What Typst warned of, such as a font it did not find.
    """

    html: Path | None
    pdf: Path | None
    renderer: str
    version: str
    reason: str = ""
    warnings: tuple[str, ...] = ()


def check_renderer(renderer: str) -> None:
    """Refuse a renderer that is unknown or can't be used, before any work is done.

    Raises
    ------
    RenderError
        In one line: what is allowed, or why Quarto can't be used.
    """
    if renderer not in RENDERERS:
        raise RenderError(f"unknown renderer {renderer!r}; allowed: {', '.join(RENDERERS)}")
    if renderer == "quarto" and not (found := quarto.status()).usable:
        raise RenderError(f"Quarto cannot be used: {found.reason}")


def render(
    project: Path | str,
    renderer: Renderer = "auto",
    formats: Sequence[str] = FORMATS,
    profile: str | None = None,
) -> Rendered:
    """Render a staged project, in its folder.

    Parameters
    ----------
    project : Path
        The folder that holds ``review.qmd`` and ``_quarto.yml``.
    renderer : {"auto", "quarto", "embedded"}
        ``auto`` takes Quarto when it is there and young enough.
    formats : sequence of {"html", "typst"}
        What to make.
    profile : str, optional
        The project profile; otherwise as Quarto finds it.

    Returns
    -------
    Rendered
        Paths, and who made them.

    Raises
    ------
    DialectError
        If the project goes beyond the dialect; it lists every fault.
    RenderError
        If a renderer fails, or Quarto was asked for and cannot be used.
    """
    unknown = set(formats) - set(FORMATS)
    if unknown or renderer not in ("auto", "quarto", "embedded"):
        raise ValueError(f"unknown format or renderer: {', '.join(sorted(unknown)) or renderer}")
    found = quarto.status() if renderer != "embedded" else None
    if renderer == "quarto" and not (found and found.usable):
        raise RenderError(f"Quarto cannot be used: {found.reason if found else ''}")
    staged = load(Path(project), profile)
    documents, faults = examine(staged)
    if faults:
        raise DialectError(faults)
    if found and found.usable:
        return _with_quarto(staged, found, formats)
    return _with_embedded(staged, documents, formats, found.reason if found else "")


def _with_quarto(project: Project, found: quarto.Status, formats: Sequence[str]) -> Rendered:
    made = {name: quarto.render(project, str(found.path), name) for name in formats}
    _verify(project, made.get("html"))
    return Rendered(made.get("html"), made.get("typst"), "quarto", found.version)


def _with_embedded(
    project: Project, documents: dict[str, Document], formats: Sequence[str], reason: str
) -> Rendered:
    for name in formats:
        embedded.write_files(project, documents[name])
    with ThreadPoolExecutor(2) as pool:
        page = paper = None
        if "html" in formats:
            options = project.options("html")
            page = pool.submit(embedded.html, project, documents["html"], options)
        if "typst" in formats:
            options = project.options("typst")
            paper = pool.submit(embedded.pdf, project, documents["typst"], options)
    _raise_together([task for task in (page, paper) if task])
    html = page.result() if page else None
    pdf, warnings = paper.result() if paper else (None, ())
    _verify(project, html)
    return Rendered(html, pdf, "embedded", embedded.version(), reason, warnings)


def _raise_together(tasks: list[Future[Any]]) -> None:
    """Raise what the formats found as one error."""
    errors = [error for task in tasks if (error := task.exception())]
    faults = [fault for e in errors if isinstance(e, DialectError) for fault in e.faults]
    if faults:
        raise DialectError(faults)
    for error in errors:
        raise error


def _verify(project: Project, page: Path | None) -> None:
    """Refuse a page that tells where it was made."""
    if page is None:
        return
    text = page.read_text(encoding="utf-8")
    for sign in (str(project.root.resolve()), "data-notebook=", "quarto-private-"):
        if sign in text:
            raise RenderError(f"{page.name} holds {sign}, which must not be published")

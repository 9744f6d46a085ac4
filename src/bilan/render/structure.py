"""Fenced divs of the resolved document: what a format shows, callouts, figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from . import attributes
from .attributes import Attributes
from .dialect import Document
from .markdown import scan
from .project import FORMATS, Project, inside

CALLOUTS = ("note", "tip", "important", "warning", "caution")
CONDITIONS = tuple(f"{w}-{k}" for w in ("when", "unless") for k in ("format", "meta", "profile"))

_OPEN = re.compile(r"^\s*:{3,}\s*(?P<attr>\{.*\}|[\w-]+)\s*:*\s*$")
_CLOSE = re.compile(r"^\s*:{3,}\s*$")
_BROKEN = re.compile(r"^\s*:{3,}\s*\{[^}]*$")
_FOREIGN_CLASS = re.compile(r"^(panel-|column-|layout|aside$|cell-code-annotation|theorem$|proof$)")
_FOREIGN_KEY = re.compile(r"^(layout|fig-subcap|tbl-subcap|fig-pos|fig-align|tbl-colwidths)")
_IMAGE = re.compile(
    r"!\[(?P<alt>(?:[^\[\]\\]|\\.|\[[^\]]*\])*)\]"
    r"\((?P<path><[^>]*>|[^()\s]*)(?:\s+\"[^\"]*\")?\)"
    r"(?P<attr>\{(?:[^{}\"]|\"(?:\\.|[^\"\\])*\")*\})?"
)
# Pandoc's rule for $…$ in a line.
_MATH = re.compile(r"(?<![\\\w$])\$(?=[^\s$])[^$]*[^\s\\$]\$(?!\d)|(?<!\\)\$\$")
# HTML, Typst or TeX that a renderer would pass on unread; an address in angles is Markdown.
_RAW = re.compile(r"(?<!\\)<(?!https?://)[A-Za-z/!?]|(?<!\\)\{=[A-Za-z]")
# Attributes by which a page would act or restyle itself.
_ACTIVE = re.compile(r"^(on\w*|style|src\w*|href|action|formaction)$", re.IGNORECASE)
_CAPTION = re.compile(r"^(:|Table:)\s+\S")
_TABLE = re.compile(r"^\s*(\||\+[-=]|-{3,})")
_NO_CAPTION = re.compile(r"^\s*(:{3,}|!\[|\||`{3,}|~{3,}|\+[-=]|$)")


@dataclass
class Div:
    """A fenced div: its attributes and the indices of its two fences."""

    attr: Attributes
    start: int
    end: int
    depth: int


def divs(document: Document) -> list[Div]:
    """List the fenced divs in the order they open; faults for those left open."""
    clear = scan(document.lines, comments=True).text
    found: list[Div] = []
    stack: list[Div] = []
    for index, line in enumerate(clear):
        opened = _OPEN.match(line)
        if opened:
            stack.append(Div(attributes.parse(opened["attr"]), index, -1, len(stack)))
            found.append(stack[-1])
        elif _CLOSE.match(line):
            if stack:
                stack.pop().end = index
            else:
                document.fault(index, "this ::: closes nothing")
        elif _BROKEN.match(line):
            document.fault(index, "write the attributes of a ::: block on one line")
    for div in stack:
        document.fault(div.start, "this ::: block is not closed")
        div.end = len(clear)
    return found


def show(document: Document, project: Project, name: str, metadata: dict[str, Any]) -> Document:
    """Keep what one format shows: resolve ``content-visible`` and ``content-hidden``.

    Parameters
    ----------
    document : Document
        The resolved document.
    project : Project
        For its profile.
    name : str
        ``html`` or ``typst``.
    metadata : dict
        The metadata of the format, for ``when-meta``.
    """
    hidden: set[int] = set()
    fences: set[int] = set()
    for div in divs(document):
        if div.start in hidden or not conditional(div.attr):
            continue
        for message in condition_faults(div.attr):
            document.fault(div.start, message)
        if visible(div.attr, project, name, metadata):
            fences |= {div.start, div.end}
        else:
            hidden |= set(range(div.start, div.end + 1))
    shown = Document(files=document.files, faults=document.faults)
    for index, line in enumerate(document.lines):
        if index not in hidden:
            shown.add("" if index in fences else line, document.origin[index])
    return shown


def conditional(attr: Attributes) -> bool:
    """Whether attributes show or hide content."""
    return "content-visible" in attr.classes or "content-hidden" in attr.classes


def condition_faults(attr: Attributes) -> Iterator[str]:
    """Conditions that only one of the renderers would understand."""
    if not set(attr.values) & set(CONDITIONS):
        yield "conditional content without when-format, when-meta or when-profile"
    for key in ("when-format", "unless-format"):
        if key in attr.values and attr.values[key] not in FORMATS:
            yield f'{key}="{attr.values[key]}": only html and typst are rendered'


def visible(attr: Attributes, project: Project, name: str, metadata: dict[str, Any]) -> bool:
    """Decide as Quarto does: all conditions hold, or none does for hidden content."""
    match = True
    for key, wanted in attr.values.items():
        if key not in CONDITIONS:
            continue
        word, _, kind = key.partition("-")
        holds = {
            "format": lambda value: value == name,
            "profile": lambda value: value == project.profile,
            "meta": lambda value: _meta(metadata, value),
        }[kind](wanted)
        match = match and (holds if word == "when" else not holds)
    return match if "content-visible" in attr.classes else not match


def _meta(metadata: dict[str, Any], key: str) -> bool:
    value: Any = metadata
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value is True


def check(document: Document, project: Project) -> None:
    """Note the faults of callouts, figures, tables and pictures."""
    clear = scan(document.lines, comments=True).text
    blocks = divs(document)
    for div in blocks:
        _check_classes(document, div)
        if any(c == "callout" or c.startswith("callout-") for c in div.attr.classes):
            _check_callout(document, project, div, clear)
        if div.attr.id.startswith(("fig-", "tbl-")):
            _check_float(document, div, blocks, clear)
    _check_tables(document, clear)
    _check_inert(document)
    floats = [div for div in blocks if div.attr.id.startswith("fig-")]
    for index, line in enumerate(clear):
        if _MATH.search(attributes.BLOCK.sub(" ", line)):
            document.fault(index, "a formula has no alternative text in PDF/UA: use words")
        for image in _IMAGE.finditer(line):
            holder = [d for d in floats if d.start < index < d.end]
            _check_image(document, project, index, image, holder)


def _check_tables(document: Document, clear: list[str]) -> None:
    """Want a label on every caption of a table written in Markdown."""
    for index, line in enumerate(clear):
        if not _CAPTION.match(line) or "{#tbl-" in line:
            continue
        before = [text for text in clear[max(index - 3, 0) : index] if text.strip()]
        after = [text for text in clear[index + 1 : index + 3] if text.strip()]
        if any(_TABLE.match(text) for text in [*before[-1:], *after[:1]]):
            document.fault(index, "a captioned table needs a label {#tbl-…}")


def _check_inert(document: Document) -> None:
    """Refuse what would reach the page or the paper without being read as Markdown."""
    scanned = scan(document.lines)
    for index, info in scanned.infos:
        if _RAW.search(info):
            document.fault(index, "raw HTML, Typst or TeX is outside the dialect")
    for index, line in enumerate(scanned.text):
        if _RAW.search(line):
            document.fault(index, "raw HTML, Typst or TeX is outside the dialect")
        for block in attributes.BLOCK.finditer(line):
            for key in attributes.parse(block[0]).values:
                if _ACTIVE.match(key):
                    document.fault(index, f"the attribute {key} is outside the dialect")


def _check_classes(document: Document, div: Div) -> None:
    for name in div.attr.classes:
        if _FOREIGN_CLASS.match(name):
            document.fault(div.start, f".{name} is outside the dialect")
    _check_keys(document, div.start, div.attr)


def _check_keys(document: Document, index: int, attr: Attributes) -> None:
    for key in attr.values:
        if _FOREIGN_KEY.match(key):
            document.fault(index, f"{key} is outside the dialect")


def _check_callout(document: Document, project: Project, div: Div, clear: list[str]) -> None:
    kinds = [c.removeprefix("callout-") for c in div.attr.classes if c.startswith("callout")]
    if len(kinds) != 1 or kinds[0] not in CALLOUTS:
        known = ", ".join(CALLOUTS)
        document.fault(div.start, f"unknown callout {' '.join(kinds)}; the kinds are {known}")
        return
    if project.options("typst").get("callout-icon") is not False:
        needed = "callouts need callout-icon: false: the icons' font is not in the PDF"
        document.faults.append(project.fault(needed, "callout-icon"))
    body = [line for line in clear[div.start + 1 : div.end] if line.strip()]
    titled = div.attr.values.get("title") or (body and body[0].lstrip().startswith("#"))
    if not titled and kinds[0] != "note" and not project.lang.startswith("en"):
        document.fault(div.start, f"callout-{kinds[0]} needs a title: Quarto writes it in English")


def _check_float(document: Document, div: Div, blocks: list[Div], clear: list[str]) -> None:
    inner = [b for b in blocks if div.start < b.start < div.end]
    if any(b.attr.id.startswith(("fig-", "tbl-")) for b in inner):
        document.fault(div.start, f"{div.attr.id} holds another figure: no subfigures")
    body = [line for line in clear[div.start + 1 : div.end] if line.strip()]
    if not body or _NO_CAPTION.match(body[-1]):
        document.fault(div.start, f"{div.attr.id} lacks a caption, its last paragraph")
    if not div.attr.id.startswith("fig-"):
        return
    pictures = [m for line in clear[div.start : div.end] for m in _IMAGE.finditer(line)]
    if len(pictures) != 1:
        document.fault(div.start, f"{div.attr.id} must hold one picture, it holds {len(pictures)}")


def _check_image(
    document: Document, project: Project, index: int, image: re.Match[str], holder: list[Div]
) -> None:
    attr = attributes.parse(image["attr"] or "")
    words = image["alt"].strip()
    _check_keys(document, index, attr)
    alt = attr.values.get("fig-alt") or any(d.attr.values.get("fig-alt") for d in holder)
    label = attr.id if attr.id.startswith("fig-") else ""
    alone = document.lines[index].strip() == image[0]
    if alone and words and not label and not holder:
        document.fault(index, "a captioned picture needs a label {#fig-…} and fig-alt")
    elif label and not words:
        document.fault(index, f"{label} lacks a caption")
    if not alt and (label or holder or not words):
        name = label or (holder[0].attr.id if holder else image["path"])
        at = holder[0].start if holder else index
        document.fault(at, f"{name} lacks its alternative text, fig-alt")
    if "alt" in attr.values:
        document.fault(index, "write fig-alt, not alt")
    _check_path(document, project, index, image["path"].strip("<>"))


def _check_path(document: Document, project: Project, index: int, path: str) -> None:
    if re.match(r"^([a-z][\w+.-]*:|//)", path):
        document.fault(index, f"{path}: pictures come from the project, not from elsewhere")
        return
    target = inside(project.root, path)
    if target is None or path.startswith("/"):
        document.fault(index, f"{path}: outside the project folder")
    elif path not in document.files and not target.is_file():
        document.fault(index, f"{path}: no such picture")

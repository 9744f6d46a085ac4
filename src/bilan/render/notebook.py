"""Cells of executed notebooks and the Markdown that embeds them."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .attributes import BLOCK
from .markdown import escape_attribute, fold, scan

#: Where the embedded engine writes the pictures that notebooks hold.
FILES = "review_files"

_IMAGES = {"image/svg+xml": ".svg", "image/png": ".png"}
_DATA = ("execute_result", "display_data")
_DIV = re.compile(r"^\s*:{3,}")


class CellError(Exception):
    """A cell cannot be embedded; the text says why."""


@dataclass
class Cell:
    """A code cell: its options, its source without them, its outputs."""

    number: int
    options: dict[str, Any]
    source: str
    outputs: list[dict[str, Any]]
    names: set[str] = field(default_factory=set)

    @property
    def label(self) -> str:
        """The ``#| label:`` of the cell, or nothing."""
        return str(self.options.get("label") or "")

    @property
    def kind(self) -> str:
        """``fig`` or ``tbl`` by the label, else nothing."""
        prefix = self.label.partition("-")[0]
        return prefix if prefix in ("fig", "tbl") else ""

    def caption(self) -> str:
        """Write the caption on one line."""
        return fold(str(self.options.get(f"{self.kind}-cap") or "")).strip()

    def alt(self) -> str:
        """Give the text that stands for the picture."""
        return str(self.options.get("fig-alt") or "")


@dataclass
class Embedded:
    """Markdown for one cell and the files that it shows."""

    markdown: list[str]
    files: dict[str, bytes]


def read(path: Path) -> list[Cell]:
    """Read the code cells of a notebook.

    Raises
    ------
    CellError
        If the file is no notebook or a cell's options are no YAML.
    """
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (ValueError, KeyError, TypeError) as error:
        raise CellError("this is not a notebook") from error
    code = [(n, c) for n, c in enumerate(cells, 1) if c.get("cell_type") == "code"]
    return [_cell(number, cell) for number, cell in code]


def find(cells: list[Cell], name: str) -> Cell:
    """Find a cell by its label, its id or a tag."""
    for cell in cells:
        if cell.label == name:
            return cell
    for cell in cells:
        if name in cell.names:
            return cell
    raise CellError(f"no cell is labelled {name}")


def embed(cell: Cell, name: str, echo: bool = False) -> Embedded:
    """Write the Markdown that shows a cell.

    Parameters
    ----------
    cell : Cell
        The cell.
    name : str
        The name it was asked by; names its picture when it has no label.
    echo : bool
        Whether the source is shown too.

    Raises
    ------
    CellError
        If the cell breaks a rule of the dialect.
    """
    check(cell)
    shown = cell.options.get("include", True) and cell.options.get("output", True)
    blocks: list[str] = []
    files: dict[str, bytes] = {}
    if echo and cell.options.get("echo", True) and cell.options.get("include", True):
        blocks += _code(cell.source, "{.python .cell-code}")
    if shown:
        lines, files = _output(cell, name)
        blocks += lines
    if not blocks:
        raise CellError("the cell shows nothing")
    return Embedded(_wrap(cell, blocks), files)


def check(cell: Cell) -> None:
    """Refuse what would make Quarto and the embedded engine differ."""
    for rule in (_check_outputs, _check_streams, _check_words):
        rule(cell)


def _cell(number: int, raw: dict[str, Any]) -> Cell:
    lines = _text(raw.get("source")).split("\n")
    count = 0
    while count < len(lines) and lines[count].startswith("#|"):
        count += 1
    try:
        options = yaml.load("\n".join(line[2:] for line in lines[:count]), yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        raise CellError(f"cell {number}: its options are not YAML") from error
    if not isinstance(options, dict):
        raise CellError(f"cell {number}: its options are not `key: value`")
    names = {str(raw.get("id") or "")} | set(raw.get("metadata", {}).get("tags", []))
    source = "\n".join(lines[count:])
    return Cell(number, options, source, raw.get("outputs", []), names - {""})


def _text(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value or "")


def _data(cell: Cell) -> list[dict[str, Any]]:
    return [o.get("data", {}) for o in cell.outputs if o.get("output_type") in _DATA]


def _check_outputs(cell: Cell) -> None:
    bundles = _data(cell)
    if any("text/html" in bundle for bundle in bundles):
        raise CellError("an output is text/html, for which Quarto loads scripts from a CDN")
    if any(output.get("output_type") == "error" for output in cell.outputs):
        raise CellError("the cell ended with an error")
    if sum(1 for bundle in bundles if _image(bundle)) > 1:
        raise CellError("the cell shows several pictures; subfigures are outside the dialect")
    if any(_rich(bundle) is None for bundle in bundles):
        raise CellError("an output is neither SVG, PNG, Markdown nor plain text")


def _check_streams(cell: Cell) -> None:
    streams = [o for o in cell.outputs if o.get("output_type") == "stream"]
    if any(output.get("name") == "stderr" for output in streams):
        raise CellError("the cell wrote to stderr, which Quarto would print on the page")
    if streams and any(_rich(bundle) != "text/plain" for bundle in _data(cell)):
        raise CellError("the cell prints beside its output; Quarto would show both")


def _check_words(cell: Cell) -> None:
    """Want label, caption and alternative text together; for a table label and caption."""
    options = cell.options
    wanted = {"fig": ("fig-cap", "fig-alt"), "tbl": ("tbl-cap",)}.get(cell.kind, ())
    missing = [key for key in wanted if not str(options.get(key) or "").strip()]
    if missing:
        raise CellError(f"{cell.label} lacks {' and '.join(missing)}")
    if not cell.kind and options.get("fig-cap"):
        raise CellError("the cell has fig-cap but no label that begins with fig-")
    if not cell.kind and options.get("tbl-cap"):
        raise CellError("the cell has tbl-cap but no label that begins with tbl-")
    for key in ("fig-cap", "tbl-cap"):
        if "{{<" in str(options.get(key) or ""):
            raise CellError(f"{key} holds a shortcode")
    if cell.kind == "fig" and not any(_image(bundle) for bundle in _data(cell)):
        raise CellError(f"{cell.label} shows no picture")


def _image(bundle: dict[str, Any]) -> str:
    return next((mime for mime in _IMAGES if mime in bundle), "")


def _rich(bundle: dict[str, Any]) -> str | None:
    wanted = [*_IMAGES, "text/markdown", "text/plain"]
    return next((mime for mime in wanted if mime in bundle), None)


def _output(cell: Cell, name: str) -> tuple[list[str], dict[str, bytes]]:
    lines: list[str] = []
    files: dict[str, bytes] = {}
    for output in cell.outputs:
        if output.get("output_type") == "stream":
            lines += _display(_code(_text(output.get("text"))), "cell-output-stdout")
            continue
        bundle = output.get("data", {})
        mime = _rich(bundle) or ""
        content = _text(bundle.get(mime))
        if mime in _IMAGES:
            path = f"{FILES}/{_file_name(cell.label or name)}{_IMAGES[mime]}"
            files[path] = _bytes(mime, content)
            lines += _display(_figure(cell, path), "cell-output-display")
        elif mime == "text/markdown":
            kind = "cell-output-display .cell-output-markdown"
            lines += _display(_markdown(content), kind)
        else:
            lines += _display(_code(content), "cell-output-display")
    return lines, files


def _wrap(cell: Cell, blocks: list[str]) -> list[str]:
    """Put the blocks where Quarto puts them: a wrapper, the cell, its outputs."""
    if cell.kind == "tbl":
        head = f"::: {{#{cell.label} .cell}}"
        blocks = [*blocks, cell.caption(), ""]
    else:
        head = f"::: {{#cell-{cell.label} .cell}}" if cell.label else "::: {.cell}"
    return ["::: {.quarto-embed-nb-cell}", "", head, "", *blocks, ":::", "", ":::"]


def _display(lines: list[str], kind: str) -> list[str]:
    return [f"::: {{.cell-output .{kind}}}", "", *lines, "", ":::", ""]


def _figure(cell: Cell, path: str) -> list[str]:
    alt = f'fig-alt="{escape_attribute(cell.alt())}"' if cell.alt() else ""
    if cell.kind != "fig":
        return [f"![]({path}){{{alt}}}" if alt else f"![]({path})"]
    return [f"::: {{#{cell.label} {alt}}}", "", f"![]({path})", "", cell.caption(), "", ":::"]


def _code(text: str, attributes: str = "") -> list[str]:
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["", f"{fence}{attributes}", *text.rstrip("\n").split("\n"), fence, ""]


def _markdown(text: str) -> list[str]:
    lines = text.rstrip("\n").split("\n")
    clear = scan(lines).text
    if any("{{<" in line for line in clear):
        raise CellError("a Markdown output holds a shortcode")
    fences = [line for line in clear if _DIV.match(line)]
    opened = sum(1 if BLOCK.search(line) or line.strip(": ") else -1 for line in fences)
    if opened:
        raise CellError("a Markdown output leaves a `:::` block open")
    return lines


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]", "-", name).lstrip(".")


def _bytes(mime: str, content: str) -> bytes:
    return base64.b64decode(content) if mime == "image/png" else content.encode("utf-8")

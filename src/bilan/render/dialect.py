"""Resolve a staged project into one Pandoc Markdown document that knows its lines.

Shortcodes are resolved outside code only; ``{{{< … >}}}`` writes a shortcode
that is meant to be read.  Whatever the dialect does not know becomes a
:class:`~.faults.Fault`; they are collected, not raised one by one.
"""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import notebook
from .faults import Fault
from .markdown import escape_markdown, scan
from .project import ROOT, Project, inside

_SHORTCODE = re.compile(r"\{\{\{<(?P<escaped>.*?)>\}\}\}|\{\{<(?P<call>.*?)>\}\}")
_ALONE = re.compile(r"^\s*\{\{< +(?P<call>(?:include|embed)\b.*?) +>\}\}\s*$")
_EXECUTABLE = re.compile(r"^\{(?!=)([A-Za-z]\w*)")


@dataclass
class Document:
    """The resolved document.

    Attributes
    ----------
    lines : list of str
        Markdown, line by line.
    origin : list of (str, int)
        For each line the file and the line it came from.
    files : dict
        Pictures to write into the project, by path.
    faults : list of Fault
        What the dialect does not know.
    """

    lines: list[str] = field(default_factory=list)
    origin: list[tuple[str, int]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The Markdown that Pandoc reads."""
        return "\n".join(self.lines) + "\n"

    def add(self, line: str, origin: tuple[str, int]) -> None:
        """Append a line."""
        self.lines.append(line)
        self.origin.append(origin)

    def at(self, index: int) -> tuple[str, int]:
        """File and line behind a line of the document."""
        if not self.origin:
            return ROOT, 1
        return self.origin[min(max(index, 0), len(self.origin) - 1)]

    def find(self, needle: str) -> tuple[str, int]:
        """File and line of the first line that holds some words."""
        for index, line in enumerate(self.lines):
            if needle and needle in line:
                return self.at(index)
        return self.at(0)

    def fault(self, index: int, message: str) -> None:
        """Note a fault at a line of the document."""
        self.faults.append(Fault(*self.at(index), message))


def expand(project: Project, metadata: dict[str, Any]) -> Document:
    """Resolve includes, embeds, variables and metadata.

    Parameters
    ----------
    project : Project
        The staged project.
    metadata : dict
        The metadata of the format, for ``{{< meta … >}}``.
    """
    return _Expansion(project, metadata).run()


class _Expansion:
    def __init__(self, project: Project, metadata: dict[str, Any]):
        self.project = project
        self.metadata = metadata
        self.document = Document()
        self.open: list[str] = []
        self.notebooks: dict[str, list[notebook.Cell]] = {}

    def run(self) -> Document:
        self._file(ROOT, self.project.body, self.project.body_line)
        return self.document

    def _fault(self, file: str, line: int, message: str) -> None:
        self.document.faults.append(Fault(file, line, message))

    def _file(self, name: str, lines: list[str], first: int) -> None:
        self.open.append(name)
        clear = scan(lines)
        for index, info in clear.infos:
            self._fence(name, first + index, info)
        for index, line in enumerate(lines):
            self._line(name, first + index, line, clear.text[index])
        self.open.pop()

    def _fence(self, name: str, line: int, info: str) -> None:
        language = _EXECUTABLE.match(info)
        if language:
            self._fault(name, line, f"a {{{language[1]}}} cell: execute it in a notebook, embed it")

    def _line(self, name: str, number: int, line: str, clear: str) -> None:
        alone = _ALONE.match(line) if "{{<" in clear else None
        if alone and not clear.lstrip().startswith("{{{"):
            self._block(name, number, alone["call"])
            return

        def replace(match: re.Match[str]) -> str:
            in_code = not clear[match.start() : match.end()].strip()
            if match["escaped"] is not None:
                shown = "{{<" + match["escaped"] + ">}}"
                return shown if in_code else escape_markdown(shown)
            return match[0] if in_code else self._inline(name, number, match["call"])

        if _ALONE.match(line) and not clear.strip() and name != ROOT:
            self._fault(name, number, "Quarto would resolve this even in code: write {{{< … >}}}")

        resolved = _SHORTCODE.sub(replace, line)
        if "{{<" in _SHORTCODE.sub("", clear):
            self._fault(name, number, "a shortcode is not closed on its line")
        self.document.add(resolved, (name, number))

    def _arguments(self, name: str, number: int, call: str) -> list[str]:
        try:
            words = shlex.split(call)
        except ValueError:
            words = []
        if not words:
            self._fault(name, number, "a shortcode that cannot be read")
        return words

    def _inline(self, name: str, number: int, call: str) -> str:
        if not (call.startswith(" ") and call.endswith(" ")):
            self._fault(name, number, "a shortcode has a space after {{< and before >}}")
            return ""
        words = self._arguments(name, number, call)
        if not words:
            return ""
        tables = {"var": self.project.variables, "meta": self.metadata}
        if words[0] in ("include", "embed"):
            self._fault(name, number, f"{words[0]} must stand alone on its line")
        elif words[0] not in tables:
            self._fault(name, number, f"unknown shortcode {words[0]}")
        elif len(words) != 2:
            self._fault(name, number, f"{words[0]} takes one name")
        else:
            return self._value(name, number, words[0], words[1], tables[words[0]])
        return ""

    def _value(self, name: str, number: int, kind: str, key: str, table: Any) -> str:
        value = table
        for part in re.split(r"(?<!\\)\.", key):
            value = value.get(part.replace("\\.", ".")) if isinstance(value, dict) else None
        source = "_variables.yml" if kind == "var" else "the metadata"
        if value is None or isinstance(value, dict | list):
            self._fault(name, number, f"{kind} {key}: no such value in {source}")
            return ""
        if not isinstance(value, str | int | dt.date):
            self._fault(name, number, f"{kind} {key}: write it as text in {source}")
            return ""
        return str(value).lower() if isinstance(value, bool) else " ".join(str(value).split())

    def _block(self, name: str, number: int, call: str) -> None:
        words = self._arguments(name, number, call)
        if words:
            calls: dict[str, Callable[[str, int, list[str]], None]]
            calls = {"include": self._include, "embed": self._embed}
            calls[words[0]](name, number, words[1:])

    def _include(self, name: str, number: int, words: list[str]) -> None:
        if len(words) != 1:
            self._fault(name, number, "include takes one file")
            return
        # Quarto resolves every include from the root document, also in a chapter.
        path = inside(self.project.root, words[0].lstrip("/"))
        if path is None:
            self._fault(name, number, f"include {words[0]}: outside the project folder")
        elif not path.is_file():
            self._fault(name, number, f"include {words[0]}: no such file, seen from {ROOT}")
        else:
            self._included(name, number, path)

    def _included(self, name: str, number: int, path: Path) -> None:
        target = path.relative_to(self.project.root.resolve()).as_posix()
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            self._fault(target, 1, "the file is not UTF-8")
            return
        if target in self.open:
            self._fault(name, number, f"include {target}: the file includes itself")
            return
        if lines and lines[0].strip() == "---":
            self._fault(target, 1, "an included file has no front matter")
            return
        self._file(target, lines, 1)
        self.document.add("", (name, number))

    def _embed(self, name: str, number: int, words: list[str]) -> None:
        if not words:
            self._fault(name, number, "embed takes a notebook and a label")
            return
        unknown = [word for word in words[1:] if word != "echo=true"]
        if unknown:
            self._fault(name, number, f"embed knows only echo=true, not {' '.join(unknown)}")
        file, _, labels = words[0].partition("#")
        if not labels:
            self._fault(name, number, f"embed {file}: name a cell, as in {file}#fig-label")
            return
        for label in labels.split(","):
            try:
                cell = notebook.find(self._cells(file), label)
                shown = notebook.embed(cell, label, echo="echo=true" in words)
            except notebook.CellError as error:
                self._fault(name, number, f"embed {file}#{label}: {error}")
                continue
            self._picture(name, number, shown)

    def _cells(self, file: str) -> list[notebook.Cell]:
        if file not in self.notebooks:
            # Quarto resolves embeds from the root document, also inside a chapter.
            path = inside(self.project.root, file)
            if path is None or file.startswith("/"):
                raise notebook.CellError("outside the project folder")
            if path.suffix != ".ipynb":
                raise notebook.CellError("only notebooks can be embedded")
            if not path.is_file():
                raise notebook.CellError("no such notebook, seen from review.qmd")
            self.notebooks[file] = notebook.read(path)
        return self.notebooks[file]

    def _picture(self, name: str, number: int, shown: notebook.Embedded) -> None:
        for path, content in shown.files.items():
            if self.document.files.setdefault(path, content) != content:
                self._fault(name, number, f"two pictures would be written to {path}")
        for line in ["", *shown.markdown, ""]:
            self.document.add(line, (name, number))

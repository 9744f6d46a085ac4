"""A table as a notebook shows it: Markdown with a label, a caption and sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bilan.facts import Markdown
from bilan.render import escape_markdown


@dataclass(frozen=True)
class Table:
    """A table of words and numbers, shown as Markdown, never as HTML.

    Attributes
    ----------
    label : str
        ``tbl-…``, by which a chapter embeds and cites it.
    caption : str
    header : sequence of str
    rows : sequence of sequence of str
        Cells as text; :class:`bilan.facts.Markdown` passes as it is, all else is escaped.
    align : str
        A letter a column: ``l``, ``r`` or ``c``.
    sources : sequence of str
        Keys of the sources the table rests on.
    data : str
        File name of its numbers as CSV.
    """

    label: str
    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    align: str
    sources: Sequence[str] = ()
    data: str = ""

    def __post_init__(self) -> None:
        if not self.label.startswith("tbl-"):
            raise ValueError(f"a table's label begins with 'tbl-': {self.label!r}")
        widths = {len(self.header), len(self.align), *map(len, self.rows)}
        if len(widths) != 1:
            raise ValueError(f"{self.label}: rows, header and alignment differ in length")

    def markdown(self) -> str:
        """Return the table in Pandoc's pipe syntax."""
        rule = {"l": ":---", "r": "---:", "c": ":---:"}
        lines = [self.header, [rule[letter] for letter in self.align], *self.rows]
        return "\n".join(
            f"| {' | '.join(line if at == 1 else map(_cell, line))} |"
            for at, line in enumerate(lines)
        )

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        text = self.markdown()
        about = {
            "label": self.label,
            "caption": self.caption,
            "sources": list(self.sources),
            "data": self.data,
        }
        return {"text/markdown": text, "text/plain": text}, {"bilan": about}


def _cell(text: str) -> str:
    return text if isinstance(text, Markdown) else escape_markdown(text)

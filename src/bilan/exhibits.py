"""Figures and tables as a notebook shows them, each with its words, sources and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from altair.utils import schemapi

from bilan import charts, tables
from bilan.facts import Facts, Markdown
from bilan.numbers import Numbers
from bilan.render.markdown import escape_markdown


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
        """Return the table in Pandoc's pipe syntax, each column as wide as its words ask."""
        cells = [[_cell(text) for text in line] for line in (self.header, *self.rows)]
        rule = [_rule(letter, [line[at] for line in cells]) for at, letter in enumerate(self.align)]
        return "\n".join(f"| {' | '.join(line)} |" for line in (cells[0], rule, *cells[1:]))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> tuple:
        text = self.markdown()
        about = {
            "label": self.label,
            "caption": self.caption,
            "sources": list(self.sources),
            "data": self.data,
        }
        return {"text/markdown": text, "text/plain": text}, {"bilan": about}


#: A column wants no more letters than this: beyond, its cells take several lines.
WIDE = 26
_MARKS = re.compile(r"\\|\[@[^\]]*\]")


def _rule(letter: str, column: list[str]) -> str:
    """Return a column's ruler. Pandoc takes relative widths from the lengths of the rulers."""
    shown = [_MARKS.sub("", text) for text in column]
    longest = max(len(word) for text in shown for word in (text.split(" ") or [""]))
    wanted = max(longest, min(max(map(len, shown)), WIDE), 3)
    dashes = "-" * wanted
    return {"l": f":{dashes}", "r": f"{dashes}:", "c": f":{dashes}:"}[letter]


def _cell(text: str) -> str:
    return text if isinstance(text, Markdown) else escape_markdown(text)


@dataclass(frozen=True)
class Exhibits:
    """Makes the figures and tables of one notebook run.

    Attributes
    ----------
    facts : bilan.facts.Facts
    run : str
        Name of the run, for instance ``adoption-tchap-mau``: its CSV files lie there.
    """

    facts: Facts
    run: str

    def quantity(self, indicator: str, value: float, qualifier: str = "exact") -> str:
        """Return a value of an indicator with its unit."""
        return self.facts.words.quantity(value, self.facts.unit(indicator), qualifier)

    def figure(
        self,
        draw: Callable[..., object],
        chart: Mapping[str, object],
        label: str,
        data: pd.DataFrame,
        *,
        caption: str,
        alt: str,
        sources: Sequence[str] = (),
    ) -> charts.Figure:
        """Draw a chart for the page and for a phone, and write its numbers beside it.

        Parameters
        ----------
        draw : callable
            A function of :mod:`bilan.charts`.
        chart : mapping
            Its arguments, without language and width.
        label : str
            ``fig-…``.
        data : pandas.DataFrame
            The numbers to publish as CSV.
        caption, alt : str
        sources : sequence of str
        """
        lang = self.facts.lang
        with schemapi.debug_mode(False):
            wide, narrow = draw(**chart, lang=lang), draw(**chart, lang=lang, narrow=True)
        return charts.figure(
            wide,
            label,
            caption=caption,
            alt=alt,
            sources=list(dict.fromkeys(sources)),
            lang=lang,
            narrow=narrow,
            data=self.publish(data, label),
            numbers=Numbers(self.facts).table(data),
        )

    def publish(self, data: pd.DataFrame, label: str) -> str:
        """Write the numbers behind a figure or table as CSV and return the file's name."""
        return tables.write_figure_data(data, self.facts.edition.id, self.run, label)

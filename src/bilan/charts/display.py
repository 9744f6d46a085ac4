"""Draw a chart, and show it in a notebook with what a page needs to know of it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from bilan.charts import drawing
from bilan.charts.theme import NARROW, WIDE

VEGALITE_MIME = "application/vnd.vegalite.v6+json"

# Vega describes every mark in English. A page says it once, in the figure's own alternative text.
_ARIA = re.compile(r' (?:aria-[a-z]+|role)="[^"]*"')
_HIDDEN = re.compile(r'<text [^>]*opacity="0"[^>]*>.*?</text>')
_INERT = re.compile(r'<path class="(?:background|foreground)"[^>]*(?:d=""|h0v0h0Z")[^>]*/>')
_SIZE = re.compile(r'width="([\d.]+)" height="([\d.]+)" viewBox="[^"]*"')
_NAME = re.compile(r'(\bid="|url\(#|href="#)')


def to_svg(chart: alt.TopLevelMixin, lang: str = "fr") -> str:
    """Draw a chart as SVG: the same bytes for the same chart, no network, no inline style.

    The root element has the class ``chart``, by which ``review.css`` finds it. Names inside bear a
    prefix made from the drawing, so that many charts can be inlined in one page.
    """
    # Validation takes longer than drawing; the tests validate every chart.
    return _draw(chart.to_dict(validate=False), lang)


_PARTS = ("layer", "concat", "hconcat", "vconcat")


def _picture(view: dict) -> dict:
    """Leave out what a chart only tells when it is live."""
    parts = {
        kind: [_picture(v) for v in view[kind] if "tooltip" not in v.get("encoding", {})]
        for kind in _PARTS
        if kind in view
    }
    return view | parts


def lean(spec: dict) -> dict:
    """Leave out the columns that no mark shows: a page carries what it draws and nothing else."""
    used: dict[str, set[str]] = {}

    def note(view: dict, name: str, fields: frozenset[str]) -> None:
        name = view.get("data", {}).get("name", name)
        fields |= {c["field"] for c in view.get("encoding", {}).values() if "field" in c}
        used.setdefault(name, set()).update(fields)
        for kind in _PARTS:
            for part in view.get(kind, ()):
                note(part, name, fields)

    note(spec, "", frozenset())
    datasets = {
        name: [{k: v for k, v in row.items() if k in used.get(name, ())} for row in rows]
        for name, rows in spec.get("datasets", {}).items()
    }
    return spec | {"datasets": datasets}


def _draw(spec: dict, lang: str) -> str:
    svg = drawing.svg(_picture(spec), lang)
    for pattern in (_ARIA, _HIDDEN, _INERT):
        svg = pattern.sub("", svg)
    svg = _full_width(svg.replace('class="marks"', 'class="chart"', 1))
    prefix = "c" + hashlib.sha256(svg.encode()).hexdigest()[:8] + "-"
    return _NAME.sub(rf"\g<1>{prefix}", svg)


def _full_width(svg: str) -> str:
    """Widen a drawing that falls a little short, so that text has one size on all charts."""
    found = _SIZE.search(svg)
    if not found:
        return svg
    width, height = map(float, found.groups())
    full = next((wide for wide in (NARROW, WIDE) if 0.85 * wide < width < wide), width)
    return _SIZE.sub(f'width="{full:g}" height="{height:g}" viewBox="0 0 {full:g} {height:g}"', svg)


@dataclass(frozen=True)
class Figure:
    """A chart with its label, caption, alternative text and sources.

    A notebook shows it as SVG, plain text and Vega-Lite, never as HTML: Quarto answers an HTML
    output with scripts from a CDN. The words travel as the output's metadata, under ``bilan``.
    """

    chart: alt.TopLevelMixin
    label: str
    caption: str
    alt: str
    sources: tuple[str, ...] = ()
    lang: str = "fr"
    narrow: alt.TopLevelMixin | None = field(default=None)
    data: str = ""
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict, dict]:
        spec = lean(self.chart.to_dict(validate=False))
        data = {
            "image/svg+xml": _draw(spec, self.lang),
            "text/plain": self.alt,
            VEGALITE_MIME: spec,
        }
        words: dict[str, Any] = {
            "label": self.label,
            "caption": self.caption,
            "alt": self.alt,
            "sources": list(self.sources),
            "data": self.data,
            "numbers": dict(self.numbers),
        }
        if self.narrow is not None:
            narrow = lean(self.narrow.to_dict(validate=False))
            words |= {"narrow": _draw(narrow, self.lang), "narrow_spec": narrow}
        return data, {"bilan": words}


@dataclass(frozen=True)
class Miniature:
    """A chart the size of a word, by its name. Its words stand beside it, on the page."""

    name: str
    chart: alt.TopLevelMixin

    def svg(self) -> str:
        """Draw it."""
        return _draw(self.chart.to_dict(validate=False), "fr")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict:
        return {"image/svg+xml": self.svg(), "text/plain": self.name}


def figure(
    chart: alt.TopLevelMixin,
    label: str,
    caption: str,
    alt: str,
    sources: tuple[str, ...] | list[str] = (),
    lang: str = "fr",
    narrow: alt.TopLevelMixin | None = None,
    data: str = "",
    numbers: Mapping[str, Any] | None = None,
) -> Figure:
    """Wrap a chart for display at the end of a notebook's cell.

    Parameters
    ----------
    chart
        The chart as a wide page and the PDF show it.
    label
        ``fig-…``, by which a chapter embeds and cites it.
    caption, alt
        What the figure shows; what a reader who does not see it must know.
    sources
        Keys of the sources that the chart rests on.
    lang
        Language of the words and the numbers.
    narrow
        The same chart made for a phone (``narrow=True``); it travels in the metadata.
    data
        File name of its numbers as CSV.
    numbers
        The same numbers as text: ``header``, ``rows`` and ``align``, a letter a column.
    """
    if not label.startswith("fig-"):
        raise ValueError(f"a figure's label begins with 'fig-': {label!r}")
    if not alt.strip():
        raise ValueError(f"{label}: a figure needs an alternative text")
    return Figure(chart, label, caption, alt, tuple(sources), lang, narrow, data, numbers or {})

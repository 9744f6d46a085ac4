"""The charts' one look: palette, type, sizes, numbers and dates.

Colours are constants because ``report/review.css`` answers to them: a chart that is inlined in a
page takes its dark colours from attribute selectors, one for every value of `PALETTE`.
"""

import math
from collections.abc import Iterable, Sequence
from functools import cache

import altair as alt
import vl_convert
from fontTools.ttLib import TTFont

from bilan.fonts import SANS, cached_fonts

PAPER = "#fffdf8"  # what lies behind; also fills hollow points
INK = "#1f1e1b"  # titles, values
TEXT = "#5b574e"  # subtitles, axes
GREY = "#8a8478"  # other countries, bars outside an interval
RULE = "#8b8579"  # axis line, events
GRID = "#e6e1d6"
OBSERVED = "#12333f"
FORECAST = "#0f5f78"  # the median of a forecast, edges of its bands
FORECAST_50 = "#6fa3b4"
FORECAST_80 = "#a9c8d2"
FORECAST_95 = "#d9e7eb"
ACCENT = "#0b5d79"  # the country that the chart is about
TARGET = "#b84a00"
OUTCOME = "#86308a"  # what happened after the edition's cut-off day

PALETTE = {
    "paper": PAPER,
    "ink": INK,
    "text": TEXT,
    "grey": GREY,
    "rule": RULE,
    "grid": GRID,
    "observed": OBSERVED,
    "forecast": FORECAST,
    "forecast-50": FORECAST_50,
    "forecast-80": FORECAST_80,
    "forecast-95": FORECAST_95,
    "accent": ACCENT,
    "target": TARGET,
    "outcome": OUTCOME,
}

# Widths in the SVG's units. A wide chart is shown at 600 to 720 pixels, a narrow one on a phone.
WIDE, NARROW = 720, 344
NARROW_LABEL = 92  # widest line of a label beside a plot on a phone
TITLE_SIZE, SUBTITLE_SIZE, LABEL_SIZE, SMALL_SIZE = 18, 14, 14, 13
LINE = 1.28  # height of a line of text, in its size

_WORDS = {
    "fr": {
        "about": "○ environ",
        "exact": "● valeur exacte",
        "at_least": "↑ au moins",
        "at_most": "↓ au plus",
        "million": "\u202fM",
        "billion": "\u202fMd",
        "percent": "\u202f%",
        "bands": "bandes\u00a0: 50, 80 et 95\u202f% de chances",
    },
    "en": {
        "about": "○ about",
        "exact": "● exact value",
        "at_least": "↑ at least",
        "at_most": "↓ at most",
        "million": "M",
        "billion": "bn",
        "percent": "%",
        "bands": "bands: 50, 80 and 95% chances",
    },
}


def word(key: str, lang: str) -> str:
    """Return one of the few words that belong to the charts' furniture."""
    return _WORDS[lang][key]


@cache
def locale(lang: str) -> dict[str, dict]:
    """Return d3's number and time locales for a language, without network."""
    code = {"fr": "fr-FR", "en": "en-GB"}[lang]
    number = dict(vl_convert.get_format_locale(code))
    if lang == "fr":
        number |= {"thousands": "\u202f", "minus": "\u2212"}
    return {"number": number, "time": dict(vl_convert.get_time_format_locale(code))}


@cache
def _advances(weight: str) -> dict[str, float]:
    with TTFont(cached_fonts() / "static" / f"BilanSans-{weight}.ttf") as font:
        widths, em = font["hmtx"].metrics, font["head"].unitsPerEm
        return {chr(code): widths[name][0] / em for code, name in font.getBestCmap().items()}


def text_width(text: str, size: float = LABEL_SIZE, bold: bool = False) -> float:
    """Measure a line of text, in pixels."""
    advances = _advances("SemiBold" if bold else "Regular")
    return size * sum(advances.get(letter, 0.6) for letter in text)


def wrap(text: str, width: float, size: float = LABEL_SIZE, bold: bool = False) -> list[str]:
    """Break a text at its spaces into lines no wider than a width; keep its own line breaks.

    Lines come out balanced: the last is not left with one lonely word where that can be helped.
    """
    lines: list[str] = []
    for paragraph in text.split("\n"):
        greedy = _fill(paragraph, width, size, bold)
        count, low = len(greedy), width * 0.55
        while count > 1 and low < width:  # the narrowest width that needs no more lines
            if len(trial := _fill(paragraph, low, size, bold)) == count:
                greedy = trial
                break
            low += width * 0.03
        lines += greedy
    return lines


def _fill(text: str, width: float, size: float, bold: bool) -> list[str]:
    lines, line = [], ""
    for piece in text.split(" "):
        longer = f"{line} {piece}" if line else piece
        if line and text_width(longer, size, bold) > width:
            lines.append(line)
            line = piece
        else:
            line = longer
    return [*lines, line]


def total_width(narrow: bool) -> int:
    """Return the width of a whole chart."""
    return NARROW if narrow else WIDE


def heading(title: str, subtitle: str, narrow: bool, key: str = "") -> alt.Title:
    """Set a sentence title with its subtitle, wrapped and aligned left over the whole chart.

    Parameters
    ----------
    title, subtitle
        What the chart finds; what it measures, in which unit, from when to when.
    narrow
        Whether the chart is made for a phone.
    key
        How to read the marks, on a line of its own.
    """
    size = TITLE_SIZE - narrow
    width = total_width(narrow) - 4
    below = wrap(subtitle, width, SUBTITLE_SIZE) if subtitle else []
    return alt.Title(
        wrap(title, width, size, bold=True),
        subtitle=below + (wrap(key, width, SUBTITLE_SIZE) if key else []),
        fontSize=size,
        lineHeight=round(size * 1.2),
        offset=14,
    )


def nice_ticks(top: float, most: int = 6, bottom: float = 0) -> list[float]:
    """Choose round values from `bottom` up to the first that reaches `top`.

    Among the round steps that make at most `most` intervals, the one that wastes least room above
    `top` wins; then the finer one.
    """
    if top <= bottom:
        top = bottom + 1
    power = 10.0 ** (math.floor(math.log10(top - bottom)) - 1)
    scales = []
    for step in (power * factor for factor in (1, 2, 2.5, 5, 10, 20, 25, 50)):
        first, last = math.floor(bottom / step), math.ceil(top / step - 1e-9)
        if 3 <= last - first <= most:
            scales.append((last * step, step, first, last))
    _, step, first, last = min(scales)
    return [round(step * i, 10) for i in range(first, last + 1)]


def value_axis(ticks: Sequence[float], lang: str, percent: bool = False, **options) -> alt.Axis:
    """Return an axis of values, labelled as the language has it: 5 M, 150 000, 20 %."""
    return alt.Axis(
        values=list(ticks), labelExpr=_label_expression(ticks, lang, percent), **options
    )


def _scale_of(ticks: Sequence[float], percent: bool) -> tuple[float, str]:
    if percent:
        return 0.01, "percent"
    top = max(map(abs, ticks))
    if top >= 2e9:
        return 1e9, "billion"
    return (1e6, "million") if top >= 2e6 else (1, "")


def _label_expression(ticks: Sequence[float], lang: str, percent: bool) -> str:
    scale, unit = _scale_of(ticks, percent)
    suffix = word(unit, lang) if unit else ""
    return f"datum.value === 0 ? '0' : format(datum.value / {scale:g}, ',~r') + '{suffix}'"


def tick_labels(ticks: Iterable[float], lang: str, percent: bool = False) -> list[str]:
    """Word ticks as `value_axis` does, to measure them."""
    ticks = list(ticks)
    scale, unit = _scale_of(ticks, percent)
    number, suffix = locale(lang)["number"], word(unit, lang) if unit else ""
    plain = (f"{tick / scale:,.10g}" for tick in ticks)
    swap = {",": number["thousands"], ".": number["decimal"]}
    return ["".join(swap.get(c, c) for c in text) + suffix for text in plain]


def axis_room(ticks: Iterable[float], lang: str, percent: bool = False) -> float:
    """Return the width that the labels of a vertical axis take, with their padding."""
    return max(text_width(label) for label in tick_labels(ticks, lang, percent)) + 8


def finish(chart: alt.TopLevelMixin, title: alt.Title | None, lang: str) -> alt.TopLevelMixin:
    """Give a chart its heading, its locale and the common configuration."""
    text = {"labelColor": TEXT, "labelFontSize": LABEL_SIZE, "labelFontWeight": "normal"}
    # Each of Altair's own setters would copy the chart with all its layers.
    if title is not None:
        chart.title = title
    chart.background = "transparent"
    chart.padding = {"left": 0, "right": 2, "top": 2, "bottom": 2}
    chart.config = alt.Config(
        font=f"{SANS}, sans-serif",
        aria=False,
        locale=locale(lang),
        view=alt.ViewConfig(stroke=None),
        point=alt.MarkConfig(opacity=1),
        axis=alt.AxisConfig(
            **text,
            title=None,
            domain=False,
            ticks=False,
            grid=False,
            gridColor=GRID,
            labelPadding=7,
        ),
        title=alt.TitleConfig(
            anchor="start",
            frame="bounds",
            align="left",
            color=INK,
            fontWeight=600,
            subtitleColor=TEXT,
            subtitleFontSize=SUBTITLE_SIZE,
            subtitleLineHeight=round(SUBTITLE_SIZE * LINE),
            subtitlePadding=6,
        ),
    )
    return chart

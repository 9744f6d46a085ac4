"""Charts of a count over time: forecasts as fans, plain series, and a miniature."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import altair as alt
import pandas as pd

from bilan.charts.marks import (
    dated,
    event_layers,
    grid_axis,
    layer,
    observed_layers,
    outcome_layers,
    qualifier_key,
    spread,
    target_layers,
    text,
    time_axis,
)
from bilan.charts.theme import (
    FORECAST,
    FORECAST_50,
    FORECAST_80,
    FORECAST_95,
    GREY,
    INK,
    LABEL_SIZE,
    LINE,
    OBSERVED,
    OUTCOME,
    PAPER,
    SMALL_SIZE,
    TARGET,
    TEXT,
    axis_room,
    finish,
    heading,
    nice_ticks,
    text_width,
    total_width,
    value_axis,
    word,
)

BANDS = (("q025", "q975", FORECAST_95), ("q10", "q90", FORECAST_80), ("q25", "q75", FORECAST_50))


@dataclass(frozen=True)
class _Frame:
    """Where a time chart's plot lies: its scales and its size."""

    x: alt.X
    y: alt.Y
    start: pd.Timestamp
    end: pd.Timestamp
    width: float
    height: float
    top: float
    bottom: float

    def pixel(self, value: float) -> float:
        """Return the height at which a value stands, from the top of the plot."""
        return self.height * (1 - (value - self.bottom) / (self.top - self.bottom))

    def value(self, pixel: float) -> float:
        """Return the value that stands at a height."""
        return self.bottom + (1 - pixel / self.height) * (self.top - self.bottom)


def _frame(
    tables: list[pd.DataFrame],
    lang: str,
    narrow: bool,
    right: float,
    height: float,
    percent: bool = False,
    reference: float | None = None,
    total: float | None = None,
) -> _Frame:
    dates = pd.concat([table["date"] for table in tables])
    tops = [table[name].max() for table in tables for name in ("value", "q975") if name in table]
    ticks = nice_ticks(max([*tops, reference or 0]) * 1.015)
    wide = total if total is not None else total_width(narrow)
    width = round(wide - axis_room(ticks, lang, percent) - right - 4)
    start, end = dates.min(), dates.max()
    if start == end:
        start, end = start - pd.Timedelta(days=180), end + pd.Timedelta(days=180)
    span = alt.Scale(domain=[_moment(start), _moment(end)])
    x = alt.X("date:T", scale=span, axis=time_axis(start, end, width, lang))
    y = alt.Y(
        "value:Q",
        scale=alt.Scale(domain=[ticks[0], ticks[-1]], zero=True),
        axis=value_axis(ticks, lang, percent, **grid_axis()),
    )
    return _Frame(x, y, start, end, width, height, ticks[-1], ticks[0])


def _moment(day: pd.Timestamp) -> alt.DateTime:
    return alt.DateTime(year=day.year, month=day.month, date=day.day)


def _bands(quantiles: pd.DataFrame, frame: _Frame) -> list:
    layers: list = []
    base = layer(quantiles)
    for low, high, colour in BANDS:
        y, y2 = frame.y.copy(), alt.Y2(f"{high}:Q")
        y.shorthand = f"{low}:Q"
        layers.append(base.mark_area(color=colour).encode(x=frame.x, y=y, y2=y2))
    for edge in ("q025", "q975"):
        y = frame.y.copy()
        y.shorthand = f"{edge}:Q"
        layers.append(base.mark_line(color=FORECAST, strokeWidth=0.75).encode(x=frame.x, y=y))
    y = frame.y.copy()
    y.shorthand = "q50:Q"
    layers.append(
        base.mark_line(color=FORECAST, strokeWidth=2, strokeDash=[6, 3]).encode(x=frame.x, y=y)
    )
    return layers


def _inner_edges(quantiles: pd.DataFrame, frame: _Frame) -> list[float]:
    """Return the values of the median and the upper edges, a label's width before the end."""
    first, last = quantiles.iloc[0], quantiles.iloc[-1]
    into = max(0.0, 1 - 30 / _pixels(quantiles, frame))
    names = ("q50", "q75", "q90", "q975")
    return [first[name] + (last[name] - first[name]) * into for name in names]


def _bands_have_room(quantiles: pd.DataFrame, frame: _Frame) -> bool:
    edges = [frame.pixel(value) for value in _inner_edges(quantiles, frame)]
    return all(low - high >= SMALL_SIZE + 2 for low, high in pairwise(edges))


def _band_labels(quantiles: pd.DataFrame, frame: _Frame, lang: str) -> list:
    """Name the bands inside, near their right ends."""
    back = (frame.end - frame.start) * (14 / frame.width)
    rows = pd.DataFrame(
        {
            "date": quantiles["date"].iloc[-1] - back,
            "value": [(low + high) / 2 for low, high in pairwise(_inner_edges(quantiles, frame))],
            "label": [f"{share}{word('percent', lang)}" for share in (50, 80, 95)],
        }
    )
    options = {"align": "right", "halo": False, "fontSize": SMALL_SIZE}
    return text(rows, frame.x, frame.y, INK, **options)


def _pixels(quantiles: pd.DataFrame, frame: _Frame) -> float:
    reach = quantiles["date"].iloc[-1] - quantiles["date"].iloc[0]
    return max(1.0, reach / (frame.end - frame.start) * frame.width)


def _column(frame: _Frame, labels: list[tuple[float, str, str]]) -> list:
    """Write labels (value, words, colour) right of the plot; none covers another."""
    step = LABEL_SIZE * LINE
    sizes = [step * (1 + words.count("\n")) + 4 for _, words, _ in labels]
    wanted = [frame.pixel(value) for value, _, _ in labels]
    layers: list = []
    for height, (_, words, colour) in zip(
        spread(wanted, sizes, -4, frame.height + 4), labels, strict=True
    ):
        row = pd.DataFrame({"date": [frame.end], "value": [frame.value(height)], "label": [words]})
        layers += text(
            row,
            frame.x,
            frame.y,
            colour,
            halo=False,
            dx=13,
            dy=-step / 2 * words.count("\n"),
            fontWeight=600,
        )
    return layers


def _inside(point: pd.Series, frame: _Frame, colour: str) -> list:
    """Write a label up and left of its point, or up and right where the left has no room."""
    lines = point["label"].split("\n")
    at = (point["date"] - frame.start) / (frame.end - frame.start) * frame.width
    align = "right" if at > max(text_width(line, bold=True) for line in lines) + 9 else "left"
    return text(
        pd.DataFrame([{name: point[name] for name in ("date", "value", "label")}]),
        frame.x,
        frame.y,
        colour,
        align=align,
        dx=-9 if align == "right" else 9,
        dy=-12 - LABEL_SIZE * LINE * (len(lines) - 1),
        fontWeight=600,
    )


def _labels_room(labels: list[str]) -> float:
    lines = [line for label in labels for line in label.split("\n")]
    return max((text_width(line, bold=True) for line in lines), default=0) + 14


def fan(
    observed: pd.DataFrame,
    quantiles: pd.DataFrame | None = None,
    targets: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    outcome: pd.DataFrame | None = None,
    *,
    title: str,
    subtitle: str = "",
    labels: Mapping[str, str] | None = None,
    lang: str = "fr",
    narrow: bool = False,
) -> alt.LayerChart:
    r"""Draw what was observed, what is forecast and what was promised.

    Parameters
    ----------
    observed
        ``date``, ``value`` and, if not all exact, ``qualifier``.
    quantiles
        ``date``, ``q025``, ``q10``, ``q25``, ``q50``, ``q75``, ``q90``, ``q975``; begin at the last
        observation for bands that grow out of it. None where there are too few data to forecast.
    targets
        ``date``, ``value``, ``label``.
    events
        ``date``, ``label``: one or two words.
    outcome
        ``date``, ``value``: what happened after the edition's cut-off day.
    title, subtitle
        The finding as a sentence; what is measured, its unit, from when to when.
    labels
        Words at the ends: ``observed``, ``forecast``, ``outcome``; ``\n`` breaks a line.
    lang, narrow
        Language of numbers and dates; whether to draw for a phone.
    """
    labels = dict(labels or {})
    observed = dated(observed)
    quantiles, targets, events, outcome = (
        dated(table) if table is not None and len(table) else None
        for table in (quantiles, targets, events, outcome)
    )
    tables = [table for table in (observed, quantiles, targets, outcome) if table is not None]
    last = max(table["date"].max() for table in tables)
    column, inside = _sort_labels(observed, quantiles, targets, outcome, labels, last)
    room = _labels_room([words for _, words, _ in column])
    frame = _frame(tables, lang, narrow, room, 300 if narrow else 270)
    layers = _events(events, frame)
    key = [qualifier_key(observed, lang)]
    if quantiles is not None:
        layers += _bands(quantiles, frame)
        if outcome is None and not narrow and _bands_have_room(quantiles, frame):
            layers += _band_labels(quantiles, frame, lang)
        else:
            key.append(word("bands", lang))
    layers += observed_layers(observed, frame.x, frame.y)
    if outcome is not None:
        layers += outcome_layers(outcome, frame.x, frame.y)
    if targets is not None:
        layers += target_layers(targets, frame.x, frame.y)
    for point, colour in inside:
        layers += _inside(point, frame, colour)
    layers += _column(frame, column)
    chart = alt.layer(*layers).properties(width=frame.width, height=frame.height)
    return finish(chart, heading(title, subtitle, narrow, "  ·  ".join(filter(None, key))), lang)


def _sort_labels(observed, quantiles, targets, outcome, labels, last) -> tuple[list, list]:
    """Tell the labels that stand in the column on the right from those inside the plot."""
    column, inside = [], []
    near = last - pd.Timedelta(days=31)
    if "observed" in labels:
        point = observed.iloc[-1].copy()
        point["label"] = labels["observed"]
        if point["date"] == last:
            column.append((point["value"], point["label"], OBSERVED))
        else:
            inside.append((point, OBSERVED))
    if quantiles is not None and "forecast" in labels:
        column.append((quantiles["q50"].iloc[-1], labels["forecast"], FORECAST))
    if outcome is not None and "outcome" in labels:
        column.append((outcome["value"].iloc[-1], labels["outcome"], OUTCOME))
    for _, target in targets.iterrows() if targets is not None else ():
        if target["date"] >= near:
            column.append((target["value"], target["label"], TARGET))
        else:
            inside.append((target, TARGET))
    return column, inside


def _events(events: pd.DataFrame | None, frame: _Frame) -> list:
    if events is None:
        return []
    shown = events[events["date"].between(frame.start, frame.end)]
    return event_layers(shown, frame.x, (frame.start, frame.end), frame.width)


def small_fan(
    observed: pd.DataFrame,
    quantiles: pd.DataFrame | None = None,
    targets: pd.DataFrame | None = None,
    *,
    lang: str = "fr",
    width: int = 180,
    height: int = 48,
) -> alt.LayerChart:
    """Draw a fan as a miniature without axes, for the first screen.

    The tables are those of `fan`; labels are left out.
    """
    tables = [dated(table) for table in (observed, quantiles, targets) if table is not None]
    observed = dated(observed)
    frame = _frame(tables, lang, False, 0, height, total=width)
    bare = {"x": frame.x.axis(None), "y": frame.y.axis(None)}
    layers: list = []
    if quantiles is not None:
        for low, high, colour in BANDS:
            y = bare["y"].copy()
            y.shorthand = f"{low}:Q"
            band = layer(dated(quantiles)).mark_area(color=colour)
            layers.append(band.encode(x=bare["x"], y=y, y2=alt.Y2(f"{high}:Q")))
    base = layer(observed).encode(**bare)
    layers.append(base.mark_line(color=OBSERVED, strokeWidth=2))
    layers.append(
        layer(observed.tail(1)).encode(**bare).mark_point(size=30, fill=OBSERVED, stroke=OBSERVED)
    )
    if targets is not None:
        diamond = layer(dated(targets)).encode(**bare)
        layers.append(
            diamond.mark_point(shape="diamond", size=70, fill=PAPER, stroke=TARGET, strokeWidth=2)
        )
    chart = alt.layer(*layers).properties(width=width, height=height)
    return finish(chart, None, lang)


def series(
    observed: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    reference: tuple[float, str] | None = None,
    events: pd.DataFrame | None = None,
    lang: str = "fr",
    narrow: bool = False,
    percent: bool = False,
    points: bool = True,
) -> alt.TopLevelMixin:
    """Draw one or several observed series, without forecast.

    Parameters
    ----------
    observed
        ``date``, ``value``, perhaps ``qualifier``; ``series`` names lines of one plot (the first in
        the table leads, the others are grey), ``facet`` names small plots side by side.
    reference
        A value and its label, drawn as a rule across the plot: a target or a promise.
    events
        ``date``, ``label``; for a single plot.
    title, subtitle, lang, narrow
        As for `fan`.
    percent
        Whether values are shares (0–1), to be labelled in per cent.
    points
        Whether to mark each observation; set it off for dense series.
    """
    observed = dated(observed)
    if "facet" in observed:
        return _facets(observed, title, subtitle, reference, lang, narrow, percent, points)
    names = _names(observed)
    frame = _frame(
        [observed],
        lang,
        narrow,
        _labels_room(names),
        280 if narrow else 260,
        percent=percent,
        reference=reference[0] if reference else None,
    )
    layers = _events(None if events is None else dated(events), frame)
    layers += _lines(observed, frame, reference, points)
    layers += _line_names(observed, frame, names)
    chart = alt.layer(*layers).properties(width=frame.width, height=frame.height)
    key = qualifier_key(observed, lang) if points else ""
    return finish(chart, heading(title, subtitle, narrow, key), lang)


def _names(observed: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(observed["series"])) if "series" in observed else []


def _lines(observed, frame: _Frame, reference, points: bool) -> list:
    layers: list = []
    if reference:
        value, label = reference
        row = pd.DataFrame({"date": [frame.start], "value": [value], "label": [label]})
        layers.append(layer(row).mark_rule(color=TARGET, strokeWidth=1.5).encode(y=frame.y))
        layers += text(row, frame.x, frame.y, TARGET, dx=4, dy=-11, fontWeight=600)
    names = _names(observed) or [None]
    for name in reversed(names):
        rows = observed if name is None else observed[observed["series"] == name]
        colour = OBSERVED if name == names[0] else GREY
        if points:
            layers += observed_layers(rows, frame.x, frame.y, colour)
        else:
            line = layer(rows).encode(x=frame.x, y=frame.y)
            layers.append(line.mark_line(color=colour, strokeWidth=2.25, strokeJoin="round"))
    return layers


def _line_names(observed, frame: _Frame, names: list[str]) -> list:
    ends = [observed[observed["series"] == name].iloc[-1] for name in names]
    colours = [INK if name == names[0] else TEXT for name in names]
    return _column(
        frame,
        [(end["value"], n, c) for end, n, c in zip(ends, names, colours, strict=True)],
    )


def _facets(observed, title, subtitle, reference, lang, narrow, percent, points):
    """Set small plots side by side (one below the other on a phone), on one scale."""
    names = list(dict.fromkeys(observed["facet"]))
    gap, columns = 26, 1 if narrow else min(3, len(names))
    total = (total_width(narrow) - gap * (columns - 1)) / columns
    plots = []
    for name in names:
        frame = _frame(
            [observed],
            lang,
            True,
            8,
            150 if narrow else 190,
            percent=percent,
            reference=reference[0] if reference else None,
            total=total,
        )
        rows = observed[observed["facet"] == name]
        plot = alt.layer(*_lines(rows, frame, reference, points))
        small = alt.Title(
            name, fontSize=LABEL_SIZE, color=INK, anchor="start", frame="group", offset=10
        )
        plots.append(plot.properties(width=frame.width, height=frame.height, title=small))
    chart = alt.concat(*plots, columns=columns, spacing=gap)
    key = qualifier_key(observed, lang) if points else ""
    return finish(chart, heading(title, subtitle, narrow, key), lang)

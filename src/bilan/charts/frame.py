"""The plot of a chart over time: its scales, its size, and the labels placed on it."""

from dataclasses import dataclass
from itertools import pairwise

import altair as alt
import pandas as pd

from bilan.charts.marks import event_layers, grid_axis, layer, text, time_axis
from bilan.charts.placing import place, spread
from bilan.charts.theme import (
    LABEL_SIZE,
    LINE,
    axis_room,
    nice_ticks,
    text_width,
    total_width,
    value_axis,
)


@dataclass(frozen=True)
class Frame:
    """Where a time chart's plot lies: its scales and its size."""

    x: alt.X
    y: alt.Y
    start: pd.Timestamp
    end: pd.Timestamp
    width: float
    height: float
    top: float
    bottom: float

    def across(self, day: pd.Timestamp) -> float:
        """Return how far from the left of the plot a day stands."""
        return (day - self.start) / (self.end - self.start) * self.width

    def pixel(self, value: float) -> float:
        """Return the height at which a value stands, from the top of the plot."""
        return self.height * (1 - (value - self.bottom) / (self.top - self.bottom))

    def value(self, pixel: float) -> float:
        """Return the value that stands at a height."""
        return self.bottom + (1 - pixel / self.height) * (self.top - self.bottom)


def make_frame(
    tables: list[pd.DataFrame],
    lang: str,
    narrow: bool,
    right: float,
    height: float,
    percent: bool = False,
    reference: float | None = None,
    total: float | None = None,
) -> Frame:
    """Lay out a plot on which all of the tables have room.

    Parameters
    ----------
    tables
        What will be drawn: ``date`` with ``value``, or with quantiles.
    lang, narrow
        Language of the axes; whether the chart is made for a phone.
    right
        Pixels that the labels beside the plot need.
    height
        Height of the plot.
    percent
        Whether values are shares.
    reference
        A value that the scale must reach as well.
    total
        Width of plot, axis and labels together; by default that of a whole chart.
    """
    dates = pd.concat([table["date"] for table in tables])
    tops = [table[name].max() for table in tables for name in ("value", "q975") if name in table]
    ticks = nice_ticks(max([*tops, reference or 0]) * 1.015)
    wide = total if total is not None else total_width(narrow)
    width = round(wide - axis_room(ticks, lang, percent) - right - 4)
    start, end = dates.min(), dates.max()
    if start == end:
        start, end = start - pd.Timedelta(days=180), end + pd.Timedelta(days=180)
    span = alt.Scale(domain=[moment(start), moment(end)])
    x = alt.X("date:T", scale=span, axis=time_axis(start, end, width, lang))
    y = alt.Y(
        "value:Q",
        scale=alt.Scale(domain=[ticks[0], ticks[-1]], zero=True),
        axis=value_axis(ticks, lang, percent, **grid_axis()),
    )
    return Frame(x, y, start, end, width, height, ticks[-1], ticks[0])


def moment(day: pd.Timestamp) -> alt.DateTime:
    """Say a day as Vega-Lite does."""
    return alt.DateTime(year=day.year, month=day.month, date=day.day)


def label_column(frame: Frame, labels: list[tuple[float, str, str]]) -> list:
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


def points_of(frame: Frame, table: pd.DataFrame, name: str = "value") -> list[tuple[float, float]]:
    """Return a line's points in pixels, close enough together for `place` to see it."""
    at = [frame.across(day) for day in table["date"]]
    up = [frame.pixel(value) for value in table[name]]
    points = list(zip(at, up, strict=True))
    for (x, y), (to_x, to_y) in pairwise(list(points)):
        steps = int(max(abs(to_x - x), abs(to_y - y)) // 7)
        points += [
            (x + (to_x - x) * i / steps, y + (to_y - y) * i / steps) for i in range(1, steps)
        ]
    return points


def labels_inside(
    frame: Frame, points: list[tuple[pd.Series, str]], obstacles: list[tuple[float, float]]
) -> list:
    """Write labels of points (row with ``label``, colour) where they cover no data."""
    anchors = [
        (frame.across(row["date"]), frame.pixel(row["value"]), row["label"]) for row, _ in points
    ]
    places = place(anchors, obstacles, frame.width, frame.height)
    layers: list = []
    for (x, y, words), (_, colour), spot in zip(anchors, points, places, strict=True):
        row = pd.DataFrame({"label": [words]})
        if spot.led:
            edge = spot.box.top + (spot.box.height + 2 if spot.box.top < y else -1)
            ends = {"x": alt.XValue(x), "y": alt.YValue(y), "y2": alt.Y2Value(edge)}
            layers.insert(0, layer(row).mark_rule(color=colour, strokeWidth=1).encode(**ends))
        style = {"align": spot.align, "fontWeight": 600}
        layers += text(row, alt.XValue(spot.x), alt.YValue(spot.first_line), colour, **style)
    return layers


def labels_room(labels: list[str]) -> float:
    """Return the width that a column of labels needs."""
    lines = [line for label in labels for line in label.split("\n")]
    return max((text_width(line, bold=True) for line in lines), default=0) + 14


def events_of(events: pd.DataFrame | None, frame: Frame) -> list:
    """Draw those events that fall within the plot."""
    if events is None:
        return []
    shown = events[events["date"].between(frame.start, frame.end)]
    return event_layers(shown, frame.x, (frame.start, frame.end), frame.width)

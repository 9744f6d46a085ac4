"""Charts the size of a word, for the promises of the first screen: no axis, no label.

What they leave out stands beside them: the promise, what came of it, and its source.
"""

import altair as alt
import pandas as pd

from bilan.charts.marks import dated, layer, overlay
from bilan.charts.theme import (
    ACCENT,
    FORECAST_80,
    GREY,
    OBSERVED,
    PAPER,
    RULE,
    TARGET,
    finish,
)

#: Size in the SVG's units, with room for a mark at each edge.
WIDTH, HEIGHT, EDGE = 132, 40, 7


def trend(
    observed: pd.DataFrame,
    target: tuple[object, float] | None = None,
    expected: tuple[float, float] | None = None,
) -> alt.LayerChart:
    """Draw how a count went, with what was promised of it.

    Parameters
    ----------
    observed
        ``date``, ``value``.
    target
        The day and the value that were promised.
    expected
        Bounds of the count on the day of the target, eight chances out of ten.
    """
    observed = dated(observed)
    days, values = [*observed["date"]], [0.0, *observed["value"]]
    if target:
        days.append(pd.Timestamp(target[0]))
        values += [target[1], *(expected or ())]
    x = alt.X("date:T", axis=None, scale=_across(*(day.value / 1e6 for day in _ends(days))))
    y = alt.Y("value:Q", axis=None, scale=_down(*_ends(values)))
    layers = []
    if target and expected:
        last = observed.iloc[-1]
        fan = pd.DataFrame(
            {
                "date": [last["date"], pd.Timestamp(target[0])],
                "value": [last["value"], expected[0]],
                "high": [last["value"], expected[1]],
            }
        )
        layers.append(layer(fan).mark_area(color=FORECAST_80).encode(x=x, y=y, y2=alt.Y2("high:Q")))
    layers += _line(observed, x, y, OBSERVED)
    if target:
        goal = pd.DataFrame({"date": [pd.Timestamp(target[0])], "value": [target[1]]})
        layers += _goal(goal, x, y)
    return _small(layers)


def places(ranks: pd.DataFrame, of: int) -> alt.LayerChart:
    """Draw a country's place from edition to edition, the first place above.

    Parameters
    ----------
    ranks
        ``year``, ``value``.
    of
        How many are ranked.
    """
    x = alt.X("year:Q", axis=None, scale=_across(*_ends(ranks["year"])))
    y = alt.Y("value:Q", axis=None, scale=_down(of, 1))
    return _small(_line(ranks, x, y, ACCENT))


def strip(rows: pd.DataFrame) -> alt.LayerChart:
    """Set statements about one quantity on a line from zero.

    Parameters
    ----------
    rows
        ``value``, ``said``: whether the promise's own author says so, or someone who measured.
    """
    x = alt.X("value:Q", axis=None, scale=_across(0, rows["value"].max()))
    y = alt.YValue(HEIGHT / 2)
    base = pd.DataFrame({"value": [0.0], "end": [float(rows["value"].max())]})
    said, measured = rows[rows["said"]], rows[~rows["said"]]
    ruler = layer(base).mark_rule(color=RULE, strokeWidth=1).encode(x=x, x2=alt.X2("end:Q"), y=y)
    points = layer(measured).mark_point(size=60, fill=OBSERVED, stroke=OBSERVED).encode(x=x, y=y)
    return _small([ruler, points, *_goal(said, x, y)])


def parts(done: int, of: int) -> alt.LayerChart:
    """Draw as many circles as a thing has parts, those begun filled."""
    rows = pd.DataFrame({"value": range(of), "done": [at < done for at in range(of)]})
    scale = alt.Scale(domain=[0, of - 1], range=[12, 12 + 30 * (of - 1)])
    x = alt.X("value:Q", axis=None, scale=scale)
    circles = [
        layer(rows[rows["done"] == full])
        .mark_point(size=380, fill=fill, stroke=stroke, strokeWidth=2, opacity=1)
        .encode(x=x, y=alt.YValue(HEIGHT / 2))
        for full, fill, stroke in ((True, OBSERVED, OBSERVED), (False, PAPER, GREY))
        if (rows["done"] == full).any()
    ]
    return _small(circles)


def _ends(numbers) -> tuple:
    return min(numbers), max(numbers)


def _across(low: float, high: float) -> alt.Scale:
    return alt.Scale(domain=[low, high], range=[EDGE, WIDTH - EDGE], nice=False, zero=False)


def _down(low: float, high: float) -> alt.Scale:
    return alt.Scale(domain=[low, high], range=[HEIGHT - EDGE, EDGE], nice=False, zero=False)


def _line(rows: pd.DataFrame, x: alt.X, y: alt.Y, colour: str) -> list:
    line = layer(rows).mark_line(color=colour, strokeWidth=2, strokeJoin="round")
    last = layer(rows.tail(1)).mark_point(size=40, fill=colour, stroke=colour)
    return [line.encode(x=x, y=y), last.encode(x=x, y=y)]


def _goal(rows: pd.DataFrame, x: alt.X, y: object) -> list:
    mark = layer(rows).mark_point(
        shape="diamond", size=90, fill=PAPER, stroke=TARGET, strokeWidth=2
    )
    return [mark.encode(x=x, y=y)]


def _small(layers: list) -> alt.LayerChart:
    chart = overlay(layers, width=WIDTH, height=HEIGHT)
    return finish(chart, None, "fr")  # without a word, it is the same in every language

"""Layers that several charts share: observed points, targets, events, labels that don't collide."""

from datetime import datetime

import altair as alt
import pandas as pd

from bilan.charts.theme import (
    GRID,
    LABEL_SIZE,
    OBSERVED,
    OUTCOME,
    PAPER,
    RULE,
    SMALL_SIZE,
    TARGET,
    TEXT,
    text_width,
    word,
)

UP = "M0,-0.4L0,-3.4M-0.9,-2.3L0,-3.4L0.9,-2.3"
DOWN = "M0,0.4L0,3.4M-0.9,2.3L0,3.4L0.9,2.3"
QUALIFIERS = ("exact", "about", "at_least", "at_most")


def layer(data: pd.DataFrame) -> alt.Chart:
    """Start a layer on a table of dates, numbers, truths and words."""
    columns = {str(name): _plain(column) for name, column in data.items()}
    rows = zip(*columns.values(), strict=True)
    # A tuple, because Altair copies lists and what is in them again and again.
    return alt.Chart({"values": tuple(dict(zip(columns, row, strict=True)) for row in rows)})


def _plain(column: pd.Series) -> list:
    """Return a column as JSON has it: a date as ISO text, None for what is missing.

    Altair does the same to every table, for many more kinds of columns, in ten times the time.
    """
    missing = column.isna()
    if column.dtype.kind == "M":
        return ["" if gone else day.isoformat() for day, gone in zip(column, missing, strict=True)]
    return [None if gone else value for value, gone in zip(column.tolist(), missing, strict=True)]


def overlay(layers: list, **options: object) -> alt.LayerChart:
    """Lay marks over each other in one plot.

    `alt.layer` copies each of them twice, with all that hangs on it: half of a chart's time.
    """
    chart = alt.LayerChart(**options)
    chart.layer = layers
    return chart


def dated(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a copy whose dates are datetimes without a time zone, in order."""
    out = frame.assign(date=pd.to_datetime(frame["date"]))
    return out.sort_values("date", kind="stable").reset_index(drop=True)


def text(data: pd.DataFrame, x: alt.X, y: alt.Y, colour: str, halo: bool = True, **options) -> list:
    """Write the column ``label`` at a place, with a halo of paper that lifts it off the lines."""
    style = {"fontSize": LABEL_SIZE, "align": "left", "baseline": "middle"} | options
    style["lineBreak"] = "\n"
    style.setdefault("lineHeight", round(style["fontSize"] * 1.25))
    base = layer(data).encode(x=x, y=y, text=alt.Text("label:N"))
    words = base.mark_text(color=colour, **style)
    if not halo:
        return [words]
    return [
        base.mark_text(color=PAPER, stroke=PAPER, strokeWidth=4, strokeJoin="round", **style),
        words,
    ]


def told(rows: pd.DataFrame | None, x: alt.X, y: alt.Y, **to: alt.X2 | alt.Y2) -> list:
    """Let each row of a table say its words, the column ``told``, in a live chart.

    A picture leaves these layers out: they are points, or rules where ``x2`` or ``y2`` is given,
    that nobody sees and that the page's script finds by their tooltip, in the order of the rows.
    A chart whose tables have no such column has none.
    """
    if rows is None or "told" not in rows:
        return []
    rows = rows[rows["told"].fillna("") != ""]
    if rows.empty:
        return []
    base = layer(rows).encode(x=x, y=y, tooltip=alt.Tooltip("told:N"), **to)
    if to:
        return [base.mark_rule(opacity=0, color=PAPER)]
    return [base.mark_point(opacity=0, size=1, fill=PAPER, stroke=PAPER)]


def observed_layers(data: pd.DataFrame, x: alt.X, y: alt.Y, colour: str = OBSERVED) -> list:
    """Draw observed values: a line, and a point by qualifier.

    An exact value is a full point, a rounded one is hollow; a bound carries a tick on the side
    where the true value lies.
    """
    if "qualifier" not in data:
        data = data.assign(qualifier="exact")
    base = layer(data).encode(x=x, y=y)
    layers = [base.mark_line(color=colour, strokeWidth=2.25, strokeJoin="round")]
    for name, shape in (("at_least", UP), ("at_most", DOWN)):
        if (data["qualifier"] == name).any():
            tick = layer(data[data["qualifier"] == name]).encode(x=x, y=y)
            layers.append(tick.mark_point(shape=shape, size=60, stroke=colour, strokeWidth=1.75))
    hollow = data["qualifier"] == "about"
    for rows, fill in ((data[~hollow], colour), (data[hollow], PAPER)):
        if len(rows):
            points = layer(rows).encode(x=x, y=y)
            layers.append(points.mark_point(size=48, fill=fill, stroke=colour, strokeWidth=1.75))
    return layers


def qualifier_key(data: pd.DataFrame, lang: str) -> str:
    """Explain the marks that differ from a plain point, if any do."""
    present = set(data["qualifier"]) if "qualifier" in data else set()
    if present <= {"exact"}:
        return ""
    return " · ".join(word(name, lang) for name in QUALIFIERS if name in present)


def outcome_layers(data: pd.DataFrame, x: alt.X, y: alt.Y) -> list:
    """Draw what happened after the cut-off day: squares in their own colour."""
    base = layer(data).encode(x=x, y=y)
    return [
        base.mark_line(color=OUTCOME, strokeWidth=1.5, strokeDash=[2, 2]),
        base.mark_point(shape="square", size=52, fill=OUTCOME, stroke=PAPER, strokeWidth=1),
    ]


def target_layers(data: pd.DataFrame, x: alt.X, y: alt.Y) -> list:
    """Draw targets as hollow diamonds."""
    base = layer(data).encode(x=x, y=y)
    return [base.mark_point(shape="diamond", size=150, fill=PAPER, stroke=TARGET, strokeWidth=2.25)]


def event_layers(events: pd.DataFrame, x: alt.X, span: tuple, width: float) -> list:
    """Draw events as thin rules with a word above the plot, in as many rows as the words need."""
    start, end = span
    ends, placed = [], []
    for event in events.itertuples():
        at = (event.date - start) / (end - start) * width
        wide = text_width(event.label, SMALL_SIZE)
        flip = at + wide > width
        reach = (at - wide - 10, at) if flip else (at, at + wide + 10)
        row = next((i for i, last in enumerate(ends) if last <= reach[0]), len(ends))
        ends[row:row] = [0.0] * (row == len(ends))
        ends[row] = reach[1]
        placed.append((event.date, event.label, row, flip))
    frame = pd.DataFrame(placed, columns=["date", "label", "row", "flip"])
    layers: list = []
    for (row, flip), rows in frame.groupby(["row", "flip"]):
        top = alt.YValue(-4 - row * 17)
        rule = layer(rows).mark_rule(color=RULE, strokeWidth=1, strokeDash=[3, 2])
        layers.append(rule.encode(x=x, y=top, y2=alt.Y2Value("height")))
        layers += text(
            rows,
            x,
            alt.YValue(-9 - row * 17),
            TEXT,
            halo=False,
            fontSize=SMALL_SIZE,
            align="right" if flip else "left",
            dx=-5 if flip else 5,
        )
    return layers


_MONTH = "timeFormat(datum.value, '%b')"


def time_axis(start: datetime, end: datetime, width: float, lang: str) -> alt.Axis:
    """Return an axis of years; of quarters or months where less than two years are shown."""
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 24:
        years = range(start.year + (start.month > 1 or start.day > 1), end.year + 1)
        step = max(1, round(len(years) * 46 / width + 0.49))
        ticks = [
            alt.DateTime(year=year, month=1, date=1)
            for year in years
            if year % step == 0 or step == 1
        ]
        words = {"format": "%Y"}
    else:
        step = next(s for s in (1, 2, 3, 4, 6, 12) if months / s * 44 <= width)
        firsts = pd.date_range(start.replace(day=1), end, freq="MS")
        shown = [day for day in firsts if day >= start and (day.month - 1) % step == 0]
        ticks = [alt.DateTime(year=day.year, month=day.month, date=1) for day in shown]
        first = shown[0].month - 1 if shown else 0
        year = f"month(datum.value) === 0 || (datum.index === 0 && month(datum.value) === {first})"
        words = {"labelExpr": f"{year} ? [{_MONTH}, timeFormat(datum.value, '%Y')] : {_MONTH}"}
    return alt.Axis(
        values=ticks,
        **words,
        domain=True,
        domainColor=RULE,
        ticks=True,
        tickColor=RULE,
        tickSize=5,
        labelPadding=4,
    )


def grid_axis(**options) -> dict:
    """Return the options of an axis whose ticks are carried by light rules."""
    return {"grid": True, "gridColor": GRID, "gridWidth": 1} | options

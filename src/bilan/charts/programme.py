"""Charts of the programme: the state of its targets, its milestones, its claims."""

import altair as alt
import pandas as pd

from bilan.charts.frame import moment
from bilan.charts.marks import grid_axis, layer, overlay, text, time_axis, told
from bilan.charts.theme import (
    FORECAST_80,
    GREY,
    GRID,
    INK,
    LABEL_SIZE,
    LINE,
    OBSERVED,
    PAPER,
    RULE,
    SMALL_SIZE,
    TARGET,
    TEXT,
    finish,
    heading,
    text_width,
    total_width,
    wrap,
)

STATES = ("met", "open", "missed", "unknown")
_BARS = {"met": OBSERVED, "open": FORECAST_80, "missed": GREY, "unknown": GRID}


def _rows_of(lines: pd.Series, gap: float, size: float) -> tuple[list[float], float]:
    """Give each row its middle and the whole its height, from the lines of its label."""
    middles, edge = [], 0.0
    for count in lines:
        high = count * size * LINE + gap
        middles.append(edge + high / 2)
        edge += high
    return middles, edge


def progress(
    targets: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    target_label: str = "",
    cap: float = 1.5,
    lang: str = "fr",
    narrow: bool = False,
) -> alt.LayerChart:
    """Draw how much of each target was reached, on one scale.

    Parameters
    ----------
    targets
        ``label``: the promise; ``share``: value reached over value promised (NaN where nothing was
        measured); ``state``: ``met``, ``open``, ``missed`` or ``unknown``; ``text``: value, target
        and state in words, for colour is never alone; perhaps ``told``, for the live chart.
    title, subtitle
        The finding as a sentence; when the state was taken.
    target_label
        The word above the rule at 100 %.
    cap
        Where the scale ends; a longer bar is cut there with an arrow.
    lang, narrow
        Language of the labels; whether to draw for a phone.
    """
    unknown = set(targets["state"]) - set(STATES)
    if unknown:
        raise ValueError(f"states are {', '.join(STATES)}, not {', '.join(sorted(unknown))}")
    rows = targets.reset_index(drop=True).copy()
    total = total_width(narrow)
    left = 0 if narrow else 262
    right = 0 if narrow else 186
    rows["label"] = ["\n".join(wrap(t, total if narrow else left - 14)) for t in rows["label"]]
    rows["text"] = [
        "\n".join(wrap(t, total if narrow else right - 16, SMALL_SIZE)) for t in rows["text"]
    ]
    counts = [rows[name].str.count("\n") + 1 for name in ("label", "text")]
    if narrow:
        rows["middle"], height = _rows_of(counts[0] + counts[1], 38, LABEL_SIZE)
    else:
        rows["middle"], height = _rows_of(pd.concat(counts, axis=1).max(axis=1), 12, LABEL_SIZE)
    reach = min(cap, max(1.1, rows["share"].max() * 1.03))
    width = total - left - right - 22 * narrow
    rows["shown"] = rows["share"].clip(upper=reach).fillna(0)
    bar = rows.assign(y=rows["middle"])
    if narrow:  # label above, words below the bar
        half = (counts[1] - counts[0]) * LABEL_SIZE * LINE / 2
        bar["y"] = rows["middle"] - half
    x = alt.X(
        "shown:Q",
        scale=alt.Scale(domain=[0, reach], nice=False),
        axis=alt.Axis(
            values=[v for v in (0, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4) if v <= reach],
            labelExpr=_percent(lang),
            labelFontSize=SMALL_SIZE,
            labelFlush=False,
            **grid_axis(),
        ),
    )
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, height], reverse=True, nice=False), axis=None)
    layers = _bars(bar, x, y) + _goal(x, y, bar["y"] if narrow else None, target_label)
    layers += _overflow(bar, reach, x, y)
    layers += _progress_words(bar, counts, narrow, left, width, y)
    layers += told(bar, x, y, x2=alt.X2Datum(0))
    chart = overlay(layers, width=width, height=round(height))
    return finish(chart, heading(title, subtitle, narrow), lang)


def _percent(lang: str) -> str:
    sign = "\u202f%" if lang == "fr" else "%"
    return f"datum.value === 0 ? '0' : format(datum.value * 100, '.0f') + '{sign}'"


def _bars(bar: pd.DataFrame, x: alt.X, y: alt.Y) -> list:
    track = layer(bar).mark_rule(color=GRID, strokeWidth=2).encode(y=y)
    layers: list = [track]
    for state, rows in bar.groupby("state", sort=False):
        base = layer(rows).encode(x=x, y=y)
        edge = OBSERVED if state in ("met", "open") else RULE
        layers.append(
            base.mark_bar(size=12, color=_BARS[state], stroke=edge, strokeWidth=1).encode(
                x2=alt.X2Datum(0)
            )
        )
    return layers


def _goal(x: alt.X, y: alt.Y, bars: pd.Series | None, label: str) -> list:
    """Mark the promise: one rule over all bars, or a stroke on each where words lie between."""
    row = pd.DataFrame({"shown": [1.0], "label": [label]})
    if bars is None:
        rule = layer(row).mark_rule(color=TARGET, strokeWidth=1.5)
        rule = rule.encode(x=x, y=alt.YValue(-8), y2=alt.Y2Value("height"))
    else:
        strokes = pd.DataFrame({"shown": 1.0, "y": bars - 10, "end": bars + 10})
        rule = layer(strokes).mark_rule(color=TARGET, strokeWidth=2).encode(x=x, y=y, y2="end:Q")
    diamond = layer(row).mark_point(
        shape="diamond", size=90, fill=PAPER, stroke=TARGET, strokeWidth=2
    )
    above = alt.YValue(-8)
    return [
        rule,
        diamond.encode(x=x, y=above),
        *text(row, x, above, TARGET, dx=9, fontWeight=600, halo=False, fontSize=SMALL_SIZE),
    ]


def _overflow(bar: pd.DataFrame, reach: float, x: alt.X, y: alt.Y) -> list:
    """Put an arrow where a bar leaves the scale."""
    beyond = bar[bar["share"] > reach]
    if beyond.empty:
        return []
    arrow = layer(beyond).mark_point(
        shape="triangle-right", size=60, fill=PAPER, stroke=PAPER, xOffset=-9
    )
    return [arrow.encode(x=x, y=y)]


def _progress_words(bar, counts, narrow, left, width, y) -> list:
    lift = -LABEL_SIZE * LINE / 2
    layers: list = []
    for i in range(len(bar)):
        row = bar.iloc[[i]]
        words = row.assign(label=row["text"])
        n_label, n_text = counts[0][i], counts[1][i]
        style = {"halo": False, "fontSize": SMALL_SIZE}
        if narrow:
            up = -14 - LABEL_SIZE * LINE * (n_label - 0.5)
            layers += text(row, alt.XValue(0), y, INK, fontWeight=600, dy=up)
            layers += text(words, alt.XValue(0), y, TEXT, dy=17, **style | {"halo": True})
        else:
            layers += text(row, alt.XValue(-left), y, INK, halo=False, dy=lift * (n_label - 1))
            layers += text(words, alt.XValue(width + 14), y, TEXT, dy=lift * (n_text - 1), **style)
    return layers


def timeline(
    milestones: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    today: tuple[str, str] | None = None,
    lang: str = "fr",
    narrow: bool = False,
) -> alt.LayerChart:
    """Draw dated milestones, one a row, each in words.

    Parameters
    ----------
    milestones
        ``label``; ``planned`` and ``done``, dates of which one may be missing. A hollow diamond
        stands where it was promised, a full point where it was done; a line joins the two.
        Perhaps ``told``, for the live chart.
    title, subtitle
        The finding as a sentence; from when to when, and how to read the marks.
    today
        The edition's cut-off day and its words.
    lang, narrow
        Language of the labels; whether to draw for a phone.
    """
    rows = milestones.reset_index(drop=True).copy()
    for name in ("planned", "done"):
        rows[name] = pd.to_datetime(rows.get(name, pd.NaT))
    rows["first"] = rows[["planned", "done"]].min(axis=1)
    rows["last"] = rows[["planned", "done"]].max(axis=1)
    rows = rows.sort_values("first", kind="stable").reset_index(drop=True)
    total = total_width(narrow)
    left = 0 if narrow else 450
    width = total - left - 12
    rows["label"] = ["\n".join(wrap(t, total - 8 if narrow else left - 22)) for t in rows["label"]]
    count = rows["label"].str.count("\n") + 1
    rows["y"], height = _rows_of(count + narrow, 12 if narrow else 8, LABEL_SIZE)
    days = [*rows["first"], *rows["last"]] + ([pd.Timestamp(today[0])] if today else [])
    start = min(days) - pd.Timedelta(days=45)
    end = max(days) + pd.Timedelta(days=45)
    scale = alt.Scale(domain=[moment(start), moment(end)])
    axis = time_axis(start, end, width, lang)
    axis.grid, axis.gridColor = True, GRID
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, height], reverse=True, nice=False), axis=None)
    layers = _today(today, scale, axis)
    layers += _milestones(rows, scale, axis, y, shift=LABEL_SIZE * LINE / 2 * narrow * count)
    for i in range(len(rows)):
        row = rows.iloc[[i]]
        up = -LABEL_SIZE * LINE / 2 * (count[i] - 1 + narrow)
        layers += text(row, alt.XValue(-left), y, INK, halo=narrow, dy=up)
    chart = overlay(layers, width=width, height=round(height))
    return finish(chart, heading(title, subtitle, narrow), lang)


def _today(today, scale: alt.Scale, axis: alt.Axis) -> list:
    if not today:
        return []
    row = pd.DataFrame({"date": [pd.Timestamp(today[0])], "label": [today[1]]})
    x = alt.X("date:T", scale=scale, axis=axis)
    rule = layer(row).mark_rule(color=RULE, strokeWidth=1, strokeDash=[3, 2])
    return [
        rule.encode(x=x, y=alt.YValue(-4), y2=alt.Y2Value("height")),
        *text(row, x, alt.YValue(-10), TEXT, halo=False, align="center", fontSize=SMALL_SIZE),
    ]


def _milestones(rows, scale: alt.Scale, axis: alt.Axis, y: alt.Y, shift) -> list:
    rows = rows.assign(y=rows["y"] + shift)
    base = layer(rows)
    # A span with both ends repeats the domain, and Vega-Lite reads a repeated date as a new one.
    span = alt.X("first:T", axis=axis)
    layers: list = [
        base.mark_rule(color=GRID, strokeWidth=1).encode(y=y),
        base.mark_rule(color=OBSERVED, strokeWidth=2).encode(x=span, x2=alt.X2("last:T"), y=y),
        *told(rows, span, y, x2=alt.X2("last:T")),
    ]
    for name, style in (
        ("planned", {"shape": "diamond", "size": 110, "fill": PAPER, "stroke": TARGET}),
        ("done", {"shape": "circle", "size": 80, "fill": OBSERVED, "stroke": OBSERVED}),
    ):
        part = rows[rows[name].notna()]
        if len(part):
            x = alt.X(f"{name}:T", scale=scale, axis=axis)
            layers.append(layer(part).mark_point(strokeWidth=2, **style).encode(x=x, y=y))
    return layers


def measurement_vs_claim(
    rows: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    lang: str = "fr",
    narrow: bool = False,
) -> alt.LayerChart:
    """Set a claim beside what was measured, on a logarithmic scale.

    Parameters
    ----------
    rows
        ``label``: who says or measures what; ``value``; ``kind``: ``claim`` (hollow diamond) or
        ``measured`` (full point); ``text``: the value in words; perhaps ``told``, for the live
        chart.
    title, subtitle
        The finding as a sentence; the unit, and that each step of the scale is ten times the last.
    lang, narrow
        Language of the labels; whether to draw for a phone.
    """
    rows = rows.reset_index(drop=True).copy()
    total = total_width(narrow)
    left = 0 if narrow else 270
    right = max(text_width(t, bold=True) for t in rows["text"]) + 14
    rows["label"] = ["\n".join(wrap(t, total - 8 if narrow else left - 22)) for t in rows["label"]]
    count = rows["label"].str.count("\n") + 1
    rows["y"], height = _rows_of(count + narrow, 18, LABEL_SIZE)
    width = round(total - left - right)
    low = 10 ** (len(str(int(rows["value"].min()))) - 1)
    high = rows["value"].max() * 1.3
    powers = [10**n for n in range(len(str(low)) - 1, len(str(int(high))))]
    x = alt.X(
        "value:Q",
        scale=alt.Scale(type="log", domain=[low, float(high)], nice=False),
        axis=alt.Axis(
            values=powers if not narrow or len(powers) < 5 else powers[::2],
            labelExpr="format(datum.value, ',.0f')",
            labelFontSize=SMALL_SIZE,
            labelFlush=False,
            **grid_axis(),
        ),
    )
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, height], reverse=True, nice=False), axis=None)
    layers: list = []
    shift = LABEL_SIZE * LINE / 2 * narrow * count
    for i in range(len(rows)):
        row = rows.iloc[[i]]
        up = -LABEL_SIZE * LINE / 2 * (count[i] - 1 + narrow)
        layers += text(row, alt.XValue(-left), y, INK, halo=narrow, dy=up)
    dots = rows.assign(y=rows["y"] + shift, label=rows["text"])
    for kind, colour, shape, fill in (
        ("claim", TARGET, "diamond", PAPER),
        ("measured", OBSERVED, "circle", OBSERVED),
    ):
        part = dots[dots["kind"] == kind]
        base = layer(part).encode(x=x, y=y)
        layers.append(
            base.mark_rule(color=RULE, strokeWidth=1, strokeDash=[1, 3]).encode(x2=alt.X2Value(0))
        )
        size = 140 if kind == "claim" else 90
        layers.append(
            base.mark_point(shape=shape, size=size, fill=fill, stroke=colour, strokeWidth=2)
        )
        layers += text(part, x, y, colour, dx=12, fontWeight=600)
    layers += told(dots, x, y)
    chart = overlay(layers, width=width, height=round(height))
    return finish(chart, heading(title, subtitle, narrow), lang)

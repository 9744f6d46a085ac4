"""Charts of countries: ranks over the years, chances of each rank, scores in order."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from bilan.charts.marks import grid_axis, layer, overlay, text, told
from bilan.charts.placing import spread
from bilan.charts.theme import (
    ACCENT,
    GREY,
    INK,
    LABEL_SIZE,
    PAPER,
    RULE,
    SMALL_SIZE,
    TEXT,
    axis_room,
    finish,
    heading,
    nice_ticks,
    text_width,
    total_width,
    value_axis,
)

# How lines of other methods are dashed, and the sign that stands for each dash in a key.
DASHES = ([], [6, 3], [2, 2], [8, 3, 2, 3])
SIGNS = ("——", "– – –", "·····", "– · –")


def rank_history(
    ranks: pd.DataFrame,
    country: str,
    *,
    title: str,
    subtitle: str = "",
    vintage: str | None = None,
    names: Mapping[str, str] | None = None,
    lang: str = "fr",
    narrow: bool = False,
) -> alt.LayerChart:
    """Draw the ranks of all countries over the years, one of them in the accent; rank 1 on top.

    Parameters
    ----------
    ranks
        ``country``, ``year``, ``rank``, ``vintage``: the words that tell one method's ranks from
        another's; perhaps ``told``, for the live chart.
    country
        The country to bring out.
    title, subtitle
        The finding as a sentence; what is ranked, by whom, from when to when.
    vintage
        Whose ranks the grey lines show, and the accent's full line; by default the last in the
        table. Other vintages are dashed, and only for the chosen country.
    names
        Names of countries by code; a code without name stands for itself.
    lang, narrow
        Language of the labels; whether to draw for a phone.
    """
    names = names or {}
    vintages = list(dict.fromkeys(ranks["vintage"]))
    vintage = vintage or vintages[-1]
    main = ranks[ranks["vintage"] == vintage]
    height = 400
    ends = main[main["year"] == main["year"].max()].assign(
        label=lambda rows: rows["country"].map(lambda code: names.get(code, code)),
        # Of countries that share a place, the next stand beside the places that nobody holds.
        rank=lambda rows: rows["rank"] + rows.groupby("rank").cumcount(),
    )
    right = max(text_width(label, SMALL_SIZE, bold=True) for label in ends["label"]) + 14
    bottom = ranks["rank"].max()
    marks = [1, *range(5, int(bottom) + 1, 5)]
    x, y, width = _rank_scales(ranks, marks, bottom, total_width(narrow) - right - 26, narrow)

    others = layer(main[main["country"] != country])
    others = others.encode(x=x, y=y, detail=alt.Detail("country:N"))
    layers: list = [others.mark_line(color=GREY, strokeWidth=0.75)]
    others = [name for name in vintages if name != vintage]
    layers += _other_vintages(ranks[ranks["country"] == country], others, x, y, narrow)
    own = layer(main[main["country"] == country]).encode(x=x, y=y)
    layers += [
        own.mark_line(color=ACCENT, strokeWidth=3, strokeJoin="round"),
        own.mark_point(shape="circle", size=330, fill=ACCENT, stroke=PAPER, strokeWidth=1.5),
        own.mark_text(color=PAPER, fontSize=12, fontWeight=600, baseline="middle").encode(
            text=alt.Text("rank:Q")
        ),
    ]
    for rows, colour, weight in (
        (ends[ends["country"] != country], TEXT, "normal"),
        (ends[ends["country"] == country], ACCENT, 600),
    ):
        style = {"fontSize": SMALL_SIZE - 1, "fontWeight": weight, "dx": 13, "halo": False}
        layers += text(rows, x, y, colour, **style)
    mine = ranks["country"] == country
    layers += told(main[main["country"] == country], x, y)
    layers += told(ranks[mine & (ranks["vintage"] != vintage)], x, y)
    layers += told(main[main["country"] != country], x, y)
    chart = overlay(layers, width=width, height=height)
    key = _dash_key(vintage, others) if narrow else ""
    return finish(chart, heading(title, subtitle, narrow, key), lang)


def _dash_key(vintage: str, others: list[str]) -> str:
    lines = [f"—— {vintage}"]
    lines += [f"{SIGNS[i % len(SIGNS)]} {name}" for i, name in enumerate(others, start=1)]
    return "\n".join(lines) if others else ""


def _rank_scales(ranks, marks, bottom, width, narrow) -> tuple[alt.X, alt.Y, float]:
    years = sorted(ranks["year"].unique())
    step = 2 if narrow and len(years) > 6 else 1
    x = alt.X(
        "year:Q",
        scale=alt.Scale(domain=[int(years[0]), int(years[-1])], nice=False, zero=False, padding=12),
        axis=alt.Axis(
            values=[int(year) for year in years[(len(years) - 1) % step :: step]],
            format="d",
            labelPadding=6,
        ),
    )
    y = alt.Y(
        "rank:Q",
        scale=alt.Scale(domain=[0.4, float(bottom) + 0.6], reverse=True, nice=False, zero=False),
        axis=alt.Axis(values=marks, format="d", grid=False),
    )
    return x, y, width


def _other_vintages(own, others, x, y, narrow) -> list:
    """Draw the chosen country's ranks by other methods: dashed, named where they begin."""
    layers, starts = [], []
    for number, name in enumerate(others, start=1):
        rows = own[own["vintage"] == name].sort_values("year")
        if rows.empty:
            continue
        dash = DASHES[number % len(DASHES)]
        base = layer(rows).encode(x=x, y=y)
        layers.append(base.mark_line(color=ACCENT, strokeWidth=1.75, strokeDash=dash))
        layers.append(base.mark_point(size=34, fill=PAPER, stroke=ACCENT, strokeWidth=1.5))
        starts.append(rows.iloc[0].to_dict() | {"label": name})
    if narrow or not starts:  # no room for names: the heading explains the dashes
        return layers
    wanted = [start["rank"] - 1.1 for start in starts]
    middle = (own["year"].min() + own["year"].max()) / 2
    for start, rank in zip(starts, spread(wanted, [1.5] * len(starts), 0.5, 99), strict=True):
        row = pd.DataFrame([start | {"rank": rank}])
        side = "left" if start["year"] < middle else "right"
        style = {"align": side, "dx": 2 if side == "left" else 4}
        layers += text(row, x, y, ACCENT, fontSize=SMALL_SIZE, **style)
    return layers


def rank_distribution(
    probabilities: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    interval: tuple[int, int] | None = None,
    interval_label: str = "",
    current: tuple[int, str] | None = None,
    lang: str = "fr",
    narrow: bool = False,
) -> alt.LayerChart:
    """Draw the chance of each rank in an edition to come.

    Parameters
    ----------
    probabilities
        ``rank``, ``probability`` (0–1), a row for every possible rank; perhaps ``told``, for the
        live chart.
    title, subtitle
        The finding as a sentence; which edition, of which ranking.
    interval, interval_label
        First and last rank of the 80 % interval, and its words; bars outside are grey.
    current
        The last known rank, and its words.
    lang, narrow
        Language of the labels; whether to draw for a phone.
    """
    low, high = interval or (1, int(probabilities["rank"].max()))
    top = probabilities["probability"].max()
    ticks = nice_ticks(top, 5)
    count = int(probabilities["rank"].max())
    width = round(total_width(narrow) - axis_room(ticks, lang, True) - 8)
    height = 210 if narrow else 220
    marks = [1, *range(5, count + 1, 5)]
    x = alt.X(
        "rank:Q",
        scale=alt.Scale(domain=[0.4, count + 0.6], nice=False, zero=False),
        axis=alt.Axis(values=marks, format="d", domain=True, domainColor=RULE, labelPadding=5),
    )
    y = alt.Y(
        "probability:Q",
        scale=alt.Scale(domain=[0, ticks[-1]]),
        axis=value_axis(ticks, lang, percent=True, **grid_axis()),
    )
    inside = probabilities["rank"].between(low, high)
    layers: list = []
    size = width / (count + 0.2) * 0.72
    for rows, colour in ((probabilities[~inside], GREY), (probabilities[inside], ACCENT)):
        layers.append(layer(rows).mark_bar(color=colour, size=size).encode(x=x, y=y))
    layers += told(probabilities, x, y, y2=alt.Y2Datum(0))
    if interval:
        layers += _bracket(low, high, interval_label, x, width, count)
    if current:
        row = pd.DataFrame({"rank": [current[0]], "label": [current[1]]})
        under = alt.YValue(height + 30)
        layers.append(
            layer(row)
            .mark_point(shape="triangle-up", size=70, fill=INK, stroke=INK)
            .encode(x=x, y=under)
        )
        flip = current[0] > count * 0.6
        side = {"align": "right" if flip else "left", "dx": -10 if flip else 10}
        layers += text(row, x, under, INK, fontWeight=600, halo=False, **side)
    chart = overlay(layers, width=width, height=height)
    return finish(chart, heading(title, subtitle, narrow), lang)


def _bracket(low: int, high: int, label: str, x: alt.X, width: float, count: int) -> list:
    """Mark an interval of ranks above the bars."""
    row = pd.DataFrame({"rank": [low - 0.4], "to": [high + 0.4], "label": [label]})
    base = layer(row)
    above = alt.YValue(-10)
    layers: list = [
        base.mark_rule(color=ACCENT, strokeWidth=1.5).encode(x=x, x2=alt.X2("to:Q"), y=above),
    ]
    for edge in (low - 0.4, high + 0.4):
        tick = layer(pd.DataFrame({"rank": [edge]})).mark_rule(color=ACCENT, strokeWidth=1.5)
        layers.append(tick.encode(x=x, y=above, y2=alt.Y2Value(-4)))
    wide, scale = text_width(label, LABEL_SIZE, bold=True), width / (count + 0.2)
    middle = (low + high) / 2
    middle = min(max(middle, wide / 2 / scale + 0.4), count + 0.6 - wide / 2 / scale)
    place = row.assign(rank=middle)
    layers += text(place, x, alt.YValue(-21), ACCENT, align="center", fontWeight=600, halo=False)
    return layers


def dot_plot(
    scores: pd.DataFrame,
    country: str,
    *,
    title: str,
    subtitle: str = "",
    mean: tuple[float, str] | None = None,
    names: Mapping[str, str] | None = None,
    lang: str = "fr",
    narrow: bool = False,
) -> alt.LayerChart:
    """Draw every country's score in order, one country in the accent.

    Parameters
    ----------
    scores
        ``country``, ``score`` and, if a number shall stand by the dot, ``label``.
    country
        The country to bring out.
    title, subtitle
        The finding as a sentence; what the score measures, its scale, when.
    mean
        The Union's score and its words, drawn as a rule.
    names
        Names of countries by code.
    lang, narrow
        Language of the labels; whether to draw for a phone.
    """
    names = names or {}
    rows = scores.sort_values("score", ascending=False, kind="stable").reset_index(drop=True)
    rows["place"] = rows.index + 1
    rows["name"] = [
        f"{place}\u00a0 {names.get(code, code)}"
        for place, code in zip(rows["place"], rows["country"], strict=True)
    ]
    if "label" not in rows:
        rows["label"] = ""
    step = 17
    left = max(text_width(name, SMALL_SIZE, bold=True) for name in rows["name"]) + 14
    right = max(text_width(label, SMALL_SIZE) for label in rows["label"]) + 10
    width = round(total_width(narrow) - left - right)
    ticks = nice_ticks(rows["score"].max(), 5 if narrow else 8)
    x = alt.X(
        "score:Q",
        scale=alt.Scale(domain=[0, ticks[-1]]),
        axis=value_axis(ticks, lang, orient="bottom", labelFontSize=SMALL_SIZE, **grid_axis()),
    )
    y = alt.Y(
        "place:Q",
        scale=alt.Scale(domain=[0.4, len(rows) + 0.6], reverse=True, nice=False, zero=False),
        axis=None,
    )
    layers: list = []
    if mean:
        rule = layer(pd.DataFrame({"score": [mean[0]], "label": [mean[1]]}))
        layers.append(
            rule.mark_rule(color=INK, strokeWidth=1, strokeDash=[4, 3]).encode(
                x=x, y=alt.YValue(-6), y2=alt.Y2Value(step * len(rows))
            )
        )
        at = mean[0] / ticks[-1] * width
        side = "right" if at + text_width(mean[1]) > width + right else "left"
        layers += text(
            pd.DataFrame({"score": [mean[0]], "label": [mean[1]]}),
            x,
            alt.YValue(-10),
            INK,
            halo=False,
            align=side,
            dx=5 if side == "left" else -5,
            fontSize=SMALL_SIZE,
        )
    chosen = rows["country"] == country
    for part, colour, weight in ((rows[~chosen], GREY, "normal"), (rows[chosen], ACCENT, 600)):
        base = layer(part).encode(x=x, y=y)
        stem = base.mark_rule(color=colour, strokeWidth=2.5 if weight == 600 else 1)
        layers.append(stem.encode(x2=alt.X2Datum(0)))
        dot = base.mark_point(size=80 if weight == 600 else 50, fill=colour, stroke=colour)
        layers.append(dot)
        style = {"fontSize": SMALL_SIZE, "fontWeight": weight}
        colour = ACCENT if weight == 600 else TEXT
        layers += text(part, x, y, colour, dx=8, **style)
        place = part.assign(label=part["name"])
        layers += text(place, alt.XValue(-8), y, colour, align="right", **style)
    layers += told(rows, x, y, x2=alt.X2Datum(0))
    chart = overlay(layers, width=width, height=step * len(rows))
    return finish(chart, heading(title, subtitle, narrow), lang)

"""Forecasts as fans: what was observed, what is forecast, what was promised."""

from collections.abc import Mapping
from itertools import pairwise

import altair as alt
import numpy as np
import pandas as pd

from bilan.charts.frame import (
    Frame,
    events_of,
    label_column,
    labels_inside,
    labels_room,
    make_frame,
    points_of,
)
from bilan.charts.marks import (
    dated,
    layer,
    observed_layers,
    outcome_layers,
    overlay,
    qualifier_key,
    target_layers,
    text,
    told,
)
from bilan.charts.theme import (
    FORECAST,
    FORECAST_50,
    FORECAST_80,
    FORECAST_95,
    GREY,
    INK,
    NARROW_LABEL,
    OBSERVED,
    OUTCOME,
    PAPER,
    SMALL_SIZE,
    TARGET,
    TEXT,
    finish,
    heading,
    word,
    wrap,
)

BANDS = (("q025", "q975", FORECAST_95), ("q10", "q90", FORECAST_80), ("q25", "q75", FORECAST_50))


def _bands(quantiles: pd.DataFrame, frame: Frame) -> list:
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


def _inner_edges(quantiles: pd.DataFrame, frame: Frame) -> list[float]:
    """Return the values of the median and the upper edges, a label's width before the end."""
    at = [frame.across(day) for day in quantiles["date"]]
    return [
        float(np.interp(at[-1] - 30, at, quantiles[name])) for name in ("q50", "q75", "q90", "q975")
    ]


def _bands_have_room(quantiles: pd.DataFrame, frame: Frame) -> bool:
    edges = [frame.pixel(value) for value in _inner_edges(quantiles, frame)]
    return all(low - high >= SMALL_SIZE + 5 for low, high in pairwise(edges))


def _band_labels(quantiles: pd.DataFrame, frame: Frame, lang: str) -> list:
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
        ``date``, ``value``: what happened after the edition's cut-off day. Rows of these tables,
        and of `quantiles`, may have ``told``: what they say in a live chart.
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
    if quantiles is not None and outcome is not None:
        quantiles = _until(quantiles, [outcome, *([targets] if targets is not None else [])])
    tables = [table for table in (observed, quantiles, targets, outcome) if table is not None]
    last = max(table["date"].max() for table in tables)
    if narrow:
        labels = {key: _folded(words) for key, words in labels.items()}
        if targets is not None:
            targets["label"] = targets["label"].map(_folded)
    column, inside = _sort_labels(observed, quantiles, targets, outcome, labels, last)
    room = labels_room([words for _, words, _ in column])
    frame = make_frame(tables, lang, narrow, room, 300 if narrow else 270)
    layers = events_of(events, frame)
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
    layers += labels_inside(frame, inside, _obstacles(frame, observed, quantiles, outcome))
    layers += label_column(frame, column)
    layers += told(observed, frame.x, frame.y)
    if quantiles is not None:
        span = frame.y.copy()
        span.shorthand = "q025:Q"
        layers += told(quantiles, frame.x, span, y2=alt.Y2("q975:Q"))
    layers += told(outcome, frame.x, frame.y) + told(targets, frame.x, frame.y)
    chart = overlay(layers, width=frame.width, height=frame.height)
    return finish(chart, heading(title, subtitle, narrow, " · ".join(filter(None, key))), lang)


def _folded(words: str) -> str:
    """Break a label into the short lines that a phone has room for."""
    return "\n".join(wrap(words, NARROW_LABEL, bold=True))


def _until(quantiles: pd.DataFrame, others: list[pd.DataFrame]) -> pd.DataFrame:
    """Cut a forecast where nothing is left to compare it with."""
    last = max(table["date"].max() for table in others)
    dense = quantiles.set_index("date")
    if not dense.index[0] < last < dense.index[-1]:
        return quantiles
    dense = dense.reindex(dense.index.union([last]))
    dense = dense.assign(**dense.select_dtypes("number").interpolate(method="time"))
    return dense[dense.index <= last].reset_index(names="date")


def _obstacles(frame: Frame, observed, quantiles, outcome) -> list[tuple[float, float]]:
    points = points_of(frame, observed)
    if quantiles is not None:
        points += points_of(frame, quantiles, "q50")
    if outcome is not None:
        points += points_of(frame, outcome)
    return points


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


def curves(
    observed: pd.DataFrame,
    candidates: pd.DataFrame,
    *,
    title: str,
    subtitle: str = "",
    lang: str = "fr",
    narrow: bool = False,
) -> alt.LayerChart:
    """Draw the curves that a forecast weighs against each other, the weightier the stronger.

    Parameters
    ----------
    observed
        As for `fan`.
    candidates
        ``date``, ``value``, ``series``, ``weight`` (0–1, the same on all rows of a series).
    title, subtitle, lang, narrow
        As for `fan`.
    """
    observed, candidates = dated(observed), dated(candidates)
    lines = [rows for _, rows in candidates.groupby("series", sort=False)]
    lines.sort(key=lambda rows: rows["weight"].iloc[0])
    percent = word("percent", lang)
    names = [f"{r['series'].iloc[0]} {100 * r['weight'].iloc[0]:.0f}{percent}" for r in lines]
    frame = make_frame(
        [observed, candidates], lang, narrow, labels_room(names), 300 if narrow else 270
    )
    most = candidates["weight"].max()
    layers: list = []
    for rows in lines:
        share = rows["weight"].iloc[0] / most
        style = {"strokeWidth": 1 + 2 * share, "opacity": 0.35 + 0.65 * share}
        line = layer(rows[["date", "value"]]).encode(x=frame.x, y=frame.y)
        layers.append(line.mark_line(color=GREY, **style))
    layers += observed_layers(observed, frame.x, frame.y)
    ends = [rows["value"].iloc[-1] for rows in lines]
    layers += label_column(frame, [(end, n, TEXT) for end, n in zip(ends, names, strict=True)])
    chart = overlay(layers, width=frame.width, height=frame.height)
    return finish(chart, heading(title, subtitle, narrow, qualifier_key(observed, lang)), lang)


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
    frame = make_frame(tables, lang, False, 0, height, total=width)
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
    chart = overlay(layers, width=width, height=height)
    return finish(chart, None, lang)

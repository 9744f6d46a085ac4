"""Observed series, without forecast: one or several lines, or small plots side by side."""

import altair as alt
import pandas as pd

from bilan.charts.frame import Frame, events_of, label_column, labels_room, make_frame
from bilan.charts.marks import dated, layer, observed_layers, overlay, qualifier_key, text, told
from bilan.charts.theme import (
    GREY,
    INK,
    LABEL_SIZE,
    NARROW_LABEL,
    OBSERVED,
    TARGET,
    TEXT,
    finish,
    heading,
    total_width,
    wrap,
)


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
        the table leads, the others are grey), ``facet`` names small plots side by side; ``told`` is
        what a point says in a live chart.
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
    room = NARROW_LABEL if narrow else total_width(narrow)
    names = {name: "\n".join(wrap(name, room, bold=True)) for name in _names(observed)}
    frame = make_frame(
        [observed],
        lang,
        narrow,
        labels_room(list(names.values())),
        280 if narrow else 260,
        percent=percent,
        reference=reference[0] if reference else None,
    )
    layers = events_of(None if events is None else dated(events), frame)
    layers += _lines(observed, frame, reference, points)
    layers += _line_names(observed, frame, names)
    chart = overlay(layers, width=frame.width, height=frame.height)
    key = qualifier_key(observed, lang) if points else ""
    return finish(chart, heading(title, subtitle, narrow, key), lang)


def _names(observed: pd.DataFrame) -> list[str]:
    return list(dict.fromkeys(observed["series"])) if "series" in observed else []


def _lines(observed, frame: Frame, reference, points: bool) -> list:
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
    for name in names:
        rows = observed if name is None else observed[observed["series"] == name]
        layers += told(rows, frame.x, frame.y)
    return layers


def _line_names(observed, frame: Frame, names: dict[str, str]) -> list:
    """Write each line's name, as it is broken into lines, where the line ends."""
    labels = []
    for name, words in names.items():
        end = observed[observed["series"] == name].iloc[-1]
        labels.append((end["value"], words, TEXT if labels else INK))
    return label_column(frame, labels)


def _facets(observed, title, subtitle, reference, lang, narrow, percent, points):
    """Set small plots side by side (one below the other on a phone), on one scale."""
    names = list(dict.fromkeys(observed["facet"]))
    gap, columns = 26, 1 if narrow else min(3, len(names))
    total = (total_width(narrow) - gap * (columns - 1)) / columns
    plots = []
    for name in names:
        frame = make_frame(
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
        layers = _lines(rows, frame, reference, points)
        small = alt.Title(
            name, fontSize=LABEL_SIZE, color=INK, anchor="start", frame="group", offset=10
        )
        plots.append(overlay(layers, width=frame.width, height=frame.height, title=small))
    chart = alt.concat(*plots, columns=columns, spacing=gap)
    key = qualifier_key(observed, lang) if points else ""
    return finish(chart, heading(title, subtitle, narrow, key), lang)

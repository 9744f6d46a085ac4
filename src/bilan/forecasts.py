"""Forecasts as a table: what an edition expects, row by row.

Columns: ``edition``; ``subject`` (an indicator, or ``rank-<index>``); ``country``;
``kind`` (``quantile``, ``target`` or ``rank``); ``date`` (for a rank, the last day of the
year ranked); ``level`` (quantile level, or place); ``target`` (a target's name); ``value``
(the quantile, or a probability).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from bilan import adoption, tables
from bilan.editions import Edition
from bilan.notebooks import INDICES, SERIES

COLUMNS = ["edition", "subject", "country", "kind", "date", "level", "target", "value"]
#: Levels kept for every forecast: enough for intervals and for the CRPS.
LEVELS = (0.025, *(round(0.05 * i, 2) for i in range(1, 20)), 0.25, 0.975)
LEVELS = tuple(sorted(set(LEVELS)))
#: Levels a fan is drawn from, and the columns that hold them.
FAN = {0.025: "q025", 0.1: "q10", 0.25: "q25", 0.5: "q50", 0.75: "q75", 0.9: "q90", 0.975: "q975"}
MONTHS_AHEAD = 36


def grid(
    as_of: dt.date, known: pd.Series, targets: Sequence[pd.Timestamp] = ()
) -> pd.DatetimeIndex:
    """Return the days a count is forecast for.

    Parameters
    ----------
    as_of : datetime.date
        The cut-off day.
    known : pandas.Series of Timestamp
        Days of the figures, oldest first. Nothing before the last is forecast, and nothing
        further ahead of it than the first lies behind: a year of figures says nothing of
        the next three.
    targets : sequence of pandas.Timestamp
        Days that open targets are set for.

    Returns
    -------
    pandas.DatetimeIndex
        The cut-off day, the month ends of the three years after it, and the targets' days,
        as far as the figures reach.
    """
    start, first, last = pd.Timestamp(as_of), known.iloc[0], known.iloc[-1]
    months = pd.date_range(start, periods=MONTHS_AHEAD + 1, freq="ME")
    days = pd.DatetimeIndex([start, *months, *targets]).unique().sort_values()
    return days[(days > last) & (days <= last + (last - first))]


def of_count(
    edition: Edition, subject: str, figures: pd.DataFrame, targets: pd.DataFrame, limits: dict
) -> tuple[adoption.Model | None, pd.DataFrame]:
    """Forecast a count, and each open target's chance.

    Parameters
    ----------
    edition : bilan.editions.Edition
        Whose cut-off day the forecast starts from.
    subject : str
        The indicator.
    figures : pandas.DataFrame
        Its usable figures, as :func:`bilan.programme.series` returns them.
    targets : pandas.DataFrame
        Its targets still open at the cut-off.
    limits : dict
        ``cumulative`` and ``ceiling`` of the count, as :func:`bilan.adoption.fit` takes them.

    Returns
    -------
    tuple of bilan.adoption.Model or None, pandas.DataFrame
        The model and its forecast; ``None`` and no row where the figures are too few.

    Raises
    ------
    ValueError
        If a figure can't be forecast from, for instance one above the ceiling.
    """
    if len(figures) < adoption.MIN_POINTS:
        return None, pd.DataFrame(columns=COLUMNS)
    model = adoption.fit(
        list(figures["date"].dt.date),
        list(figures["value"]),
        qualifiers=list(figures["qualifier"]),
        **limits,
    )
    days = grid(edition.as_of, figures["date"], list(targets["date"]))
    if days.empty:
        return None, pd.DataFrame(columns=COLUMNS)
    quantiles = model.quantiles(list(days.date), LEVELS)
    rows = [
        (edition.id, subject, "", "quantile", day, level, "", value)
        for day, line in zip(days, quantiles, strict=True)
        for level, value in zip(LEVELS, line, strict=True)
    ]
    rows += [
        (
            edition.id,
            subject,
            "",
            "target",
            t.date,
            np.nan,
            t.target,
            model.probability(t.date.date(), t.value),
        )
        for t in targets[targets["date"].isin(days)].itertuples()
    ]
    return model, _table(rows)


def of_ranks(
    edition: Edition,
    index: str,
    years: Sequence[int],
    countries: Sequence[str],
    probabilities: np.ndarray,
) -> pd.DataFrame:
    """Return simulated ranks as forecast rows, those of every country.

    Parameters
    ----------
    edition : bilan.editions.Edition
    index : str
        A name of ``indices``.
    years : sequence of int, length H
    countries : sequence of str, length C
    probabilities : ndarray, shape (H, C, C)
        Chance of each place, as :func:`bilan.ranking.rank_probabilities` returns it.

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS``: one row a year, country and place.
    """
    rows = [
        (
            edition.id,
            f"rank-{index}",
            country,
            "rank",
            pd.Timestamp(year, 12, 31),
            place + 1.0,
            "",
            p,
        )
        for year, board in zip(years, probabilities, strict=True)
        for country, chances in zip(countries, board, strict=True)
        for place, p in enumerate(chances)
    ]
    return _table(rows)


def _table(rows: list[tuple]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=COLUMNS)
    return table.astype({"date": "datetime64[s]", "level": "float64", "value": "float64"})


def collect(edition: str) -> pd.DataFrame:
    """Return all forecasts of an edition, from the parts that its models left.

    Parameters
    ----------
    edition : str
        Its name, such as "2021".

    Returns
    -------
    pandas.DataFrame
        ``COLUMNS``: counts first, then ranks.
    """
    parts = [*SERIES, *(f"rank-{index}" for index in INDICES)]
    read = [tables.read(edition, f"parts/{part}") for part in parts]
    return pd.concat([part for part in read if len(part)] or read, ignore_index=True)


def fan(table: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Return a count's quantiles as a fan: one row a day, one column a level.

    Parameters
    ----------
    table : pandas.DataFrame
        An edition's forecasts, ``COLUMNS``.
    subject : str
        The indicator.

    Returns
    -------
    pandas.DataFrame
        ``date`` and the columns of ``FAN``, in the count's unit.
    """
    rows = table[(table["subject"] == subject) & (table["kind"] == "quantile")]
    wide = rows[rows["level"].isin(FAN)].pivot(index="date", columns="level", values="value")
    return wide.rename(columns=FAN).rename_axis(columns=None).reset_index()


def at(table: pd.DataFrame, subject: str, day: pd.Timestamp) -> np.ndarray:
    """Return a count's quantiles on any day of its grid's span.

    Parameters
    ----------
    table : pandas.DataFrame
        An edition's forecasts, ``COLUMNS``.
    subject : str
        The indicator.
    day : pandas.Timestamp
        Between two days of the grid quantiles are interpolated in time.

    Returns
    -------
    ndarray, shape (len(LEVELS),)
        In the count's unit.

    Raises
    ------
    ValueError
        If the day lies outside the span.
    """
    rows = table[(table["subject"] == subject) & (table["kind"] == "quantile")]
    wide = rows.pivot(index="date", columns="level", values="value")
    if wide.empty or not wide.index[0] <= day <= wide.index[-1]:
        raise ValueError(f"{subject}: no forecast for {day:%Y-%m-%d}")
    days = wide.index.to_numpy().astype("datetime64[D]").astype(float)
    when = np.datetime64(day, "D").astype(float)
    return np.array([np.interp(when, days, wide[level]) for level in wide.columns])

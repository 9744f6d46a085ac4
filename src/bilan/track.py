"""The track record: earlier editions' forecasts beside what happened.

An outcome is scored when it was published after the forecasting edition's cut-off day and
by the scoring edition's. A lower bound ("more than 40 million") proves a forecast wrong
only when the whole interval lies below it, so bounds count for coverage and not for the
CRPS.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from bilan import forecasts, programme, scoring
from bilan.editions import Edition

COUNT_COLUMNS = [
    "edition", "subject", "date", "qualifier", "outcome", "q025", "q10", "q50", "q90", "q975",
    "inside_80", "inside_95", "crps", "crps_drift", "crps_no_change",
]  # fmt: skip
TARGET_COLUMNS = ["edition", "target", "subject", "date", "probability", "met", "brier"]
RANK_COLUMNS = [
    "edition", "subject", "country", "date", "ahead", "outcome", "last", "low", "high",
    "probability", "rps", "rps_no_change",
]  # fmt: skip


def of_counts(
    earlier: Mapping[Edition, tuple[pd.DataFrame, pd.DataFrame]],
    observations: pd.DataFrame,
) -> pd.DataFrame:
    """Score earlier forecasts of counts.

    Parameters
    ----------
    earlier : mapping of Edition to (DataFrame, DataFrame)
        Each earlier edition's forecasts and the observations it knew.
    observations : pandas.DataFrame
        What the scoring edition knows.

    Returns
    -------
    pandas.DataFrame
        ``COUNT_COLUMNS``: one row an edition, count and outcome. CRPS in the count's unit;
        missing for a bound.
    """
    rows = []
    for edition, (table, known) in earlier.items():
        for subject, fan in table[table["kind"] == "quantile"].groupby("subject", sort=False):
            seen = programme.series(known, subject)
            later = programme.series(observations, subject)
            fresh = later[
                (later["published_on"] > pd.Timestamp(edition.as_of))
                & later["date"].between(fan["date"].min(), fan["date"].max())
            ]
            rows += [_scored_count(edition, subject, fan, seen, f) for f in fresh.itertuples()]
    return pd.DataFrame(rows, columns=COUNT_COLUMNS)


def _scored_count(edition: Edition, subject: str, fan, seen, outcome) -> tuple:
    quantiles = forecasts.at(fan, subject, outcome.date)
    levels = np.array(forecasts.LEVELS)
    low, ten, middle, ninety, high = np.interp((0.025, 0.1, 0.5, 0.9, 0.975), levels, quantiles)
    bound = outcome.qualifier in ("at_least", "at_most")
    scores = (np.nan, np.nan, np.nan)
    if not bound:
        even = np.isin(levels, scoring.LEVELS)
        day = [outcome.date.date()]
        dates, values = list(seen["date"].dt.date), list(seen["value"])
        scores = tuple(
            float(scoring.crps([outcome.value], [line], levels[even])[0])
            for line in (
                quantiles[even],
                scoring.drift(dates, values, day, levels[even])[0],
                scoring.no_change(dates, values, day, levels[even])[0],
            )
        )
    return (
        edition.id, subject, outcome.date, outcome.qualifier, outcome.value,
        low, ten, middle, ninety, high,
        _inside(outcome, ten, ninety), _inside(outcome, low, high), *scores,
    )  # fmt: skip


def _inside(outcome, low: float, high: float) -> bool:
    """Say whether an interval agrees with an outcome, read as what it is."""
    if outcome.qualifier == "at_least":
        return bool(high >= outcome.value)
    if outcome.qualifier == "at_most":
        return bool(low <= outcome.value)
    return bool(low <= outcome.value <= high)


def of_targets(
    earlier: Mapping[Edition, tuple[pd.DataFrame, pd.DataFrame]], states: pd.DataFrame
) -> pd.DataFrame:
    """Score earlier chances of meeting a target, once it is known whether it was met.

    Parameters
    ----------
    earlier : mapping of Edition to (DataFrame, DataFrame)
        Each earlier edition's forecasts; the observations are not used.
    states : pandas.DataFrame
        What the scoring edition knows, as :func:`bilan.programme.target_states` returns it.

    Returns
    -------
    pandas.DataFrame
        ``TARGET_COLUMNS``: one row an edition and target, even if it was announced again.
    """
    states = programme.distinct(states)
    ended = states[states["state"].isin(["met", "late", "missed"])].set_index("target")
    rows = []
    for edition, (table, _) in earlier.items():
        for row in table.query("kind == 'target'").itertuples():
            if row.target in ended.index:
                met = ended.at[row.target, "state"] == "met"
                brier = (row.value - met) ** 2
                rows.append(
                    (edition.id, row.target, row.subject, row.date, row.value, bool(met), brier)
                )
    return pd.DataFrame(rows, columns=TARGET_COLUMNS)


def of_ranks(
    earlier: Mapping[Edition, tuple[pd.DataFrame, pd.DataFrame]],
    ranks: Mapping[str, pd.DataFrame],
) -> pd.DataFrame:
    """Score earlier chances of every country's rank.

    Parameters
    ----------
    earlier : mapping of Edition to (DataFrame, DataFrame)
        Each earlier edition's forecasts; the observations are not used.
    ranks : mapping of str to DataFrame
        By index, what the scoring edition knows: ``vintage``, ``year``, ``country``, ``rank``.

    Returns
    -------
    pandas.DataFrame
        ``RANK_COLUMNS``: one row an edition, index, year and country. The outcome is the rank
        in the first vintage that scores that year.
    """
    rows = []
    for edition, (table, _) in earlier.items():
        boards = table[table["kind"] == "rank"]
        for (subject, date), board in boards.groupby(["subject", "date"]):
            found = ranks[subject.removeprefix("rank-")]
            truth = found[found["year"] == date.year].sort_values("vintage")
            truth = truth.drop_duplicates("country").set_index("country")["rank"]
            if len(truth):
                first = boards.loc[boards["subject"] == subject, "date"].min().year
                last = _last_known(found, first)
                rows += _scored_board(edition, subject, date, first, board, truth, last)
    return pd.DataFrame(rows, columns=RANK_COLUMNS)


def _last_known(found: pd.DataFrame, first: int) -> pd.Series:
    """Return each country's rank in the last year before the first one forecast."""
    before = found[found["year"] < first]
    year = before["year"].max()
    same = before[before["year"] == year].sort_values("vintage")
    return same.drop_duplicates("country").set_index("country")["rank"]


def _scored_board(edition, subject, date, first, board, truth, last) -> list[tuple]:
    wide = board.pivot(index="country", columns="level", values="value")
    wide = wide[wide.index.isin(truth.index) & wide.index.isin(last.index)]
    p, places = wide.to_numpy(), wide.shape[1]
    outcome, before = (
        np.minimum(ranks.loc[wide.index].to_numpy(int), places) for ranks in (truth, last)
    )
    cumulative = np.cumsum(p, axis=1)
    low, high = (np.argmax(cumulative >= level - 1e-9, axis=1) + 1 for level in (0.1, 0.9))
    given = p[np.arange(len(p)), outcome - 1]
    scores, unmoved = scoring.rps(p, outcome), scoring.rps(np.eye(places)[before - 1], outcome)
    columns = (wide.index, outcome, before, low, high, given, scores, unmoved)
    return [
        (edition.id, subject, country, date, date.year - first, *rest)
        for country, *rest in zip(*(list(column) for column in columns), strict=True)
    ]


def summary(counts: pd.DataFrame) -> pd.DataFrame:
    """Sum the track record of counts up by edition and count.

    Parameters
    ----------
    counts : pandas.DataFrame
        As :func:`of_counts` returns.

    Returns
    -------
    pandas.DataFrame
        ``edition``, ``subject``, ``outcomes``, shares ``inside_80`` and ``inside_95``, and mean
        CRPS of the review, of drift and of no change (missing where every outcome is a bound).
    """
    grouped = counts.groupby(["edition", "subject"], as_index=False)
    return grouped.agg(
        outcomes=("outcome", "size"),
        inside_80=("inside_80", "mean"),
        inside_95=("inside_95", "mean"),
        crps=("crps", "mean"),
        crps_drift=("crps_drift", "mean"),
        crps_no_change=("crps_no_change", "mean"),
    )

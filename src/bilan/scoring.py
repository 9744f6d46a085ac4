"""Score forecasts: quantiles, intervals, events and ranks; back-test one series.

Quantile scores follow Gneiting and Raftery (2007), https://doi.org/10.1198/016214506000001437, and
the ranked probability score Epstein (1969),
https://doi.org/10.1175/1520-0450(1969)008<0985:ASSFPF>2.0.CO;2.
"""

import numpy as np
import pandas as pd
from scipy.special import ndtri

from bilan import ranking
from bilan.observations import day_numbers

LEVELS = tuple(round(0.05 * i, 2) for i in range(1, 20))
_TAILS = (0.025, 0.975)


def pinball(outcomes, forecasts, quantiles):
    """Pinball loss of each quantile.

    Parameters
    ----------
    outcomes : array_like, shape (H,)
        What happened.
    forecasts : array_like, shape (H, Q)
        Quantiles, same unit.
    quantiles : array_like, shape (Q,)
        Levels in ]0, 1[.

    Returns
    -------
    ndarray, shape (H, Q)
        Unit of the outcomes; lower is better.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    outcomes, forecasts, levels = _aligned(outcomes, forecasts, quantiles)
    missed = outcomes[:, None] - forecasts
    return np.maximum(levels * missed, (levels - 1.0) * missed)


def crps(outcomes, forecasts, quantiles):
    """Continuous ranked probability score, as twice the mean pinball loss.

    Parameters
    ----------
    outcomes, forecasts, quantiles
        As in `pinball`; the levels should be evenly spaced, such as `LEVELS`.

    Returns
    -------
    ndarray, shape (H,)
        Unit of the outcomes; lower is better.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    return 2.0 * pinball(outcomes, forecasts, quantiles).mean(axis=1)


def coverage(outcomes, forecasts, quantiles, level):
    """Share of outcomes inside a central interval.

    Parameters
    ----------
    outcomes, forecasts, quantiles
        As in `pinball`.
    level : float
        For example 0.8, for the interval from the quantile 0.1 to the quantile 0.9.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If the quantiles at the ends of the interval are not among those given.
    """
    outcomes, forecasts, levels = _aligned(outcomes, forecasts, quantiles)
    low = forecasts[:, _column(levels, (1.0 - level) / 2.0)]
    high = forecasts[:, _column(levels, (1.0 + level) / 2.0)]
    return float(np.mean((low <= outcomes) & (outcomes <= high)))


def brier(probabilities, happened):
    """Brier score of the chances given to events.

    Parameters
    ----------
    probabilities : array_like, shape (N,)
        Between 0 and 1.
    happened : array_like of bool, shape (N,)

    Returns
    -------
    float
        Mean squared error: 0 is perfect, 0.25 is what "one in two" scores.

    Raises
    ------
    ValueError
        If the shapes differ or a probability lies outside [0, 1].
    """
    probabilities, happened = np.asarray(probabilities, float), np.asarray(happened, float)
    if probabilities.shape != happened.shape:
        raise ValueError(f"{probabilities.size} probabilities for {happened.size} events")
    if np.any((probabilities < 0) | (probabilities > 1)):
        raise ValueError("probabilities must lie between 0 and 1")
    return float(np.mean((probabilities - happened) ** 2))


def rps(probabilities, ranks):
    """Ranked probability score of forecast ranks.

    Parameters
    ----------
    probabilities : array_like, shape (N, C)
        Probability of rank 1 to C.
    ranks : array_like of int, shape (N,)
        The rank held, 1 being the best.

    Returns
    -------
    ndarray, shape (N,)
        Between 0 (perfect) and 1.

    Raises
    ------
    ValueError
        If the shapes do not fit or a rank lies outside 1 to C.
    """
    probabilities, ranks = _ranked(probabilities, ranks)
    places = probabilities.shape[1]
    reached = ranks[:, None] <= np.arange(1, places + 1)
    return np.sum((np.cumsum(probabilities, axis=1) - reached) ** 2, axis=1) / (places - 1)


def rank_pit(probabilities, ranks, draws):
    """Randomised probability integral transform of forecast ranks.

    Uniform when the forecast is calibrated (Czado, Gneiting and Held 2009,
    https://doi.org/10.1111/j.1541-0420.2009.01191.x).

    Parameters
    ----------
    probabilities, ranks
        As in `rps`.
    draws : array_like, shape (N,)
        Uniform numbers that spread each outcome over the probability of its rank.

    Returns
    -------
    ndarray, shape (N,)
        Between 0 and 1.

    Raises
    ------
    ValueError
        As `rps`.
    """
    probabilities, ranks = _ranked(probabilities, ranks)
    rows = np.arange(len(ranks))
    held = probabilities[rows, ranks - 1]
    return np.cumsum(probabilities, axis=1)[rows, ranks - 1] - held + np.asarray(draws) * held


def no_change(dates, values, horizon_dates, quantiles):
    """Repeat the last value, with the spread of a random walk (a reference).

    Parameters
    ----------
    dates, values, horizon_dates, quantiles
        As in `bilan.adoption.forecast`.

    Returns
    -------
    ndarray, shape (H, Q)
        Unit of the values; each row ascends.
    """
    return _random_walk(dates, values, horizon_dates, quantiles, drifting=False)


def drift(dates, values, horizon_dates, quantiles):
    """Continue the mean step, with its own uncertainty (a reference).

    Hyndman and Athanasopoulos, *Forecasting: Principles and Practice*, section 5.5,
    https://otexts.com/fpp3/prediction-intervals.html

    Parameters
    ----------
    dates, values, horizon_dates, quantiles
        As in `bilan.adoption.forecast`.

    Returns
    -------
    ndarray, shape (H, Q)
        Unit of the values; each row ascends.
    """
    return _random_walk(dates, values, horizon_dates, quantiles, drifting=True)


REFERENCES = {"drift": drift, "no_change": no_change}


def rolling_origin(forecaster, dates, values, min_points=5, horizons=3):
    """Back-test a forecaster on one series, beside the references.

    From each origin with at least `min_points` points behind it, every forecaster sees only those
    points and forecasts the next `horizons` observations that exist.

    Parameters
    ----------
    forecaster : callable
        Signature of `bilan.adoption.forecast`.
    dates, values
        One series, in time order.
    min_points : int
        At least 3.
    horizons : int
        At least 1.

    Returns
    -------
    DataFrame
        One row a forecaster ("model", "drift", "no_change"), origin and observation ahead, with
        columns `forecaster`, `origin`, `ahead`, `date`, `outcome`, `median`, `crps`, `scaled_crps`
        (by the mean absolute step seen at the origin; missing where that is zero), `inside_80`,
        `inside_95`.

    Raises
    ------
    ValueError
        If no origin is left, or `min_points` or `horizons` is too small.
    """
    dates, values = list(dates), [float(value) for value in values]
    if min_points < 3 or horizons < 1:
        raise ValueError("a back test needs min_points of at least 3 and horizons of at least 1")
    if len(dates) != len(values):
        raise ValueError(f"{len(dates)} dates but {len(values)} values")
    if len(dates) <= min_points:
        raise ValueError(f"{len(dates)} points leave none to score after min_points={min_points}")
    rows = []
    for origin in range(min_points, len(dates)):
        for name, function in {"model": forecaster, **REFERENCES}.items():
            rows += _scored(name, function, dates, values, origin, horizons)
    return pd.DataFrame(rows)


def _scored(name, forecaster, dates, values, origin, horizons):
    levels = np.array(sorted({*LEVELS, *_TAILS}))
    later = slice(origin, origin + horizons)
    forecasts = np.asarray(
        forecaster(dates[:origin], values[:origin], dates[later], list(levels)), float
    )
    outcomes = np.array(values[later])
    even = np.isin(levels, LEVELS)
    scores = crps(outcomes, forecasts[:, even], levels[even])
    step = float(np.mean(np.abs(np.diff(values[:origin]))))
    return [
        {
            "forecaster": name,
            "origin": dates[origin - 1],
            "ahead": i + 1,
            "date": dates[origin + i],
            "outcome": outcome,
            "median": float(row[_column(levels, 0.5)]),
            "crps": float(scores[i]),
            "scaled_crps": float(scores[i]) / step if step > 0 else np.nan,
            "inside_80": bool(coverage([outcome], [row], levels, 0.8)),
            "inside_95": bool(coverage([outcome], [row], levels, 0.95)),
        }
        for i, (outcome, row) in enumerate(zip(outcomes, forecasts, strict=True))
    ]


def rolling_ranks(forecaster, years, countries, scores, min_years=3, horizons=3, seed=0):
    """Back-test a forecaster of ranks on one panel, beside "nobody moves".

    From each year with at least `min_years` years behind it and itself, the forecaster sees only
    those years and forecasts the next `horizons` that exist. Countries without a score in the last
    year seen or in the year forecast are left out.

    Parameters
    ----------
    forecaster : callable
        Signature of `bilan.ranking.rank_probabilities`.
    years : sequence of int, length T
        Increasing.
    countries : sequence of str, length C
    scores : array_like, shape (C, T)
        Higher is better; NaN where a score is missing.
    min_years : int
        At least 2.
    horizons : int
        At least 1.
    seed : int
        Of the forecaster's draws, and of those that spread the PIT of a rank.

    Returns
    -------
    DataFrame
        One row an origin, year ahead and country, with columns `origin`, `year`, `country`,
        `rank`, `rps`, `rps_no_change` (all on the last rank seen), `pit` (as in `rank_pit`);
        empty when no year is left to score.

    Raises
    ------
    ValueError
        If `min_years` or `horizons` is too small.
    """
    if min_years < 2 or horizons < 1:
        raise ValueError("a back test needs min_years of at least 2 and horizons of at least 1")
    years, names, scores = list(years), np.array(list(countries)), np.asarray(scores, float)
    generator, tables = np.random.default_rng(seed), []
    for origin in range(min_years, len(years)):
        seen = ~np.isnan(scores[:, origin - 1])
        known, later = scores[seen, :origin], years[origin : origin + horizons]
        board = forecaster(years[:origin], list(names[seen]), known, later, seed=seed)
        for ahead, year in enumerate(later):
            outcome = scores[seen, origin + ahead]
            both = ~np.isnan(outcome)
            held, last = (ranking.ranks(s[both]).astype(int) for s in (outcome, known[:, -1]))
            chances = board[ahead][both]
            tables.append(
                pd.DataFrame(
                    {
                        "origin": years[origin - 1],
                        "year": year,
                        "country": names[seen][both],
                        "rank": held,
                        "rps": rps(chances, held),
                        "rps_no_change": rps(np.eye(chances.shape[1])[last - 1], held),
                        "pit": rank_pit(chances, held, generator.random(len(held))),
                    }
                )
            )
    names = ["origin", "year", "country", "rank", "rps", "rps_no_change", "pit"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=names)


def _random_walk(dates, values, horizon_dates, quantiles, drifting):
    times, values = day_numbers(dates), np.asarray(values, float)
    unit = np.median(np.diff(times))
    ahead = (day_numbers(horizon_dates, "horizon_dates") - times[-1]) / unit
    steps, span = np.diff(times) / unit, (times[-1] - times[0]) / unit
    slope = (values[-1] - values[0]) / span if drifting else 0.0
    misses = (np.diff(values) - slope * steps) / np.sqrt(steps)
    variance = np.sum(misses**2) / max(len(misses) - int(drifting), 1)
    widening = ahead * (1.0 + ahead / span) if drifting else ahead
    spread = np.sqrt(variance * widening)
    return (values[-1] + slope * ahead)[:, None] + spread[:, None] * ndtri(np.asarray(quantiles))


def _aligned(outcomes, forecasts, quantiles):
    outcomes, forecasts = np.asarray(outcomes, float), np.asarray(forecasts, float)
    levels = np.asarray(quantiles, float)
    if forecasts.shape != (*outcomes.shape, *levels.shape) or outcomes.ndim != 1:
        raise ValueError(
            f"forecasts of shape {forecasts.shape} do not fit {outcomes.shape} outcomes "
            f"and {levels.shape} quantiles"
        )
    return outcomes, forecasts, levels


def _column(levels, level):
    found = np.flatnonzero(np.abs(levels - level) < 1e-9)
    if not len(found):
        raise ValueError(f"the quantile {level:g} is not among those given")
    return found[0]


def _ranked(probabilities, ranks):
    probabilities, ranks = np.asarray(probabilities, float), np.asarray(ranks, int)
    if (
        probabilities.ndim != 2
        or probabilities.shape[1] < 2
        or ranks.shape != (len(probabilities),)
    ):
        raise ValueError(f"probabilities {probabilities.shape} do not fit ranks {ranks.shape}")
    if np.any((ranks < 1) | (ranks > probabilities.shape[1])):
        raise ValueError(f"ranks must lie between 1 and {probabilities.shape[1]}")
    return probabilities, ranks

"""Dated values and their qualifiers, read as what they are.

"About 40 million" is a rounded number and "more than 40 million" a floor. Both are turned into an
estimate and its standard deviation: the forecast starts from the one and carries the other.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import erfcx

from bilan.curves import lasting

QUALIFIERS = ("exact", "about", "at_least", "at_most")
_SIGNIFICANT = 0.2
_NEGLIGIBLE = 1e-200
_SWEEPS = 5
_ENOUGH = 4


@dataclass(frozen=True)
class Estimates:
    """What a series of statements says about a count.

    Attributes
    ----------
    values : ndarray, shape (n,)
        Best estimate at each date, unit of the statements.
    doubt : float
        Standard deviation of the last estimate, same unit.
    floor : float
        What a cumulative count has already reached, same unit.
    """

    values: np.ndarray
    doubt: float
    floor: float


def day_numbers(dates, what="dates"):
    """Turn dates into day numbers.

    Parameters
    ----------
    dates : sequence of str (ISO 8601), date, Timestamp or datetime64
    what : str
        What to call them in an error.

    Returns
    -------
    ndarray of float

    Raises
    ------
    ValueError
        Names the first entry that is not a date.
    """
    return np.array([_day_number(date, what) for date in dates], float)


def _day_number(date, what):
    try:
        if isinstance(date, str):
            return dt.datetime.fromisoformat(date).toordinal()
        if isinstance(date, np.datetime64):
            date = pd.Timestamp(date)
        return date.toordinal()
    except (ValueError, AttributeError, TypeError):
        raise ValueError(f"{what}: {date!r} is not a date (expected YYYY-MM-DD)") from None


def rounding_step(value):
    """Step to which a round number was probably rounded.

    Parameters
    ----------
    value : float
        For example 17_000_000.

    Returns
    -------
    float
        The largest power of ten that divides the value and is at most a fifth of it (here
        1_000_000); zero when the number is not round.
    """
    value = abs(float(value))
    if value < _NEGLIGIBLE:
        return 0.0
    largest = int(np.floor(np.log10(value * _SIGNIFICANT)))
    for exponent in range(largest, largest - 5, -1):
        step = 10.0**exponent
        if abs(value / step - round(value / step)) < 1e-9 * value / step:
            return step
    return 0.0


def estimate(times, values, qualifiers, cumulative):
    """Estimate a count from qualified statements.

    A bound is completed by what its neighbours in time suggest: the mean of a normal law cut at
    the bound (Tobin 1958, https://doi.org/10.2307/1907382), whose excess is in turn discouraged
    beyond one rounding step, because a press office quotes the last round number that was passed.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Increasing.
    values : ndarray, shape (n,)
    qualifiers : sequence of str, length n
        Each one of `QUALIFIERS`.
    cumulative : bool
        Whether the count cannot fall.

    Returns
    -------
    Estimates
    """
    qualifiers = np.asarray(qualifiers, dtype=object)
    steps = np.array([rounding_step(value) for value in values])
    doubts = np.where(qualifiers == "about", steps / np.sqrt(12.0), 0.0)
    reached = values[qualifiers != "at_most"]
    floor = float(reached.max()) if len(reached) else -np.inf
    estimates = values.copy()
    bounded = np.flatnonzero((qualifiers == "at_least") | (qualifiers == "at_most"))
    if len(bounded):
        free = np.setdiff1d(np.arange(len(values)), bounded)
        trusted = free if len(free) >= _ENOUGH else np.arange(len(values))
        for _ in range(_SWEEPS):
            noise = _noise(times[trusted], estimates[trusted])
            for i in bounded:
                sign = 1.0 if qualifiers[i] == "at_least" else -1.0
                centre, spread = _suggested(times, estimates, i, noise)
                excess, doubts[i] = _cut_normal(sign * (centre - values[i]), spread, steps[i])
                estimates[i] = values[i] + sign * excess
    if cumulative:
        estimates = _never_falling(estimates)
        estimates[-1] = max(estimates[-1], floor)
    return Estimates(estimates, float(doubts[-1]), floor)


def _noise(times, values):
    steps, rises = np.diff(times), np.diff(values)
    misses = rises - (values[-1] - values[0]) / (times[-1] - times[0]) * steps
    return np.sqrt(np.sum(misses**2 / lasting(steps)) / max(len(rises) - 1, 1))


def _suggested(times, values, i, noise):
    if 0 < i < len(times) - 1:
        before, after = times[i] - times[i - 1], times[i + 1] - times[i]
        share = before / (before + after)
        centre = (1 - share) * values[i - 1] + share * values[i + 1]
        return centre, noise * np.sqrt(before * after / (before + after))
    inner = 1 if i == 0 else -2
    outer = -1 if i == 0 else 0
    slope = (values[outer] - values[inner]) / (times[outer] - times[inner])
    away = times[i] - times[inner]
    return values[inner] + slope * away, noise * np.sqrt(abs(away))


def _cut_normal(centre, spread, step):
    """Mean and deviation of a normal law cut below zero and thinned by exp(-x / step)."""
    if spread <= 0:
        return max(centre, 0.0), 0.0
    # A stale floor stays far below: habit may pull the estimate down by one deviation, not more.
    centre = centre - (min(spread**2 / step, spread) if step > 0 else 0.0)
    low = -centre / spread
    hazard = np.sqrt(2 / np.pi) / erfcx(low / np.sqrt(2))
    mean = max(centre + spread * hazard, 0.0)
    variance = spread**2 * max(1.0 + low * hazard - hazard**2, 0.0)
    return float(mean), float(np.sqrt(variance))


def _never_falling(values):
    # Contradictory statements are split half-way between the highest before and the lowest after.
    highest = np.maximum.accumulate(values)
    lowest = np.minimum.accumulate(values[::-1])[::-1]
    return highest / 2 + lowest / 2

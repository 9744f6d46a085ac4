"""What a short series tells about its own future: size, noise, shape, and past mistakes.

Everything here is free of units. Values are measured in mean absolute steps and times in mean gaps,
so that what a million accounts, forty per cent of households and twelve thousand tonnes teach each
other can be learnt in one table (`bilan.priors`).
"""

from dataclasses import dataclass

import numpy as np

from bilan import curves

_MAX_ORIGINS = 8
_POINTS_AHEAD = 3
_FLAT_STEP = 0.01


@dataclass(frozen=True)
class Traits:
    """One series, described without units.

    Attributes
    ----------
    unit : float
        Mean absolute step, in the unit of the values.
    gap : float
        Mean time between observations, in the unit of the times.
    points : int
        How many observations.
    direction : float
        1 for a series that has grown, -1 for one that has fallen.
    growth : Curves
        Candidate curves of values in `unit` against times in `gap`.
    losses : ndarray, shape (K,)
        Mean absolute error of each candidate on later points of the same series, by root time.
    noise : float
        Spread of the steps around the mean step.
    steadiness : float
        Total change by sum of absolute steps, less 0.8: what a typical series shows.
    surprise : float
        Last step less the mean step.
    """

    unit: float
    gap: float
    points: int
    direction: float
    growth: curves.Curves
    losses: np.ndarray
    noise: float
    steadiness: float
    surprise: float


def describe(times, values):
    """Describe one series.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Increasing; any unit.
    values : ndarray, shape (n,)
        At least four.

    Returns
    -------
    Traits
    """
    points = len(times)
    gap = (times[-1] - times[0]) / (points - 1)
    unit = _unit(values)
    times, values = (times - times[-1]) / gap, (values - values[-1]) / unit
    steps, rises = np.diff(times), np.diff(values)
    drift = -values[0] / (points - 1)
    misses = rises - drift * steps
    return Traits(
        unit=unit,
        gap=float(gap),
        points=points,
        direction=1.0 if drift >= 0 else -1.0,
        growth=curves.fit_curves(times, values),
        losses=_losses(times, values),
        noise=float(np.sqrt(np.sum(misses**2 / curves.lasting(steps)) / (points - 2))),
        steadiness=float(abs(drift)) - 0.8,
        surprise=float(misses[-1]),
    )


def _unit(values):
    # A count that has not moved yet is not known to be unable to move.
    flat = _FLAT_STEP * float(np.max(np.abs(values))) or 1.0
    return float(np.mean(np.abs(np.diff(values)))) or flat


def _losses(times, values):
    total, count = np.zeros(len(curves.CANDIDATES)), 0
    for origin in range(max(3, len(times) - _MAX_ORIGINS), len(times)):
        then = curves.fit_curves(times[:origin], values[:origin])
        later = slice(origin, origin + _POINTS_AHEAD)
        ahead, rise = times[later] - times[origin - 1], values[later] - values[origin - 1]
        for k, name in enumerate(curves.CANDIDATES):
            missed = np.abs(rise - then.growth(name, ahead)) / np.sqrt(np.maximum(ahead, 1 / 3))
            total[k] += np.sum(missed)
        count += len(ahead)
    return total / count

"""Candidate growth curves, fitted to the increments of a short series.

A curve is fitted to the increments and continued from the last observation, because the level of
a short adoption series is known far better than its history is regular: errors behave like a
random walk, and a curve that misses today's level misses tomorrow's too.

A saturating curve is not one least-squares fit but an average over a fixed grid of rates and
midpoints, each weighted by how well it explains the increments. On five points the best single
logistic curve is close to arbitrary, while the average says "some ceiling" only when the data do.
"""

from dataclasses import dataclass

import numpy as np

NO_CHANGE, LINEAR, RECENT = "no change", "linear", "recent"
EXPONENTIAL, SLOWING, LOGISTIC, GOMPERTZ = "exponential", "slowing", "logistic", "Gompertz"
CANDIDATES = (NO_CHANGE, LINEAR, RECENT, EXPONENTIAL, SLOWING, LOGISTIC, GOMPERTZ)

# Rates and midpoints are in spans of the visible series: 0 is its last date, -1 its first.
_MIDPOINTS = np.array([-1.0, -0.8, -0.6, -0.4, -0.2, 0.0, 0.25, 0.5, 1.0])
_GRIDS = {
    EXPONENTIAL: (np.array([0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0]), np.zeros(1)),
    SLOWING: (np.array([0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0]), np.zeros(1)),
    LOGISTIC: (np.array([2.0, 3.0, 4.5, 6.5, 10.0]), _MIDPOINTS),
    GOMPERTZ: (np.array([1.0, 1.5, 2.5, 4.0, 7.0]), _MIDPOINTS),
}
_SHORTEST_STEP = 1 / 3
_RECENT_DECAY = 0.5
_CURVE_DECAY = 0.85
_NOISE_FLOOR = 0.1
_HEADROOM_PENALTY = 0.7
_HEADROOM_LIMIT = 20.0
_EVIDENCE = 0.7


def _shape(name, rate, midpoint, x):
    if name == EXPONENTIAL:
        # Beyond one visible span ahead, nothing supports further acceleration.
        bent = np.minimum(x, 1.0)
        return np.expm1(rate * bent) / rate + np.exp(rate) * (x - bent)
    if name == SLOWING:
        return -np.expm1(-rate * x) / rate
    z = np.clip(rate * (x - midpoint), -40.0, 40.0)
    if name == LOGISTIC:
        return 1.0 / (1.0 + np.exp(-z))
    return np.exp(-np.exp(-z))


def _grid(name):
    rates, midpoints = _GRIDS[name]
    return np.repeat(rates, len(midpoints))[:, None], np.tile(midpoints, len(rates))[:, None]


_PARAMETERS = {name: _grid(name) for name in _GRIDS}


@dataclass(frozen=True)
class Curves:
    """The candidate curves of one series.

    Attributes
    ----------
    span : float
        Visible span, in the unit of the times given to `fit_curves`.
    slopes : dict[str, float]
        Growth a span of the straight candidates.
    amplitudes : dict[str, ndarray]
        Amplitude of each grid curve, already multiplied by its weight.
    """

    span: float
    slopes: dict
    amplitudes: dict

    def growth(self, name, times):
        """Growth since the last observation.

        Parameters
        ----------
        name : str
            One of `CANDIDATES`.
        times : ndarray, shape (H,)
            Times after the last observation (negative: before it), unit of `fit_curves`.

        Returns
        -------
        ndarray, shape (H,)
            Growth in the unit of the values.
        """
        x = np.asarray(times, float) / self.span
        if name in self.slopes:
            return self.slopes[name] * x
        rate, midpoint = _PARAMETERS[name]
        rise = _shape(name, rate, midpoint, x[None, :]) - _shape(name, rate, midpoint, 0.0)
        return np.sum(self.amplitudes[name][:, None] * rise, axis=0)


def lasting(steps):
    """Lengthen very short steps to a third of the mean step.

    Two sources that differ on the same day show how loosely they count, not how fast the count
    moves.

    Parameters
    ----------
    steps : ndarray, shape (n - 1,)
        Positive times between observations.

    Returns
    -------
    ndarray, shape (n - 1,)
    """
    return np.maximum(steps, _SHORTEST_STEP * np.mean(steps))


def fit_curves(times, values):
    """Fit every candidate to one series.

    Parameters
    ----------
    times : ndarray, shape (n,)
        Increasing; any unit.
    values : ndarray, shape (n,)
        At least two.

    Returns
    -------
    Curves
    """
    span = times[-1] - times[0]
    x = (times - times[-1]) / span
    steps, rises = np.diff(x), np.diff(values)
    age = (times[-1] - times[1:]) / (span / (len(times) - 1))
    recent = _RECENT_DECAY**age
    slopes = {
        NO_CHANGE: 0.0,
        LINEAR: float(values[-1] - values[0]),
        RECENT: float(np.sum(recent * rises) / np.sum(recent * steps)),
    }
    weights = _CURVE_DECAY**age / lasting(steps)
    amplitudes = {
        name: _average(name, x, rises, weights, abs(values[-1] - values[0])) for name in _GRIDS
    }
    return Curves(float(span), slopes, amplitudes)


def _average(name, x, rises, weights, rise):
    rate, midpoint = _PARAMETERS[name]
    shape = _shape(name, rate, midpoint, x[None, :])
    bends = np.diff(shape, axis=1)
    power = np.sum(weights * bends**2, axis=1)
    amplitude = np.sum(weights * bends * rises, axis=1) / np.maximum(power, 1e-30)
    missed = np.sum(weights * (rises - amplitude[:, None] * bends) ** 2, axis=1)
    straight = np.sum(weights * rises**2)
    if straight <= 0:
        return np.zeros(len(amplitude))
    ahead = _shape(name, rate, midpoint, 1.0)[:, 0] - shape[:, -1]
    headroom = np.abs(amplitude * ahead) / max(rise, 1e-12 * np.sqrt(straight))
    effective = np.sum(weights * np.diff(x)) / np.max(weights * np.diff(x))
    score = -_EVIDENCE * effective / 2 * np.log(missed / straight + _NOISE_FLOOR / len(rises))
    score -= _HEADROOM_PENALTY * np.log1p(headroom)
    score = np.where(headroom > _HEADROOM_LIMIT, -1e3, score)
    weight = np.exp(score - score.max())
    return weight / weight.sum() * amplitude

"""Forecast a count of adopters: candidate curves, their weights, quantiles, chance of a target.

The forecast continues the last value by a weighted mean of the candidate curves of `bilan.curves`.
Weights start from what short adoption series do in general and move with the mistakes that each
candidate made on later points of the same series. The spread of errors was learnt across series,
because four to fifty points cannot show how wrong their own trend can be. `docs/method.md` gives
the evidence.

Combining forecasts: Bates and Granger (1969), https://doi.org/10.1057/jors.1969.103. Damped trends:
Gardner and McKenzie (1985), https://doi.org/10.1287/mnsc.31.10.1237. Learning across series:
Montero-Manso and Hyndman (2021), https://doi.org/10.1016/j.ijforecast.2021.03.004. Error law:
sinh-arcsinh, Jones and Pewsey (2009), https://doi.org/10.1093/biomet/asp053.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from bilan import curves, observations, priors, traits

MIN_POINTS = 4
_LARGEST, _SMALLEST = 1e150, 1e-150  # squares of values must still be numbers
_GAPS, _SPANS = (0.05, 6.0), (0.01, 3.0)
_STRIDE, _FAR = 0.25, 50.0


@dataclass(frozen=True)
class Model:
    """Growth of one count, ready to be asked about later dates.

    Attributes
    ----------
    candidates : list of str
        Names of the candidate curves.
    weights : dict of str to float
        Weight of each candidate; they sum to one.
    last_day : float
        Day number of the last observation.
    anchor : float
        Estimate of the count on that day, unit of the values.
    doubt : float
        Standard deviation of that estimate, same unit.
    floor : float
        No quantile lies below it: what a cumulative count has reached, zero for another count that
        was never negative, else minus infinity.
    cumulative : bool
        Whether the count cannot fall.
    series : Traits
        The series described without units.
    ceiling : float
        What the count cannot pass, such as a population; infinite when unknown.
    """

    candidates: list
    weights: dict
    last_day: float
    anchor: float
    doubt: float
    floor: float
    cumulative: bool
    series: traits.Traits
    ceiling: float = np.inf

    def curve(self, name, dates):
        """Fitted and extrapolated candidate curve, which passes through the last estimate.

        Parameters
        ----------
        name : str
            One of `candidates`.
        dates : sequence of dates, length D
            Before or after the last observation.

        Returns
        -------
        ndarray, shape (D,)
            Unit of the values.

        Raises
        ------
        ValueError
            If there is no such candidate, or an entry is not a date.
        """
        if name not in self.candidates:
            raise ValueError(f"no candidate {name!r}: choose among {', '.join(self.candidates)}")
        days = observations.day_numbers(_listed(dates, "dates"))
        times = (days - self.last_day) / self.series.gap
        grown = self.series.growth.growth(name, times) * self.series.unit
        return _tidy(self.anchor + grown)

    def quantiles(self, horizon_dates, quantiles):
        """Quantiles of the count on later dates.

        Parameters
        ----------
        horizon_dates : sequence of dates, length H
            After the last observation, in any order.
        quantiles : sequence of float, length Q
            Levels in ]0, 1[, ascending.

        Returns
        -------
        ndarray, shape (H, Q)
            Unit of the values; each row ascends.

        Raises
        ------
        ValueError
            Names the date or level that cannot be used.
        """
        scores = ndtri(_checked_levels(quantiles))
        times = self._ahead(horizon_dates)
        rows = np.array([self._row(time, scores) for time in times]).reshape(-1, len(scores))
        if self.cumulative:
            order = np.argsort(times, kind="stable")
            rows[order] = np.maximum.accumulate(rows[order], axis=0)
        return np.clip(_tidy(self._below(rows)), self.floor, self.ceiling)

    def probability(self, date, value):
        """Chance that the count is at or above a value on a later date.

        Parameters
        ----------
        date : date or str
            After the last observation.
        value : float
            Unit of the values.

        Returns
        -------
        float
            Between 0 and 1.

        Raises
        ------
        ValueError
            If the date is not later or the value is not a number.
        """
        value = _checked_value(value)
        (time,) = self._ahead([date])
        if value <= self.floor:
            return 1.0
        if value >= self.ceiling:
            return 0.0
        value = self._unbounded(value)
        location, up, down = self._law(self._until(time))
        missed = (value - self.anchor) / self.series.unit - location
        score = np.sinh(np.arcsinh(missed / np.where(missed > 0, up, down)) / priors.TAIL)
        return float(_tidy(np.max(ndtr(-score))))

    def _below(self, values):
        """Bend growth so that it fills the room below the ceiling without passing it.

        Each rise finds a share of the remaining people already served, as in a logistic curve.
        """
        room = self.ceiling - self.anchor
        if not np.isfinite(room):
            return values
        rise = np.maximum(values - self.anchor, 0.0)
        return np.where(rise > 0, self.anchor - room * np.expm1(-rise / room), values)

    def _unbounded(self, value):
        """Undo `_below` for one value."""
        room = self.ceiling - self.anchor
        if not np.isfinite(room) or value <= self.anchor:
            return value
        return self.anchor - room * np.log1p(-(value - self.anchor) / room)

    def _ahead(self, dates):
        dates = _listed(dates, "horizon_dates")
        days = observations.day_numbers(dates, "horizon_dates")
        for date, day in zip(dates, days, strict=True):
            if day <= self.last_day:
                raise ValueError(f"horizon_dates: {date} is not after the last observation")
        return (days - self.last_day) / self.series.gap

    def _until(self, time):
        """List the times whose law bounds the one at `time`: a cumulative count keeps all."""
        if not self.cumulative:
            return np.array([time])
        return np.append(np.arange(_STRIDE, min(time, _FAR), _STRIDE), time)

    def _row(self, time, scores):
        location, up, down = (part[:, None] for part in self._law(self._until(time)))
        spread = np.where(scores > 0, up, down)
        rises = location + spread * np.sinh(priors.TAIL * np.arcsinh(scores))
        return self.anchor + np.max(rises, axis=0) * self.series.unit

    def _law(self, times):
        """Median rise, spread above and spread below it, in mean steps, at each time."""
        series = self.series
        weights = np.array(list(self.weights.values()))[:, None]
        promised = np.array([series.growth.growth(name, times) for name in self.candidates])
        growth = np.sum(weights * promised, axis=0)
        discord = np.sum(weights * (promised - growth) ** 2, axis=0)
        taken_back = _reversion(series) * np.minimum(times, 1.0)
        gaps = np.clip(times, *_GAPS)
        spans = np.clip(times / (series.points - 1), *_SPANS)
        by_gaps, by_spans = priors.SPREAD
        spread = self._deviation(times, growth, discord) * gaps**by_gaps * spans**by_spans
        constant, by_gaps, by_spans = priors.SKEW
        lean = np.tanh(constant + by_gaps * np.log(gaps) + by_spans * np.log(spans))
        lean = np.exp(lean * series.direction)
        doubt = self.doubt / series.unit
        up, down = (priors.WIDTH * np.hypot(part, doubt) for part in (spread * lean, spread / lean))
        return priors.MOMENTUM * growth - taken_back, up, down

    def _deviation(self, times, growth, discord):
        own = np.sum(np.array(list(self.weights.values())) * self.series.losses)
        noise, step, disagreement, mistakes, size = priors.VARIANCES
        by_time = noise * self.series.noise**2 + step + mistakes * own**2
        return np.sqrt(by_time * times + disagreement * discord + size * growth**2)


def fit(dates, values, qualifiers=None, cumulative=False, ceiling=np.inf):
    """Fit the candidate curves of a count and weigh them.

    Parameters
    ----------
    dates : sequence of str (ISO 8601) or dates, length n
        Strictly increasing; gaps may be irregular. At least `MIN_POINTS`.
    values : sequence of float, length n
        Finite, any unit.
    qualifiers : sequence of str, length n, optional
        "exact", "about" (rounded), "at_least" (a floor) or "at_most"; exact when left out.
    cumulative : bool
        True for a count that cannot fall, such as registered accounts.
    ceiling : float
        What the count cannot pass, such as a population; above every value.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        Names what is wrong with which entry.
    """
    days, values = _checked_series(dates, values)
    qualifiers = _checked_qualifiers(qualifiers, len(values))
    seen = observations.estimate(days, values, qualifiers, cumulative)
    ceiling = _checked_ceiling(ceiling, values.max())
    # A floor is lifted by what its neighbours suggest, at most half-way to the ceiling.
    estimates = np.minimum(seen.values, values.max() / 2 + ceiling / 2)
    series = traits.describe(days, estimates)
    floor = seen.floor if cumulative else (0.0 if values.min() >= 0 else -np.inf)
    return Model(
        candidates=list(curves.CANDIDATES),
        weights=_weigh(series),
        last_day=float(days[-1]),
        anchor=float(estimates[-1]),
        doubt=seen.doubt,
        floor=floor,
        cumulative=bool(cumulative),
        series=series,
        ceiling=ceiling,
    )


def forecast(
    dates, values, horizon_dates, quantiles, *, qualifiers=None, cumulative=False, ceiling=np.inf
):
    """Forecast quantiles of a count.

    Parameters
    ----------
    dates : sequence of str (ISO 8601) or dates, length n
        Strictly increasing; gaps may be irregular. Four to fifty are what the method was built for.
    values : sequence of float, length n
        Finite, any unit, at most 1e150 in size; what is smaller than 1e-150 counts as zero.
    horizon_dates : sequence of dates, length H
        After the last of `dates`.
    quantiles : sequence of float, length Q
        Levels in ]0, 1[, ascending.
    qualifiers : sequence of str, length n, optional
        "exact", "about", "at_least" or "at_most".
    cumulative : bool
        True for a count that cannot fall: no quantile is below what it has reached.
    ceiling : float
        What the count cannot pass, such as a population; above every value.

    Returns
    -------
    ndarray, shape (H, Q)
        Unit of the values; each row ascends. The same input gives the same numbers.

    Raises
    ------
    ValueError
        Names what is wrong with which entry.
    """
    model = fit(dates, values, qualifiers, cumulative, ceiling)
    return model.quantiles(horizon_dates, quantiles)


def target_probability(
    dates, values, date, target, *, qualifiers=None, cumulative=False, ceiling=np.inf
):
    """Chance that a count is at or above a target on a date.

    Parameters
    ----------
    dates, values, qualifiers, cumulative, ceiling
        As in `forecast`.
    date : date or str
        After the last of `dates`.
    target : float
        Unit of the values.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        Names what is wrong with which entry.
    """
    return fit(dates, values, qualifiers, cumulative, ceiling).probability(date, target)


def leave_one_out(
    dates,
    values,
    horizon_date,
    quantiles=(0.1, 0.5, 0.9),
    *,
    qualifiers=None,
    cumulative=False,
    ceiling=np.inf,
):
    """Forecast again without each point in turn, to see which of them the forecast hangs on.

    Parameters
    ----------
    dates, values, qualifiers, cumulative, ceiling
        As in `forecast`, with at least `MIN_POINTS` + 1 points.
    horizon_date : date or str
        After the last of `dates`.
    quantiles : sequence of float
        Levels in ]0, 1[, ascending.

    Returns
    -------
    DataFrame
        One row a point left out: `date`, `value`, then one column `q<level>` a quantile. The first
        row leaves nothing out (`date` and `value` missing).

    Raises
    ------
    ValueError
        If the points are too few, or as `forecast`.
    """
    dates, values = _listed(dates, "dates"), _listed(values, "values")
    labels = _checked_qualifiers(qualifiers, len(values))
    if len(dates) <= MIN_POINTS:
        raise ValueError(f"leaving one point out needs {MIN_POINTS + 1} points, not {len(dates)}")
    rows = []
    for left_out in [None, *range(len(dates))]:
        kept = [i for i in range(len(dates)) if i != left_out]
        model = fit(
            [dates[i] for i in kept],
            [values[i] for i in kept],
            [labels[i] for i in kept],
            cumulative,
            ceiling,
        )
        row = model.quantiles([horizon_date], quantiles)[0]
        whole = left_out is None
        rows.append([pd.NaT, np.nan, *row] if whole else [dates[left_out], values[left_out], *row])
    table = pd.DataFrame(rows, columns=["date", "value", *(f"q{level:g}" for level in quantiles)])
    return table.assign(date=pd.to_datetime(table["date"]))


def _weigh(series):
    mean = np.mean(series.losses)
    relative = np.log((series.losses + 0.1 * mean + 1e-9) / (mean + 1e-9))
    votes = np.array([priors.VOTES[name] for name in curves.CANDIDATES]) - priors.TRUST * relative
    weights = np.exp(votes - votes.max())
    return dict(zip(curves.CANDIDATES, (weights / weights.sum()).tolist(), strict=True))


def _reversion(series):
    constant, by_points, by_steadiness = priors.REVERSION
    share = constant + by_points * np.log(series.points / 8) + by_steadiness * series.steadiness
    return np.tanh(share) * series.surprise


def _tidy(numbers):
    """Keep twelve significant digits: a last-bit difference between machines must not show."""
    numbers = np.asarray(numbers, float)
    kept = [float(f"{number:.12g}") for number in numbers.ravel()]
    return np.array(kept).reshape(numbers.shape)


def _listed(entries, what):
    if isinstance(entries, str) or not np.iterable(entries):
        raise ValueError(f"{what}: expected a sequence, not {entries!r}")
    return list(entries)


def _checked_series(dates, values):
    dates, values = _listed(dates, "dates"), _listed(values, "values")
    if len(dates) != len(values):
        raise ValueError(f"{len(dates)} dates but {len(values)} values")
    if len(dates) < MIN_POINTS:
        raise ValueError(f"a forecast needs at least {MIN_POINTS} points, not {len(dates)}")
    days = observations.day_numbers(dates)
    for i in range(1, len(days)):
        if days[i] <= days[i - 1]:
            raise ValueError(f"dates must increase, but {dates[i]} follows {dates[i - 1]}")
    values = np.array([_checked_value(value) for value in values])
    return days, np.where(np.abs(values) < _SMALLEST, 0.0, values)


def _checked_value(value):
    if isinstance(value, (str, bytes, bool, np.bool_)):
        raise ValueError(f"{value!r} is not a number")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{value!r} is not a number") from None
    except OverflowError:
        raise ValueError("a value is too large to compute with") from None
    if not np.isfinite(number):
        raise ValueError(f"values must be finite, but one is {number}")
    if abs(number) > _LARGEST:
        raise ValueError(f"{number:g} is too large to compute with")
    return number


def _checked_ceiling(ceiling, largest):
    if not isinstance(ceiling, (int, float, np.number)) or not ceiling > largest:
        raise ValueError(f"ceiling {ceiling!r} is not a number above every value")
    return float(ceiling)


def _checked_qualifiers(qualifiers, count):
    if qualifiers is None:
        return ["exact"] * count
    qualifiers = _listed(qualifiers, "qualifiers")
    if len(qualifiers) != count:
        raise ValueError(f"{len(qualifiers)} qualifiers for {count} values")
    for qualifier in qualifiers:
        if qualifier not in observations.QUALIFIERS:
            known = ", ".join(observations.QUALIFIERS)
            raise ValueError(f"qualifier {qualifier!r} is none of {known}")
    return qualifiers


def _checked_levels(quantiles):
    levels = np.array([_checked_value(level) for level in _listed(quantiles, "quantiles")])
    if not len(levels):
        raise ValueError("quantiles: at least one level is needed")
    if np.any(levels <= 0) or np.any(levels >= 1):
        raise ValueError("quantiles must lie strictly between 0 and 1")
    if np.any(np.diff(levels) < 0):
        raise ValueError("quantiles must be given in ascending order")
    return levels

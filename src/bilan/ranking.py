"""From country scores to simulated ranks.

A rank depends on everybody's score, so all countries are simulated together: each continues its
last score by a random walk around the step that all share. The walk of one country is estimated
from few years, hence its variance is mostly the panel's, its drift is mostly the common one, and
part of its last surprise is taken back, as much as the panel usually does. `docs/method.md` gives
the evidence for each.

Ranks of simulated scores: Goldstein and Spiegelhalter (1996), https://doi.org/10.2307/2983325.
Shrinkage: Efron and Morris (1977), https://doi.org/10.1038/scientificamerican0577-119.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

DRAWS = 2000
PLACES = 5
# Learnt on seven published panels: EGDI, EIU Democracy, Fraser, RSF, TI CPI and two of the World
# Bank's WGI. EGDI is also in the review; `docs/method.md` says what the other six alone give.
_POOLED = 0.6
_SPREAD = 0.8
_TAKEN_BACK, _PAIRS, _MOST = 0.15, 50, 0.6
_OWN_DRIFT = 0.3
_FREEDOM = 6
_MAX_DECIMALS = 4
_LARGEST = 1e100  # squares of scores must still be numbers


@dataclass(frozen=True)
class Outlook:
    """What the simulated ranks say of one country.

    Attributes
    ----------
    country : str
    year : int
        The year forecast.
    last_year : int
        The last year observed.
    last_rank : int
        Rank in that year, 1 being the best.
    probabilities : ndarray, shape (R,)
        Probability of rank 1 to R, of the R countries still ranked.
    median : int
        Median rank.
    low, high : int
        Ends of the central 80 % interval of ranks.
    gain, lose : float
        Probability of a better and of a worse rank than the last.
    needed : DataFrame
        One row for each of the next `PLACES` better places: `rank`; `held_by`, who held it in the
        last year; `score_then`, the score that would have given it then; `missing_then`, how much
        was missing; `score_low`, `score_expected`, `score_high`, what it takes in the year
        forecast (central 80 %). An equal score shares the place. Unit of the scores.
    """

    country: str
    year: int
    last_year: int
    last_rank: int
    probabilities: np.ndarray
    median: int
    low: int
    high: int
    gain: float
    lose: float
    needed: pd.DataFrame


@dataclass(frozen=True)
class _Panel:
    ranked: np.ndarray
    last: np.ndarray
    common: float
    common_spread: float
    own_drift: np.ndarray
    taken_back: np.ndarray
    spread: np.ndarray
    ahead: np.ndarray
    length: float
    resolution: float


def ranks(scores):
    """Rank scores, highest first; equal scores share the better rank.

    Parameters
    ----------
    scores : array_like, shape (..., C)
        Missing scores hold no rank.

    Returns
    -------
    ndarray of float, shape (..., C)
        1 is the best; missing where the score is missing.
    """
    scores = _numbers(scores, "scores")
    missing = np.isnan(scores)
    sortable = np.where(missing, -np.inf, scores)
    order = np.argsort(-sortable, axis=-1, kind="stable")
    descending = np.take_along_axis(sortable, order, -1)
    opens = np.ones(descending.shape, bool)
    opens[..., 1:] = descending[..., 1:] < descending[..., :-1]
    places = np.where(opens, np.arange(1.0, scores.shape[-1] + 1), 0.0)
    places = np.maximum.accumulate(places, axis=-1)
    held = np.empty_like(places)
    np.put_along_axis(held, order, places, -1)
    return np.where(missing, np.nan, held)


def rank_probabilities(years, countries, scores, horizon_years, seed=0):
    """Probability of every rank for every country.

    Parameters
    ----------
    years : sequence of int, length T
        At least two, increasing.
    countries : sequence of str, length C
    scores : array_like, shape (C, T)
        Higher is better; NaN where a score is missing.
    horizon_years : sequence of int, length H
        After the last of `years`.
    seed : int
        The same seed gives the same numbers.

    Returns
    -------
    ndarray, shape (H, C, C)
        Entry [h, c, r] is the probability that country c holds rank r + 1. A country without a
        score in the last year has left the index: it holds no rank, and its row is zero. Ties share
        the better rank.

    Raises
    ------
    ValueError
        Names what is wrong with the panel.
    """
    panel = _panel(years, countries, scores, horizon_years)
    places = len(countries)
    result = np.zeros((len(panel.ahead), places, places))
    for h, draws in enumerate(_simulate(panel, seed)):
        held = ranks(draws).astype(int) - 1
        for column, country in enumerate(panel.ranked):
            result[h, country] = np.bincount(held[:, column], minlength=places) / len(held)
    return result


def outlook(years, countries, scores, horizon_year, country, seed=0):
    """Describe the simulated rank of one country.

    Parameters
    ----------
    years, countries, scores, seed
        As in `rank_probabilities`.
    horizon_year : int
        After the last of `years`.
    country : str
        One of `countries`, with a score in the last year.

    Returns
    -------
    Outlook

    Raises
    ------
    ValueError
        Names what is wrong with the panel or the country.
    """
    panel = _panel(years, countries, scores, [horizon_year])
    names = [list(countries)[i] for i in panel.ranked]
    if country not in names:
        raise ValueError(f"{country!r} has no score in {list(years)[-1]}")
    own = names.index(country)
    draws = _simulate(panel, seed)[0]
    held = ranks(draws)[:, own].astype(int)
    chances = np.bincount(held - 1, minlength=len(names)) / len(held)
    last_rank = int(ranks(panel.last)[own])
    return Outlook(
        country=country,
        year=int(horizon_year),
        last_year=int(list(years)[-1]),
        last_rank=last_rank,
        probabilities=chances,
        median=_place(chances, 0.5),
        low=_place(chances, 0.1),
        high=_place(chances, 0.9),
        gain=float(chances[: last_rank - 1].sum()),
        lose=float(chances[last_rank:].sum()),
        needed=_needed(panel.last, draws, names, own, last_rank),
    )


def leave_one_out(years, countries, scores, horizon_year, country, seed=0):
    """Describe a country's simulated rank again without each year, to see what it hangs on.

    Parameters
    ----------
    years, countries, scores, horizon_year, country, seed
        As in `outlook`, with at least three years.

    Returns
    -------
    DataFrame
        One row a year left out: `year`, then `median`, `low`, `high`, `gain` and `lose` as in
        `Outlook`. The first row leaves nothing out (`year` missing). Without the last year the
        country starts from the one before; that row is missing where it had no score then.

    Raises
    ------
    ValueError
        If the years are too few, or as `outlook`.
    """
    whole = outlook(years, countries, scores, horizon_year, country, seed)
    years, countries, scores = list(years), list(countries), np.asarray(scores, float)
    if len(years) < 3:
        raise ValueError(f"leaving one year out needs 3 years, not {len(years)}")
    rows = [(pd.NA, whole)]
    for left_out, year in enumerate(years):
        kept = [i for i in range(len(years)) if i != left_out]
        if not np.isnan(scores[countries.index(country), kept[-1]]):
            given = [years[i] for i in kept], countries, scores[:, kept]
            rows.append((int(year), outlook(*given, horizon_year, country, seed)))
    names = ["median", "low", "high", "gain", "lose"]
    told = [[year, *(getattr(seen, name) for name in names)] for year, seen in rows]
    return pd.DataFrame(told, columns=["year", *names]).astype({"year": "Int64"})


def movement(scores):
    """Tell how far ranks move by recomputation alone, beside how far they move by time.

    Parameters
    ----------
    scores : DataFrame
        Columns `vintage` (edition whose method made the score), `year`, `country`, `value` (higher
        is better), one row each.

    Returns
    -------
    DataFrame
        One row a comparison. `kind` is "recomputation" (same year, two vintages) or "time" (same
        vintage, a year and the next it covers); `vintage_from`, `vintage_to`, `year_from`,
        `year_to`; `countries` with a score on both sides (at least two), among whom alone they are
        ranked; `mean_places`, mean absolute change of rank; `largest`; `share_moving`, share of
        countries whose rank changes.

    Raises
    ------
    ValueError
        If a column is missing or a score is given twice.
    """
    wanted = ["vintage", "year", "country", "value"]
    if not isinstance(scores, pd.DataFrame):
        raise ValueError(f"scores: expected a table, not {type(scores).__name__}")
    missing = [name for name in wanted if name not in scores.columns]
    if missing:
        raise ValueError(f"scores lack the column {', '.join(missing)}")
    if scores.duplicated(wanted[:3]).any():
        twice = scores[scores.duplicated(wanted[:3])].iloc[0]
        raise ValueError(f"two scores of {twice.country} for {twice.year}, vintage {twice.vintage}")
    table = scores.pivot(index="country", columns=["vintage", "year"], values="value")
    boards = dict(zip(table.columns, table.to_numpy().T, strict=True))
    moves = (_moved(boards, *pair) for pair in _comparisons(sorted(boards)))
    rows = [row for row in moves if row is not None]
    names = ["kind", "vintage_from", "vintage_to", "year_from", "year_to"]
    return pd.DataFrame(
        rows, columns=[*names, "countries", "mean_places", "largest", "share_moving"]
    )


def _comparisons(columns):
    for vintage, year in columns:
        for other, same in columns:
            if same == year and other > vintage:
                yield "recomputation", (vintage, year), (other, year)
        later = [when for which, when in columns if which == vintage and when > year]
        if later:
            yield "time", (vintage, year), (vintage, min(later))


def _moved(boards, kind, before, after):
    both = ~np.isnan(boards[before]) & ~np.isnan(boards[after])
    if both.sum() < 2:
        return None
    moved = np.abs(ranks(boards[after][both]) - ranks(boards[before][both]))
    span = [before[0], after[0], before[1], after[1]]
    return [kind, *span, len(moved), moved.mean(), int(moved.max()), np.mean(moved > 0)]


def _panel(years, countries, scores, horizon_years):
    years, ahead = _numbers(years, "years"), _numbers(horizon_years, "horizon_years")
    scores = _checked(years, _names(countries), _numbers(scores, "scores"), ahead)
    gap = np.median(np.diff(years))
    times = (years - years[0]) / gap
    ranked = np.flatnonzero(~np.isnan(scores[:, -1]))
    common = _common_path(scores[ranked])
    walks = [_walk(times, row - common) for row in scores[ranked]]
    drift, surprise, steps = (
        np.array([walk[name] for walk in walks]) for name in ("drift", "surprise", "steps")
    )
    known = steps > 0
    variance = _pool([walk["variance"] for walk in walks], known, steps)
    variance = np.maximum(variance, 1e-6 * np.nanvar(scores))
    own_drift = _OWN_DRIFT * _signal(drift[known], variance[known], steps[known]) * drift
    rate, common_spread = _common_rate(times, common)
    return _Panel(
        ranked=ranked,
        last=scores[ranked, -1],
        common=rate,
        common_spread=common_spread,
        own_drift=own_drift,
        taken_back=_echo(walks) * np.where(known, surprise - own_drift, 0.0),
        spread=_SPREAD * np.sqrt(variance),
        ahead=(ahead - years[-1]) / gap,
        length=float(times[-1]),
        resolution=_resolution(scores),
    )


def _pool(own, known, steps):
    """Draw the variance of each walk towards the panel's, and widen it for its unknown drift."""
    pooled = np.mean(np.array(own)[known]) if known.any() else 0.0
    variance = np.where(known, (1 - _POOLED) * np.array(own) + _POOLED * pooled, pooled)
    return variance * (1 + 1 / np.maximum(steps, 1))


def _echo(walks):
    """Share of a surprise that the panel usually takes back the year after.

    It is minus the correlation of successive steps, which measurement error alone makes negative,
    drawn towards what other panels show in the weight of `_PAIRS` pairs of steps.
    """
    before = np.concatenate([walk["rises"][:-1] for walk in walks])
    after = np.concatenate([walk["rises"][1:] for walk in walks])
    power = np.sum(before**2 + after**2) / 2
    correlation = np.sum(before * after) / power if power > 0 else 0.0
    share = (_PAIRS * _TAKEN_BACK - len(before) * correlation) / (_PAIRS + len(before))
    return np.clip(share, 0.0, _MOST)


def _common_path(scores):
    """Cumulate the median step of the countries seen on both sides of it."""
    steps = np.diff(scores, axis=1)
    seen = ~np.all(np.isnan(steps), axis=0)
    medians = np.zeros(steps.shape[1])
    medians[seen] = np.nanmedian(steps[:, seen], axis=0)
    return np.concatenate([[0.0], np.cumsum(medians)])


def _common_rate(times, common):
    rises, steps = np.diff(common), np.diff(times)
    rate = common[-1] / times[-1]
    variance = np.sum((rises - rate * steps) ** 2 / steps) / max(len(rises) - 1, 1)
    return float(rate), float(np.sqrt(variance))


def _walk(times, path):
    """Describe the own walk of one country, from the years in which it was seen."""
    seen = ~np.isnan(path)
    if seen.sum() < 2:
        nothing = np.zeros(0)
        return {"drift": 0.0, "surprise": 0.0, "variance": 0.0, "steps": 0, "rises": nothing}
    rises, steps = np.diff(path[seen]), np.diff(times[seen])
    return {
        "drift": rises.sum() / steps.sum(),
        "surprise": rises[-1] / steps[-1],
        "variance": np.mean(rises**2 / steps),
        "steps": len(rises),
        "rises": rises / np.sqrt(steps),
    }


def _signal(drifts, variances, steps):
    """Share of the differences between drifts that chance alone would not make."""
    total = np.sum(drifts**2)
    if total <= 0:
        return 0.0
    chance = np.sum((variances - drifts**2).clip(0) / steps)
    return max(0.0, 1.0 - chance / total)


def _resolution(scores):
    """Size of the last decimal in which the scores are given; zero when they are not rounded."""
    values = scores[~np.isnan(scores)]
    for decimals in range(_MAX_DECIMALS + 1):
        if np.allclose(values, np.round(values, decimals), rtol=1e-12, atol=1e-9):
            return 10.0**-decimals
    return 0.0


def _simulate(panel, seed):
    """Draw scores of the ranked countries: one array (DRAWS, R) a horizon."""
    if not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(f"seed {seed!r} is not a whole number from 0 up")
    generator = np.random.default_rng(seed)
    shape = (DRAWS // 2, len(panel.last) + 1)
    normal = generator.standard_normal(shape)
    tails = np.sqrt((_FREEDOM - 2) / generator.chisquare(_FREEDOM, shape))
    half = normal * tails
    noise = np.concatenate([half, -half])
    return [_scores(panel, ahead, noise) for ahead in panel.ahead]


def _scores(panel, ahead, noise):
    centre = panel.last + ahead * (panel.common + panel.own_drift) - panel.taken_back
    shared = panel.common_spread * np.sqrt(ahead * (1 + ahead / panel.length)) * noise[:, :1]
    draws = centre + shared + panel.spread * np.sqrt(ahead) * noise[:, 1:]
    if panel.resolution > 0:
        return np.round(draws / panel.resolution) * panel.resolution
    return draws


def _place(chances, level):
    return int(np.searchsorted(np.cumsum(chances), level - 1e-9) + 1)


def _needed(last, draws, names, own, last_rank):
    others = [i for i in range(len(names)) if i != own]
    then = sorted(((last[i], names[i]) for i in others), key=lambda pair: -pair[0])
    ahead = -np.sort(-draws[:, others], axis=1)
    rows = []
    for rank in range(last_rank - 1, max(last_rank - 1 - PLACES, 0), -1):
        score, holder = then[rank - 1]
        low, middle, high = np.quantile(ahead[:, rank - 1], [0.1, 0.5, 0.9])
        rows.append([rank, holder, score, score - last[own], low, middle, high])
    names = ["rank", "held_by", "score_then", "missing_then"]
    return pd.DataFrame(rows, columns=[*names, "score_low", "score_expected", "score_high"])


def _numbers(entries, what):
    try:
        numbers = np.asarray(entries, float)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{what} must be numbers in rows of equal length") from None
    if numbers.ndim == 0:
        raise ValueError(f"{what}: expected a sequence, not {entries!r}")
    return numbers


def _names(countries):
    if isinstance(countries, str) or not np.iterable(countries):
        raise ValueError(f"countries: expected a sequence, not {countries!r}")
    countries = list(countries)
    for country in countries:
        if not isinstance(country, str):
            raise ValueError(f"countries: {country!r} is not a name")
    return countries


def _checked(years, countries, scores, horizon_years):
    if years.ndim > 1 or horizon_years.ndim > 1:
        raise ValueError("years and horizon_years must each be one row")
    if scores.shape != (len(countries), len(years)):
        raise ValueError(
            f"scores have shape {scores.shape}, expected {len(countries)} countries "
            f"by {len(years)} years"
        )
    if len(set(countries)) < len(countries):
        raise ValueError("a country is listed twice")
    if not (np.all(np.isfinite(years)) and np.all(np.isfinite(horizon_years))):
        raise ValueError("years and horizon_years must be finite")
    if len(years) < 2 or np.any(np.diff(years) <= 0):
        raise ValueError("years must be at least two, in increasing order")
    if np.any(horizon_years <= years[-1]):
        raise ValueError(f"horizon_years must come after {years[-1]:.0f}")
    if np.any(np.isinf(scores)):
        raise ValueError("scores must be finite or missing")
    if np.any(np.abs(scores) > _LARGEST):
        raise ValueError(f"scores must lie within ±{_LARGEST:g}")
    if np.sum(~np.isnan(scores[:, -1])) < 2:
        raise ValueError(f"fewer than two countries have a score in {years[-1]:.0f}")
    return scores

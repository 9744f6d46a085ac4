import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from bilan import adoption, ranking, scoring

DATES = [f"{year}-12-31" for year in range(2005, 2017)]
VALUES = [1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0, 27.0, 31.0, 34.0, 36.0, 37.0]


def test_pinball_by_hand():
    losses = scoring.pinball([10.0], [[8.0, 12.0]], [0.1, 0.9])
    assert losses == pytest.approx(np.array([[0.2, 0.2]]))


@given(st.floats(-4, 4))
def test_crps_approaches_its_closed_form(outcome):
    levels = (np.arange(4000) + 0.5) / 4000
    approximate = scoring.crps([outcome], [norm.ppf(levels)], levels)[0]
    exact = outcome * (2 * norm.cdf(outcome) - 1) + 2 * norm.pdf(outcome) - 1 / np.sqrt(np.pi)
    assert approximate == pytest.approx(exact, abs=2e-3)


@given(st.lists(st.floats(-1e6, 1e6), min_size=19, max_size=19), st.floats(-1e6, 1e6))
def test_crps_is_not_negative_and_zero_when_certain_and_right(row, outcome):
    assert scoring.crps([outcome], [sorted(row)], scoring.LEVELS)[0] >= 0
    assert scoring.crps([outcome], [[outcome] * 19], scoring.LEVELS)[0] == 0


def test_coverage_counts_the_ends_as_inside():
    forecasts = [[0.0, 1.0]] * 4
    assert scoring.coverage([0.0, 0.5, 1.0, 2.0], forecasts, [0.1, 0.9], 0.8) == 0.75


def test_coverage_names_the_quantile_that_is_missing():
    with pytest.raises(ValueError, match=r"quantile 0\.025 is not among"):
        scoring.coverage([0.0], [[0.0, 1.0]], [0.1, 0.9], 0.95)


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\(1, 3\) do not fit \(1,\) outcomes and \(2,\)"):
        scoring.pinball([1.0], [[1.0, 2.0, 3.0]], [0.1, 0.9])


def test_brier():
    assert scoring.brier([1.0, 0.0], [True, False]) == 0
    assert scoring.brier([0.5, 0.5], [True, False]) == 0.25
    with pytest.raises(ValueError, match="between 0 and 1"):
        scoring.brier([1.5], [True])
    with pytest.raises(ValueError, match="2 probabilities for 1 events"):
        scoring.brier([0.5, 0.5], [True])


def test_rps_of_certainty_is_the_distance_in_places():
    assert scoring.rps(np.eye(5)[[2, 2]], [3, 5]) == pytest.approx([0.0, 2 / 4])
    with pytest.raises(ValueError, match="between 1 and 5"):
        scoring.rps(np.eye(5)[[2]], [6])


def test_rank_pit_is_uniform_for_a_calibrated_forecast():
    generator = np.random.default_rng(1)
    chances = generator.dirichlet(np.ones(6), 20_000)
    held = (generator.random((20_000, 1)) > np.cumsum(chances, axis=1)).sum(axis=1) + 1
    pit = scoring.rank_pit(chances, held, generator.random(20_000))
    assert np.mean((pit >= 0.1) & (pit <= 0.9)) == pytest.approx(0.8, abs=0.01)


def test_references_know_what_they_are():
    later = ["2017-12-31", "2018-12-31"]
    flat = scoring.no_change(DATES, VALUES, later, [0.1, 0.5, 0.9])
    steady = scoring.drift(DATES, VALUES, later, [0.1, 0.5, 0.9])
    assert flat[:, 1] == pytest.approx([37.0, 37.0])
    assert steady[:, 1] == pytest.approx([37 + 36 / 11, 37 + 72 / 11], rel=1e-3)
    assert (flat[:, 2] - flat[:, 0])[1] > (flat[:, 2] - flat[:, 0])[0]


def test_rolling_origin_scores_the_model_beside_the_references():
    table = scoring.rolling_origin(adoption.forecast, DATES, VALUES, min_points=6, horizons=2)
    assert set(table.forecaster) == {"model", "drift", "no_change"}
    assert len(table) == 3 * (5 * 2 + 1)
    assert (table.crps >= 0).all()
    assert (pd.to_datetime(table.date) > pd.to_datetime(table.origin)).all()
    by_name = table.groupby("forecaster").scaled_crps.mean()
    assert by_name["model"] < by_name["no_change"]


def test_rolling_origin_never_shows_the_future():
    seen = []

    def spy(dates, values, horizon_dates, quantiles):
        seen.append((dates[-1], horizon_dates[0]))
        return scoring.drift(dates, values, horizon_dates, quantiles)

    scoring.rolling_origin(spy, DATES, VALUES)
    assert all(last < first for last, first in seen)


def test_rolling_origin_names_a_series_that_is_too_short():
    with pytest.raises(ValueError, match="5 points leave none"):
        scoring.rolling_origin(scoring.drift, DATES[:5], VALUES[:5])
    with pytest.raises(ValueError, match="min_points of at least 3"):
        scoring.rolling_origin(scoring.drift, DATES, VALUES, min_points=1)


def test_rolling_ranks_shows_the_forecaster_the_past_alone():
    generator, asked = np.random.default_rng(1), []
    scores = generator.normal(size=(6, 5)).cumsum(axis=1)
    scores[0, 3] = np.nan  # left for a year

    def forecaster(years, countries, known, later, seed):
        asked.append((years, countries, known.shape, later))
        return ranking.rank_probabilities(years, countries, known, later, seed=seed)

    table = scoring.rolling_ranks(forecaster, range(2015, 2020), list("abcdef"), scores)
    assert asked[0] == ([2015, 2016, 2017], list("abcdef"), (6, 3), [2018, 2019])
    assert asked[1] == ([2015, 2016, 2017, 2018], list("bcdef"), (5, 4), [2019])
    assert table.groupby(["origin", "year"]).size().to_dict() == {
        (2017, 2018): 5,
        (2017, 2019): 6,
        (2018, 2019): 5,
    }
    assert table["pit"].between(0, 1).all() and table["rps"].between(0, 1).all()


def test_rolling_ranks_by_hand():
    """Four countries that never move: certain and right, as "nobody moves" is."""

    def certain(years, countries, known, later, seed):
        return np.array([np.eye(4)] * len(later))

    scores = np.outer([4.0, 3.0, 2.0, 1.0], np.ones(4))
    table = scoring.rolling_ranks(certain, range(4), list("abcd"), scores)
    assert list(table["rank"]) == [1, 2, 3, 4]
    assert (table["rps"] == 0).all() and (table["rps_no_change"] == 0).all()
    moved = scores.copy()
    moved[:, 3] = [3.0, 4.0, 2.0, 1.0]
    table = scoring.rolling_ranks(certain, range(4), list("abcd"), moved)
    assert list(table["rps_no_change"]) == pytest.approx([1 / 3, 1 / 3, 0, 0])


def test_rolling_ranks_of_a_short_panel_is_empty():
    table = scoring.rolling_ranks(ranking.rank_probabilities, range(3), "abc", np.ones((3, 3)))
    assert table.empty and "rps" in table
    with pytest.raises(ValueError, match="min_years"):
        scoring.rolling_ranks(ranking.rank_probabilities, range(3), "abc", np.ones((3, 3)), 1)

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bilan import ranking

YEARS = list(range(2015, 2021))
COUNTRIES = ["AT", "BE", "DE", "ES", "FR", "IT", "NL", "PL"]


def panel(seed=3, spread=1.0):
    generator = np.random.default_rng(seed)
    start = np.linspace(70, 40, len(COUNTRIES))[:, None]
    steps = 2 + spread * generator.standard_normal((len(COUNTRIES), len(YEARS)))
    return start + np.cumsum(steps, axis=1)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(2, 12).flatmap(
        lambda c: st.lists(
            st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=5, max_size=5),
            min_size=c,
            max_size=c,
        )
    )
)
def test_every_ranked_country_holds_one_rank(scores):
    scores = np.array(scores)
    scores[:2, -1] = [1.0, 2.0]
    names = [str(i) for i in range(len(scores))]
    result = ranking.rank_probabilities(range(5), names, scores, [5, 8])
    ranked = ~np.isnan(scores[:, -1])
    assert result.shape == (2, len(names), len(names))
    assert (result >= 0).all()
    assert result.sum(axis=2) == pytest.approx(np.tile(ranked.astype(float), (2, 1)))
    assert result[:, :, ranked.sum() :].sum() == 0


def test_the_same_seed_gives_the_same_bytes():
    first = ranking.rank_probabilities(YEARS, COUNTRIES, panel(), [2021, 2023], seed=5)
    again = ranking.rank_probabilities(YEARS, COUNTRIES, panel(), [2021, 2023], seed=5)
    other = ranking.rank_probabilities(YEARS, COUNTRIES, panel(), [2021, 2023], seed=6)
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()
    assert np.abs(first - other).max() < 0.05


def test_the_order_of_the_countries_does_not_matter_much():
    forward = ranking.rank_probabilities(YEARS, COUNTRIES, panel(), [2021])[0]
    backward = ranking.rank_probabilities(YEARS, COUNTRIES[::-1], panel()[::-1], [2021])[0]
    assert np.abs(forward - backward[::-1]).max() < 0.05


def test_ranks_spread_with_the_horizon():
    result = ranking.rank_probabilities(YEARS, COUNTRIES, panel(spread=3), [2021, 2025])
    entropy = -np.sum(result * np.log(np.maximum(result, 1e-12)), axis=2).mean(axis=1)
    assert entropy[1] > entropy[0]


def test_a_shift_or_a_change_of_unit_does_not_move_ranks():
    plain = ranking.rank_probabilities(YEARS, COUNTRIES, panel(), [2022])
    moved = ranking.rank_probabilities(YEARS, COUNTRIES, panel() * 8 + 16, [2022])
    assert np.abs(plain - moved).max() < 0.01


def test_far_apart_countries_keep_their_ranks():
    scores = np.arange(8.0)[::-1, None] * 1000 + panel(spread=0.1)
    result = ranking.rank_probabilities(YEARS, COUNTRIES, scores, [2021])[0]
    assert np.diag(result) == pytest.approx(np.ones(8))


def test_ties_share_the_better_rank():
    assert ranking.ranks([3.0, 5.0, 5.0, 1.0]).tolist() == [3.0, 1.0, 1.0, 4.0]
    scores = np.repeat([[2.0], [1.0], [1.0]], 4, axis=1)
    result = ranking.rank_probabilities(range(4), list("abc"), scores, [4])[0]
    assert result[1, 1] == pytest.approx(1.0)
    assert result[2, 1] == pytest.approx(1.0)


def test_missing_scores_hold_no_rank():
    assert np.isnan(ranking.ranks([np.nan, 2.0])[0])
    assert ranking.ranks([np.nan, 2.0])[1] == 1


def test_a_country_that_left_has_no_rank_and_others_move_up():
    scores = panel()
    scores[0, -1] = np.nan
    result = ranking.rank_probabilities(YEARS, COUNTRIES, scores, [2021])[0]
    assert (result[0] == 0).all()
    assert result[1:].sum(axis=1) == pytest.approx(np.ones(7))
    assert result[:, -1].sum() == 0


def test_a_gap_in_the_past_and_a_late_arrival_are_read():
    scores = panel()
    scores[1, 2] = scores[2, :5] = np.nan
    result = ranking.rank_probabilities(YEARS, COUNTRIES, scores, [2021])
    assert result.sum(axis=2) == pytest.approx(np.ones((1, 8)))
    scores[:, 3] = np.nan
    assert np.isfinite(ranking.rank_probabilities(YEARS, COUNTRIES, scores, [2021])).all()


def test_outlook_is_the_row_of_the_panel():
    probabilities = ranking.rank_probabilities(YEARS, COUNTRIES, panel(), [2022], seed=2)[0, 4]
    seen = ranking.outlook(YEARS, COUNTRIES, panel(), 2022, "FR", seed=2)
    assert seen.probabilities == pytest.approx(probabilities)
    assert seen.low <= seen.median <= seen.high
    assert seen.gain + seen.lose + probabilities[seen.last_rank - 1] == pytest.approx(1)


def test_outlook_tells_what_the_next_places_take():
    scores = panel()
    seen = ranking.outlook(YEARS, COUNTRIES, scores, 2021, "PL")
    assert seen.needed["rank"].tolist() == [7, 6, 5, 4, 3]
    first = seen.needed.iloc[0]
    improved = scores[:, -1].copy()
    improved[-1] += first.missing_then
    assert ranking.ranks(improved)[-1] == 7
    assert (np.diff(seen.needed.score_then) >= 0).all()
    assert (seen.needed.score_low <= seen.needed.score_expected).all()
    assert (seen.needed.score_expected <= seen.needed.score_high).all()


def test_the_leader_needs_nothing():
    scores = panel()
    scores[0] += 100
    seen = ranking.outlook(YEARS, COUNTRIES, scores, 2021, "AT")
    assert seen.last_rank == 1 and seen.gain == 0 and len(seen.needed) == 0


def test_leave_one_out_shows_each_year():
    table = ranking.leave_one_out(YEARS, COUNTRIES, panel(), 2021, "FR")
    assert list(table["year"].dropna()) == YEARS and pd.isna(table["year"][0])
    whole = ranking.outlook(YEARS, COUNTRIES, panel(), 2021, "FR")
    assert tuple(table.iloc[0, 1:4]) == (whole.median, whole.low, whole.high)
    without = ranking.outlook(YEARS[:-1], COUNTRIES, panel()[:, :-1], 2021, "FR")
    assert table.iloc[-1]["gain"] == without.gain
    assert table["gain"].nunique() > 2


def test_leaving_out_the_last_year_needs_the_one_before():
    scores = panel()
    scores[COUNTRIES.index("FR"), -2] = np.nan
    table = ranking.leave_one_out(YEARS, COUNTRIES, scores, 2021, "FR")
    assert YEARS[-1] not in list(table["year"].dropna())
    with pytest.raises(ValueError, match="needs 3 years, not 2"):
        ranking.leave_one_out(YEARS[-2:], COUNTRIES, panel()[:, -2:], 2021, "FR")


BAD = {
    r"expected 8 countries by 5 years": (YEARS[:5], COUNTRIES, panel(), [2021]),
    "listed twice": (YEARS, ["AT", *COUNTRIES[:7]], panel(), [2021]),
    "increasing order": (YEARS[::-1], COUNTRIES, panel(), [2021]),
    "must come after 2020": (YEARS, COUNTRIES, panel(), [2020]),
    "finite or missing": (YEARS, COUNTRIES, panel() * np.inf, [2021]),
    "fewer than two countries": (YEARS, COUNTRIES, panel() * np.nan, [2021]),
    "horizon_years: expected a sequence, not 2021": (YEARS, COUNTRIES, panel(), 2021),
    "countries: expected a sequence": (YEARS, "ATBEDEFR", panel(), [2021]),
    "countries: 7 is not a name": (YEARS, [7, *COUNTRIES[1:]], panel(), [2021]),
    "years must be numbers": (["once", *YEARS[1:]], COUNTRIES, panel(), [2021]),
    "rows of equal length": (YEARS, COUNTRIES, [[1.0], [1.0, 2.0]], [2021]),
    "each be one row": (YEARS, COUNTRIES, panel(), [[2021]]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_panels_are_named(message):
    with pytest.raises(ValueError, match=message):
        ranking.rank_probabilities(*BAD[message])


@pytest.mark.parametrize("seed", [None, -1, 1.5, "now"])
def test_only_a_whole_number_seeds_the_draws(seed):
    with pytest.raises(ValueError, match="not a whole number"):
        ranking.rank_probabilities(YEARS, COUNTRIES, panel(), [2021], seed=seed)


def test_an_unknown_country_is_named():
    with pytest.raises(ValueError, match="'XX' has no score in 2020"):
        ranking.outlook(YEARS, COUNTRIES, panel(), 2021, "XX")


def test_movement_sets_recomputation_beside_time():
    rows = [
        (2019, 2018, "A", 3.0),
        (2019, 2018, "B", 2.0),
        (2019, 2018, "C", 1.0),
        (2020, 2018, "A", 1.0),
        (2020, 2018, "B", 2.0),
        (2020, 2018, "C", 3.0),
        (2020, 2019, "A", 1.0),
        (2020, 2019, "B", 3.0),
        (2020, 2019, "C", 2.0),
        (2020, 2019, "D", 9.0),
    ]
    table = ranking.movement(pd.DataFrame(rows, columns=["vintage", "year", "country", "value"]))
    assert table.kind.tolist() == ["recomputation", "time"]
    assert table.countries.tolist() == [3, 3]
    assert table.mean_places.tolist() == pytest.approx([4 / 3, 2 / 3])
    assert table.largest.tolist() == [2, 1]


def test_movement_names_what_is_wrong():
    frame = pd.DataFrame({"vintage": [1, 1], "year": [1, 1], "country": ["A", "A"]})
    with pytest.raises(ValueError, match="lack the column value"):
        ranking.movement(frame)
    with pytest.raises(ValueError, match="two scores of A for 1, vintage 1"):
        ranking.movement(frame.assign(value=1.0))


@pytest.mark.parametrize(
    ("years", "horizon", "factor", "said"),
    [
        ([2018, float("nan"), 2020], [2021], 1, "must be finite"),
        ([2018, 2019, 2020], [float("inf")], 1, "must be finite"),
        ([2018, 2019, 2020], [float("nan")], 1, "must be finite"),
        ([2018, 2019, 2020], [2021], 1e300, "must lie within"),
    ],
)
def test_what_cannot_be_computed_with_is_refused(years, horizon, factor, said):
    scores = np.array([[1.0, 2, 3], [3, 2, 1], [2, 2, 2]]) * factor
    with pytest.raises(ValueError, match=said):
        ranking.rank_probabilities(years, ["A", "B", "C"], scores, horizon)

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bilan import adoption
from bilan.observations import estimate, rounding_step

LEVELS = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975]
DATES = [f"{year}-12-31" for year in range(2010, 2020)]
VALUES = [1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0, 27.0, 31.0, 34.0]
LATER = ["2020-12-31", "2022-06-30", "2024-12-31"]


@st.composite
def series(draw, low=-1e9, high=1e9):
    gaps = draw(st.lists(st.integers(1, 900), min_size=4, max_size=50))
    days = np.cumsum(gaps)
    first = dt.date(1990, 1, 1)
    numbers = st.floats(low, high, allow_nan=False)
    values = draw(st.lists(numbers, min_size=len(gaps), max_size=len(gaps)))
    dates = [first + dt.timedelta(days=int(day)) for day in days]
    ahead = draw(st.lists(st.integers(1, 4000), min_size=1, max_size=4))
    return dates, values, [dates[-1] + dt.timedelta(days=step) for step in ahead]


@given(series())
def test_quantiles_are_finite_and_ascend(case):
    forecast = adoption.forecast(*case, LEVELS)
    assert forecast.shape == (len(case[2]), len(LEVELS))
    assert np.isfinite(forecast).all()
    assert (np.diff(forecast, axis=1) >= 0).all()


@given(series(low=0, high=1e12))
def test_a_count_is_never_forecast_below_zero(case):
    assert (adoption.forecast(*case, LEVELS) >= 0).all()


@given(series(low=0))
def test_a_cumulative_count_does_not_fall(case):
    dates, values, horizon = case
    forecast = adoption.forecast(dates, values, sorted(horizon), LEVELS, cumulative=True)
    assert (forecast >= values[-1] - 1e-150).all()  # what is smaller counts as nothing
    assert (np.diff(forecast, axis=0) >= 0).all()


@given(series(), st.integers(-20, 20))
def test_the_unit_of_the_values_does_not_matter(case, power):
    dates, values, horizon = case
    assume(max(map(abs, values)) > 1e-3)
    factor = 2.0**power
    scaled = adoption.forecast(dates, [value * factor for value in values], horizon, LEVELS)
    assert scaled == pytest.approx(adoption.forecast(dates, values, horizon, LEVELS) * factor)


@given(series(low=0, high=1e9), st.floats(0, 2e9), st.booleans())
def test_probability_is_consistent_with_quantiles(case, target, cumulative):
    model = adoption.fit(case[0], case[1], cumulative=cumulative)
    chance = model.probability(case[2][0], target)
    assert 0 <= chance <= 1
    level = float(np.clip(1 - chance, 0.001, 0.999))
    quantile = model.quantiles([case[2][0]], [level])[0, 0]
    if 0.001 < chance < 0.999:
        assert quantile == pytest.approx(target, rel=1e-6, abs=1e-6 * max(case[1]) + 1e-9)


@given(series())
def test_probability_falls_as_the_target_rises(case):
    model = adoption.fit(case[0], case[1])
    low, high = min(case[1]), max(case[1])
    targets = np.linspace(low - 1, high + abs(high) + 1, 15)
    chances = [model.probability(case[2][0], target) for target in targets]
    assert (np.diff(chances) <= 1e-12).all()


@settings(max_examples=25)
@given(series())
def test_the_same_input_gives_the_same_numbers(case):
    first = adoption.forecast(*case, LEVELS)
    assert first.tobytes() == adoption.forecast(*case, LEVELS).tobytes()


def test_no_global_random_state_is_touched():
    before = np.random.get_state()[1].copy()
    adoption.forecast(DATES, VALUES, LATER, LEVELS)
    assert (np.random.get_state()[1] == before).all()


def test_the_spread_grows_with_the_horizon():
    forecast = adoption.forecast(DATES, VALUES, LATER, [0.1, 0.9])
    assert (np.diff(forecast[:, 1] - forecast[:, 0]) > 0).all()


@pytest.mark.parametrize("value", [0.0, 5.0, 4e7])
def test_a_flat_series_is_continued_flat_but_not_with_certainty(value):
    forecast = adoption.forecast(DATES[:4], [value] * 4, LATER, [0.1, 0.5, 0.9])
    assert forecast[:, 1] == pytest.approx([value] * 3)
    assert (forecast[:, 2] > value).all()


def test_four_points_and_one_day_gaps_suffice():
    dates = ["2020-01-01", "2020-01-02", "2021-05-05", "2021-05-06"]
    assert np.isfinite(adoption.forecast(dates, [1, 2, 3, 5], ["2021-05-07"], LEVELS)).all()


def test_values_too_small_to_square_count_as_nothing():
    values = [value * 1e-280 for value in VALUES]
    nothing = adoption.forecast(DATES, [0.0] * len(VALUES), LATER, LEVELS)
    assert (adoption.forecast(DATES, values, LATER, LEVELS) == nothing).all()


@pytest.mark.parametrize("scale", [1e-149, 1e-12, 1.0, 1e12, 1e148])
def test_every_scale_that_is_accepted_gives_the_same_growth(scale):
    unscaled = adoption.forecast(DATES, VALUES, LATER, LEVELS)
    scaled = adoption.forecast(DATES, [value * scale for value in VALUES], LATER, LEVELS)
    assert scaled / scale == pytest.approx(unscaled, rel=1e-9)


def test_saturation_is_seen_where_the_data_show_it():
    years = np.arange(10)
    logistic = 100 / (1 + np.exp(-1.2 * (years - 4)))
    forecast = adoption.forecast(DATES, logistic, ["2022-12-31"], [0.5])[0, 0]
    drift = logistic[-1] + 3 * (logistic[-1] - logistic[0]) / 9
    assert forecast - 100 < (drift - 100) / 2


def test_growth_is_continuous_in_time():
    dates = ["2020-01-01", "2020-07-01", "2021-01-01", "2021-07-01", "2022-01-01"]
    model = adoption.fit(dates, [10, 14, 19, 23, 28])
    near = model.quantiles(["2022-06-30", "2022-07-01"], [0.5])[:, 0]
    assert abs(near[1] - near[0]) < 0.1


def test_weights_sum_to_one_and_name_the_candidates():
    model = adoption.fit(DATES, VALUES)
    assert {"linear", "exponential", "logistic", "Gompertz"} <= set(model.candidates)
    assert set(model.weights) == set(model.candidates)
    assert sum(model.weights.values()) == pytest.approx(1)
    assert min(model.weights.values()) > 0


def test_weights_are_earned_on_the_series_itself():
    years = np.arange(10)
    straight = adoption.fit(DATES, 3.0 * years).weights
    doubling = adoption.fit(DATES, 2.0**years).weights
    assert straight["linear"] > straight["exponential"]
    assert doubling["exponential"] > doubling["linear"]


def test_every_curve_passes_through_the_last_estimate():
    model = adoption.fit(DATES, VALUES)
    for name in model.candidates:
        curve = model.curve(name, [DATES[0], DATES[-1], LATER[0]])
        assert curve.shape == (3,)
        assert curve[1] == pytest.approx(VALUES[-1])


def test_an_unknown_curve_is_named():
    with pytest.raises(ValueError, match="no candidate 'spline'"):
        adoption.fit(DATES, VALUES).curve("spline", LATER)


def test_a_model_is_frozen():
    with pytest.raises(AttributeError):
        adoption.fit(DATES, VALUES).anchor = 3


def test_dates_may_be_strings_dates_or_timestamps():
    expected = adoption.forecast(DATES, VALUES, LATER, LEVELS)
    for kind in (dt.date.fromisoformat, pd.Timestamp, np.datetime64):
        dates, later = [kind(day) for day in DATES], [kind(day) for day in LATER]
        assert (adoption.forecast(dates, VALUES, later, LEVELS) == expected).all()
    frame = pd.DataFrame({"date": pd.to_datetime(DATES), "value": VALUES})
    assert (adoption.forecast(frame.date, frame.value, LATER, LEVELS) == expected).all()


BAD = {
    "at least 4 points, not 3": (DATES[:3], VALUES[:3], LATER, LEVELS),
    "10 dates but 9 values": (DATES, VALUES[:9], LATER, LEVELS),
    "'soon' is not a date": ([*DATES[:9], "soon"], VALUES, LATER, LEVELS),
    "None is not a date": ([*DATES[:9], None], VALUES, LATER, LEVELS),
    "'2019-12-31zzz' is not a date": ([*DATES[:9], "2019-12-31zzz"], VALUES, LATER, LEVELS),
    "dates: expected a sequence, not None": (None, VALUES, LATER, LEVELS),
    "values: expected a sequence, not 3.0": (DATES, 3.0, LATER, LEVELS),
    "horizon_dates: expected a sequence, not '2022": (DATES, VALUES, "2022-12-31", LEVELS),
    "quantiles: expected a sequence, not 0.5": (DATES, VALUES, LATER, 0.5),
    "quantiles: at least one level": (DATES, VALUES, LATER, []),
    "must increase, but 2018-12-31 follows": (DATES[::-1], VALUES, LATER, LEVELS),
    "2018-12-31 follows 2018-12-31": ([*DATES[:9], "2018-12-31"], VALUES, LATER, LEVELS),
    "finite, but one is nan": (DATES, [*VALUES[:9], np.nan], LATER, LEVELS),
    "finite, but one is inf": (DATES, [*VALUES[:9], np.inf], LATER, LEVELS),
    "'many' is not a number": (DATES, [*VALUES[:9], "many"], LATER, LEVELS),
    "'7' is not a number": (DATES, [*VALUES[:9], "7"], LATER, LEVELS),
    "True is not a number": (DATES, [*VALUES[:9], True], LATER, LEVELS),
    "1e\\+151 is too large": (DATES, [*VALUES[:9], 1e151], LATER, LEVELS),
    "a value is too large": (DATES, [*VALUES[:9], 10**400], LATER, LEVELS),
    "2019-12-31 is not after the last": (DATES, VALUES, ["2019-12-31"], LEVELS),
    "strictly between 0 and 1": (DATES, VALUES, LATER, [0.0, 0.5]),
    "ascending order": (DATES, VALUES, LATER, [0.9, 0.1]),
}


@pytest.mark.parametrize("message", BAD)
def test_bad_input_is_named(message):
    with pytest.raises(ValueError, match=message):
        adoption.forecast(*BAD[message])


@pytest.mark.parametrize(
    ("qualifiers", "message"),
    [(["exact"], "1 qualifiers for 10 values"), (["precise"] * 10, "'precise' is none of exact")],
)
def test_bad_qualifiers_are_named(qualifiers, message):
    with pytest.raises(ValueError, match=message):
        adoption.forecast(DATES, VALUES, LATER, LEVELS, qualifiers=qualifiers)


def test_exact_is_what_no_qualifier_means():
    plain = adoption.forecast(DATES, VALUES, LATER, LEVELS)
    exact = adoption.forecast(DATES, VALUES, LATER, LEVELS, qualifiers=["exact"] * 10)
    assert (plain == exact).all()


def test_rounding_widens_the_forecast():
    values = [value * 1e6 for value in VALUES]
    exact = adoption.fit(DATES, values).quantiles(["2020-01-15"], [0.1, 0.9])[0]
    about = adoption.fit(DATES, values, ["about"] * 10).quantiles(["2020-01-15"], [0.1, 0.9])[0]
    assert about[1] - about[0] > exact[1] - exact[0]
    assert about[0] < exact[0]


def test_a_floor_lifts_the_forecast_and_a_ceiling_lowers_it():
    values = [value * 1e6 for value in VALUES]
    median = {
        last: adoption.fit(DATES, values, ["exact"] * 9 + [last]).quantiles(LATER, [0.5])
        for last in ("exact", "at_least", "at_most")
    }
    assert (median["at_least"] > median["exact"]).all()
    assert (median["at_most"] < median["exact"]).all()


def test_a_stale_floor_is_read_as_a_floor():
    # "More than 10" repeated after 20 was reached says nothing new.
    dates = DATES[:6]
    qualifiers = ["exact", "exact", "exact", "exact", "at_least", "exact"]
    stale = adoption.fit(dates, [4, 8, 12, 16, 10, 24], qualifiers)
    true = adoption.fit(dates, [4, 8, 12, 16, 20, 24])
    assert stale.quantiles(LATER, [0.5]) == pytest.approx(true.quantiles(LATER, [0.5]), rel=0.15)


def test_the_floor_of_a_cumulative_count_is_what_it_has_reached():
    model = adoption.fit(DATES, VALUES, ["exact"] * 9 + ["at_least"], cumulative=True)
    assert (model.quantiles(["2020-01-01"], [0.001]) >= VALUES[-1]).all()
    assert model.probability("2020-01-01", VALUES[-1]) == 1.0


def test_a_monthly_active_count_can_fall():
    active = [150, 190, 230, 279, 300, 290, 310, 305, 320, 315]
    assert adoption.forecast(DATES, active, ["2020-12-31"], [0.1])[0, 0] < active[-1]
    falling = adoption.forecast(DATES, VALUES[::-1], ["2020-12-31"], [0.5])[0, 0]
    assert falling < VALUES[0] + 1e-9


@pytest.mark.parametrize(
    ("value", "step"),
    [(17e6, 1e6), (40e6, 1e6), (160_000, 10_000), (5e6, 1e6), (43, 1), (2.5, 0.1), (0, 0)],
)
def test_rounding_steps(value, step):
    assert rounding_step(value) == pytest.approx(step)


def test_a_number_that_is_not_round_has_no_step():
    assert rounding_step(1234567) == 0


@given(series(low=0, high=1e9), st.data())
def test_estimates_respect_their_bounds(case, data):
    dates, values, _ = case
    kinds = st.sampled_from(["exact", "about", "at_least", "at_most"])
    qualifiers = data.draw(st.lists(kinds, min_size=len(values), max_size=len(values)))
    days = np.array([day.toordinal() for day in dates], float)
    values = np.array(values)
    seen = estimate(days, values, qualifiers, cumulative=False)
    assert np.isfinite(seen.values).all() and np.isfinite(seen.doubt)
    for bound, value, estimated in zip(qualifiers, values, seen.values, strict=True):
        slack = 1e-9 * (1 + abs(value))
        if bound in ("exact", "about"):
            assert estimated == value
        elif bound == "at_least":
            assert estimated >= value - slack
        else:
            assert estimated <= value + slack


def test_target_probability_is_the_models():
    model = adoption.fit(DATES, VALUES, cumulative=True)
    chance = adoption.target_probability(DATES, VALUES, LATER[0], 37.0, cumulative=True)
    assert chance == model.probability(LATER[0], 37.0)
    assert 0 < chance < 1


def test_leave_one_out_shows_each_point():
    table = adoption.leave_one_out(DATES, VALUES, LATER[0])
    assert list(table.columns) == ["date", "value", "q0.1", "q0.5", "q0.9"]
    assert len(table) == len(DATES) + 1
    assert pd.isna(table.date[0])
    assert table["q0.5"][0] == adoption.forecast(DATES, VALUES, [LATER[0]], [0.5])[0, 0]
    assert table["q0.5"].nunique() > 5


def test_leave_one_out_needs_a_point_to_spare():
    with pytest.raises(ValueError, match="needs 5 points, not 4"):
        adoption.leave_one_out(DATES[:4], VALUES[:4], LATER[0])


@given(series(low=0, high=1e9), st.floats(1.05, 20.0))
def test_no_quantile_passes_the_ceiling(case, room):
    dates, values, horizon = case
    ceiling = room * max(*values, 1.0)
    free = adoption.forecast(dates, values, sorted(horizon), LEVELS, cumulative=True)
    held = adoption.forecast(
        dates, values, sorted(horizon), LEVELS, cumulative=True, ceiling=ceiling
    )
    assert (held <= ceiling).all()
    assert (held <= free * (1 + 1e-9) + 1e-9).all()
    assert (np.diff(held, axis=1) >= 0).all()


@given(series(low=0, high=1e9), st.floats(1.05, 5.0), st.floats(0, 1))
def test_probability_is_consistent_with_quantiles_below_a_ceiling(case, room, share):
    dates, values, horizon = case
    assume(max(values) > 1)
    ceiling = room * max(values)
    model = adoption.fit(dates, values, ceiling=ceiling)
    target = share * ceiling
    p = model.probability(horizon[0], target)
    level = min(max(1 - p, 1e-6), 1 - 1e-6)
    (quantile,) = model.quantiles([horizon[0]], [level])[0]
    if 1e-6 < 1 - p < 1 - 1e-6:
        assert quantile == pytest.approx(target, rel=1e-3, abs=1e-3 * ceiling)


def test_a_floor_just_below_the_ceiling_is_forecast_between_them():
    values = [value * 1e6 for value in VALUES]
    ceiling = values[-1] * 1.001
    model = adoption.fit(DATES, values, ["exact"] * 9 + ["at_least"], True, ceiling)
    assert values[-1] < model.anchor < ceiling
    fan = model.quantiles(LATER, LEVELS)
    assert (fan >= values[-1]).all() and (fan <= ceiling).all()


def test_a_distant_ceiling_changes_little_and_a_near_one_much():
    dates = [f"{year}-12-31" for year in range(2015, 2022)]
    values = [1e6, 2e6, 4e6, 7e6, 11e6, 16e6, 22e6]
    (free,), (far,), (near,) = (
        adoption.forecast(dates, values, ["2024-12-31"], [0.5], ceiling=ceiling)
        for ceiling in (np.inf, 1e12, 30e6)
    )
    assert far[0] == pytest.approx(free[0], rel=1e-3)
    assert near[0] < 30e6 < free[0]
    assert adoption.target_probability(dates, values, "2024-12-31", 30e6, ceiling=30e6) == 0.0
    with pytest.raises(ValueError, match="ceiling"):
        adoption.fit(dates, values, ceiling=20e6)


@pytest.mark.parametrize("ceiling", [None, "many", float("nan"), [9e9]])
def test_a_ceiling_that_is_no_number_is_named(ceiling):
    with pytest.raises(ValueError, match="is not a number above every value"):
        adoption.forecast(DATES, VALUES, LATER, LEVELS, ceiling=ceiling)

"""Forecasts as rows: which days they speak of, and how they are read again."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import day, observation, observations, target

from bilan import adoption, forecasts, programme
from bilan.editions import Edition

E2020 = Edition("2020", dt.date(2020, 12, 31), ("fr",))
FREE = {"cumulative": False, "ceiling": np.inf}
GROWTH = [
    ("2018-06-30", 10), ("2018-12-31", 20), ("2019-06-30", 32), ("2020-03-31", 50),
    ("2020-12-17", 70),
]  # fmt: skip


def figures(*rows: tuple) -> pd.DataFrame:
    return programme.series(observations(*(observation(*r) for r in rows)), "tchap-mau")


def goals(*rows: tuple) -> pd.DataFrame:
    named = [target(due, value, target=f"t-{due}") for due, value in rows]
    empty = pd.DataFrame([target("2020-01-01")]).head(0)
    return pd.DataFrame(named) if named else empty


# ------------------------------------------------------------------ the days

DATES = st.dates(dt.date(2010, 1, 1), dt.date(2020, 12, 31))
DUE = st.dates(dt.date(2021, 1, 1), dt.date(2030, 1, 1))


@settings(deadline=None)
@given(st.lists(DATES, min_size=2, max_size=12, unique=True).map(sorted), st.lists(DUE, max_size=4))
def test_the_grid_reaches_no_further_than_the_figures_allow(known, due):
    known = pd.Series(pd.to_datetime(known))
    due = [pd.Timestamp(d) for d in due]
    days = forecasts.grid(E2020.as_of, known, due)
    first, last = known.iloc[0], known.iloc[-1]
    assert days.is_monotonic_increasing and days.is_unique
    assert ((days > last) & (days <= last + (last - first))).all()
    assert {d for d in due if d <= last + (last - first)} <= set(days)
    assert days[days < pd.Timestamp(E2020.as_of)].empty


def test_the_grid_holds_the_cut_off_the_month_ends_and_the_targets_days():
    known = pd.Series([day("2017-01-31"), day("2020-12-17")])
    days = forecasts.grid(E2020.as_of, known, [day("2022-06-15"), day("2024-10-01")])
    assert days[0] == day("2020-12-31")
    assert list(days[1:3]) == [day("2021-01-31"), day("2021-02-28")]
    assert day("2022-06-15") in days and day("2024-10-01") in days
    ends = days[(days != day("2022-06-15")) & (days != day("2024-10-01"))]
    assert (ends == ends + pd.offsets.MonthEnd(0)).all()
    assert ends[-1] == day("2023-12-31") and len(ends) == forecasts.MONTHS_AHEAD + 1


def test_nothing_is_forecast_for_a_day_already_measured():
    known = pd.Series([day("2018-01-31"), day("2020-12-31")])
    assert forecasts.grid(E2020.as_of, known)[0] == day("2021-01-31")


# ------------------------------------------------------------------ a count's rows


def test_too_few_figures_give_no_model_and_no_row():
    few = figures(*GROWTH[: adoption.MIN_POINTS - 1])
    model, table = forecasts.of_count(E2020, "tchap-mau", few, goals(("2021-01-31", 80)), FREE)
    assert model is None
    assert table.empty and list(table) == forecasts.COLUMNS


def test_figures_too_old_to_reach_the_cut_off_give_no_row():
    old = figures(*((d.replace("20", "19", 1), v) for d, v in GROWTH))
    model, table = forecasts.of_count(E2020, "tchap-mau", old, goals(), FREE)
    assert model is None and table.empty


def test_a_count_has_every_level_on_every_day_in_ascending_order():
    known = figures(*GROWTH)
    model, table = forecasts.of_count(E2020, "tchap-mau", known, goals(), FREE)
    assert isinstance(model, adoption.Model)
    assert set(table["kind"]) == {"quantile"} and set(table["edition"]) == {"2020"}
    wide = table.pivot(index="date", columns="level", values="value")
    assert tuple(wide.columns) == forecasts.LEVELS
    assert list(wide.index) == list(forecasts.grid(E2020.as_of, known["date"]))
    assert (np.diff(wide.to_numpy(), axis=1) >= 0).all()
    assert {0.025, 0.05, 0.25, 0.5, 0.95, 0.975} <= set(forecasts.LEVELS)


def test_a_chance_is_told_only_for_targets_in_reach():
    due = goals(("2021-06-15", 80), ("2022-12-31", 500), ("2031-12-31", 900))
    model, table = forecasts.of_count(E2020, "tchap-mau", figures(*GROWTH), due, FREE)
    chances = table[table["kind"] == "target"]
    assert list(chances["target"]) == ["t-2021-06-15", "t-2022-12-31"]
    assert chances["value"].between(0, 1).all() and chances["level"].isna().all()
    assert chances["value"].iloc[0] == model.probability(dt.date(2021, 6, 15), 80)
    assert chances["value"].iloc[0] > chances["value"].iloc[1]


def test_an_undated_target_has_no_chance():
    due = pd.DataFrame([target(None, 80)])
    due["date"] = pd.to_datetime(due["date"])
    _, table = forecasts.of_count(E2020, "tchap-mau", figures(*GROWTH), due, FREE)
    assert "target" not in set(table["kind"])


def test_the_limits_of_a_count_are_kept():
    limits = {"cumulative": True, "ceiling": 75.0}
    _, table = forecasts.of_count(E2020, "tchap-mau", figures(*GROWTH), goals(), limits)
    assert table["value"].between(70, 75).all()


def test_how_exact_a_figure_is_reaches_the_model():
    exact, _ = forecasts.of_count(E2020, "tchap-mau", figures(*GROWTH), goals(), FREE)
    floors = figures(*GROWTH[:-1], (*GROWTH[-1], "at_least"))
    floor, _ = forecasts.of_count(E2020, "tchap-mau", floors, goals(), FREE)
    then = [dt.date(2021, 6, 30)]
    assert floor.quantiles(then, [0.9])[0, 0] > exact.quantiles(then, [0.9])[0, 0]


# ------------------------------------------------------------------ ranks


def test_ranks_have_a_row_for_every_year_country_and_place():
    boards = np.array([[[0.7, 0.3], [0.3, 0.7]], [[0.6, 0.4], [0.4, 0.6]]])
    table = forecasts.of_ranks(E2020, "desi", [2021, 2022], ["DK", "FR"], boards)
    assert set(table["subject"]) == {"rank-desi"} and set(table["kind"]) == {"rank"}
    assert len(table) == 8
    told = table.set_index(["date", "country", "level"])["value"]
    assert told[day("2022-12-31"), "FR", 1.0] == 0.4
    assert told[day("2021-12-31"), "DK", 1.0] == 0.7


# ------------------------------------------------------------------ reading them again


def two_days() -> pd.DataFrame:
    rows = [
        ("2020", "tchap-mau", "", "quantile", day(d), level, "", value * (1 + level))
        for d, value in (("2021-01-01", 100.0), ("2021-01-11", 200.0))
        for level in forecasts.LEVELS
    ]
    other = [("2020", "tchap-wau", "", "quantile", day("2021-01-01"), 0.5, "", 1e9)]
    return pd.DataFrame(rows + other, columns=forecasts.COLUMNS)


@pytest.mark.parametrize(
    ("when", "base"), [("2021-01-01", 100), ("2021-01-04", 130), ("2021-01-11", 200)]
)
def test_quantiles_between_two_days_are_interpolated_in_time(when, base):
    found = forecasts.at(two_days(), "tchap-mau", day(when))
    assert found == pytest.approx(base * (1 + np.array(forecasts.LEVELS)))


@pytest.mark.parametrize(
    ("subject", "when"),
    [("tchap-mau", "2020-12-31"), ("tchap-mau", "2021-01-12"), ("unknown", "2021-01-01")],
)
def test_a_day_without_a_forecast_is_named(subject, when):
    with pytest.raises(ValueError, match=f"{subject}: no forecast for {when}"):
        forecasts.at(two_days(), subject, day(when))


def test_what_of_count_wrote_is_read_again():
    model, table = forecasts.of_count(E2020, "tchap-mau", figures(*GROWTH), goals(), FREE)
    told = forecasts.at(table, "tchap-mau", day("2021-01-31"))
    direct = model.quantiles([dt.date(2021, 1, 31)], forecasts.LEVELS)[0]
    assert told == pytest.approx(direct)


def test_a_fan_has_a_row_a_day_and_a_column_a_level():
    fan = forecasts.fan(two_days(), "tchap-mau")
    assert list(fan) == ["date", *forecasts.FAN.values()]
    assert list(fan["date"]) == [day("2021-01-01"), day("2021-01-11")]
    assert fan["q50"].tolist() == pytest.approx([150, 300])
    assert fan["q025"].tolist() == pytest.approx([102.5, 205])


def test_a_fan_of_nothing_is_empty():
    assert forecasts.fan(two_days(), "unknown").empty

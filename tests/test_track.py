"""Earlier forecasts, scored by what became known after them and by nothing else."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from made import day, observation, observations

from bilan import forecasts, scoring, track
from bilan.editions import Edition

E2020 = Edition("2020", dt.date(2020, 12, 31), ("fr",))
E2021 = Edition("2021", dt.date(2021, 12, 31), ("fr",))
KNOWN = [("2019-06-30", 40), ("2019-12-31", 60), ("2020-06-30", 80), ("2020-12-15", 100)]


def told(low: float = 100, high: float = 200, span=("2020-12-31", "2022-12-31")) -> pd.DataFrame:
    """Return a forecast that is even between two values, the same on all days."""
    rows = [
        ("2020", "tchap-mau", "", "quantile", day(d), level, "", low + level * (high - low))
        for d in span
        for level in forecasts.LEVELS
    ]
    return pd.DataFrame(rows, columns=forecasts.COLUMNS)


def score(*later: dict, table: pd.DataFrame | None = None) -> pd.DataFrame:
    known = observations(*(observation(*row) for row in KNOWN))
    now = observations(*(observation(*row) for row in KNOWN), *later)
    return track.of_counts({E2020: (told() if table is None else table, known)}, now)


# ------------------------------------------------------------------ which outcomes count


def test_nothing_new_is_nothing_scored():
    assert score().empty
    assert list(score()) == track.COUNT_COLUMNS


@pytest.mark.parametrize(
    ("date", "published", "scored"),
    [
        ("2021-06-30", "2021-07-15", True),
        ("2021-01-01", "2021-01-01", True),
        ("2020-12-31", "2021-03-01", True),  # a day before the cut-off, told after it
        ("2020-12-31", "2020-12-31", False),  # known on the cut-off day
        ("2020-12-30", "2021-03-01", False),  # before the forecast's first day
        ("2022-12-31", "2023-01-15", True),
        ("2023-01-01", "2023-01-15", False),  # beyond its last
    ],
)
def test_an_outcome_is_news_that_the_forecast_spoke_of(date, published, scored):
    found = score(observation(date, 150, published_on=published))
    assert list(found["date"]) == ([day(date)] if scored else [])


@pytest.mark.parametrize("why", [{"confidence": "low"}, {"set_aside": True}])
def test_what_is_doubtful_scores_no_forecast(why):
    assert score(observation("2021-06-30", 150, **why)).empty


def test_another_count_scores_no_forecast():
    assert score(observation("2021-06-30", 150, indicator="tchap-wau")).empty


# ------------------------------------------------------------------ inside or outside


@pytest.mark.parametrize(
    ("value", "qualifier", "in_80", "in_95"),
    [
        (150, "exact", True, True),
        (110, "about", True, True),  # the ends count as inside
        (105, "exact", False, True),
        (196, "exact", False, True),
        (99, "exact", False, False),
        (250, "exact", False, False),
        (150, "at_least", True, True),
        (50, "at_least", True, True),  # more than 50 may be 150
        (195, "at_least", False, True),
        (250, "at_least", False, False),
        (250, "at_most", True, True),  # nearly 250 may be 150
        (105, "at_most", False, True),
        (90, "at_most", False, False),
    ],
)
def test_a_bound_proves_a_forecast_wrong_only_from_its_side(value, qualifier, in_80, in_95):
    (row,) = score(observation("2021-06-30", value, qualifier)).itertuples()
    assert (row.inside_80, row.inside_95) == (in_80, in_95)
    assert (row.outcome, row.qualifier, row.edition) == (value, qualifier, "2020")


def test_the_quantiles_are_those_of_the_outcomes_day():
    table = pd.concat([told(100, 200, ["2021-01-01"]), told(200, 300, ["2021-01-11"])])
    (row,) = score(observation("2021-01-06", 150), table=table).itertuples()
    assert (row.q025, row.q10, row.q50, row.q90, row.q975) == pytest.approx(
        (152.5, 160, 200, 240, 247.5)
    )


# ------------------------------------------------------------------ scores


def test_crps_of_the_review_beside_drift_and_no_change():
    (row,) = score(observation("2021-06-30", 150)).itertuples()
    levels = np.array(scoring.LEVELS)
    dates, values = [dt.date.fromisoformat(d) for d, _ in KNOWN], [float(v) for _, v in KNOWN]
    then = [dt.date(2021, 6, 30)]

    def crps(line):
        return scoring.crps([150.0], [line], levels)[0]

    assert row.crps == pytest.approx(crps(100 + 100 * levels))
    assert row.crps_drift == pytest.approx(crps(scoring.drift(dates, values, then, levels)[0]))
    assert row.crps_no_change == pytest.approx(
        crps(scoring.no_change(dates, values, then, levels)[0])
    )


def test_the_references_know_what_the_earlier_edition_knew():
    """A figure published between two editions must not help drift or no change."""
    sole = score(observation("2022-06-30", 150))
    both = score(observation("2021-06-30", 149), observation("2022-06-30", 150))
    pd.testing.assert_frame_equal(both.tail(1).reset_index(drop=True), sole)


@pytest.mark.parametrize("qualifier", ["at_least", "at_most"])
def test_a_bound_has_no_crps(qualifier):
    (row,) = score(observation("2021-06-30", 150, qualifier)).itertuples()
    assert np.isnan([row.crps, row.crps_drift, row.crps_no_change]).all()


def test_every_earlier_edition_is_scored_by_its_own_cut_off():
    known = observations(*(observation(*row) for row in KNOWN))
    middle = observations(*(observation(*row) for row in KNOWN), observation("2021-06-30", 150))
    now = pd.concat([middle, observations(observation("2022-06-30", 190))])
    found = track.of_counts({E2020: (told(), known), E2021: (told(), middle)}, now)
    pairs = list(zip(found["edition"], found["outcome"], strict=True))
    assert pairs == [("2020", 150), ("2020", 190), ("2021", 190)]


def test_the_summary_leaves_bounds_out_of_the_crps_and_in_the_coverage():
    found = track.summary(
        score(observation("2021-06-30", 150), observation("2021-09-30", 250, "at_least"))
    )
    (row,) = found.itertuples()
    assert (row.outcomes, row.inside_80, row.inside_95) == (2, 0.5, 0.5)
    assert row.crps == score(observation("2021-06-30", 150))["crps"].iloc[0]


# ------------------------------------------------------------------ targets


def chances(**by_target: float) -> pd.DataFrame:
    rows = [
        ("2020", "tchap-mau", "", "target", day("2021-06-30"), np.nan, name, p)
        for name, p in by_target.items()
    ]
    return pd.DataFrame(rows, columns=forecasts.COLUMNS)


def test_a_chance_is_scored_once_the_target_has_ended():
    states = pd.DataFrame(
        {
            "target": ["a", "b", "c", "d", "e", "f", "never-forecast", "a-again"],
            "state": ["met", "late", "missed", "open", "unmeasured", "undated", "met", "met"],
            "value": [1.0, 2, 3, 4, 5, 6, 7, 1],
            "announced_on": [day("2019-07-01")] * 7 + [day("2020-08-28")],
        }
    ).assign(indicator="tchap-mau", date=day("2021-12-31"), source_id="s1")
    again = {"a-again": 0.9}  # the same target, announced again: it counts once
    table = chances(a=0.9, b=0.7, c=0.2, d=0.5, e=0.5, f=0.5, unknown=0.5, **again)
    found = track.of_targets({E2020: (table, observations())}, states).set_index("target")
    assert list(found.index) == ["a", "b", "c"]
    assert found["met"].tolist() == [True, False, False]
    assert found["brier"].tolist() == pytest.approx([0.01, 0.49, 0.04])
    assert scoring.brier(found["probability"], found["met"]) == pytest.approx(0.18)


# ------------------------------------------------------------------ ranks


def board(year: int, **chances: list[float]) -> pd.DataFrame:
    rows = [
        ("2020", "rank-desi", country, "rank", day(f"{year}-12-31"), place, "", p)
        for country, line in chances.items()
        for place, p in enumerate(line, 1)
    ]
    return pd.DataFrame(rows, columns=forecasts.COLUMNS)


def ranks(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["vintage", "year", "country", "rank"])


BOARD = board(2021, DK=[0.8, 0.15, 0.05], FR=[0.15, 0.05, 0.8], NL=[0.05, 0.8, 0.15])
BEFORE = [("2020", 2020, "DK", 1), ("2020", 2020, "FR", 3), ("2020", 2020, "NL", 2)]


def scored(table: pd.DataFrame, *rows: tuple) -> pd.DataFrame:
    found = track.of_ranks({E2020: (table, observations())}, {"desi": ranks(*BEFORE, *rows)})
    return found.set_index("country")


def test_a_rank_not_yet_published_is_not_scored():
    assert scored(BOARD).empty


def test_ranks_are_scored_beside_no_change():
    found = scored(BOARD, ("2021", 2021, "DK", 1), ("2021", 2021, "FR", 2), ("2021", 2021, "NL", 3))
    france = found.loc["FR"]
    assert (france["outcome"], france["last"], france["low"], france["high"]) == (2, 3, 1, 3)
    assert france["probability"] == pytest.approx(0.05)
    assert france["rps"] == pytest.approx(scoring.rps([[0.15, 0.05, 0.8]], [2])[0])
    assert france["rps_no_change"] == pytest.approx(scoring.rps([[0.0, 0.0, 1.0]], [2])[0])
    assert found.loc["DK", "rps_no_change"] == 0
    assert (found["ahead"] == 0).all()


def test_the_first_vintage_of_a_year_is_its_outcome():
    found = scored(BOARD, ("2022", 2021, "FR", 1), ("2021", 2021, "FR", 2))
    assert found.loc["FR", "outcome"] == 2


def test_a_country_without_an_earlier_or_a_later_rank_is_left_out():
    table = pd.concat([BOARD, board(2021, UK=[1.0, 0.0, 0.0])])
    found = scored(table, ("2021", 2021, "FR", 2), ("2021", 2021, "UK", 1))
    assert list(found.index) == ["FR"]


def test_how_far_ahead_a_rank_was_told():
    table = pd.concat([BOARD, board(2022, FR=[0.2, 0.2, 0.6])])
    found = scored(table, ("2021", 2021, "FR", 2), ("2022", 2022, "FR", 1))
    assert found["ahead"].tolist() == [0, 1]
    assert found["last"].tolist() == [3, 3], "the last rank known before the first year forecast"

"""What became of a target: met, late, missed, open, unmeasured or undated."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made import day, observation, observations, target

from bilan import programme

AS_OF = dt.date(2021, 12, 31)


def judge(goal: pd.Series, *rows: dict, cumulative: bool = False) -> dict:
    figures = programme.series(observations(*rows), "tchap-mau")
    figures.attrs["cumulative"] = cumulative
    return programme.judge(goal, figures, AS_OF)


# ------------------------------------------------------------------ the states

DUE = "2020-12-31"
EXAMPLES = [
    ("met on the day", DUE, [(DUE, 100)], "met", 100),
    ("met before", DUE, [("2019-06-30", 120), ("2020-06-30", 130)], "met", 120),
    ("met before, though it fell later", DUE, [("2020-06-30", 100), (DUE, 80)], "met", 100),
    ("late", DUE, [("2020-12-30", 90), ("2021-06-30", 100)], "late", 100),
    ("missed", DUE, [("2020-11-30", 90), ("2021-06-30", 99)], "missed", 90),
    ("the nearest figure tells", DUE, [("2020-10-15", 70), ("2021-01-05", 95)], "missed", 95),
    ("open on the cut-off day", "2021-12-31", [("2021-06-30", 90)], "open", 90),
    ("open without a figure", "2022-12-31", [], "open", None),
    ("met ahead of its day", "2022-12-31", [("2021-06-30", 100)], "met", 100),
    ("no figure at all", DUE, [], "unmeasured", None),
    ("no figure near", DUE, [("2020-06-30", 90)], "unmeasured", 90),
    ("reached, but no one knows when", DUE, [("2020-06-30", 90), ("2021-06-30", 110)],
     "unmeasured", 90),
    ("undated, reached", None, [("2020-06-30", 150)], "undated", 150),
    ("undated, no figure", None, [], "undated", None),
]  # fmt: skip


@pytest.mark.parametrize(("due", "figures", "state", "reached"), [e[1:] for e in EXAMPLES],
                         ids=[e[0] for e in EXAMPLES])  # fmt: skip
def test_what_became_of_a_target(due, figures, state, reached):
    verdict = judge(target(due), *(observation(*f) for f in figures))
    assert (verdict["state"], verdict["reached"]) == (state, reached)


@pytest.mark.parametrize(("away", "state"), [(0, "missed"), (92, "missed"), (93, "unmeasured")])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_figure_within_a_quarter_of_the_day_measures_it(away, state, side):
    seen = (day(DUE) + side * pd.Timedelta(days=away)).date().isoformat()
    assert judge(target(DUE), observation(seen, 90))["state"] == state


def test_the_verdict_names_the_figure_it_rests_on():
    row = observation("2020-11-30", 90, "about", source_id="s007", precision="month")
    assert judge(target(DUE), row) == {
        "state": "missed",
        "reached": 90,
        "reached_on": day("2020-11-30"),
        "reached_precision": "month",
        "reached_qualifier": "about",
        "reached_source": "s007",
    }


# ------------------------------------------------------------------ bounds


@pytest.mark.parametrize(
    ("goal", "value", "qualifier", "state"),
    [
        ("at_least", 100, "at_least", "met"),
        ("at_least", 100, "about", "met"),
        ("at_least", 100, "at_most", "missed"),  # nearly 100 is not 100
        ("at_least", 90, "at_most", "missed"),
        ("at_least", 90, "at_least", "unmeasured"),  # more than 90 may be 100
        ("at_most", 100, "exact", "met"),
        ("at_most", 90, "at_most", "met"),
        ("at_most", 110, "exact", "missed"),
        ("at_most", 90, "at_least", "unmeasured"),  # more than 90 may be 110
        ("at_most", 110, "at_least", "missed"),  # more than 110 is more than 100
        ("at_most", 110, "at_most", "unmeasured"),  # nearly 110 may be 100
    ],
)
def test_a_bound_proves_only_what_it_says(goal, value, qualifier, state):
    verdict = judge(target(DUE, qualifier=goal), observation(DUE, value, qualifier))
    assert verdict["state"] == state


# ------------------------------------------------------------------ counts that can't fall


def test_a_count_that_cannot_fall_shows_an_old_miss_by_a_later_shortfall():
    rows = [observation("2020-06-30", 70), observation("2021-08-31", 80)]
    assert judge(target(DUE), *rows)["state"] == "unmeasured"
    verdict = judge(target(DUE), *rows, cumulative=True)
    assert (verdict["state"], verdict["reached"]) == ("missed", 80)


def test_a_count_that_cannot_fall_was_late_when_it_was_short_after_its_date():
    rows = [observation("2021-08-31", 80), observation("2022-08-31", 120)]
    assert judge(target(DUE), *rows)["state"] == "unmeasured"
    verdict = judge(target(DUE), *rows, cumulative=True)
    assert (verdict["state"], verdict["reached"]) == ("late", 120)


def test_more_than_eighty_is_no_shortfall():
    row = observation("2021-08-31", 80, "at_least")
    assert judge(target(DUE), row, cumulative=True)["state"] == "unmeasured"


def test_whether_a_count_can_fall_is_read_from_its_indicator():
    for cumulative, state in ((True, "missed"), (False, "unmeasured")):
        tables = {
            "indicators": pd.DataFrame({"indicator": ["tchap-mau"], "cumulative": [cumulative]}),
            "targets": pd.DataFrame([target(DUE)]),
            "observations": observations(observation("2021-08-31", 80)),
        }
        assert list(programme.target_states(tables, AS_OF)["state"]) == [state]


# ------------------------------------------------------------------ which figure is used


def series(*rows: dict) -> list[tuple]:
    found = programme.series(observations(*rows), "tchap-mau")
    return list(found[["value", "source_id"]].itertuples(index=False, name=None))


def test_of_several_sources_on_a_day_the_more_confident_speaks():
    assert series(
        observation(DUE, 1, confidence="medium", source_id="s001", published_on="2020-12-31"),
        observation(DUE, 2, confidence="high", source_id="s009", published_on="2021-05-01"),
    ) == [(2, "s009")]


def test_then_a_figure_rather_than_a_bound_then_the_first_published_then_by_name():
    bound = observation(DUE, 1, "at_least", source_id="s001")
    late = observation(DUE, 2, source_id="s002", published_on="2021-03-01")
    early = observation(DUE, 3, source_id="s004", published_on="2021-02-01")
    twin = observation(DUE, 4, source_id="s003", published_on="2021-02-01")
    assert series(bound, late) == [(2, "s002")]
    assert series(bound, late, early) == [(3, "s004")]
    assert series(bound, late, early, twin) == [(4, "s003")]
    assert series(twin, early, late, bound) == [(4, "s003")], "the order of the rows decides"


def test_another_indicator_is_never_merged():
    other = observation(DUE, 5, indicator="tchap-wau")
    assert series(observation("2020-06-30", 1), other) == [(1, "s001")]


LESS = settings(max_examples=40, deadline=None)
UNUSABLE = st.sampled_from([{"confidence": "low"}, {"set_aside": True}])
VALUES = st.integers(0, 200)
DAYS = st.dates(dt.date(2018, 1, 1), AS_OF).map(dt.date.isoformat)
QUALIFIERS = st.sampled_from(["exact", "about", "at_least", "at_most"])
FIGURES = st.lists(st.builds(observation, DAYS, VALUES, QUALIFIERS), max_size=8)
DOUBTFUL = st.lists(
    st.builds(lambda d, v, q, why: observation(d, v, q, **why), DAYS, VALUES, QUALIFIERS, UNUSABLE),
    max_size=4,
)
BOUNDS = st.sampled_from(["at_least", "at_most"])
GOALS = st.builds(
    target, st.none() | DAYS | st.just("2025-12-31"), VALUES, BOUNDS
)  # fmt: skip


@LESS
@given(GOALS, FIGURES, DOUBTFUL, st.booleans())
def test_what_is_doubtful_or_set_aside_changes_no_verdict(goal, sure, doubtful, cumulative):
    told = judge(goal, *sure, cumulative=cumulative)
    assert judge(goal, *doubtful, *sure, cumulative=cumulative) == told


@LESS
@given(GOALS, FIGURES, st.booleans())
def test_every_verdict_holds_what_its_word_means(goal, figures, cumulative):
    verdict = judge(goal, *figures, cumulative=cumulative)
    state, reached, on = verdict["state"], verdict["reached"], verdict["reached_on"]
    assert state in programme.STATES
    assert (state == "undated") == pd.isna(goal["date"])
    if reached is None:
        assert state in ("open", "unmeasured", "undated")
        return
    enough = (
        reached >= goal["value"] if goal["qualifier"] == "at_least" else reached <= goal["value"]
    )
    against = {"at_least": "at_most", "at_most": "at_least"}[goal["qualifier"]]
    proven = enough and verdict["reached_qualifier"] != against
    if state == "met":
        assert proven and on <= goal["date"]
    if state == "late":
        assert proven and goal["date"] < on
    if state == "missed":
        assert not proven
        assert verdict["reached_qualifier"] != "at_least" or goal["qualifier"] == "at_most"
    if state in ("missed", "late", "unmeasured"):
        assert goal["date"] < pd.Timestamp(AS_OF)
    if state == "open":
        assert goal["date"] >= pd.Timestamp(AS_OF)
    if state == "unmeasured":
        assert on <= goal["date"]


@LESS
@given(GOALS, FIGURES)
def test_a_target_once_met_stays_met_whatever_comes_later(goal, figures):
    if judge(goal, *figures)["state"] == "met":
        later = observation("2021-12-31", 0, source_id="s999", confidence="medium")
        known = [f for f in figures if f["date"] != later["date"]]
        if judge(goal, *known)["state"] == "met":
            assert judge(goal, *known, later)["state"] == "met"


# ------------------------------------------------------------------ the tables


def test_target_states_keeps_every_target_by_date_and_name():
    tables = {
        "indicators": pd.DataFrame({"indicator": ["tchap-mau"], "cumulative": [False]}),
        "targets": pd.DataFrame(
            [
                target(None, target="z"),
                target("2022-12-31", target="c"),
                target("2020-12-31", target="b"),
                target("2020-12-31", target="a", indicator="never-measured"),
            ]
        ),
        "observations": observations(observation(DUE, 100)),
    }
    states = programme.target_states(tables, AS_OF)
    assert list(states["target"]) == ["a", "b", "c", "z"]
    assert list(states["state"]) == ["unmeasured", "met", "met", "undated"]
    assert {"reached", "reached_on", "reached_source", "reached_qualifier"} <= set(states)


def test_target_states_of_no_target_has_its_columns():
    tables = {
        "indicators": pd.DataFrame({"indicator": ["tchap-mau"], "cumulative": [False]}),
        "targets": pd.DataFrame([target(DUE)]).head(0),
        "observations": observations(),
    }
    states = programme.target_states(tables, AS_OF)
    assert states.empty and {"target", "state", "reached"} <= set(states)


def milestones(*rows: tuple) -> dict[str, str]:
    columns = ["milestone", "kind", "date", "plan", "state"]
    table = pd.DataFrame(
        [(m, k, pd.NaT if d is None else day(d), p, s) for m, k, d, p, s in rows], columns=columns
    )
    before = table.copy()
    states = programme.milestone_states({"milestones": table}, AS_OF)
    pd.testing.assert_frame_equal(table, before)
    return dict(zip(states["milestone"], states["state"], strict=True))


def test_a_milestone_tells_its_state():
    assert milestones(
        ("launch", "event", "2019-05-31", "", ""),
        ("brigade", "event", "2019-06-30", "", "dropped"),
        ("cloud", "plan", "2021-07-31", "", ""),
        ("cloud-outcome", "outcome", "2021-07-31", "cloud", "partly"),
        ("bag", "plan", "2022-12-31", "", ""),
        ("today", "plan", "2021-12-31", "", ""),
        ("someday", "plan", None, "", ""),
        ("platforms", "plan", "2021-03-31", "", ""),
        ("claim", "statement", "2020-08-28", "", ""),
        ("private", "benchmark", "2020-02-29", "", ""),
    ) == {
        "launch": "done",
        "brigade": "dropped",
        "cloud": "partly",
        "cloud-outcome": "partly",
        "bag": "planned",
        "today": "planned",
        "someday": "planned",
        "platforms": "unknown",
        "claim": "",
        "private": "",
    }


def test_the_last_outcome_of_a_plan_counts():
    states = milestones(
        ("cloud-b", "outcome", "2021-09-30", "cloud", "done"),
        ("cloud-a", "outcome", "2021-07-31", "cloud", "partly"),
        ("cloud", "plan", "2021-07-31", "", ""),
    )
    assert states["cloud"] == "done"


def test_a_target_announced_again_counts_once():
    told = [
        target(DUE, target="again", announced_on=day("2020-08-28"), source_id="s2"),
        target(DUE, target="first", announced_on=day("2019-07-01"), source_id="s1"),
        target(None, target="some day", announced_on=day("2019-07-01"), source_id="s3"),
        target(None, target="one day", announced_on=day("2020-08-28"), source_id="s3"),
        target("2022-12-31", target="later", announced_on=day("2020-08-28"), source_id="s3"),
    ]
    table = programme.distinct(pd.DataFrame(told)).set_index("target")
    assert list(table.index) == ["first", "some day", "later"]
    assert table.loc["first", "sources"] == ["s1", "s2"]

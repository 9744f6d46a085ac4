"""What changed from one edition to the next."""

import numpy as np
import pandas as pd
from made import day, observation, observations

from bilan import changes


def figures(**by_indicator: tuple) -> pd.DataFrame:
    rows = [
        observation(*figure, indicator=name.replace("_", "-"))
        for name, line in by_indicator.items()
        for figure in line
    ]
    return observations(*rows)


def test_the_largest_relative_change_comes_first_in_either_direction():
    before = figures(a=[("2020-06-30", 100)], b=[("2020-06-30", 100)], c=[("2020-06-30", 1e6)])
    after = figures(
        a=[("2020-06-30", 100), ("2021-06-30", 150)],
        b=[("2020-06-30", 100), ("2021-06-30", 25)],
        c=[("2020-06-30", 1e6), ("2021-06-30", 1.1e6)],
    )
    found = changes.of_figures(before, after)
    assert list(found) == changes.FIGURE_COLUMNS
    assert list(found["indicator"]) == ["b", "a", "c"]
    assert found["ratio"].tolist() == [0.25, 1.5, 1.1]
    assert found.loc[0].tolist()[1:5] == [100, day("2020-06-30"), 25, day("2021-06-30")]


def test_only_a_later_figure_is_a_change():
    before = figures(same=[("2020-06-30", 1)], gone=[("2020-06-30", 1)])
    corrected = figures(same=[("2020-06-30", 2)], new=[("2021-06-30", 1)])
    earlier = figures(same=[("2020-06-30", 1), ("2019-06-30", 5)])
    for after in (before, corrected, earlier):
        assert changes.of_figures(before, after).empty


def test_doubtful_figures_are_no_change():
    before = figures(a=[("2020-06-30", 1)])
    for why in ({"confidence": "low"}, {"set_aside": True}):
        dubious = observations(observation("2021-06-30", 9, indicator="a", **why))
        assert changes.of_figures(before, pd.concat([before, dubious])).empty
        assert changes.of_figures(dubious, figures(a=[("2022-06-30", 1)])).empty


def test_a_change_from_or_to_nothing():
    before = figures(a=[("2020-06-30", 0)], b=[("2020-06-30", 5)], c=[("2020-06-30", 1)])
    after = figures(a=[("2021-06-30", 3)], b=[("2021-06-30", 0)], c=[("2021-06-30", 2)])
    found = changes.of_figures(before, after)
    assert list(found["indicator"]) == ["b", "c", "a"]
    assert np.isnan(found["ratio"].iloc[-1]), "nothing is a multiple of zero"


def states(**by_target: str) -> pd.DataFrame:
    rows = [(name, f"of-{name}", state) for name, state in by_target.items()]
    return pd.DataFrame(rows, columns=["target", "indicator", "state"])


def test_new_targets_and_new_states():
    before = states(a="open", b="open", c="met", gone="open")
    after = states(a="missed", b="open", c="met", new="undated")
    found = changes.of_states(before, after)
    assert list(found) == changes.STATE_COLUMNS
    assert found.to_numpy().tolist() == [
        ["new", "of-new", "", "undated"],
        ["a", "of-a", "open", "missed"],
    ]


def test_no_change_is_no_row():
    same = states(a="open", b="met")
    assert changes.of_states(same, same).empty

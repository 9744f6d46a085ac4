"""The drawings beside the promises of the first screen."""

import re

import pandas as pd
import pytest

from bilan import charts
from bilan.charts import theme
from bilan.charts.miniature import EDGE, HEIGHT, WIDTH, parts, places, strip, trend

OBSERVED = pd.DataFrame({"date": ["2019-12-31", "2020-08-28", "2020-12-17"], "value": [12, 17, 20]})
GOAL = ("2022-12-31", 25.0)


def svg(chart) -> str:
    return charts.Miniature("x", chart).svg()


def marks(drawn: str, colour: str) -> list[tuple[float, float]]:
    """Places of the points of a colour, leftmost first."""
    shape = re.compile(r'<path transform="translate\(([\d.]+),([\d.]+)\)"[^>]*stroke="(#\w+)"')
    found = [(float(x), float(y)) for x, y, stroke in shape.findall(drawn) if stroke == colour]
    return sorted(found)


CHARTS = {
    "trend": trend(OBSERVED, GOAL, (22.0, 28.0)),
    "places": places(pd.DataFrame({"year": [2018, 2019, 2020], "value": [18, 15, 15]}), 28),
    "strip": strip(pd.DataFrame({"value": [4, 11, 14], "said": [True, False, False]})),
    "parts": parts(1, 3),
}


@pytest.mark.parametrize("chart", CHARTS.values(), ids=CHARTS)
def test_a_miniature_holds_no_word_and_only_the_page_s_colours(chart):
    drawn = svg(chart)
    assert drawn == svg(chart)
    assert "<text" not in drawn
    colours = set(re.findall(r'(?:fill|stroke)="(#\w+)"', drawn))
    assert colours and colours <= set(theme.PALETTE.values())
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawn)
    assert float(size[1]) <= WIDTH + 4 and float(size[2]) <= HEIGHT + 4


def test_the_promise_stands_after_and_above_what_was_counted():
    drawn = svg(trend(OBSERVED, GOAL))
    ((x, y),) = marks(drawn, theme.TARGET)
    ((last_x, last_y),) = marks(drawn, theme.OBSERVED)
    assert last_x < x == pytest.approx(WIDTH - EDGE, abs=1)
    assert y == pytest.approx(EDGE, abs=1) and y < last_y  # y grows downwards
    assert last_y == pytest.approx(HEIGHT - EDGE - 20 / 25 * (HEIGHT - 2 * EDGE), abs=1)


def test_what_is_expected_is_drawn_while_the_promise_is_open():
    assert theme.FORECAST_80 in svg(trend(OBSERVED, GOAL, (22.0, 28.0)))
    assert theme.FORECAST_80 not in svg(trend(OBSERVED, GOAL))


def test_the_first_place_is_the_highest():
    drawn = svg(places(pd.DataFrame({"year": [2019, 2020], "value": [28, 1]}), 28))
    ((_, y),) = marks(drawn, theme.ACCENT)
    assert y == pytest.approx(EDGE, abs=1)


def test_as_many_circles_are_filled_as_parts_are_begun():
    drawn = svg(parts(1, 3))
    assert len(marks(drawn, theme.OBSERVED)) == 1 and len(marks(drawn, theme.GREY)) == 2

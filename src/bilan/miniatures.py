"""The miniatures of the first screen: what became of the founding article's promises."""

from __future__ import annotations

import altair as alt
import pandas as pd

from bilan import charts, editions
from bilan.facts import Facts, Figure

#: The count that each promise is about, and its name among the targets.
PROMISED = {
    "users": ("franceconnect-users", "franceconnect-users-2022"),
    "connections": ("franceconnect-connections-year", "franceconnect-connections-2022"),
    "tchap": ("tchap-registered", "tchap-registered-2020"),
}
#: Who said how many months a recruitment takes: the DINUM's director, then the Cour des comptes.
DELAYS = {"recruitment-delay-dinum": True, "recruitment-delay-permanent": False}
DELAYS |= {"recruitment-delay-contract": False}
#: Circles of the State's cloud, according to its strategy of 2018.
CIRCLES = 3


def draw(facts: Facts) -> dict[str, alt.LayerChart]:
    """Draw what an edition knows of each promise, by name; leave out what it knows too little of.

    Parameters
    ----------
    facts : bilan.facts.Facts
        With the edition's states of targets and its forecasts.
    """
    drawn = {name: _count(facts, *promised) for name, promised in PROMISED.items()}
    drawn |= {"cloud": _cloud(facts), "recruitment": _delays(facts), "desi": _places(facts)}
    return {name: chart for name, chart in drawn.items() if chart is not None}


def write(facts: Facts, run: str) -> list[charts.Miniature]:
    """Write the miniatures as SVG beside a notebook run's figures, and return them to be shown."""
    folder = editions.project_root() / "build" / facts.edition.id / "runs" / run / "miniatures"
    folder.mkdir(parents=True, exist_ok=True)
    shown = [charts.Miniature(name, chart) for name, chart in draw(facts).items()]
    for miniature in shown:
        (folder / f"{miniature.name}.svg").write_text(miniature.svg(), "utf-8")
    return shown


def _count(facts: Facts, indicator: str, name: str) -> alt.LayerChart | None:
    target, figures = facts.target(name), facts.series(indicator)
    if target is None or target.date is None:
        return None
    if not figures and target.reached:
        figures = [target.reached]
    if not figures:
        return None
    expected = facts.forecast(indicator, f"{target.date:%Y-%m-%d}")
    bounds = (expected.values[0.1], expected.values[0.9]) if expected else None
    goal = (target.date, target.value)
    return charts.miniature.trend(_table(figures), goal, bounds if target.state == "open" else None)


def _table(figures: list[Figure]) -> pd.DataFrame:
    return pd.DataFrame({"date": [f.date for f in figures], "value": [f.value for f in figures]})


def _cloud(facts: Facts) -> alt.LayerChart | None:
    begun = facts.latest("cloud-circles-begun")
    return charts.miniature.parts(int(begun.value), CIRCLES) if begun else None


def _delays(facts: Facts) -> alt.LayerChart | None:
    said = {name: facts.latest(name) for name in DELAYS}
    if not all(said.values()):
        return None
    rows = [{"value": figure.value, "said": DELAYS[name]} for name, figure in said.items()]
    return charts.miniature.strip(pd.DataFrame(rows))


def _places(facts: Facts) -> alt.LayerChart | None:
    table = facts.tables["ranks"].query("index == 'desi' and country == 'FR'")
    ranks = table.sort_values("published_on").drop_duplicates("vintage", keep="last")
    if len(ranks) < 2:
        return None
    ranks = ranks.rename(columns={"reference_year": "year", "rank": "value"})
    return charts.miniature.places(ranks[["year", "value"]], int(ranks["n_countries"].max()))

"""What the text of a fan chart says."""

from pathlib import Path

import pytest

from bilan import catalog, editions, forecasts, programme, tables
from bilan.facts import Facts
from bilan.growth import Growth

SERIES = "tchap-registered"


@pytest.mark.parametrize(
    ("edition", "until"),
    [("2024", ["31 décembre 2025"]), ("2025", ["30 novembre 2026"])],
)
def test_the_text_tells_a_forecast_even_if_it_ends_before_a_year_does(
    project: Path, edition: str, until: list[str]
):
    cleaned = catalog.correct(catalog.load(editions.freeze(edition)))
    for name, table in cleaned.items():
        tables.write(table, edition, name)
    chosen = editions.edition(edition)
    facts = Facts(chosen, "fr")
    figures = programme.series(facts.tables["observations"], SERIES)
    states = programme.target_states(facts.tables, chosen.as_of)
    mine = states[states["indicator"] == SERIES]
    opened = mine[mine["state"] == "open"]
    model, forecast = forecasts.of_count(chosen, SERIES, figures, opened, facts.limits(SERIES))
    told = Growth(facts, SERIES, figures, mine, model, forecast).transcription()
    told = told.replace("\u00a0", " ").replace("\u202f", " ")
    assert [day for day in until if f"Au {day} : entre" in told] == until
    assert told.count("huit chances sur dix") == len(until)

"""A country's place: any member state, any index, and what was a member when."""

import re
from pathlib import Path

import numpy as np
import pytest

from bilan import catalog, editions, notebooks, tables
from bilan.europe import Europe
from bilan.facts import Facts
from bilan.standing import Standing

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory):
    """Facts of an edition by name, from the real data, in a folder of their own."""
    import shutil

    root = tmp_path_factory.mktemp("standing")
    for folder in ("config", "data/raw"):
        shutil.copytree(ROOT / folder, root / folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BILAN_ROOT", str(root))
        known: dict[str, Facts] = {}

        def of(edition: str) -> Facts:
            if edition not in known:
                cleaned = catalog.correct(catalog.load(editions.freeze(edition)))
                for name, table in cleaned.items():
                    tables.write(table, edition, name)
                known[edition] = Facts(editions.edition(edition), "fr")
            return known[edition]

        yield of


def members() -> list[str]:
    import csv

    with (ROOT / "data/raw/countries.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [r["country"] for r in rows if r["eu_from"] and not r["eu_until"]]


def test_there_are_27_members():
    assert len(members()) == 27


@pytest.mark.parametrize("index", notebooks.INDICES)
def test_every_member_state_has_a_rank_and_an_outlook(facts, index: str):
    for country in members():
        standing = Standing(facts("2022"), index, country)
        ranks = standing.ranks()
        own = ranks[ranks["country"] == country]
        assert len(own) and own["rank"].between(1, own["of"]).all()
        look = standing.outlook
        assert look.probabilities.sum() == pytest.approx(1)
        assert 1 <= look.low <= look.median <= look.high <= 27
        stay = look.probabilities[look.last_rank - 1]
        assert look.gain + look.lose + stay == pytest.approx(1)
        places = look.last_rank - 1
        assert len(look.needed) == min(5, places) or look.needed["rank"].is_unique


def test_the_ranks_of_a_year_are_those_of_the_scores(facts):
    standing = Standing(facts("2022"), "desi", "FR")
    last = standing.panel.iloc[:, -1].sort_values(ascending=False)
    ranks = standing.ranks().query("vintage == '2022' and year == 2022").set_index("country")
    assert list(ranks.sort_values(["rank", "value"], ascending=[True, False]).index) == list(
        last.index
    )
    assert ranks.at["FR", "rank"] == 12


def test_the_united_kingdom_is_ranked_while_it_was_a_member(facts):
    assert "UK" in set(Standing(facts("2020"), "egdi", "FR").ranks()["country"])
    late = Standing(facts("2022"), "egdi", "FR").ranks()
    assert "UK" not in set(late[late["vintage"] >= "2020"]["country"])
    assert set(late[late["vintage"] == "2022"]["of"]) == {27}


def test_an_index_that_has_ended_is_not_forecast(facts):
    assert Standing(facts("2022"), "desi", "FR").simulation is not None
    ended = Standing(facts("2023"), "desi", "FR")
    assert ended.ended and ended.simulation is None and ended.outlook is None
    assert ended.figure_next() is None and ended.table_needed() is None


def test_an_index_without_a_vintage_yet_is_empty_not_an_error(facts):
    unknown = Standing(facts("2020"), "egov", "FR")
    assert unknown.ranks().empty and unknown.simulation is None
    assert unknown.figure_history() is None and unknown.figure_scores() is None


def test_a_method_that_changes_nothing_is_not_drawn(facts):
    egov = Standing(facts("2025"), "egov", "FR")
    assert egov._history(egov.ranks())["vintage"].nunique() == 1
    desi = Standing(facts("2022"), "desi", "FR")
    assert desi._history(desi.ranks())["vintage"].nunique() > 1


def test_the_text_of_a_rank_chart_tells_the_lines_that_it_draws(facts):
    def told(edition: str, index: str) -> list[str]:
        alt = Standing(facts(edition), index, "FR").figure_history().alt
        return re.findall(r"l’édition (\d{4}) de l’indice", alt.replace("\u00a0", " "))

    assert told("2025", "egov") == ["2024"]
    assert told("2022", "desi") == ["2020", "2022"]
    assert told("2021", "desi") == ["2020", "2021"]
    assert told("2025", "egdi") == []
    assert "1er (2014)" in Standing(facts("2025"), "egdi", "FR").figure_history().alt


def test_a_place_just_missed_was_missed_by_something(facts):
    first = Standing(facts("2022"), "desi", "FR").table_needed().rows[0]
    assert first[0] == "11e" and first[3] == "moins de 0,1"


def test_marks_are_placed_among_the_member_states(facts):
    decade = Europe(facts("2025")).marks("digital-decade")
    assert {mark.of for mark in decade.values()} == {27}
    one = decade["prefilled_forms"]
    assert (one.year, one.score) == (2023, 62.778)
    assert Europe(facts("2023")).marks("digital-decade") == {}


def test_method_and_time_are_told_apart(facts):
    table = Standing(facts("2022"), "desi", "FR").movement()
    assert set(table["kind"]) == {"recomputation", "time"}
    same_year = table[table["kind"] == "recomputation"]
    assert (same_year["year_from"] == same_year["year_to"]).all()
    same_method = table[table["kind"] == "time"]
    assert (same_method["vintage_from"] == same_method["vintage_to"]).all()


@pytest.mark.parametrize("country", ["FR", "EE"])
def test_figures_say_what_the_numbers_say(facts, country: str):
    standing = Standing(facts("2022"), "desi", country)
    name, look = standing.name, standing.outlook
    for figure in (standing.figure_history(), standing.figure_next(), standing.figure_scores()):
        data, about = figure._repr_mimebundle_()
        assert set(data) == {"image/svg+xml", "text/plain", "application/vnd.vegalite.v6+json"}
        assert about["bilan"]["alt"] and about["bilan"]["data"].endswith(".csv")
        assert about["bilan"]["label"].endswith("desi" if country == "FR" else "desi-ee")
    words = standing.facts.words
    history = " ".join(standing.figure_history().chart.title.text)
    assert name in history and words.ordinal(look.last_rank) in history
    assert words.ordinal(look.low) in standing.figure_next().alt
    assert not np.isnan(standing.panel.loc[country].iloc[-1])

"""The fan-out: a page for each member state in each index, beside the review."""

import csv
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from typer.testing import CliRunner

from bilan import editions, fanout, report
from bilan.cli import app
from bilan.editions import UsageError
from bilan.facts import Facts
from bilan.fanout import Place
from bilan.wording import LANGUAGES, Wording, _catalogue

ROOT = Path(__file__).parents[1]


# ------------------------------------------------------------------ what is asked for


def test_nothing_is_fanned_out_unless_asked(project: Path):
    assert not fanout.choose() and fanout.choose().places == []


def test_all_is_every_member_state_and_index_of_the_last_edition(project: Path):
    fan = fanout.choose("all", "all")
    assert fan.edition.id == "2025"
    assert len(fan.countries) == 27 and "UK" not in fan.countries and "EU27" not in fan.countries
    assert fan.indices == ("desi", "egov", "egdi")
    assert len({place.name for place in fan.places}) == 81


@pytest.mark.parametrize(
    ("countries", "indices", "names"),
    [
        ("DE", "egov", ["egov-de"]),
        ("nl, de", "EGDI,desi", ["desi-de", "desi-nl", "egdi-de", "egdi-nl"]),
        ("MT", "", ["desi-mt", "egov-mt", "egdi-mt"]),
    ],
)
def test_names_are_read_as_people_type_them(project: Path, countries, indices, names):
    assert [place.name for place in fanout.choose(countries, indices).places] == names


def test_an_index_alone_is_about_every_member_state(project: Path):
    assert len(fanout.choose("", "egdi").places) == 27


@pytest.mark.parametrize(
    ("countries", "indices", "line"),
    [
        ("DE,XX", "all", "unknown country 'XX'; allowed: all, AT, BE, BG, CY, CZ, DE, "),
        ("UK", "all", "unknown country 'UK'; allowed: all, AT, "),
        ("all,DE", "all", "unknown country 'ALL'; allowed: all, AT, "),
        ("DE", "egovx", "unknown index 'egovx'; allowed: all, desi, egov, egdi"),
    ],
)
def test_an_unknown_name_stops_before_anything_is_made(project, countries, indices, line):
    given = ["build", "--countries", countries, "--indices", indices]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 1 and result.stderr.startswith(line)
    assert result.stderr.count("\n") == 1 and not (project / "build").exists()


def test_an_edition_fans_out_only_what_it_knows(project: Path):
    settings = project / "config/editions.yml"
    settings.write_text("editions:\n  - {id: '2020', as_of: 2020-12-31, languages: [fr]}\n")
    editions._read_editions.cache_clear()
    try:
        assert fanout.choose("all", "all").indices == ("desi", "egdi")
        with pytest.raises(UsageError, match="unknown index 'egov'; allowed: all, desi, egdi"):
            fanout.choose("DE", "egov")
    finally:
        editions._read_editions.cache_clear()


# ------------------------------------------------------------------ words


def test_every_member_state_has_its_article(project: Path):
    with (ROOT / "data/raw/countries.csv").open(encoding="utf-8", newline="") as file:
        names = {row["country"]: row for row in csv.DictReader(file)}
    for lang in LANGUAGES:
        for code in fanout.choose("all", "all").countries:
            said = Wording(lang).country(code)
            assert said.endswith(names[code][f"name_{lang}"]), (lang, code)
        listed = {key[8:] for key in _catalogue(lang) if key.startswith("country.")}
        assert listed == set(fanout.choose("all", "all").countries)


@pytest.mark.parametrize(
    ("code", "of", "to"),
    [
        ("DE", "de l’Allemagne", "à l’Allemagne"),
        ("DK", "du Danemark", "au Danemark"),
        ("NL", "des Pays-Bas", "aux Pays-Bas"),
        ("MT", "de Malte", "à Malte"),
        ("FI", "de la Finlande", "à la Finlande"),
    ],
)
def test_articles_contract(code: str, of: str, to: str):
    words = Wording("fr")
    assert (words.country(code, "of"), words.country(code, "to")) == (of, to)


def test_countries_stand_in_the_order_of_their_alphabet(project: Path):
    fan = fanout.choose("DE,AT,EL,ES,EE", "desi")
    assert fan.countries_by_name("fr") == ["DE", "AT", "ES", "EE", "EL"]
    assert fan.countries_by_name("en") == ["AT", "EE", "DE", "EL", "ES"]


# ------------------------------------------------------------------ pages


def page(root: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((root / "site" / name).read_text("utf-8"), "html.parser")


def test_the_index_leads_to_every_page(built: Path):
    for lang, index in (("fr", "index.html"), ("en", "index.en.html")):
        links = {a["href"] for a in page(built, index).select("#places a")}
        assert links == {f"2021/{lang}/desi-{code}.html" for code in ("de", "nl")}


def test_a_page_leads_to_its_neighbours_and_its_other_language(built: Path):
    german = page(built, "2021/fr/desi-de.html")
    assert german.select_one("nav.places a[rel=next]")["href"] == "desi-nl.html"
    assert german.select_one("nav.places a[rel=prev]") is None
    assert german.select_one("nav.languages a")["href"] == "../en/desi-de.html"
    assert page(built, "2021/en/desi-nl.html").select_one("a[rel=prev]").text == "Germany"


def test_a_page_tells_its_own_country(built: Path):
    dutch = page(built, "2021/fr/desi-nl.html")
    assert dutch.h1.text == "La place des Pays-Bas dans le DESI"
    assert "donne aux Pays-Bas une note de" in dutch.main.text.replace("\n", " ")
    titles = [svg.get("aria-label", "") for svg in dutch.select("svg.chart")]
    assert titles and all("Pays-Bas" in title or "Prévision" in title for title in titles)


def test_a_page_says_the_place_and_score_that_its_data_give(built: Path):
    with (built / "site/2021/data/fig-scores-desi-de.csv").open(
        encoding="utf-8-sig", newline=""
    ) as file:
        scores = {row["country"]: float(row["score"]) for row in csv.DictReader(file)}
    place = 1 + sum(score > scores["DE"] for score in scores.values())
    text = page(built, "2021/en/desi-de.html").main.text.replace("\n", " ")
    assert f"gives Germany a score of {scores['DE']:.1f}" in text
    assert f"this score comes {Wording('en').ordinal(place)}" in text
    mean = sum(scores.values()) / len(scores)
    assert f"member states, as the review computes it, is {mean:.1f}" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_page_is_true_of_its_country(built: Path, monkeypatch, lang: str):
    """Its place, score and mean are counted here again; no sentence is left without its value."""
    monkeypatch.setenv("BILAN_ROOT", str(built))
    facts = Facts(editions.edition("2021"), lang)
    scores = facts.tables["scores"].astype({"year": int})
    members = list(fanout.choose("all", "all").countries)
    for place in fanout.choose("all", "all").places:
        dimension = {"egov": "overall"}.get(place.index, "total")
        chosen = (scores["index"] == place.index) & (scores["dimension"] == dimension)
        table = scores[chosen & scores["country"].isin(members)].sort_values(["vintage", "year"])
        last = table.groupby(["vintage", "year"], sort=True).get_group(
            tuple(table.iloc[-1][["vintage", "year"]])
        )
        mine = last.set_index("country")["value"]
        rank = 1 + int((mine > mine[place.country]).sum())
        decimals = 3 if mine.max() <= 1 else 1
        text = report.place_text(facts, place, {}).replace("\\", "")
        for said in (
            facts.words.number(mine[place.country], decimals),
            facts.words.number(mine.mean(), decimals),
            facts.words.ordinal(rank),
            facts.words.country(place.country),
        ):
            assert said in text, (place.name, said)
        wrong = r"None|nan|<<|<%| de le | de les | à le | à les |1er place|\b(1er|1st) au 1er"
        assert not re.search(wrong, text), (place.name, re.search(wrong, text))


def test_the_review_itself_does_not_know_of_the_fan_out(built: Path):
    staged = {p.stem for p in (built / "build/2021/fr/notebooks").glob("*.ipynb")}
    assert "ranking-desi" in staged and not staged & {"desi-de", "desi-nl"}
    assert "desi-de" not in (built / "site/2021/fr/index.html").read_text("utf-8")


def test_the_next_build_takes_the_pages_off_the_site(built: Path, tmp_path: Path):
    root = tmp_path / "built"
    shutil.copytree(built, root)
    environment = {**os.environ, "BILAN_ROOT": str(root), "PYTHONPATH": str(root / "src")}
    done = subprocess.run(
        [sys.executable, "-m", "bilan", "build", "--renderer", "embedded"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    steps = [" ".join(line.split()[1:-3]) for line in done.stdout.splitlines() if "✓" in line]
    assert steps == ["2021 supplement", "2021 assemble", "publish"]
    assert not list((root / "site").rglob("*desi-de*"))
    assert "#places" not in (root / "site/index.html").read_text("utf-8")
    kept = (root / "site/2021/fr/index.html").read_bytes()
    assert kept == (built / "site/2021/fr/index.html").read_bytes()


def test_a_place_is_where_its_notebook_leaves_it():
    assert Place("desi", "FR").run == "ranking-desi"
    assert Place("desi", "FR").label("fig-rank") == "fig-rank-desi"
    assert Place("desi", "DE").run == "places/desi-de"
    assert Place("desi", "DE").label("fig-rank") == "fig-rank-desi-de"

"""Editions, and what each of them knows."""

import csv
import datetime as dt
import random
from pathlib import Path

import pytest

from bilan import catalog, editions
from bilan.editions import PUBLISHED, UsageError


def frozen_bytes(name: str) -> dict[str, bytes]:
    folder = editions.freeze(name)
    return {p.name: p.read_bytes() for p in sorted(folder.iterdir())}


def test_an_unknown_edition_says_which_exist(project: Path):
    with pytest.raises(UsageError, match="allowed: 2020, 2021, 2022, 2023, 2024, 2025"):
        editions.edition("1999")


def test_nothing_in_a_frozen_table_was_published_later(project: Path):
    for edition in editions.editions():
        tables = catalog.load(editions.freeze(edition.id))
        for name, column in PUBLISHED.items():
            assert (tables[name][column].dt.date <= edition.as_of).all(), (edition.id, name)


@pytest.mark.parametrize(
    ("date", "ceiling"),
    [("2020-01-14", "67063703"), ("2019", "67063703"), ("2021-01-14", ""), ("2020", "")],
)
def test_a_ceiling_is_known_once_its_source_is_published(project: Path, date: str, ceiling: str):
    tables = {
        path.stem: list(csv.DictReader(path.open(encoding="utf-8")))
        for path in (project / "data/raw").glob("*.csv")
    }
    for row in tables["sources"]:
        if row["source_id"] == "s300":
            row["date"] = date
    rows = editions.known(tables, dt.date(2020, 12, 31))["indicators"]
    assert {r["indicator"]: r["ceiling"] for r in rows}["franceconnect-users"] == ceiling


def test_later_editions_know_more(project: Path):
    sizes = [len(catalog.load(editions.freeze(e.id))["observations"]) for e in editions.editions()]
    assert sizes == sorted(set(sizes))


def test_every_edition_is_a_valid_data_package(project: Path):
    from frictionless import validate

    for edition in editions.editions():
        report = validate(str(editions.freeze(edition.id) / "datapackage.json"))
        assert report.valid, report.flatten(["type", "rowNumber", "fieldName", "message"])[:5]


def test_freezing_again_touches_nothing(project: Path):
    folder = editions.freeze("2021")
    before = {p.name: p.stat().st_mtime_ns for p in folder.iterdir()}
    editions.freeze("2021")
    assert {p.name: p.stat().st_mtime_ns for p in folder.iterdir()} == before


def test_the_place_of_a_row_in_its_file_decides_nothing(project: Path):
    before = {e.id: frozen_bytes(e.id) for e in editions.editions()}
    for name in editions.UNORDERED:
        path = project / "data/raw" / f"{name}.csv"
        header, *rows = path.read_text("utf-8").splitlines(keepends=True)
        random.Random(7).shuffle(rows)
        path.write_text("".join([header, *rows]), "utf-8", newline="\n")
    assert {e.id: frozen_bytes(e.id) for e in editions.editions()} == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "editions:",
        "editions: []",
        "editions: [{id: 2020, as_of: 2020-12-31, languages: [fr]}]",
        'editions: [{id: "../x", as_of: 2020-12-31, languages: [fr]}]',
        'editions: [{id: "2020", as_of: "soon", languages: [fr]}]',
        'editions: [{id: "2020", as_of: 2020-12-31, languages: [de]}]',
        'editions: [{id: "2020", as_of: 2020-12-31, languages: fr}]',
        'editions: [{id: "2020", as_of: 2020-12-31}]',
        "editions: [",
    ],
)
def test_a_broken_list_of_editions_is_said_in_a_line(project: Path, text: str):
    (project / "config/editions.yml").write_text(text)
    editions._read_editions.cache_clear()
    with pytest.raises(UsageError, match=r"config/editions\.yml: ") as error:
        editions.editions()
    assert "\n" not in str(error.value)
    editions._read_editions.cache_clear()

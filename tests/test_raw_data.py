"""The raw tables: valid, complete, tidy, and true to the day on which each figure was known."""

import csv
import io
import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from frictionless import Package, validate

RAW = Path(__file__).resolve().parents[1] / "data" / "raw"
PACKAGE = json.loads((RAW / "datapackage.json").read_text(encoding="utf-8"))
RESOURCES = {resource["name"]: resource for resource in PACKAGE["resources"]}
NBSP, NNBSP = "\u00a0", "\u202f"
MONTHS = {"month": 1, "quarter": 3, "year": 12}

REQUIRED_INDICATORS = [
    "franceconnect-users",
    "franceconnect-connections-year",
    "franceconnect-connections-month",
    "franceconnect-services",
    "franceconnect-identity-providers",
    "franceconnect-plus-users",
    "france-identite-users",
    "tchap-registered",
    "tchap-mau",
    "tchap-wau",
    "tchap-dau",
    "tchap-messages-month",
    "tchap-messages-week",
    "tchap-users-unspecified",
    "webconf-conferences-max",
    "webconf-conferences-median",
    "webconf-participants-max",
    "webconf-participants-median",
    "desi-rank-france",
]


def read(name):
    """Read one table as dictionaries of text."""
    with (RAW / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


TABLES = {name: read(name) for name in RESOURCES}
ROWS = [(name, row) for name, rows in TABLES.items() for row in rows]


def primary_key(name):
    """Columns of a table's primary key."""
    return RESOURCES[name]["schema"]["primaryKey"]


def first_day(day, precision):
    """First day of the period that ends on a day."""
    end = date.fromisoformat(day)
    if precision == "day":
        return end
    return date(end.year, end.month - MONTHS[precision] + 1, 1)


def select(table, key):
    """Rows of a table that a selector designates."""
    wanted = dict(pair.split("=", 1) for pair in key.split(";"))
    return [row for row in TABLES[table] if all(row[c] == v for c, v in wanted.items())]


# The package and its files


def test_package_is_valid():
    report = validate(str(RAW / "datapackage.json"))
    assert report.valid, report.flatten(["name", "rowNumber", "fieldName", "note"])[:10]
    assert len(report.tasks) == len(RESOURCES)


def test_package_follows_version_1():
    assert PACKAGE["profile"] == "tabular-data-package"
    assert not list(Package.metadata_validate(PACKAGE))
    for resource in PACKAGE["resources"]:
        assert resource["profile"] == "tabular-data-resource"
        assert resource["encoding"] == "utf-8"
        assert resource["schema"]["missingValues"] == [""]
        for field in resource["schema"]["fields"]:
            assert field.keys() >= {"name", "type", "format", "title", "description"}


def test_every_file_is_described():
    assert {path.stem for path in RAW.glob("*.csv")} == set(RESOURCES)


@pytest.mark.parametrize("name", RESOURCES)
def test_file_is_normalised(name):
    raw = (RAW / f"{name}.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    text = raw.decode("utf-8")
    rows = list(csv.reader(io.StringIO(text)))
    again = io.StringIO()
    csv.writer(again, lineterminator="\n").writerows(rows)
    assert again.getvalue() == text, "quotes only where needed, one final line feed"
    assert all(cell == cell.strip(" \n\t") for row in rows for cell in row)
    assert rows[0] == [field["name"] for field in RESOURCES[name]["schema"]["fields"]]


@pytest.mark.parametrize("name", RESOURCES)
def test_file_is_sorted_by_its_key(name):
    keys = [tuple(row[column] for column in primary_key(name)) for row in TABLES[name]]
    assert keys == sorted(set(keys))


# Completeness


def test_every_fact_is_held():
    held = {row["fact"] for _, row in ROWS if row.get("fact")}
    assert held == {f"F{number}" for number in range(1, 32)}


def test_before_and_after_of_a_fact_are_two_rows():
    held = Counter(row["fact"] for _, row in ROWS if row.get("fact"))
    assert held["F4"] == 2
    assert held["F11"] == 2


def test_required_indicators_are_observed():
    assert set(REQUIRED_INDICATORS) <= {row["indicator"] for row in TABLES["observations"]}


@pytest.mark.parametrize(
    ("table", "column", "users"),
    [
        ("sources", "source_id", None),
        ("units", "unit", ["indicators"]),
        ("indicators", "indicator", ["observations", "targets"]),
        ("contradictions", "contradiction", ["observations"]),
        ("countries", "country", ["scores", "ranks"]),
    ],
)
def test_nothing_is_declared_in_vain(table, column, users):
    declared = {row[column] for row in TABLES[table]}
    users = users or [name for name in RESOURCES if name != table]
    used = {row[column] for name in users for row in TABLES[name] if row.get(column)}
    assert declared == used


def test_every_vintage_has_scores_or_ranks():
    declared = {(row["index"], row["vintage"]) for row in TABLES["vintages"]}
    used = {(r["index"], r["vintage"]) for t in ("scores", "ranks") for r in TABLES[t]}
    assert declared == used


@pytest.mark.parametrize(("vintage", "members"), [("2020", 28), ("2022", 27)])
def test_full_vintages_hold_every_member(vintage, members):
    groups = {row["country"] for row in TABLES["countries"] if not row["eu_from"]}
    counts = Counter(
        (row["dimension"], row["year"])
        for row in TABLES["scores"]
        if (row["index"], row["vintage"]) == ("desi", vintage) and row["country"] not in groups
    )
    assert len(counts) >= 30
    assert set(counts.values()) == {members}


@pytest.mark.parametrize("vintage", ["2020", "2021", "2022"])
def test_published_ranks_agree_with_the_scores(vintage):
    groups = {row["country"] for row in TABLES["countries"] if not row["eu_from"]}
    scores = {
        row["country"]: float(row["value"])
        for row in TABLES["scores"]
        if (row["index"], row["vintage"], row["dimension"], row["year"])
        == ("desi", vintage, "total", vintage)
        and row["country"] not in groups
    }
    order = sorted(scores, key=scores.get, reverse=True)
    published = {
        row["country"]: int(row["rank"])
        for row in TABLES["ranks"]
        if (row["index"], row["vintage"]) == ("desi", vintage) and row["confidence"] != "low"
    }
    assert "FR" in published
    assert published == {country: order.index(country) + 1 for country in published}


@pytest.mark.parametrize("index", ["egdi", "oecd-dgi"])
def test_scores_from_zero_to_one(index):
    values = [float(row["value"]) for row in TABLES["scores"] if row["index"] == index]
    assert values
    assert max(values) <= 1


# What was known when


@pytest.mark.parametrize("table", ["observations", "milestones"])
def test_a_coarse_date_is_the_last_day_of_its_period(table):
    for row in TABLES[table]:
        day = date.fromisoformat(row["date"])
        if row["precision"] == "day":
            continue
        assert date.fromordinal(day.toordinal() + 1).day == 1, row
        assert day.month % MONTHS[row["precision"]] == 0, row


def test_nothing_is_published_before_its_period():
    for row in TABLES["observations"]:
        published = date.fromisoformat(row["published_on"])
        assert published >= first_day(row["date"], row["precision"]), row


def test_a_stated_day_is_not_before_the_source():
    dated = {row["source_id"]: row["date"] for row in TABLES["sources"]}
    for row in TABLES["observations"]:
        written = dated[row["source_id"]]
        if row["published_rule"] == "stated" and len(written) == 10:
            assert row["published_on"] == written, row


def test_no_row_is_known_before_its_source():
    dated = {row["source_id"]: row["date"] for row in TABLES["sources"]}
    for table in ("observations", "milestones"):
        for row in TABLES[table]:
            assert row["published_on"] >= dated[row["source_id"]], row
    for row in TABLES["targets"]:
        if row["announced_rule"] == "stated":
            assert row["announced_on"] >= dated[row["source_id"]], row


def test_definitions_tell_nothing_of_later_years():
    known = {}
    for row in TABLES["observations"]:
        known.setdefault(row["indicator"], []).append(row["published_on"])
    for row in TABLES["indicators"]:
        text = " ".join(row[column] for column in row if column != "indicator")
        for year in re.findall(r"\b20[12]\d\b", text):
            assert year <= min(known[row["indicator"]])[:4], row


def test_targets_are_announced_before_they_fall_due():
    for row in TABLES["targets"]:
        assert not row["date"] or row["announced_on"] <= row["date"], row


def test_ranks_are_published_with_their_vintage():
    day = {(row["index"], row["vintage"]): row["published_on"] for row in TABLES["vintages"]}
    for row in TABLES["ranks"]:
        assert row["published_on"] == day[row["index"], row["vintage"]], row


def test_events_and_statements_are_not_known_before_they_happen():
    for row in TABLES["milestones"]:
        if row["kind"] in {"statement", "outcome", "benchmark"}:
            published = date.fromisoformat(row["published_on"])
            assert published >= first_day(row["date"], row["precision"]), row


def test_outcomes_answer_plans():
    kinds = {row["milestone"]: row["kind"] for row in TABLES["milestones"]}
    for row in TABLES["milestones"]:
        if row["kind"] == "outcome":
            assert kinds[row["plan"]] == "plan", row
            assert row["state"], row
        else:
            assert not row["plan"] and not row["state"], row


# Doubts


@pytest.mark.parametrize("row", TABLES["corrections"], ids=lambda row: row["key"])
def test_correction_finds_what_it_expects(row):
    found = select(row["table"], row["key"])
    assert len(found) == 1
    assert found[0][row["column"]] == row["expected"]
    if row["action"] == "set_aside":
        assert not row["value"]
    else:
        assert row["value"] not in {"", row["expected"]}
    assert row["known_on"] >= found[0].get("published_on", "")
    if row["column"] == "indicator":
        assert row["value"] in {known["indicator"] for known in TABLES["indicators"]}


@pytest.mark.parametrize("row", TABLES["contradictions"], ids=lambda row: row["contradiction"])
def test_contradiction_has_two_sides_known_in_time(row):
    sides = [o for o in TABLES["observations"] if o["contradiction"] == row["contradiction"]]
    assert len({(o["indicator"], o["date"], o["value"]) for o in sides}) >= 2
    assert sorted(o["published_on"] for o in sides)[1] <= row["known_on"]


@pytest.mark.parametrize("row", TABLES["contradictions"], ids=lambda row: row["contradiction"])
def test_contradiction_tells_nothing_of_later_years(row):
    years = re.findall(r"\b20[12]\d\b", " ".join(row.values()))
    assert max(years) <= row["known_on"][:4]


# Words


def test_no_copy_of_the_sources_words():
    columns = {column for rows in TABLES.values() for column in rows[0]}
    assert not columns & {"evidence", "quote", "excerpt", "verbatim"}
    for name, row in ROWS:
        note = row.get("note", "")
        assert len(note) <= 160, (name, row)
        assert not re.search('["“”«»]', note), (name, row)


FRENCH = [
    (name, row[column])
    for name, row in ROWS
    for column in row
    if column.endswith("_fr") or column.startswith("fr_")
]
ENGLISH = [
    (name, row[column])
    for name, row in ROWS
    for column in row
    if column.endswith("_en") or column.startswith("en_") or column == "note"
]


def test_french_typography():
    assert len(FRENCH) > 500
    for name, text in FRENCH:
        assert "'" not in text, (name, text)
        assert '"' not in text, (name, text)
        assert "..." not in text, (name, text)
        assert not re.search(rf"[^{NNBSP}][;!?]", text), (name, text)
        assert not re.search(rf"[^{NBSP}][:»€]", text), (name, text)
        assert not re.search(rf"[^{NBSP}]%", text), (name, text)
        assert not re.search(rf"«[^{NBSP}]", text), (name, text)
        assert not re.search(r"\d \d{3}\b", text), (name, text)
        assert "  " not in text, (name, text)


def test_english_typography():
    for name, text in ENGLISH:
        assert "'" not in text, (name, text)
        assert not re.search(rf"[ {NBSP}{NNBSP}][;:!?%]", text), (name, text)
        assert not re.search(r"\d \d{3}\b", text), (name, text)
        assert "  " not in text, (name, text)


def test_titles_of_sources_use_typographic_marks():
    for row in TABLES["sources"]:
        for text in (row["title"], row["publisher"]):
            assert "'" not in text, row
            assert not re.search(r" [;:!?%»]|« ", text), row

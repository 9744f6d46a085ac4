"""No look-ahead: what came after the cut-off day can't be seen."""

import csv
import datetime as dt
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


LATER = st.dates(dt.date(2021, 1, 1), dt.date(2026, 10, 1))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_what_is_published_later_changes_no_byte(project: Path, data: st.DataObject):
    """Change, add or remove rows published after the 2020 cut-off: its tables stay the same."""
    path = project / "data/raw/observations.csv"
    original = path.read_text("utf-8")
    try:
        expected = frozen_bytes("2020")
        rows = list(csv.DictReader(original.splitlines()))
        later = [i for i, r in enumerate(rows) if r["published_on"] > "2020-12-31"]
        chosen = data.draw(st.sampled_from(later))
        action = data.draw(st.sampled_from(["change", "add", "remove"]))
        if action == "change":
            rows[chosen]["value"] = str(data.draw(st.integers(0, 10**9)))
            rows[chosen]["published_on"] = data.draw(LATER).isoformat()
        elif action == "add":
            rows.append({**rows[chosen], "value": str(data.draw(st.integers(0, 10**9)))})
        else:
            del rows[chosen]
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        assert frozen_bytes("2020") == expected
    finally:
        path.write_text(original, "utf-8", newline="")

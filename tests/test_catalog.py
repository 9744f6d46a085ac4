"""Bad input: every fault is named with its file, row and column, all at once."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bilan import catalog
from bilan.catalog import DataError
from bilan.cli import app


def edit(path: Path, row: int, column: str, value: str) -> None:
    """Write one cell; rows count as in a spreadsheet, the header being row 1."""
    with path.open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    lines[row - 1][lines[0].index(column)] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(lines)


def rewrite(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text("utf-8")), "utf-8", newline="")


def faults(project: Path) -> list[str]:
    with pytest.raises(DataError) as error:
        catalog.load(project / "data/raw")
    return [str(fault) for fault in error.value.faults]


def test_the_real_data_hold(project: Path):
    tables = catalog.load(project / "data/raw")
    assert {"observations", "targets", "milestones", "scores", "ranks", "sources"} <= set(tables)
    assert str(tables["observations"]["date"].dtype).startswith("datetime64")
    assert tables["observations"]["value"].dtype == "float64"


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        ("value", "12 000", "expected a number"),
        ("value", "12,000", "expected a number"),
        ("value", "NaN", "expected a number"),
        ("value", "twelve", "expected a number"),
        ("value", "-5", "minimum 0"),
        ("value", "", "a value is required"),
        ("date", "2021-02-30", "expected a date that exists"),
        ("date", "28/08/2020", "expected a date that exists"),
        ("date", "2031-01-01", "comes after the day of publication"),
        ("indicator", "tchap-unheard", "it must stand in indicators.csv"),
        ("source_id", "s999", "it must stand in sources.csv"),
        ("qualifier", "roughly", "allowed: exact, about, at_least, at_most"),
        ("confidence", "certain", "allowed: high, medium, low"),
        ("note", "=HYPERLINK(1)", "must not start like a formula"),
        ("note", "@SUM(A1)", "must not start like a formula"),
        ("note", "<script>alert(1)</script>", "must not hold markup"),
        ("note", "{{< include x >}}", "must not hold markup"),
        ("note", "[x](javascript:1)", "must not hold markup"),
        ("note", "#eval(1)", "must not hold markup"),
    ],
)
def test_a_bad_cell_is_named(project: Path, column: str, cell: str, said: str):
    edit(project / "data/raw/observations.csv", 17, column, cell)
    found = [f for f in faults(project) if f"observations.csv, row 17, column {column}: " in f]
    assert found, faults(project)
    assert said in found[0]
    assert found[0].startswith("data/raw/observations.csv")


#: Faults of every kind, each with where it is put and what is said of it there. Rows are chosen
#: so that none touches another.
CELLS = [
    ("observations", 17, "value", "1 000", "expected a number"),
    ("observations", 18, "qualifier", "roughly", "allowed: exact, about"),
    ("observations", 19, "value", "-5", "minimum 0"),
    ("observations", 20, "date", "2021-02-30", "a date that exists"),
    ("observations", 21, "published_on", "2034-07-31", "the day on which"),
    ("observations", 22, "date", "2025-12-31", "comes after the day of publication"),
    ("observations", 23, "indicator", "tchap-unheard", "it must stand in indicators.csv"),
    ("observations", 24, "source_id", "s999", "it must stand in sources.csv"),
    ("observations", 25, "note", "=1+1", "like a formula"),
    ("observations", 26, "note", "<b>x</b>", "must not hold markup"),
    ("observations", 27, "note", "a\u200bb", "hidden signs"),
    ("observations", 28, "note", "x" * 3000, "not be longer"),
    ("targets", 3, "date", "2021-01-01", "comes before its announcement"),
    ("targets", 5, "date", "9999-12-31", "maximum 2099-12-31"),
    ("indicators", 3, "unit", "parsec", "it must stand in units.csv"),
    ("sources", 5, "date", "2021-02-30", "a date that exists"),
    ("sources", 6, "accessed_on", "2999-01-01", "maximum 2099-12-31"),
    ("sources", 7, "address", "javascript:alert(1)", "must match"),
    ("sources", 8, "date", "2031", "comes after the day it was read"),
    ("scores", 9, "value", "101", "maximum 100"),
    ("scores", 10, "year", "2030", "comes after the vintage"),
    ("ranks", 3, "rank", "99", "rank 99 of"),
    ("ranks", 4, "published_on", "2016-01-01", "vintages.csv says"),
    ("units", 4, "whole", "yes", "true or false"),
    ("milestones", 10, "kind", "rumour", "allowed: event"),
    ("corrections", 2, "expected", "1", "drop or renew the correction"),
    ("corrections", 3, "action", "erase", "allowed:"),
    ("contradictions", 2, "text_en", "{{< include x >}}", "must not hold markup"),
    ("countries", 2, "eu_until", "1990-01-01", "comes before eu_from"),
    ("indices", 3, "spacing_years", "9", "maximum 5"),
    ("vintages", 3, "published_on", "", "a value is required"),
]


def test_every_fault_is_named_at_once_and_nothing_else(project: Path):
    raw = project / "data/raw"
    for table, row, column, cell, _ in CELLS:
        edit(raw / f"{table}.csv", row, column, cell)
    rewrite(raw / "milestones.csv", lambda t: t.replace("title_fr", "titre", 1))
    rewrite(raw / "countries.csv", lambda t: t + "ZZ,Ailleurs\n")
    rewrite(raw / "observations.csv", lambda t: t + t.splitlines()[40] + "\n")
    rewrite(raw / "units.csv", lambda t: "\ufeff" + t.replace("\n", "\r\n"))
    (raw / "more.csv").write_text("a,b\n1,2\n")
    wanted = [
        *((f"data/raw/{t}.csv, row {r}, column {c}: ", said) for t, r, c, _, said in CELLS),
        ("data/raw/milestones.csv, row 1, column title_fr: ", "column is missing"),
        ("data/raw/milestones.csv, row 1, column titre: ", "unexpected column"),
        ("data/raw/countries.csv, row 34: ", "2 cells; the header has 5"),
        ("data/raw/observations.csv, row 659: ", "duplicate of row 41"),
        ("data/raw/units.csv, row 1: ", "byte order mark"),
        ("data/raw/units.csv, row 1: ", "line ends with CR"),
        ("data/raw/more.csv: ", "is not described"),
    ]
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    lines = result.stderr.splitlines()
    unsaid = [w for w in wanted if not any(ln.startswith(w[0]) and w[1] in ln for ln in lines)]
    unasked = [ln for ln in lines if not any(ln.startswith(w[0]) and w[1] in ln for w in wanted)]
    assert (unsaid, unasked) == ([], [])


def test_an_unknown_unit_is_named(project: Path):
    edit(project / "data/raw/indicators.csv", 3, "unit", "parsec")
    assert any("indicators.csv, row 3, column unit" in f for f in faults(project))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: "\ufeff" + t, "byte order mark"),
        (lambda t: t.replace("\n", "\r\n"), "only LF line ends"),
        (lambda t: "", "file is empty"),
        (lambda t: t.replace("qualifier", "qualifyer", 1), "column is missing"),
        (lambda t: t.replace("qualifier", "qualifyer", 1), "unexpected column"),
        (lambda t: t + "a,b,c\n", "3 cells; the header has"),
        (lambda t: t + t.splitlines()[-1] + "\n", "duplicate of row"),
        (lambda t: t.splitlines()[0] + "\n", "has a header but no row"),
        (
            lambda t: t.replace("api-gouv-open-sheets,", '"api-gouv-open-sheets,', 1),
            "quote left open?",
        ),
        (lambda t: t.replace("\n", "\r"), "only LF line ends"),
        (lambda t: t.replace("note", "date", 1), "column appears twice"),
        (lambda t: t + "\n", "0 cells; the header has"),
    ],
)
def test_a_bad_file_is_named(project: Path, change: Callable[[str], str], said: str):
    rewrite(project / "data/raw/observations.csv", change)
    assert any(said in f for f in faults(project)), faults(project)


def test_a_number_spelt_otherwise_is_the_same_row(project: Path):
    path = project / "data/raw/observations.csv"
    rewrite(path, lambda t: t + t.splitlines()[1].replace(",1600000,", ",1600000.0,") + "\n")
    assert faults(project) == [
        "data/raw/observations.csv, row 659: duplicate of row 2 "
        "(indicator, date, source_id, value the same)"
    ]


def test_there_is_no_half_account(project: Path):
    edit(project / "data/raw/observations.csv", 2, "value", "1600000.5")
    assert faults(project) == [
        "data/raw/observations.csv, row 2, column value: 1600000.5 is not a whole number (person)"
    ]


def test_an_end_is_not_told_before_it_was_known(project: Path):
    edit(project / "data/raw/indices.csv", 2, "end_known_on", "")
    found = faults(project)
    assert len(found) == 1 and "indices.csv, row 2, column end_known_on" in found[0]


def test_a_column_that_is_missing_hides_no_fault_of_the_others(project: Path):
    path = project / "data/raw/observations.csv"
    edit(path, 17, "value", "1 000")
    rewrite(path, lambda t: "\ufeff" + t.replace("qualifier", "qualifyer", 1).replace("\n", "\r\n"))
    said = [
        fault.split(": ")[0].removeprefix("data/raw/observations.csv, ")
        for fault in faults(project)
    ]
    assert said == [
        *("row 1", "row 1", "row 1, column qualifier", "row 1, column qualifyer"),
        "row 17, column value",
    ]


def test_what_a_file_holds_does_not_steer_the_terminal(project: Path):
    rewrite(
        project / "data/raw/units.csv", lambda t: t.replace("whole", '"\x1b[2J\n::error::x"', 1)
    )
    edit(project / "data/raw/observations.csv", 17, "note", "\x1b]0;x\x07\u202e")
    result = CliRunner().invoke(app, ["check"])
    lines = result.stderr.split("\n")
    assert len(lines) == 4 and lines[-1] == ""
    assert all(line.startswith("data/raw/") and line.isprintable() for line in lines[:-1])


def test_utf_16_is_said_once(project: Path):
    path = project / "data/raw/observations.csv"
    path.write_bytes(path.read_text("utf-8").encode("utf-16"))
    assert faults(project) == ["data/raw/observations.csv: is UTF-16; save as UTF-8"]


def test_latin_1_is_named_with_its_row(project: Path):
    path = project / "data/raw/sources.csv"
    text = path.read_text("utf-8")
    row = next(i for i, line in enumerate(text.split("\n"), 1) if "é" in line)
    path.write_bytes(text.encode("latin-1", "replace"))
    assert any(f"sources.csv, row {row}" in f and "not UTF-8" in f for f in faults(project))


def test_a_missing_file_is_named(project: Path):
    (project / "data/raw/targets.csv").unlink()
    assert "data/raw/targets.csv: file is missing" in faults(project)


def test_a_correction_fails_once_its_row_changes(project: Path):
    with (project / "data/raw/corrections.csv").open(encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    edit(project / "data/raw/corrections.csv", 2, "expected", first["expected"] + "1")
    assert any("corrections.csv, row 2, column expected" in f for f in faults(project))


def test_all_faults_come_at_once_without_a_traceback(project: Path):
    edit(project / "data/raw/observations.csv", 17, "value", "1 000")
    edit(project / "data/raw/observations.csv", 18, "qualifier", "roughly")
    edit(project / "data/raw/targets.csv", 2, "value", "NaN")
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 3
    assert all(line.startswith("data/raw/") for line in lines)


def test_bad_data_leave_the_published_site_alone(project: Path):
    (project / "site").mkdir()
    (project / "site/index.html").write_text("as it was")
    edit(project / "data/raw/observations.csv", 17, "value", "1 000")
    result = CliRunner().invoke(app, ["build"])
    assert result.exit_code == 1
    assert "observations.csv, row 17, column value" in result.stderr
    assert (project / "site/index.html").read_text() == "as it was"
    assert not (project / "build/2020").exists()


@pytest.mark.parametrize(
    ("file", "column", "cell", "said"),
    [
        ("observations.csv", "value", "١٢٣", "expected a number"),
        ("observations.csv", "note", " =1+1", "must not start like a formula"),
        ("observations.csv", "note", "a\u202eb", "must not hold hidden signs"),
        ("corrections.csv", "action", "erase", "allowed:"),
        ("targets.csv", "announced_on", "2030-01-01", "comes before its announcement"),
        ("ranks.csv", "rank", "99", "rank 99 of"),
    ],
)
def test_a_bad_cell_of_any_table_is_named(project: Path, file, column, cell, said):
    edit(project / "data/raw" / file, 3, column, cell)
    assert any(file in f and "row 3" in f and said in f for f in faults(project)), faults(project)


def test_a_correction_must_fit_the_column_it_replaces(project: Path):
    path = project / "data/raw/corrections.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    at = next(
        i for i, r in enumerate(rows, 2) if r["action"] == "replace" and r["column"] == "value"
    )
    edit(path, at, "value", "abc")
    assert any(f"corrections.csv, row {at}, column value" in f for f in faults(project))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"resources": []}', '{"resources": [{"name": "x"}]}', "7", "null"],
)
def test_a_broken_description_is_said_in_a_line(project: Path, text: str):
    (project / "data/raw/datapackage.json").write_text(text)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert result.stderr.startswith("data/raw/datapackage.json: ")
    assert len(result.stderr.strip().splitlines()) == 1


def observed(package: dict) -> dict:
    return next(r for r in package["resources"] if r["name"] == "observations")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda p: observed(p).update(path="../../secret.csv"), "its path is that name with .csv"),
        (lambda p: observed(p).update(path="https://example.org/o.csv"), "its path is that name"),
        (lambda p: observed(p).update(name="../o", path="../o.csv"), "a table has a plain name"),
        (
            lambda p: observed(p)["schema"]["foreignKeys"][0]["reference"].update(resource="no"),
            "indicator refers to a column that no does not have",
        ),
        (
            lambda p: observed(p)["schema"].update(primaryKey="no"),
            "primary key names no column: no",
        ),
        (lambda p: observed(p)["schema"]["fields"][3].update(type="money"), "unknown types: money"),
        (
            lambda p: observed(p)["schema"]["fields"][0]["constraints"].update(pattern="["),
            "can't be read as a Data Package",
        ),
        (
            lambda p: observed(p)["schema"]["fields"][3]["constraints"].update(minimum="few"),
            "can't be read as a Data Package",
        ),
        (lambda p: p["resources"].append(observed(p)), "two tables have the same name"),
    ],
)
def test_a_description_that_points_nowhere_or_outside_is_refused(project: Path, change, said):
    path = project / "data/raw/datapackage.json"
    package = json.loads(path.read_text("utf-8"))
    change(package)
    path.write_text(json.dumps(package), "utf-8")
    for command in (["check"], ["freeze", "--edition", "2020"]):
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 1
        assert any(
            line.startswith("data/raw/datapackage.json: ") and said in line
            for line in result.stderr.splitlines()
        )
    assert not (project / "build").exists()


@pytest.mark.parametrize(
    ("column", "value"),
    [("qualifier", "roughly"), ("value", "-3"), ("note", "<b>"), ("indicator", "unheard")],
)
def test_a_correction_brings_in_nothing_that_its_table_refuses(project: Path, column, value):
    path = project / "data/raw/corrections.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    at = next(
        i
        for i, r in enumerate(rows, 2)
        if (r["table"], r["action"], r["column"]) == ("observations", "replace", "value")
    )
    edit(path, at, "column", column)
    edit(path, at, "value", value)
    found = [f for f in faults(project) if f"corrections.csv, row {at}, column value" in f]
    assert len(found) == 1


def test_a_plain_locale_and_an_accented_folder_are_no_obstacle(project: Path):
    root = project.parent / "Bilan é 日本"
    project.rename(root)
    edit(root / "data/raw/observations.csv", 17, "value", "1 000")
    environment = {**os.environ, "LC_ALL": "C", "BILAN_ROOT": str(root)}
    done = subprocess.run(
        [sys.executable, "-m", "bilan", "check"],
        cwd=root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("data/raw/observations.csv, row 17, column value: ")
    assert done.stderr.count("\n") == 1

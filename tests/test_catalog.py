"""Bad input: every fault is named with its file, row and column, all at once."""

import csv
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
    ],
)
def test_a_bad_file_is_named(project: Path, change: Callable[[str], str], said: str):
    rewrite(project / "data/raw/observations.csv", change)
    assert any(said in f for f in faults(project)), faults(project)


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
    "text", ["", "{", "[]", "{}", '{"resources": []}', '{"resources": [{"name": "x"}]}']
)
def test_a_broken_description_is_said_in_a_line(project: Path, text: str):
    (project / "data/raw/datapackage.json").write_text(text)
    result = CliRunner().invoke(app, ["check"])
    assert result.exit_code == 1
    assert result.stderr.startswith("data/raw/datapackage.json: ")
    assert len(result.stderr.strip().splitlines()) == 1

"""`bilan diff`: what a pull request changes, told to whoever reviews it."""

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from bilan import difference
from bilan.cli import app


@pytest.fixture
def two(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two built states of a project, alike."""
    monkeypatch.setenv("BILAN_ROOT", str(tmp_path / "after"))
    for name in ("before", "after"):
        shutil.copytree(built / "data", tmp_path / name / "data")
        shutil.copytree(built / "build/fonts", tmp_path / name / "build/fonts")
        for year in ("2020", "2021"):
            runs = f"build/{year}/runs"
            shutil.copytree(built / runs, tmp_path / name / runs)
    return tmp_path / "before", tmp_path / "after"


def rewrite(root: Path, year: str, name: str, change) -> None:
    path = root / "data/processed" / year / f"{name}.parquet"
    table = pd.read_parquet(path)
    change(table)
    table.to_parquet(path, index=False)


def edit_rows(path: Path, change) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    header = list(rows[0])
    rows = change(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def section(text: str, title: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    part = next(p for p in text.split("### ") if p.startswith(title))
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [re.split(r"(?<!\\) \| ", line.strip("| ")) for line in lines[2:]]


def test_two_states_alike_differ_in_nothing(two):
    text = difference.compare(*two, "main").read_text("utf-8")
    assert text == (
        "## What changes since `main`\n\nNothing: data, figures and charts are the same.\n"
    )


def test_rows_are_told_by_table_and_key(two):
    def change(rows):
        rows[0]["value"] = "1700000"
        rows[1]["note"] = "<b>@someone</b> | `x`"
        return [rows[0], rows[1], *rows[3:], {**rows[4], "source_id": "s001"}]

    before, after = two
    edit_rows(after / "data/raw/observations.csv", change)
    text = difference.compare(before, after, "main").read_text("utf-8")
    rows = {
        row[2]: [r for r in section(text, "Data rows") if r[2] == row[2]]
        for row in section(text, "Data rows")
    }
    assert "### Data rows: 2 added, 1 changed, 2 removed" in text
    assert {kind: len(found) for kind, found in rows.items()} == {
        "added": 2,
        "changed": 1,
        "removed": 2,
    }
    assert all(row[0] == "`observations`" for found in rows.values() for row in found)
    assert rows["changed"][0][1].startswith("`agentconnect-users, 2023-03-31, ")
    # What the data say stays inside code: no markup, no table cell, and no one is called.
    assert "→ `<b>@someone</b> \\| 'x'`" in rows["changed"][0][3]


def test_measures_come_with_the_largest_change_first(two):
    before, after = two

    def figures(table):
        table.loc[table["indicator"] == "tchap-registered", "value"] *= 1.5
        table.loc[table["indicator"] == "franceconnect-users", "value"] *= 1.1

    def odds(table):
        targets = table.index[table["kind"] == "target"]
        table.loc[targets[0], "value"] = 0.123
        france = (table["kind"] == "rank") & (table["country"] == "FR")
        france &= table["subject"] == "rank-desi"
        table.loc[france, "value"] = (table.loc[france, "level"] == 5).astype(float)

    def states(table):
        table.loc[0, "state"] = "met"

    rewrite(after, "2021", "observations", figures)
    rewrite(after, "2021", "forecasts", odds)
    rewrite(after, "2020", "target_states", states)
    text = difference.compare(before, after, "main").read_text("utf-8")
    told = section(text, "Figures: 2 changed")
    assert [row[:2] for row in told] == [
        ["2021", "`tchap-registered`"],
        ["2021", "`franceconnect-users`"],
    ]
    assert all(row[2] != row[3] for row in told)
    assert section(text, "Probabilities: 1 changed")[0][3] == "`12.3 %`"
    ranks = section(text, "Ranks")
    assert {row[3] for row in ranks} == {"`5.0`"}
    assert all(row[1].startswith("`rank-desi 20") for row in ranks)
    assert section(text, "Targets: 1 changed")[0][3] == "`met`"
    assert "Data rows" not in text and "Charts" not in text


def test_charts_that_changed_are_shown_as_they_were_and_are(two):
    before, after = two
    path = next((after / "build/2021/runs/adoption-tchap-registered").glob("fr.ipynb"))
    notebook = json.loads(path.read_text("utf-8"))
    outputs = [o for cell in notebook["cells"] for o in cell.get("outputs", [])]
    drawing = next(o for o in outputs if "image/svg+xml" in o.get("data", {}))
    svg = "".join(drawing["data"]["image/svg+xml"])
    drawing["data"]["image/svg+xml"] = svg.replace("</svg>", '<rect width="9" height="9"/></svg>')
    path.write_text(json.dumps(notebook), "utf-8")
    page = difference.compare(before, after, "main")
    assert "### Charts: 1 changed" in page.read_text("utf-8")
    pictures = re.findall(r"!\[(before|after)\]\(([^)]+)\)", page.read_text("utf-8"))
    assert [when for when, _ in pictures] == ["before", "after"]
    drawn = [(page.parent / name).read_bytes() for _, name in pictures]
    assert all(png.startswith(b"\x89PNG") for png in drawn) and drawn[0] != drawn[1]
    shutil.copyfile(before / path.relative_to(after), path)
    difference.compare(before, after, "main")
    assert not list(page.parent.glob("*.png"))


def git(root: Path, *command: str) -> None:
    who = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", "-C", root, *who, *command], check=True, capture_output=True)


def test_a_commit_is_compared_with_what_stands_in_the_folder(two, monkeypatch):
    _, after = two
    git(after, "init", "--initial-branch=main")
    git(after, "add", "--force", "data", "build/2020", "build/2021")
    git(after, "commit", "--message=as it was")
    built = []
    monkeypatch.setattr(difference, "_build", lambda root, *_: built.append(root))
    edit_rows(after / "data/raw/targets.csv", lambda rows: rows[1:])
    result = CliRunner().invoke(app, ["diff", "main", "--renderer", "embedded"])
    assert result.exit_code == 0, result.stderr
    assert result.stdout.strip() == str(after / "build/diff/diff.md")
    text = (after / "build/diff/diff.md").read_text("utf-8")
    assert "### Data rows: 0 added, 0 changed, 1 removed" in text
    assert [root.parent.name for root in built] == ["diff", after.parent.name]
    assert built[1] == after and not list((after / "build/diff").glob("*.new"))


@pytest.mark.parametrize("ref", ["nowhere", "--output=x", "main:data"])
def test_an_unknown_commit_is_said_in_a_line(project: Path, ref: str):
    git(project, "init", "--initial-branch=main")
    result = CliRunner().invoke(app, ["diff", "--", ref])
    assert result.exit_code == 1
    assert result.stderr.startswith("git rev-parse ") and result.stderr.count("\n") == 1
    assert not (project / "build").exists()


def test_outside_a_repository_a_line_says_so(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
    result = CliRunner().invoke(app, ["diff", "main"])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not a git repository" in result.stderr and result.stderr.count("\n") == 1

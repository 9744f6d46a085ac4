"""Notebooks: strict parameters, clean in git, a failure named."""

import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from bilan import notebooks
from bilan.cli import app
from bilan.editions import UsageError
from bilan.notebooks import NotebookError

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_four_notebooks_in_order():
    assert [p.stem for p in NOTEBOOKS] == ["1-clean", "2-adoption", "3-ranking", "4-programme"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_committed_without_outputs(path: Path):
    done = subprocess.run(
        [sys.executable, "-m", "nbstripout", "--keep-id", "--verify", str(path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_tells_a_story(path: Path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert book.cells[0].cell_type == "markdown" and book.cells[0].source.startswith("# ")
    assert sum(c.cell_type == "markdown" for c in book.cells) >= len(book.cells) / 4
    assert sum("parameters" in c.metadata.get("tags", []) for c in book.cells) == 1
    assert len({c.id for c in book.cells}) == len(book.cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_papermill_reads_the_same_parameters(path: Path):
    from papermill import inspect_notebook

    theirs = {name: eval(p["default"]) for name, p in inspect_notebook(str(path)).items()}
    assert notebooks._defaults(path) == theirs


@pytest.mark.parametrize(
    ("book", "given", "said"),
    [
        ("2-adoption", {"serie": "x"}, "parameter serie: unknown; allowed: edition, series, lang"),
        ("2-adoption", {"edition": 2021}, "parameter edition: 2021 is int; allowed: str"),
        ("2-adoption", {"edition": "1999"}, "unknown '1999'; allowed: 2020, 2021"),
        ("2-adoption", {"series": "minitel"}, "allowed: franceconnect-users, tchap-registered"),
        ("2-adoption", {"lang": "de"}, "unknown 'de'; allowed: fr, en"),
        ("3-ranking", {"country": "XX"}, "unknown 'XX'; allowed: AT, BE"),
        ("3-ranking", {"country": "EU27"}, "unknown 'EU27'; allowed: AT, BE"),
        ("3-ranking", {"index": "ftse"}, "unknown 'ftse'; allowed: desi, egov, egdi"),
        ("9-nothing", {}, "no such notebook"),
    ],
)
def test_a_wrong_parameter_stops_before_a_kernel_starts(
    project: Path, monkeypatch: pytest.MonkeyPatch, book: str, given: dict, said: str
):
    import papermill

    def refuse(*args, **kwargs):
        raise AssertionError("a kernel was started")

    monkeypatch.setattr(papermill, "execute_notebook", refuse)
    with pytest.raises(UsageError) as error:
        notebooks.run(project / f"notebooks/{book}.ipynb", project / "out.ipynb", given)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_the_command_says_it_in_one_line(project: Path):
    given = ["run", "notebooks/3-ranking.ipynb", "--output", "out.ipynb", "-p", "country=ZZ"]
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 1
    assert re.fullmatch(r"3-ranking.ipynb, parameter country: unknown 'ZZ'; .*\n", result.stderr)


@pytest.mark.parametrize(
    ("book", "parameter", "said"),
    [
        ("notebooks/3-ranking.ipynb", "country", "parameter 'country': write NAME=VALUE\n"),
        ("config/editions.yml", "country=DE", "config/editions.yml: not a notebook\n"),
        ("notebooks", "country=DE", "notebooks: not a notebook\n"),
    ],
)
def test_what_is_no_parameter_or_no_notebook_is_said_so(project: Path, book, parameter, said):
    result = CliRunner().invoke(app, ["run", book, "--output", "out.ipynb", "-p", parameter])
    assert (result.exit_code, result.stderr) == (1, said)


def test_a_failing_notebook_is_named_with_its_cell_and_exception(project: Path):
    book = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell('edition = "2020"', metadata={"tags": ["parameters"]}),
            nbformat.v4.new_code_cell("1 / 0", id="divide"),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(book, project / "broken.ipynb")
    with pytest.raises(NotebookError) as error:
        notebooks.run(project / "broken.ipynb", project / "out/fr.ipynb", {})
    said = str(error.value)
    assert "broken.ipynb, cell 2 (divide): ZeroDivisionError: division by zero" in said
    copy = Path(re.search(r"executed copy: (.*)\)", said)[1])
    cells = json.loads(copy.read_text("utf-8"))["cells"]
    (cell,) = [c for c in cells if c["id"] == "divide"]
    assert cell["outputs"][0]["ename"] == "ZeroDivisionError"
    assert not (project / "out/fr.ipynb").exists()

"""The command line: what it says when all is well, and one line when it isn't."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bilan import workflow
from bilan.cli import app

ROOT = Path(__file__).parents[1]


def bilan(*given: str) -> Result:
    return CliRunner().invoke(app, given)


def refused(result: Result) -> str:
    """Return the one line that a refusal says."""
    assert result.exit_code == 1, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    (line,) = result.stderr.splitlines()
    return line


@pytest.fixture
def idle(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which no work may begin."""

    def refuse(*args, **kwargs):
        raise AssertionError("work was begun")

    monkeypatch.setattr(workflow, "prepare", refuse)
    monkeypatch.setattr(workflow, "run", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    return project


# ------------------------------------------------------------------ build


def test_a_renderer_that_does_not_exist_is_refused_before_any_work(idle: Path):
    line = refused(bilan("build", "--renderer", "nonsense"))
    assert line == "unknown renderer 'nonsense'; allowed: auto, quarto, embedded"
    assert not (idle / "build").exists() and not (idle / "site").exists()


@pytest.mark.parametrize("command", [["build"], ["verify"], ["diff", "main"]])
def test_no_core_at_all_is_refused_before_any_work(idle: Path, command: list[str]):
    result = bilan(*command, "--cores", "0")
    assert result.exit_code == 2
    assert "--cores" in result.stderr


def test_quarto_is_refused_before_any_work_where_it_is_not(idle: Path, monkeypatch):
    monkeypatch.setenv("PATH", str(idle))
    line = refused(bilan("build", "--renderer", "quarto"))
    assert line.startswith("Quarto cannot be used: ")
    assert "PATH" in line
    assert not (idle / "build").exists() and not (idle / "site").exists()


def test_the_published_site_stays_when_a_renderer_is_refused(idle: Path):
    (idle / "site").mkdir()
    (idle / "site/index.html").write_text("as it was")
    refused(bilan("build", "--renderer", "nonsense"))
    assert (idle / "site/index.html").read_text() == "as it was"


def ran(project: Path, monkeypatch, **outcome) -> Result:
    done = workflow.Outcome(**{"log": project / "build/workflow.log", "seconds": 4.2} | outcome)
    monkeypatch.setattr(workflow, "prepare", lambda: None)
    monkeypatch.setattr(workflow, "run", lambda *a: done)
    (project / "site").mkdir()
    (project / "site/manifest.json").write_text('{"renderer": "embedded Pandoc 3"}')
    return bilan("build")


def test_a_build_sums_up_what_it_did(project: Path, monkeypatch):
    steps = ["fonts    0.1 s", "2021 render fr   3.0 s", "publish  0.5 s"]
    result = ran(project, monkeypatch, steps=steps)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Rebuilt 3 steps in 4 s",
        "Editions touched: 2021",
        "Rendered with embedded Pandoc 3",
        str(project / "site/index.html"),
    ]


def test_a_build_without_work_says_so(project: Path, monkeypatch):
    result = ran(project, monkeypatch)
    assert result.exit_code == 0
    site = project / "site/index.html"
    assert result.stdout == f"Nothing to do: {site} is up to date (4.2 s)\n"


def test_a_build_that_failed_names_its_log(project: Path, monkeypatch):
    line = refused(ran(project, monkeypatch, status=1, steps=["2020 clean  0.1 s"]))
    log = project / "build/workflow.log"
    assert line == f"The review was not published; the log is {log}"


def test_the_next_build_says_what_had_failed_and_keeps_its_log(project: Path, monkeypatch):
    fault = "1-clean.ipynb, cell 3 (read): KeyError: 'x' (executed copy: build/failed/x.ipynb)"
    ran(project, monkeypatch, status=1, fault=fault)
    (project / "build/workflow.log").write_text("what went wrong")
    monkeypatch.setattr(workflow, "run", lambda *a: workflow.Outcome())
    said = bilan("build").stderr
    kept = project / "build/failed.log"
    assert said == f"The build before this one failed: {fault} (its log is {kept})\n"
    assert kept.read_text() == "what went wrong"
    assert bilan("build").stderr == "", "a build that went well has nothing to tell"


# ------------------------------------------------------------------ the other commands


def test_sound_data_are_counted(project: Path):
    result = bilan("check")
    assert (result.exit_code, result.stderr) == (0, "")
    said = re.fullmatch(r"data/raw: (\d+) tables, (\d+) rows, no fault\n", result.stdout)
    files = list((project / "data/raw").glob("*.csv"))
    assert int(said[1]) == len(files)
    assert int(said[2]) > 1000


@pytest.mark.parametrize(
    "given",
    [
        ("stage", "--edition", "1999", "--lang", "fr"),
        ("render", "--edition", "1999", "--lang", "fr"),
        ("freeze", "--edition", "1999"),
    ],
)
def test_an_unknown_edition_says_which_exist(project: Path, given: tuple):
    line = refused(bilan(*given))
    assert line == "unknown edition '1999'; allowed: 2020, 2021, 2022, 2023, 2024, 2025"
    assert not (project / "build").exists()


@pytest.mark.parametrize("command", ["stage", "render"])
def test_an_unknown_language_says_which_exist(project: Path, command: str):
    line = refused(bilan(command, "--edition", "2020", "--lang", "de"))
    assert line == "unknown language 'de'; allowed: fr, en"
    assert not (project / "build").exists()


def test_an_unknown_renderer_is_refused_by_render_too(project: Path):
    given = ("render", "--edition", "2020", "--lang", "fr", "--renderer", "nonsense")
    assert refused(bilan(*given)).startswith("unknown renderer 'nonsense'; allowed: auto, ")


def test_freeze_says_where(project: Path):
    result = bilan("freeze", "--edition", "2020")
    assert result.stdout == f"{project / 'build/2020/raw'}\n"
    assert (project / "build/2020/raw/observations.csv").exists()


def test_outside_a_project_it_says_so(tmp_path: Path, monkeypatch):
    monkeypatch.delenv("BILAN_ROOT", raising=False)
    monkeypatch.chdir(tmp_path)
    line = refused(bilan("check"))
    assert line.endswith("not inside a bilan project (no config/editions.yml above)")


def test_without_a_command_it_explains_itself(project: Path):
    text = bilan("--help").stdout
    for command in ("build", "check", "freeze", "run", "fonts", "stage", "render", "publish"):
        assert re.search(rf"\b{command}\b", text), command


def test_the_module_says_it_as_the_command_does(project: Path):
    """`python -m bilan`, which the workflow calls, keeps the exit status and the one line."""
    done = subprocess.run(
        [sys.executable, "-m", "bilan", "freeze", "--edition", "1999"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("unknown edition '1999'") and done.stderr.count("\n") == 1


def test_a_fault_in_the_program_is_not_hidden(project: Path, monkeypatch):
    monkeypatch.setattr(workflow, "prepare", lambda: 1 / 0)
    result = bilan("build")
    assert isinstance(result.exception, ZeroDivisionError)


def test_an_unknown_profile_says_which_exist(project: Path):
    shutil.copytree(ROOT / "profiles", project / "profiles")
    line = refused(bilan("build", "--profile", "profiles/none"))
    known = "profiles/kubernetes, profiles/slurm"
    assert line == f"profiles/none: not a cluster profile; allowed: {known}"


def test_a_cluster_s_plugins_are_no_part_of_the_environment(project: Path):
    shutil.copytree(ROOT / "profiles", project / "profiles")
    line = refused(bilan("build", "--profile", "profiles/slurm"))
    assert line.startswith("profiles/slurm: Snakemake's executor slurm is not installed; ")
    assert not (project / "build").exists()


def test_steps_done_on_other_machines_are_read_off_the_log():
    log = """
    rule ranking:
        jobid: 11
        reason: Missing output files: data/processed/2020/parts/rank-egov.parquet
        wildcards: edition=2020, index=egov
Finished jobid: 11 (Rule: ranking)
Error in rule ranking, jobid: 12
Finished jobid: 1 (Rule: publish)
"""
    assert workflow._finished(log) == ["2020 egov ranking", "publish"]

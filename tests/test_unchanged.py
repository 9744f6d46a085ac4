"""A build that has nothing to do finds that out without Snakemake, and never wrongly."""

import os
import shutil

import pytest

from bilan import unchanged, workflow

REQUEST = ["auto", "", ""]


@pytest.fixture
def built_once(project):
    """A small project after a complete build."""
    for name in ("src/bilan/facts.py", "report/fr/review.qmd", "site/index.html", "Snakefile"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("as built", "utf-8")
    for name in ("build/published", "build/workflow.log", "data/processed/2020/a.parquet"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("as built", "utf-8")
    sources = unchanged.state(project, unchanged.SOURCES)
    unchanged.remember(project, REQUEST, sources)
    assert unchanged.since_complete_build(project, REQUEST)
    return project


def rewrite_as_it_was(path):
    """Write the same number of bytes and set the time back, as a careless program might."""
    before = path.stat()
    path.write_bytes(b"x" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "a raw row": lambda root: (root / "data/raw/targets.csv").open("a").write("\n"),
    "a chapter": lambda root: (root / "report/fr/review.qmd").write_text("new", "utf-8"),
    "a new module": lambda root: (root / "src/bilan/new.py").touch(),
    "a lost module": lambda root: (root / "src/bilan/facts.py").unlink(),
    "the workflow": lambda root: rewrite_as_it_was(root / "Snakefile"),
    "the settings": lambda root: (root / "config/editions.yml").touch(),
    "a damaged page": lambda root: rewrite_as_it_was(root / "site/index.html"),
    "a lost table": lambda root: (root / "data/processed/2020/a.parquet").unlink(),
    "a lost site": lambda root: shutil.rmtree(root / "site"),
    "the mark of the end": lambda root: (root / "build/published").unlink(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_any_change_is_seen(what, built_once):
    CHANGES[what](built_once)
    assert not unchanged.since_complete_build(built_once, REQUEST)


@pytest.mark.parametrize("request_", [["embedded", "", ""], ["auto", "DE", "desi"]])
def test_another_request_is_another_build(request_, built_once):
    assert not unchanged.since_complete_build(built_once, request_)


def test_what_every_build_writes_is_no_change(built_once):
    (built_once / "build/workflow.log").write_text("again", "utf-8")
    (built_once / "src/bilan/__pycache__").mkdir()
    (built_once / "src/bilan/__pycache__/facts.pyc").touch()
    assert unchanged.since_complete_build(built_once, REQUEST)


def test_change_during_a_build_is_not_taken_for_built(project, monkeypatch):
    def run(*_):
        (project / "config/editions.yml").touch()
        return workflow.Outcome()

    (project / "build").mkdir()
    monkeypatch.setattr(workflow, "run", run)
    workflow.build(None, "auto", 1)
    assert not unchanged.since_complete_build(project, REQUEST)


def test_failed_build_is_not_complete(project, monkeypatch):
    (project / "build").mkdir()
    monkeypatch.setattr(workflow, "run", lambda *_: workflow.Outcome(status=1))
    workflow.build(None, "auto", 1)
    assert not unchanged.since_complete_build(project, REQUEST)
    monkeypatch.setattr(workflow, "run", lambda *_: workflow.Outcome())
    workflow.build(None, "auto", 1)
    monkeypatch.setattr(workflow, "run", None)  # not called again
    assert workflow.build(None, "auto", 1).steps == []

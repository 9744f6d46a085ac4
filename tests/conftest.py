"""Projects for the tests: one that a test may break, one that is built."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
#: The editions of the built project: the first, and one that looks back on it.
BUILT_EDITIONS = ("2020", "2021")
#: The pages of member states beside them.
BUILT_PLACES = ("--countries", "DE,NL", "--indices", "desi")
#: Where the built site says it is.
ADDRESS = "https://example.org/bilan/"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the real raw data and settings, in a folder of its own."""
    for folder in ("config", "data/raw", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.setenv("BILAN_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a project of two editions and two places, built from what is checked out.

    It is made once for the whole run, whatever the number of workers, and only to be read:
    a test that changes something copies it first.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    root = shared / "built"
    with (shared / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not root.exists():
            _build(root)
    if not (root / "site").exists():
        pytest.fail(f"the build failed: {root}/build.log")
    return root


def _build(root: Path) -> None:
    for folder in ("config", "data/raw", "notebooks", "report", "src", "workflow"):
        unmade = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, root / folder, ignore=unmade)
    shutil.copyfile(ROOT / "Snakefile", root / "Snakefile")
    settings = root / "config/editions.yml"
    described = yaml.safe_load(settings.read_text("utf-8"))
    described["editions"] = [e for e in described["editions"] if e["id"] in BUILT_EDITIONS]
    described["address"] = ADDRESS
    settings.write_text(yaml.safe_dump(described), "utf-8")
    environment = {**os.environ, "BILAN_ROOT": str(root), "PYTHONPATH": str(root / "src")}
    done = subprocess.run(
        [sys.executable, "-m", "bilan", "build", "--renderer", "embedded", *BUILT_PLACES],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
    )
    (root / "build.log").write_text(done.stdout + done.stderr, "utf-8")

"""A copy of the project that a test may break."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with the real raw data and settings, in a folder of its own."""
    for folder in ("config", "data/raw", "notebooks"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.setenv("BILAN_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path

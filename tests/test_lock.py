"""One build at a time, and nothing left of one that was killed."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bilan import lock

ROOT = Path(__file__).parents[1]
#: Takes its turn, shares it with a child that sleeps, tells where it puts files, and stays.
HOLDER = """
import subprocess, sys, tempfile, time
from bilan import lock
with lock.alone() as turn:
    keep = [turn.file.fileno()] if sys.argv[1:] else []
    child = subprocess.Popen(["sleep", sys.argv[1]], pass_fds=keep) if keep else None
    print(tempfile.mkdtemp(), flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(project: Path):
    """Start a build that holds the project, once it does so."""
    started = []

    def start(*arguments: str) -> tuple[subprocess.Popen, Path]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, *arguments],
            env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_build_is_refused_at_once(project: Path, holder):
    holder()
    with pytest.raises(lock.Busy, match="Another build of this project is running"), lock.alone():
        pass


def test_nothing_is_to_be_unlocked_after_a_kill(project: Path, holder):
    process, made = holder()
    assert made.is_dir()
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert made.is_dir(), "whoever is killed clears nothing"
    with lock.alone() as turn:
        assert turn.last == lock.CUT_SHORT
        assert not made.parent.exists()


def test_a_build_waits_for_the_rest_of_a_killed_one(project: Path, holder):
    process, _ = holder("1.5")
    process.kill()
    process.wait()
    with lock.alone() as turn:
        assert turn.last == lock.CUT_SHORT


def test_temporary_files_go_with_the_build(project: Path, monkeypatch):
    before = tempfile.gettempdir()
    with lock.alone() as turn:
        assert turn.last == ""
        made = Path(tempfile.mkdtemp())
        assert made.parent == turn.temporary == Path(os.environ["TMPDIR"])
        turn.end()
    assert not turn.temporary.exists()
    assert tempfile.gettempdir() == before
    with lock.alone() as turn:
        assert turn.last == ""


def test_a_fault_is_told_once_to_the_next(project: Path):
    with lock.alone() as turn:
        turn.end("2020 render fr: out of ink")
    with lock.alone() as turn:
        assert turn.last == "2020 render fr: out of ink"
        turn.end()
    with lock.alone() as turn:
        assert turn.last == ""


def test_a_build_refused_for_its_data_leaves_nothing_to_tell(project: Path):
    with pytest.raises(ValueError, match="row 5"), lock.alone():
        raise ValueError("row 5")
    with lock.alone() as turn:
        assert turn.last == ""


@pytest.mark.parametrize("left", ['{"temporary": ', "[]", '{"temporary": 7, "pid": "x"}', "é"])
def test_a_spoilt_lock_file_stops_nobody(project: Path, left: str):
    (project / "build").mkdir()
    (project / "build/lock").write_text(left, "utf-8")
    with lock.alone():
        pass


def test_the_lock_file_can_name_nothing_else_to_remove(project: Path, tmp_path: Path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (tmp_path / "bilan-link").symlink_to(mine)
    (project / "build").mkdir()
    for named in (mine, tmp_path / "bilan-link"):
        (project / "build/lock").write_text(json.dumps({"temporary": str(named)}))
        with lock.alone():
            assert mine.is_dir()

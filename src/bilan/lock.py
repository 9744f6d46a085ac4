"""One build at a time, and what the last one left when it was cut short.

The lock is the system's: it goes with the process, however that ends, so there is nothing to
unlock by hand. The locked file says what a build that never came to its end could not clear
away itself; whoever builds next reads it.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from bilan import editions

#: What is said of a build that did not say itself how it ended.
CUT_SHORT = "was cut short"
#: How long the rest of a build that was killed may take to end, in seconds.
PATIENCE = 20
#: Begins the name of a build's temporary folder.
PREFIX = "bilan-"
#: A socket's path has at most 107 bytes, and those of a kernel add 85 to this folder.
LONGEST_PLACE = 22


class Busy(RuntimeError):
    """Another build of this project is running."""


class Turn:
    """A build's turn at the project.

    Attributes
    ----------
    file : file
        The locked file.
    last : str
        What became of the build before, empty if all went well.
    temporary : pathlib.Path
        Where this build and all that it starts put their temporary files.
    """

    def __init__(self, file: IO[str]):
        self.file = file
        left = _read(file)
        self.last = str(left.get("fault", ""))
        _clear(left.get("temporary"))
        place = tempfile.gettempdir()
        place = place if len(os.fsencode(place)) <= LONGEST_PLACE else "/tmp"
        self.temporary = Path(place, f"{PREFIX}{uuid.uuid4().hex[:8]}")
        state = {"fault": CUT_SHORT, "temporary": str(self.temporary), "pid": os.getpid()}
        self._write(state)
        self.temporary.mkdir(mode=0o700)

    def end(self, fault: str = "") -> None:
        """Tell the next build how this one ended."""
        _clear(self.temporary)
        self._write({"fault": fault} if fault else {})

    def _write(self, state: dict) -> None:
        self.file.seek(0)
        self.file.truncate()
        json.dump(state, self.file)
        self.file.flush()


@contextmanager
def alone() -> Iterator[Turn]:
    """Let one build at a time work on the project.

    Raises
    ------
    Busy
        If another build holds the project.
    """
    path = editions.project_root() / "build/lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _take(file)
        turn, before = Turn(file), os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = tempfile.tempdir = str(turn.temporary)
        try:
            yield turn
        except Exception:  # said in full where it was raised; nothing is left for the next build
            turn.end()
            raise
        finally:
            tempfile.tempdir = None
            del os.environ["TMPDIR"]
            os.environ |= {"TMPDIR": before} if before else {}
            _clear(turn.temporary)


def _take(file: IO[str]) -> None:
    """Lock the file; what a killed build started keeps it locked until it has ended too."""
    last = time.monotonic() + PATIENCE
    while True:
        try:
            return fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > last or _runs(_read(file).get("pid")):
                words = "Another build of this project is running; wait for it to end"
                raise Busy(words) from None
        time.sleep(0.1)


def _runs(pid: object) -> bool:
    return isinstance(pid, int) and Path(f"/proc/{pid}").exists()


def _read(file: IO[str]) -> dict:
    file.seek(0)
    try:
        left = json.load(file)
    except ValueError:
        return {}
    return left if isinstance(left, dict) else {}


def _clear(folder: str | os.PathLike | None) -> None:
    """Remove a build's temporary folder, and nothing else, whatever the locked file says."""
    path = Path(str(folder or ""))
    if path.name.startswith(PREFIX) and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)

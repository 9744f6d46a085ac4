"""Tell, without Snakemake, that nothing has changed since a build that was complete.

Snakemake takes seconds to find out that there is nothing to do. It decides by what the project
holds, so nothing can be due when no file of the project has been written since it last had
nothing left to do. What lies on disk is compared by each file's name, size, times of writing and
of change of its inode: the last can't be set back by a program.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

#: What people write. It is looked at before a build starts: what they write while it runs is
#: not in it.
SOURCES = ("Snakefile", "workflow", "config", "data/raw", "notebooks", "report", "src/bilan")
#: What a build writes, looked at when it is done.
MADE = ("build", "data/processed", "site")
#: Where the state after the last complete build is kept.
RECORD = "build/complete"
#: What every build writes, whether there is something to do or not.
PASSING = {
    "__pycache__",
    "build/cache",
    "build/checked",
    "build/lock",
    "build/workflow.log",
    RECORD,
}


def state(root: Path, names: Sequence[str]) -> str:
    """Return a checksum of what lies in files and folders of a project, without reading them."""
    digest = hashlib.sha256()
    for line in _files(root, names):
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _files(root: Path, names: Sequence[str]) -> Iterator[str]:
    for name in sorted(names):
        path = root / name
        if name in PASSING or path.name in PASSING or not path.exists():
            continue
        if path.is_dir():
            yield from _files(root, [f"{name}/{entry}" for entry in os.listdir(path)])
        else:
            about = path.stat()
            yield f"{name} {about.st_size} {about.st_mtime_ns} {about.st_ctime_ns}\n"


def remember(root: Path, request: Sequence[str], sources: str) -> None:
    """Keep the state after a build that left nothing to do.

    Parameters
    ----------
    root : pathlib.Path
    request : sequence of str
        What the build was asked for.
    sources : str
        The state of `SOURCES` before it started.
    """
    (root / RECORD).write_text("\n".join([*request, sources, state(root, MADE)]), "utf-8")


def since_complete_build(root: Path, request: Sequence[str]) -> bool:
    """Say whether nothing has changed since a complete build that was asked for the same."""
    try:
        kept = (root / RECORD).read_text("utf-8")
    except OSError:
        return False
    return kept == "\n".join([*request, state(root, SOURCES), state(root, MADE)])

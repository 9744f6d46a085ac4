"""Real Quarto, when it is on ``PATH`` and young enough."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .faults import RenderError
from .project import ROOT, Project, creation_time

MINIMUM = (1, 10)
TIMEOUT = 600
_OUTPUTS = {"html": "review.html", "typst": "review.pdf"}
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Status:
    """Whether Quarto can be used, and why not."""

    path: str | None
    version: str
    reason: str

    @property
    def usable(self) -> bool:
        """Whether this Quarto renders the review."""
        return self.path is not None and not self.reason


def status() -> Status:
    """Look for Quarto on ``PATH``."""
    path = shutil.which("quarto")
    wanted = ".".join(map(str, MINIMUM))
    if path is None:
        return Status(None, "", "quarto is not on PATH")
    try:
        done = subprocess.run(
            [path, "--version"], capture_output=True, text=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return Status(path, "", "quarto --version does not answer")
    found = re.match(r"(\d+)\.(\d+)\S*", done.stdout.strip())
    if done.returncode or not found:
        return Status(path, "", "quarto --version does not tell a version")
    if (int(found[1]), int(found[2])) < MINIMUM:
        return Status(path, found[0], f"quarto {found[0]} is older than {wanted}")
    return Status(path, found[0], "")


def find_quarto() -> tuple[str, str] | None:
    """Find a Quarto that can be used.

    Returns
    -------
    tuple of (str, str) or None
        Its path and version; nothing when there is none or it is too old
        (:func:`status` says which).
    """
    found = status()
    return (str(found.path), found.version) if found.usable else None


def render(project: Project, executable: str, name: str) -> Path:
    """Render one format in the project folder.

    Raises
    ------
    RenderError
        With the end of what Quarto wrote.
    """
    command = [executable, "render", ROOT, "--to", name, "--no-execute"]
    if project.profile:
        command += ["--profile", project.profile]
    try:
        done = subprocess.run(
            command,
            cwd=project.root,
            env=environment(project),
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RenderError(f"quarto render --to {name} took more than {TIMEOUT} s") from error
    if done.returncode:
        said = _ANSI.sub("", done.stderr or done.stdout).strip().splitlines()
        raise RenderError(f"quarto render --to {name} failed:\n" + "\n".join(said[-20:]))
    path = project.root / _OUTPUTS[name]
    if not path.is_file():
        raise RenderError(f"quarto render --to {name} wrote no {path.name}")
    return path


def environment(project: Project) -> dict[str, str]:
    """Make the environment of a reproducible render, free of the caller's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("QUARTO_")}
    return kept | {
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "SOURCE_DATE_EPOCH": str(creation_time(project)),
        "TYPST_IGNORE_SYSTEM_FONTS": "true",
    }

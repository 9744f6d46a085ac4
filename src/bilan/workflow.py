"""Run the Snakemake workflow, show what it does, and sum it up."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import yaml

from bilan import editions, forkserver
from bilan.editions import UsageError
from bilan.fanout import FanOut

#: What a step prints when it is done; the workflow counts these lines.
DONE = "✓"


@dataclass
class Outcome:
    """What a run of the workflow did.

    Attributes
    ----------
    status : int
        Snakemake's exit status.
    steps : list of str
        Names of the steps that ran.
    seconds : float
        Time it took.
    log : pathlib.Path
        Snakemake's own log.
    """

    status: int = 0
    steps: list[str] = field(default_factory=list)
    seconds: float = 0.0
    log: Path = Path()


class Busy(RuntimeError):
    """Another build of this project is running."""


@contextmanager
def alone() -> Iterator[None]:
    """Let one build at a time work on the project.

    The lock goes with the process, however it ends: nothing is left to unlock by hand.

    Raises
    ------
    Busy
        If another build holds the project.
    """
    lock = editions.project_root() / "build/lock"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy("Another build of this project is running; wait for it to end") from None
        yield


def prepare() -> None:
    """Check the raw data, then write what each edition knew.

    Raises
    ------
    bilan.catalog.DataError
        When the data break their description; nothing is touched then.
    """
    root = editions.project_root()
    stamp = root / "build/checked"
    sources = sorted((root / "data/raw").glob("*.[cj]s*"))
    seen = "\n".join(f"{p.name} {p.stat().st_mtime_ns} {p.stat().st_size}" for p in sources)
    if not stamp.exists() or stamp.read_text("utf-8") != seen:
        from bilan import catalog

        catalog.load(root / "data/raw")
    for edition in editions.editions():
        editions.freeze(edition.id)
    stamp.write_text(seen, "utf-8")


def check_profile(profile: Path | None) -> None:
    """Refuse a cluster profile that is missing or whose executor is not installed.

    Raises
    ------
    UsageError
        In one line, with what to do.
    """
    if profile is None:
        return
    try:
        executor = yaml.safe_load((profile / "config.yaml").read_text("utf-8"))["executor"]
    except (OSError, TypeError, KeyError):
        known = sorted(
            p.parent.name for p in editions.project_root().glob("profiles/*/config.yaml")
        )
        allowed = ", ".join(f"profiles/{name}" for name in known)
        raise UsageError(f"{profile}: not a cluster profile; allowed: {allowed}") from None
    if not find_spec(f"snakemake_executor_plugin_{executor.replace('-', '_')}"):
        what = f"Snakemake's executor {executor} is not installed"
        raise UsageError(f"{profile}: {what}; add the extra `cluster` (docs/scaling.md)")


def run(
    renderer: str,
    cores: int,
    fan: FanOut = FanOut(),  # noqa: B008 - frozen
    profile: Path | None = None,
) -> Outcome:
    """Bring the site up to date.

    Parameters
    ----------
    renderer : {"auto", "quarto", "embedded"}
    cores : int
        How many steps may run side by side.
    fan : bilan.fanout.FanOut
        Which member states and indices get pages of their own.
    profile : pathlib.Path, optional
        A cluster's profile, which also says how many cores. Its nodes don't see this machine's
        warm process: there is none then, and each job keeps its own.

    Returns
    -------
    Outcome
    """
    root, started = editions.project_root(), time.monotonic()
    outcome = Outcome(log=root / "build/workflow.log")
    outcome.log.parent.mkdir(exist_ok=True)
    published = root / "build/published"
    if not _is_whole(root / "site"):
        published.unlink(missing_ok=True)
    where = ["--profile", str(profile.resolve())] if profile else ["--cores", str(cores)]
    command = [sys.executable, "-m", "snakemake", *where, "--keep-going"]
    command += ["--rerun-incomplete", "--nolock", "--config", f"renderer={renderer}"]
    command += [f"countries={','.join(fan.countries)}", f"indices={','.join(fan.indices)}"]
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        # A chart's time axis would else follow the machine's clock changes.
        "TZ": "UTC",
        "XDG_CACHE_HOME": str(root / "build/cache"),
    }
    with (
        outcome.log.open("w", encoding="utf-8") as log,
        nullcontext({}) if profile else forkserver.started(log) as warm,
        _running(command, cwd=root, env=environment | warm, stderr=log) as process,
    ):
        for line in process.stdout:
            print(line, end="", flush=True)
            if line.startswith(DONE):
                outcome.steps.append(line.removeprefix(DONE).strip())
        outcome.status = process.wait()
    if profile:
        outcome.steps = _finished(outcome.log.read_text("utf-8", errors="replace"))
    outcome.seconds = time.monotonic() - started
    return outcome


def _is_whole(site: Path) -> bool:
    """Say whether the published site holds every file as it was published."""
    try:
        files = json.loads((site / "manifest.json").read_text("utf-8"))["sha256"]
        return all(
            hashlib.sha256((site / name).read_bytes()).hexdigest() == digest
            for name, digest in files.items()
        )
    except (OSError, ValueError, KeyError):
        return False


def _finished(log: str) -> list[str]:
    """Read off Snakemake's log which steps were done: on other machines they say so to nobody."""
    about = dict(re.findall(r"jobid: (\d+)\n *reason: .*\n *wildcards: (.*)\n", log))
    return [
        " ".join([*re.findall(r"=([^,]+)", about.get(number, "")), rule])
        for number, rule in re.findall(r"^Finished jobid: (\d+) \(Rule: (\w+)\)", log, re.M)
    ]


@contextmanager
def _running(command: list[str], **settings: object) -> Iterator[subprocess.Popen]:
    """Run Snakemake; leave none behind, whatever happens to this process."""
    process = subprocess.Popen(
        command,
        text=True,
        stdout=subprocess.PIPE,
        preexec_fn=forkserver.die_with_parent,
        **settings,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()

"""Run the Snakemake workflow, show what it does, and sum it up."""

from __future__ import annotations

import base64
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import yaml

from bilan import editions, forkserver, manifest, seals, unchanged
from bilan.editions import UsageError
from bilan.fanout import FanOut
from bilan.lock import CUT_SHORT, Turn

#: What a step prints when it is done; the workflow counts these lines.
DONE = "✓"
#: As much of a fault as a line should tell, in letters.
LONGEST = 300
#: With less room than this, in bytes, a disk counts as full.
FULL = 1 << 20


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
    fault : str
        What failed first, in a line; empty if all went well.
    """

    status: int = 0
    steps: list[str] = field(default_factory=list)
    seconds: float = 0.0
    log: Path = Path()
    fault: str = ""


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


def recall(turn: Turn) -> str:
    """Say what became of the build before, if it failed, and keep its log.

    Returns
    -------
    str
        A line; empty if all had gone well.
    """
    if not turn.last:
        return ""
    root = editions.project_root()
    log, kept = root / "build/workflow.log", root / "build/failed.log"
    if log.exists():
        log.replace(kept)
    told = f"failed: {turn.last}"
    if turn.last == CUT_SHORT:
        doing = ", ".join(_unfinished(root))
        told = f"{CUT_SHORT} at {doing}" if doing else CUT_SHORT
    where = f" (its log is {kept})" if kept.exists() else ""
    return f"The build before this one {told}{where}"


def _unfinished(root: Path) -> list[str]:
    """Return what Snakemake was making when it was cut short."""
    marks = (p.name for p in root.glob(".snakemake/incomplete/*") if p.is_file())
    made = []
    for mark in marks:
        with contextlib.suppress(ValueError):
            made.append(base64.urlsafe_b64decode(mark).decode())
    return sorted({str(Path(name).parent) if Path(name).suffix else name for name in made})


def build(
    turn: Turn,
    renderer: str,
    cores: int,
    fan: FanOut = FanOut(),  # noqa: B008 - frozen
    profile: Path | None = None,
) -> Outcome:
    """Bring the site up to date, if anything has changed since it last was.

    Parameters, result and what is raised are those of :func:`run`.
    """
    root, started = editions.project_root(), time.monotonic()
    # The site names the commit that it was made from.
    request = [manifest.commit(root), renderer, " ".join(fan.countries), " ".join(fan.indices)]
    if unchanged.since_complete_build(root, request):
        return Outcome(seconds=time.monotonic() - started)
    sources = unchanged.state(root, unchanged.SOURCES)
    outcome = run(turn, renderer, cores, fan, profile)
    if not outcome.status:
        unchanged.remember(root, request, sources)
    return outcome


def run(turn: Turn, renderer: str, cores: int, fan: FanOut, profile: Path | None = None) -> Outcome:
    """Run the workflow.

    Parameters
    ----------
    turn : bilan.lock.Turn
        The project is this build's alone.
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

    Raises
    ------
    bilan.catalog.DataError
        When the data break their description; nothing is touched then.
    """
    root, started = editions.project_root(), time.monotonic()
    outcome = Outcome(log=root / "build/workflow.log")
    where = ["--profile", str(profile.resolve())] if profile else ["--cores", str(cores)]
    command = [sys.executable, "-m", "snakemake", *where, "--keep-going"]
    command += ["--rerun-incomplete", "--nolock", "--config", f"renderer={renderer}"]
    command += [f"countries={','.join(fan.countries)}", f"indices={','.join(fan.indices)}"]
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "OMP_NUM_THREADS": "1",
        # What is made must not follow the machine's language, encoding or clock changes.
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        "TZ": "UTC",
        "XDG_CACHE_HOME": str(root / "build/cache"),
    }
    settings = {"cwd": root, "pass_fds": [turn.file.fileno()]}
    with (
        outcome.log.open("w", encoding="utf-8") as log,
        contextlib.nullcontext({}) if profile else forkserver.started(log) as warm,
    ):
        prepare()  # while the warm process does its imports
        seals.mend(root / "build")
        if not _is_current(root / "site"):
            (root / "build/published").unlink(missing_ok=True)
        with _running(command, env=environment | warm, stderr=log, **settings) as process:
            for line in process.stdout:
                _follow(line.rstrip(), outcome)
            outcome.status = process.wait()
    if profile:
        outcome.steps = _finished(outcome.log.read_text("utf-8", errors="replace"))
    if not outcome.status:
        outcome.fault = ""  # what was said was no fault
    elif not outcome.fault:
        outcome.fault = _silent_fault(root, outcome.log)
        print(outcome.fault, flush=True)
    outcome.seconds = time.monotonic() - started
    return outcome


def _follow(line: str, outcome: Outcome) -> None:
    """Pass on what a step says, with how many are done of how many."""
    if line.startswith(DONE):
        outcome.steps.append(line.removeprefix(DONE).strip())
        line += f"  {len(outcome.steps)}/{_planned(outcome.log)}"
    elif not outcome.fault and not line.startswith((" ", "Traceback ")):
        outcome.fault = line[:LONGEST]
    print(line, flush=True)


def _silent_fault(root: Path, log: Path) -> str:
    """Say why a workflow failed of which no step said so: the disk is full, or the log tells."""
    if shutil.disk_usage(root).free < FULL:
        return f"{root}: No space left on device"
    lines = log.read_text("utf-8", errors="replace").split("\n")
    return next(filter(str.strip, reversed(lines)), "Snakemake ended without a word")[:LONGEST]


def _finished(log: str) -> list[str]:
    """Read off Snakemake's log which steps were done: on other machines they say so to nobody."""
    about = dict(re.findall(r"jobid: (\d+)\n *reason: .*\n *wildcards: (.*)\n", log))
    return [
        " ".join([*re.findall(r"=([^,]+)", about.get(number, "")), rule])
        for number, rule in re.findall(r"^Finished jobid: (\d+) \(Rule: (\w+)\)", log, re.M)
    ]


def _planned(log: Path) -> str:
    """Return how many steps Snakemake means to take; its last, `all`, does nothing."""
    found = re.search(r"^total +(\d+)$", log.read_text("utf-8", errors="replace"), re.M)
    return str(int(found[1]) - 1) if found else "?"


def _is_current(site: Path) -> bool:
    """Say whether the site holds every file as it was published, and names the right commit."""
    told = manifest.read(site)
    right = told.get("commit") == manifest.commit(editions.project_root())
    return right and not manifest.faults(site)


@contextlib.contextmanager
def _running(command: list[str], **settings: object) -> Iterator[subprocess.Popen]:
    """Run Snakemake; leave none behind, whatever happens to this process."""
    process = subprocess.Popen(
        command,
        encoding="utf-8",
        errors="replace",
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

"""Time the fan-out against its size, on this machine or on a cluster.

``python bench/scaling.py`` builds the review of the last edition, then adds 1, 9, 27 and 81 pages
of member states to a copy of it, and prints what they cost. ``--pages 9 27`` chooses the sizes;
``--profile profiles/slurm`` hands the fan-out to a cluster.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
PARTS = ("config", "data/raw", "notebooks", "profiles", "report", "src", "workflow")
#: Countries and indices that make so many pages. France's notebooks have run before: among all, it
#: adds pages alone.
SIZES = {1: ("DE", "egov"), 9: (9, "egov"), 27: (9, "all"), 81: ("all", "all")}


def project(root: Path) -> Path:
    """Make a project of the last edition alone."""
    for name in PARTS:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "Snakefile", root / "Snakefile")
    settings = root / "config/editions.yml"
    described = yaml.safe_load(settings.read_text("utf-8"))
    described["editions"] = described["editions"][-1:]
    settings.write_text(yaml.safe_dump(described), "utf-8")
    return root


def options(pages: int) -> list[str]:
    """Return the options that ask for so many pages."""
    from bilan import fanout

    countries, indices = SIZES[pages]
    if isinstance(countries, int):
        others = [code for code in fanout.choose("all").countries if code != fanout.HOME]
        countries = ",".join(others[:countries])
    return ["--countries", countries, "--indices", indices]


def build(root: Path, given: list[str]) -> tuple[float, float]:
    """Build, and return the seconds it took by the clock and of processor."""
    path = f"{root / 'src'}:{os.environ.get('PYTHONPATH', '')}"
    used, started = _processor(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "bilan", "build", "--renderer", "embedded", *given],
        cwd=root,
        env={**os.environ, "BILAN_ROOT": str(root), "PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit(done.stdout[-2000:] + done.stderr[-2000:])
    return time.monotonic() - started, _processor() - used


def _processor() -> float:
    """Return the seconds of processor that ended children took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, nargs="+", choices=SIZES, default=list(SIZES))
    parser.add_argument("--profile", help="a cluster's profile")
    chosen = parser.parse_args()
    more = ["--profile", chosen.profile] if chosen.profile else []
    os.environ.setdefault("BILAN_ROOT", str(ROOT))
    with tempfile.TemporaryDirectory(prefix="bilan-scaling-") as folder:
        base = project(Path(folder) / "base")
        seconds, processor = build(base, [])
        print(f"the review of one edition: {seconds:.0f} s, {processor:.0f} s of processor")
        print(f"{'pages':>7}{'seconds':>9}{'a page':>8}{'processor':>11}{'a page':>8}")
        for pages in chosen.pages:
            copy = Path(folder) / "copy"
            shutil.copytree(base, copy, symlinks=True)
            seconds, processor = build(copy, [*options(pages), *more])
            each = (seconds / pages, processor / pages)
            print(
                f"{pages:7}{seconds:9.1f}{each[0]:8.2f}{processor:11.1f}{each[1]:8.2f}", flush=True
            )
            shutil.rmtree(copy)


if __name__ == "__main__":
    main()

"""Time the build against the same notebooks run one after the other with plain papermill.

Everything happens in a clone of the committed state, so that nothing here is touched. Each
figure is a ratio to the plain baseline of the same run: machines differ, ratios less.

``python bench/build.py 2024 2025`` measures those editions alone, which takes a third of the time.
"""

import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
WANTED = {"clean build": 0.6, "nothing to do": 0.03, "one row of 2025": 0.3}


def plain_runs(clone: Path) -> list[list[str]]:
    """Return the papermill command of every notebook run of the review."""
    from bilan.editions import editions
    from bilan.notebooks import INDICES, SERIES

    runs = []
    for edition in editions():
        year = ["-p", "edition", edition.id]
        # -r takes a value as text: an edition's name looks like a number.
        year[0] = "-r"
        runs.append(["1-clean", *year])
        for lang in edition.languages:
            runs += [["2-adoption", *year, "-p", "series", s, "-p", "lang", lang] for s in SERIES]
            runs += [["3-ranking", *year, "-p", "index", i, "-p", "lang", lang] for i in INDICES]
            runs.append(["4-programme", *year, "-p", "lang", lang])
    copy = str(clone / "plain.ipynb")
    return [
        [sys.executable, "-m", "papermill", f"notebooks/{name}.ipynb", copy, *options]
        for name, *options in runs
    ]


def timed(work: Callable[[], object]) -> float:
    started = time.monotonic()
    work()
    return time.monotonic() - started


def change_one_row(clone: Path) -> None:
    """Raise one figure that was published in 2025 by one."""
    path = clone / "data/raw/observations.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    row = next(
        r for r in rows if r["published_on"].startswith("2025") and r["indicator"] == "tchap-mau"
    )
    row["value"] = str(int(row["value"]) + 1)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def keep_editions(clone: Path, wanted: list[str]) -> None:
    """Leave only some editions in the clone's settings."""
    path = clone / "config/editions.yml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["editions"] = [e for e in settings["editions"] if e["id"] in wanted]
    path.write_text(yaml.safe_dump(settings), "utf-8")


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="bilan-bench-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        if len(sys.argv) > 1:
            keep_editions(clone, sys.argv[1:])
        environment = {
            **os.environ,
            "BILAN_ROOT": str(clone),
            "PYTHONPATH": str(clone / "src"),
            "OMP_NUM_THREADS": "1",
        }
        os.environ["BILAN_ROOT"] = str(clone)

        def run(command: list[str]) -> None:
            done = subprocess.run(
                command, cwd=clone, env=environment, capture_output=True, text=True
            )
            if done.returncode:
                sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

        def build() -> None:
            run([sys.executable, "-m", "bilan", "build"])

        clean = timed(build)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024**2
        nothing = timed(build)
        change_one_row(clone)
        one_row = timed(build)
        commands = plain_runs(clone)
        plain = timed(lambda: [run(command) for command in commands])

    print(f"plain papermill, {len(commands)} notebooks one after the other: {plain:.0f} s = 1\n")
    print(f"{'':18}{'seconds':>9}{'ratio':>9}{'wanted':>9}")
    for name, seconds in (
        ("clean build", clean),
        ("nothing to do", nothing),
        ("one row of 2025", one_row),
    ):
        print(f"{name:18}{seconds:9.1f}{seconds / plain:9.3f}{'≤ ' + str(WANTED[name]):>9}")
    print(f"{'largest process':18}{peak:7.2f} GiB{'':9}{'≤ 1 GiB':>7}")


if __name__ == "__main__":
    main()

"""Time the build against the same work done plainly, one piece after the other.

Plain is: every notebook run by the `papermill` command, then every edition rendered by a command
of its own. Everything happens in a clone of the committed state, so that nothing here is touched.
Each figure is a ratio to the plain baseline of the same run: machines differ, ratios less. Beside
the time on the clock stands the processors' time, which a machine that is busy with other things
distorts less.

A full run takes half an hour. ``python bench/build.py 2025 --countries DE,IT`` measures one edition
and a small fan-out. With ``--sample`` each notebook is run plainly once, for the last edition, and
counted as often as the review runs it.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import yaml

if TYPE_CHECKING:
    from bilan.fanout import FanOut

ROOT = Path(__file__).parents[1]
GIB = 1024**3


@dataclass(frozen=True)
class Cost:
    """What some work took: seconds on the clock, and of the processors."""

    clock: float
    cpu: float

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.clock + other.clock, self.cpu + other.cpu)

    def __mul__(self, times: float) -> Cost:
        return Cost(self.clock * times, self.cpu * times)


def cost(name: str, work: Callable[[], object]) -> Cost:
    """Measure work that is done in child processes, and tell on the way."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    started, before = time.monotonic(), spent()
    work()
    found = Cost(time.monotonic() - started, spent() - before)
    print(f"{name}: {found.clock:.1f} s, {found.cpu:.1f} s of CPU", file=sys.stderr, flush=True)
    return found


@dataclass
class Memory(threading.Thread):
    """Watch the memory of all that this process starts: together, and the largest of them.

    Shared pages are counted once (PSS), so that forks of one process don't count as many.
    """

    together: int = 0
    largest: int = 0
    daemon: bool = True
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        threading.Thread.__init__(self, daemon=True)

    def __hash__(self) -> int:
        return id(self)

    def __enter__(self) -> Memory:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        self.join()

    def run(self) -> None:
        """Look once a second: looking more often would slow down what is looked at."""
        while not self.ended.wait(1):
            found = [self._of(p) for p in psutil.Process().children(recursive=True)]
            self.together = max(self.together, sum(pss for pss, _ in found))
            self.largest = max([self.largest, *(rss for _, rss in found)])

    @staticmethod
    def _of(process: psutil.Process) -> tuple[int, int]:
        try:
            about = process.memory_full_info()
        except psutil.Error:
            return 0, 0
        return about.pss, about.rss


class Project:
    """A clone of the committed state, with some of its editions."""

    def __init__(self, root: Path, wanted: Sequence[str]):
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(root)], check=True)
        self.root = root
        settings = yaml.safe_load((root / "config/editions.yml").read_text("utf-8"))
        if wanted:
            settings["editions"] = [e for e in settings["editions"] if e["id"] in wanted]
            (root / "config/editions.yml").write_text(yaml.safe_dump(settings), "utf-8")
        self.editions: list[dict] = settings["editions"]
        os.environ["BILAN_ROOT"] = str(root)
        self.environment = {
            **os.environ,
            "PYTHONPATH": str(root / "src"),
            "OMP_NUM_THREADS": "1",
            "TZ": "UTC",
        }

    def run(self, *command: str, **added: str) -> None:
        """Run a Python module in the clone; stop the bench if it fails."""
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=self.root,
            env=self.environment | added,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")

    def build(self) -> None:
        """Bring the site up to date."""
        self.run("bilan", "build", "--renderer", "embedded")

    def plain(self, notebook: str, edition: str, **parameters: str) -> None:
        """Run a notebook with the papermill command. Its -r takes a value as text."""
        given = [a for name, value in parameters.items() for a in ("-p", name, value)]
        copy = str(self.root / "plain.ipynb")
        source = f"notebooks/{notebook}.ipynb"
        self.run("papermill", source, copy, "-r", "edition", edition, *given)

    def notebooks(self) -> dict[str, list[tuple[str, dict]]]:
        """Return every notebook run of the review, by notebook: edition and parameters."""
        from bilan.notebooks import INDICES, SERIES

        runs: dict[str, list[tuple[str, dict]]] = {}
        for edition in self.editions:
            year = edition["id"]
            asked = [("1-clean", {})]
            for lang in edition["languages"]:
                asked += [("2-adoption", {"series": s, "lang": lang}) for s in SERIES]
                asked += [("3-ranking", {"index": i, "lang": lang}) for i in INDICES]
                asked.append(("4-programme", {"lang": lang}))
            for notebook, parameters in asked:
                runs.setdefault(notebook, []).append((year, parameters))
        return runs

    def plain_notebooks(self, sample: bool) -> Cost:
        """Run every notebook of the review plainly, or the last run of each for them all."""
        total = Cost(0, 0)
        for notebook, runs in self.notebooks().items():
            chosen = runs[-1:] if sample else runs
            for year, given in chosen:
                took = cost(f"plain {notebook}", partial(self.plain, notebook, year, **given))
                total += took * (len(runs) / len(chosen))
        return total

    def plain_renders(self) -> None:
        """Render every edition in every language, each by a command of its own."""
        for edition in self.editions:
            for lang in edition["languages"]:
                given = ["--edition", edition["id"], "--lang", lang]
                self.run("bilan", "render", *given, "--renderer", "embedded")

    def change_observation(self) -> None:
        """Raise one figure that was published in the year of the last edition by one."""
        path, year = self.root / "data/raw/observations.csv", self.editions[-1]["id"]
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        row = next(
            r for r in rows if r["published_on"][:4] == year and r["indicator"] == "tchap-mau"
        )
        row["value"] = str(int(row["value"]) + 1)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)

    def change_chapter(self) -> None:
        """Add a sentence to a chapter, which every edition shares."""
        with (self.root / "report/fr/_europe.qmd").open("a", encoding="utf-8") as file:
            file.write("\nUne phrase de plus.\n")

    def places(self, countries: str) -> FanOut:
        """Return the fan-out to some member states other than France, in every index."""
        from bilan import fanout

        fan = fanout.choose(countries, "all")
        others = tuple(c for c in fan.countries if c != fanout.HOME)
        return fanout.FanOut(others, fan.indices)

    def fan_out(self, fan: FanOut) -> None:
        """Run the ranking notebook of the last edition for member states and indices."""
        from bilan import forkserver

        options = ["--cores", "2", "--nolock", "--config", "renderer=embedded"]
        options += [f"countries={','.join(fan.countries)}", f"indices={','.join(fan.indices)}"]
        targets = [f"build/{fan.edition.id}/runs/{place.run}" for place in fan.places]
        with forkserver.started() as warm:
            self.run("snakemake", *options, "--", *targets, **warm)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("editions", nargs="*", help="all by default")
    parser.add_argument("--countries", default="all", help="of the fan-out; all by default")
    parser.add_argument("--sample", action="store_true", help="run each notebook plainly once")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bilan-bench-") as folder:
        project = Project(Path(folder) / "clone", asked.editions)
        with Memory() as memory:
            clean = cost("clean build", project.build)
        nothing = cost("nothing to do", project.build)
        papermill = project.plain_notebooks(asked.sample)
        renders = cost("plain renders", project.plain_renders)
        project.change_observation()
        observation = cost("one observation", project.build)
        project.change_chapter()
        chapter = cost("one chapter", project.build)
        places = project.places(asked.countries)
        fanned = cost("fan-out", lambda: project.fan_out(places))
        last, countries = project.editions[-1]["id"], ("DE", "IT", "NL")
        sample = cost(
            "plain fan-out",
            lambda: [project.plain("3-ranking", last, country=c) for c in countries],
        )
        runs = sum(map(len, project.notebooks().values()))
        fan_runs = len(places.places) * len(places.languages)

    plain, alone = papermill + renders, sample * (fan_runs / len(countries))
    print(f"plain: {runs} notebook runs by papermill, then the renders, one after the other")
    print("(inferred from one run of each notebook)" if asked.sample else "")
    print(f"{'':24}{'seconds':>9}{'of CPU':>9}{'ratio':>9}{'of CPU':>9}{'wanted':>10}")
    for name, took, base, wanted in (
        ("plain notebooks", papermill, plain, ""),
        ("plain renders", renders, plain, ""),
        ("clean build", clean, plain, "≤ 0.15"),
        ("one observation", observation, plain, "≤ 0.05"),
        ("one chapter", chapter, plain, "≤ 0.02"),
        ("nothing to do", nothing, plain, "≤ 0.005"),
        ("clean, to papermill", clean, papermill, "≤ 0.6"),
        ("one observation, to it", observation, papermill, "≤ 0.3"),
        ("nothing, to it", nothing, papermill, "≤ 0.03"),
        (f"fan-out, {fan_runs} runs", fanned, alone, "≤ 0.08"),
    ):
        ratios = f"{took.clock / base.clock:9.4f}{took.cpu / base.cpu:9.4f}"
        print(f"{name:24}{took.clock:9.1f}{took.cpu:9.1f}{ratios}{wanted:>10}")
    print(f"{'memory, all together':24}{memory.together / GIB:9.2f} GiB{'≤ 2 GiB':>24}")
    print(f"{'memory, largest process':24}{memory.largest / GIB:9.2f} GiB{'≤ 1 GiB':>24}")


if __name__ == "__main__":
    main()

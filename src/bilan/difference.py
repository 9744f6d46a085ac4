"""What a change does to the review: its data, its figures, its odds, its charts.

:func:`compare` sets two built projects side by side and writes a page for whoever reviews the
change. The earlier one is a commit's own files and code, built in ``build/diff/<commit>``.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from bilan import editions, programme
from bilan.render.markdown import fold

#: Whether tarfile can refuse what leaves the folder.
SAFE = hasattr(tarfile, "data_filter")
#: Longest list of the page; what is cut is counted.
LONGEST = 30
#: Country whose ranks the review tells.
COUNTRY = "FR"
#: Pixels a picture gains over the drawing's own.
SCALE = 1.5


class DiffError(RuntimeError):
    """The two states can't be compared; the message says why."""


def against(ref: str, renderer: str, cores: int) -> Path:
    """Compare the project with a commit, building both where they are not yet built.

    Parameters
    ----------
    ref : str
        A commit, a branch or a tag of the project's repository.
    renderer : {"auto", "quarto", "embedded"}
    cores : int

    Returns
    -------
    pathlib.Path
        ``build/diff/diff.md``, its pictures beside it.

    Raises
    ------
    DiffError
        If the commit is unknown or one of the states can't be built.
    """
    root = editions.project_root()
    before = _checked_out(root, ref)
    for state in (before, root):
        _build(state, renderer, cores)
    return compare(before, root, ref)


def _checked_out(root: Path, ref: str) -> Path:
    """Return a folder with the files of a commit."""
    name = _git(root, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    target = root / "build/diff" / name.decode().strip()[:12]
    if not target.exists():
        files = _git(root, "archive", "--format=tar", name.decode().strip())
        fresh = target.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        with tarfile.open(fileobj=io.BytesIO(files)) as archive:
            # Python 3.11.4 asks how far to trust an archive; before, there is no such question.
            archive.extractall(fresh, **({"filter": "data"} if SAFE else {}))
        fresh.rename(target)
    return target


def _git(root: Path, *command: str) -> bytes:
    try:
        done = subprocess.run(["git", "-C", str(root), *command], capture_output=True, check=True)
    except OSError as error:
        raise DiffError(f"git can't be run: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace").strip().splitlines() or [""]
        raise DiffError(f"git {command[0]} {command[-1]}: {said[0]}") from None
    return done.stdout


def _build(root: Path, renderer: str, cores: int) -> None:
    """Bring a state up to date with its own code."""
    command = [sys.executable, "-m", "bilan", "build", "--renderer", renderer]
    environment = {**os.environ, "BILAN_ROOT": str(root), "PYTHONPATH": str(root / "src")}
    print(f"Building {root}", flush=True)
    done = subprocess.run([*command, "--cores", str(cores)], cwd=root, env=environment)
    if done.returncode:
        raise DiffError(f"{root}: this state can't be built, so there is nothing to compare")


def compare(before: Path, after: Path, name: str) -> Path:
    """Write what differs between two built projects.

    Parameters
    ----------
    before, after : pathlib.Path
        Roots of the projects. The page is written below the second.
    name : str
        What to call the earlier state.
    """
    folder = after / "build/diff"
    folder.mkdir(parents=True, exist_ok=True)
    for picture in folder.glob("*.png"):
        picture.unlink()
    years = [p.name for p in sorted((after / "data/processed").glob("[0-9]*"))]
    both = [year for year in years if (before / "data/processed" / year).is_dir()]
    parts = [
        f"## What changes since {_code(name)}",
        *_rows(before, after),
        *_measures("Figures", "observations", _figures, before, after, both),
        *_measures("Targets", "target_states", _states, before, after, both),
        *_measures("Probabilities", "forecasts", _probabilities, before, after, both),
        *_measures("Ranks", "forecasts", _ranks, before, after, both),
        *_charts(before, after, both, folder),
    ]
    parts += [] if len(parts) > 1 else ["Nothing: data, figures and charts are the same."]
    page = folder / "diff.md"
    page.write_text("\n\n".join(parts) + "\n", "utf-8", newline="\n")
    return page


# ------------------------------------------------------------------ words


def _code(text: object) -> str:
    """Write a text from the data so that it is neither markup, nor a link, nor a mention."""
    plain = fold(str(text)).replace("`", "'").replace("|", "\\|")
    return f"`{plain}`" if plain else "–"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows[:LONGEST]]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    more = len(rows) - LONGEST
    return f"{text}\n\nand {more} more" if more > 0 else text


# ------------------------------------------------------------------ data


def _rows(before: Path, after: Path) -> Iterator[str]:
    """Tell the rows of the raw tables that were added, changed or removed."""
    old, new = _keyed(before), _keyed(after)
    rows = []
    for table in dict.fromkeys((*new, *old)):
        was, now = old.get(table, {}), new.get(table, {})
        for key in dict.fromkeys((*now, *was)):
            shown = [_code(table), _code(", ".join(key))]
            if key not in was:
                rows.append([*shown, "added", ""])
            elif key not in now:
                rows.append([*shown, "removed", ""])
            elif was[key] != now[key]:
                rows.append([*shown, "changed", _cells(was[key], now[key])])
    if rows:
        counts = ", ".join(
            f"{sum(row[2] == kind for row in rows)} {kind}"
            for kind in ("added", "changed", "removed")
        )
        yield f"### Data rows: {counts}"
        yield _table(("Table", "Key", "", "Cells"), rows)


def _keyed(root: Path) -> dict[str, dict[tuple, dict[str, str]]]:
    """Return the rows of every raw table by their primary key."""
    folder, found = root / "data/raw", {}
    for resource in json.loads((folder / "datapackage.json").read_text("utf-8"))["resources"]:
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as file:
            key = resource["schema"]["primaryKey"]
            found[resource["name"]] = {
                tuple(row.get(column, "") for column in key): row for row in csv.DictReader(file)
            }
    return found


def _cells(was: dict[str, str], now: dict[str, str]) -> str:
    return "; ".join(
        f"{column}: {_code(was.get(column, ''))} → {_code(now.get(column, ''))}"
        for column in dict.fromkeys((*was, *now))
        if was.get(column) != now.get(column)
    )


# ------------------------------------------------------------------ measures


#: Each thing's value, by which changes are ordered, and how it is written.
Told = dict[str, tuple[float, str]]


def _measures(
    title: str,
    table: str,
    measure: Callable[[pd.DataFrame], Told],
    before: Path,
    after: Path,
    years: Iterable[str],
) -> Iterator[str]:
    """Tell what differs in one measure of the editions, the largest change first."""
    changes = []
    for year in years:
        files = [root / "data/processed" / year / f"{table}.parquet" for root in (before, after)]
        if _same(*files):
            continue
        old, new = (measure(pd.read_parquet(file)) for file in files)
        for thing in dict.fromkeys((*new, *old)):
            was, now = old.get(thing), new.get(thing)
            if was != now:
                size = _size(was[0], now[0]) if was and now else np.inf
                told = [_code(value[1]) if value else "–" for value in (was, now)]
                changes.append((-size, year, thing, told))
    if changes:
        yield f"### {title}: {len(changes)} changed"
        rows = [[year, _code(thing), *told] for _, year, thing, told in sorted(changes)]
        yield _table(("Edition", "", "Before", "After"), rows)


def _size(was: float, now: float) -> float:
    """Return how large a change is, whatever its direction and its unit."""
    return abs(now - was) / max(abs(now), abs(was), 1e-9)


def _same(one: Path, other: Path) -> bool:
    """Say whether two files hold the same bytes."""
    return one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()


def _figures(table: pd.DataFrame) -> Told:
    """Return the last usable figure of each indicator."""
    found = {}
    for indicator in table["indicator"].unique():
        last = programme.series(table, indicator).tail(1)
        for row in last.itertuples():
            found[indicator] = (row.value, f"{row.value:.12g} on {row.date:%Y-%m-%d}")
    return found


def _states(table: pd.DataFrame) -> Told:
    """Return what became of each target."""
    return {row.target: (0.0, row.state) for row in table.itertuples()}


def _probabilities(table: pd.DataFrame) -> Told:
    """Return the chance of each open target, in whole percent."""
    table = table[table["kind"] == "target"]
    return {row.target: (row.value, f"{100 * row.value:.1f} %") for row in table.itertuples()}


def _ranks(table: pd.DataFrame) -> Told:
    """Return the place that is expected of the country in each index and year."""
    table = table[(table["kind"] == "rank") & (table["country"] == COUNTRY)]
    found = {}
    for (subject, date), places in table.groupby(["subject", "date"]):
        mean = float((places["level"] * places["value"]).sum())
        found[f"{subject} {date.year}"] = (mean, f"{mean:.1f}")
    return found


# ------------------------------------------------------------------ charts


def _charts(before: Path, after: Path, years: Iterable[str], folder: Path) -> Iterator[str]:
    """Draw the charts that changed, each as it was and as it is."""
    lines = []
    for year in years:
        runs = [root / "build" / year / "runs" for root in (before, after)]
        names = sorted({path.relative_to(run) for run in runs for path in run.glob("*/*.ipynb")})
        names = [name for name in names if not _same(*(run / name for run in runs))]
        old, new = (_drawn(run, names) for run in runs)
        for name in sorted({*old, *new}):
            if old.get(name) == new.get(name):
                continue
            pictures = [
                f"![{when}]({_picture(folder, f'{year}-{name}-{when}', drawn[name])})"
                for when, drawn in (("before", old), ("after", new))
                if name in drawn
            ]
            lines.append(f"**{year}** {_code(name)}\n\n{' '.join(pictures)}")
    if lines:
        yield f"### Charts: {len(lines)} changed"
        yield from lines[:LONGEST]
        if len(lines) > LONGEST:
            yield f"and {len(lines) - LONGEST} more, beside this page"


def _drawn(runs: Path, names: Iterable[Path]) -> dict[str, str]:
    """Return the wide drawings of executed notebooks by language and label."""
    found = {}
    for name in names:
        if not (runs / name).is_file():
            continue
        for cell in json.loads((runs / name).read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("bilan", {})
                if svg := output.get("data", {}).get("image/svg+xml"):
                    found[f"{name.stem}-{about.get('label', name.parent.name)}"] = "".join(svg)
    return found


def _picture(folder: Path, name: str, svg: str) -> str:
    import vl_convert

    vl_convert.register_font_directory(str(folder.parents[1] / "build/fonts/static"))
    (folder / f"{name}.png").write_bytes(vl_convert.svg_to_png(svg, scale=SCALE))
    return f"{name}.png"

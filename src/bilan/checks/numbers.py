"""Every number of a page that says where it comes from equals the published table.

A chapter's number carries its key (:class:`bilan.facts.Said`), and the page keeps it as
``data-from``. Here the row is read again from the Parquet file that is published with the page,
worded again, and looked for in what the page says.

- ``forecasts/<edition>/<subject>/<country>/<date>/<level>``: a quantile, or the place of a country
- ``chance/<edition>/<target>``: the chance to meet a target
- ``<table>/<edition>/<row>/<column>``: a cell of a table, its row by the columns of :data:`ROWS`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from bilan.checks.outline import Outline
from bilan.wording import Wording

#: Columns that name a row, by table.
ROWS = {
    "observations": ("indicator", "date", "source_id"),
    "target_states": ("target",),
    "track_record": ("edition", "subject", "date"),
    "track_ranks": ("edition", "subject", "date", "country"),
}
#: Columns that name the rows of a forecast.
CHANCE, FORECAST = ("kind", "target"), ("subject", "date")

#: What finds rows: the edition, the table, and what some of its columns say.
Find = Callable[[str, str, tuple[str, ...], tuple[str, ...]], list[dict]]


def check(site: Path, pages: Mapping[Path, Outline]) -> Iterator[tuple[Path, str]]:
    """Yield each number that is not what the table says, with its page."""
    find = _finder(site)
    for path, page in pages.items():
        if page.numbers:
            words = Wording(page.lang)
            for key, said in page.numbers:
                told = expected(key, words, find)
                if not any(_says(said, way) for way in told):
                    known = " or ".join(told) or "nothing"
                    yield path, f'says "{said}", where {key} says {known}'


def _finder(site: Path) -> Find:
    """Return what finds rows of the published tables, each table read and sorted once."""

    @lru_cache
    def sorted_by(edition: str, table: str, columns: tuple[str, ...]) -> dict[tuple, list[dict]]:
        path = site / edition / "data" / f"{table}.parquet"
        found: dict[tuple, list[dict]] = {}
        if path.is_file():
            read = pd.read_parquet(path)
            names = zip(*(_text(read[column]) for column in columns), strict=True)
            for name, row in zip(names, read.to_dict("records"), strict=True):
                found.setdefault(name, []).append(row)
        return found

    return lambda edition, table, columns, name: sorted_by(edition, table, columns).get(name, [])


def _says(said: str, words: str) -> bool:
    """Tell whether a text says a number, and not a longer one that holds it."""
    number = re.escape(" ".join(words.split()))
    return bool(re.search(rf"(?<!\d)(?<!\d[.,\s]){number}(?![.,\s]?\d)", said))


def expected(key: str, words: Wording, find: Find) -> list[str]:
    """Return the ways to say what a key names; none if there is no such row."""
    kind, edition, *names = key.split("/")
    if kind == "chance":
        found = find(edition, "forecasts", CHANCE, ("target", *names))
        return [words.chances(row["value"]) for row in found]
    if kind == "forecasts":
        subject, country, date, level = names
        found = find(edition, "forecasts", FORECAST, (subject, date))
        if subject.startswith("rank-"):
            return _place(found, words, country, level)
        return [
            words.rounded(row["value"])
            for row in found
            if row["kind"] == "quantile" and abs(row["level"] - float(level)) < 1e-6
        ]
    if kind not in ROWS:
        return []
    *name, column = names
    values = [row[column] for row in find(edition, kind, ROWS[kind], tuple(name))]
    known = [float(value) for value in values if not pd.isna(value)]
    return [way for value in known for way in _ways(words, value, column)]


def _text(column: pd.Series) -> pd.Series:
    dates = pd.api.types.is_datetime64_any_dtype(column)
    return column.dt.strftime("%Y-%m-%d") if dates else column.astype(str)


def _place(rows: list[dict], words: Wording, country: str, level: str) -> list[str]:
    """Return how the place of a country is said, or the chance of a better or a worse one."""
    found = [row for row in rows if row["kind"] == "rank" and row["country"] == country]
    chances = sorted((row["level"], row["value"]) for row in found)
    if level[0] in "<>":
        better, place = level[0] == "<", float(level[1:])
        part = [p for at, p in chances if (at < place if better else at > place)]
        # Summed as the page does: half a chance in a hundred must fall on the same side.
        return [words.chances(float(np.sum(part)))] if chances else []
    reached = 0.0
    for at, p in chances:
        reached += p
        if reached >= float(level) - 1e-9:
            return [words.ordinal(int(at))]
    return []


def _ways(words: Wording, value: float, column: str) -> list[str]:
    """Return how a cell may be said."""
    if column == "probability":
        return [words.chances(value)]
    if re.fullmatch(r"q\d+", column):
        return [words.rounded(value)]
    ways = [words.large(value), words.number(value)]
    return [*ways, words.ordinal(int(value))] if value == int(value) else ways

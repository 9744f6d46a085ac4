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
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pandas as pd

from bilan.checks.page import Page
from bilan.wording import Wording

#: Columns that name a row, by table.
ROWS = {
    "observations": ("indicator", "date", "source_id"),
    "target_states": ("target",),
    "track_record": ("edition", "subject", "date"),
    "track_ranks": ("edition", "subject", "date", "country"),
}


def check(site: Path, pages: dict[Path, Page]) -> Iterator[tuple[Path, str]]:
    """Yield each number that is not what the table says, with its page."""
    read = lru_cache(lambda edition, table: _table(site, edition, table))
    for path, page in pages.items():
        lang = next((e.attributes.get("lang", "") for e in page.all("html")), "")[:2]
        for element in page.elements:
            if key := element.attributes.get("data-from"):
                said = " ".join(element.text.split())
                told = expected(key, Wording(lang), read)
                if not any(_says(said, words) for words in told):
                    known = " or ".join(told) or "nothing"
                    yield path, f'says "{said}", where {key} says {known}'


def _table(site: Path, edition: str, table: str) -> pd.DataFrame | None:
    path = site / edition / "data" / f"{table}.parquet"
    return pd.read_parquet(path) if path.is_file() else None


def _says(said: str, words: str) -> bool:
    """Tell whether a text says a number, and not a longer one that holds it."""
    number = re.escape(" ".join(words.split()))
    return bool(re.search(rf"(?<!\d)(?<!\d[.,\s]){number}(?![.,\s]?\d)", said))


def expected(
    key: str, words: Wording, read: Callable[[str, str], pd.DataFrame | None]
) -> list[str]:
    """Return the ways to say what a key names; none if there is no such row."""
    kind, edition, *names = key.split("/")
    if kind == "chance":
        table = read(edition, "forecasts")
        found = [] if table is None else table.query("kind == 'target' and target == @names[0]")
        return [words.chances(p) for p in (found["value"] if len(found) else [])]
    if kind == "forecasts":
        table = read(edition, "forecasts")
        return [] if table is None else _forecast(table, words, *names)
    table = read(edition, kind)
    if table is None or kind not in ROWS:
        return []
    for column, name in zip(ROWS[kind], names, strict=False):
        table = table[_text(table[column]) == name]
    column = names[-1]
    return [way for value in table[column].dropna() for way in _ways(words, float(value), column)]


def _text(column: pd.Series) -> pd.Series:
    dates = pd.api.types.is_datetime64_any_dtype(column)
    return column.dt.strftime("%Y-%m-%d") if dates else column.astype(str)


def _forecast(
    table: pd.DataFrame, words: Wording, subject: str, country: str, date: str, level: str
) -> list[str]:
    table = table[(table["subject"] == subject) & (_text(table["date"]) == date)]
    if not subject.startswith("rank-"):
        table = table[
            (table["kind"] == "quantile") & ((table["level"] - float(level)).abs() < 1e-6)
        ]
        return [words.rounded(value) for value in table["value"]]
    chance = table[(table["kind"] == "rank") & (table["country"] == country)]
    chance = chance.sort_values("level").set_index("level")["value"]
    if chance.empty:
        return []
    if "<" in level or ">" in level:
        place = float(level[1:])
        part = chance[chance.index < place] if level[0] == "<" else chance[chance.index > place]
        return [words.chances(float(part.sum()))]
    reached = chance.index[chance.cumsum() >= float(level) - 1e-9]
    return [words.ordinal(int(reached[0]))] if len(reached) else []


def _ways(words: Wording, value: float, column: str) -> list[str]:
    """Return how a cell may be said."""
    if column == "probability":
        return [words.chances(value)]
    if re.fullmatch(r"q\d+", column):
        return [words.rounded(value)]
    ways = [words.large(value), words.number(value)]
    return [*ways, words.ordinal(int(value))] if value == int(value) else ways

"""Editions, their cut-off days, and the one function that hides what came later.

An edition is the review of a year *as known on its cut-off day* (``as_of``).
:func:`freeze` copies the raw tables into ``build/<edition>/raw`` without any row
published after that day. Everything an edition computes starts from that folder, so
no model, axis or sentence can see further.

This module reads CSV with the standard library only: it runs at every build, before
anything heavy is imported.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

#: The column that says when a row of a table became public. Tables that are not named
#: here state no fact of their own; they follow the rows that refer to them.
PUBLISHED = {
    "observations": "published_on",
    "targets": "announced_on",
    "milestones": "published_on",
    "vintages": "published_on",
    "ranks": "published_on",
    "corrections": "known_on",
    "contradictions": "known_on",
}


#: Vocabularies: the column that names their rows, and the tables that a row must be named in.
FOLLOWERS = (
    ("indicators", "indicator", ("observations", "targets")),
    ("units", "unit", ("indicators",)),
    ("indices", "index", ("vintages",)),
    ("countries", "country", ("scores", "ranks")),
    (
        "sources",
        "source_id",
        (
            *("observations", "targets", "milestones", "vintages", "scores", "ranks"),
            *("corrections", "indicators"),
        ),
    ),
)

#: Tables whose rows mean the same in any order. Each is frozen in the order of its key, so that a
#: row's place in a file decides nothing.
UNORDERED = frozenset(("observations", "targets", "vintages", "scores", "ranks"))


class UsageError(ValueError):
    """A request that names something unknown; the message says what is allowed."""


@dataclass(frozen=True)
class Edition:
    """The review of a year, as known on its cut-off day.

    Attributes
    ----------
    id : str
        The year reviewed, for instance ``"2020"``.
    as_of : datetime.date
        Nothing published after this day may enter the edition.
    languages : tuple of str
        Languages the edition is published in.
    """

    id: str
    as_of: dt.date
    languages: tuple[str, ...]


def project_root() -> Path:
    """Return the project's root: the nearest folder above that holds ``config/editions.yml``.

    ``BILAN_ROOT`` takes precedence: the workflow sets it for notebooks, which run in a
    folder of their own.
    """
    if root := os.environ.get("BILAN_ROOT"):
        return Path(root)
    here = Path.cwd().resolve()
    for folder in (here, *here.parents):
        if (folder / "config/editions.yml").exists():
            return folder
    raise UsageError(f"{here}: not inside a bilan project (no config/editions.yml above)")


@lru_cache
def _read_editions(config: Path) -> tuple[Edition, ...]:
    try:
        entries = yaml.safe_load(config.read_text("utf-8"))["editions"]
        found = tuple(Edition(e["id"], e["as_of"], tuple(e["languages"])) for e in entries)
        fault = next((fault for e in found if (fault := _fault(e))), "")
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        found, fault = (), f"can't be read ({type(error).__name__}: {error})"
    if not fault and len({e.id for e in found}) < max(len(found), 1):
        fault = "needs at least one edition, and each only once"
    if fault:
        allowed = 'each edition has an id ("2020"), a day as_of (2020-12-31), languages ([fr, en])'
        raise UsageError(f"config/editions.yml: {' '.join(fault.split())}; {allowed}")
    return found


def _fault(edition: Edition) -> str:
    """Say what is wrong with an edition's entry."""
    if not (isinstance(edition.id, str) and re.fullmatch(r"[0-9]{4}", edition.id)):
        return f"id {edition.id!r} is not a year in quotes"
    if type(edition.as_of) is not dt.date:
        return f"edition {edition.id}: as_of {edition.as_of!r} is not a day"
    if not edition.languages or set(edition.languages) - {"fr", "en"}:
        return f"edition {edition.id}: languages {list(edition.languages)} are not among fr, en"
    return ""


def address() -> str:
    """Return where the site is published, with a slash at its end; empty if no one said.

    Raises
    ------
    UsageError
        If ``address`` in ``config/editions.yml`` is no web address.
    """
    return _read_address(project_root() / "config/editions.yml")


@lru_cache
def _read_address(config: Path) -> str:
    given = yaml.safe_load(config.read_text("utf-8")).get("address") or ""
    if given and not re.fullmatch(r"https?://[^\s?#\"<>]+", str(given)):
        allowed = "allowed: nothing, or an address such as https://example.org/bilan/"
        raise UsageError(f"config/editions.yml: address {given!r} is not one; {allowed}")
    return f"{given.rstrip('/')}/" if given else ""


def editions() -> tuple[Edition, ...]:
    """Return every edition of ``config/editions.yml``, oldest first."""
    return _read_editions(project_root() / "config/editions.yml")


def edition(name: str) -> Edition:
    """Return the edition called `name`.

    Raises
    ------
    UsageError
        If there is no such edition; the message lists those that exist.
    """
    found = {e.id: e for e in editions()}
    if name not in found:
        raise UsageError(f"unknown edition {name!r}; allowed: {', '.join(found)}")
    return found[name]


def earlier(name: str) -> tuple[Edition, ...]:
    """Return the editions whose cut-off day comes before that of `name`, oldest first."""
    as_of = edition(name).as_of
    return tuple(e for e in editions() if e.as_of < as_of)


def processed(name: str) -> Path:
    """Return the folder of an edition's processed tables."""
    return project_root() / "data/processed" / edition(name).id


def known(tables: dict[str, list[dict[str, str]]], as_of: dt.date) -> dict[str, list[dict]]:
    """Hide every row that was not public on `as_of`.

    Parameters
    ----------
    tables : dict of str to list of dict
        The raw tables by name, each row a mapping of column to text.
    as_of : datetime.date
        The cut-off day, included.

    Returns
    -------
    dict of str to list of dict
        The same tables. A score or a rank follows its vintage; a correction also needs its
        row; a ceiling is known from its source's date on; an indicator, a unit, a country, a
        source or an index that no remaining row names is hidden too, since its very presence
        would tell of the future. Notes are blank: they may speak of later evidence.
    """
    day = as_of.isoformat()
    kept = {
        name: [_bare(r) for r in rows if name not in PUBLISHED or r[PUBLISHED[name]] <= day]
        for name, rows in tables.items()
    }
    vintages = {(r["index"], r["vintage"]) for r in kept["vintages"]}
    for name in ("scores", "ranks"):
        kept[name] = [r for r in kept[name] if (r["index"], r["vintage"]) in vintages]
    kept["corrections"] = [r for r in kept["corrections"] if _selects(r, kept)]
    kept["indices"] = [
        {**r, "ended_on": "", "end_known_on": ""} if r["end_known_on"] > day else r
        for r in kept["indices"]
    ]
    joined = ("eu_from", "eu_until")
    kept["countries"] = [{**r, **{c: "" for c in joined if r[c] > day}} for r in kept["countries"]]
    dates = {r["source_id"]: r["date"] for r in kept["sources"]}
    kept["indicators"] = [
        {**r, "ceiling": "", "source_id": ""}
        if r["ceiling"] and _last_day(dates[r["source_id"]]) > day
        else r
        for r in kept["indicators"]
    ]
    plans = {r["milestone"] for r in kept["milestones"]}
    kept["milestones"] = [r for r in kept["milestones"] if not r["plan"] or r["plan"] in plans]
    contradictions = {r["contradiction"] for r in kept["contradictions"]}
    kept["observations"] = [
        r if r["contradiction"] in contradictions else {**r, "contradiction": ""}
        for r in kept["observations"]
    ]
    for name, column, users in FOLLOWERS:
        _keep_named(kept, name, column, users)
    return kept


def _last_day(date: str) -> str:
    """Return a bound that sorts after every day of a date, which may be a year or a month."""
    return (date + "-99-99")[:10]


def _bare(row: dict[str, str]) -> dict[str, str]:
    """Return a row without its note, which may tell whoever keeps the table of later evidence."""
    return {**row, "note": ""} if "note" in row else row


def selector(key: str) -> dict[str, str]:
    """Parse a correction's key, ``column=value;column=value``."""
    return dict(part.split("=", 1) for part in key.split(";"))


def _selects(correction: dict[str, str], tables: dict[str, list[dict]]) -> bool:
    wanted = selector(correction["key"]).items()
    return any(wanted <= row.items() for row in tables[correction["table"]])


def _keep_named(tables: dict, name: str, column: str, users: Iterable[str]) -> None:
    named = {row[column] for user in users for row in tables[user]}
    tables[name] = [row for row in tables[name] if row[column] in named]


def freeze(name: str) -> Path:
    """Write what was public on an edition's cut-off day; touch nothing that is unchanged.

    Returns
    -------
    pathlib.Path
        ``build/<edition>/raw``: the tables of ``data/raw`` and their ``datapackage.json``.
    """
    chosen, root = edition(name), project_root()
    target = root / "build" / chosen.id / "raw"
    target.mkdir(parents=True, exist_ok=True)
    package = (root / "data/raw/datapackage.json").read_text("utf-8")
    headers, tables = _read_tables(root / "data/raw", json.loads(package))
    keys = {r["name"]: r["schema"]["primaryKey"] for r in json.loads(package)["resources"]}
    for table, rows in known(tables, chosen.as_of).items():
        if table in UNORDERED:
            rows = sorted(rows, key=lambda row: [row[column] for column in keys[table]])
        _write_if_changed(target / f"{table}.csv", _to_csv(headers[table], rows))
    _write_if_changed(target / "datapackage.json", package)
    return target


def _read_tables(folder: Path, package: dict) -> tuple[dict, dict]:
    headers, tables = {}, {}
    for resource in package["resources"]:
        with (folder / resource["path"]).open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            tables[resource["name"]] = list(reader)
            headers[resource["name"]] = list(reader.fieldnames or ())
    return headers, tables


def _to_csv(header: list[str], rows: Iterable[dict]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _write_if_changed(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8", newline="\n")


def iterate_days(start: dt.date, end: dt.date, step: int) -> Iterator[dt.date]:
    """Yield days from `start` to `end`, both included, `step` days apart."""
    day = start
    while day < end:
        yield day
        day += dt.timedelta(days=step)
    yield end

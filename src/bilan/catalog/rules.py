"""What the cells of a row, and the rows of tables, owe each other.

A rule looks at sound cells only: one that is missing or faulty breaks none. It yields the
table, the row, the column and what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from bilan.catalog import cells
from bilan.catalog.description import columns
from bilan.catalog.faults import quoted
from bilan.catalog.sheets import Sheet
from bilan.editions import PUBLISHED, selector

#: How long before its last day the period of a figure begins.
PERIOD_DAYS = {"day": 0, "month": 31, "quarter": 92, "year": 366}
Broken = Iterator[tuple[str, int, str, str]]


@dataclass
class Raw:
    """The tables at three stages.

    Attributes
    ----------
    sheets : dict of str to bilan.catalog.sheets.Sheet
        As the files spell them.
    texts, tables : dict of str to pandas.DataFrame
        Their sound cells, as text and typed.
    """

    sheets: dict[str, Sheet]
    texts: dict[str, pd.DataFrame]
    tables: dict[str, pd.DataFrame]

    def named(self, table: str, names: list[str]) -> set[tuple] | None:
        """Return the keys that rows may refer to, sound or not; nothing when they are unknown."""
        sheet = self.sheets[table]
        if sheet.absent & set(names):
            return None
        return set(map(tuple, sheet.cells[names].to_numpy()))

    def looked_up(self, table: str, column: str, other: str, value: str) -> pd.Series:
        """Return, for each row, a value of the row of another table that it names."""
        known = self.tables[other].drop_duplicates(column).set_index(column)[value]
        return self.tables[table][column].map(known)


def references(raw: Raw) -> Broken:
    """Find rows that name what stands nowhere."""
    for name, sheet in raw.sheets.items():
        for link in sheet.resource["schema"].get("foreignKeys", []):
            own = columns(link["fields"])
            target = link["reference"]["resource"] or name
            allowed = raw.named(target, columns(link["reference"]["fields"]))
            if allowed is None:
                continue
            for row, key in zip(sheet.cells.index, raw.texts[name][own].to_numpy(), strict=True):
                if all(key) and tuple(key) not in allowed:
                    message = f"unknown {quoted(', '.join(key))}; it must stand in {target}.csv"
                    yield name, row, ", ".join(own), message


def nothing_is_told_before_it_is(raw: Raw) -> Broken:
    """Find what was published before the period it speaks of has begun.

    A plan lies ahead, and an event may be announced.
    """
    for name in ("observations", "milestones"):
        table, text = raw.tables[name], raw.texts[name]
        begun = table["date"] - pd.to_timedelta(table["precision"].map(PERIOD_DAYS), unit="D")
        early = table["published_on"] < begun
        if name == "milestones":
            early &= table["kind"].isin(["statement", "outcome", "benchmark"])
        for row in table.index[early]:
            message = (
                f"{text.at[row, 'date']} comes after the day of publication, "
                f"{text.at[row, 'published_on']}"
            )
            yield name, row, "date", message


def nothing_is_read_before_it_is_published(raw: Raw) -> Broken:
    """Find rows that were public only after their source was read."""
    for name, column in PUBLISHED.items():
        if "source_id" not in raw.tables[name]:
            continue
        read = raw.looked_up(name, "source_id", "sources", "accessed_on")
        for row in read.index[raw.tables[name][column] > read]:
            message = (
                f"{raw.texts[name].at[row, column]} comes after {read[row]:%Y-%m-%d}, the day "
                f"on which {raw.texts[name].at[row, 'source_id']} was read"
            )
            yield name, row, column, message


def sources_are_dated(raw: Raw) -> Broken:
    """Find dates of sources that do not exist, or come after the source was read."""
    for row, date in raw.texts["sources"]["date"].items():
        read = raw.texts["sources"].at[row, "accessed_on"]
        if len(date) == 10 and not cells.is_date(date):
            yield "sources", row, "date", f"{quoted(date)}: expected {cells.TYPES['date'][1]}"
        elif read and date > read:
            yield "sources", row, "date", f"{date} comes after the day it was read, {read}"


def targets_lie_ahead(raw: Raw) -> Broken:
    """Find targets announced after their own date."""
    table, text = raw.tables["targets"], raw.texts["targets"]
    for row in table.index[table["date"] < table["announced_on"]]:
        told = text.at[row, "announced_on"]
        message = f"{text.at[row, 'date']} comes before its announcement, {told}"
        yield "targets", row, "date", message


def counts_are_whole(raw: Raw) -> Broken:
    """Find half a person: a fraction of what comes in whole numbers."""
    units = raw.tables["units"]
    whole = set(units.loc[units["whole"], "unit"])
    for name in ("observations", "targets"):
        unit = raw.looked_up(name, "indicator", "indicators", "unit")
        values = raw.tables[name]["value"]
        for row in values.index[unit.isin(whole) & (values % 1 > 0)]:
            message = f"{raw.texts[name].at[row, 'value']} is not a whole number ({unit[row]})"
            yield name, row, "value", message


def scores_look_back(raw: Raw) -> Broken:
    """Find scores and ranks of a year that came after their vintage."""
    for name, column in (("scores", "year"), ("ranks", "reference_year")):
        table = raw.tables[name]
        vintage = pd.to_numeric(table["vintage"].where(table["vintage"] != ""))
        for row in table.index[(table[column] > vintage).fillna(False)]:
            message = f"{table.at[row, column]} comes after the vintage, {table.at[row, 'vintage']}"
            yield name, row, column, message


def ranks_are_places(raw: Raw) -> Broken:
    """Find ranks beyond the countries ranked, or on another day than their vintage."""
    table = raw.tables["ranks"]
    for row in table.index[(table["rank"] > table["n_countries"]).fillna(False)]:
        message = f"rank {table.at[row, 'rank']} of {table.at[row, 'n_countries']} countries"
        yield "ranks", row, "rank", message
    days = raw.texts["vintages"].set_index(["index", "vintage"])["published_on"].to_dict()
    for row, text in raw.texts["ranks"].iterrows():
        day = days.get((text["index"], text["vintage"]))
        if day and text["published_on"] and text["published_on"] != day:
            message = f"{text['published_on']}, but vintages.csv says {day} of this vintage"
            yield "ranks", row, "published_on", message


def ends_are_known(raw: Raw) -> Broken:
    """Find an end without the day on which it became known, or before its beginning."""
    indices, countries = raw.sheets["indices"].cells, raw.texts["countries"]
    for row in indices.index[indices["ended_on"].ne("") & indices["end_known_on"].eq("")]:
        yield "indices", row, "end_known_on", "a value is required where ended_on has one"
    left = countries["eu_until"]
    for row in countries.index[left.ne("") & left.lt(countries["eu_from"])]:
        yield "countries", row, "eu_until", "comes before eu_from"


def corrections_hold(raw: Raw) -> Broken:
    """Find corrections whose row no longer says what they expect."""
    for row, fix in raw.texts["corrections"].iterrows():
        sheet = raw.sheets.get(fix["table"])
        if sheet is None or sheet.absent or not (fix["key"] and fix["column"]):
            continue
        table, wanted = sheet.cells, selector(fix["key"])
        if unknown := [c for c in (*wanted, fix["column"]) if c not in table]:
            yield "corrections", row, "key", f"unknown column {unknown[0]}"
            continue
        hits = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
        if len(hits) != 1:
            yield "corrections", row, "key", f"selects {len(hits)} rows; it must select one"
        elif wrong := _misfit(raw, row, fix):
            yield "corrections", row, "value", f"{quoted(fix['value'])} can't stand there: {wrong}"
        elif fix["expected"] and hits[fix["column"]].iloc[0] != fix["expected"]:
            message = (
                f"{fix['table']}.csv, row {hits.index[0]} now says "
                f"{quoted(hits[fix['column']].iloc[0])}, not {quoted(fix['expected'])}: "
                "drop or renew the correction"
            )
            yield "corrections", row, "expected", message


def _misfit(raw: Raw, row: int, fix: pd.Series) -> str:
    """Say why a correction's value can't stand in the column that it replaces."""
    sheet, column, value = raw.sheets[fix["table"]], fix["column"], fix["value"]
    if fix["action"] != "replace" or value != raw.sheets["corrections"].cells.at[row, "value"]:
        return ""
    described = next(f for f in sheet.fields if f["name"] == column)
    required = described | {"constraints": {**described.get("constraints", {}), "required": True}}
    for test, allowed in cells.rules(required):
        if not test(value):
            return allowed
    for link in sheet.resource["schema"].get("foreignKeys", []):
        if columns(link["fields"]) == [column]:
            target = link["reference"]["resource"] or fix["table"]
            known = raw.named(target, columns(link["reference"]["fields"]))
            if known is not None and (value,) not in known:
                return f"it must stand in {target}.csv"
    return ""


RULES = (
    references,
    nothing_is_told_before_it_is,
    nothing_is_read_before_it_is_published,
    sources_are_dated,
    targets_lie_ahead,
    counts_are_whole,
    scores_look_back,
    ranks_are_places,
    ends_are_known,
    corrections_hold,
)

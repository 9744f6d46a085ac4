"""The numbers behind a figure as a table to read: the rows of its CSV, in the page's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from bilan.facts import Facts

#: Columns in their order, each with its alignment and the column of the CSV that it needs.
#: What the CSV holds for machines only (names, rules, notes) is left out.
COLUMNS = {
    "country": ("l", "country"),
    "label": ("l", "label"),
    "title": ("l", "title_fr"),
    "indicator": ("l", "indicator"),
    "date": ("l", "date"),
    "kind": ("l", "kind"),
    "value": ("r", "value"),
    "reached": ("r", "reached"),
    "reached_on": ("l", "reached_on"),
    "state": ("l", "state"),
    "median": ("r", "q50"),
    "half": ("r", "q25"),
    "eight": ("r", "q10"),
    "most": ("r", "q025"),
    "rank": ("r", "rank"),
    "probability": ("r", "probability"),
    "score": ("r", "score"),
    "source": ("l", "source_id"),
}
NOTHING = "–"


@dataclass(frozen=True)
class Numbers:
    """Words the rows of a figure's CSV.

    Attributes
    ----------
    facts : bilan.facts.Facts
    """

    facts: Facts

    def table(self, data: pd.DataFrame) -> dict:
        """Return a figure's numbers as text: ``header``, ``rows``, ``align`` by column."""
        if {"vintage", "year", "rank"} <= set(data):
            return self._ranks(data)
        shown = [name for name, (_, needed) in COLUMNS.items() if needed in data]
        if "indicator" in shown and data["indicator"].nunique() == 1:
            shown.remove("indicator")  # the caption names it
        rows = [
            [getattr(self, f"_{name}")(row) for name in shown] for row in data.to_dict("records")
        ]
        header = [self.facts.words.text(f"numbers.{name}") for name in shown]
        return _set_out(header, rows, "".join(COLUMNS[name][0] for name in shown))

    def _ranks(self, data: pd.DataFrame) -> dict:
        """Set ranks out by country and year; by vintage too where a year was ranked twice."""
        wide = data.pivot(index="country", columns=["year", "vintage"], values="rank")
        wide = wide.sort_index(axis=1)
        years = wide.columns.get_level_values("year")
        heads = [
            str(year) if list(years).count(year) == 1 else f"{year} ({vintage})"
            for year, vintage in wide.columns
        ]
        rows = [
            [self._countries[code], *(NOTHING if pd.isna(r) else str(int(r)) for r in ranks)]
            for code, *ranks in wide.sort_values(wide.columns[-1]).itertuples()
        ]
        header = [self.facts.words.text("numbers.country"), *heads]
        return _set_out(header, rows, "l" + "r" * len(heads))

    # -------------------------------------------------------------- cells

    @cached_property
    def _countries(self) -> dict[str, str]:
        return self._column("countries", "country", f"name_{self.facts.lang}")

    @cached_property
    def _publishers(self) -> dict[str, str]:
        return self._column("sources", "source_id", "publisher")

    def _column(self, table: str, key: str, value: str) -> dict[str, str]:
        rows = self.facts.tables[table]
        return dict(zip(rows[key], rows[value], strict=True))

    def _country(self, row: Mapping) -> str:
        return self._countries[row["country"]]

    def _label(self, row: Mapping) -> str:
        return row["label"]

    def _title(self, row: Mapping) -> str:
        return row[f"title_{self.facts.lang}"]

    def _indicator(self, row: Mapping) -> str:
        return self.facts.name(row["indicator"])

    def _kind(self, row: Mapping) -> str:
        return self.facts.words.text(f"numbers.kinds.{row['kind']}")

    def _state(self, row: Mapping) -> str:
        return self.facts.words.text(f"state.{row['state']}") if _known(row["state"]) else NOTHING

    def _day(self, day: object, precision: object) -> str:
        if not _known(day):
            return NOTHING
        known = precision if _known(precision) else "day"
        return self.facts.words.date(pd.Timestamp(day).date(), known)

    def _date(self, row: Mapping) -> str:
        return self._day(row["date"], row.get("precision"))

    def _reached_on(self, row: Mapping) -> str:
        return self._day(row["reached_on"], row["reached_precision"])

    def _quantity(self, row: Mapping, value: object, qualifier: object) -> str:
        if not _known(value):
            return NOTHING
        words, exact = self.facts.words, qualifier if _known(qualifier) else "exact"
        if "indicator" in row:
            return words.quantity(value, self.facts.unit(row["indicator"]), exact)
        return words.qualified(words.number(value), exact)

    def _value(self, row: Mapping) -> str:
        # That more would do goes without saying of a target.
        qualifier = None if "target" in row and "reached" in row else row.get("qualifier")
        return self._quantity(row, row["value"], qualifier)

    def _reached(self, row: Mapping) -> str:
        return self._quantity(row, row["reached"], row["reached_qualifier"])

    def _median(self, row: Mapping) -> str:
        return self.facts.words.rounded(row["q50"], 3) if _known(row["q50"]) else NOTHING

    def _range(self, low: object, high: object) -> str:
        if not _known(low):
            return NOTHING
        low, high = (self.facts.words.rounded(v, 3) for v in (low, high))
        return self.facts.words.text("numbers.range", low=low, high=high)

    def _half(self, row: Mapping) -> str:
        return self._range(row["q25"], row["q75"])

    def _eight(self, row: Mapping) -> str:
        return self._range(row["q10"], row["q90"])

    def _most(self, row: Mapping) -> str:
        return self._range(row["q025"], row["q975"])

    def _rank(self, row: Mapping) -> str:
        return self.facts.words.ordinal(int(row["rank"]))

    def _probability(self, row: Mapping) -> str:
        return self.facts.words.percent(row["probability"], 1)

    def _score(self, row: Mapping) -> str:
        return self.facts.words.number(row["score"])

    def _source(self, row: Mapping) -> str:
        return self._publishers[row["source_id"]] if _known(row["source_id"]) else NOTHING


def _set_out(header: list[str], rows: list[list[str]], align: str) -> dict:
    return {"header": header, "rows": rows, "align": align}


def _known(value: object) -> bool:
    return value is not None and not pd.isna(value) and value != ""

"""The member states' places in an index, as published, as recomputed, and as expected."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from bilan.facts import Facts, Markdown, cite, known, said


@dataclass(frozen=True)
class Rank:
    """A country's published place in one vintage of an index."""

    place: int
    text: str
    of: int
    vintage: str
    year: int
    when: str
    cite: Markdown


@dataclass(frozen=True)
class Place:
    """A country's place in one year of an index, recomputed by the method of one vintage."""

    vintage: str
    year: int
    place: int
    text: str
    of: int
    score: float
    mean: float
    cite: Markdown


@dataclass(frozen=True)
class Mark:
    """A country's score in one dimension of an index, among the member states scored."""

    vintage: str
    year: int
    score: float
    mean: float
    place: str
    of: int
    cite: Markdown


@dataclass(frozen=True)
class Outlook:
    """What an edition expects of a country's place in the next year of an index.

    Attributes
    ----------
    year : int
    median, low, high : str
        Middle and bounds of the 80 % interval, as ordinals.
    narrow : bool
        Whether both bounds are the same place.
    gain, lose : float
        Chance of a better and of a worse place than the last one.
    last : Place
        The place the edition starts from, among the countries still ranked.
    """

    year: int
    median: str
    low: str
    high: str
    narrow: bool
    gain: float
    lose: float
    last: Place


@dataclass(frozen=True)
class Europe:
    """What an edition knows of the member states' places.

    Attributes
    ----------
    facts : bilan.facts.Facts
    """

    facts: Facts
    _scores: dict[str, pd.DataFrame] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def rank(self, index: str, vintage: str = "", country: str = "FR") -> Rank | None:
        """Return a published rank, of the last vintage unless one is named."""
        table = self.facts.tables["ranks"]
        table = table[(table["index"] == index) & (table["country"] == country)]
        table = table[table["vintage"] == vintage] if vintage else table
        if table.empty:
            return None
        row = table.sort_values(["published_on", "reference_year"]).iloc[-1]
        return Rank(
            place=int(row["rank"]),
            text=self.facts.words.ordinal(int(row["rank"])),
            of=int(row["n_countries"]),
            vintage=row["vintage"],
            year=int(row["reference_year"]),
            when=self.facts.words.during(row["published_on"].date()),
            cite=cite(row["source_id"]),
        )

    def scores(self, index: str) -> pd.DataFrame:
        """Return main scores of the states that were members when each vintage came out.

        Returns
        -------
        pandas.DataFrame
            Rows of ``scores`` with ``published_on`` of the vintage, by vintage, year, country;
            empty if no vintage of the index is known yet.
        """
        if index not in self._scores:
            self._scores[index] = self._members(index)
        return self._scores[index]

    def _members(self, index: str) -> pd.DataFrame:
        table, known = self.facts.tables["scores"], self.facts.tables
        about = known["indices"].query("index == @index")
        if about.empty:
            return table.iloc[:0]
        dimension = about["dimension"].iloc[0]
        main = table[(table["index"] == index) & (table["dimension"] == dimension)]
        sure = main[main["confidence"] != "low"].merge(
            known["countries"][["country", "eu_from", "eu_until"]], on="country"
        )
        sure = sure.merge(
            known["vintages"][["index", "vintage", "published_on"]], on=["index", "vintage"]
        )
        member = (sure["eu_from"] <= sure["published_on"]) & ~(
            sure["eu_until"] <= sure["published_on"]
        )
        return sure[member].astype({"year": int}).sort_values(["vintage", "year", "country"])

    def places(self, index: str, vintage: str = "", country: str = "FR") -> list[Place]:
        """Return a country's places among member states, by vintage and year, oldest first.

        Recomputed from the scores; only years that a vintage scores for at least twenty states.
        """
        table = self.scores(index)
        if table.empty:
            return []
        by = table.groupby(["vintage", "year"])["value"]
        table = table.assign(
            place=by.rank(ascending=False, method="min"),
            of=by.transform("size"),
            mean=by.transform("mean"),
        )
        vintages = self.facts.tables["vintages"].query("index == @index")
        source = vintages.set_index("vintage")["source_id"]
        mine = table[(table["country"] == country) & (table["of"] >= 20)]
        return [
            Place(
                vintage=row.vintage,
                year=int(row.year),
                place=int(row.place),
                text=self.facts.words.ordinal(int(row.place)),
                of=int(row.of),
                score=float(row.value),
                mean=float(row.mean),
                cite=cite(source[row.vintage]),
            )
            for row in mine.itertuples()
            if not vintage or row.vintage == vintage
        ]

    def marks(self, index: str, country: str = "FR") -> dict[str, Mark]:
        """Return a country's marks in the last vintage and year of an index, by dimension."""
        known = self.facts.tables
        table = known["scores"].query("index == @index and confidence != 'low'")
        if table.empty:
            return {}
        table = table[table["vintage"] == table["vintage"].max()]
        table = table[table["year"] == table["year"].max()]
        vintages = known["vintages"].query("index == @index").set_index("vintage")["published_on"]
        when = vintages[table["vintage"].iloc[0]]
        members = known["countries"]
        members = members[(members["eu_from"] <= when) & ~(members["eu_until"] <= when)]
        table = table[table["country"].isin(members["country"])]
        by = table.groupby("dimension")["value"]
        table = table.assign(
            place=by.rank(ascending=False, method="min"),
            of=by.transform("size"),
            mean=by.transform("mean"),
        )
        return {
            row.dimension: Mark(
                vintage=row.vintage,
                year=int(row.year),
                score=float(row.value),
                mean=float(row.mean),
                place=self.facts.words.ordinal(int(row.place)),
                of=int(row.of),
                cite=cite(row.source_id),
            )
            for row in table[table["country"] == country].itertuples()
        }

    def outlook(self, index: str, country: str = "FR") -> Outlook | None:
        """Return what the edition expects of a country's place in the next year of an index."""
        if "forecasts" not in self.facts.tables:
            return None
        places = self.places(index, country=country)
        table = self.facts.tables["forecasts"].query(
            f"subject == 'rank-{index}' and kind == 'rank' and country == @country"
        )
        if table.empty or not places:
            return None
        last, table = places[-1], table[table["date"] == table["date"].min()]
        chance = table.sort_values("level").set_index("level")["value"]

        def place(level: float) -> int:
            return int(chance.index[int(np.argmax(chance.cumsum().to_numpy() >= level - 1e-9))])

        key = ("forecasts", self.facts.edition.id, f"rank-{index}", country)
        key = (*key, table["date"].iloc[0].date())

        def ordinal(level: float) -> str:
            return said(self.facts.words.ordinal(place(level)), *key, level)

        return Outlook(
            year=int(table["date"].iloc[0].year),
            median=ordinal(0.5),
            low=ordinal(0.1),
            high=ordinal(0.9),
            narrow=place(0.1) == place(0.9),
            gain=known(chance[chance.index < last.place].sum(), *key, f"<{last.place}"),
            lose=known(chance[chance.index > last.place].sum(), *key, f">{last.place}"),
            last=last,
        )

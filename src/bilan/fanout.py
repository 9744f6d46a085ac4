"""The fan-out: which member states and indices get a page of their own.

Standard library and settings only: the workflow reads this at every start.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from bilan import editions
from bilan.editions import Edition, UsageError
from bilan.notebooks import INDICES

#: The country that the review itself is about; its ranking notebooks are run for it anyway.
HOME = "FR"
ALL = "all"


@dataclass(frozen=True)
class Place:
    """A member state in an index.

    Attributes
    ----------
    index : str
    country : str
        Two letters.
    """

    index: str
    country: str

    @property
    def name(self) -> str:
        """What its page, its folder and its figures are called: ``desi-de``."""
        return f"{self.index}-{self.country.lower()}"

    @property
    def run(self) -> str:
        """Where its notebook run lies below ``build/<edition>/runs``."""
        return f"ranking-{self.index}" if self.country == HOME else f"places/{self.name}"

    def label(self, kind: str) -> str:
        """Return the label of one of its figures, for instance ``fig-rank-desi-de``."""
        return f"{kind}-{self.index if self.country == HOME else self.name}"


@dataclass(frozen=True)
class FanOut:
    """What ``bilan build --countries … --indices …`` asks for; nothing by default."""

    countries: tuple[str, ...] = ()
    indices: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.countries)

    @property
    def options(self) -> list[str]:
        """The options by which a build is asked for it."""
        given = {"--countries": self.countries, "--indices": self.indices}
        return [f"{option}={','.join(names)}" for option, names in given.items() if names]

    @property
    def edition(self) -> Edition:
        """The edition that is fanned out: the last."""
        return editions.editions()[-1]

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of its pages."""
        return self.edition.languages if self else ()

    @property
    def places(self) -> list[Place]:
        """Every page, by index and country."""
        return [Place(index, country) for index in self.indices for country in self.countries]

    def names(self, lang: str) -> dict[str, str]:
        """Return the names of countries and indices in a language, by code."""
        tables = {"country": "countries", "index": "indices"}
        return {
            row[column]: row[f"name_{lang}"]
            for column, table in tables.items()
            for row in _rows(table)
        }

    def countries_by_name(self, lang: str) -> list[str]:
        """Return the countries in the order of a language's alphabet."""
        names = self.names(lang)
        return sorted(self.countries, key=lambda code: normalize("NFD", names[code]))


def choose(countries: str = "", indices: str = "") -> FanOut:
    """Read a request as typed: names parted by commas, or ``all``.

    Parameters
    ----------
    countries, indices : str
        One that is empty means all, if the other is given.

    Raises
    ------
    UsageError
        In one line: the unknown name, and what is allowed.
    """
    if not countries and not indices:
        return FanOut()
    edition = editions.editions()[-1]
    return FanOut(
        _among("country", countries.upper(), _members(edition)),
        _among("index", indices.lower(), _indices(edition)),
    )


def place(name: str) -> Place:
    """Return the place called `name`, as :attr:`Place.name` says it."""
    index, _, country = name.rpartition("-")
    fan = choose(country, index)
    return Place(fan.indices[0], fan.countries[0])


def _among(kind: str, given: str, allowed: Sequence[str]) -> tuple[str, ...]:
    names = [name.strip() for name in (given or ALL).split(",")]
    if [name.lower() for name in names] == [ALL]:
        return tuple(allowed)
    if unknown := [name for name in names if name not in allowed]:
        raise UsageError(f"unknown {kind} {unknown[0]!r}; allowed: {ALL}, {', '.join(allowed)}")
    return tuple(name for name in allowed if name in names)


def _members(edition: Edition) -> list[str]:
    """Return the states that were members on an edition's cut-off day."""
    day = edition.as_of.isoformat()
    return [
        row["country"]
        for row in _rows("countries")
        # A group of countries, such as the Union itself, has no day of accession.
        if "" < row["eu_from"] <= day < (row["eu_until"] or "9999")
    ]


def _indices(edition: Edition) -> list[str]:
    """Return the indices of which an edition knows a vintage."""
    day = edition.as_of.isoformat()
    known = {row["index"] for row in _rows("vintages") if row["published_on"] <= day}
    return [index for index in INDICES if index in known]


def _rows(table: str) -> list[dict[str, str]]:
    path = editions.project_root() / f"data/raw/{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))

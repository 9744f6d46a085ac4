"""What earlier editions had said, and how it turned out, as a chapter can tell it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from bilan import editions
from bilan.facts import Facts, Figure, Target, known, said, significant


@dataclass(frozen=True)
class Outcome:
    """A published figure beside what an earlier edition expected of it.

    Attributes
    ----------
    edition : str
        The edition that made the forecast.
    indicator, name : str
    figure : Figure
        What was published since.
    low, high : str
        Bounds of the 80 % interval, rounded, the unit on the last one.
    side : {"inside", "above", "below"}
        Where the figure lies.
    far : bool
        Whether it lies outside the 95 % interval too.
    """

    edition: str
    indicator: str
    name: str
    figure: Figure
    low: str
    high: str
    side: str
    far: bool


@dataclass(frozen=True)
class Record:
    """An earlier edition's mean error on a count, beside two plain competitors.

    Attributes
    ----------
    edition, indicator, name : str
    error, drift, still : float
        Mean CRPS of the review, of a straight line and of "nothing moves", over the figures
        that are not mere bounds.
    """

    edition: str
    indicator: str
    name: str
    error: float
    drift: float
    still: float


@dataclass(frozen=True)
class Chance:
    """The chance an earlier edition gave a target whose outcome is known."""

    edition: str
    target: Target
    p: float
    probability: str
    met: bool


@dataclass(frozen=True)
class PastRank:
    """A country's rank beside what an earlier edition expected of it.

    Attributes
    ----------
    edition, index, name : str
    year : int
        The edition of the index.
    low, high : int
        Bounds of the 80 % interval.
    place : int
    side : {"inside", "above", "below"}
        ``above`` is a better place than the interval.
    p : float
        Chance that was given to this very place.
    share : float
        Share of all countries whose place lay in their 80 % interval.
    countries : int
    rps, rps_still : float
        Mean score of all countries, and of the forecast that nothing moves.
    """

    edition: str
    index: str
    name: str
    year: int
    low: int
    high: int
    place: int
    side: str
    p: float
    share: float
    countries: int
    rps: float
    rps_still: float


class Hindsight:
    """Earlier editions, seen from a later one.

    Parameters
    ----------
    facts : bilan.facts.Facts
        What the later edition knows.
    """

    def __init__(self, facts: Facts):
        self.facts = facts

    @cached_property
    def previous(self) -> Facts | None:
        """The edition before this one, or ``None`` for the first."""
        before = editions.earlier(self.facts.edition.id)
        return Facts(before[-1], self.facts.lang) if before else None

    def outcomes(self, indicator: str = "") -> list[Outcome]:
        """Return what was published since of the counts that earlier editions forecast."""
        table = self.facts.tables.get("track_record", pd.DataFrame(columns=["subject"]))
        table = table[table["subject"] == indicator] if indicator else table
        return [self._outcome(row) for row in table.itertuples()]

    def _outcome(self, row) -> Outcome:
        side = "inside" if row.inside_80 else "above" if row.outcome > row.q90 else "below"
        words, unit = self.facts.words, self.facts.unit(row.subject)
        key = ("track_record", self.facts.edition.id, row.edition, row.subject, row.date.date())
        return Outcome(
            edition=row.edition,
            indicator=row.subject,
            name=self.facts.name(row.subject),
            figure=self.facts.at(row.subject, str(row.date.date())),
            low=said(words.rounded(row.q10), *key, "q10"),
            high=said(words.quantity(significant(row.q90, 2), unit), *key, "q90"),
            side=side,
            far=not row.inside_95,
        )

    def records(self) -> list[Record]:
        """Return the mean errors of earlier forecasts of counts, where one can be computed."""
        table = self.facts.tables.get("track_record", pd.DataFrame(columns=["crps"]))
        scored = table[table["crps"].notna()]
        return [
            Record(
                edition=edition,
                indicator=subject,
                name=self.facts.name(subject),
                error=float(part["crps"].mean()),
                drift=float(part["crps_drift"].mean()),
                still=float(part["crps_no_change"].mean()),
            )
            for (edition, subject), part in (
                scored.groupby(["edition", "subject"]) if len(scored) else ()
            )
        ]

    def past_chances(self) -> list[Chance]:
        """Return the chances that earlier editions gave to targets, once their outcome is known."""
        table = self.facts.tables.get("track_targets", pd.DataFrame())
        return [
            Chance(
                edition=row.edition,
                target=self.facts.target(row.target),
                p=row.probability,
                probability=said(
                    self.facts.words.probability(row.probability), "chance", row.edition, row.target
                ),
                met=bool(row.met),
            )
            for row in table.itertuples()
        ]

    def past_ranks(self, country: str = "FR") -> list[PastRank]:
        """Return a country's ranks that earlier editions forecast, once they are known."""
        table = self.facts.tables.get("track_ranks", pd.DataFrame())
        if table.empty:
            return []
        names = self.facts.tables["indices"].set_index("index")[f"name_{self.facts.lang}"]
        found = []
        for (edition, subject, date), board in table.groupby(["edition", "subject", "date"]):
            own = board[board["country"] == country]
            if own.empty:
                continue
            row, index = own.iloc[0], subject.removeprefix("rank-")
            low, high, place = int(row["low"]), int(row["high"]), int(row["outcome"])
            key = ("track_ranks", self.facts.edition.id, edition, subject, date.date(), country)
            found.append(
                PastRank(
                    edition=edition,
                    index=index,
                    name=names[index],
                    year=date.year,
                    low=low,
                    high=high,
                    place=place,
                    side="above" if place < low else "below" if place > high else "inside",
                    p=known(row["probability"], *key, "probability"),
                    share=float(board["outcome"].between(board["low"], board["high"]).mean()),
                    countries=len(board),
                    rps=float(board["rps"].mean()),
                    rps_still=float(board["rps_no_change"].mean()),
                )
            )
        return found

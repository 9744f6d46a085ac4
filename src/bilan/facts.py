"""What a chapter can say: an edition's facts, already worded.

Chapters are templates. They ask :class:`Facts` for a figure, a target, a milestone or a
forecast and get back an object whose texts are right for the edition's language, or
``None`` when the edition doesn't know it. A sentence that depends on a number is chosen in
the chapter by testing these objects, never written for one edition.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bilan import editions, programme, tables
from bilan.editions import Edition
from bilan.wording import Wording


class Markdown(str):
    """Text that is already Markdown; every other text is escaped when it enters a chapter."""


class Said(str):
    """A number in words, with the key that finds it in the published tables.

    The page keeps the key beside the words, and :mod:`bilan.checks.numbers` compares both.
    """

    key = ""


class Known(float):
    """A number with the key that finds it in the published tables."""

    key = ""


def said(text: str, *key: object) -> Said:
    """Attach to words where their number comes from: a table, its edition, a row, a column."""
    words = Said(text)
    words.key = "/".join(map(str, key))
    return words


def known(value: float, *key: object) -> Known:
    """Attach to a number where it comes from."""
    number = Known(value)
    number.key = "/".join(map(str, key))
    return number


def cite(*source_ids: str) -> Markdown:
    """Return a citation of sources, ``[@s001; @s002]``."""
    keys = dict.fromkeys(s for s in source_ids if s)
    return Markdown(f"[{'; '.join('@' + key for key in keys)}]") if keys else Markdown("")


@dataclass(frozen=True)
class Figure:
    """A value as some source stated it.

    Attributes
    ----------
    value : float
    text : str
        With unit and qualifier: ``environ 17 millions d’utilisateurs``.
    bare : str
        With unit, without qualifier.
    number : str
        The number alone.
    when : str
        ``le 28 août 2020``, ``en août 2020``.
    date : pandas.Timestamp
    qualifier, precision, source, confidence : str
    cite : Markdown
        Its source.
    """

    value: float
    text: str
    bare: str
    number: str
    when: str
    date: pd.Timestamp
    qualifier: str
    precision: str
    source: str
    confidence: str
    cite: Markdown


@dataclass(frozen=True)
class Target:
    """A value announced for a date, and what became of it.

    Attributes
    ----------
    name, indicator : str
    value : float
    text : str
        ``25 millions d’utilisateurs``.
    when : str
        The day it was set for; empty if none was set.
    announced : str
        When it was announced.
    date : pandas.Timestamp
    state : str
        A key of ``programme.STATES``.
    state_text : str
        The state in words.
    reached : Figure or None
        The figure the state rests on.
    p : float or None
        Chance of meeting it, for an open target of a modelled count.
    probability : str
        The chance in words and numbers; empty without one.
    cite : Markdown
    confidence : str
    """

    name: str
    indicator: str
    label: str
    value: float
    text: str
    when: str
    announced: str
    date: pd.Timestamp
    state: str
    state_text: str
    reached: Figure | None
    p: float | None
    probability: str
    cite: Markdown
    confidence: str = ""


@dataclass(frozen=True)
class Milestone:
    """A dated event, plan or statement, and its state."""

    name: str
    kind: str
    title: str
    when: str
    date: pd.Timestamp
    state: str
    state_text: str
    cite: Markdown


@dataclass(frozen=True)
class Contradiction:
    """Sources that disagree, and what they say."""

    name: str
    chapter: str
    title: str
    text: str
    figures: tuple[Figure, ...]
    cite: Markdown


@dataclass(frozen=True)
class Forecast:
    """What an edition expects of a count on a day.

    Attributes
    ----------
    when : str
    median, low, high : str
        Middle and bounds of the 80 % interval, rounded and with the unit on the last one.
    values : dict of float to float
        Quantiles by level.
    """

    when: str
    date: pd.Timestamp
    median: str
    low: str
    high: str
    values: dict[float, float]


@dataclass(frozen=True)
class Correction:
    """A figure set aside or read otherwise, and why."""

    what: str
    value: str
    when: str
    read_as: str
    reason: str
    cite: Markdown


class Facts:
    """An edition's facts in one language.

    Parameters
    ----------
    edition : bilan.editions.Edition
    lang : {"fr", "en"}
    """

    def __init__(self, edition: Edition, lang: str):
        self.edition, self.lang, self.words = edition, lang, Wording(lang)
        self.tables = tables.read_all(edition.id)
        self._series: dict[str, list[Figure]] = {}
        self.units = self.tables["units"].set_index("unit").to_dict("index")
        self.indicators = self.tables["indicators"].set_index("indicator")
        self._about = self.indicators.to_dict("index")

    # -------------------------------------------------------------- figures

    def unit(self, indicator: str) -> dict[str, str]:
        """Return the unit of an indicator, a row of ``units``."""
        return self.units[self._about[indicator]["unit"]]

    def name(self, indicator: str) -> str:
        """Return an indicator's name, with what it is about where the name doesn't say it."""
        about = self._about[indicator]
        name, entity = about[f"name_{self.lang}"], about[f"entity_{self.lang}"]
        words = [w for w in entity.casefold().split() if len(w) > 2]
        said = sum(w in name.casefold() for w in words)
        return name if 2 * said >= len(words) else f"{name} ({entity})"

    def in_sentence(self, name: str) -> str:
        """Return a name as it stands inside a sentence: a capital only where it is proper."""
        first = name.split()[0].strip("«»“”’")
        proper = {w for entity in self.indicators[f"entity_{self.lang}"] for w in entity.split()}
        if first in proper or first[1:] != first[1:].lower():
            return name
        return name[0].lower() + name[1:]

    def limits(self, indicator: str) -> dict:
        """Return what bounds a count: whether it can't fall, and what it can't pass."""
        about = self._about.get(indicator)
        if about is None:
            return {"cumulative": False, "ceiling": np.inf}
        ceiling = np.inf if pd.isna(about["ceiling"]) else float(about["ceiling"])
        return {"cumulative": bool(about["cumulative"]), "ceiling": ceiling}

    def _figure(self, row: dict, *key: str) -> Figure:
        row_of = (row["indicator"], row["date"].date(), row["source_id"], "value")
        key = key or ("observations", self.edition.id, *row_of)
        if self._about[row["indicator"]]["unit"] == "rank":
            bare = self.words.ordinal(int(row["value"]))
        else:
            bare = self.words.quantity(row["value"], self.unit(row["indicator"]))
        return Figure(
            value=float(row["value"]),
            text=said(self.words.qualified(bare, row["qualifier"]), *key),
            bare=said(bare, *key),
            number=said(self.words.large(row["value"]), *key),
            when=self.words.during(row["date"].date(), row["precision"]),
            date=row["date"],
            qualifier=row["qualifier"],
            precision=row["precision"],
            source=row["source_id"],
            confidence=row["confidence"],
            cite=cite(row["source_id"]),
        )

    def series(self, indicator: str) -> list[Figure]:
        """Return the usable figures of an indicator, one a day, oldest first."""
        if indicator not in self._series:
            self._series[indicator] = [self._figure(row) for row in self._known.get(indicator, [])]
        return self._series[indicator]

    @cached_property
    def _known(self) -> dict[str, list[dict]]:
        return _by("indicator", programme.ordered(self.tables["observations"]))

    def claims(self, indicator: str) -> list[Figure]:
        """Return every figure of an indicator, the dubious ones too, oldest first."""
        table = self.tables["observations"]
        found = table[table["indicator"] == indicator].sort_values(["date", "source_id", "value"])
        return [self._figure(row) for row in found.to_dict("records")]

    def latest(self, indicator: str) -> Figure | None:
        """Return the last usable figure of an indicator."""
        return (self.series(indicator) or [None])[-1]

    def first(self, indicator: str) -> Figure | None:
        """Return the first usable figure of an indicator."""
        return (self.series(indicator) or [None])[0]

    def at(self, indicator: str, day: str) -> Figure | None:
        """Return the usable figure of an indicator on one day, YYYY-MM-DD."""
        return next((f for f in self.series(indicator) if f.date == pd.Timestamp(day)), None)

    def before(self, indicator: str, day: str) -> Figure | None:
        """Return the last usable figure of an indicator before one day, YYYY-MM-DD."""
        return ([f for f in self.series(indicator) if f.date < pd.Timestamp(day)] or [None])[-1]

    def fact(self, number: str) -> Figure | None:
        """Return the observation that carries a fact of the founding article, such as ``F29``."""
        table = self.tables["observations"]
        found = table[table["fact"] == number]
        return None if found.empty else self._figure(found.sort_values("date").iloc[-1].to_dict())

    # -------------------------------------------------------------- targets and milestones

    @cached_property
    def _chances(self) -> dict[str, float]:
        if "forecasts" not in self.tables:
            return {}
        found = self.tables["forecasts"].query("kind == 'target'")
        return dict(zip(found["target"], found["value"], strict=True))

    @cached_property
    def _targets(self) -> dict[str, Target]:
        return {
            row["target"]: self._target(row)
            for row in self.tables["target_states"].to_dict("records")
        }

    def _target(self, row: dict) -> Target:
        p = self._chances.get(row["target"]) if row["state"] == "open" else None
        dated = not pd.isna(row["date"])
        key = ("target_states", self.edition.id, row["target"], "value")
        chance = ("chance", self.edition.id, row["target"])
        return Target(
            name=row["target"],
            indicator=row["indicator"],
            label=self.name(row["indicator"]),
            value=known(row["value"], *key),
            text=said(self.words.quantity(row["value"], self.unit(row["indicator"])), *key),
            when=self.words.during(row["date"].date()) if dated else "",
            announced=self.words.during(row["announced_on"].date()),
            date=row["date"],
            state=row["state"],
            state_text=self.words.text(f"state.{row['state']}"),
            reached=self._reached(row),
            p=p,
            probability="" if p is None else said(self.words.probability(p), *chance),
            cite=cite(row["source_id"]),
            confidence=row["confidence"],
        )

    def _reached(self, row: dict) -> Figure | None:
        if pd.isna(row["reached"]):
            return None
        return self._figure(
            {
                "indicator": row["indicator"],
                "value": row["reached"],
                "qualifier": row["reached_qualifier"],
                "date": row["reached_on"],
                "precision": row["reached_precision"],
                "source_id": row["reached_source"],
                "confidence": "",
            },
            *("target_states", self.edition.id, row["target"], "reached"),
        )

    def target(self, name: str) -> Target | None:
        """Return a target by name, if it was announced by the cut-off day."""
        return self._targets.get(name)

    def targets(
        self, chapter: str = "", state: str = "", indicator: str = "", year: int = 0
    ) -> list[Target]:
        """Return targets by date, those of a chapter, state, indicator or year if given.

        A target that was announced again counts once.
        """
        return [
            t
            for t in self._distinct
            if (not chapter or self._about[t.indicator]["chapter"] == chapter)
            and (not state or t.state == state)
            and (not indicator or t.indicator == indicator)
            and (not year or t.date.year == year)
        ]

    @cached_property
    def _distinct(self) -> list[Target]:
        return [
            self._targets[t] for t in programme.distinct(self.tables["target_states"])["target"]
        ]

    def milestone(self, name: str) -> Milestone | None:
        """Return a milestone by name, if it was known by the cut-off day."""
        return next((m for m in self.milestones() if m.name == name), None)

    def milestones(self, chapter: str = "", kind: str = "") -> list[Milestone]:
        """Return milestones by date, those of a chapter or kind if given."""
        return [
            found
            for own_chapter, found in self._milestones
            if (not chapter or own_chapter == chapter) and (not kind or found.kind == kind)
        ]

    @cached_property
    def _milestones(self) -> list[tuple[str, Milestone]]:
        table = self.tables["milestone_states"]
        return [(row["chapter"], self._milestone(row)) for row in table.to_dict("records")]

    def _milestone(self, row: dict) -> Milestone:
        dated = not pd.isna(row["date"])
        return Milestone(
            name=row["milestone"],
            kind=row["kind"],
            title=row[f"title_{self.lang}"],
            when=self.words.during(row["date"].date(), row["precision"]) if dated else "",
            date=row["date"],
            state=row["state"],
            state_text=self.words.text(f"state.{row['state']}") if row["state"] else "",
            cite=cite(row["source_id"]),
        )

    def contradiction(self, name: str) -> Contradiction | None:
        """Return a contradiction by name, if it was known by the cut-off day."""
        return next((c for c in self.contradictions() if c.name == name), None)

    def contradictions(self, chapter: str = "") -> list[Contradiction]:
        """Return the contradictions known by the cut-off day, those of a chapter if given."""
        return [c for c in self._contradictions if not chapter or c.chapter == chapter]

    @cached_property
    def _contradictions(self) -> list[Contradiction]:
        observed = self.tables["observations"].sort_values(["date", "value"])
        members = _by("contradiction", observed)
        found = []
        for row in self.tables["contradictions"].itertuples():
            figures = tuple(self._figure(member) for member in members.get(row.contradiction, []))
            found.append(
                Contradiction(
                    name=row.contradiction,
                    chapter=row.chapter,
                    title=getattr(row, f"title_{self.lang}"),
                    text=getattr(row, f"text_{self.lang}"),
                    figures=figures,
                    cite=cite(*(f.source for f in figures)),
                )
            )
        return found

    # -------------------------------------------------------------- forecasts

    def forecast(self, series: str, day: str) -> Forecast | None:
        """Return what the edition expects of a count on a day of its forecast grid."""
        if "forecasts" not in self.tables:
            return None
        table = self.tables["forecasts"].query("subject == @series and kind == 'quantile'")
        table = table[table["date"] == pd.Timestamp(day)]
        if table.empty:
            return None
        values = dict(zip(table["level"].round(4), table["value"], strict=True))
        unit = self.unit(series)

        def rounded(level: float, say: Callable[[float], str]) -> str:
            key = ("forecasts", self.edition.id, series, "-", day, level)
            return said(say(significant(values[level], 2)), *key)

        def quantity(value: float) -> str:
            return self.words.quantity(value, unit)

        return Forecast(
            when=self.words.during(pd.Timestamp(day).date()),
            date=pd.Timestamp(day),
            median=rounded(0.5, quantity),
            low=rounded(0.1, self.words.large),
            high=rounded(0.9, quantity),
            values=values,
        )

    def forecast_days(self, series: str) -> list[str]:
        """Return the days a count was forecast for, YYYY-MM-DD, soonest first."""
        if "forecasts" not in self.tables:
            return []
        table = self.tables["forecasts"].query("subject == @series and kind == 'quantile'")
        return [d.strftime("%Y-%m-%d") for d in table["date"].drop_duplicates().sort_values()]

    def corrections(self) -> list[Correction]:
        """Return the figures that the edition sets aside or reads otherwise, oldest first."""
        table, found = self.tables["corrections"], []
        for row in table[table["table"] == "observations"].itertuples():
            key = editions.selector(row.key)
            if key["indicator"] not in self.indicators.index:
                continue
            value, unit = row.column == "value", self.unit(key["indicator"])
            day = pd.Timestamp(key["date"])
            found.append(
                (
                    day,
                    Correction(
                        what=self.name(key["indicator"]),
                        value=self.words.quantity(float(row.expected), unit) if value else "",
                        when=self.words.date(day.date(), "month"),
                        read_as=self.words.quantity(float(row.value), unit)
                        if value and row.action == "replace"
                        else "",
                        reason=getattr(row, f"reason_{self.lang}"),
                        cite=cite(row.source_id),
                    ),
                )
            )
        return [c for _, c in sorted(found, key=lambda pair: pair[0]) if c.value]


def _by(column: str, table: pd.DataFrame) -> dict[object, list[dict]]:
    """Return a table's rows by what stands in a column, in their order."""
    found: dict[object, list[dict]] = {}
    for row in table.to_dict("records"):
        found.setdefault(row[column], []).append(row)
    return found


def significant(value: float, figures: int) -> float:
    """Round a value to a few significant figures."""
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - figures + 1)
    return float(np.round(value / step) * step)

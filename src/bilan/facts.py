"""What a chapter can say: an edition's facts, already worded.

Chapters are templates. They ask :class:`Facts` for a figure, a target, a milestone or a
forecast and get back an object whose texts are right for the edition's language, or
``None`` when the edition doesn't know it. A sentence that depends on a number is chosen in
the chapter by testing these objects, never written for one edition.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bilan import editions, programme, tables
from bilan.editions import Edition
from bilan.wording import Wording


class Markdown(str):
    """Text that is already Markdown; every other text is escaped when it enters a chapter."""


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

    # -------------------------------------------------------------- figures

    def unit(self, indicator: str) -> dict[str, str]:
        """Return the unit of an indicator, a row of ``units``."""
        return self.units[self.indicators.at[indicator, "unit"]]

    def name(self, indicator: str) -> str:
        """Return an indicator's name."""
        return self.indicators.at[indicator, f"name_{self.lang}"]

    def limits(self, indicator: str) -> dict:
        """Return what bounds a count: whether it can't fall, and what it can't pass."""
        if indicator not in self.indicators.index:
            return {"cumulative": False, "ceiling": np.inf}
        about = self.indicators.loc[indicator]
        ceiling = np.inf if pd.isna(about["ceiling"]) else float(about["ceiling"])
        return {"cumulative": bool(about["cumulative"]), "ceiling": ceiling}

    def _figure(self, row: pd.Series) -> Figure:
        if self.indicators.at[row["indicator"], "unit"] == "rank":
            bare = self.words.ordinal(int(row["value"]))
        else:
            bare = self.words.quantity(row["value"], self.unit(row["indicator"]))
        return Figure(
            value=float(row["value"]),
            text=self.words.qualified(bare, row["qualifier"]),
            bare=bare,
            number=self.words.large(row["value"]),
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
            found = programme.series(self.tables["observations"], indicator)
            self._series[indicator] = [self._figure(row) for _, row in found.iterrows()]
        return self._series[indicator]

    def claims(self, indicator: str) -> list[Figure]:
        """Return every figure of an indicator, the dubious ones too, oldest first."""
        table = self.tables["observations"]
        found = table[table["indicator"] == indicator].sort_values(["date", "source_id", "value"])
        return [self._figure(row) for _, row in found.iterrows()]

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
        return None if found.empty else self._figure(found.sort_values("date").iloc[-1])

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
            row["target"]: self._target(row) for _, row in self.tables["target_states"].iterrows()
        }

    def _target(self, row: pd.Series) -> Target:
        p = self._chances.get(row["target"]) if row["state"] == "open" else None
        dated = not pd.isna(row["date"])
        return Target(
            name=row["target"],
            indicator=row["indicator"],
            label=self.name(row["indicator"]),
            value=float(row["value"]),
            text=self.words.quantity(row["value"], self.unit(row["indicator"])),
            when=self.words.during(row["date"].date()) if dated else "",
            announced=self.words.during(row["announced_on"].date()),
            date=row["date"],
            state=row["state"],
            state_text=self.words.text(f"state.{row['state']}"),
            reached=self._reached(row),
            p=p,
            probability="" if p is None else self.words.probability(p),
            cite=cite(row["source_id"]),
            confidence=row["confidence"],
        )

    def _reached(self, row: pd.Series) -> Figure | None:
        if pd.isna(row["reached"]):
            return None
        return self._figure(
            pd.Series(
                {
                    "indicator": row["indicator"],
                    "value": row["reached"],
                    "qualifier": row["reached_qualifier"],
                    "date": row["reached_on"],
                    "precision": row["reached_precision"],
                    "source_id": row["reached_source"],
                    "confidence": "",
                }
            )
        )

    def target(self, name: str) -> Target | None:
        """Return a target by name, if it was announced by the cut-off day."""
        return self._targets.get(name)

    def targets(
        self, chapter: str = "", state: str = "", indicator: str = "", year: int = 0
    ) -> list[Target]:
        """Return targets by date, those of a chapter, state, indicator or year if given."""
        return [
            t
            for t in self._targets.values()
            if (not chapter or self.indicators.at[t.indicator, "chapter"] == chapter)
            and (not state or t.state == state)
            and (not indicator or t.indicator == indicator)
            and (not year or t.date.year == year)
        ]

    def milestone(self, name: str) -> Milestone | None:
        """Return a milestone by name, if it was known by the cut-off day."""
        return next((m for m in self.milestones() if m.name == name), None)

    def milestones(self, chapter: str = "", kind: str = "") -> list[Milestone]:
        """Return milestones by date, those of a chapter or kind if given."""
        table = self.tables["milestone_states"]
        if chapter:
            table = table[table["chapter"] == chapter]
        if kind:
            table = table[table["kind"] == kind]
        return [self._milestone(row) for _, row in table.iterrows()]

    def _milestone(self, row: pd.Series) -> Milestone:
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
        found = []
        for row in self.tables["contradictions"].itertuples():
            members = observed[observed["contradiction"] == row.contradiction]
            figures = tuple(self._figure(member) for _, member in members.iterrows())
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

    # -------------------------------------------------------------- forecasts and ranks

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

        def said(level: float) -> str:
            return self.words.quantity(_rounded(values[level], 2), unit)

        return Forecast(
            when=self.words.during(pd.Timestamp(day).date()),
            date=pd.Timestamp(day),
            median=said(0.5),
            low=self.words.large(_rounded(values[0.1], 2)),
            high=said(0.9),
            values=values,
        )

    def forecast_days(self, series: str) -> list[str]:
        """Return the days a count was forecast for, YYYY-MM-DD, soonest first."""
        if "forecasts" not in self.tables:
            return []
        table = self.tables["forecasts"].query("subject == @series and kind == 'quantile'")
        return [d.strftime("%Y-%m-%d") for d in table["date"].drop_duplicates().sort_values()]

    def rank(self, index: str, vintage: str = "", country: str = "FR") -> Rank | None:
        """Return a published rank, of the last vintage unless one is named."""
        table = self.tables["ranks"]
        table = table[(table["index"] == index) & (table["country"] == country)]
        table = table[table["vintage"] == vintage] if vintage else table
        if table.empty:
            return None
        row = table.sort_values(["published_on", "reference_year"]).iloc[-1]
        return Rank(
            place=int(row["rank"]),
            text=self.words.ordinal(int(row["rank"])),
            of=int(row["n_countries"]),
            vintage=row["vintage"],
            year=int(row["reference_year"]),
            when=self.words.during(row["published_on"].date()),
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
        table, about = self.tables["scores"], self.tables["indices"].query("index == @index")
        if about.empty:
            return table.iloc[:0]
        dimension = about["dimension"].iloc[0]
        main = table[(table["index"] == index) & (table["dimension"] == dimension)]
        known = main[main["confidence"] != "low"].merge(
            self.tables["countries"][["country", "eu_from", "eu_until"]], on="country"
        )
        known = known.merge(
            self.tables["vintages"][["index", "vintage", "published_on"]], on=["index", "vintage"]
        )
        member = (known["eu_from"] <= known["published_on"]) & ~(
            known["eu_until"] <= known["published_on"]
        )
        return known[member].astype({"year": int}).sort_values(["vintage", "year", "country"])

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
        source = self.tables["vintages"].query("index == @index").set_index("vintage")["source_id"]
        mine = table[(table["country"] == country) & (table["of"] >= 20)]
        return [
            Place(
                vintage=row.vintage,
                year=int(row.year),
                place=int(row.place),
                text=self.words.ordinal(int(row.place)),
                of=int(row.of),
                score=float(row.value),
                mean=float(row.mean),
                cite=cite(source[row.vintage]),
            )
            for row in mine.itertuples()
            if not vintage or row.vintage == vintage
        ]

    def outlook(self, index: str, country: str = "FR") -> Outlook | None:
        """Return what the edition expects of a country's place in the next year of an index."""
        if "forecasts" not in self.tables:
            return None
        places = self.places(index, country=country)
        table = self.tables["forecasts"].query(
            f"subject == 'rank-{index}' and kind == 'rank' and country == @country"
        )
        if table.empty or not places:
            return None
        last, table = places[-1], table[table["date"] == table["date"].min()]
        chance = table.sort_values("level").set_index("level")["value"]

        def place(level: float) -> int:
            return int(chance.index[int(np.argmax(chance.cumsum().to_numpy() >= level - 1e-9))])

        return Outlook(
            year=int(table["date"].iloc[0].year),
            median=self.words.ordinal(place(0.5)),
            low=self.words.ordinal(place(0.1)),
            high=self.words.ordinal(place(0.9)),
            narrow=place(0.1) == place(0.9),
            gain=float(chance[chance.index < last.place].sum()),
            lose=float(chance[chance.index > last.place].sum()),
            last=last,
        )

    def full_name(self, indicator: str) -> str:
        """Return an indicator's name with what it is about, when the name doesn't say it."""
        name, entity = self.name(indicator), self.indicators.at[indicator, "entity"]
        words = [w for w in entity.casefold().split() if len(w) > 2]
        said = sum(w in name.casefold() for w in words)
        return name if 2 * said >= len(words) else f"{name} ({entity})"

    # -------------------------------------------------------------- earlier editions

    @cached_property
    def previous(self) -> Facts | None:
        """The edition before this one, or ``None`` for the first."""
        before = editions.earlier(self.edition.id)
        return Facts(before[-1], self.lang) if before else None

    def outcomes(self, indicator: str = "") -> list[Outcome]:
        """Return what was published since of the counts that earlier editions forecast."""
        table = self.tables.get("track_record", pd.DataFrame(columns=["subject"]))
        table = table[table["subject"] == indicator] if indicator else table
        return [self._outcome(row) for row in table.itertuples()]

    def _outcome(self, row) -> Outcome:
        side = "inside" if row.inside_80 else "above" if row.outcome > row.q90 else "below"
        return Outcome(
            edition=row.edition,
            indicator=row.subject,
            name=self.name(row.subject),
            figure=self.at(row.subject, str(row.date.date())),
            low=self.words.rounded(row.q10),
            high=self.words.quantity(_rounded(row.q90, 2), self.unit(row.subject)),
            side=side,
            far=not row.inside_95,
        )

    def records(self) -> list[Record]:
        """Return the mean errors of earlier forecasts of counts, where one can be computed."""
        table = self.tables.get("track_record", pd.DataFrame(columns=["crps"]))
        scored = table[table["crps"].notna()]
        return [
            Record(
                edition=edition,
                indicator=subject,
                name=self.name(subject),
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
        table = self.tables.get("track_targets", pd.DataFrame())
        return [
            Chance(
                edition=row.edition,
                target=self.target(row.target),
                p=row.probability,
                probability=self.words.probability(row.probability),
                met=bool(row.met),
            )
            for row in table.itertuples()
        ]

    def past_ranks(self, country: str = "FR") -> list[PastRank]:
        """Return a country's ranks that earlier editions forecast, once they are known."""
        table = self.tables.get("track_ranks", pd.DataFrame())
        if table.empty:
            return []
        names = self.tables["indices"].set_index("index")[f"name_{self.lang}"]
        found = []
        for (edition, subject, date), board in table.groupby(["edition", "subject", "date"]):
            own = board[board["country"] == country]
            if own.empty:
                continue
            row, index = own.iloc[0], subject.removeprefix("rank-")
            low, high, place = int(row["low"]), int(row["high"]), int(row["outcome"])
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
                    p=float(row["probability"]),
                    share=float(board["outcome"].between(board["low"], board["high"]).mean()),
                    countries=len(board),
                    rps=float(board["rps"].mean()),
                    rps_still=float(board["rps_no_change"].mean()),
                )
            )
        return found

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
                        what=self.full_name(key["indicator"]),
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


def _rounded(value: float, figures: int) -> float:
    if value == 0:
        return 0.0
    step = 10.0 ** (np.floor(np.log10(abs(value))) - figures + 1)
    return float(np.round(value / step) * step)

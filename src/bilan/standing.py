"""A country's place in an index: what was published, what is likely next, in words and charts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from bilan import charts, ranking, scoring
from bilan.europe import Europe
from bilan.exhibits import Exhibits, Table
from bilan.facts import Facts
from bilan.fanout import Place
from bilan.tips import Tips

#: A vintage that scores fewer years than this is joined with the ones before it.
ENOUGH_YEARS = 4
#: Years ahead that ranks are simulated for, in editions of the index.
STEPS = 3
SEED = 2020


@dataclass(frozen=True)
class Standing:
    """A country in one index, as known on an edition's cut-off day.

    Attributes
    ----------
    facts : bilan.facts.Facts
    index : str
        A name of ``indices``.
    country : str
        Two letters, as in ``countries``.
    """

    facts: Facts
    index: str
    country: str

    # -------------------------------------------------------------- scores

    @cached_property
    def about(self) -> pd.Series | None:
        """The index's row of ``indices``, or ``None`` if no vintage of it is known yet."""
        found = self.facts.tables["indices"].query("index == @self.index")
        return None if found.empty else found.iloc[0]

    @property
    def ended(self) -> bool:
        """Whether the index is known to have been discontinued."""
        return self.about is not None and not pd.isna(self.about["ended_on"])

    @cached_property
    def scores(self) -> pd.DataFrame:
        """Main scores of the states that were members when each vintage came out."""
        return Europe(self.facts).scores(self.index)

    @cached_property
    def panel(self) -> pd.DataFrame:
        """Scores to forecast from, one row a country and one column a year.

        The last vintage alone where it scores enough years by one method; otherwise each year
        by the last vintage that scores it. A country without a score in the last year has
        left the index.
        """
        table = self.scores
        complete = table.groupby(["vintage", "year"])["country"].transform("size") >= 20
        table = table[complete]
        if table.empty:
            return pd.DataFrame()
        last = table["vintage"].max()
        alone = table[table["vintage"] == last]
        if alone["year"].nunique() < ENOUGH_YEARS:
            alone = table.sort_values("vintage").drop_duplicates(["country", "year"], keep="last")
        return alone.pivot(index="country", columns="year", values="value").sort_index()

    @cached_property
    def vintage(self) -> str:
        """The last vintage that scores all member states."""
        table = self.scores
        size = table.groupby(["vintage", "year"])["country"].transform("size")
        return str(table[size >= 20]["vintage"].max())

    def ranks(self) -> pd.DataFrame:
        """Return every country's rank by vintage and year, as recomputed from the scores.

        Returns
        -------
        pandas.DataFrame
            ``vintage``, ``year``, ``country``, ``rank``, ``of`` (countries ranked). Only years
            that a vintage scores for at least twenty member states.
        """
        groups = self.scores.groupby(["vintage", "year"])
        table = self.scores.assign(
            rank=groups["value"].rank(ascending=False, method="min").astype(int),
            of=groups["value"].transform("size"),
        )
        return table[table["of"] >= 20][["vintage", "year", "country", "rank", "of", "value"]]

    def published(self) -> pd.DataFrame:
        """Return the country's ranks as published at the time, oldest first."""
        table = self.facts.tables["ranks"]
        mine = table[(table["index"] == self.index) & (table["country"] == self.country)]
        return mine.sort_values(["reference_year", "vintage"])

    # -------------------------------------------------------------- what is likely

    @cached_property
    def simulation(self) -> tuple[list[int], list[str], np.ndarray] | None:
        """Years ahead, countries and rank probabilities (H, C, C); ``None`` without a forecast."""
        panel = self.panel
        if self.ended or panel.empty or panel.shape[1] < 3:
            return None
        present = panel[panel.iloc[:, -1].notna()]
        step = int(self.about["spacing_years"])
        years = [int(panel.columns[-1]) + step * k for k in range(1, STEPS + 1)]
        board = ranking.rank_probabilities(
            [int(y) for y in present.columns],
            list(present.index),
            present.to_numpy(),
            years,
            seed=SEED,
        )
        return years, list(present.index), board

    @property
    def _asked(self) -> tuple[list[int], list[str], np.ndarray, int, str]:
        """What the outlook for the next edition of the index is asked with."""
        present = self.panel[self.panel.iloc[:, -1].notna()]
        years = [int(year) for year in present.columns]
        countries = list(present.index)
        return years, countries, present.to_numpy(), self.simulation[0][0], self.country

    @cached_property
    def outlook(self) -> ranking.Outlook | None:
        """The country's rank in the next edition of the index."""
        if self.simulation is None or self.country not in self.simulation[1]:
            return None
        return ranking.outlook(*self._asked, seed=SEED)

    def sensitivity(self) -> pd.DataFrame | None:
        """Return that outlook made again without each year of the panel.

        Returns
        -------
        pandas.DataFrame or None
            As :func:`bilan.ranking.leave_one_out`; ``None`` without an outlook.
        """
        return None if self.outlook is None else ranking.leave_one_out(*self._asked, seed=SEED)

    def back_test(self) -> pd.DataFrame:
        """Forecast each later year of the panel from the years before it, three at least.

        Returns
        -------
        pandas.DataFrame
            As :func:`bilan.scoring.rolling_ranks`; empty where the panel is too short.
        """
        panel = self.panel
        return scoring.rolling_ranks(
            ranking.rank_probabilities,
            [int(y) for y in panel.columns],
            list(panel.index),
            panel.to_numpy(),
            seed=SEED,
        )

    def movement(self) -> pd.DataFrame:
        """Return how far ranks move by a change of method beside how far they move by time."""
        return ranking.movement(self.ranks()[["vintage", "year", "country", "value"]])

    # -------------------------------------------------------------- words

    def _say(self, key: str, **values: object) -> str:
        return self.facts.words.text(
            f"standing.{key}", country=self.name, index=self.index_name, **values
        )

    @cached_property
    def _country_names(self) -> dict[str, str]:
        table = self.facts.tables["countries"]
        return dict(zip(table["country"], table[f"name_{self.facts.lang}"], strict=True))

    def _country(self, code: str) -> str:
        return self._country_names[code]

    @property
    def name(self) -> str:
        """The country's name."""
        return self._country(self.country)

    @property
    def index_name(self) -> str:
        """The index's name."""
        return self.about[f"name_{self.facts.lang}"]

    def _names(self) -> dict[str, str]:
        return {code: self._country(code) for code in self.scores["country"].unique()}

    def _label(self, kind: str) -> str:
        return Place(self.index, self.country).label(kind)

    @property
    def _exhibits(self) -> Exhibits:
        return Exhibits(self.facts, Place(self.index, self.country).run)

    @cached_property
    def _sources(self) -> list[str]:
        vintages = self.facts.tables["vintages"].query("index == @self.index")
        return list(dict.fromkeys(vintages.sort_values("vintage")["source_id"]))

    # -------------------------------------------------------------- charts

    def figure_history(self) -> charts.Figure | None:
        """Return the rank over the years, by the method of each vintage."""
        table = self.ranks()
        mine = table[table["country"] == self.country]
        if mine.empty or self.panel.shape[1] < 2:
            return None
        drawn = self._history(table.assign(told=self._told(table)))
        last = mine[mine["vintage"] == mine["vintage"].max()].iloc[-1]
        words = self.facts.words
        own = drawn[
            (drawn["country"] == self.country) & (drawn["vintage"] == drawn["vintage"].iloc[-1])
        ]
        values = {
            "rank": words.ordinal(int(last["rank"])),
            "of": int(last["of"]),
            "year": int(last["year"]),
            "start": int(drawn["year"].min()),
            "before": words.ordinal(int(own.iloc[0]["rank"])),
            "since": int(own.iloc[0]["year"]),
        }
        label = self._label("fig-rank")
        chart = {
            "ranks": drawn.drop(columns="edition"),
            "country": self.country,
            "title": self._say("history.title", **values),
            "subtitle": self._say("history.subtitle", **values) + self._ranked(drawn),
            "names": self._names(),
        }
        return self._exhibits.figure(
            charts.rank_history,
            chart,
            label,
            table,
            caption=self._say("history.caption"),
            alt=self._transcription(drawn),
            sources=self._sources,
        )

    def _history(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the ranks to draw, named by their method."""
        if self.panel.shape[1] == self.scores.query("vintage == @self.vintage")["year"].nunique():
            # A single year makes no line, and a method that changes nothing needs none.
            lines = table[table.groupby("vintage")["year"].transform("nunique") > 1]
            lines = lines[lines["vintage"].isin(self._methods_apart(lines))]
            names = [self._say("method", vintage=v) for v in lines["vintage"]]
            return lines.assign(edition=lines["vintage"], vintage=names)
        # Vintages of one year each follow one another in a single line.
        return (
            table.sort_values("vintage")
            .drop_duplicates(["country", "year"], keep="last")
            .assign(edition=lambda t: t["vintage"], vintage=self.index_name)
        )

    def _ranked(self, drawn: pd.DataFrame) -> str:
        """Say among how many the ranks are counted, where that changes over the years."""
        fewest, most = int(drawn["of"].min()), int(drawn["of"].max())
        return "" if fewest == most else self._say("history.among", fewest=fewest, most=most)

    def _methods_apart(self, table: pd.DataFrame) -> list[str]:
        """List the last vintage and those that rank the country otherwise in some year."""
        mine = table[table["country"] == self.country]
        board = mine.pivot(index="year", columns="vintage", values="rank")
        last = board[self.vintage]
        differ = [v for v in board if (board[v].notna() & last.notna() & (board[v] != last)).any()]
        return [*differ, self.vintage]

    def _told(self, table: pd.DataFrame) -> list[str]:
        words, names, tips = self.facts.words, self._names(), Tips(self.facts)
        decimals = 1 if table["value"].max() > 1 else 3
        vintages = self.facts.tables["vintages"].query("index == @self.index")
        sources = vintages.set_index("vintage")["source_id"]
        return [
            tips.say(
                "rank",
                sources[row.vintage],
                country=names[row.country],
                year=row.year,
                rank=words.ordinal(row.rank),
                of=row.of,
                score=words.number(row.value, decimals),
                index=self.index_name,
                vintage=row.vintage,
            )
            for row in table.itertuples()
        ]

    def _transcription(self, drawn: pd.DataFrame) -> str:
        words = self.facts.words
        mine = drawn[drawn["country"] == self.country].sort_values(["edition", "year"])

        def places(rows: pd.DataFrame) -> str:
            return words.join(
                [f"{words.ordinal(int(r.rank))} ({r.year})" for r in rows.itertuples()]
            )

        if (mine["edition"] == mine["year"].astype(str)).all():
            return self._say("history.alt.own", places=places(mine))
        return " ".join(
            self._say("history.alt.vintage", vintage=vintage, places=places(rows))
            for vintage, rows in mine.groupby("edition")
        )

    def figure_next(self) -> charts.Figure | None:
        """Return the chance of each rank in the next edition of the index."""
        if self.outlook is None:
            return None
        words, look = self.facts.words, self.outlook
        year, low, high = look.year, look.low, look.high
        table = pd.DataFrame(
            {"rank": range(1, len(look.probabilities) + 1), "probability": look.probabilities}
        )
        values = {
            "low": words.ordinal(low),
            "high": words.ordinal(high),
            "year": year,
            "median": words.ordinal(look.median),
            "gain": words.chances(look.gain),
            "lose": words.chances(look.lose),
            "rank": words.ordinal(look.last_rank),
            "current": look.last_year,
        }
        key = "one" if low == high else "many"
        label = self._label("fig-next")
        told = [
            self.facts.words.text(
                "tip.chance",
                rank=words.ordinal(row.rank),
                year=year,
                chance=words.percent(row.probability)
                if row.probability >= 0.01
                else words.chances(row.probability),
            )
            for row in table.itertuples()
        ]
        chart = {
            "probabilities": table.assign(told=told),
            "title": self._say(f"next.title.{key}", **values),
            "subtitle": self._say("next.subtitle", **values),
            "interval": (low, high),
            "interval_label": self._say("next.interval"),
            "current": (look.last_rank, self._say("next.current", **values)),
        }
        return self._exhibits.figure(
            charts.rank_distribution,
            chart,
            label,
            table,
            caption=self._say("next.caption", **values),
            alt=self._say(f"next.alt.{key}", **values),
            sources=self._sources,
        )

    def figure_scores(self) -> charts.Figure | None:
        """Return every member state's score in the last year."""
        if self.panel.empty:
            return None
        words = self.facts.words
        year = int(self.panel.columns[-1])
        last = self.panel.iloc[:, -1].dropna()
        decimals = 1 if last.max() > 1 else 2
        table = pd.DataFrame(
            {
                "country": last.index,
                "score": last.to_numpy(),
                "label": [words.number(v, decimals) for v in last],
            }
        )
        mean = float(last.mean())
        above = self.country in last and last[self.country] >= mean
        values = {
            "year": year,
            "score": words.number(last.get(self.country, np.nan), decimals),
            "mean": words.number(mean, decimals),
            "of": len(last),
        }
        label = self._label("fig-scores")
        tips, names = Tips(self.facts), self._names()
        places = last.rank(ascending=False, method="min").astype(int)
        told = [
            tips.say(
                "score",
                self._sources[-1],
                country=names[row.country],
                year=year,
                score=row.label,
                rank=words.ordinal(places[row.country]),
                of=len(last),
            )
            for row in table.itertuples()
        ]
        chart = {
            "scores": table.assign(told=told),
            "country": self.country,
            "title": self._say(f"scores.title.{'above' if above else 'below'}", **values),
            "subtitle": self._say("scores.subtitle", **values),
            "mean": (mean, self._say("scores.mean", **values)),
            "names": names,
        }
        best = last.sort_values(ascending=False)
        return self._exhibits.figure(
            charts.dot_plot,
            chart,
            label,
            table[["country", "score"]],
            caption=self._say("scores.caption", **values),
            alt=self._say(
                "scores.alt",
                best=self._country(best.index[0]),
                top=words.number(best.iloc[0], decimals),
                worst=self._country(best.index[-1]),
                bottom=words.number(best.iloc[-1], decimals),
                **values,
            ),
            sources=self._sources[-1:],
        )

    # -------------------------------------------------------------- tables

    def table_needed(self) -> Table | None:
        """Return the score the country would have needed for each of the next five places."""
        if self.outlook is None or self.outlook.needed.empty:
            return None
        words = self.facts.words
        last = self.panel.iloc[:, -1].dropna()
        decimals = 1 if last.max() > 1 else 3
        own = float(last[self.country])
        rows = [
            [
                words.ordinal(int(row.rank)),
                self._country(row.held_by),
                words.number(row.score_then, decimals),
                self._missing(row.missing_then, decimals),
                self._say(
                    "needed.range",
                    low=words.number(row.score_low, decimals),
                    high=words.number(row.score_high, decimals),
                ),
            ]
            for row in self.outlook.needed.itertuples()
        ]
        values = {
            "year": self.outlook.last_year,
            "next": self.outlook.year,
            "score": words.number(own, decimals),
        }
        columns = ("place", "holder", "then", "gap", "expected")
        return Table(
            label=self._label("tbl-needed"),
            caption=self._say("needed.caption", **values),
            header=[self._say(f"needed.{c}", **values) for c in columns],
            rows=rows,
            align="rlrrr",
            sources=self._sources[-1:],
        )

    def _missing(self, gap: float, decimals: int) -> str:
        # A gap is never nothing: a country level with the next holds the next one's place.
        if round(gap, decimals):
            return self.facts.words.number(gap, decimals)
        return self._say("needed.less", step=self.facts.words.number(10**-decimals, decimals))

    def table_movement(self) -> Table | None:
        """Return how far ranks move by method alone beside how far they move in a year."""
        table = self.movement()
        if table["kind"].nunique() < 2:
            return None
        words = self.facts.words
        summed = table.groupby("kind", as_index=False).agg(
            comparisons=("kind", "size"), mean=("mean_places", "mean"), largest=("largest", "max")
        )
        rows = [
            [
                self._say(f"movement.{row.kind}"),
                words.number(row.comparisons),
                words.number(row.mean, 1),
                words.number(row.largest),
            ]
            for row in summed.itertuples()
        ]
        label = self._label("tbl-movement")
        return Table(
            label=label,
            caption=self._say("movement.caption"),
            header=[self._say(f"movement.{c}") for c in ("what", "comparisons", "mean", "largest")],
            rows=rows,
            align="lrrr",
            sources=self._sources,
            data=self._exhibits.publish(table, label),
        )

"""The track record in figures and tables: past fans, and how past odds turned out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bilan import charts, forecasts, programme
from bilan.exhibits import Exhibits, Table
from bilan.facts import Facts
from bilan.growth import LABELS
from bilan.tips import Tips


@dataclass(frozen=True)
class Record:
    """How earlier editions' forecasts turned out, ready to be drawn and told.

    Attributes
    ----------
    facts : bilan.facts.Facts
        What the scoring edition knows.
    states : pandas.DataFrame
        Its targets, as :mod:`bilan.programme` judges them.
    """

    facts: Facts
    states: pd.DataFrame

    @property
    def exhibits(self) -> Exhibits:
        """What makes the figures and tables of this run."""
        return Exhibits(self.facts, "programme")

    def _say(self, key: str, **values: object) -> str:
        return self.facts.words.text(f"record.{key}", **values)

    def figure_track(
        self, subject: str, past: dict[str, tuple[pd.DataFrame, pd.DataFrame]]
    ) -> charts.Figure | None:
        """Return the first fan an earlier edition drew of a count, with what happened since.

        Parameters
        ----------
        subject : str
            The count.
        past : dict of str to (DataFrame, DataFrame)
            By edition, oldest first: its forecasts and the observations it knew.
        """
        for year, (table, known) in past.items():
            fan = forecasts.fan(table, subject)
            seen = programme.series(known, subject)
            if fan.empty or seen.empty:
                continue
            since = programme.series(self.facts.tables["observations"], subject)
            since = since[
                (since["date"] > seen["date"].iloc[-1]) & (since["date"] <= fan["date"].iloc[-1])
            ]
            if since.empty:
                return None
            return self._track(subject, year, fan, seen, since)
        return None

    def _track(self, subject, year, fan, seen, since) -> charts.Figure:
        words = self.facts.words
        last = since.iloc[-1]
        line = fan.set_index("date")[["q10", "q90"]]
        line = line.reindex(line.index.union([last["date"]])).interpolate("time").loc[last["date"]]
        place = (
            "above"
            if last["value"] > line["q90"]
            else "below"
            if last["value"] < line["q10"]
            else "inside"
        )
        values = {
            "name": self.facts.name(subject),
            "year": year,
            "value": self.exhibits.quantity(subject, last["value"], last["qualifier"]),
            "when": words.during(last["date"].date(), last["precision"]),
            "low": words.rounded(line["q10"]),
            "high": self.exhibits.quantity(subject, float(f"{line['q90']:.2g}")),
        }
        start = {
            "date": seen["date"].iloc[-1],
            **dict.fromkeys(forecasts.FAN.values(), seen["value"].iloc[-1]),
        }
        label, tips = LABELS[subject].replace("fig-", "fig-track-"), Tips(self.facts)
        told = fan.assign(told=tips.forecasts(fan, subject))
        chart = {
            "observed": seen.assign(told=tips.figures(seen)),
            "quantiles": pd.concat([pd.DataFrame([start]), told], ignore_index=True),
            "outcome": since.assign(told=tips.figures(since)),
            "title": self._say(f"title.{place}", **values),
            "subtitle": self._say("subtitle", **values),
            "labels": {"outcome": words.large(last["value"])},
        }
        columns = ["date", "precision", "value", "qualifier", "source_id"]
        data = pd.concat(
            [
                seen[columns].assign(kind="known"),
                fan.assign(kind="forecast"),
                since[columns].assign(kind="outcome"),
            ],
            ignore_index=True,
        )
        return self.exhibits.figure(
            charts.fan,
            chart,
            label,
            data,
            caption=self._say("caption", **values),
            alt=self._say(f"alt.{place}", **values),
            sources=list(dict.fromkeys(since["source_id"])),
        )

    def table_track(self, summary: pd.DataFrame) -> Table | None:
        """Return how past forecasts of counts did, by edition and count.

        Parameters
        ----------
        summary : pandas.DataFrame
            As :func:`bilan.track.summary` returns.

        Returns
        -------
        bilan.exhibits.Table or None
            ``None`` where nothing has been scored yet.
        """
        if summary.empty:
            return None
        words = self.facts.words
        rows = [
            [
                r.edition,
                self.facts.name(r.subject),
                words.number(r.outcomes),
                words.percent(r.inside_80),
                words.percent(r.inside_95),
                *(self._score(v) for v in (r.crps, r.crps_drift, r.crps_no_change)),
            ]
            for r in summary.itertuples()
        ]
        columns = (
            "edition",
            "what",
            "outcomes",
            "inside_80",
            "inside_95",
            "crps",
            "drift",
            "still",
        )
        return Table(
            label="tbl-track",
            caption=self._say("counts"),
            header=[self._say(f"{c}") for c in columns],
            rows=rows,
            align="llrrrrrr",
            data=self.exhibits.publish(summary, "tbl-track"),
        )

    def _score(self, value: float) -> str:
        return "–" if pd.isna(value) else self.facts.words.rounded(value)

    def table_track_targets(self, scored: pd.DataFrame) -> Table | None:
        """Return each probability that was given to a target, and whether it was met.

        Parameters
        ----------
        scored : pandas.DataFrame
            As :func:`bilan.track.of_targets` returns.

        Returns
        -------
        bilan.exhibits.Table or None
            ``None`` where nothing has been scored yet.
        """
        if scored.empty:
            return None
        words, goals = self.facts.words, self.states.set_index("target")
        rows = [
            [
                r.edition,
                self.facts.name(r.subject),
                self.exhibits.quantity(r.subject, goals.at[r.target, "value"]),
                words.date(r.date.date(), "month"),
                words.probability(r.probability),
                self._say("yes" if r.met else "no"),
                words.number(r.brier, 2),
            ]
            for r in scored.itertuples()
        ]
        columns = ("edition", "what", "goal", "due", "chance", "met", "brier")
        return Table(
            label="tbl-track-targets",
            caption=self._say("targets"),
            header=[self._say(f"{c}") for c in columns],
            rows=rows,
            align="llllllr",
            data=self.exhibits.publish(scored, "tbl-track-targets"),
        )

    def table_track_ranks(self, scored: pd.DataFrame) -> Table | None:
        """Return how past rank forecasts did, by edition and index, all countries together.

        Parameters
        ----------
        scored : pandas.DataFrame
            As :func:`bilan.track.of_ranks` returns.

        Returns
        -------
        bilan.exhibits.Table or None
            ``None`` where nothing has been scored yet.
        """
        if scored.empty:
            return None
        words = self.facts.words
        inside = scored["outcome"].between(scored["low"], scored["high"])
        table = scored.assign(inside=inside).groupby(["edition", "subject", "date"], as_index=False)
        summed = table.agg(
            countries=("country", "size"),
            inside=("inside", "mean"),
            rps=("rps", "mean"),
            still=("rps_no_change", "mean"),
        )
        mine = scored[scored["country"] == "FR"].set_index(["edition", "subject", "date"])
        indices = self.facts.tables["indices"].set_index("index")
        rows = []
        for r in summed.itertuples():
            name = indices.at[r.subject.removeprefix("rank-"), f"name_{self.facts.lang}"]
            own = mine.loc[(r.edition, r.subject, r.date)]
            rows.append(
                [
                    r.edition,
                    f"{name} {r.date.year}",
                    self._say(
                        "between",
                        low=words.ordinal(own["low"]),
                        high=words.ordinal(own["high"]),
                    ),
                    words.ordinal(int(own["outcome"])),
                    words.percent(r.inside),
                    words.number(100 * r.rps, 1),
                    words.number(100 * r.still, 1),
                ]
            )
        columns = ("edition", "index", "range", "outcome", "inside_80", "rps", "rps_still")
        return Table(
            label="tbl-track-ranks",
            caption=self._say("ranks"),
            header=[self._say(f"{c}") for c in columns],
            rows=rows,
            align="lllrrrr",
            data=self.exhibits.publish(summed, "tbl-track-ranks"),
        )

"""The programme's figures and tables: targets, milestones, measures, changes, track record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from bilan import charts, forecasts, programme, tables
from bilan.exhibits import Table
from bilan.facts import Facts, Markdown, cite
from bilan.growth import LABELS

RUN = "programme"
#: Plain series that a chapter shows: label, indicators, whether they are shares.
MEASURES = {
    "fig-services": (("franceconnect-services",), False),
    "fig-france-identite": (("france-identite-users",), False),
    "fig-messages": (("tchap-messages-month",), False),
    "fig-apis": (("api-gouv-sheets", "api-gouv-open-sheets"), False),
    "fig-procedures": (("key-procedures-online-share",), True),
    "fig-webconf-month": (("webconf-conferences-max",), False),
}
#: Fewer dated figures than this make a sentence, not a chart.
ENOUGH_TO_DRAW = 3


@dataclass(frozen=True)
class Chantiers:
    """Everything that is not a modelled count or a rank, ready to be drawn and told.

    Attributes
    ----------
    facts : bilan.facts.Facts
    states, milestones : pandas.DataFrame
        As :mod:`bilan.programme` judges them.
    """

    facts: Facts
    states: pd.DataFrame
    milestones: pd.DataFrame

    def _say(self, key: str, **values: object) -> str:
        return self.facts.words.text(f"chantiers.{key}", **values)

    def _quantity(self, indicator: str, value: float, qualifier: str = "exact") -> str:
        return self.facts.words.quantity(value, self.facts.unit(indicator), qualifier)

    def _data(self, table: pd.DataFrame, label: str) -> str:
        return tables.write_figure_data(table, self.facts.edition.id, RUN, label)

    def _figure(self, draw, chart: dict, label: str, data: pd.DataFrame, **words) -> charts.Figure:
        chart = {**chart, "lang": self.facts.lang}
        return charts.figure(
            draw(**chart),
            label,
            lang=self.facts.lang,
            narrow=draw(**chart, narrow=True),
            data=self._data(data, label),
            **words,
        )

    # -------------------------------------------------------------- targets

    def table_targets(self, chances: dict[str, float]) -> Table:
        """Return every target with its state, what was reached, and its chance if open.

        Parameters
        ----------
        chances : dict of str to float
            Probability of meeting a target, by its name.
        """
        words = self.facts.words
        rows = []
        for row in self.states.itertuples():
            reached = "–"
            if not pd.isna(row.reached):
                told = self._quantity(row.indicator, row.reached, row.reached_qualifier)
                when = words.date(row.reached_on.date(), row.reached_precision)
                reached = Markdown(f"{_plain(told)} ({_plain(when)}) {cite(row.reached_source)}")
            rows.append(
                [
                    self.facts.name(row.indicator),
                    Markdown(f"{_plain(self._goal(row))} {cite(row.source_id)}"),
                    words.date(row.date.date(), "month") if not pd.isna(row.date) else "–",
                    reached,
                    self._state(row, chances),
                ]
            )
        return Table(
            label="tbl-targets",
            caption=self._say("targets.caption", as_of=words.date(self.facts.edition.as_of)),
            header=[self._say(f"targets.{c}") for c in ("what", "goal", "due", "reached", "state")],
            rows=rows,
            align="lrlrl",
            data=self._data(self.states, "tbl-targets"),
        )

    def _goal(self, row) -> str:
        return self._quantity(row.indicator, row.value)

    def _state(self, row, chances: dict[str, float]) -> str:
        state = self.facts.words.text(f"state.{row.state}")
        if row.state == "open" and row.target in chances:
            return f"{state} : {self.facts.words.probability(chances[row.target])}"
        return state

    def figure_progress(self) -> charts.Figure | None:
        """Return how much of each dated target was reached."""
        dated = self.states[self.states["state"] != "undated"]
        if dated.empty:
            return None
        words = self.facts.words
        table = pd.DataFrame(
            {
                "label": [
                    self._say(
                        "progress.label",
                        what=self.facts.name(r.indicator),
                        goal=self._goal(r),
                        year=r.date.year,
                    )
                    for r in dated.itertuples()
                ],
                "share": dated["reached"].astype(float).to_numpy() / dated["value"].to_numpy(),
                "state": [_bar_state(s) for s in dated["state"]],
                "text": [self._progress_text(r) for r in dated.itertuples()],
            }
        )
        counts = dated["state"].value_counts()
        values = {
            "total": len(dated),
            "met": int(counts.get("met", 0)),
            "missed": int(counts.get("missed", 0) + counts.get("late", 0)),
            "open": int(counts.get("open", 0)),
            "unmeasured": int(counts.get("unmeasured", 0)),
            "as_of": words.date(self.facts.edition.as_of),
        }
        chart = {
            "targets": table,
            "title": self._say("progress.title", **values),
            "subtitle": self._say("progress.subtitle", **values),
            "target_label": self._say("progress.target"),
        }
        return self._figure(
            charts.progress,
            chart,
            "fig-progress",
            dated,
            caption=self._say("progress.caption", **values),
            alt=self._say("progress.alt", **values),
            sources=(),
        )

    def _progress_text(self, row) -> str:
        state = self.facts.words.text(f"state.{row.state}")
        if pd.isna(row.reached):
            return state
        reached = self._quantity(row.indicator, row.reached, row.reached_qualifier)
        return f"{reached}, {state}"

    # -------------------------------------------------------------- milestones

    def figure_timeline(self) -> charts.Figure | None:
        """Return the programme's dated events and plans on one axis."""
        table = self.milestones[self.milestones["kind"].isin(["event", "plan", "outcome"])]
        table = table[table["date"].notna()]
        if table.empty:
            return None
        words = self.facts.words
        outcomes = table[table["kind"] == "outcome"].set_index("plan")["date"].to_dict()
        rows = table[table["kind"] != "outcome"]
        plan = rows["kind"] == "plan"
        drawn = pd.DataFrame(
            {
                "label": rows[f"title_{self.facts.lang}"],
                "planned": rows["date"].where(plan),
                "done": rows["date"].where(
                    ~plan, pd.to_datetime(rows["milestone"].map(outcomes.get))
                ),
            }
        )
        values = {
            "first": rows["date"].min().year,
            "last": rows["date"].max().year,
            "count": len(rows),
            "plans": int(plan.sum()),
            "as_of": words.date(self.facts.edition.as_of),
        }
        chart = {
            "milestones": drawn,
            "title": self._say("timeline.title", **values),
            "subtitle": self._say("timeline.subtitle", **values),
            "today": (str(self.facts.edition.as_of), self._say("timeline.today", **values)),
        }
        return self._figure(
            charts.timeline,
            chart,
            "fig-timeline",
            rows,
            caption=self._say("timeline.caption", **values),
            alt=self._say("timeline.alt", **values),
            sources=list(dict.fromkeys(rows["source_id"])),
        )

    # -------------------------------------------------------------- measures

    def figure_measure(self, label: str) -> charts.Figure | None:
        """Return one of ``MEASURES``, or ``None`` where there are too few figures to draw."""
        indicators, share = MEASURES[label]
        parts = [self._measured(i) for i in indicators]
        parts = [p for p in parts if len(p) >= ENOUGH_TO_DRAW]
        if not parts:
            return None
        words, table = self.facts.words, pd.concat(parts, ignore_index=True)
        lead = parts[0].iloc[-1]
        values = {
            "name": self.facts.name(lead["indicator"]),
            "names": words.join([self.facts.name(p["indicator"].iloc[0]) for p in parts]),
            "value": self._quantity(lead["indicator"], lead["value"], lead["qualifier"]),
            "when": words.during(lead["date"].date(), lead["precision"]),
            "start": self._quantity(
                lead["indicator"], parts[0]["value"].iloc[0], parts[0]["qualifier"].iloc[0]
            ),
            "since": words.during(parts[0]["date"].iloc[0].date(), parts[0]["precision"].iloc[0]),
            "first": words.date(table["date"].min().date(), "month"),
            "last": words.date(table["date"].max().date(), "month"),
        }
        drawn = table.assign(
            value=table["value"] / (100 if share else 1),
            series=[self.facts.name(i) for i in table["indicator"]],
        )
        chart = {
            "observed": drawn if len(parts) > 1 else drawn.drop(columns="series"),
            "title": self._say("measure.title", **values),
            "subtitle": self._say("measure.subtitle", **values),
            "percent": share,
            "points": len(table) < 40,
        }
        return self._figure(
            charts.series,
            chart,
            label,
            table[["indicator", "date", "value", "qualifier", "published_on", "source_id"]],
            caption=self._say("measure.caption", **values),
            alt=self._say("measure.alt", **values),
            sources=list(dict.fromkeys(table["source_id"])),
        )

    def _measured(self, indicator: str) -> pd.DataFrame:
        return programme.series(self.facts.tables["observations"], indicator)

    def figure_claim(self) -> charts.Figure | None:
        """Return the claim of 150,000 video-conferences a day beside what was measured (F24)."""
        claim = self.facts.milestone("video-conference-claim")
        claimed = self.facts.tables["observations"].query("fact == 'F24'")
        measured = self._measured("webconf-conferences-max")
        if claim is None or claimed.empty or measured.empty:
            return None
        words = self.facts.words
        said, peak = claimed.iloc[0], measured.loc[measured["value"].idxmax()]
        rows = [
            (
                self._say("claim.said"),
                said["value"],
                "claim",
                self._quantity(said["indicator"], said["value"]),
            ),
            (
                self._say("claim.measured", when=words.date(peak["date"].date(), "month")),
                peak["value"],
                "measured",
                self._quantity(peak["indicator"], peak["value"]),
            ),
        ]
        table = pd.DataFrame(rows, columns=["label", "value", "kind", "text"])
        values = {
            "claim": words.number(said["value"]),
            "peak": words.number(peak["value"]),
            "when": words.date(peak["date"].date(), "month"),
        }
        chart = {
            "rows": table,
            "title": self._say("claim.title", **values),
            "subtitle": self._say("claim.subtitle", **values),
        }
        return self._figure(
            charts.measurement_vs_claim,
            chart,
            "fig-claim",
            table[["label", "value", "kind"]],
            caption=self._say("claim.caption", **values),
            alt=self._say("claim.alt", **values),
            sources=[said["source_id"], peak["source_id"]],
        )

    def table_contradictions(self) -> Table | None:
        """Return the claims that contradict each other, each with its source."""
        words = self.facts.words
        rows = [
            [
                contradiction.title,
                Markdown(
                    "; ".join(
                        f"{_plain(f.text)} "
                        f"({_plain(words.date(f.date.date(), f.precision))}) {f.cite}"
                        for f in contradiction.figures
                    )
                ),
            ]
            for contradiction in self.facts.contradictions()
            if contradiction.figures
        ]
        if not rows:
            return None
        return Table(
            label="tbl-contradictions",
            caption=self._say("contradictions.caption"),
            header=[self._say("contradictions.what"), self._say("contradictions.claims")],
            rows=rows,
            align="ll",
        )

    # -------------------------------------------------------------- changes

    def table_changes(self, changes: pd.DataFrame, before: str) -> Table | None:
        """Return what moved since an earlier edition, largest first."""
        if changes.empty:
            return None
        words = self.facts.words
        rows = [
            [
                self.facts.name(r.indicator),
                self._quantity(r.indicator, r.before),
                self._quantity(r.indicator, r.after),
                self._ratio(r.ratio),
            ]
            for r in changes.itertuples()
        ]
        return (
            Table(
                label="tbl-changes",
                caption=self._say("changes.caption", before=before),
                header=[
                    self._say("changes.what"),
                    self._say("changes.edition", year=before),
                    self._say("changes.edition", year=self.facts.edition.id),
                    self._say("changes.ratio"),
                ],
                rows=rows,
                align="lrrr",
                data=self._data(changes, "tbl-changes"),
                sources=(),
            )
            if len(words.lang)
            else None
        )

    def _ratio(self, ratio: float) -> str:
        words = self.facts.words
        if ratio >= 2:
            return f"× {words.number(ratio, 1)}"
        sign = "+" if ratio >= 1 else ""
        return f"{sign}{words.percent(ratio - 1)}"

    # -------------------------------------------------------------- track record

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
            since = self._measured(subject)
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
            "value": self._quantity(subject, last["value"], last["qualifier"]),
            "when": words.during(last["date"].date(), last["precision"]),
            "low": words.rounded(line["q10"]),
            "high": self._quantity(subject, float(f"{line['q90']:.2g}")),
        }
        start = {
            "date": seen["date"].iloc[-1],
            **dict.fromkeys(forecasts.FAN.values(), seen["value"].iloc[-1]),
        }
        label = LABELS[subject].replace("fig-", "fig-track-")
        chart = {
            "observed": seen,
            "quantiles": pd.concat([pd.DataFrame([start]), fan], ignore_index=True),
            "outcome": since,
            "title": self._say(f"track.title.{place}", **values),
            "subtitle": self._say("track.subtitle", **values),
            "labels": {"outcome": words.large(last["value"])},
        }
        data = pd.concat(
            [
                seen[["date", "value", "source_id"]].assign(kind="known"),
                fan.assign(kind="forecast"),
                since[["date", "value", "source_id"]].assign(kind="outcome"),
            ],
            ignore_index=True,
        )
        return self._figure(
            charts.fan,
            chart,
            label,
            data,
            caption=self._say("track.caption", **values),
            alt=self._say(f"track.alt.{place}", **values),
            sources=list(dict.fromkeys(since["source_id"])),
        )

    def table_track(self, summary: pd.DataFrame) -> Table | None:
        """Return how past forecasts of counts did, by edition and count."""
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
            caption=self._say("track.table"),
            header=[self._say(f"track.{c}") for c in columns],
            rows=rows,
            align="llrrrrrr",
            data=self._data(summary, "tbl-track"),
        )

    def _score(self, value: float) -> str:
        return "–" if pd.isna(value) else self.facts.words.rounded(value)

    def table_track_targets(self, scored: pd.DataFrame) -> Table | None:
        """Return each probability that was given to a target, and whether it was met."""
        if scored.empty:
            return None
        words, goals = self.facts.words, self.states.set_index("target")
        rows = [
            [
                r.edition,
                self.facts.name(r.subject),
                self._quantity(r.subject, goals.at[r.target, "value"]),
                words.date(r.date.date(), "month"),
                words.probability(r.probability),
                self._say("track.yes" if r.met else "track.no"),
                words.number(r.brier, 2),
            ]
            for r in scored.itertuples()
        ]
        columns = ("edition", "what", "goal", "due", "chance", "met", "brier")
        return Table(
            label="tbl-track-targets",
            caption=self._say("track.targets"),
            header=[self._say(f"track.{c}") for c in columns],
            rows=rows,
            align="llrlllr",
            data=self._data(scored, "tbl-track-targets"),
        )

    def table_track_ranks(self, scored: pd.DataFrame) -> Table | None:
        """Return how past rank forecasts did, by edition and index, all countries together."""
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
                        "track.between",
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
            caption=self._say("track.ranks"),
            header=[self._say(f"track.{c}") for c in columns],
            rows=rows,
            align="lllrrrr",
            data=self._data(summed, "tbl-track-ranks"),
        )


def _bar_state(state: str) -> str:
    return {"late": "missed", "unmeasured": "unknown"}.get(state, state)


def _plain(text: str) -> str:
    from bilan.render import escape_markdown

    return escape_markdown(text)


def sources_of(parts: Sequence[pd.DataFrame]) -> list[str]:
    """Return the sources that tables rest on, in order of appearance."""
    return list(dict.fromkeys(s for part in parts for s in part["source_id"]))

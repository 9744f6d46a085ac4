"""The programme's figures and tables: targets, milestones, measures, claims and changes."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bilan import charts, programme
from bilan.exhibits import Exhibits, Table
from bilan.facts import Facts, Markdown, cite
from bilan.render.markdown import escape_markdown
from bilan.tips import Tips

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

    @property
    def exhibits(self) -> Exhibits:
        """What makes the figures and tables of this run."""
        return Exhibits(self.facts, "programme")

    def _say(self, key: str, **values: object) -> str:
        return self.facts.words.text(f"chantiers.{key}", **values)

    def table_targets(self, chances: dict[str, float]) -> Table:
        """Return every target with its state, what was reached, and its chance if open.

        Parameters
        ----------
        chances : dict of str to float
            Probability of meeting a target, by its name.
        """
        words = self.facts.words
        rows = [
            [
                self.facts.name(row.indicator),
                self._state(row, chances),
                _sourced(self.exhibits.quantity(row.indicator, row.value), *row.sources),
                words.date(row.date.date(), "month") if not pd.isna(row.date) else "–",
                self._reached(row),
            ]
            for row in programme.distinct(self.states).itertuples()
        ]
        return Table(
            label="tbl-targets",
            caption=self._say("targets.caption", as_of=words.date(self.facts.edition.as_of)),
            header=[self._say(f"targets.{c}") for c in ("what", "state", "goal", "due", "reached")],
            rows=rows,
            align="lllll",
            data=self.exhibits.publish(self.states, "tbl-targets"),
        )

    def _reached(self, row) -> str:
        if pd.isna(row.reached):
            return "–"
        when = self.facts.words.date(row.reached_on.date(), row.reached_precision)
        told = self.exhibits.quantity(row.indicator, row.reached, row.reached_qualifier)
        return _sourced(f"{told} ({when})", row.reached_source)

    def _state(self, row, chances: dict[str, float]) -> str:
        state = self.facts.words.text(f"state.{row.state}")
        if row.state == "open" and row.target in chances:
            told = self.facts.words.probability(chances[row.target])
            return self._say("targets.chance", state=state, probability=told)
        return state

    def figure_progress(self) -> charts.Figure | None:
        """Return how much was reached of each dated target that something measured."""
        dated = programme.distinct(self.states).drop(columns="sources")
        dated = dated[dated["state"] != "undated"]
        drawn = dated[dated["reached"].notna()]
        if drawn.empty:
            return None
        words = self.facts.words
        table = pd.DataFrame(
            {
                "label": [
                    self._say(
                        "progress.label",
                        what=self.facts.name(r.indicator),
                        goal=self.exhibits.quantity(r.indicator, r.value),
                        year=r.date.year,
                    )
                    for r in drawn.itertuples()
                ],
                "share": drawn["reached"].astype(float).to_numpy() / drawn["value"].to_numpy(),
                "state": [_bar_state(s) for s in drawn["state"]],
                "text": [self._progress_text(r) for r in drawn.itertuples()],
            }
        )
        table["told"] = Tips(self.facts).progress(drawn, table["label"], table["text"])
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
            "title": words.plural("chantiers.progress.title", values["met"], **values),
            "subtitle": self._say("progress.subtitle", **values),
            "target_label": self._say("progress.target"),
        }
        return self.exhibits.figure(
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
        reached = self.exhibits.quantity(row.indicator, row.reached, row.reached_qualifier)
        return f"{reached}, {state}"

    def figure_timeline(self) -> charts.Figure | None:
        """Return the programme's dated events and plans on one axis."""
        table = self.milestones[self.milestones["kind"].isin(["event", "plan", "outcome"])]
        table = table[table["date"].notna()]
        if table.empty:
            return None
        words = self.facts.words
        # A date known by its year or month only can't lie after the day it was told.
        table = table.assign(
            date=table[["date", "published_on"]]
            .min(axis=1)
            .where(table["kind"] == "event", table["date"])
        )
        done = table[(table["kind"] == "outcome") & (table["state"] != "partly")]
        outcomes = done.set_index("plan")["date"].to_dict()
        rows = table[table["kind"] != "outcome"]
        plan = rows["kind"] == "plan"
        drawn = pd.DataFrame(
            {
                "label": [self._milestone(row) for row in rows.itertuples()],
                "planned": rows["date"].where(plan),
                "done": rows["date"].where(
                    ~plan, pd.to_datetime(rows["milestone"].map(outcomes.get))
                ),
            }
        )
        drawn["told"] = Tips(self.facts).milestones(drawn, rows)
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
        return self.exhibits.figure(
            charts.timeline,
            chart,
            "fig-timeline",
            rows,
            caption=self._say("timeline.caption", **values),
            alt=self._say("timeline.alt", **values),
            sources=list(dict.fromkeys(rows["source_id"])),
        )

    def _milestone(self, row) -> str:
        """Return a milestone's title; a plan that was kept in part says so."""
        title = getattr(row, f"title_{self.facts.lang}")
        if row.state != "partly":
            return title
        return self._say("timeline.partly", title=title)

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
            "value": self.exhibits.quantity(lead["indicator"], lead["value"], lead["qualifier"]),
            "when": words.during(lead["date"].date(), lead["precision"]),
            "start": self.exhibits.quantity(
                lead["indicator"], parts[0]["value"].iloc[0], parts[0]["qualifier"].iloc[0]
            ),
            "since": words.during(parts[0]["date"].iloc[0].date(), parts[0]["precision"].iloc[0]),
            "first": words.date(table["date"].min().date(), "month"),
            "last": words.date(table["date"].max().date(), "month"),
        }
        drawn = table.assign(
            value=table["value"] / (100 if share else 1),
            series=[self.facts.name(i) for i in table["indicator"]],
            told=Tips(self.facts).figures(table, named=len(parts) > 1),
        )
        chart = {
            "observed": drawn if len(parts) > 1 else drawn.drop(columns="series"),
            "title": self._say("measure.title", **values),
            "subtitle": self._say("measure.subtitle", **values),
            "percent": share,
            "points": len(table) < 40,
        }
        return self.exhibits.figure(
            charts.series,
            chart,
            label,
            table[
                [
                    "indicator",
                    "date",
                    "precision",
                    "value",
                    "qualifier",
                    "published_on",
                    "source_id",
                ]
            ],
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
                self.exhibits.quantity(said["indicator"], said["value"]),
            ),
            (
                self._say("claim.measured", when=words.date(peak["date"].date(), "month")),
                peak["value"],
                "measured",
                self.exhibits.quantity(peak["indicator"], peak["value"]),
            ),
        ]
        table = pd.DataFrame(rows, columns=["label", "value", "kind", "text"])
        table["told"] = Tips(self.facts).claims(table, [said["source_id"], peak["source_id"]])
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
        return self.exhibits.figure(
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
                    self._say("contradictions.between").join(
                        f"{escape_markdown(f.text)} "
                        f"({escape_markdown(words.date(f.date.date(), f.precision))}) {f.cite}"
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

    def table_changes(self, changes: pd.DataFrame, before: str) -> Table | None:
        """Return what moved since an earlier edition, largest first."""
        if changes.empty:
            return None
        rows = [
            [
                self.facts.name(r.indicator),
                self.exhibits.quantity(r.indicator, r.before),
                self.exhibits.quantity(r.indicator, r.after),
                self._difference(r),
            ]
            for r in changes.itertuples()
        ]
        return Table(
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
            data=self.exhibits.publish(changes, "tbl-changes"),
        )

    def _difference(self, row) -> str:
        """Return how far a figure moved: points for a share, a factor or a percentage else."""
        words = self.facts.words
        if row.after == row.before:
            return "="
        sign = "+" if row.after > row.before else ""
        if self.facts.indicators.at[row.indicator, "unit"] == "percent":
            moved = round(row.after - row.before)
            return words.plural(
                "chantiers.changes.points", moved, value=f"{sign}{words.number(moved)}"
            )
        if row.ratio >= 2:
            return f"× {words.number(row.ratio, 1 if row.ratio < 10 else 0)}"
        return f"{sign}{words.percent(row.ratio - 1)}"


def _bar_state(state: str) -> str:
    return {"late": "missed", "unmeasured": "unknown"}.get(state, state)


def _sourced(text: str, *sources: str) -> Markdown:
    return Markdown(f"{escape_markdown(text)}\u00a0{cite(*sources)}")

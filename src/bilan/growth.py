"""What the review says of a count: the fan chart, its finding, caption and transcription."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from bilan import charts, forecasts
from bilan.adoption import Model
from bilan.exhibits import Exhibits
from bilan.facts import Facts
from bilan.tips import Tips

#: Labels of the figures, permanent addresses of the published page.
LABELS = {
    "franceconnect-users": "fig-franceconnect",
    "tchap-registered": "fig-tchap",
    "tchap-mau": "fig-tchap-mau",
}


@dataclass(frozen=True)
class Growth:
    """A count, its forecast and its targets, ready to be worded and drawn.

    Attributes
    ----------
    facts : bilan.facts.Facts
    series : str
        The indicator.
    figures : pandas.DataFrame
        Its usable figures, oldest first.
    targets : pandas.DataFrame
        Its targets with their states.
    model : bilan.adoption.Model or None
        ``None`` where the figures are too few.
    forecast : pandas.DataFrame
        Rows of :mod:`bilan.forecasts`.
    """

    facts: Facts
    series: str
    figures: pd.DataFrame
    targets: pd.DataFrame
    model: Model | None
    forecast: pd.DataFrame

    def figure(self) -> charts.Figure | None:
        """Return the fan chart, or ``None`` where there is nothing to draw."""
        if self.figures.empty:
            return None
        chart = {
            "observed": self.figures.assign(told=Tips(self.facts).figures(self.figures)),
            "quantiles": self._fan(),
            "targets": self._marks(),
            "title": self.finding(),
            "subtitle": self._subtitle(),
            "labels": self._labels(),
        }
        return Exhibits(self.facts, f"adoption-{self.series}").figure(
            charts.fan,
            chart,
            LABELS[self.series],
            self._data(),
            caption=self._say("caption"),
            alt=self.transcription(),
            sources=list(self.figures["source_id"]),
        )

    def candidates(self) -> pd.DataFrame:
        """Return the candidate curves from the last figure on, to compare them in one chart.

        Returns
        -------
        pandas.DataFrame
            ``date``, ``value``, ``series`` (the candidate) and its ``weight``; empty without a
            model.
        """
        if self.model is None:
            return pd.DataFrame(columns=["date", "value", "series", "weight"])
        days = pd.date_range(self.figures["date"].iloc[-1], self.forecast["date"].max(), periods=48)
        return pd.concat(
            pd.DataFrame(
                {
                    "date": days,
                    "value": self.model.curve(name, list(days)),
                    "series": name,
                    "weight": w,
                }
            )
            for name, w in self.model.weights.items()
        )

    # -------------------------------------------------------------- words

    def _say(self, key: str, **values: object) -> str:
        name = self.facts.name(self.series)
        return self.facts.words.text(f"growth.{key}", name=name, **values)

    def _quantity(self, value: float, qualifier: str = "exact") -> str:
        return self.facts.words.quantity(value, self.facts.unit(self.series), qualifier)

    def _last(self) -> tuple[str, str]:
        row = self.figures.iloc[-1]
        when = self.facts.words.during(row["date"].date(), row["precision"])
        return self._quantity(row["value"], row["qualifier"]), when

    def finding(self) -> str:
        """Return the sentence that the chart shows, true of this edition's numbers."""
        words = self.facts.words
        chances = self.forecast[self.forecast["kind"] == "target"]
        if len(chances):
            # The nearest date first; of two targets for the same day, the more ambitious.
            goals = self.targets.set_index("target").loc[list(chances["target"])]
            first = goals.sort_values(["date", "value"], ascending=[True, False]).iloc[0]
            p = float(chances.set_index("target").at[first.name, "value"])
            return self._say(
                "title.open",
                target=self._quantity(first["value"]),
                when=words.date(first["date"].date()),
                probability=words.probability(p),
            )
        value, when = self._last()
        fan = self._fan()
        ahead = pd.DataFrame() if fan is None else self._year_ends(fan)
        if ahead.empty:
            return self._say("title.latest", value=value, when=when)
        line = ahead.iloc[0]
        return self._say(
            "title.expected",
            value=value,
            when=when,
            low=words.rounded(line["q10"]),
            high=words.rounded(line["q90"]),
            year=line["date"].year,
        )

    def _subtitle(self) -> str:
        words = self.facts.words
        first, last = self.figures["date"].iloc[[0, -1]].dt.date
        key = "forecast" if self.model else "single" if len(self.figures) == 1 else "few"
        end = self.forecast["date"].max() if self.model else pd.Timestamp(last)
        return self._say(
            f"subtitle.{key}",
            first=words.date(first, "month"),
            last=words.date(last, "month"),
            end=words.date(end.date(), "month"),
        )

    def transcription(self) -> str:
        """Return in words what the chart shows, for a reader who does not see it."""
        words = self.facts.words
        value, when = self._last()
        row = self.figures.iloc[0]
        first = self._quantity(row["value"], row["qualifier"])
        key = "alt.single" if len(self.figures) == 1 else "alt.observed"
        start = words.during(row["date"].date(), row["precision"])
        told = [self._say(key, first=first, start=start, value=value, when=when)]
        fan = self._fan()
        if fan is None:
            told.append(self._say("alt.few"))
        else:
            # A count last published long ago is not forecast as far as a year's end.
            ahead = self._year_ends(fan)
            for _, line in (fan.tail(1) if ahead.empty else ahead).iterrows():
                told.append(
                    self._say(
                        "alt.forecast",
                        when=words.date(line["date"].date()),
                        low=words.rounded(line["q10"]),
                        high=self._quantity(_round(line["q90"])),
                    )
                )
        return " ".join(told)

    def _year_ends(self, fan: pd.DataFrame) -> pd.DataFrame:
        later = fan[fan["date"] > pd.Timestamp(self.facts.edition.as_of)]
        return later[(later["date"].dt.month == 12) & (later["date"].dt.day == 31)]

    # -------------------------------------------------------------- what is drawn

    def _fan(self) -> pd.DataFrame | None:
        """Return the bands, grown out of the last figure."""
        if self.model is None:
            return None
        fan = forecasts.fan(self.forecast, self.series)
        last = self.figures.iloc[-1]
        start = pd.DataFrame(
            [{"date": last["date"], **dict.fromkeys(forecasts.FAN.values(), last["value"])}]
        )
        told = fan.assign(told=Tips(self.facts).forecasts(fan, self.series))
        return pd.concat([start, told], ignore_index=True)

    def _marks(self) -> pd.DataFrame:
        """Return the targets to mark, each with its label."""
        words = self.facts.words
        dated = self.targets[self.targets["date"].notna()].drop_duplicates(["date", "value"])
        marks = []
        for date, rows in dated.sort_values(["date", "value"]).groupby("date"):
            goals = [words.large(value) for value in rows["value"]]
            key = "target" if len(goals) == 1 else "targets"
            label = self._say(key, value=words.join(goals), year=date.year)
            # One label for a day, beside its highest target.
            texts = [""] * (len(goals) - 1) + [label]
            told = Tips(self.facts).targets(rows)
            marks += zip([date] * len(goals), rows["value"], texts, told, strict=True)
        return pd.DataFrame(marks, columns=["date", "value", "label", "told"])

    def _labels(self) -> dict[str, str]:
        words = self.facts.words
        labels = {"observed": words.large(self.figures["value"].iloc[-1])}
        fan = self._fan()
        if fan is not None:
            end = fan.iloc[-1]
            labels["forecast"] = self._say(
                "expected", low=words.rounded(end["q10"]), high=words.rounded(end["q90"])
            )
        return labels

    def _data(self) -> pd.DataFrame:
        """Return the numbers behind the chart: figures, quantiles and targets, told apart."""
        observed = self.figures[
            ["date", "precision", "value", "qualifier", "published_on", "source_id"]
        ]
        parts = [observed.assign(kind="observed")]
        if self.model is not None:
            parts.append(forecasts.fan(self.forecast, self.series).assign(kind="forecast"))
        goals = self.targets[["date", "value", "target", "announced_on", "source_id", "state"]]
        parts.append(goals.assign(kind="target"))
        table = pd.concat(parts, ignore_index=True)
        return table[["kind", *(c for c in table if c != "kind")]]


def _round(value: float) -> float:
    return float(f"{value:.2g}")

"""What each mark of a live chart says when a reader asks it: day, value, how exact, source."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from bilan.facts import Facts, significant


@dataclass(frozen=True)
class Tips:
    """Words the marks of an edition's charts, a few short lines each.

    Attributes
    ----------
    facts : bilan.facts.Facts
    """

    facts: Facts

    @cached_property
    def _publishers(self) -> dict[str, str]:
        table = self.facts.tables["sources"]
        return dict(zip(table["source_id"], table["publisher"], strict=True))

    def _say(self, key: str, **values: object) -> str:
        return self.facts.words.text(f"tip.{key}", **values)

    def say(self, key: str, source_id: str, **values: object) -> str:
        """Return words of the catalogue, and below them who published the source."""
        return self._sourced(self._say(key, **values), source_id)

    def _sourced(self, text: str, source_id: str) -> str:
        return f"{text}\n{self._say('source', source=self._publishers[source_id])}"

    def figures(self, table: pd.DataFrame, named: bool = False) -> list[str]:
        """Return the words of published figures, rows of ``observations``.

        Parameters
        ----------
        table : pandas.DataFrame
        named : bool
            Whether to name the indicator, as a chart of several must.
        """
        return [self._figure(row, named) for row in table.itertuples()]

    def _figure(self, row, named: bool) -> str:
        quantity = self.facts.words.quantity(
            row.value, self.facts.unit(row.indicator), row.qualifier
        )
        day = self.facts.words.date(row.date.date(), row.precision)
        name = [self.facts.name(row.indicator)] if named else []
        return self._sourced("\n".join([day, *name, quantity]), row.source_id)

    def forecasts(self, table: pd.DataFrame, indicator: str) -> list[str]:
        """Return the words of a count's quantiles: the median, then what each band holds."""
        words = self.facts.words

        unit, names = self.facts.unit(indicator), ("q025", "q10", "q25", "q75", "q90", "q975")
        return [
            self._say(
                "forecast",
                date=words.date(row.date.date()),
                median=words.quantity(significant(row.q50, 3), unit),
                **{name: words.large(significant(getattr(row, name), 3)) for name in names},
            )
            for row in table.itertuples()
        ]

    def targets(self, table: pd.DataFrame) -> list[str]:
        """Return the words of targets with their states."""
        words = self.facts.words
        return [
            self.say(
                "target",
                row.source_id,
                date=words.date(row.date.date()),
                value=words.quantity(row.value, self.facts.unit(row.indicator)),
                announced=words.date(row.announced_on.date(), "month"),
                state=words.text(f"state.{row.state}"),
            )
            for row in table.itertuples()
        ]

    def progress(
        self, table: pd.DataFrame, labels: Iterable[str], texts: Iterable[str]
    ) -> list[str]:
        """Return the words of targets of which something was reached."""
        words = self.facts.words
        return [
            self.say(
                "progress",
                row.reached_source,
                label=label,
                share=words.percent(row.reached / row.value),
                text=text,
                date=words.date(row.reached_on.date(), row.reached_precision),
            )
            for row, label, text in zip(table.itertuples(), labels, texts, strict=True)
        ]

    def milestones(self, drawn: pd.DataFrame, table: pd.DataFrame) -> list[str]:
        """Return the words of milestones as drawn (``label``, ``planned``, ``done``)."""
        words, told = self.facts.words, []
        for mark, row in zip(drawn.itertuples(), table.itertuples(), strict=True):
            lines = [mark.label]
            for name in ("planned", "done"):
                day = getattr(mark, name)
                if not pd.isna(day):
                    precision = row.precision if day == row.date else "month"
                    lines.append(self._say(name, date=words.date(day.date(), precision)))
            told.append(self._sourced("\n".join(lines), row.source_id))
        return told

    def claims(self, table: pd.DataFrame, source_ids: Iterable[str]) -> list[str]:
        """Return the words of claims and measures (``label``, ``text``)."""
        return [
            self._sourced(f"{row.label}\n{row.text}", source_id)
            for row, source_id in zip(table.itertuples(), source_ids, strict=True)
        ]

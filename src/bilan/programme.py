"""What became of targets and milestones, as known on an edition's cut-off day.

A target is *met* when a figure dated no later than its date reaches it, *late* when only a
later figure does, *missed* when the last figure around its date falls short, *open* while
its date lies ahead, *unmeasured* when its date has passed without a figure close enough
to judge by, *undated* when no date was ever set.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

#: How far from a target's date a figure may lie and still show that the target was missed.
#: A quarter: the figures of the State come out a few times a year.
TOLERANCE = pd.Timedelta(days=92)
STATES = ("met", "late", "missed", "open", "unmeasured", "undated")


def usable(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the observations that a judgement or a model may rest on.

    Low confidence and figures set aside by a correction are shown, never used.

    Parameters
    ----------
    observations : pandas.DataFrame
        As the clean notebook writes them.

    Returns
    -------
    pandas.DataFrame
        The rows that remain, in their order.
    """
    return observations[(observations["confidence"] != "low") & ~observations["set_aside"]]


def series(observations: pd.DataFrame, indicator: str) -> pd.DataFrame:
    """Return the usable figures of an indicator, one a day, oldest first.

    Where several sources speak of the same day, the more confident one is kept, then the
    one published first. For a count that several sources state as floor and as figure,
    an exact or rounded figure is preferred to a bound.

    Parameters
    ----------
    observations : pandas.DataFrame
        As the clean notebook writes them.
    indicator : str

    Returns
    -------
    pandas.DataFrame
        The columns of the observations; ``value`` in the indicator's unit.
    """
    return ordered(observations[observations["indicator"] == indicator]).reset_index(drop=True)


def latest(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the last usable figure of each indicator.

    Parameters
    ----------
    observations : pandas.DataFrame
        As the clean notebook writes them.

    Returns
    -------
    pandas.DataFrame
        One row an indicator, which is the index.
    """
    return ordered(observations).drop_duplicates("indicator", keep="last").set_index("indicator")


def every_series(observations: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return what :func:`series` returns for each indicator, sorted once for all of them.

    Parameters
    ----------
    observations : pandas.DataFrame
        As the clean notebook writes them.

    Returns
    -------
    dict of str to pandas.DataFrame
        By indicator; one without a usable figure is left out.
    """
    groups = ordered(observations).groupby("indicator")
    return {indicator: figures.reset_index(drop=True) for indicator, figures in groups}


def ordered(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the usable figures of all indicators, one a day for each, oldest first.

    Parameters
    ----------
    observations : pandas.DataFrame
        As the clean notebook writes them.

    Returns
    -------
    pandas.DataFrame
        The columns of the observations.
    """
    found = usable(observations)
    order = found.assign(
        _confidence=found["confidence"].map({"high": 0, "medium": 1}),
        _bound=found["qualifier"].isin(["at_least", "at_most"]),
    ).sort_values(["date", "_confidence", "_bound", "published_on", "source_id", "value"])
    once = order.drop_duplicates(["indicator", "date"])
    return once.drop(columns=["_confidence", "_bound"])


def _reaches(figure: Any, target: Any) -> bool:
    if target.qualifier == "at_most":
        return figure.value <= target.value and figure.qualifier != "at_least"
    return figure.value >= target.value and figure.qualifier != "at_most"


def judge(target: Any, figures: pd.DataFrame, as_of: dt.date) -> dict:
    """Tell what became of one target.

    Parameters
    ----------
    target : pandas.Series or namedtuple
        A row of ``targets``.
    figures : pandas.DataFrame
        The indicator's figures, as :func:`series` returns them.
    as_of : datetime.date
        The edition's cut-off day.

    Returns
    -------
    dict
        ``state`` (one of ``STATES``) and the figure it rests on: ``reached`` (its value),
        ``reached_on``, ``reached_qualifier``, ``reached_source``; missing where there is none.
    """
    due, today, known = target.date, pd.Timestamp(as_of), list(figures.itertuples())
    reaching = [f for f in known if _reaches(f, target)]
    if pd.isna(due):
        return _verdict("undated", known[-1:])
    in_time = [f for f in reaching if f.date <= due]
    if in_time:
        return _verdict("met", in_time[:1])
    if due >= today:
        return _verdict("open", known[-1:])
    short = _short(known, target, cumulative=bool(figures.attrs.get("cumulative")))
    if not short:
        return _verdict("unmeasured", [f for f in known if f.date <= due][-1:])
    return _verdict("late", reaching[:1]) if reaching else _verdict("missed", short)


def _short(figures: list, target: Any, cumulative: bool) -> list:
    """Return the figure that shows that a target was not met on its date, if there is one.

    The figure closest to the date, if it lies within the tolerance; for a count that can't
    fall, also any later one that is still short. A bound on the wrong side proves nothing.
    """
    due, floor = target.date, target.qualifier != "at_most"

    def is_silent(figure: Any) -> bool:
        if figure.qualifier == "at_least":
            return figure.value < target.value if floor else figure.value <= target.value
        return not floor and figure.qualifier == "at_most" and figure.value > target.value

    telling = [f for f in figures if not is_silent(f)]
    near = [f for f in telling if abs(f.date - due) <= TOLERANCE]
    if near or not (floor and cumulative):
        return sorted(near, key=lambda f: abs(f.date - due))[:1]
    return [f for f in telling if f.date > due and f.value < target.value][:1]


def _verdict(state: str, rests_on: list) -> dict:
    figure = rests_on[0] if rests_on else None
    return {
        "state": state,
        "reached": figure and float(figure.value),
        "reached_on": figure and figure.date,
        "reached_precision": figure and figure.precision,
        "reached_qualifier": figure and figure.qualifier,
        "reached_source": figure and figure.source_id,
    }


def target_states(tables: dict[str, pd.DataFrame], as_of: dt.date) -> pd.DataFrame:
    """Return every target with what became of it by the cut-off day.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        The edition's processed tables.
    as_of : datetime.date
        The edition's cut-off day.

    Returns
    -------
    pandas.DataFrame
        The columns of ``targets`` and those of :func:`judge`, by date then name.
    """
    cumulative = tables["indicators"].set_index("indicator")["cumulative"]
    targets, observations = tables["targets"], tables["observations"]
    aimed_at = observations[observations["indicator"].isin(targets["indicator"])]
    known, none = every_series(aimed_at), series(aimed_at, "")
    rows = []
    for target in targets.itertuples(index=False):
        figures = known.get(target.indicator, none)
        figures.attrs["cumulative"] = bool(cumulative.get(target.indicator, False))
        rows.append(target._asdict() | judge(target, figures, as_of))
    states = pd.DataFrame(rows, columns=[*targets, *_verdict("", [])])
    return states.sort_values(["date", "target"]).reset_index(drop=True)


def distinct(states: pd.DataFrame) -> pd.DataFrame:
    """Return each target once, however often it was announced.

    Parameters
    ----------
    states : pandas.DataFrame
        As :func:`target_states` returns.

    Returns
    -------
    pandas.DataFrame
        The first announcement's row, with ``sources``: whoever announced it, first to last.
    """
    same = ["indicator", "value", "date"]
    announced = states.sort_values("announced_on", kind="stable")
    groups = announced.groupby(same, dropna=False, as_index=False)
    sources = groups.agg(sources=("source_id", lambda ids: list(dict.fromkeys(ids))))
    return announced.drop_duplicates(same).sort_index().merge(sources, on=same, how="left")


def milestone_states(tables: dict[str, pd.DataFrame], as_of: dt.date) -> pd.DataFrame:
    """Return every milestone with its state by the cut-off day.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        The edition's processed tables.
    as_of : datetime.date
        The edition's cut-off day.

    Returns
    -------
    pandas.DataFrame
        The columns of ``milestones`` with ``state`` filled for each row: events are
        ``done``; a plan takes its known outcome's state, else ``planned`` before its date
        and ``unknown`` after; statements and benchmarks stay empty.
    """
    table = tables["milestones"].copy()
    outcomes = table[table["kind"] == "outcome"].sort_values("date").groupby("plan")["state"].last()
    today = pd.Timestamp(as_of)

    def state(row: pd.Series) -> str:
        if row["kind"] in ("event", "outcome"):
            return row["state"] or "done"
        if row["kind"] != "plan":
            return ""
        if row["milestone"] in outcomes:
            return outcomes[row["milestone"]]
        return "planned" if pd.isna(row["date"]) or row["date"] >= today else "unknown"

    table["state"] = [state(row) for _, row in table.iterrows()]
    return table.sort_values(["date", "milestone"]).reset_index(drop=True)

"""What changed from one edition to the next, largest first."""

from __future__ import annotations

import pandas as pd

from bilan import programme

FIGURE_COLUMNS = ["indicator", "before", "before_on", "after", "after_on", "ratio"]
STATE_COLUMNS = ["target", "indicator", "before", "after"]


def of_figures(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Compare the last usable figure of every indicator in two editions.

    Parameters
    ----------
    before, after : pandas.DataFrame
        ``observations`` of the earlier and the later edition.

    Returns
    -------
    pandas.DataFrame
        ``FIGURE_COLUMNS``: indicators whose last figure is a later one, the largest relative
        change first.
    """
    both = programme.latest(before).merge(
        programme.latest(after), on="indicator", suffixes=("_before", "_after")
    )
    both = both[both["date_after"] > both["date_before"]].sort_index().reset_index()
    table = pd.DataFrame(
        {
            "indicator": both["indicator"],
            "before": both["value_before"],
            "before_on": both["date_before"],
            "after": both["value_after"],
            "after_on": both["date_after"],
            "ratio": both["value_after"] / both["value_before"].replace(0, float("nan")),
        }
    )
    size = table["ratio"].where(table["ratio"] >= 1, 1 / table["ratio"])
    return table.loc[size.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def of_states(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Compare the states of all targets in two editions.

    Parameters
    ----------
    before, after : pandas.DataFrame
        ``target_states`` of the earlier and the later edition.

    Returns
    -------
    pandas.DataFrame
        ``STATE_COLUMNS``: targets that are new (``before`` empty) or whose state changed.
    """
    both = after[["target", "indicator", "state"]].merge(
        before[["target", "state"]], on="target", how="left", suffixes=("_after", "_before")
    )
    changed = both[both["state_before"] != both["state_after"]].fillna({"state_before": ""})
    changed = changed.rename(columns={"state_before": "before", "state_after": "after"})
    return changed[STATE_COLUMNS].sort_values(["before", "target"]).reset_index(drop=True)

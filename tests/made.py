"""Small tables made by hand, for tests that need to know every row."""

import pandas as pd


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).as_unit("s")


def observation(date: str, value: float, qualifier: str = "exact", **other) -> dict:
    """Return a figure of Tchap's monthly users, published on its own day."""
    return {
        "indicator": "tchap-mau",
        "date": day(date),
        "precision": "day",
        "value": float(value),
        "qualifier": qualifier,
        "published_on": day(other.pop("published_on", date)),
        "source_id": "s001",
        "confidence": "high",
        "set_aside": False,
    } | other


def observations(*rows: dict) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=list(observation("2020-01-01", 0)))
    kinds = {"date": "datetime64[s]", "published_on": "datetime64[s]", "value": "float64"}
    return table.astype(kinds | {"set_aside": "bool"})


def target(date: str | None, value: float = 100, qualifier: str = "at_least", **other) -> pd.Series:
    row = {
        "target": "tchap-100",
        "indicator": "tchap-mau",
        "value": float(value),
        "qualifier": qualifier,
        "date": pd.NaT if date is None else day(date),
    }
    return pd.Series(row | other)

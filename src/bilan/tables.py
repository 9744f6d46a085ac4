"""Processed tables: what the notebooks leave in ``data/processed/<edition>``."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from bilan import editions
from bilan.editions import processed

#: A spreadsheet runs a cell that starts so.
FORMULA = re.compile(r"^\s*[=+\-@＝＋－＠]")


def write(table: pd.DataFrame, edition: str, name: str) -> Path:
    """Write a table as Parquet, byte for byte the same for the same rows.

    Parameters
    ----------
    table : pandas.DataFrame
        Its index is dropped.
    edition : str
    name : str
        File name without ending.
    """
    path = processed(edition) / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    table.reset_index(drop=True).to_parquet(path, index=False, compression="zstd")
    return path


def read(edition: str, name: str) -> pd.DataFrame:
    """Read one of an edition's processed tables."""
    return pd.read_parquet(processed(edition) / f"{name}.parquet")


def read_all(edition: str) -> dict[str, pd.DataFrame]:
    """Read every processed table of an edition that exists, by name."""
    return {p.stem: pd.read_parquet(p) for p in sorted(processed(edition).glob("*.parquet"))}


def write_figure_data(table: pd.DataFrame, edition: str, run: str, label: str) -> str:
    """Write the numbers behind a figure as CSV, for people and spreadsheets.

    Parameters
    ----------
    table : pandas.DataFrame
        Its index is dropped.
    edition : str
    run : str
        The notebook run that drew the figure, for instance ``adoption-tchap-mau``.
    label : str
        The figure's label, for instance ``fig-tchap-mau``.

    Returns
    -------
    str
        The file's name inside the edition's published ``data/`` folder.
    """
    folder = (
        editions.project_root() / "build" / editions.edition(edition).id / "runs" / run / "data"
    )
    folder.mkdir(parents=True, exist_ok=True)
    shown = table.copy()
    for column in shown.select_dtypes("datetime"):
        shown[column] = shown[column].dt.strftime("%Y-%m-%d")
    for column in shown.select_dtypes(("object", "string")):
        shown[column] = shown[column].map(inert)
    shown.columns = [inert(name) for name in shown.columns]
    shown.to_csv(folder / f"{label}.csv", index=False, lineterminator="\n")
    return f"{label}.csv"


def inert(cell: object) -> object:
    """Return a cell that a spreadsheet shows and does not run; a number stays one."""
    return f"'{cell}" if isinstance(cell, str) and FORMULA.search(cell) else cell

"""Raw tables: loading them, errors that name file, row and column, and their corrections.

``datapackage.json`` is the only description of the tables. The pandera schemas are
derived from it, so the published package and the checks can't disagree. A file is read as
text (:mod:`sheets`), each cell is held against its column (:mod:`cells`), then rows against
each other (:mod:`rules`): each stage takes what the one before found sound, so that every
fault comes at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from bilan.catalog import cells, rules, sheets
from bilan.catalog.description import describe
from bilan.catalog.faults import DataError, Fault, shown
from bilan.editions import selector

__all__ = ["DataError", "Fault", "correct", "load"]


def load(folder: Path) -> dict[str, pd.DataFrame]:
    """Read and validate every table of a data package.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``datapackage.json`` and the CSV files that it names.

    Returns
    -------
    dict of str to pandas.DataFrame
        Tables by name, columns typed: dates as ``datetime64``, numbers as ``float64`` or
        ``Int64``, booleans, text.

    Raises
    ------
    DataError
        With all faults at once.
    """
    read = {name: sheets.read(folder, table) for name, table in describe(folder).items()}
    faults = list(_undescribed(folder, read))
    texts = {}
    for name, sheet in read.items():
        found = cells.check(sheet)
        texts[name] = cells.sound(sheet, found)
        faults += sheet.faults + found
    tables = {name: cells.typed(sheet, texts[name]) for name, sheet in read.items()}
    raw = rules.Raw(read, texts, tables)
    for rule in rules.RULES:
        for name, row, column, message in rule(raw):
            faults.append(Fault(read[name].file, int(row), column, message))
    if faults:
        raise DataError(faults)
    return tables


def _undescribed(folder: Path, read: dict[str, sheets.Sheet]) -> Iterable[Fault]:
    """Find tables that no one would read."""
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() == ".csv" and path.name not in {f"{name}.csv" for name in read}:
            yield Fault(shown(path), 0, "", "is not described in datapackage.json")


# ------------------------------------------------------------------ corrections applied


def correct(tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Apply the corrections, keeping what each source printed.

    Returns
    -------
    dict of str to pandas.DataFrame
        The same tables. ``observations`` gains ``set_aside`` (bool: shown, never used in a
        model or a headline) and ``printed`` (the value as the source states it).
    """
    tables = {name: table.copy() for name, table in tables.items()}
    observed = tables["observations"]
    observed["set_aside"] = False
    observed["printed"] = observed["value"]
    for fix in tables["corrections"].itertuples():
        table = tables[fix.table]
        hit = pd.Series(True, index=table.index)
        for column, cell in selector(fix.key).items():
            hit &= _as_text(table[column]) == _as_text(pd.Series([cell]).astype("str"))[0]
        if fix.action == "set_aside":
            if "set_aside" not in table:
                table["set_aside"] = False
            table.loc[hit, "set_aside"] = True
        else:
            kind = table[fix.column].dtype
            table.loc[hit, fix.column] = pd.Series([fix.value]).astype(kind)[0]
    return tables


def _as_text(column: pd.Series) -> pd.Series:
    """Return cells as a correction's key spells them."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column.dt.strftime("%Y-%m-%d")
    numbers = pd.to_numeric(column, errors="coerce")
    text = column.astype("str")
    return text.where(numbers.isna(), numbers.map("{:.12g}".format))

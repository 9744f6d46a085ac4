"""Cells: what each may hold, by its column's description."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable
from decimal import Decimal

import pandas as pd
import pandera.pandas as pa

from bilan.catalog.faults import NO_BREAK, Fault, quoted
from bilan.catalog.sheets import Sheet
from bilan.tables import FORMULA

#: What HTML, Markdown, Typst or a Quarto shortcode would read as markup.
MARKUP = re.compile(r"<[A-Za-z/!?]|\]\(|\{\{|`|\\|\$\$|#\w+[\[(]")
#: No text of the review needs as much.
LONGEST = 2000


def is_visible(cell: str) -> bool:
    """Say whether a cell holds only signs one can see, in the order in which one sees them."""
    return all(sign.isprintable() or sign in NO_BREAK for sign in cell)


def is_date(cell: str) -> bool:
    """Say whether a cell is a day of the calendar, written YYYY-MM-DD."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", cell):
        return False
    try:
        dt.date.fromisoformat(cell)
    except ValueError:
        return False
    return True


#: For each type of a field: what a cell must look like, and how to say so.
TYPES: dict[str, tuple[Callable[[str], bool], str]] = {
    "string": (lambda c: True, "text"),
    "any": (lambda c: True, "text"),
    "number": (
        lambda c: re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", c) is not None,
        "a number with digits and a decimal point only (no thousands separator, no NaN)",
    ),
    "integer": (
        lambda c: re.fullmatch(r"-?[0-9]{1,18}", c) is not None,
        "a whole number with digits only (no thousands separator, no NaN)",
    ),
    "year": (lambda c: re.fullmatch(r"[0-9]{4}", c) is not None, "a year such as 2020"),
    "date": (is_date, "a date that exists, written YYYY-MM-DD"),
    "boolean": (lambda c: c in ("true", "false"), "true or false"),
}
_CASTS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "number": lambda c: pd.to_numeric(c.where(c != "")).astype("float64"),
    "integer": lambda c: pd.to_numeric(c.where(c != "")).astype("Int64"),
    "year": lambda c: pd.to_numeric(c.where(c != "")).astype("Int64"),
    "date": lambda c: pd.to_datetime(c.where(c != ""), format="%Y-%m-%d").astype("datetime64[s]"),
    "boolean": lambda c: (c == "true").astype("bool"),
}


def schema(resource: dict) -> pa.DataFrameSchema:
    """Derive the pandera schema of a table, as read (text), from its description.

    Parameters
    ----------
    resource : dict
        A resource of ``datapackage.json``.

    Returns
    -------
    pandera.DataFrameSchema
        Each check's error says what is allowed.
    """
    columns = {
        field["name"]: pa.Column(
            str,
            [pa.Check(test, element_wise=True, error=allowed) for test, allowed in rules(field)],
        )
        for field in resource["schema"]["fields"]
    }
    return pa.DataFrameSchema(columns, strict=True)


Rule = tuple[Callable[[str], bool], str]


def rules(field: dict) -> list[Rule]:
    """Return what a cell of a column must pass, each rule with what it allows."""
    limits = field.get("constraints", {})
    kind = field.get("type", "string")
    test, allowed = TYPES[kind]
    found: list[Rule] = [(test, f"expected {allowed}")]
    if "enum" in limits:
        listed = [str(value) for value in limits["enum"]]
        found.append((lambda c: c in listed, f"allowed: {', '.join(listed)}"))
    if "pattern" in limits:
        pattern = re.compile(limits["pattern"])
        found.append((lambda c: pattern.fullmatch(c) is not None, f"must match {pattern.pattern}"))
    found += _bounds(limits, kind)
    if kind == "string":
        found += [
            (lambda c: not FORMULA.search(c), "text must not start like a formula (= + - @)"),
            (lambda c: not MARKUP.search(c), "text must not hold markup"),
            (is_visible, "text must not hold hidden signs"),
            (lambda c: len(c) <= LONGEST, f"text must not be longer than {LONGEST} letters"),
        ]
    found = [(_or_empty(test), allowed) for test, allowed in found]
    if limits.get("required"):
        found.append((lambda c: c != "", "a value is required"))
    return found


def _or_empty(test: Callable[[str], bool]) -> Callable[[str], bool]:
    return lambda cell: cell == "" or test(cell)


def _bounds(limits: dict, kind: str) -> list[Rule]:
    """Return the rules of a least and a greatest value; cells of a wrong type pass."""
    if kind not in ("number", "integer", "date"):
        return []
    typed, read = TYPES[kind][0], str if kind == "date" else float
    found: list[Rule] = []
    if "minimum" in limits:
        low = read(limits["minimum"])
        allowed = f"minimum {limits['minimum']}"
        found.append((lambda c: not typed(c) or read(c) >= low, allowed))
    if "maximum" in limits:
        high = read(limits["maximum"])
        allowed = f"maximum {limits['maximum']}"
        found.append((lambda c: not typed(c) or read(c) <= high, allowed))
    return found


def check(sheet: Sheet) -> list[Fault]:
    """Find cells that their column does not allow, and rows that stand there twice."""
    faults = []
    try:
        schema(sheet.resource).validate(sheet.cells, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for case in errors.failure_cases.itertuples():
            message = f"{quoted(case.failure_case)}: {case.check}"
            faults.append(Fault(sheet.file, int(case.index), str(case.column), message))
    faults += _duplicates(sheet)
    return [f for f in faults if f.row not in sheet.ragged and f.column not in sheet.absent]


def _duplicates(sheet: Sheet) -> Iterable[Fault]:
    key = sheet.resource["schema"].get("primaryKey", [])
    kinds = {f["name"]: f.get("type", "string") for f in sheet.fields}
    unique = [(f["name"],) for f in sheet.fields if f.get("constraints", {}).get("unique")]
    for columns in dict.fromkeys([(key,) if isinstance(key, str) else tuple(key), *unique]):
        if not columns or sheet.absent & set(columns):
            continue
        first: dict[tuple, int] = {}
        plain = [_plain(sheet.cells[column], kinds[column]) for column in columns]
        for row, cells in zip(sheet.cells.index, zip(*plain, strict=True), strict=True):
            if row in sheet.ragged or "" in cells:
                continue
            if cells in first:
                message = f"duplicate of row {first[cells]} ({', '.join(columns)} the same)"
                yield Fault(sheet.file, row, columns[0] if len(columns) == 1 else "", message)
            first.setdefault(cells, row)


def _plain(column: pd.Series, kind: str) -> list[str]:
    """Return cells so that a number is the same however it is spelt: 1600000 and 1600000.0."""
    if kind != "number":
        return list(column)
    is_number = TYPES["number"][0]
    return [f"{Decimal(c).normalize():f}" if is_number(c) else c for c in column]


def sound(sheet: Sheet, faults: Iterable[Fault]) -> pd.DataFrame:
    """Return the cells of a sheet, empty where a fault was found or the column is uncertain."""
    cells = sheet.cells.copy()
    cells.loc[sorted(sheet.ragged)] = ""
    for fault in faults:
        if fault.column in cells:
            cells.at[fault.row, fault.column] = ""
    return cells


def typed(sheet: Sheet, cells: pd.DataFrame) -> pd.DataFrame:
    """Return sound cells as dates, numbers and booleans; an empty one is missing."""
    casts = {f["name"]: _CASTS.get(f.get("type", "string"), lambda c: c) for f in sheet.fields}
    return pd.DataFrame({name: cast(cells[name]) for name, cast in casts.items()})

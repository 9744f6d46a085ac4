"""Raw tables: their schemas, loading, and errors that name file, row and column.

``datapackage.json`` is the only description of the tables. The pandera schemas are
derived from it, so the published package and the checks can't disagree.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pandera.pandas as pa

from bilan.editions import selector

#: A spreadsheet runs a cell that starts so.
FORMULA = re.compile(r"^\s*[=+\-@＝]")
#: What HTML, Markdown, Typst or a Quarto shortcode would read as markup.
MARKUP = re.compile(r"<[A-Za-z/!?]|\]\(|\{\{|`|\\|\$\$|#\w+[\[(]")
#: Signs that no one can see, or that turn the reading order round.
HIDDEN = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
#: Tables that the review can't do without.
NEEDED = {
    *("indicators", "observations", "targets", "milestones", "contradictions", "corrections"),
    *("scores", "ranks", "vintages", "indices", "countries", "units", "sources"),
}
PERIOD_DAYS = {"day": 0, "month": 31, "quarter": 92, "year": 366}


@dataclass(frozen=True, order=True)
class Fault:
    """One thing wrong in the raw data.

    Attributes
    ----------
    file : str
        Path of the file as the reader knows it.
    row : int
        Line of the spreadsheet, the header being row 1; 0 for the whole file.
    column : str
        Column, empty for the whole row.
    message : str
        What is wrong and what is allowed.
    """

    file: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        place = self.file
        place += f", row {self.row}" if self.row else ""
        place += f", column {self.column}" if self.column else ""
        return f"{place}: {self.message}"


class DataError(ValueError):
    """The raw data break their description; ``faults`` holds every fault."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


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
    resources = _described(folder)
    faults: list[Fault] = []
    texts = {}
    for name, resource in resources.items():
        try:
            texts[name] = _read(folder / resource["path"], resource)
        except DataError as error:
            faults += error.faults
    for name, table in texts.items():
        faults += _check_cells(folder, resources[name], table)
        faults += _check_foreign_keys(folder, resources[name], table, texts)
    if faults:
        raise DataError(faults)
    tables = {name: _typed(resources[name], table) for name, table in texts.items()}
    faults = [fault for rule in RULES for fault in rule(tables, folder, texts)]
    if faults:
        raise DataError(faults)
    return tables


def _described(folder: Path) -> dict[str, dict]:
    """Return the description of every table, by name."""
    path = folder / "datapackage.json"
    try:
        resources = {r["name"]: r for r in json.loads(path.read_text("utf-8"))["resources"]}
        unknown = {
            field.get("type", "string")
            for resource in resources.values()
            for field in resource["schema"]["fields"]
        } - set(TYPES)
        wrong = f"unknown types: {', '.join(sorted(unknown))}" if unknown else ""
        if missing := NEEDED - set(resources):
            wrong = f"these tables are not described: {', '.join(sorted(missing))}"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        wrong = f"can't be read as a Data Package ({type(error).__name__}: {error})"
    if wrong:
        raise DataError([Fault(_shown(path), 0, "", wrong)])
    return resources


# ------------------------------------------------------------------ a file as text


def _shown(path: Path) -> str:
    """Return the path as a person would type it from the project's root."""
    parts = path.parts
    return "/".join(parts[parts.index("data") :]) if "data" in parts else "/".join(parts[-3:])


def _read(path: Path, resource: dict) -> pd.DataFrame:
    """Read a CSV file as text, its index being the spreadsheet's row numbers."""

    def stop(message: str, row: int = 0, column: str = "") -> DataError:
        return DataError([Fault(_shown(path), row, column, message)])

    if not path.is_file():
        raise stop("file is missing")
    raw = path.read_bytes()
    text = _decode(raw, stop)
    expected = [field["name"] for field in resource["schema"]["fields"]]
    lines = list(csv.reader(io.StringIO(text, newline="")))
    header = lines[0]
    faults = [
        Fault(_shown(path), 1, c, f"column is missing; expected columns: {', '.join(expected)}")
        for c in expected
        if c not in header
    ]
    faults += [
        Fault(_shown(path), 1, c, f"unexpected column; allowed: {', '.join(expected)}")
        for c in header
        if c not in expected
    ]
    faults += [
        Fault(_shown(path), 1, c, "column appears twice")
        for c in dict.fromkeys(header)
        if header.count(c) > 1
    ]
    faults += [
        Fault(_shown(path), i, "", f"{len(line)} cells; the header has {len(header)}")
        for i, line in enumerate(lines[1:], 2)
        if len(line) != len(header)
    ]
    if faults:
        raise DataError(faults)
    table = pd.DataFrame(lines[1:], columns=header, dtype="str")
    table.index += 2
    return table[expected]


def _decode(raw: bytes, stop: Callable[..., DataError]) -> str:
    if not raw.strip():
        raise stop("file is empty; expected a header and rows")
    if raw.startswith(b"\xef\xbb\xbf"):
        raise stop("starts with a byte order mark (BOM); save as UTF-8 without BOM", 1)
    if b"\r" in raw:
        row = raw[: raw.index(b"\r")].count(b"\n") + 1
        raise stop("line ends with CR; only LF line ends are allowed", row)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        byte = raw[error.start]
        raise stop(f"byte 0x{byte:02X} is not UTF-8 (Latin-1?); save as UTF-8", row) from None


# ------------------------------------------------------------------ cells


def _is_date(cell: str) -> bool:
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
        lambda c: re.fullmatch(r"-?[0-9]{1,18}(\.[0-9]+)?", c) is not None,
        "a number with digits and a decimal point only (no thousands separator, no NaN)",
    ),
    "integer": (
        lambda c: re.fullmatch(r"-?[0-9]{1,18}", c) is not None,
        "a whole number with digits only (no thousands separator, no NaN)",
    ),
    "year": (lambda c: re.fullmatch(r"[0-9]{4}", c) is not None, "a year such as 2020"),
    "date": (_is_date, "a date that exists, written YYYY-MM-DD"),
    "boolean": (lambda c: c in ("true", "false"), "true or false"),
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
    fields = resource["schema"]["fields"]
    return pa.DataFrameSchema({f["name"]: pa.Column(str, _checks(f)) for f in fields}, strict=True)


def _check(test: Callable[[str], bool], allowed: str) -> pa.Check:
    return pa.Check(lambda cell: cell == "" or test(cell), element_wise=True, error=allowed)


def _checks(field: dict) -> list[pa.Check]:
    rules = field.get("constraints", {})
    kind = field.get("type", "string")
    test, allowed = TYPES[kind]
    checks = [_check(test, f"expected {allowed}")]
    if rules.get("required"):
        checks.append(pa.Check(lambda c: c != "", element_wise=True, error="a value is required"))
    if "enum" in rules:
        allowed_values = [str(v) for v in rules["enum"]]
        checks.append(
            _check(lambda c: c in allowed_values, f"allowed: {', '.join(allowed_values)}")
        )
    if "pattern" in rules:
        pattern = re.compile(rules["pattern"])
        checks.append(
            _check(lambda c: pattern.fullmatch(c) is not None, f"must match {rules['pattern']}")
        )
    if kind in ("number", "integer"):
        checks += _bounds(rules, test)
    if kind == "date" and "minimum" in rules:
        first = str(rules["minimum"])
        checks.append(_check(lambda c: not test(c) or c >= first, f"not before {first}"))
    if kind == "string":
        checks.append(
            _check(lambda c: not FORMULA.search(c), "text must not start like a formula (= + - @)")
        )
        checks.append(_check(lambda c: not MARKUP.search(c), "text must not hold markup"))
        checks.append(_check(lambda c: not HIDDEN.search(c), "text must not hold hidden signs"))
    return checks


def _bounds(rules: dict, is_number: Callable[[str], bool]) -> list[pa.Check]:
    checks = []
    if "minimum" in rules:
        low = float(rules["minimum"])
        checks.append(_check(lambda c: not is_number(c) or float(c) >= low, f"minimum {low:g}"))
    if "maximum" in rules:
        high = float(rules["maximum"])
        checks.append(_check(lambda c: not is_number(c) or float(c) <= high, f"maximum {high:g}"))
    return checks


def _check_cells(folder: Path, resource: dict, table: pd.DataFrame) -> list[Fault]:
    file = _shown(folder / resource["path"])
    faults = []
    try:
        schema(resource).validate(table, lazy=True)
    except pa.errors.SchemaErrors as errors:
        for case in errors.failure_cases.itertuples():
            message = f"{_quoted(case.failure_case)}: {case.check}"
            faults.append(Fault(file, int(case.index), str(case.column), message))
    for field in resource["schema"]["fields"]:
        if field.get("constraints", {}).get("unique"):
            cells = table[field["name"]]
            for row in table.index[cells.duplicated() & (cells != "")]:
                message = f"{_quoted(cells[row])}: stands in another row already"
                faults.append(Fault(file, int(row), field["name"], message))
    key = resource["schema"].get("primaryKey", [])
    key = [key] if isinstance(key, str) else key
    if key:
        for row in table.index[table.duplicated(key)]:
            first = table.index[(table[key] == table.loc[row, key]).all(axis=1)][0]
            faults.append(
                Fault(file, int(row), "", f"duplicate of row {first} ({', '.join(key)} the same)")
            )
    return faults


def _quoted(cell: object) -> str:
    text = str(cell)
    return json.dumps(text if len(text) <= 60 else text[:57] + "…", ensure_ascii=False)


def _check_foreign_keys(
    folder: Path, resource: dict, table: pd.DataFrame, texts: dict[str, pd.DataFrame]
) -> list[Fault]:
    file = _shown(folder / resource["path"])
    faults = []
    for link in resource["schema"].get("foreignKeys", []):
        own, theirs = _columns(link["fields"]), _columns(link["reference"]["fields"])
        target = link["reference"]["resource"] or resource["name"]
        if target not in texts:
            continue
        allowed = set(map(tuple, texts[target][theirs].to_numpy()))
        for row, cells in zip(table.index, map(tuple, table[own].to_numpy()), strict=True):
            if any(cells) and cells not in allowed:
                message = f"unknown {_quoted(', '.join(cells))}; it must stand in {target}.csv"
                faults.append(Fault(file, int(row), ", ".join(own), message))
    return faults


def _columns(fields: str | list[str]) -> list[str]:
    return [fields] if isinstance(fields, str) else fields


def _typed(resource: dict, table: pd.DataFrame) -> pd.DataFrame:
    casts = {
        "number": lambda c: pd.to_numeric(c.where(c != "")).astype("float64"),
        "integer": lambda c: pd.to_numeric(c.where(c != "")).astype("Int64"),
        "year": lambda c: pd.to_numeric(c.where(c != "")).astype("Int64"),
        "date": lambda c: pd.to_datetime(c.where(c != ""), format="%Y-%m-%d").astype(
            "datetime64[s]"
        ),
        "boolean": lambda c: (c == "true").astype("bool"),
    }
    typed = {
        f["name"]: casts.get(f.get("type", "string"), lambda c: c)(table[f["name"]])
        for f in resource["schema"]["fields"]
    }
    return pd.DataFrame(typed)


# ------------------------------------------------------------------ rules between columns


def _published_after(tables: dict, folder: Path, texts: dict) -> Iterable[Fault]:
    """Find figures published before the period they measure has begun."""
    table = tables["observations"]
    slack = pd.to_timedelta(table["precision"].map(PERIOD_DAYS), unit="D")
    for row in table.index[table["published_on"] < table["date"] - slack]:
        yield Fault(
            _shown(folder / "observations.csv"),
            int(row),
            "date",
            f"{texts['observations'].at[row, 'date']} comes after the day of publication, "
            f"{texts['observations'].at[row, 'published_on']}",
        )


def _corrections_hold(tables: dict, folder: Path, texts: dict) -> Iterable[Fault]:
    """Find corrections whose row no longer says what they expect."""
    file = _shown(folder / "corrections.csv")
    for row, fix in texts["corrections"].iterrows():
        table = texts.get(fix["table"])
        if table is None:
            yield Fault(file, int(row), "table", f"unknown table {_quoted(fix['table'])}")
            continue
        wanted = selector(fix["key"])
        if unknown := [c for c in (*wanted, fix["column"]) if c not in table]:
            yield Fault(file, int(row), "key", f"unknown column {unknown[0]}")
            continue
        hits = table[(table[list(wanted)] == pd.Series(wanted)).all(axis=1)]
        if len(hits) != 1:
            yield Fault(file, int(row), "key", f"selects {len(hits)} rows; it must select one")
        elif fix["action"] == "replace" and not _fits(
            tables[fix["table"]][fix["column"]], fix["value"]
        ):
            yield Fault(
                file, int(row), "value", f"{_quoted(fix['value'])} does not fit {fix['column']}"
            )
        elif hits[fix["column"]].iloc[0] != fix["expected"]:
            found = _quoted(hits[fix["column"]].iloc[0])
            yield Fault(
                file,
                int(row),
                "expected",
                f"{fix['table']}.csv, row {hits.index[0]} now says {found}, not "
                f"{_quoted(fix['expected'])}: drop or renew the correction",
            )


def _fits(column: pd.Series, cell: str) -> bool:
    """Say whether a cell can stand in a typed column."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return _is_date(cell)
    if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
        return TYPES["number"][0](cell)
    return cell != ""


def _targets_lie_ahead(tables: dict, folder: Path, texts: dict) -> Iterable[Fault]:
    """Find targets announced after their own date."""
    table = tables["targets"]
    for row in table.index[table["date"] < table["announced_on"]]:
        told = texts["targets"].at[row, "announced_on"]
        message = f"{texts['targets'].at[row, 'date']} comes before its announcement, {told}"
        yield Fault(_shown(folder / "targets.csv"), int(row), "date", message)


def _ranks_are_places(tables: dict, folder: Path, texts: dict) -> Iterable[Fault]:
    """Find ranks beyond the number of countries ranked."""
    table = tables["ranks"]
    for row in table.index[table["rank"] > table["n_countries"]]:
        message = f"rank {table.at[row, 'rank']} of {table.at[row, 'n_countries']} countries"
        yield Fault(_shown(folder / "ranks.csv"), int(row), "rank", message)


RULES = (_published_after, _corrections_hold, _targets_lie_ahead, _ranks_are_places)


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

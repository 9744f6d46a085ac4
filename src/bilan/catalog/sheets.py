"""A CSV file as text: what can be read is read, and what is wrong is noted."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from bilan.catalog.faults import Fault, shown

csv.field_size_limit(2**24)


@dataclass
class Sheet:
    """A table as its file spells it.

    Attributes
    ----------
    file : str
        The file as a reader knows it.
    resource : dict
        Its description.
    cells : pandas.DataFrame
        Every described column as text, its index being the spreadsheet's row numbers.
    faults : list of bilan.catalog.Fault
        What is wrong with the file as a whole, its header or the length of its rows.
    absent : set of str
        Described columns that the file lacks; their cells are empty.
    ragged : set of int
        Rows with too few or too many cells: theirs may stand in the wrong column.
    """

    file: str
    resource: dict
    cells: pd.DataFrame = field(default_factory=pd.DataFrame)
    faults: list[Fault] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)
    ragged: set[int] = field(default_factory=set)

    @property
    def fields(self) -> list[dict]:
        """Its columns, as described."""
        return self.resource["schema"]["fields"]

    def note(self, message: str, row: int = 0, column: str = "") -> None:
        """Note something wrong."""
        self.faults.append(Fault(self.file, row, column, message))


def read(folder: Path, resource: dict) -> Sheet:
    """Read the file of a table, however broken it is.

    Parameters
    ----------
    folder : pathlib.Path
    resource : dict
        The table's description in ``datapackage.json``.
    """
    path = folder / resource["path"]
    sheet = Sheet(shown(path), resource)
    lines = _lines(path, sheet)
    header, rows = (lines[0], lines[1:]) if lines else ([], [])
    expected = [f["name"] for f in sheet.fields]
    if lines:
        _check_header(sheet, header, expected)
        if not rows and resource["name"] not in MAY_BE_EMPTY:
            sheet.note("has a header but no row")
    sheet.absent = set(expected) - set(header)
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            sheet.ragged.add(number)
            open_quote = " (a quote left open?)" if any("\n" in c for c in row) else ""
            sheet.note(f"{len(row)} cells; the header has {len(header)}{open_quote}", number)
    table = {
        column: [row[at] if at < len(row) else "" for row in rows]
        for at, column in reversed(list(enumerate(header)))
    }
    blank = [""] * len(rows)
    sheet.cells = pd.DataFrame({c: table.get(c, blank) for c in expected}, dtype="str")
    sheet.cells.index = pd.RangeIndex(2, len(rows) + 2)
    return sheet


#: Tables of doubts, of which there may be none.
MAY_BE_EMPTY = {"contradictions", "corrections"}


def _check_header(sheet: Sheet, header: list[str], expected: list[str]) -> None:
    wanted = f"expected columns: {', '.join(expected)}"
    for column in dict.fromkeys((*expected, *header)):
        if column not in header:
            sheet.note(f"column is missing; {wanted}", 1, column)
        elif column not in expected:
            sheet.note(f"unexpected column; {wanted}", 1, column[:60] or '""')
        elif header.count(column) > 1:
            sheet.note("column appears twice", 1, column)


def _lines(path: Path, sheet: Sheet) -> list[list[str]]:
    """Return the cells of each line; none when there is nothing to read."""
    if not path.is_file():
        sheet.note("file is missing")
        return []
    raw = path.read_bytes()
    if not raw.strip(b"\xef\xbb\xbf\r\n \t"):
        sheet.note("file is empty; expected a header and rows")
        return []
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        sheet.note("is UTF-16; save as UTF-8")
        return []
    lines: list[list[str]] = []
    try:
        # Appending one by one keeps what was read before a fault.
        for line in csv.reader(io.StringIO(_decoded(raw, sheet), newline="")):
            lines.append(line)
    except csv.Error as error:
        sheet.note(f"can't be read further ({error}); is a quote left open?", len(lines) + 1)
    return lines


def _decoded(raw: bytes, sheet: Sheet) -> str:
    """Return the text of a file, its line ends as LF; note what it should not have had."""
    if raw.startswith(b"\xef\xbb\xbf"):
        sheet.note("starts with a byte order mark (BOM); save as UTF-8 without BOM", 1)
        raw = raw[3:]
    if b"\r" in raw:
        first = raw[: raw.index(b"\r")].count(b"\n") + 1
        sheet.note("line ends with CR; only LF line ends are allowed", first)
        raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        row = raw[: error.start].count(b"\n") + 1
        byte = f"0x{raw[error.start]:02X}"
        sheet.note(f"byte {byte} is not UTF-8 (Latin-1?); save as UTF-8", row)
        return raw.decode("cp1252", "replace")

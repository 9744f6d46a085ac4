"""What can be wrong with the raw data, and where."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

#: The blanks that French typography asks for, no-break and narrow no-break.
NO_BREAK = "\u00a0\u202f"


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
        line = f"{place}: {self.message}"
        # Nothing that a file holds may break the line or steer the terminal.
        return "".join(c if c.isprintable() or c in NO_BREAK else f"\\u{ord(c):04x}" for c in line)


class DataError(ValueError):
    """The raw data break their description; ``faults`` holds every fault."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))


def shown(path: Path) -> str:
    """Return the path as a person would type it from the project's root."""
    return "/".join(path.parts[-3:])


def quoted(cell: object) -> str:
    """Return a cell in quotes, cut where it is long."""
    text = str(cell)
    return json.dumps(text if len(text) <= 60 else text[:57] + "…", ensure_ascii=False)

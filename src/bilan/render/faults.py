"""What can be wrong with a staged project, and where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One thing to correct, at a line of a file of the staged project."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class RenderError(Exception):
    """A renderer could not make the page or the PDF."""


class DialectError(RenderError):
    """The staged project goes beyond what both renderers know.

    Attributes
    ----------
    faults : list of Fault
        Everything found, in the order of files and lines.
    """

    def __init__(self, faults: Iterable[Fault]):
        self.faults = sorted(set(faults))
        super().__init__("\n".join(map(str, self.faults)))

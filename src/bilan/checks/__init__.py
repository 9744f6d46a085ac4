"""What must hold of an assembled site before it is published."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bilan import editions
from bilan.checks import links, numbers
from bilan.checks.outline import Outline, outlines

#: A fault: the file it was found in, and what it is.
Fault = tuple[Path, str]


def check(site: Path, kept: Mapping[str, Outline] = {}) -> list[str]:
    """Return every fault of an assembled site, empty when there is none.

    Each link and anchor inside the site resolves there; nothing is loaded from another host;
    nothing runs but the site's own script; no file holds a path of the machine that built it;
    every figure has its data; every number that says where it comes from equals the published
    table; a page can be read by those who don't see it.

    Parameters
    ----------
    site : pathlib.Path
    kept : mapping of str to Outline
        Pages that were read before, by their checksum.
    """
    site = site.resolve()
    pages = outlines(site, kept)
    faults = [
        *links.check(site, pages),
        *((path, fault) for path, page in pages.items() for fault in page.faults),
        *_figures(pages),
        *numbers.check(site, pages),
        *_paths(site),
    ]
    return [f"{path.relative_to(site)}: {fault}" for path, fault in faults]


def _figures(pages: Mapping[Path, Outline]) -> Iterator[Fault]:
    """Name the figures whose numbers can't be had."""
    for path, page in pages.items():
        for name in page.figures:
            data = f"../data/{name}.csv"
            file = path.parent / data
            if data not in page.links:
                yield path, f"figure {name} has no link to its data"
            elif file.is_file() and file.read_text("utf-8").count("\n") < 2:
                yield path, f"figure {name} has no row of data"


def _paths(site: Path) -> Iterator[Fault]:
    """Name the files that hold the project's own path."""
    root = str(editions.project_root())
    told = re.compile(rb"(?<![\w.])" + re.escape(root).encode() + rb"(?!\w)")
    for path in sorted(p for p in site.rglob("*") if p.is_file()):
        content = path.read_bytes()
        if root.encode() in content and told.search(content):
            yield path, f"holds the path {root}"

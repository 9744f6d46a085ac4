"""What must hold of an assembled site before it is published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bilan import editions
from bilan.checks import accessibility, links, numbers
from bilan.checks.page import Page

#: A fault: the file it was found in, and what it is.
Fault = tuple[Path, str]


def check(site: Path) -> list[str]:
    """Return every fault of an assembled site, empty when there is none.

    Each link and anchor inside the site resolves there; nothing is loaded from another host;
    nothing runs but the site's own script;
    no file holds a path of the machine that built it; every figure has its data; every number
    that says where it comes from equals the published table; a page can be read by those who
    don't see it.
    """
    site = site.resolve()
    pages = {p: Page(p.read_text("utf-8")) for p in sorted(site.rglob("*.html"))}
    faults = [
        *links.check(site, pages),
        *_acts(pages),
        *_figures(pages),
        *numbers.check(site, pages),
        *((path, fault) for path, page in pages.items() for fault in accessibility.check(page)),
        *_paths(site),
    ]
    return [f"{path.relative_to(site)}: {fault}" for path, fault in faults]


#: Elements by which a page would act, be replaced, or send what a reader types.
ACTIVE = {"base", "embed", "foreignobject", "form", "frame", "iframe", "object"}


def _acts(pages: dict[Path, Page]) -> Iterator[Fault]:
    """Name what would run in a page, or lead away from it, by itself."""
    for path, page in pages.items():
        for element in page.elements:
            found = element.attributes
            data = found.get("src") or found.get("type") == "application/ld+json"
            leaves = element.tag == "meta" and found.get("http-equiv", "").lower() == "refresh"
            if element.tag in ACTIVE or leaves or (element.tag == "script" and not data):
                yield path, f"holds <{element.tag}>, which acts"
            for name in found:
                if name.startswith("on") or name == "srcdoc":
                    yield path, f"holds {name}, which acts"


def _figures(pages: dict[Path, Page]) -> Iterator[Fault]:
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
        if told.search(path.read_bytes()):
            yield path, f"holds the path {root}"

"""What the checks of a whole site ask of a page, read once and kept beside the page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from bilan.checks import accessibility
from bilan.checks.page import Page

#: Elements by which a page would act, be replaced, or send what a reader types.
ACTIVE = {"base", "embed", "foreignobject", "form", "frame", "iframe", "object"}


@dataclass(frozen=True)
class Outline:
    """A page as the rest of the site sees it.

    Attributes
    ----------
    lang : str
    ids : dict of str to int
        Its anchors, and how often each is given.
    links, loads : list of str
    figures : list of str
        Labels of its figures.
    numbers : list of (str, str)
        Where a number says that it comes from, and the words that say it.
    faults : list of str
        What is wrong with the page, whatever the rest of the site.
    """

    lang: str
    ids: dict[str, int]
    links: list[str]
    loads: list[str]
    figures: list[str]
    numbers: list[tuple[str, str]]
    faults: list[str]

    @classmethod
    def of(cls, text: str) -> Outline:
        """Read a page."""
        page = Page(text)
        sourced = [e for e in page.elements if e.attributes.get("data-from")]
        return cls(
            lang=next((e.attributes.get("lang", "") for e in page.all("html")), "")[:2],
            ids=dict(page.ids),
            links=page.links,
            loads=page.loads,
            figures=page.figures,
            numbers=[(e.attributes["data-from"], " ".join(e.text.split())) for e in sourced],
            faults=[*_acts(page), *accessibility.check(page)],
        )


def _acts(page: Page) -> Iterator[str]:
    """Name what would run in a page, or lead away from it, by itself."""
    for element in page.elements:
        found = element.attributes
        data = found.get("src") or found.get("type") == "application/ld+json"
        leaves = element.tag == "meta" and found.get("http-equiv", "").lower() == "refresh"
        if element.tag in ACTIVE or leaves or (element.tag == "script" and not data):
            yield f"holds <{element.tag}>, which acts"
        for name in found:
            if name.startswith("on") or name == "srcdoc":
                yield f"holds {name}, which acts"


def outlines(site: Path, kept: Mapping[str, Outline] = {}) -> dict[Path, Outline]:
    """Return the outline of every page of a site.

    Parameters
    ----------
    site : pathlib.Path
    kept : mapping of str to Outline
        Outlines read before, by the checksum of the page: only pages that it does not hold are
        read.
    """
    return {path: outline for path, _, outline in _read(site, kept)}


def _read(site: Path, kept: Mapping[str, Outline]) -> Iterator[tuple[Path, str, Outline]]:
    """Give each page of a site with its checksum and its outline."""
    for path in sorted(site.rglob("*.html")):
        content = path.read_bytes()
        checksum = hashlib.sha256(content).hexdigest()
        yield path, checksum, kept.get(checksum) or Outline.of(content.decode("utf-8"))


def keep(site: Path, target: Path, last: Path) -> None:
    """Write the outlines of a site's pages to a file, by the checksum of the page.

    Parameters
    ----------
    site, target : pathlib.Path
    last : pathlib.Path
        A copy for the next time: pages that it knows, and that the same checks read, are not read
        again.
    """
    read = _read(site, kept(last))
    by_checksum = {checksum: asdict(outline) for _, checksum, outline in read}
    text = json.dumps({"checks": _checks(), "pages": by_checksum}, ensure_ascii=False)
    target.write_text(text, "utf-8")
    last.parent.mkdir(parents=True, exist_ok=True)
    last.write_text(text, "utf-8")


def kept(path: Path) -> dict[str, Outline]:
    """Return the outlines that :func:`keep` wrote; none if other checks did, or if cut short."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    if found.get("checks") != _checks():
        return {}
    return {checksum: Outline(**outline) for checksum, outline in found["pages"].items()}


def _checks() -> str:
    """Return the checksum of what reads the pages."""
    code = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
    return hashlib.sha256(code).hexdigest()

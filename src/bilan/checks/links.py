"""Every link and anchor of a site resolves inside it, and nothing comes from elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bilan.checks.outline import Outline
from bilan.checks.page import loads_of_style

#: Addresses that a reader may follow to another host.
FOLLOWED = ("http", "https", "mailto")


def check(site: Path, pages: Mapping[Path, Outline]) -> Iterator[tuple[Path, str]]:
    """Yield each link that leads nowhere and each load from another host, with its file."""
    for path, page in pages.items():
        for link in page.links:
            for fault in _check_link(site, path, link, pages):
                yield path, fault
    loads = [(path, load) for path, page in pages.items() for load in page.loads]
    for style in sorted(site.rglob("*.css")):
        loads += [(style, load) for load in loads_of_style(style.read_text("utf-8"))]
    for path, load in loads:
        for fault in _check_load(site, path, load):
            yield path, fault


def _target(page: Path, link: str) -> Path:
    # The site holds no symbolic link: its addresses can be worked out without asking the disk.
    return Path(os.path.normpath(page.parent / unquote(urlsplit(link).path)))


def _inside(site: Path, page: Path, link: str) -> bool:
    return not link.startswith("/") and _target(page, link).is_relative_to(site)


def _check_load(site: Path, page: Path, load: str) -> Iterable[str]:
    parts = urlsplit(load)
    if parts.scheme == "data" or (not parts.path and not parts.netloc):
        return
    if parts.scheme or parts.netloc:
        yield f"loads {load} from another host"
    elif not _inside(site, page, load):
        yield f"loads {load}, which lies outside the site"
    elif not _target(page, load).exists():
        yield f"loads {load}, which is missing"


def _check_link(site: Path, page: Path, link: str, pages: Mapping[Path, Outline]) -> Iterable[str]:
    parts = urlsplit(link)
    if parts.scheme in FOLLOWED and (parts.netloc or parts.scheme == "mailto"):
        return
    if parts.scheme or parts.netloc:
        yield f"link to {link}, which no reader can follow from disk"
        return
    if not _inside(site, page, link):
        yield f"link to {link}, which lies outside the site"
        return
    target = _target(page, link) if parts.path else page
    if target.is_dir():
        target = target / "index.html"
    if not target.exists():
        yield f"link to {link}, which is missing"
    elif parts.fragment and target.suffix == ".html":
        known = pages.get(target)
        if known is None or unquote(parts.fragment) not in known.ids:
            yield f"link to {link}, whose anchor is missing"

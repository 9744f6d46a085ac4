"""Assemble an edition's part of the site: its pages beside its data and notebooks, each read once.

An edition is assembled in ``build/<edition>/site``, as it will stand in the site, with the
outlines of its pages beside it in ``build/<edition>/outlines.json``. :mod:`bilan.publish` joins
the editions.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from bilan import citation, discovery, editions, live, notebook_pages, seals
from bilan.card import CARD
from bilan.checks import outline
from bilan.discovery import page_of
from bilan.editions import Edition
from bilan.fanout import FanOut, Place
from bilan.pictures import inlined, numbers
from bilan.report import PDF_SIZE
from bilan.site import outlines_of, site_of, size, supplement_of, write
from bilan.wording import Wording

#: Files that every page shares, at the root of the site.
FURNITURE = ("review.css", "review.js", "live.js", "icon.svg")


def assemble(edition: Edition, fan: FanOut = FanOut()) -> None:  # noqa: B008 - frozen
    """Assemble an edition's part of the site and read its pages.

    Parameters
    ----------
    edition : bilan.editions.Edition
    fan : bilan.fanout.FanOut
        The pages of member states beside the review.
    """
    root, site = editions.project_root(), site_of(edition)
    shutil.rmtree(site, ignore_errors=True)
    own = shutil.ignore_patterns(".*", seals.SEAL)  # Snakemake leaves a hidden file in a folder
    shutil.copytree(supplement_of(edition), site / edition.id, ignore=own)
    _place_pages(root, site, edition, fan.places if edition == fan.edition else ())
    last = root / "build/cache/outlines" / f"{edition.id}.json"
    outline.keep(site, outlines_of(edition), last)
    seals.seal_site(site, outlines_of(edition))


def _place_pages(root: Path, site: Path, edition: Edition, places: Sequence[Place]) -> None:
    build = root / "build" / edition.id
    for lang in edition.languages:
        folder = site / edition.id / lang
        pdf = folder / f"bilan-{edition.id}.pdf"
        shutil.copyfile(build / lang / "review.pdf", pdf)
        shutil.copyfile(build / lang / CARD, folder / CARD)
        write(folder / f"bilan-{edition.id}.bib", citation.bibtex(edition, lang))
        text = finish(build / lang, lang).replace(PDF_SIZE, size(pdf, Wording(lang)))
        told = discovery.report(edition, lang, text, site)
        write(folder / "index.html", page_of(edition, lang, "index", told).complete(text))
        _place_charts(build / lang, folder)
        for place in places:
            text = finish(build / "places" / place.name / lang, lang)
            about = page_of(edition, lang, place.name)
            write(site / about.path, about.complete(text))
            _place_charts(build / "places" / place.name / lang, folder)
        _tie_notebooks(folder)


def _place_charts(staged: Path, folder: Path) -> None:
    """Put what a page's charts draw when they are live beside it."""
    (folder / "charts").mkdir(exist_ok=True)
    for name, script in live.charts(staged / "notebooks").items():
        write(folder / "charts" / f"{name}.js", script)


def _tie_notebooks(folder: Path) -> None:
    """Let the notebooks lead only to figures and tables that a page shows."""
    pages = {page.stem: page.read_text("utf-8") for page in folder.glob("*.html")}
    shown = {name: notebook_pages.labels(page) for name, page in pages.items()}
    for path in sorted(folder.glob("notebooks/*.html")):
        write(path, notebook_pages.tied(path.read_text("utf-8"), shown))


# ------------------------------------------------------------------ pages


def finish(staged: Path, lang: str) -> str:
    """Return the rendered page with its charts inlined, so that one style sheet rules them.

    Both renderers leave ``<img src="….svg">``; an inlined picture follows the page's fonts
    and its dark theme, and costs no request. Beside the wide picture stands the one that
    was drawn for a phone, and the style sheet shows the one that fits. Below stand its numbers.
    """
    page = (staged / "review.html").read_text("utf-8")
    for name in FURNITURE:
        page = re.sub(rf'(href|src)="{re.escape(name)}"', rf'\1="../../{name}"', page)
    figures = _figures(staged / "notebooks")

    def inline(match: re.Match) -> str:
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', match.group(0)))
        source = staged / unquote(attributes.get("src", ""))
        if source.suffix != ".svg" or not source.is_file():
            return match.group(0)
        alt = attributes.get("alt", "")
        wide = source.read_text("utf-8")
        narrow = figures.get(source.stem, {}).get("narrow")
        if narrow is None:
            return inlined(wide, alt, "chart")
        return inlined(wide, alt, "chart wide") + inlined(narrow, alt, "chart narrow")

    def tabulate(match: re.Match) -> str:
        about = figures.get(match[1], {})
        if not about.get("numbers"):
            raise editions.UsageError(f"{staged.name}: no figure {match[1]} to show the numbers of")
        return numbers(about["numbers"], about["caption"], Wording(lang).text("numbers.see"), lang)

    page = re.sub(r'<div class="numbers" data-figure="([\w-]+)">\s*</div>', tabulate, page)
    return _spoken(re.sub(r"<img\b[^>]*>", inline, page), staged)


def _spoken(page: str, staged: Path) -> str:
    """Say the language of each source's title where it is not the page's."""
    sources = json.loads((staged / "sources.json").read_text("utf-8"))
    languages = {f"ref-{source['id']}": source["language"] for source in sources}
    own = re.search(r'<html[^>]*\blang="(\w\w)', page)[1]

    def title(match: re.Match) -> str:
        language = languages.get(match["id"], own)
        return match["before"] + ("<em>" if language == own else f'<em lang="{language}">')

    entry = r'(?P<before><div id="(?P<id>[\w-]+)" class="csl-entry"(?:(?!</div>\s*</div>).)*?)<em>'
    return re.sub(entry, title, page, flags=re.S)


def _figures(notebooks: Path) -> dict[str, dict]:
    """Return what came with each figure, by label: the picture for a phone, the numbers."""
    found = {}
    for path in sorted(notebooks.glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("bilan", {})
                if "label" in about:
                    found[about["label"]] = about
    return found

"""Check what was rendered and switch the site to it, whole or not at all."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import jinja2

from bilan import editions, manifest
from bilan.checks import check
from bilan.editions import Edition
from bilan.fanout import FanOut, Place
from bilan.report import INDEX, PDF_SIZE
from bilan.wording import Wording

#: renameat2's flag to exchange two folders in one step.
RENAME_EXCHANGE = 2
AT_FDCWD = -100


#: Files that every page shares, at the root of the site.
FURNITURE = ("review.css", "review.js", "icon.svg")


class CheckError(RuntimeError):
    """The rendered site has faults; the published one stays as it was."""


def publish(fan: FanOut = FanOut()) -> Path:  # noqa: B008 - frozen
    """Assemble the site, check it, and put it in the old one's place in one step.

    Parameters
    ----------
    fan : bilan.fanout.FanOut
        The pages of member states beside the review.

    Returns
    -------
    pathlib.Path
        ``site/index.html``.

    Raises
    ------
    CheckError
        With every fault found; nothing is published then.
    """
    root = editions.project_root()
    fresh, site = root / "build/site", root / "site"
    if fresh.exists():
        shutil.rmtree(fresh)
    fresh.mkdir(parents=True)
    for edition in editions.editions():
        _place_edition(root, fresh, edition)
    for place in fan.places:
        _place_page(root, fresh, fan.edition, place)
    _copy_tree(root / "build/fonts/web", fresh / "fonts")
    for name in FURNITURE:
        shutil.copyfile(root / "report" / name, fresh / name)
    _write_indexes(root, fresh, fan)
    manifest.write(fresh, fan.options)
    faults = check(fresh)
    if faults:
        raise CheckError("\n".join(faults))
    _switch(fresh, site)
    return site / "index.html"


def _place_edition(root: Path, fresh: Path, edition: Edition) -> None:
    for lang in edition.languages:
        staged, page = root / "build" / edition.id / lang, fresh / edition.id / lang
        page.mkdir(parents=True)
        pdf = page / f"bilan-{edition.id}.pdf"
        shutil.copyfile(staged / "review.pdf", pdf)
        text = finish(staged).replace(PDF_SIZE, _size(pdf, Wording(lang)))
        (page / "index.html").write_text(text, "utf-8", newline="\n")
    data = fresh / edition.id / "data"
    _copy_tree(root / "build" / edition.id / "raw", data)
    for figure in sorted((root / "build" / edition.id / "runs").glob("*/data/*.csv")):
        shutil.copyfile(figure, data / figure.name)
    for table in sorted(editions.processed(edition.id).glob("*.parquet")):
        shutil.copyfile(table, data / table.name)


def _place_page(root: Path, fresh: Path, edition: Edition, place: Place) -> None:
    """Put a member state's page beside the edition's, in each language, and its data."""
    build, target = root / "build" / edition.id, fresh / edition.id
    for lang in edition.languages:
        text = finish(build / "places" / place.name / lang)
        (target / lang / f"{place.name}.html").write_text(text, "utf-8", newline="\n")
    for figure in sorted((build / "runs" / place.run / "data").glob("*.csv")):
        shutil.copyfile(figure, target / "data" / figure.name)


def _copy_tree(source: Path, target: Path) -> None:
    shutil.copytree(source, target, dirs_exist_ok=True)


# ------------------------------------------------------------------ pages


def finish(staged: Path) -> str:
    """Return the rendered page with its charts inlined, so that one style sheet rules them.

    Both renderers leave ``<img src="….svg">``; an inlined picture follows the page's fonts
    and its dark theme, and costs no request. Beside the wide picture stands the one that
    was drawn for a phone, and the style sheet shows the one that fits.
    """
    page = (staged / "review.html").read_text("utf-8")
    for name in FURNITURE:
        page = re.sub(rf'(href|src)="{re.escape(name)}"', rf'\1="../../{name}"', page)
    narrow = _narrow_pictures(staged / "notebooks")

    def inline(match: re.Match) -> str:
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', match.group(0)))
        source = staged / unquote(attributes.get("src", ""))
        if source.suffix != ".svg" or not source.is_file():
            return match.group(0)
        alt = attributes.get("alt", "")
        wide = source.read_text("utf-8")
        if source.stem not in narrow:
            return _inlined(wide, alt, "chart")
        return _inlined(wide, alt, "chart wide") + _inlined(
            narrow[source.stem], alt, "chart narrow"
        )

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


def _narrow_pictures(notebooks: Path) -> dict[str, str]:
    """Return the pictures drawn for a phone, by label."""
    found = {}
    for path in sorted(notebooks.glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("bilan", {})
                if "narrow" in about:
                    found[about["label"]] = about["narrow"]
    return found


def _inlined(svg: str, alt: str, classes: str) -> str:
    svg = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>", "", svg, flags=re.S).strip()
    tag = svg[: svg.index(">")]
    rest = re.sub(r'\s(?:class|role|aria-label)="[^"]*"', "", tag).removeprefix("<svg")
    return f'<svg class="{classes}" role="img" aria-label="{alt}"{rest}{svg[len(tag) :]}'


def _write_indexes(root: Path, fresh: Path, fan: FanOut) -> None:
    """Write the list of editions in every language that an edition is published in."""
    template = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined).from_string(
        (root / "report/index.html.j2").read_text("utf-8")
    )
    languages = list(dict.fromkeys(lang for e in editions.editions() for lang in e.languages))
    for lang in languages:
        others = [
            {"lang": other, "name": Wording(other).text("language.name"), "href": INDEX[other]}
            for other in languages
            if other != lang
        ]
        page = template.render(
            editions=_listed(fresh, Wording(lang)),
            places=_listed_places(fan, Wording(lang)) if lang in fan.languages else {},
            lang=lang,
            alternates=others,
            script="review.js",
            icon="icon.svg",
        )
        (fresh / INDEX[lang]).write_text(page + "\n", "utf-8", newline="\n")


def _listed(fresh: Path, words: Wording) -> list[dict]:
    return [
        {
            "id": e.id,
            "as_of": words.date(e.as_of),
            "languages": [
                {
                    "lang": lang,
                    "page": f"{e.id}/{lang}/index.html",
                    "pdf": f"{e.id}/{lang}/bilan-{e.id}.pdf",
                    "size": _size(fresh / e.id / lang / f"bilan-{e.id}.pdf", words),
                }
                for lang in e.languages
            ],
        }
        for e in reversed(editions.editions())
    ]


def _listed_places(fan: FanOut, words: Wording) -> dict:
    names = fan.names(words.lang)
    return {
        "title": words.text("places.title"),
        "intro": words.text("places.intro", as_of=words.date(fan.edition.as_of)),
        "countries": [
            {
                "name": names[country],
                "pages": [
                    {
                        "name": names[index],
                        "href": f"{fan.edition.id}/{words.lang}/{Place(index, country).name}.html",
                    }
                    for index in fan.indices
                ],
            }
            for country in fan.countries_by_name(words.lang)
        ],
    }


def _size(path: Path, words: Wording) -> str:
    return f"{words.number(round(path.stat().st_size / 1000))}\u00a0{words.text('size.kilobyte')}"


# ------------------------------------------------------------------ switch


def _switch(fresh: Path, site: Path) -> None:
    """Exchange the new site with the old one in one step, where the system can."""
    if not site.exists():
        os.rename(fresh, site)
        return
    renameat2 = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    paths = (os.fsencode(fresh), os.fsencode(site))
    if renameat2 is None or renameat2(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE):
        old = site.with_name("site.old")
        os.rename(site, old)
        os.rename(fresh, site)
        os.rename(old, fresh)
    shutil.rmtree(fresh)

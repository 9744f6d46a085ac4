"""Check what was rendered and switch the site to it, whole or not at all."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import jinja2

from bilan import citation, discovery, editions, live, manifest, notebook_pages, opendata
from bilan.card import CARD
from bilan.checks import check
from bilan.discovery import FEED, SITEMAP, Page
from bilan.editions import Edition
from bilan.fanout import HOME, FanOut, Place
from bilan.pictures import inlined
from bilan.report import INDEX, PDF_SIZE
from bilan.wording import Wording

#: renameat2's flag to exchange two folders in one step.
RENAME_EXCHANGE = 2
AT_FDCWD = -100


#: Files that every page shares, at the root of the site.
FURNITURE = ("review.css", "review.js", "live.js", "icon.svg")


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
        _place_edition(root, fresh, edition, fan.places if edition == fan.edition else ())
    shutil.copytree(root / "build/fonts/web", fresh / "fonts")
    shutil.copyfile(root / "build/live/vega.js", fresh / "vega.js")
    for name in FURNITURE:
        shutil.copyfile(root / "report" / name, fresh / name)
    _write_indexes(root, fresh, fan)
    _write_maps(fresh, fan)
    manifest.write(fresh, fan.options)
    faults = check(fresh)
    if faults:
        raise CheckError("\n".join(faults))
    _switch(fresh, site)
    return site / "index.html"


def _place_edition(root: Path, fresh: Path, edition: Edition, places: Sequence[Place]) -> None:
    build, target = root / "build" / edition.id, fresh / edition.id
    own = sorted(path for path in build.glob("runs/*") if any(path.glob("*.ipynb")))
    others = {place: build / "runs" / place.run for place in places if place.country != HOME}
    opendata.publish(edition, target / "data", [*own, *others.values()])
    for lang in edition.languages:
        folder = target / lang
        folder.mkdir(parents=True)
        pdf = folder / f"bilan-{edition.id}.pdf"
        shutil.copyfile(build / lang / "review.pdf", pdf)
        shutil.copyfile(build / lang / CARD, folder / CARD)
        _write(folder / f"bilan-{edition.id}.bib", citation.bibtex(edition, lang))
        text = finish(build / lang).replace(PDF_SIZE, _size(pdf, Wording(lang)))
        told = discovery.report(edition, lang, text, fresh)
        _write(folder / "index.html", _page(edition, lang, "index", told).complete(text))
        _place_charts(build / lang, folder)
        _place_notebooks(root, fresh, edition, lang, own, "index")
        for place in places:
            text = finish(build / "places" / place.name / lang)
            page = _page(edition, lang, place.name)
            _write(fresh / page.path, page.complete(text))
            _place_charts(build / "places" / place.name / lang, folder)
            if place in others:
                _place_notebooks(root, fresh, edition, lang, [others[place]], place.name)


def _place_charts(staged: Path, folder: Path) -> None:
    """Put what a page's charts draw when they are live beside it."""
    (folder / "charts").mkdir(exist_ok=True)
    for name, script in live.charts(staged / "notebooks").items():
        _write(folder / "charts" / f"{name}.js", script)


def _page(edition: Edition, lang: str, name: str, data: Sequence[dict] = ()) -> Page:
    """Return an edition's page of that name, which is the same in each language."""
    versions = {other: f"{edition.id}/{other}/{name}.html" for other in edition.languages}
    return Page(versions[lang], lang, versions, f"{edition.id}/{lang}/{CARD}", data)


def _place_notebooks(
    root: Path, fresh: Path, edition: Edition, lang: str, runs: Sequence[Path], review: str
) -> None:
    """Put notebooks beside the page that shows what they computed."""
    template = _template(root, "notebook.html.j2")
    for run in runs:
        page = _page(edition, lang, f"notebooks/{run.name}")
        text = notebook_pages.page(
            template, run, fresh / _page(edition, lang, review).path, edition, lang
        )
        (fresh / page.path).parent.mkdir(exist_ok=True)
        _write(fresh / page.path, page.complete(text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")


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
            return inlined(wide, alt, "chart")
        return inlined(wide, alt, "chart wide") + inlined(narrow[source.stem], alt, "chart narrow")

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


def _template(root: Path, name: str) -> jinja2.Template:
    return jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(root / "report"),
    ).get_template(name)


def _languages() -> list[str]:
    """Return every language that an edition is published in."""
    return list(dict.fromkeys(lang for e in editions.editions() for lang in e.languages))


def _index(lang: str) -> Page:
    latest = next(e for e in reversed(editions.editions()) if lang in e.languages)
    return Page(
        INDEX[lang],
        lang,
        {other: INDEX[other] for other in _languages()},
        f"{latest.id}/{lang}/{CARD}",
    )


def _write_indexes(root: Path, fresh: Path, fan: FanOut) -> None:
    """Write the list of editions in every language that an edition is published in."""
    template = _template(root, "index.html.j2")
    for lang in _languages():
        text = template.render(
            editions=_listed(fresh, Wording(lang)),
            places=_listed_places(fan, Wording(lang)) if lang in fan.languages else {},
            lang=lang,
            alternates=[
                {"lang": other, "name": Wording(other).text("language.name"), "href": INDEX[other]}
                for other in _languages()
                if other != lang
            ],
            home="",
            root="",
            feed=FEED[lang],
        )
        _write(fresh / INDEX[lang], _index(lang).complete(text) + "\n")


def _write_maps(fresh: Path, fan: FanOut) -> None:
    """Write what lists the editions for machines: the feeds and, with an address, the sitemap."""
    for lang in _languages():
        _write(fresh / FEED[lang], discovery.feed(fresh, lang))
    if editions.address():
        pages = [_index(lang) for lang in _languages()]
        pages += [_page(e, lang, "index") for e in editions.editions() for lang in e.languages]
        pages += [_page(fan.edition, lang, p.name) for p in fan.places for lang in fan.languages]
        _write(fresh / SITEMAP, discovery.sitemap(pages))


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

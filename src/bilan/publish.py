"""Join the editions, check the whole, and switch the site to it, whole or not at all."""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

import pandas as pd

from bilan import discovery, editions, manifest, programme
from bilan.assemble import FURNITURE
from bilan.card import CARD
from bilan.checks import check, outline
from bilan.discovery import FEED, SITEMAP, Page, page_of
from bilan.fanout import FanOut, Place
from bilan.site import INDEX, outlines_of, site_of, size, template, write
from bilan.wording import Wording

#: renameat2's flag to exchange two folders in one step.
RENAME_EXCHANGE = 2
AT_FDCWD = -100


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
    kept = {}
    for edition in editions.editions():
        # Snakemake leaves a hidden file in a folder that it watches.
        hidden = shutil.ignore_patterns(".*")
        shutil.copytree(site_of(edition), fresh, dirs_exist_ok=True, ignore=hidden)
        kept |= outline.kept(outlines_of(edition))
    shutil.copytree(root / "build/fonts/web", fresh / "fonts")
    shutil.copyfile(root / "build/live/vega.js", fresh / "vega.js")
    for name in FURNITURE:
        shutil.copyfile(root / "report" / name, fresh / name)
    _write_indexes(fresh, fan)
    _write_maps(fresh, fan)
    manifest.write(fresh, fan.options)
    faults = check(fresh, kept)
    if faults:
        raise CheckError("\n".join(faults))
    _switch(fresh, site)
    return site / "index.html"


# ------------------------------------------------------------------ what all editions share


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


def _write_indexes(fresh: Path, fan: FanOut) -> None:
    """Write the list of editions in every language that an edition is published in."""
    form = template("index.html.j2")
    for lang in _languages():
        text = form.render(
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
        write(fresh / INDEX[lang], _index(lang).complete(text) + "\n")


def _write_maps(fresh: Path, fan: FanOut) -> None:
    """Write what lists the editions for machines: the feeds and, with an address, the sitemap."""
    for lang in _languages():
        write(fresh / FEED[lang], discovery.feed(fresh, lang))
    if editions.address():
        pages = [_index(lang) for lang in _languages()]
        pages += [page_of(e, lang, "index") for e in editions.editions() for lang in e.languages]
        pages += [page_of(fan.edition, lang, p.name) for p in fan.places for lang in fan.languages]
        write(fresh / SITEMAP, discovery.sitemap(pages))


def _listed(fresh: Path, words: Wording) -> list[dict]:
    return [
        {
            "id": e.id,
            "as_of": words.date(e.as_of),
            "summary": _summary(fresh / e.id / "data", words),
            "languages": [
                {
                    "lang": lang,
                    "page": f"{e.id}/{lang}/index.html",
                    "pdf": f"{e.id}/{lang}/bilan-{e.id}.pdf",
                    "size": size(fresh / e.id / lang / f"bilan-{e.id}.pdf", words),
                }
                for lang in e.languages
            ],
        }
        for e in reversed(editions.editions())
    ]


def _summary(data: Path, words: Wording) -> str:
    """Return how many of the dated targets that an edition knew had been met in time."""
    states = programme.distinct(pd.read_parquet(data / "target_states.parquet"))["state"]
    met, total = int((states == "met").sum()), int((states != "undated").sum())
    return words.plural("chantiers.progress.title", met, met=met, total=total)


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

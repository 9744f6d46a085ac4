"""What makes the site found: a page's head, the feed of editions, the map of the site.

Without ``address`` in ``config/editions.yml`` links are relative: pages bear no canonical
address and there is no ``sitemap.xml``, which can hold nothing but whole addresses.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path
from xml.sax.saxutils import quoteattr

from bilan import editions
from bilan.card import CARD, CARD_SIZE
from bilan.citation import name
from bilan.editions import Edition
from bilan.opendata import CATALOG, PACKAGE, first_day
from bilan.site import INDEX
from bilan.wording import Wording

#: The feed of editions by language, at the root of the site.
FEED = {"fr": "feed.xml", "en": "feed.en.xml"}
SITEMAP = "sitemap.xml"
LICENCE = "https://spdx.org/licenses/EUPL-1.2.html"
OPEN_GRAPH = {"fr": "fr_FR", "en": "en_GB"}
#: The language offered to a reader who asked for none of them.
DEFAULT = "fr"


def address(path: str, seen_from: str) -> str:
    """Return the address of a file of the site: whole if the site has one, else relative."""
    if whole := editions.address():
        return whole + re.sub(r"(^|/)index\.html$", r"\1", path)
    return os.path.relpath(path, os.path.dirname(seen_from) or ".")


@dataclass(frozen=True)
class Page:
    """A page as search engines and social networks want to know it.

    Attributes
    ----------
    path : str
        Its file in the site.
    lang : str
    versions : mapping of str to str
        The page's files by language, its own included.
    picture : str
        File of the picture that stands for it; may be empty.
    data : sequence of mapping
        What it says in the words of schema.org.
    """

    path: str
    lang: str
    versions: Mapping[str, str]
    picture: str = ""
    data: Sequence[Mapping] = ()

    def complete(self, text: str) -> str:
        """Return the page with the rest of its head."""
        return text.replace("</head>", "\n".join([*self._tags(text), "</head>"]), 1)

    def _tags(self, text: str) -> Iterator[str]:
        if whole := editions.address():
            yield f'<link rel="canonical" href="{address(self.path, self.path)}">'
        for lang, path in self.versions.items():
            yield self._alternate(lang, path)
        yield self._alternate("x-default", self.versions.get(DEFAULT, self.path))
        feed, site = address(FEED[self.lang], self.path), Wording(self.lang).text("share.site")
        yield (
            f'<link rel="alternate" type="application/atom+xml" title="{escape(site)}"'
            f' href="{feed}">'
        )
        title, description = _found(text, r"<title>(.*?)</title>"), _description(text)
        yield from _properties("og", site_name=site, title=title, description=description)
        yield from _properties("og", type="article" if self.data else "website")
        yield from _properties("og", locale=OPEN_GRAPH[self.lang])
        if whole:
            yield from _properties("og", url=address(self.path, self.path))
        if self.picture:
            width, height = CARD_SIZE
            yield from _properties("og", image=address(self.picture, self.path))
            yield from _properties("og:image", type="image/png", width=width, height=height)
            yield from _properties("og:image", alt=title)
            yield '<meta name="twitter:card" content="summary_large_image">'
        if self.data:
            graph = {"@context": "https://schema.org", "@graph": list(self.data)}
            # A page's words must not end its element.
            told = json.dumps(graph, ensure_ascii=False).replace("<", "\\u003c")
            yield f'<script type="application/ld+json">{told}</script>'

    def _alternate(self, lang: str, path: str) -> str:
        return f'<link rel="alternate" hreflang="{lang}" href="{address(path, self.path)}">'


def page_of(edition: Edition, lang: str, name: str, data: Sequence[Mapping] = ()) -> Page:
    """Return an edition's page of that name, which is the same in each language."""
    versions = {other: f"{edition.id}/{other}/{name}.html" for other in edition.languages}
    return Page(versions[lang], lang, versions, f"{edition.id}/{lang}/{CARD}", data)


def _found(text: str, pattern: str) -> str:
    match = re.search(pattern, text, re.S)
    return " ".join(unescape(match[1]).split(" ")).strip() if match else ""


def _description(text: str) -> str:
    return _found(text, r'<meta name="description" content="(.*?)"\s*/?>')


def _properties(prefix: str, **values: object) -> Iterator[str]:
    for key, value in values.items():
        if value:
            yield f'<meta property="{prefix}:{key}" content="{escape(str(value))}">'


# ------------------------------------------------------------------ schema.org


def report(edition: Edition, lang: str, text: str, site: Path) -> list[dict]:
    """Describe an edition and its data in the words of schema.org.

    Parameters
    ----------
    edition : bilan.editions.Edition
    lang : {"fr", "en"}
    text : str
        The page.
    site : pathlib.Path
        The site, where the edition's data already are.
    """
    path, words = f"{edition.id}/{lang}/index.html", Wording(lang)
    author = {"@type": "Organization", "@id": name("publisher"), "name": words.text("share.author")}
    data = name(edition.id, "data")
    told = {
        "@type": "Report",
        "@id": name(edition.id, lang),
        "name": _found(text, r"<title>(.*?)</title>"),
        "description": _description(text),
        "inLanguage": lang,
        "url": address(path, path),
        "reportNumber": edition.id,
        "datePublished": edition.as_of.isoformat(),
        "author": author,
        "publisher": {"@id": author["@id"]},
        "license": LICENCE,
        "image": address(f"{edition.id}/{lang}/{CARD}", path),
        "encoding": {
            "@type": "MediaObject",
            "encodingFormat": "application/pdf",
            "contentUrl": address(f"{edition.id}/{lang}/bilan-{edition.id}.pdf", path),
        },
        "workTranslation": [
            {"@id": name(edition.id, other)} for other in edition.languages if other != lang
        ],
        "hasPart": {"@id": data},
    }
    return [told, _dataset(edition, words, site / edition.id / "data", path) | {"@id": data}]


def _dataset(edition: Edition, words: Wording, folder: Path, page: str) -> dict:
    package = json.loads((folder / PACKAGE).read_text("utf-8"))
    files = [
        *(
            (words.text(f"table.{r['name']}"), r["path"], r["mediatype"])
            for r in package["resources"]
        ),
        ("Data Package", PACKAGE, "application/json"),
        ("DCAT-AP", CATALOG, "application/ld+json"),
    ]
    return {
        "@type": "Dataset",
        "name": words.text("share.data", edition=edition.id),
        "description": words.text("share.describe", as_of=words.date(edition.as_of)),
        "creator": {"@id": name("publisher")},
        "license": package["licenses"][0]["path"],
        "conditionsOfAccess": words.text("share.rights"),
        "keywords": package["keywords"],
        "datePublished": edition.as_of.isoformat(),
        "temporalCoverage": f"{first_day(folder)}/{edition.as_of.isoformat()}",
        "spatialCoverage": {"@type": "Country", "name": "France"},
        "distribution": [
            {
                "@type": "DataDownload",
                "name": title,
                "encodingFormat": media,
                "contentUrl": address(f"{edition.id}/data/{path}", page),
            }
            for title, path, media in files
        ],
    }


# ------------------------------------------------------------------ feed


def feed(site: Path, lang: str) -> str:
    """Return the editions of a language as an Atom feed, newest first."""
    words, path = Wording(lang), FEED[lang]
    listed = [e for e in reversed(editions.editions()) if lang in e.languages]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{lang}">',
        _element("id", name("feed", lang)),
        _element("title", words.text("share.site")),
        _element("subtitle", words.text("share.summary")),
        _element("updated", _moment(listed[0])),
        f"<author>{_element('name', words.text('share.author'))}</author>",
        _link("self", "application/atom+xml", address(path, path)),
        _link("alternate", "text/html", address(INDEX[lang], path)),
    ]
    for edition in listed:
        lines += _entry(site, edition, lang)
    return "\n".join([*lines, "</feed>"]) + "\n"


def _entry(site: Path, edition: Edition, lang: str) -> Iterator[str]:
    folder = f"{edition.id}/{lang}"
    text = (site / folder / "index.html").read_text("utf-8")
    pdf = f"{folder}/bilan-{edition.id}.pdf"
    yield "<entry>"
    yield _element("id", name(edition.id, lang))
    yield _element("title", _found(text, r"<title>(.*?)</title>"))
    yield _element("updated", _moment(edition))
    yield _element("published", _moment(edition))
    yield _element("summary", _description(text))
    yield _link("alternate", "text/html", address(f"{folder}/index.html", FEED[lang]))
    size = (site / pdf).stat().st_size
    yield _link("enclosure", "application/pdf", address(pdf, FEED[lang]), length=size)
    yield "</entry>"


def _moment(edition: Edition) -> str:
    return f"{edition.as_of.isoformat()}T00:00:00Z"


def _element(tag: str, text: str) -> str:
    return f"<{tag}>{escape(text, quote=False)}</{tag}>"


def _link(rel: str, kind: str, href: str, **more: object) -> str:
    given = {"rel": rel, "type": kind, "href": href, **more}
    return f"<link {' '.join(f'{key}={quoteattr(str(value))}' for key, value in given.items())}/>"


# ------------------------------------------------------------------ map of the site


def sitemap(pages: Sequence[Page]) -> str:
    """Return the map of the pages that stand in several languages or alone."""
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    for page in pages:
        lines += ["<url>", _element("loc", address(page.path, page.path))]
        for lang, path in page.versions.items():
            href = quoteattr(address(path, page.path))
            lines.append(f'<xhtml:link rel="alternate" hreflang="{lang}" href={href}/>')
        lines.append("</url>")
    return "\n".join([*lines, "</urlset>"]) + "\n"

"""How to cite an edition: as a sentence, and as BibTeX."""

from __future__ import annotations

import uuid

from bilan import editions
from bilan.editions import Edition
from bilan.wording import Wording

#: Whatever address the site has or will have, an edition keeps its name.
NAMESPACE = uuid.UUID("a3a0f5d4-6c3e-5d0e-9a44-0f0d3c1b7e20")
BABEL = {"fr": "french", "en": "british"}
#: Signs that mean something to BibTeX or LaTeX.
_SPECIAL = {sign: f"\\{sign}" for sign in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # No-break spaces, as LaTeX says them.
    "\u00a0": "~",
    "\u202f": r"\,",
}


def name(*parts: str) -> str:
    """Return the permanent name of a part of the site, such as an edition in one language."""
    return uuid.uuid5(NAMESPACE, "/".join(parts)).urn


def place(edition: Edition, lang: str) -> str:
    """Return the address of an edition; empty if the site has none."""
    address = editions.address()
    return f"{address}{edition.id}/{lang}/" if address else ""


def sentence(edition: Edition, lang: str) -> str:
    """Return the suggested citation, with the address if the site has one."""
    words = Wording(lang)
    text = words.text(
        "share.cite",
        author=words.text("share.author"),
        edition=edition.id,
        title=words.text("share.title", edition=edition.id),
        as_of=words.date(edition.as_of),
    )
    return f"{text} {place(edition, lang)}".rstrip()


def bibtex(edition: Edition, lang: str) -> str:
    """Return the citation as a BibTeX entry, in UTF-8."""
    words = Wording(lang)
    note = words.text("share.cite_note", as_of=words.date(edition.as_of))
    fields = {
        # In braces, so that the name is not taken apart into first and last.
        "author": f"{{{_escape(words.text('share.author'))}}}",
        "title": f"{{{_escape(words.text('share.title', edition=edition.id))}}}",
        "year": str(edition.as_of.year),
        "month": str(edition.as_of.month),
        "note": _escape(note),
        "language": BABEL[lang],
    }
    if address := place(edition, lang):
        fields["url"] = address
    lines = [f"  {key:<8} = {{{value}}}," for key, value in fields.items()]
    return "\n".join([f"@misc{{bilan-{edition.id}-{lang},", *lines, "}\n"])


def _escape(text: str) -> str:
    return "".join(_SPECIAL.get(sign, sign) for sign in text)

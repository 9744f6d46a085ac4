"""The picture that stands for an edition where its address is shared: promises and their state."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

from bilan import editions
from bilan.wording import Wording

#: Its file beside the review, and its size in pixels: what social networks ask for.
CARD = "card.png"
CARD_SIZE = (1200, 630)
#: As many promises as one takes in at a glance.
PROMISES = 4
PARTS = ("value", "what", "state", "probability")
_TYPST = Path(__file__).with_name("card.typ")


def draw(edition: str, lang: str) -> Path:
    """Draw the picture of a rendered edition.

    Parameters
    ----------
    edition : str
    lang : {"fr", "en"}

    Returns
    -------
    pathlib.Path
        ``card.png``, the same bytes for the same page.
    """
    import typst

    words, chosen = Wording(lang), editions.edition(edition)
    project = editions.project_root() / "build" / chosen.id / lang
    told = {
        "lang": lang,
        "site": words.text("share.site"),
        "edition": chosen.id,
        "as-of": words.text("share.cite_note", as_of=words.date(chosen.as_of)),
        "promises": promises((project / "review.html").read_text("utf-8"))[:PROMISES],
    }
    inputs = {"told": json.dumps(told, ensure_ascii=False)}
    inputs |= dict(zip(("width", "height"), map(str, CARD_SIZE), strict=True))
    picture = typst.compile(
        _TYPST.read_bytes(),
        font_paths=[project / "fonts"],
        ignore_system_fonts=True,
        format="png",
        ppi=72.0,
        sys_inputs=inputs,
    )
    path = project / CARD
    path.write_bytes(picture)
    return path


def promises(page: str) -> list[dict[str, str]]:
    """Return the promises of an edition's first screen.

    Returns
    -------
    list of dict
        ``value``, ``what`` (its first sentence), ``state``, ``probability`` as text, and
        ``kind``, the class of the state.
    """
    found = _Promises(page).found
    for promise in found:
        for part in PARTS:
            promise[part] = re.sub(r" +([.,)])", r"\1", " ".join(promise[part].split(" "))).strip()
        promise["what"] = re.split(r"\.(?:\s|$)", promise["what"], maxsplit=1)[0]
    return found


class _Promises(HTMLParser):
    """Collect the parts of each entry, without the marks of its sources."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[dict[str, str]] = []
        self.spans: list[str] = []
        self.divs: int = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        classes = (dict(attrs).get("class") or "").split()
        if tag == "div" and (self.divs or "promises" in classes):
            self.divs += 1
        elif self.divs and tag == "li":
            self.found.append(dict.fromkeys((*PARTS, "kind"), ""))
        elif self.divs and tag == "span":
            self.spans.append(next((c for c in classes if c in (*PARTS, "citation")), ""))
            if self.spans[-1] == "state":
                self.found[-1]["kind"] = classes[-1]

    def handle_data(self, data: str) -> None:
        part = next((span for span in self.spans if span in PARTS), "")
        if part and "citation" not in self.spans:
            self.found[-1][part] += data.replace("\n", " ")

    def handle_endtag(self, tag: str) -> None:
        if self.divs and tag == "div":
            self.divs -= 1
        elif self.divs and tag == "span":
            self.spans.pop()

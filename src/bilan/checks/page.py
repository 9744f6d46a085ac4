"""A published page, as the checks look at it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from html.parser import HTMLParser

#: Elements whose words some check asks for.
_KEPT = {"a", "button", "h1", "h2", "h3", "h4", "h5", "h6", "summary", "table", "title"}
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "wbr"}
#: What a style sheet loads.
_LOADED = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


@dataclass(slots=True)
class Element:
    """An element of a page.

    Attributes
    ----------
    tag : str
    attributes : dict of str to str
    parent : Element or None
    text : str
        The words inside it, if some check asks for them; its pictures' names are words too.
    """

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    text: str = ""

    def within(self, tag: str) -> Element | None:
        """Return the nearest element of a kind that it stands in."""
        around = self.parent
        while around is not None and around.tag != tag:
            around = around.parent
        return around


class Page(HTMLParser):
    """Collect what a page loads, where it leads, and its elements in their order.

    Attributes
    ----------
    ids : Counter of str
    links, loads : list of str
    elements : list of Element
    """

    def __init__(self, text: str):
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(text)

    @property
    def figures(self) -> list[str]:
        """The labels of the page's figures."""
        found = (
            e.attributes["id"]
            for e in self.elements
            if "quarto-float" in e.attributes.get("class", "").split() and "id" in e.attributes
        )
        return [name for name in found if name.startswith("fig-")]

    def all(self, *tags: str) -> list[Element]:
        """Return the elements of some kinds, in their order."""
        return [e for e in self.elements if e.tag in tags]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element that says by itself that it is empty."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.handle_endtag(tag)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take the beginning of an element."""
        found = {name: value or "" for name, value in reversed(attrs)}
        element = Element(tag, found, self._open[-1] if self._open else None)
        self.elements.append(element)
        self._say(found.get("alt", "") if tag == "img" else found.get("aria-label", ""))
        if tag not in _VOID:
            self._open.append(element)
        if "id" in found:
            self.ids[found["id"]] += 1
        if tag in ("a", "area") and (link := found.get("href") or found.get("xlink:href")):
            self.links.append(link)
        if "srcset" in found:
            self.loads += [part.split()[0] for part in found["srcset"].split(",") if part]
        self.loads += _loads_of(tag, found)

    def handle_endtag(self, tag: str) -> None:
        """Take the end of an element."""
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at].tag == tag:
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        """Take words."""
        if self._open and self._open[-1].tag == "style":
            self.loads += loads_of_style(data)
        self._say(data)

    def _say(self, words: str) -> None:
        for element in self._open:
            if element.tag in _KEPT or "data-from" in element.attributes:
                element.text += words


def _loads_of(tag: str, found: dict[str, str]) -> list[str]:
    loads = [found[name] for name in ("src", "poster", "data") if found.get(name)]
    if tag == "link" and found.get("rel") in ("stylesheet", "preload", "icon"):
        loads.append(found.get("href", ""))
    if tag in ("image", "use"):
        loads.append(found.get("href") or found.get("xlink:href") or "#")
    return loads + loads_of_style(found["style"]) if "style" in found else loads


def loads_of_style(text: str) -> list[str]:
    """Return what a style sheet loads."""
    return [address or imported for address, imported in _LOADED.findall(text)]

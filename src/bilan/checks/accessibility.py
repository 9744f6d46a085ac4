"""The rules of accessibility that a page's source shows; a browser checks the rest in the tests."""

from __future__ import annotations

from collections.abc import Iterator

from bilan.checks.page import Element, Page

_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
#: Attributes that name other elements by their id.
_REFERENCES = ("aria-labelledby", "aria-describedby", "aria-controls", "for", "headers")
_NAMES = ("aria-label", "aria-labelledby", "title")


def check(page: Page) -> Iterator[str]:
    """Yield each fault of a page."""
    for rule in (_document, _identifiers, _headings, _pictures, _tables, _controls):
        yield from rule(page)


def _document(page: Page) -> Iterator[str]:
    (html, *_) = page.all("html") or [Element("html", {})]
    if not html.attributes.get("lang"):
        yield "has no language"
    if not any(t.text.strip() for t in page.all("title") if not t.within("svg")):
        yield "has no title"
    if len(page.all("main")) != 1:
        yield f"has {len(page.all('main'))} main parts, not one"
    for meta in page.all("meta"):
        content = meta.attributes.get("content", "").replace(" ", "")
        if "user-scalable=no" in content or "maximum-scale=1" in content:
            yield "can't be enlarged"


def _identifiers(page: Page) -> Iterator[str]:
    for name, count in page.ids.items():
        if count > 1:
            yield f"the name {name} is given {count} times"
    for element in page.elements:
        for attribute in _REFERENCES:
            for name in element.attributes.get(attribute, "").split():
                if name not in page.ids:
                    yield f'<{element.tag} {attribute}="{name}"> names nothing on the page'


def _headings(page: Page) -> Iterator[str]:
    level = 0
    for heading in page.all(*_HEADINGS):
        text, at = " ".join(heading.text.split()), int(heading.tag[1])
        if not text:
            yield f"an empty {heading.tag}"
        if heading.within("nav"):
            continue
        if at > level + 1:
            yield f'heading "{text}" is an {heading.tag}, though no h{at - 1} stands before it'
        level = at


def _pictures(page: Page) -> Iterator[str]:
    for picture in page.all("img"):
        if "alt" not in picture.attributes:
            yield f"picture {picture.attributes.get('src', '')} has no alternative text"
    for picture in page.all("svg"):
        hidden = picture.attributes.get("aria-hidden") == "true"
        if not hidden and not picture.attributes.get("aria-label", "").strip():
            yield "an inlined picture has no alternative text"


def _tables(page: Page) -> Iterator[str]:
    headed = [id(cell.within("table")) for cell in page.all("th")]
    for table in page.all("table"):
        name = table.attributes.get("id") or table.text.strip()[:30]
        if id(table) not in headed:
            yield f'table "{" ".join(name.split())}" has no header'


def _controls(page: Page) -> Iterator[str]:
    labelled = {e.attributes.get("for") for e in page.all("label")}
    for control in page.all("input", "select", "textarea"):
        own = control.attributes
        named = any(own.get(n, "").strip() for n in _NAMES) or own.get("id") in labelled
        if own.get("type") != "hidden" and not named and not control.within("label"):
            yield f"a form's {control.tag} has no label"
    for element in page.all("a", "button", "summary"):
        own = element.attributes
        leads = element.tag != "a" or "href" in own
        if leads and not element.text.strip() and not any(own.get(n) for n in _NAMES):
            yield f"an empty {element.tag}" + (f" to {own['href']}" if "href" in own else "")
    for element in page.elements:
        if element.attributes.get("tabindex", "0").lstrip("+") not in ("0", "-1"):
            yield f"<{element.tag} tabindex> changes the order of the page"

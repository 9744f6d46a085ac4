"""A chart inside a page, where the page's style sheet and its dark theme rule it."""

import re


def inlined(svg: str, alt: str, classes: str) -> str:
    """Return an SVG file as an element of a page.

    Parameters
    ----------
    svg : str
        The file.
    alt : str
        What a reader who does not see it must know, escaped as an attribute.
    classes : str
        ``chart``, with ``wide`` or ``narrow`` where there are two drawings.
    """
    svg = re.sub(r"<\?xml.*?\?>|<!DOCTYPE.*?>", "", svg, flags=re.S).strip()
    tag = svg[: svg.index(">")]
    rest = re.sub(r'\s(?:class|role|aria-label)="[^"]*"', "", tag).removeprefix("<svg")
    return f'<svg class="{classes}" role="img" aria-label="{alt}"{rest}{svg[len(tag) :]}'

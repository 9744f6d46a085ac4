"""A chart inside a page, where the page's style sheet and its dark theme rule it; its numbers.

Both enter a page when it is rendered already: Pandoc would take longer over them than over the
chapters.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape

_ORDINAL = re.compile(r"(?<!\w)(\d+)(er?)(?!\w)")


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


def numbers(found: Mapping[str, Sequence], caption: str, summary: str, lang: str) -> str:
    """Return the numbers behind a chart as a table that a reader opens.

    Parameters
    ----------
    found : mapping
        ``header`` and ``rows`` as text, and ``align``, a letter a column: ``l`` or ``r``.
        The first cell of a row names it.
    caption, summary : str
        What the table shows; what opens it.
    lang : {"fr", "en"}
        French raises the ending of an ordinal.
    """

    def row(cells: Sequence[str], scope: str) -> str:
        line = []
        for at, (text, letter) in enumerate(zip(cells, found["align"], strict=True)):
            tag = f'th scope="{scope}"' if scope == "col" or at == 0 else "td"
            kind = ' class="number"' if letter == "r" else ""
            text = escape(text, quote=False)
            text = _ORDINAL.sub(r"\1<sup>\2</sup>", text) if lang == "fr" else text
            line.append(f"<{tag}{kind}>{text}</{tag[:2]}>")
        return f"<tr>{''.join(line)}</tr>"

    head = row(found["header"], "col")
    body = "\n".join(row(cells, "row") for cells in found["rows"])
    return (
        f'<details class="numbers">\n<summary>{escape(summary, quote=False)}</summary>\n'
        f"<div>\n<table>\n<caption>{escape(caption, quote=False)}</caption>\n"
        f"<thead>\n{head}\n</thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n</details>"
    )

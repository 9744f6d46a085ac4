"""Executed notebooks as pages of the site: how each figure of an edition was computed.

A notebook's words and code are English; what it shows is in the language it was run in. A page
holds no script, no inline style and nothing from another host, so a strict content policy
serves it, and it is the same whichever engine rendered the review.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape, unescape
from html.parser import HTMLParser
from itertools import groupby
from pathlib import Path

import jinja2
import mistune
from pygments.lexers import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from bilan.editions import Edition
from bilan.pictures import inlined
from bilan.site import INDEX, anchor, name_of
from bilan.wording import Wording

#: What is set apart in code, and by which class.
CODE = (
    (Comment, "comment"),
    (String, "string"),
    (Number, "number"),
    (Keyword, "keyword"),
    (Operator.Word, "keyword"),
    (Name.Decorator, "keyword"),
)
_NUMBER = re.compile(r"[-−+×]?\s?\d[\d.,\s]*(e[-+]?\d+)?(\s?%)?|NaN|NaT|None")
_words = mistune.create_markdown(plugins=["table"])
_TITLE = re.compile(r'role-title-text".*?<text[^>]*>([^<]+)</text>', re.S)
_CITED = re.compile(r"\s*\[((?:@\w+(?:;\s*)?)+)\]")


@dataclass
class Section:
    """A heading of a notebook with the cells that follow it."""

    id: str
    heading: str = ""
    cells: list[dict] = field(default_factory=list)


@dataclass(frozen=True)
class Beside:
    """The page that shows what a notebook computed.

    Attributes
    ----------
    lang : {"fr", "en"}
        Its language, that the notebook was run in too.
    address : str
        Where it is, seen from the notebook's page.
    back : str
        What a link to one of them says.
    """

    lang: str
    address: str
    back: str


def read(notebook: Path, review: Beside) -> tuple[str, list[Section]]:
    """Return the title of an executed notebook and its sections, ready for the page.

    Parameters
    ----------
    notebook : pathlib.Path
    review : Beside
    """
    title, sections = "", [Section("notebook")]
    for cell in json.loads(notebook.read_text("utf-8"))["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            continue  # the defaults: the cell that follows says what was taken instead
        source = "".join(cell["source"]).strip()
        made = {"id": anchor(cell["id"]), "words": "", "code": "", "outputs": []}
        if cell["cell_type"] == "markdown":
            heading, source = _heading(source)
            if heading.startswith("# "):
                title = heading[2:]
            elif heading:
                sections.append(Section(f"section-{cell['id']}", heading.lstrip("# ")))
            made["words"] = _words(source).strip()
        else:
            made["code"] = highlighted(_without_options(source))
            made["outputs"] = list(_outputs(cell.get("outputs", []), review))
        sections[-1].cells.append(made)
    return title, sections


def _heading(source: str) -> tuple[str, str]:
    """Return a cell's heading, if it begins with one, and what follows."""
    first, _, rest = source.partition("\n")
    return (first, rest) if first.startswith("#") else ("", source)


def _without_options(source: str) -> str:
    return re.sub(r"\A(#\|.*\n?)+", "", source)


@cache
def highlighted(source: str) -> str:
    """Return Python as HTML, its comments, keywords, numbers and strings in classes."""
    tokens = [
        (next((name for family, name in CODE if kind in family), ""), text)
        for kind, text in PythonLexer().get_tokens(source)
    ]
    parts = []
    for name, group in groupby(tokens, key=lambda token: token[0]):
        text = escape("".join(text for _, text in group), quote=False)
        parts.append(f'<span class="{name}">{text}</span>' if name else text)
    return "".join(parts).rstrip("\n")


# ------------------------------------------------------------------ outputs


def _outputs(outputs: list[dict], review: Beside) -> Iterator[str]:
    for output in outputs:
        bundle = {mime: _text(value) for mime, value in output.get("data", {}).items()}
        about = output.get("metadata", {}).get("bilan", {})
        table = _table(bundle.get("text/html", ""))
        if "image/svg+xml" in bundle:
            yield _figure(_drawings(bundle["image/svg+xml"], about), about, review)
        elif "text/markdown" in bundle:
            yield _figure(_markdown(bundle["text/markdown"], review), about, review)
        elif table:
            yield f'<figure class="output"><div>{table}</div></figure>'
        elif text := bundle.get("text/plain", _text(output.get("text", ""))).rstrip():
            yield f'<pre class="output"><samp>{escape(text, quote=False)}</samp></pre>'


def _text(value: object) -> str:
    return "".join(value) if isinstance(value, list) else value if isinstance(value, str) else ""


def _drawings(svg: str, about: dict) -> str:
    # A chart that only the notebook shows is described by its own title.
    title = _TITLE.search(svg)
    alt = escape(about.get("alt") or (unescape(title[1]) if title else "Chart"))
    if "narrow" not in about:
        return inlined(svg, alt, "chart")
    return inlined(svg, alt, "chart wide") + inlined(about["narrow"], alt, "chart narrow")


def _figure(body: str, about: dict, review: Beside) -> str:
    caption = escape(about.get("caption", ""), quote=False)
    if label := about.get("label"):
        caption += f' <a href="{review.address}#{label}">{review.back}</a>'
    told = f"<figcaption>{caption}</figcaption>" if caption else ""
    spoken = f' lang="{review.lang}"' if about else ""  # else it is the notebook's own, in English
    return f'<figure class="output"{spoken}>{body}{told}</figure>'


def _markdown(text: str, review: Beside) -> str:
    """Return a table of the review, its sources as links to the review's bibliography."""

    def links(match: re.Match) -> str:
        keys = re.findall(r"\w+", match[1])
        return " " + ", ".join(f"[{key}]({review.address}#ref-{key})" for key in keys)

    page = _words(_CITED.sub(links, text))
    return f"<div>{_table(page)}</div>" if "<table" in page else page


def _table(html: str) -> str:
    """Return the table of an output, without styles; nothing if there is none.

    A header that is empty names nothing: it becomes a cell. Columns of numbers are set right.
    """
    rows = _Rows(html).rows
    if not rows:
        return ""
    body = [row for row, head in rows if not head]
    numeric = [all(_is_number(cell) for _, cell in column) for column in zip(*body, strict=False)]
    head = "".join(_row(row, "col", numeric) for row, is_head in rows if is_head)
    rest = "".join(_row(row, "row", numeric) for row in body)
    return f"<table><thead>{head}</thead><tbody>{rest}</tbody></table>"


def _is_number(cell: str) -> bool:
    return bool(_NUMBER.fullmatch(re.sub(r"<[^>]*>", "", cell)))


def _row(row: list[tuple[str, str]], scope: str, numeric: list[bool]) -> str:
    cells = []
    for at, (tag, cell) in enumerate(row):
        tag = tag if cell else "td"
        kind = ' class="number"' if at < len(numeric) and numeric[at] else ""
        kind += f' scope="{scope}"' if tag == "th" else ""
        cells.append(f"<{tag}{kind}>{cell}</{tag}>")
    return f"<tr>{''.join(cells)}</tr>"


class _Rows(HTMLParser):
    """Read the rows of a table: the text of its cells, and the links in them.

    A cell that spans rows, as pandas draws the first levels of an index, is said again in each.
    """

    def __init__(self, html: str):
        super().__init__()
        self.rows: list[tuple[list[tuple[str, str]], bool]] = []
        self.cell: str | None = None
        self.head = False
        self.span = 1
        self.spanning: list[tuple[str, str, int]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("thead", "tbody"):
            self.head = tag == "thead"
        elif tag == "tr":
            above = self.spanning
            self.rows.append(([(tag, cell) for tag, cell, _ in above], self.head))
            self.spanning = [(tag, cell, left - 1) for tag, cell, left in above if left > 1]
        elif tag in ("th", "td"):
            span = dict(attrs).get("rowspan") or ""
            self.cell, self.span = "", int(span) if span.isdecimal() else 1
        elif tag == "a" and self.cell is not None:
            self.cell += f'<a href="{escape(dict(attrs)["href"] or "")}">'

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell += escape(data, quote=False)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td") and self.cell is not None:
            self.rows[-1][0].append((tag, self.cell.strip()))
            if self.span > 1:
                self.spanning.append((tag, self.cell.strip(), self.span - 1))
            self.cell = None
        elif tag == "a" and self.cell is not None:
            self.cell += "</a>"


# ------------------------------------------------------------------ pages


def beside(page: str, lang: str) -> Beside:
    """Return what notebooks need to know of the page, by name, that shows what they computed."""
    return Beside(lang, f"../{page}.html", Wording(lang).text("notebook.back"))


def labels(page: str) -> set[str]:
    """Return the labels of the figures and tables that a page shows."""
    return set(re.findall(r'\bid="((?:fig|tbl)-[\w-]+)"', page))


def tied(text: str, shown: Mapping[str, set[str]]) -> str:
    """Return the page of a notebook without links to figures that no page shows.

    Parameters
    ----------
    text : str
        The page of the notebook.
    shown : mapping of str to set of str
        By the name of a page, the labels of its figures and tables.

    Returns
    -------
    str
    """
    link = r' <a href="\.\./([\w-]+)\.html#((?:fig|tbl)-[\w-]+)">[^<]*</a>'
    return re.sub(link, lambda match: match[0] if match[2] in shown.get(match[1], ()) else "", text)


def page(template: jinja2.Template, run: Path, review: Beside, edition: Edition) -> str:
    """Return the page of an executed notebook.

    Parameters
    ----------
    template : jinja2.Template
        ``report/notebook.html.j2``.
    run : pathlib.Path
        The folder of the executed notebook.
    review : Beside
        The page of the site that shows what the notebook computed, and lists its sources.
    edition : bilan.editions.Edition
    """
    words, notebook = Wording(review.lang), run / f"{review.lang}.ipynb"
    if not notebook.exists():
        notebook = run / f"{run.name}.ipynb"
    heading, sections = read(notebook, review)
    return (
        template.render(
            lang=review.lang,
            title=words.text("notebook.title", heading=heading, run=run.name, edition=edition.id),
            home=f"../../../{INDEX[review.lang]}",
            root="../../../",
            alternates=[
                {
                    "lang": other,
                    "name": Wording(other).text("language.name"),
                    "href": f"../../{other}/notebooks/{name_of(run.name)}",
                }
                for other in edition.languages
                if other != review.lang
            ],
            review=review.address,
            edition=words.text("notebook.edition", edition=edition.id),
            heading=heading,
            run=run.name,
            note=words.text("notebook.note"),
            contents=words.text("notebook.contents"),
            sections=sections,
        )
        + "\n"
    )

"""The PDF as a reading machine meets it, and as a reader of paper does."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pikepdf
import pytest
import yaml

ROOT = Path(__file__).parents[1]
SETTINGS = yaml.safe_load((ROOT / "config/editions.yml").read_text("utf-8"))
LANGUAGES = next(e["languages"] for e in SETTINGS["editions"] if e["id"] == "2021")
HEADINGS = ("H1", "H2", "H3", "H4", "H5", "H6")


@pytest.fixture(scope="module", params=LANGUAGES)
def lang(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def path(built: Path, lang: str) -> Path:
    return built / f"site/2021/{lang}/bilan-2021.pdf"


@pytest.fixture(scope="module")
def pdf(path: Path) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(path) as opened:
        yield opened


@pytest.fixture(scope="module", autouse=True)
def poppler() -> None:
    if shutil.which("pdftotext") is None:
        missing = "pdftotext is not installed (apt-get install poppler-utils)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)


# ------------------------------------------------------------------ the structure tree


class Tree:
    """A PDF's structure elements in reading order, and the page each stands on."""

    def __init__(self, pdf: pikepdf.Pdf):
        self.pages = {page.obj.objgen: n for n, page in enumerate(pdf.pages, 1)}
        self.elements = list(self.below(pdf.Root.StructTreeRoot))

    def below(self, node: pikepdf.Object) -> Iterator[pikepdf.Dictionary]:
        for child in self.children(node):
            yield child
            yield from self.below(child)

    @staticmethod
    def children(node: pikepdf.Object) -> list[pikepdf.Dictionary]:
        held = node.get("/K", [])
        held = list(held) if isinstance(held, pikepdf.Array) else [held]
        return [child for child in held if isinstance(child, pikepdf.Dictionary) and "/S" in child]

    def of_kind(self, *kinds: str) -> list[pikepdf.Dictionary]:
        return [element for element in self.elements if kind(element) in kinds]

    def page(self, element: pikepdf.Dictionary) -> int | None:
        """The page on which an element begins."""
        for one in (element, *self.below(element)):
            if "/Pg" in one:
                return self.pages[one.Pg.objgen]
        return None


def kind(element: pikepdf.Dictionary) -> str:
    return str(element.S).removeprefix("/")


@pytest.fixture(scope="module")
def tree(pdf: pikepdf.Pdf) -> Tree:
    return Tree(pdf)


def test_it_declares_what_it_is(pdf: pikepdf.Pdf, lang: str):
    assert pdf.Root.MarkInfo.Marked
    assert str(pdf.Root.Lang).split("-")[0] == lang
    assert pdf.Root.ViewerPreferences.DisplayDocTitle
    with pdf.open_metadata() as about:
        assert about["pdfuaid:part"] == "1"
        assert (about["pdfaid:part"], about["pdfaid:conformance"]) == ("2", "B")
        assert "2021" in about["dc:title"]
        assert about["dc:description"]


def test_headings_leave_no_level_out(tree: Tree):
    levels = [HEADINGS.index(kind(h)) + 1 for h in tree.of_kind(*HEADINGS)]
    assert levels[0] == 1
    assert levels.count(1) >= 10
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_each_table_has_headers_and_each_figure_says_what_it_shows(tree: Tree):
    tables, figures = tree.of_kind("Table"), tree.of_kind("Figure")
    assert len(tables) >= 8 and len(figures) >= 8
    for table in tables:
        header = [kind(e) for e in tree.below(table)]
        assert "THead" in header and "TH" in header
    for figure in figures:
        assert len(str(figure.get("/Alt", "")).strip()) > 20


def test_lists_and_contents_are_marked_as_such(tree: Tree):
    assert len(tree.of_kind("TOC")) == 1
    assert len(tree.of_kind("TOCI")) == len(tree.of_kind("H1"))
    assert all(kind(e) == "LI" for held in tree.of_kind("L") for e in tree.children(held))


def test_links_say_where_they_lead(pdf: pikepdf.Pdf, tree: Tree):
    links = [a for page in pdf.pages for a in page.get("/Annots", []) if a.Subtype == "/Link"]
    assert len(links) > 100
    names = set(_names(pdf))
    for link in links:
        assert str(link.get("/Contents", "")).strip()
        if "/A" in link:
            assert re.match(r"https?://", str(link.A.URI))
        elif not isinstance(link.Dest, pikepdf.Array):
            assert str(link.Dest) in names
    assert len(tree.of_kind("Link")) > 100


def _names(pdf: pikepdf.Pdf) -> Iterator[str]:
    waiting = [pdf.Root.Names.Dests]
    while waiting:
        node = waiting.pop()
        yield from (str(name) for name in list(node.get("/Names", []))[::2])
        waiting += list(node.get("/Kids", []))


# ------------------------------------------------------------------ its pages


@pytest.fixture(scope="module")
def text(path: Path) -> list[list[str]]:
    """The lines of each page."""
    command = ["pdftotext", "-layout", str(path), "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pages = told.removesuffix("\f").split("\f")
    return [[_plain(line) for line in page.splitlines() if line.strip()] for page in pages]


def _plain(line: str) -> str:
    return " ".join(line.replace("’", "'").split())


def _chapters(pdf: pikepdf.Pdf) -> list[tuple[str, int]]:
    """The chapters that the bookmarks name, each with its page."""
    pages = {page.obj.objgen: n for n, page in enumerate(pdf.pages, 1)}
    with pdf.open_outline() as outline:
        return [(_plain(i.title), pages[i.destination[0].objgen]) for i in outline.root]


def test_bookmarks_and_contents_name_every_chapter_and_its_page(
    pdf: pikepdf.Pdf, tree: Tree, text: list[list[str]]
):
    chapters = _chapters(pdf)
    assert len(chapters) == len(tree.of_kind("H1"))
    assert [page for _, page in chapters] == [tree.page(h) for h in tree.of_kind("H1")]
    for title, page in chapters:
        assert f"{title} {page}" in text[0]
        assert title in "\n".join(text[page - 1])


def test_each_page_but_the_first_has_its_number_and_running_head(
    pdf: pikepdf.Pdf, text: list[list[str]]
):
    chapters = [re.sub(r"^\d+ ", "", title) for title, _ in _chapters(pdf)]
    assert len(text) == len(pdf.pages)
    for number, lines in enumerate(text[1:], 2):
        assert lines[-1] == str(number)
        assert "2021" in lines[0]
        assert any(lines[0].endswith(chapter) for chapter in chapters), lines[0]


def test_no_heading_is_left_alone_at_the_foot_of_a_page(tree: Tree):
    for at, element in enumerate(tree.elements):
        if kind(element) in HEADINGS:
            inside = list(tree.below(element))
            follows = tree.elements[at + 1 + len(inside)]
            told = f"{kind(element)} on page {tree.page(element)}"
            assert tree.page(follows) == tree.page(element), told


def test_each_figure_and_table_stands_with_its_caption(tree: Tree):
    captions = tree.of_kind("Caption")
    # A promise's miniature leads to its chapter: words stand beside it, not below.
    links = [link.objgen for link in tree.of_kind("Link")]
    shown = [f for f in tree.of_kind("Figure", "Table") if f.P.objgen not in links]
    assert len(captions) == len(shown)
    for caption in captions:
        shown = next(e for e in tree.below(caption.P) if kind(e) in ("Figure", "THead"))
        assert tree.page(shown) == tree.page(caption)


def test_nothing_leaves_the_paper(path: Path):
    """Words stand inside the page, notes in the margin above the page's foot."""
    command = ["pdftotext", "-bbox", str(path), "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    pages = told.split("<page ")[1:]
    assert len(pages) > 20
    for number, page in enumerate(pages, 1):
        size = re.search(r'width="(.*?)" height="(.*?)"', page).groups()
        width, height = map(float, size)
        for left, right, bottom, word in re.findall(
            r'xMin="(.*?)" yMin=".*?" xMax="(.*?)" yMax="(.*?)">(.*?)<', page
        ):
            where = f"page {number}: {word}"
            assert float(left) > 30 and float(right) < width - 20, where
            assert float(bottom) < height - (60 if not word.isdigit() else 30), where

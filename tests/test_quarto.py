"""The same page from real Quarto, where there is one."""

import pikepdf
import pytest
from bs4 import BeautifulSoup
from staged import stage

from bilan.render import quarto, render

STATUS = quarto.status()
pytestmark = pytest.mark.skipif(not STATUS.usable, reason=f"real Quarto: {STATUS.reason}")


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    made = {
        name: render(stage(tmp_path_factory.mktemp(name)), name) for name in ("quarto", "embedded")
    }
    assert made["quarto"].renderer == "quarto"
    return made


@pytest.fixture(scope="module")
def pages(both):
    return {
        name: BeautifulSoup(made.html.read_text(encoding="utf-8"), "html.parser")
        for name, made in both.items()
    }


def facts(page):
    """What a reader gets, whoever rendered the page."""

    def text(tag):
        return " ".join(tag.get_text(" ", strip=True).replace("\xa0", " ").split())

    return {
        "title": text(page.title),
        "lang": page.html["lang"],
        "headings": [(tag.name, text(tag)) for tag in page.find_all(["h1", "h2", "h3"])],
        "contents": [a["href"] for a in page.find(id="TOC").find_all("a")],
        "sections": [(s["id"], s["class"][0]) for s in page.find_all("section", class_="level1")],
        "figures": [d["id"] for d in page.find_all("div", class_="quarto-float")],
        "figure classes": [f["class"][:2] for f in page.find_all("figure", class_="quarto-float")],
        "captions": [text(tag) for tag in page.find_all("figcaption")],
        "pictures": [img.get("alt") for img in page.find_all("img")],
        "references": [(a["href"], text(a)) for a in page.find_all("a", class_="quarto-xref")],
        "heads": [text(tag) for tag in page.find_all("th")],
        "callouts": [text(tag) for tag in page.find_all("blockquote")],
        "notes": len(page.find_all("a", class_="footnote-ref")),
        "citations": [a["href"] for c in page.find_all(class_="citation") for a in c.find_all("a")],
    }


def test_same_page(pages):
    assert facts(pages["quarto"]) == facts(pages["embedded"])


def test_no_script_and_nothing_private(both):
    text = both["quarto"].html.read_text(encoding="utf-8")
    assert text.lstrip().startswith("<!DOCTYPE html>")
    assert '<meta charset="utf-8"' in text
    assert "<script" not in text
    assert str(both["quarto"].html.parent) not in text
    assert "papermill" not in text.lower() and "data-notebook" not in text


def test_words_from_elsewhere_stay_words(pages):
    text = " ".join(pages["quarto"].get_text().split())
    assert '<script>alert(1)</script> #eval("1") $x$ {{< include /etc/passwd >}}' in text


def test_same_document(both):
    found = {}
    for name, made in both.items():
        with pikepdf.open(made.pdf) as pdf:
            with pdf.open_metadata() as meta:
                facts = (meta.pdfa_status, meta["pdfuaid:part"], meta["dc:title"])
            with pdf.open_outline() as outline:
                tree = [(i.title, [kid.title for kid in i.children]) for i in outline.root]
            found[name] = (*facts, str(pdf.Root.Lang), tree)
    assert found["quarto"] == found["embedded"]


def test_twice_the_same_bytes(both, tmp_path):
    again = render(stage(tmp_path / "again"), "quarto")
    assert again.html.read_bytes() == both["quarto"].html.read_bytes()
    assert again.pdf.read_bytes() == both["quarto"].pdf.read_bytes()

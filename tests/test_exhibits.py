"""Tables and figures as a notebook shows them: words stay words, numbers go beside them."""

import csv
import datetime as dt
import os
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pypandoc
import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from bilan import tables
from bilan.editions import Edition
from bilan.exhibits import WIDE, Exhibits, Table
from bilan.facts import Markdown

PLAIN = {"label": "tbl-x", "caption": "Essai", "align": "lr", "header": ("Mot", "Nombre")}
HOSTILE = [
    "a | b",
    "<script>alert(1)</script>",
    "#eval(1)",
    "{{< include secret >}}",
    "$x$ et $$y$$",
    "une\nautre\r\nligne",
    "\n\n# Titre",
    "*étoiles* _souligné_ `code` ~~non~~",
    "[lien](javascript:alert(1)) ![](x.png)",
    "[@s001] @s001 ^[note]",
    "&lt; &amp; <!-- non -->",
    "\\| \\",
    "::: {.bad}",
    "\"guillemets\" 'simples' -- --- ...",
    "|",
    "|---|",
    "=HYPERLINK(1)",
]


def as_html(table: Table) -> BeautifulSoup:
    """Return the table as the embedded renderer's Pandoc reads it."""
    html = pypandoc.convert_text(
        table.markdown(), "html", format="markdown", extra_args=["--wrap=none"]
    )
    return BeautifulSoup(html, "html.parser")


def cells(page: BeautifulSoup) -> list[list[str]]:
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in page.find_all("tr")]


def folded(text: str) -> str:
    return " ".join(text.split())


# ------------------------------------------------------------------ words stay words


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_holds_its_words_and_nothing_else(text: str):
    page = as_html(Table(**PLAIN, rows=[(text, "1"), ("après", "2")]))
    assert cells(page) == [["Mot", "Nombre"], [folded(text), "1"], ["après", "2"]]
    made = {tag.name for tag in page.find_all(True)}
    assert made <= {"table", "thead", "tbody", "tr", "th", "td", "colgroup", "col"}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_header_holds_its_words_and_nothing_else(text: str):
    page = as_html(Table(**PLAIN | {"header": (text, "Nombre")}, rows=[("x", "1")]))
    assert cells(page) == [[folded(text), "Nombre"], ["x", "1"]]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1),
                min_size=1, max_size=30))  # fmt: skip
def test_any_words_stay_words(texts: list[str]):
    page = as_html(Table(**PLAIN, rows=[(text, str(n)) for n, text in enumerate(texts)]))
    assert [row[0] for row in cells(page)[1:]] == texts


@pytest.mark.parametrize("text", HOSTILE)
def test_a_shortcode_never_reaches_quarto(text: str):
    assert "{{<" not in Table(**PLAIN, rows=[(text, "1")]).markdown()


def test_only_what_is_markdown_passes_as_it_is():
    page = as_html(Table(**PLAIN, rows=[(Markdown("**gras**"), "**non**")]))
    assert page.find("strong").get_text() == "gras"
    assert cells(page)[1] == ["gras", "**non**"]


def test_a_table_takes_one_line_a_row():
    table = Table(**PLAIN, rows=[(text, "1") for text in HOSTILE])
    lines = table.markdown().splitlines()
    assert len(lines) == 2 + len(HOSTILE)
    assert all(line.startswith("| ") and line.endswith(" |") for line in lines)


# ------------------------------------------------------------------ widths and alignment


def dashes(table: Table) -> list[int]:
    return [cell.count("-") for cell in table.markdown().splitlines()[1].split("|")[1:-1]]


def test_alignment_is_said_in_the_ruler():
    table = Table("tbl-x", "", ("a", "b", "c"), [("1", "2", "3")], "lrc")
    assert table.markdown().splitlines()[1] == "| :--- | ---: | :---: |"


def test_a_column_is_as_wide_as_its_longest_cell_up_to_a_limit():
    long = "mot " * 40
    table = Table("tbl-x", "", ("a", "b", "c"), [("cinq5", long, "x" * 60)], "lll")
    assert dashes(table) == [5, WIDE, 60], "a word is never cut"


def test_marks_that_no_reader_sees_take_no_width():
    cell = Markdown("cinq5 [@s001; @s002; @s003]")
    assert dashes(Table(**PLAIN, rows=[(cell, "a*b*c")])) == [6, 6]


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"label": "fig-x"}, "begins with 'tbl-': 'fig-x'"),
        ({"label": "x"}, "begins with 'tbl-'"),
        ({"align": "l"}, "tbl-x: rows, header and alignment differ in length"),
        ({"header": ("Mot",)}, "differ in length"),
        ({"rows": [("a", "1"), ("b",)]}, "differ in length"),
        ({"rows": [("a", "1", "2")]}, "differ in length"),
    ],
)
def test_a_table_that_does_not_hold_together_is_refused(wrong: dict, said: str):
    with pytest.raises(ValueError, match=said):
        Table(**PLAIN | {"rows": [("a", "1")]} | wrong)


def test_a_notebook_keeps_what_a_page_needs_to_know():
    table = Table(**PLAIN, rows=[("a", "1")], sources=("s001", "s002"), data="tbl-x.csv")
    bundle, about = table._repr_mimebundle_()
    assert set(bundle) == {"text/markdown", "text/plain"}, "never HTML"
    assert about["bilan"] == {
        "label": "tbl-x",
        "caption": "Essai",
        "sources": ["s001", "s002"],
        "data": "tbl-x.csv",
    }


# ------------------------------------------------------------------ the numbers beside them


def test_numbers_are_written_as_csv_that_reads_back(project: Path):
    table = pd.DataFrame(
        {
            "date": pd.to_datetime(["2020-12-31 12:30", None]),
            "value": [0.1 + 0.2, np.nan],
            "text": ['a,"b"\nc', "é"],
        },
        index=[7, 9],
    )
    before = table.copy()
    name = tables.write_figure_data(table, "2020", "programme", "fig-x")
    assert name == "fig-x.csv"
    path = project / "build/2020/runs/programme/data/fig-x.csv"
    raw = path.read_bytes()
    assert b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {"date": "2020-12-31", "value": "0.30000000000000004", "text": 'a,"b"\nc'},
        {"date": "", "value": "", "text": "é"},
    ]
    pd.testing.assert_frame_equal(table, before)
    tables.write_figure_data(table, "2020", "programme", "fig-x")
    assert path.read_bytes() == raw


def test_numbers_of_an_unknown_edition_are_refused(project: Path):
    with pytest.raises(ValueError, match="unknown edition '1999'"):
        tables.write_figure_data(pd.DataFrame(), "1999", "programme", "fig-x")
    assert not (project / "build").exists()


class Words:
    """Stands for the facts of an edition."""

    lang = "fr"
    edition = Edition("2020", dt.date(2020, 12, 31), ("fr",))


def test_a_figure_is_drawn_twice_and_leaves_its_numbers(project: Path):
    drawn = []

    def draw(values, *, lang: str, narrow: bool = False) -> alt.Chart:
        drawn.append((lang, narrow))
        return alt.Chart(values, width=100 if narrow else 300).mark_point().encode(x="a:Q")

    data = pd.DataFrame({"a": [1, 2]})
    figure = Exhibits(Words, "programme").figure(
        draw, {"values": data}, "fig-x", data, caption="Titre", alt="Deux points.",
        sources=["s002", "s001", "s002"],
    )  # fmt: skip
    assert sorted(drawn) == [("fr", False), ("fr", True)]
    bundle, about = figure._repr_mimebundle_()
    about = about["bilan"]
    assert (about["caption"], about["alt"], about["data"]) == ("Titre", "Deux points.", "fig-x.csv")
    assert about["sources"] == ["s002", "s001"]
    assert about["numbers"] == {"header": [], "rows": [[], []], "align": ""}
    assert about["narrow"].startswith("<svg") and about["narrow"] != bundle["image/svg+xml"]
    assert (project / "build/2020/runs/programme/data/fig-x.csv").read_text() == "a\n1\n2\n"
    assert os.listdir(project / "build/2020/runs/programme") == ["data"]

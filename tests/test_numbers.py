"""The numbers of a figure as people read them: each value of its CSV, in the page's words."""

import datetime as dt

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from bilan import pictures
from bilan.editions import Edition
from bilan.numbers import Numbers
from bilan.wording import Wording


class Known:
    """Stands for the facts of an edition."""

    edition = Edition("2020", dt.date(2020, 12, 31), ("fr", "en"))

    def __init__(self, lang: str):
        self.lang, self.words = lang, Wording(lang)
        self.tables = {
            "sources": pd.DataFrame({"source_id": ["s1", "s2"], "publisher": ["DINUM", "ONU"]}),
            "countries": pd.DataFrame(
                {"country": ["FR", "EE"], "name_fr": ["France", "Estonie"],
                 "name_en": ["France", "Estonia"]}
            ),
        }  # fmt: skip

    def unit(self, indicator: str) -> dict[str, str]:
        return {
            "fr_one": "compte",
            "fr_many": "comptes",
            "en_one": "account",
            "en_many": "accounts",
        }

    def name(self, indicator: str) -> str:
        return {"a": "Comptes", "b": "Services"}[indicator]


def read(data: dict, lang: str = "fr") -> tuple[list[str], list[list[str]], str]:
    header, rows, align = Numbers(Known(lang)).table(pd.DataFrame(data)).values()
    plain = [[cell.replace("\u00a0", " ").replace("\u202f", " ") for cell in row] for row in rows]
    return header, plain, align


FAN = {
    "kind": ["observed", "forecast", "target"],
    "date": pd.to_datetime(["2020-11-30", "2021-12-31", "2022-12-31"]),
    "precision": ["month", None, None],
    "value": [17e6, None, 25e6],
    "qualifier": ["about", None, None],
    "source_id": ["s1", None, "s2"],
    **{
        q: [None, v, None]
        for q, v in zip(
            ("q025", "q10", "q25", "q50", "q75", "q90", "q975"), range(20, 27), strict=True
        )
    },
    "target": [None, None, "x-2022"],
    "state": [None, None, "open"],
}


def test_a_forecast_stands_beside_what_was_published():
    header, rows, align = read(FAN)
    assert header[:5] == ["Date", "Nature", "Valeur", "État", "Médiane"]
    assert header[5:] == ["1\u00a0chance sur 2", "8 sur 10", "95 sur 100", "Source"]
    assert rows == [
        ["novembre 2020", "chiffre publié", "environ 17 000 000", *"–––––", "DINUM"],
        ["31 décembre 2021", "prévision", "–", "–", "23", "22 à 24", "21 à 25", "20 à 26", "–"],
        ["31 décembre 2022", "objectif", "25 000 000", "en cours", *"––––", "ONU"],
    ]
    assert align == "llrlrrrrl"


def test_each_language_has_its_words():
    header, rows, _ = read(FAN, "en")
    assert header[:3] == ["Date", "Kind", "Value"] and "8 in 10" in header
    assert rows[0][:3] == ["November 2020", "published figure", "about 17,000,000"]
    assert rows[1][6] == "21 to 25"


def test_a_single_indicator_is_left_to_the_caption():
    one = {"indicator": ["a", "a"], "value": [1.0, 2.0], "source_id": ["s1", "s1"]}
    header, rows, _ = read(one)
    assert header == ["Valeur", "Source"] and rows[0] == ["1 compte", "DINUM"]
    header, rows, _ = read(one | {"indicator": ["a", "b"]})
    assert header[0] == "Indicateur" and [row[0] for row in rows] == ["Comptes", "Services"]


def test_a_target_is_the_number_announced():
    _, rows, _ = read({
        "target": ["x-2022"], "indicator": ["a"], "value": [100], "qualifier": ["at_least"],
        "reached": [80], "reached_qualifier": ["at_least"], "reached_on": ["2022-12-31"],
        "reached_precision": ["day"],
    })  # fmt: skip
    assert rows == [["100 comptes", "plus de 80 comptes", "31 décembre 2022"]]


def test_ranks_are_set_out_by_year_and_by_method_where_there_are_two():
    header, rows, align = read(
        {
            "vintage": ["2019", "2019", "2020", "2020", "2020", "2020"],
            "year": [2019, 2019, 2019, 2019, 2020, 2020],
            "country": ["FR", "EE"] * 3,
            "rank": [2, 1, 2, 1, 1, 2],
            "value": [0.1] * 6,
        }
    )
    assert header == ["Pays", "2019 (2019)", "2019 (2020)", "2020"]
    assert rows == [["France", "2", "2", "1"], ["Estonie", "1", "1", "2"]]
    assert align == "lrrr"


@pytest.mark.parametrize(
    ("data", "cells"),
    [
        ({"rank": [1, 2], "probability": [0.0, 0.125]}, ["1er", "0,0 %"]),
        ({"country": ["EE", "FR"], "score": [0.98, 0.8]}, ["Estonie", "0,98"]),
        ({"label": ["Dit"], "value": [150000.0], "kind": ["claim"]}, ["Dit", "annoncé", "150 000"]),
    ],
)  # fmt: skip
def test_other_figures_are_read_the_same_way(data: dict, cells: list[str]):
    assert read(data)[1][0] == cells


def test_what_no_reader_reads_makes_no_table():
    assert read({"a": [1, 2]}) == ([], [[], []], "")


# ------------------------------------------------------------------ on the page

FOUND = {
    "header": ["Pays", "Date", "Rang"],
    "rows": [["France", "1er mars 2022", "12e"], ["<b>&amp;</b>", 'a"b', "x2er"]],
    "align": "llr",
}


def test_a_table_of_numbers_names_its_rows_and_columns():
    opened = BeautifulSoup(pictures.numbers(FOUND, "Rangs", "Voir", "fr"), "html.parser").details
    assert (opened.summary.text, opened.caption.text) == ("Voir", "Rangs")
    assert [th["scope"] for th in opened.find_all("th")] == ["col"] * 3 + ["row"] * 2
    cells = [[cell.text for cell in row.find_all(["th", "td"])] for row in opened.find_all("tr")]
    assert cells == [FOUND["header"], *FOUND["rows"]]
    numeric = [cell.text for cell in opened.find_all(class_="number")]
    assert numeric == ["Rang", "12e", "x2er"]
    assert opened.find("b") is None


@pytest.mark.parametrize(("lang", "raised"), [("fr", ["er", "e"]), ("en", [])])
def test_only_french_raises_its_ordinals(lang: str, raised: list[str]):
    page = BeautifulSoup(pictures.numbers(FOUND, "1er rang", "Voir", lang), "html.parser")
    assert [mark.text for mark in page.tbody.find_all("sup")] == raised

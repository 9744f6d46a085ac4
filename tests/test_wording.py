"""Numbers, dates and chances, as each language writes them."""

import datetime as dt
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bilan.wording import LANGUAGES, Wording, _catalogue, likelihood, typeset

FR, EN = Wording("fr"), Wording("en")
USER = {"fr_one": "utilisateur", "fr_many": "utilisateurs", "en_one": "user", "en_many": "users"}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (FR.number(160000), "160\u202f000"),
        (FR.number(53.33), "53,33"),
        (FR.number(4, 1), "4,0"),
        (FR.number(-3.5), "−3,5"),
        (EN.number(160000), "160,000"),
        (FR.large(17e6), "17\u00a0millions"),
        (FR.large(1.6e6), "1,6\u00a0million"),
        (FR.large(2e9), "2\u00a0milliards"),
        (FR.large(1234567), "1\u202f234\u202f567"),
        (EN.large(1.6e6), "1.6\u00a0million"),
        (FR.quantity(17e6, USER, "about"), "environ 17\u00a0millions d’utilisateurs"),
        (FR.quantity(160000, USER, "at_least"), "plus de 160\u202f000\u00a0utilisateurs"),
        (FR.quantity(1, USER), "1\u00a0utilisateur"),
        (EN.quantity(1, USER), "1\u00a0user"),
        (FR.percent(0.3), "30\u00a0%"),
        (EN.percent(0.3), "30%"),
        (FR.ordinal(1), "1er"),
        (FR.ordinal(15), "15e"),
        (
            [EN.ordinal(n) for n in (1, 2, 3, 11, 12, 21)],
            ["1st", "2nd", "3rd", "11th", "12th", "21st"],
        ),
        (FR.date(dt.date(2019, 7, 1)), "1er\u00a0juillet 2019"),
        (FR.during(dt.date(2020, 8, 28)), "le 28\u00a0août 2020"),
        (FR.during(dt.date(2020, 8, 31), "month"), "en août 2020"),
        (EN.during(dt.date(2020, 8, 28)), "on 28\u00a0August 2020"),
        (FR.probability(0.9), "probable (9\u00a0chances sur 10)"),
        (FR.probability(0.1), "peu probable (une chance sur 10)"),
        (FR.probability(0.97), "presque certain (97\u00a0chances sur 100)"),
        (FR.probability(0.001), "presque exclu (moins d’une chance sur 100)"),
        (FR.join(["a", "b", "c"]), "a, b et c"),
        (EN.join(["a", "b", "c"]), "a, b and c"),
    ],
)
def test_it_is_said_so(said, expected):
    assert said == expected


@given(st.floats(0, 1))
def test_word_and_number_of_a_chance_agree(p: float):
    bands = ["almost_excluded", "unlikely", "uncertain", "likely", "almost_certain"]
    edges = [0, 0.05, 1 / 3, 2 / 3, 0.95, 1]
    at = bands.index(likelihood(p))
    assert edges[at] <= p <= edges[at + 1]


@given(st.floats(1, 1e10))
def test_a_rounded_number_keeps_its_size(value: float):
    digits = re.sub(r"[^\d,]", "", FR.rounded(value)).replace(",", ".")
    scale = 1e9 if "milliard" in FR.rounded(value) else 1e6 if "million" in FR.rounded(value) else 1
    assert abs(float(digits) * scale - value) <= 0.051 * value


@given(st.floats(0, 1e12))
def test_french_numbers_hold_no_plain_space_and_no_point(value: float):
    text = FR.number(value)
    assert " " not in text and "." not in text


def test_catalogues_hold_the_same_keys_and_places():
    fr, en = (_catalogue(lang) for lang in LANGUAGES)
    # A plural rule has a form "many" only where its language needs it, beside "other".
    plural_forms = {k for k in fr if k.endswith(".many") and k[:-4] + "other" in fr}
    assert set(fr) - plural_forms == set(en) - plural_forms
    for key in set(fr) & set(en):
        places = [{f for _, f, _, _ in string.Formatter().parse(t[key]) if f} for t in (fr, en)]
        assert places[0] == places[1], key


@pytest.mark.parametrize(
    ("lang", "met", "expected"),
    [
        ("fr", 0, "0 objectif daté atteint à temps sur 9"),
        ("fr", 1, "1 objectif daté atteint à temps sur 9"),
        ("fr", 2, "2 objectifs datés atteints à temps sur 9"),
        ("en", 1, "1 of 9 dated targets met on time"),
        ("en", 2, "2 of 9 dated targets met on time"),
    ],
)
def test_a_sentence_takes_the_form_of_its_count(lang: str, met: int, expected: str):
    assert Wording(lang).plural("chantiers.progress.title", met, met=met, total=9) == expected


def test_a_form_the_catalogue_leaves_out_is_said_as_other():
    assert EN._plural(0) == "other"
    key, forms = "chantiers.progress.title", _catalogue("fr")
    assert f"{key}.many" in forms and f"{key}.many" not in _catalogue("en")
    assert EN.plural(key, 10**6, met="1,000,000", total=9).startswith("1,000,000 of 9")


@pytest.mark.parametrize(
    ("typed", "set_"),
    [
        ("Est-ce vrai ?", "Est-ce vrai\u202f?"),
        ("Source : l'État", "Source\u00a0: l’État"),
        ("« ainsi »", "«\u00a0ainsi\u00a0»"),
        ("30 % de 12 millions", "30\u00a0% de 12\u00a0millions"),
        ("[a : b](x?y= ;z) et `c ; d`", "[a\u00a0: b](x?y= ;z) et `c ; d`"),
        ("{{< embed a.ipynb#fig : >}} ; fin", "{{< embed a.ipynb#fig : >}}\u202f; fin"),
        ("::: {.note title='x : y'}", "::: {.note title='x : y'}"),
        (
            "::: {.note}\nl'an : oui\n:::\n\nl'an ?",
            "::: {.note}\nl’an\u00a0: oui\n:::\n\nl’an\u202f?",
        ),
        (":::\n\nl'un ; l'autre", ":::\n\nl’un\u202f; l’autre"),
        ("| a | b |\n|---|:-:|", "| a | b |\n|---|:-:|"),
        ("terme\n:   définition : oui", "terme\n:   définition\u00a0: oui"),
    ],
)
def test_french_is_set_in_french(typed: str, set_: str):
    assert typeset(typed, "fr") == set_
    assert typeset(set_, "fr") == set_


def test_every_french_phrase_comes_out_well_set():
    for key, phrase in _catalogue("fr").items():
        said = typeset(phrase, "fr")
        assert not re.search(r"\w [;:!?%»]|« ", said), f"{key}: plain space before high punctuation"
        assert "'" not in said, f"{key}: straight apostrophe"

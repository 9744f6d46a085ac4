"""The review says the same in French and in English, each in its own words."""

import re
from pathlib import Path

import pytest

from bilan.report import ASK
from bilan.wording import LANGUAGES, _catalogue, typeset

REPORT = Path(__file__).parents[1] / "report"
CHAPTERS = sorted(path.name for path in (REPORT / "fr").glob("*.qmd"))
#: Words that every longer text of a language holds, and that the other one lacks.
FRENCH = """\
le la les des du un une est sont dans avec pour par sur que qui cette ou et pas ne aux
au ses son leur leurs plus mais comme"""
ENGLISH = """\
the of and is are was were with from which that this these those has have had been not its
their by for to it"""
OWN_WORDS = {"fr": FRENCH.split(), "en": ENGLISH.split()}
_LOGIC = re.compile(r"<%.*?%>|<#.*?#>", re.S)
_VALUE = re.compile(r"<<.*?>>", re.S)
_SIGNS = re.compile(r"\{\{<.*?>\}\}|\{[^{}\n]*\}|\]\([^)\n]*\)| ?\[@[^\]]*\]")
_NAMES = re.compile(r"`[^`]*`|\[[^\]]*\]\{lang=\w+\}|\*e[^*]*\*|@[\w-]+")


def _source(lang: str, chapter: str) -> str:
    return (REPORT / lang / chapter).read_text("utf-8")


def _prose(lang: str, chapter: str) -> str:
    """Return a chapter's own words: without logic, values, markup and foreign terms."""
    text = _source(lang, chapter).removeprefix("---\n")
    return _SIGNS.sub("", _NAMES.sub("X", _VALUE.sub("0", _LOGIC.sub("", text))))


def _both(chapter: str, pattern: str) -> list[list[str]]:
    return [re.findall(pattern, _source(lang, chapter)) for lang in LANGUAGES]


def test_both_languages_have_the_same_chapters():
    assert [path.name for path in sorted((REPORT / "en").glob("*.qmd"))] == CHAPTERS


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param(r"(?m)^#+(?=.*)(?: .*\{#([\w-]+)\})?", id="headings"),
        pytest.param(r"\{#([\w-]+)\}", id="anchors"),
        pytest.param(r'\bshow\("([\w-]+)"\)', id="figures"),
        pytest.param(r"\{\{< include (\S+) >\}\}", id="includes"),
        pytest.param(r"(?m)^::: \{([^}]+)\}", id="blocks"),
    ],
)
def test_a_chapter_is_built_alike(chapter: str, pattern: str):
    french, english = _both(chapter, pattern)
    assert french == english or (chapter == "_glossaire.qmd" and sorted(french) == sorted(english))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_asks_for_the_same_facts(chapter: str):
    asked = rf'\b(?:{"|".join(ASK)}|has)\((?:indicator=|state=)?"([\w-]+)"'
    french, english = (set(found) for found in _both(chapter, asked))
    assert french == english


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize(("lang", "other"), [("fr", "en"), ("en", "fr")])
def test_no_sentence_is_left_in_the_other_language(lang: str, other: str, chapter: str):
    foreign = set(OWN_WORDS[other]) - set(OWN_WORDS[lang])
    for line in _prose(lang, chapter).splitlines():
        words = re.findall(r"[a-zà-ÿ]+(?:’(?=\w))?", line.casefold())
        assert not foreign & set(words), f"{lang}/{chapter}: {line}"


@pytest.mark.parametrize(("lang", "other"), [("fr", "en"), ("en", "fr")])
def test_no_phrase_is_left_in_the_other_language(lang: str, other: str):
    foreign = set(OWN_WORDS[other]) - set(OWN_WORDS[lang])
    for key, phrase in _catalogue(lang).items():
        words = re.findall(r"[a-zà-ÿ]+", re.sub(r"\{\w+\}", "", phrase).casefold())
        assert not foreign & set(words), f"{key}: {phrase}"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_quotes_and_spaces_are_set_well(lang: str, chapter: str):
    text = _prose(lang, chapter)
    if chapter == "review.qmd":
        text = re.sub(r'(?m)^(\w+): "(.*)"$', r"\1 \2", text)
    for line in typeset(text, lang).splitlines():
        where = f"{lang}/{chapter}: {line}"
        assert not re.search(r"[\"']", line), f"straight quote in {where}"
        assert not re.search(r"(?<=\S)  (?=\S)", line.replace(":   ", "")), f"two spaces in {where}"
        if lang == "fr":
            assert not re.search(r"\w[;!?»]|«\w| [;:!?»%](?!--)|“|”", line), where
        elif not line.startswith(("|", ":")):
            assert not re.search(r"\s[,;:!?%.](?=\s|$)|[«»]", line), (
                f"space before a sign in {where}"
            )


def test_english_phrases_have_no_french_typography():
    for key, phrase in _catalogue("en").items():
        assert not re.search(r"\s[;:!?%]|[«»\"]|(?<=\w)'", phrase), f"{key}: {phrase}"

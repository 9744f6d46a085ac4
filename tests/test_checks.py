"""Each thing that a published page promises: kept, then broken, and the fault is named."""

from pathlib import Path

import pandas as pd
import pytest

from bilan import checks
from bilan.checks import outline
from bilan.checks.outline import Outline
from bilan.facts import Known, Said, known, said
from bilan.report import _entered, _traced
from bilan.wording import Wording

HEAD = '<!DOCTYPE html><html lang="fr"><head><title>Bilan</title></head><body>'
SOUND = HEAD + '<nav><h2>Sommaire</h2></nav><main id="main"><h1>Bilan</h1>{}</main></body></html>'


@pytest.fixture
def site(project: Path) -> Path:
    """A site of one page, which every test writes for itself."""
    folder = project / "build/site"
    (folder / "2020/fr").mkdir(parents=True)
    (folder / "2020/data").mkdir()
    return folder


def faults(site: Path, page: str) -> list[str]:
    (site / "2020/fr/index.html").write_text(page, "utf-8")
    return [fault.removeprefix("2020/fr/index.html: ") for fault in checks.check(site)]


# ------------------------------------------------------------------ accessibility

KEPT = [
    '<h2>Chapitre</h2><h3>Partie</h3><h2 lang="en">Chapter</h2>',
    '<img src="data:x,AA" alt=""><img src="data:x,AA" alt="Une courbe">',
    '<svg role="img" aria-label="Une courbe"></svg><svg aria-hidden="true"></svg>',
    "<table><thead><tr><th>Année</th></tr></thead><tr><td>2020</td></tr></table>",
    '<label for="x">Nom</label><input id="x"><label>Nom <input></label>',
    '<input type="hidden"><select aria-label="Édition"></select>',
    '<a href="#main"><img src="data:x,AA" alt="Haut"></a><a href="#main" aria-label="Haut"></a>',
    '<button>Imprimer</button><a id="ancre"></a><p tabindex="-1">x</p>',
    '<h2 id="t">Titre</h2><section aria-labelledby="t"></section>',
    '<svg role="img" aria-label="x"><title>x</title></svg><p>a <br> b</p>',
]
BROKEN = [
    ("<h3>Partie</h3>", 'heading "Partie" is an h3, though no h2 stands before it'),
    ("<h2> </h2>", "an empty h2"),
    ('<img src="data:x,AA">', "picture data:x,AA has no alternative text"),
    ('<svg role="img"></svg>', "an inlined picture has no alternative text"),
    ('<svg role="img" aria-label=" "></svg>', "an inlined picture has no alternative text"),
    ('<table id="t"><tr><td>2020</td></tr></table>', 'table "t" has no header'),
    (
        "<table><tr><th>a</th></tr></table><table><tr><td>b</td></tr></table>",
        'table "b" has no header',
    ),
    ("<input>", "a form's input has no label"),
    ('<select id="x"></select><label for="y">a</label><p id="y"></p>',
     "a form's select has no label"),
    ('<a href="#main"></a>', "an empty a to #main"),
    ("<button></button>", "an empty button"),
    ('<p id="x"></p><p id="x"></p>', "the name x is given 2 times"),
    ('<p aria-labelledby="x"></p>', '<p aria-labelledby="x"> names nothing on the page'),
    ('<label for="x">a</label>', '<label for="x"> names nothing on the page'),
    ('<p tabindex="3"></p>', "<p tabindex> changes the order of the page"),
    ("<main></main>", "has 2 main parts, not one"),
]  # fmt: skip
WHOLE = [
    (SOUND.replace(' lang="fr"', ""), "has no language"),
    (SOUND.replace("<title>Bilan</title>", "<title></title>"), "has no title"),
    (SOUND.replace("<title>Bilan</title>", ""), "has no title"),
    (SOUND.replace("<main", "<div").replace("</main", "</div"), "has 0 main parts, not one"),
    (
        SOUND.replace("<title>", '<meta name="viewport" content="user-scalable=no"><title>'),
        "can't be enlarged",
    ),
]


@pytest.mark.parametrize("body", KEPT)
def test_what_all_can_read_has_no_fault(site: Path, body: str):
    assert faults(site, SOUND.format(body)) == []


@pytest.mark.parametrize(("body", "fault"), BROKEN)
def test_what_some_can_not_read_is_named(site: Path, body: str, fault: str):
    assert faults(site, SOUND.format(body)) == [fault]


@pytest.mark.parametrize(("page", "fault"), WHOLE)
def test_a_page_without_its_frame_is_named(site: Path, page: str, fault: str):
    assert faults(site, page.format("")) == [fault]


# ------------------------------------------------------------------ figures and paths

FIGURE = '<div id="fig-x" class="quarto-float">{}</div>'
LINK = '<a href="../data/fig-x.csv">Données</a>'


def test_a_figure_has_its_data(site: Path):
    (site / "2020/data/fig-x.csv").write_text("a\n1\n")
    assert faults(site, SOUND.format(FIGURE.format("") + LINK)) == []
    assert faults(site, SOUND.format(FIGURE.format(""))) == ["figure fig-x has no link to its data"]
    (site / "2020/data/fig-x.csv").write_text("a\n")
    assert faults(site, SOUND.format(FIGURE.format("") + LINK)) == [
        "figure fig-x has no row of data"
    ]
    (site / "2020/data/fig-x.csv").unlink()
    assert faults(site, SOUND.format(FIGURE.format("") + LINK)) == [
        "link to ../data/fig-x.csv, which is missing"
    ]


@pytest.mark.parametrize("name", ["2020/data/x.csv", "feed.xml", "2020/fr/x.ipynb", "x.pdf"])
def test_no_file_tells_where_it_was_made(site: Path, project: Path, name: str):
    (site / name).write_bytes(b"%\xff " + str(project).encode() + b"/x")
    assert faults(site, SOUND.format("")) == [f"{name}: holds the path {project}"]
    (site / name).write_bytes(b"https://example.org" + str(project).encode() + b"er/x")
    assert faults(site, SOUND.format("")) == []


# ------------------------------------------------------------------ numbers


@pytest.fixture
def tables(site: Path) -> Path:
    """The tables that are published with the page."""
    rows = [
        ("franceconnect-users", "", "quantile", "2022-12-31", 0.5, "", 31_486_000),
        ("franceconnect-users", "", "quantile", "2022-12-31", 0.1, "", 147_300),
        ("franceconnect-users", "", "target", "2022-12-31", None, "fc-2022", 0.83),
        *(("rank-desi", "FR", "rank", "2021-12-31", place, "", p)
          for place, p in ((13, 0.05), (14, 0.4), (15, 0.35), (16, 0.2))),
        ("rank-desi", "DE", "rank", "2021-12-31", 9, "", 1.0),
    ]  # fmt: skip
    columns = ["subject", "country", "kind", "date", "level", "target", "value"]
    table = pd.DataFrame(rows, columns=columns).astype({"date": "datetime64[s]"})
    table.to_parquet(site / "2020/data/forecasts.parquet")
    states = pd.DataFrame({"target": ["fc-2022"], "value": [2e7], "reached": [1.75e7]})
    states.to_parquet(site / "2020/data/target_states.parquet")
    seen = pd.DataFrame({"indicator": ["desi"], "date": ["2019-06-11"], "source_id": ["s1"]})
    seen.assign(value=15.0).astype({"date": "datetime64[s]"}).to_parquet(
        site / "2020/data/observations.parquet"
    )
    return site


RANK = "forecasts/2020/rank-desi/FR/2021-12-31"
COUNT = "forecasts/2020/franceconnect-users/-/2022-12-31"
NUMBERS = [
    (f"{COUNT}/0.5", "31 millions d’utilisateurs", "32 millions d’utilisateurs"),
    (f"{COUNT}/0.5", "31\u00a0millions", "131\u00a0millions"),
    (f"{COUNT}/0.1", "150\u202f000", "150"),
    (f"{COUNT}/0.1", "150\u202f000", "150\u202f000\u202f000"),
    ("chance/2020/fc-2022", "probable (83 chances sur 100)", "probable (8 chances sur 10)"),
    (f"{RANK}/0.1", "14e", "13e"),
    (f"{RANK}/0.5", "15e", "14e"),
    (f"{RANK}/0.9", "16e", "15e"),
    (f"{RANK}/<15", "incertain (45 chances sur 100)", "incertain (4 chances sur 10)"),
    (f"{RANK}/>15", "2 chances sur 10", "3 chances sur 10"),
    ("target_states/2020/fc-2022/value", "20 millions", "25 millions"),
    ("target_states/2020/fc-2022/reached", "plus de 17,5 millions", "plus de 17 millions"),
    ("observations/2020/desi/2019-06-11/s1/value", "15e", "16e"),
]


@pytest.mark.parametrize(("key", "right", "wrong"), NUMBERS)
def test_a_number_equals_its_table(tables: Path, key: str, right: str, wrong: str):
    page = SOUND.format(f'<p><b data-from="{key.replace("<", "&lt;")}">{{}}</b></p>')
    assert faults(tables, page.format(right)) == []
    (fault,) = faults(tables, page.format(wrong))
    assert fault.startswith(f'says "{" ".join(wrong.split())}", where {key} says ')


@pytest.mark.parametrize(
    "key",
    [
        "chance/2020/other", "chance/2019/fc-2022", f"{COUNT}/0.7", "nonsense/2020/x/value",
        "forecasts/2020/rank-desi/IT/2021-12-31/0.5", "target_states/2020/other/value",
    ],
)  # fmt: skip
def test_a_number_from_nowhere_is_named(tables: Path, key: str):
    (fault,) = faults(tables, SOUND.format(f'<p><b data-from="{key}">15e</b></p>'))
    assert fault == f'says "15e", where {key} says nothing'


def test_a_number_keeps_its_key_into_the_chapter():
    words = said("17 millions", "observations", "2020", "x", "2020-08-28", "s1", "value")
    key = 'data-from="observations/2020/x/2020-08-28/s1/value"'
    assert _entered(words, "fr") == f"[17\u00a0millions]{{{key}}}"
    assert _entered(str.upper(words), "fr") == "17 MILLIONS"
    percent = _traced(Wording("fr").percent)
    assert percent(0.5) == "50\u00a0%" and not isinstance(percent(0.5), Said)
    assert percent(known(0.5, "chance", "2020", "x")).key == "chance/2020/x"
    assert isinstance(known(1, "x"), Known) and known(1, "x") + 1 == 2


def test_the_pages_tell_where_their_numbers_come_from(built: Path):
    """What the edition knows and what it expects: in each chapter that has numbers."""
    for year in ("2020", "2021"):
        for lang in ("fr", "en"):
            text = (built / f"site/{year}/{lang}/index.html").read_text("utf-8")
            keys = [key for key, _ in Outline.of(text).numbers]
            kinds = {key.split("/")[0] for key in keys}
            assert {"observations", "target_states", "forecasts", "chance"} <= kinds, (year, lang)
            assert len(keys) > 80, (year, lang)


def test_a_page_with_another_number_is_not_published(built: Path, tmp_path: Path, monkeypatch):
    """Spoil one number of each kind on a real page: each is named."""
    import re
    import shutil

    monkeypatch.setenv("BILAN_ROOT", str(built))
    site = shutil.copytree(built / "site", tmp_path / "site")
    page = site / "2021/fr/index.html"
    text = page.read_text("utf-8")
    kinds = ("observations", "target_states", "forecasts", "chance")
    for kind in kinds:
        spoilt = rf'(data-from="{kind}/[^"]*">\D*)\d'
        assert re.search(spoilt, text), kind
        text = re.sub(spoilt, r"\g<1>77", text, count=1)
    page.write_text(text, "utf-8")
    found = checks.check(site)
    assert len(found) == len(kinds)
    for kind in kinds:
        assert any(f" where {kind}/" in fault for fault in found), kind


# ------------------------------------------------------------------ what was read before


def test_a_page_is_read_again_when_it_or_the_checks_changed(tmp_path: Path, monkeypatch):
    site, target, last = tmp_path / "site", tmp_path / "outlines.json", tmp_path / "last/x.json"
    site.mkdir()
    for name in ("a", "b"):
        (site / f"{name}.html").write_text(f'<html lang="fr"><p id="{name}"><a href="#">x</a>')
    read = []
    of = Outline.of
    monkeypatch.setattr(Outline, "of", lambda text: read.append(text) or of(text))

    def keep() -> tuple[int, dict]:
        read.clear()
        outline.keep(site, target, last)
        return len(read), outline.kept(target)

    first = keep()
    assert first[0] == 2 and keep() == (0, first[1])
    (site / "b.html").write_text('<p id="c" onclick="x()">')
    count, found = keep()
    assert count == 1
    assert [sorted(page.ids) for page in found.values()] == [["a"], ["c"]]
    assert "holds onclick, which acts" in list(found.values())[1].faults
    last.write_text(last.read_text()[:-5])
    assert keep()[0] == 2
    monkeypatch.setattr(outline, "_checks", lambda: "other checks")
    assert keep()[0] == 2

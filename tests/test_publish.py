"""The site: whole or not at all, every link resolved, nothing loaded from elsewhere."""

import json
import os
import re
import shutil
import socket
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from bilan import assemble, checks, editions, publish, supplement
from bilan.editions import UsageError
from bilan.publish import CheckError
from bilan.site import site_of

SVG = '<svg xmlns="http://www.w3.org/2000/svg" class="chart" width="9" height="9"><path/></svg>'
PAGE = (
    '<!DOCTYPE html><html lang="fr"><head><title>Bilan</title></head>'
    '<body><main><h1 id="haut">Bilan</h1>{}</main></body></html>'
)


@pytest.fixture
def site(project: Path) -> Path:
    """A small site without a fault."""
    folder = project / "build/site"
    (folder / "2020/fr").mkdir(parents=True)
    (folder / "2020/data").mkdir()
    (folder / "2020/data/fig-x.csv").write_text("a\n1\n")
    (folder / "review.css").write_text("p { color: red }")
    (folder / "index.html").write_text(PAGE.format('<a href="2020/fr/index.html#haut">2020</a>'))
    (folder / "2020/fr/index.html").write_text(PAGE.format(""))
    return folder


def faults(site: Path, body: str) -> list[str]:
    (site / "2020/fr/index.html").write_text(PAGE.format(body))
    return checks.check(site)


# ------------------------------------------------------------------ checks


@pytest.mark.parametrize(
    "body",
    [
        '<a href="#haut">x</a>',
        '<a href="../../index.html">x</a> <a href="../..">x</a> <a href="../fr/#haut">x</a>',
        '<a href="../data/fig-x.csv">x</a> <a href="../data/fig%2Dx.csv">x</a>',
        '<a href="https://www.example.org/x?y#z">x</a> <a href="mailto:x@example.org">x</a>',
        '<link rel="stylesheet" href="../../review.css"><img src="data:x,AA" alt="">',
        '<svg aria-hidden="true"><use href="#haut"/><path style="clip-path: url(#haut)"/></svg>',
        "<p>url(https://example.org/x.css) is a sentence</p>",
    ],
)
def test_a_sound_page_has_no_fault(site: Path, body: str):
    assert faults(site, body) == []


BROKEN = [
    ('<a href="../data/fig-y.csv">x</a>', "link to ../data/fig-y.csv, which is missing"),
    ('<a href="../data">x</a>', "link to ../data, which is missing"),
    ('<a href="#bas">x</a>', "link to #bas, whose anchor is missing"),
    (
        '<a href="../../index.html#bas">x</a>',
        "link to ../../index.html#bas, whose anchor is missing",
    ),
    ('<a href="/etc/hosts">x</a>', "link to /etc/hosts, which lies outside the site"),
    (
        '<a href="../../../../config/editions.yml">x</a>',
        "link to ../../../../config/editions.yml, which lies outside the site",
    ),
    (
        '<a href="file:///etc/hosts">x</a>',
        "link to file:///etc/hosts, which no reader can follow from disk",
    ),
    (
        '<a href="javascript:alert(1)">x</a>',
        "link to javascript:alert(1), which no reader can follow from disk",
    ),
    (
        '<a href="//example.org/x">x</a>',
        "link to //example.org/x, which no reader can follow from disk",
    ),
    ('<img src="no.png" alt="">', "loads no.png, which is missing"),
    ('<img src="/etc/hosts" alt="">', "loads /etc/hosts, which lies outside the site"),
]
HOST = "loads https://example.org/x from another host"
BROKEN += [
    (f'<{tag} {name}="https://example.org/x"{more}>', HOST)
    for tag, name, more in [
        ("script", "src", ""),
        ("img", "src", ' alt=""'),
        ("iframe", "src", ""),
        ("audio", "src", ""),
        ("video", "poster", ""),
        ("object", "data", ""),
        ("link", "href", ' rel="stylesheet"'),
        ("link", "href", ' rel="preload"'),
        ("link", "href", ' rel="icon"'),
        ("image", "href", ""),
        ("image", "xlink:href", ""),
    ]
]
BROKEN += [
    ('<script src="//example.org/x"></script>', "loads //example.org/x from another host"),
    ('<p style="background: url(https://example.org/x)"></p>', HOST),
    ('<style>@import "https://example.org/x";</style>', HOST),
    ("<style>p { background: url('https://example.org/x') }</style>", HOST),
]


@pytest.mark.parametrize(("body", "fault"), BROKEN)
def test_a_fault_is_named_with_its_page(site: Path, body: str, fault: str):
    named = [f"2020/fr/index.html: {fault}"]
    if frame := re.match("<(iframe|object) ", body):
        named.append(f"2020/fr/index.html: holds <{frame[1]}>, which acts")
    assert faults(site, body) == named


def test_a_style_sheet_may_load_only_from_the_site(site: Path):
    (site / "review.css").write_text("a { src: url('x.woff2') } @import 'https://example.org/x';")
    assert checks.check(site) == [
        "review.css: loads x.woff2, which is missing",
        f"review.css: {HOST}",
    ]


def test_a_path_of_this_machine_is_named(site: Path):
    root = str(editions.project_root())
    assert faults(site, f"<p>{root}/data</p>") == [f"2020/fr/index.html: holds the path {root}"]


def test_a_path_that_leads_into_the_site_only_here_is_named(site: Path):
    link = f"{site}/index.html"
    assert f"2020/fr/index.html: link to {link}, which lies outside the site" in faults(
        site, f'<a href="{link}">x</a>'
    )


def test_every_fault_is_found_at_once(site: Path):
    links = [(body, fault) for body, fault in BROKEN if body.startswith("<a ")]
    found = faults(site, "".join(body for body, _ in links))
    assert found == [f"2020/fr/index.html: {fault}" for _, fault in links]


# ------------------------------------------------------------------ the switch


@pytest.fixture
def rendered(project: Path) -> Path:
    """A project of one edition, rendered and not yet published."""
    root = Path(__file__).parents[1]
    (project / "config/editions.yml").write_text(
        "editions:\n  - {id: '2020', as_of: 2020-12-31, languages: [fr]}\n"
    )
    editions._read_editions.cache_clear()
    shutil.copytree(root / "report", project / "report")
    (project / "build/fonts/web").mkdir(parents=True)
    for name in ("serif.woff2", "serif-italic.woff2", "sans.woff2"):
        (project / "build/fonts/web" / name).write_bytes(b"font")
    (project / "build/live").mkdir()
    (project / "build/live/vega.js").write_text("// Vega\n")
    staged = project / "build/2020/fr"
    (staged / "notebooks").mkdir(parents=True)
    (staged / "sources.json").write_text("[]")
    (staged / "review.html").write_text(
        PAGE.format('<link rel="stylesheet" href="review.css"><p>PDF-SIZE</p>')
    )
    (staged / "sources.json").write_text("[]")
    (staged / "review.pdf").write_bytes(b"%PDF" + b"x" * 1234567)
    (staged / "card.png").write_bytes(b"PNG")
    (staged / "renderer").write_text("embedded Pandoc 3, Typst 0\n")
    (project / "build/2020/runs/programme/data").mkdir(parents=True)
    (project / "build/2020/runs/programme/data/fig-x.csv").write_text("a\n1\n")
    title = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# Programme"}
    (project / "build/2020/runs/programme/fr.ipynb").write_text(json.dumps({"cells": [title]}))
    (project / "data/processed/2020").mkdir(parents=True)
    made = {
        "edition": ["2020"],
        "subject": ["=1+1"],
        "date": [pd.Timestamp("2021-12-31")],
        "value": [-5.0],
    }
    pd.DataFrame(made).to_parquet(project / "data/processed/2020/forecasts.parquet")
    goals = {
        "indicator": ["a", "a", "b", "c"],
        "value": [1.0, 1.0, 2.0, 3.0],
        "date": [pd.Timestamp("2020-06-30")] * 3 + [pd.NaT],
        "announced_on": [pd.Timestamp("2019-06-30")] * 4,
        "source_id": ["s001"] * 4,
        "state": ["met", "met", "missed", "undated"],
    }
    pd.DataFrame(goals).to_parquet(project / "data/processed/2020/target_states.parquet")
    editions.freeze("2020")
    yield project
    editions._read_editions.cache_clear()


def published() -> Path:
    """Assemble the edition and publish it, as the last steps of a build do."""
    supplement.make(editions.edition("2020"))
    assemble.assemble(editions.edition("2020"))
    (site_of(editions.edition("2020")) / ".snakemake_timestamp").touch()
    return publish.publish()


def snapshot(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


def test_a_site_has_its_pages_its_data_and_a_manifest(rendered: Path):
    assert published() == rendered / "site/index.html"
    made = snapshot(rendered / "site")
    for name in (
        "index.html", "review.css", "review.js", "icon.svg", "manifest.json", "fonts/serif.woff2",
        "2020/fr/index.html", "2020/fr/bilan-2020.pdf", "2020/data/datapackage.json",
        "2020/data/observations.csv", "2020/data/fig-x.csv", "2020/data/forecasts.parquet",
    ):  # fmt: skip
        assert name in made, name
    assert not [name for name in made if "/." in f"/{name}"]
    page = made["2020/fr/index.html"].decode()
    assert "1\u202f235\u00a0ko" in page and "PDF-SIZE" not in page
    assert 'href="../../review.css"' in page
    # Announced twice, a target counts once; without a date it can't be met in time.
    assert "1 objectif daté atteint à temps sur 2" in made["index.html"].decode()
    manifest = json.loads(made.pop("manifest.json"))
    assert manifest["renderer"] == "embedded Pandoc 3, Typst 0"
    assert set(manifest["files"]) == set(made)
    assert not (rendered / "build/site").exists()


def test_the_same_pages_make_the_same_site(rendered: Path):
    published()
    before = snapshot(rendered / "site")
    published()
    assert snapshot(rendered / "site") == before


def test_a_failed_check_leaves_the_old_site(rendered: Path):
    published()
    before = snapshot(rendered / "site")
    (rendered / "build/2020/fr/review.html").write_text(PAGE.format('<a href="#bas">x</a>'))
    with pytest.raises(CheckError) as error:
        published()
    assert str(error.value) == "2020/fr/index.html: link to #bas, whose anchor is missing"
    assert snapshot(rendered / "site") == before


def test_what_is_missing_leaves_the_old_site(rendered: Path):
    published()
    before = snapshot(rendered / "site")
    (rendered / "build/2020/fr/review.pdf").unlink()
    with pytest.raises(FileNotFoundError):
        published()
    assert snapshot(rendered / "site") == before


@pytest.mark.parametrize("how", ["exchange", "rename"])
def test_the_switch_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str):
    """Nothing of the old site stays, and no step of the switch writes into the site itself."""
    fresh, site = tmp_path / "fresh", tmp_path / "site"
    for folder, name in ((fresh, "new.html"), (site, "old.html")):
        folder.mkdir()
        (folder / name).write_text(name)
    (fresh / "index.html").write_text("new")
    (site / "index.html").write_text("old")
    before = fresh.stat().st_ino
    moves = []
    rename = os.rename
    monkeypatch.setattr(os, "rename", lambda a, b: (moves.append((a, b)), rename(a, b)))
    if how == "rename":
        monkeypatch.setattr(publish.ctypes, "CDLL", lambda *a, **k: object())
    publish._switch(fresh, site)
    assert site.stat().st_ino == before, "the folder itself was moved"
    assert snapshot(site) == {"new.html": b"new.html", "index.html": b"new"}
    assert len(moves) == (0 if how == "exchange" else 3)
    assert os.listdir(tmp_path) == ["site"]


def test_a_site_moved_elsewhere_still_holds_together(rendered: Path, tmp_path: Path, monkeypatch):
    published()
    elsewhere = tmp_path / "on another disk"
    shutil.copytree(rendered / "site", elsewhere)
    shutil.rmtree(rendered / "site")

    def refuse(*args, **kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    assert checks.check(elsewhere) == []


# ------------------------------------------------------------------ pictures


def finished(project: Path, image: str, svg: str = SVG, **about: object) -> str:
    staged = project / "build/2020/fr"
    (staged / "notebooks").mkdir(parents=True, exist_ok=True)
    (staged / "review_files").mkdir(exist_ok=True)
    (staged / "sources.json").write_text("[]")
    (staged / "review_files/fig-x.svg").write_text(svg)
    (staged / "review.html").write_text(PAGE.format(image))
    about |= {"label": "fig-x"}
    output = {"output_type": "display_data", "data": {}, "metadata": {"bilan": about}}
    (staged / "notebooks/programme.ipynb").write_text(
        json.dumps({"cells": [{"source": ""}, {"outputs": [output]}]})
    )
    return assemble.finish(staged, "fr")


IMAGE = '<img src="review_files/fig-x.svg" alt="Deux&#8239;: a &lt; b" />'


def test_a_chart_is_inlined_for_the_page_and_for_a_phone(project: Path):
    page = finished(project, IMAGE, narrow=SVG.replace('"9"', '"5"'))
    pictures = BeautifulSoup(page, "html.parser").find_all("svg")
    assert [p["class"] for p in pictures] == [["chart", "wide"], ["chart", "narrow"]]
    assert [p["width"] for p in pictures] == ["9", "5"]
    assert {p["aria-label"] for p in pictures} == {"Deux\u202f: a < b"}
    assert {p["role"] for p in pictures} == {"img"}
    assert "<img" not in page and page.count("class=") == 2


def test_a_chart_drawn_once_is_shown_at_every_width(project: Path):
    (picture,) = BeautifulSoup(finished(project, IMAGE), "html.parser").find_all("svg")
    assert picture["class"] == ["chart"]


def test_an_xml_head_is_left_out_and_a_missing_class_is_given(project: Path):
    head = '<?xml version="1.0"?>\n<!DOCTYPE svg PUBLIC "x"\n "y">\n'
    page = finished(project, IMAGE, head + SVG.replace(' class="chart"', ""))
    assert "<?xml" not in page and page.count("<!DOCTYPE") == 1
    assert BeautifulSoup(page, "html.parser").svg["class"] == ["chart"]


def test_words_of_a_picture_are_no_pattern(project: Path):
    page = finished(project, IMAGE.replace("Deux", r"a\1 \g&lt;0&gt; \u"))
    assert BeautifulSoup(page, "html.parser").svg["aria-label"].startswith(r"a\1 \g<0> \u")


@pytest.mark.parametrize("image", ['<img src="x.png" alt="x">', '<img src="no.svg" alt="x">'])
def test_other_pictures_stay(project: Path, image: str):
    assert image in finished(project, image)


@pytest.mark.parametrize("space", ["", "\n\n"])
def test_the_numbers_of_a_figure_stand_where_its_page_left_room(project: Path, space: str):
    numbers = {"header": ["Pays", "Rang"], "rows": [["France <i>", "1er"]], "align": "lr"}
    room = f'<div class="numbers" data-figure="fig-x">{space}</div>'
    page = finished(project, room, numbers=numbers, caption="Rangs & places")
    opened = BeautifulSoup(page, "html.parser").find("details", class_="numbers")
    assert opened.summary.text == "Voir les chiffres"
    assert opened.caption.text == "Rangs & places"
    assert [cell.text for cell in opened.tbody.find_all(["th", "td"])] == ["France <i>", "1er"]
    assert opened.sup.text == "er" and "data-figure" not in page


def test_numbers_of_a_figure_that_is_not_there_are_refused_in_a_line(project: Path):
    with pytest.raises(UsageError, match="fr: no figure fig-no to show the numbers of"):
        finished(project, '<div class="numbers" data-figure="fig-no"></div>')

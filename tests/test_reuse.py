"""What makes the review found and reused, as programs read it.

Nearly all is read from the built project, whose site has an address; what an edition looks like
without one is read from a small site.
"""

import csv
import hashlib
import io
import json
import re
import struct
import subprocess
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from conftest import ADDRESS, BUILT_EDITIONS

from bilan import card, citation, discovery, editions, notebook_pages, opendata
from bilan.editions import UsageError
from bilan.render.pandoc import executable

ATOM = "{http://www.w3.org/2005/Atom}"
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
XHTML = "{http://www.w3.org/1999/xhtml}"
LANGUAGES = ("fr", "en")
#: Terms of DCAT-AP 3 that the catalogue uses, each with the classes that may bear it.
TERMS = {
    "dct:title": "Catalog Dataset Distribution",
    "dct:description": "Catalog Dataset RightsStatement",
    "dct:publisher": "Catalog Dataset",
    "dcat:dataset": "Catalog",
    "dct:identifier": "Dataset",
    "dct:issued": "Dataset",
    "dct:license": "Dataset Distribution",
    "dct:accessRights": "Dataset",
    "dct:spatial": "Dataset",
    "dct:temporal": "Dataset",
    "dcat:theme": "Dataset",
    "dcat:keyword": "Dataset",
    "dcat:landingPage": "Dataset",
    "dcat:distribution": "Dataset",
    "dcat:startDate": "PeriodOfTime",
    "dcat:endDate": "PeriodOfTime",
    "dcat:accessURL": "Distribution",
    "dcat:downloadURL": "Distribution",
    "dcat:mediaType": "Distribution",
    "dct:format": "Distribution",
    "dct:rights": "Distribution",
    "dcat:byteSize": "Distribution",
    "spdx:checksum": "Distribution",
    "spdx:algorithm": "Checksum",
    "spdx:checksumValue": "Checksum",
    "foaf:name": "Agent",
}

every_edition = pytest.mark.parametrize("year", BUILT_EDITIONS)
every_language = pytest.mark.parametrize("lang", LANGUAGES)


@pytest.fixture
def site(built: Path) -> Path:
    return built / "site"


@pytest.fixture
def pages(site: Path) -> dict[str, str]:
    """Every page of the site, by its file."""
    return {str(p.relative_to(site)): p.read_text("utf-8") for p in sorted(site.rglob("*.html"))}


def file_of(site: Path, address: str) -> Path:
    """Return the file that an address of the site leads to."""
    assert address.startswith(ADDRESS), address
    path = site / unquote(urlsplit(address).path.removeprefix(urlsplit(ADDRESS).path))
    return path / "index.html" if path.is_dir() else path


# ------------------------------------------------------------------ head


def head(page: str) -> BeautifulSoup:
    return BeautifulSoup(page.split("<body>")[0], "html.parser")


def test_each_page_tells_its_address_and_its_other_languages(site: Path, pages: dict[str, str]):
    assert len(pages) > 2 + len(BUILT_EDITIONS) * 2 * 8
    for name, page in pages.items():
        (canonical,) = head(page).find_all("link", rel="canonical")
        assert file_of(site, canonical["href"]) == site / name
        found = head(page).find_all("link", rel="alternate", hreflang=True)
        assert [link["hreflang"] for link in found] == ["fr", "en", "x-default"], name
        for link in found[:2]:
            other = file_of(site, link["href"]).relative_to(site)
            assert head(pages[str(other)]).html["lang"] == link["hreflang"]
        assert found[2]["href"] == found[0]["href"]
        assert canonical["href"] in {link["href"] for link in found}


def test_each_page_can_be_shared(site: Path, pages: dict[str, str]):
    for name, page in pages.items():
        found = {
            tag["property"]: tag["content"] for tag in head(page).find_all("meta", property=True)
        }
        assert found["og:title"] == head(page).title.get_text(), name
        assert found["og:url"] == head(page).find("link", rel="canonical")["href"]
        assert found["og:locale"][:2] == head(page).html["lang"]
        if "notebooks" not in name:
            assert file_of(site, found["og:image"]).read_bytes()[1:4] == b"PNG"


# ------------------------------------------------------------------ schema.org


def graph(page: str) -> dict[str, dict]:
    (block,) = head(page).find_all("script", type="application/ld+json")
    told = json.loads(block.string)
    assert told["@context"] == "https://schema.org"
    return {part["@type"]: part for part in told["@graph"]}


@every_edition
@every_language
def test_a_review_describes_itself_and_its_data(site: Path, year: str, lang: str):
    page = (site / year / lang / "index.html").read_text("utf-8")
    told = graph(page)
    report, dataset = told["Report"], told["Dataset"]
    assert report["name"] == head(page).title.get_text()
    assert report["inLanguage"] == lang and report["reportNumber"] == year
    assert report["datePublished"] == dataset["datePublished"] == f"{year}-12-31"
    assert report["author"]["name"] and report["publisher"]["@id"] == report["author"]["@id"]
    assert report["hasPart"]["@id"] == dataset["@id"]
    assert file_of(site, report["encoding"]["contentUrl"]).read_bytes()[:4] == b"%PDF"
    other = "en" if lang == "fr" else "fr"
    translation = graph((site / year / other / "index.html").read_text("utf-8"))["Report"]["@id"]
    assert report["workTranslation"] == [{"@id": translation}] != [{"@id": report["@id"]}]
    assert 50 <= len(dataset["description"]) <= 5000, "what a search for data sets asks for"
    start, end = dataset["temporalCoverage"].split("/")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", start) and start < end == f"{year}-12-31"
    files = {file_of(site, d["contentUrl"]) for d in dataset["distribution"]}
    assert all(path.is_file() for path in files)
    assert {"observations.csv", "forecasts.csv", "datapackage.json"} <= {p.name for p in files}


def test_words_of_a_page_do_not_end_its_description():
    page = discovery.Page("a.html", "fr", {"fr": "a.html"}, data=[{"name": "</script><b>"}])
    completed = page.complete("<head><title>x</title></head><body></body>")
    assert completed.count("</script>") == 1
    assert json.loads(BeautifulSoup(completed, "html.parser").script.string)["@graph"] == [
        {"name": "</script><b>"}
    ]


# ------------------------------------------------------------------ DCAT-AP


def nodes(tree: object) -> list[dict]:
    """Return every node of a JSON-LD tree that has a type."""
    inside = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else []
    found = [node for part in inside for node in nodes(part)]
    return [tree, *found] if isinstance(tree, dict) and "@type" in tree else found


@every_edition
def test_a_data_portal_understands_the_entry(site: Path, year: str):
    entry = json.loads((site / year / "data/catalog.jsonld").read_text("utf-8"))
    prefixes = {key for key in entry["@context"] if not key.startswith("@")}
    typed = [node for node in nodes(entry["@graph"]) if "@value" not in node]
    assert {node["@type"].split(":")[0] for node in typed} <= prefixes
    for node in typed:
        for term in node.keys() - {"@id", "@type"}:
            assert node["@type"].split(":")[1] in TERMS[term].split(), (node["@type"], term)
    (dataset,) = (node for node in typed if node["@type"] == "dcat:Dataset")
    for text in ("dct:title", "dct:description"):
        assert [said["@language"] for said in dataset[text]] == ["fr", "en"]
    assert dataset["dct:temporal"]["dcat:endDate"]["@value"] == f"{year}-12-31"
    assert dataset["dct:issued"] == {"@value": f"{year}-12-31", "@type": "xsd:date"}
    base = entry["@context"]["@base"]
    for landing in dataset["dcat:landingPage"]:
        assert file_of(site, urljoin(base, landing["@id"])).is_file()


@every_edition
def test_the_entry_lists_each_file_with_its_checksum(site: Path, year: str):
    folder = site / year / "data"
    entry = json.loads((folder / "catalog.jsonld").read_text("utf-8"))
    listed = [node for node in nodes(entry["@graph"]) if node["@type"] == "dcat:Distribution"]
    for one in listed:
        path = folder / one["dcat:downloadURL"]["@id"]
        assert one["dcat:byteSize"]["@value"] == str(path.stat().st_size)
        assert one["spdx:checksum"]["spdx:checksumValue"]["@value"] == opendata.digest(path)
        assert one["dcat:mediaType"]["@id"].startswith("https://www.iana.org/assignments/")
        if path.suffix != ".json":
            assert {said["@language"] for said in one["dct:title"]} == set(LANGUAGES), path.name
    names = {one["dcat:downloadURL"]["@id"] for one in listed}
    assert names == {p.name for p in folder.iterdir()} - {"catalog.jsonld", "SHA256SUMS"}


def test_without_an_address_the_entry_speaks_from_where_it_is(project: Path):
    package = json.loads((project / "data/raw/datapackage.json").read_text("utf-8"))
    entry = opendata.catalog(editions.edition("2020"), project / "data/raw", package, {})
    assert "@base" not in entry["@context"]
    assert not re.search(r'"@id": "(?!http|urn|spdx|#|\.\./|[\w-]+\.\w+"|")', json.dumps(entry))


# ------------------------------------------------------------------ data


@every_edition
def test_checksums_are_those_of_the_files(site: Path, year: str):
    folder = site / year / "data"
    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, text=True
    )
    assert done.returncode == 0
    lines = (folder / "SHA256SUMS").read_text("utf-8").splitlines()
    names = [line.split("  ")[1] for line in lines]
    assert names == sorted(p.name for p in folder.iterdir() if p.name != "SHA256SUMS")


@every_edition
def test_the_data_package_is_the_editions_own(site: Path, year: str):
    folder = site / year / "data"
    package = json.loads((folder / "datapackage.json").read_text("utf-8"))
    assert package["name"] == f"bilan-{year}" and year in package["title"]
    assert package["created"] == f"{year}-12-31T00:00:00Z", "the day it was made is no fact"
    for resource in package["resources"]:
        data = (folder / resource["path"]).read_bytes()
        assert resource["hash"] == f"sha256:{hashlib.sha256(data).hexdigest()}"
        assert resource["bytes"] == len(data)
        parquet = pd.read_parquet(folder / f"{resource['name']}.parquet")
        assert len(pd.read_csv(io.BytesIO(data))) == len(parquet), resource["name"]


@every_edition
def test_a_spreadsheet_reads_accents_and_runs_no_cell(site: Path, year: str):
    for path in sorted((site / year / "data").glob("*.csv")):
        data = path.read_bytes()
        assert data.startswith(b"\xef\xbb\xbf"), f"{path.name} would be taken for Windows-1252"
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        assert len({len(row) for row in rows}) == 1, path.name
        for cell in (cell for row in rows for cell in row):
            if re.match(r"[=+\-@\t\r]", cell):
                float(cell)
    names = (site / year / "data/countries.csv").read_text("utf-8-sig")
    assert "Grèce" in names


@pytest.mark.parametrize("cell", ["=1+1", "+33 1", "-x", "@SUM(A1)", "\t=1", "\r=1", "-", "=-5"])
def test_a_cell_like_a_formula_becomes_a_text(cell: str):
    line = io.StringIO()
    csv.writer(line).writerow(["a", cell])
    (row,) = csv.reader(io.StringIO(opendata.for_spreadsheets(line.getvalue())[1:], newline=""))
    assert row == ["a", f"'{cell}"]


@pytest.mark.parametrize("cell", ["-5", "-0.25", "+3", "-1e-07", "12", "l’été", "a=b", "", "'x"])
def test_other_cells_stay_as_they_are(cell: str):
    text = opendata.for_spreadsheets(f"a,{cell}\n")
    assert text == f"\ufeffa,{cell}\n"
    assert opendata.for_spreadsheets(text) == text, "the mark is not doubled"


# ------------------------------------------------------------------ feed and sitemap


@every_language
def test_the_feed_is_valid_and_leads_to_the_editions(site: Path, lang: str):
    feed = ElementTree.parse(site / discovery.FEED[lang]).getroot()
    assert feed.tag == f"{ATOM}feed"
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == len(BUILT_EDITIONS)
    for one in (feed, *entries):
        for tag in ("id", "title", "updated"):
            assert len(one.findall(f"{ATOM}{tag}")) == 1, "RFC 4287 wants exactly one"
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT00:00:00Z", one.find(f"{ATOM}updated").text)
    assert feed.find(f"{ATOM}author/{ATOM}name").text
    ids = [one.find(f"{ATOM}id").text for one in (feed, *entries)]
    assert len(set(ids)) == len(ids) and all(i.startswith("urn:uuid:") for i in ids)
    for year, entry in zip(reversed(BUILT_EDITIONS), entries, strict=True):
        assert entry.find(f"{ATOM}updated").text == f"{year}-12-31T00:00:00Z"
        assert year in entry.find(f"{ATOM}title").text and entry.find(f"{ATOM}summary").text
        links = {link.get("rel"): link for link in entry.findall(f"{ATOM}link")}
        assert file_of(site, links["alternate"].get("href")) == site / year / lang / "index.html"
        pdf = file_of(site, links["enclosure"].get("href"))
        assert links["enclosure"].get("length") == str(pdf.stat().st_size)
    (own,) = (one for one in feed.findall(f"{ATOM}link") if one.get("rel") == "self")
    assert own.get("href") == ADDRESS + discovery.FEED[lang]
    index = (site / discovery.INDEX[lang]).read_text("utf-8")
    assert BeautifulSoup(index, "html.parser").main.find("a", href=discovery.FEED[lang])


def test_names_of_editions_never_change():
    """A feed reader that meets another name takes an edition for a new one."""
    assert citation.name("2020", "fr") == "urn:uuid:d6b4def9-f082-5a54-ae04-7fa98cc51da5"
    assert citation.name("feed", "en") == "urn:uuid:3a4e14ae-28d7-5f19-944c-062fa94d26b2"


def test_the_sitemap_lists_each_review_in_both_languages(site: Path):
    listed = ElementTree.parse(site / "sitemap.xml").getroot().findall(f"{SITEMAP}url")
    found = {file_of(site, one.find(f"{SITEMAP}loc").text) for one in listed}
    reviews = {site / y / lang / "index.html" for y in BUILT_EDITIONS for lang in LANGUAGES}
    reviews |= {
        site / "2021" / lang / f"desi-{code}.html" for code in ("de", "nl") for lang in LANGUAGES
    }
    assert found == reviews | {site / name for name in discovery.INDEX.values()}
    for one in listed:
        others = one.findall(f"{XHTML}link")
        assert [link.get("hreflang") for link in others] == ["fr", "en"]
        assert one.find(f"{SITEMAP}loc").text in {link.get("href") for link in others}


# ------------------------------------------------------------------ citation


@every_edition
@every_language
def test_bibliography_programs_read_the_citation(site: Path, year: str, lang: str):
    folder = site / year / lang
    text = (folder / f"bilan-{year}.bib").read_text("utf-8")
    done = subprocess.run(
        [executable(), "--from=bibtex", "--to=csljson"], input=text, capture_output=True, text=True
    )
    assert done.returncode == 0 and not done.stderr
    (entry,) = json.loads(done.stdout)
    page = (folder / "index.html").read_text("utf-8")
    assert entry["title"].split() == head(page).title.get_text().split()
    assert entry["author"] == [
        {"literal": {"fr": "Les auteurs de bilan", "en": "The bilan authors"}[lang]}
    ]
    assert entry["issued"]["date-parts"] == [[int(year), 12]]
    assert f"31\u00a0{'décembre' if lang == 'fr' else 'December'} {year}" in entry["note"]
    assert entry["URL"] == f"{ADDRESS}{year}/{lang}/"
    chapter = BeautifulSoup(page, "html.parser").find(id="sec-reutiliser")
    sentence, block = chapter.find_all(class_="cite")
    assert block.get_text().strip() == text.strip()
    told = " ".join(sentence.get_text().split())
    assert year in told and told.endswith(entry["URL"])
    assert chapter.find("a", href=f"bilan-{year}.bib")


def test_signs_of_latex_are_words_in_a_citation():
    assert citation._escape("R&D, 50\u00a0%, a_b {c} \\d~e^") == (
        r"R\&D, 50~\%, a\_b \{c\} \textbackslash{}d\textasciitilde{}e\textasciicircum{}"
    )


# ------------------------------------------------------------------ picture


@every_edition
@every_language
def test_the_picture_has_the_size_that_networks_ask_for(site: Path, year: str, lang: str):
    data = (site / year / lang / card.CARD).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (1200, 630)
    assert len(data) < 400_000


@every_edition
@every_language
def test_the_picture_shows_the_editions_promises(site: Path, year: str, lang: str):
    page = (site / year / lang / "index.html").read_text("utf-8")
    entries = BeautifulSoup(page, "html.parser").find(class_="promises").find_all("li")
    found = card.promises(page)
    assert len(found) == len(entries) >= card.PROMISES
    for promise, entry in zip(found, entries, strict=True):
        for part in ("value", "state", "probability"):
            assert promise[part] == " ".join(entry.find(class_=part).get_text().split(" "))
        assert promise["what"] and entry.find(class_="what").get_text().startswith(
            promise["what"][:20]
        )
        assert "[" not in promise["what"]


def test_the_same_page_gives_the_same_picture(built: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BILAN_ROOT", str(built))
    made = built / "build/2020/en" / card.CARD
    before = made.read_bytes()
    assert card.draw("2020", "en").read_bytes() == before


# ------------------------------------------------------------------ permanent addresses


def anchors(page: str) -> set[str]:
    return {
        tag["id"]
        for tag in BeautifulSoup(page, "html.parser").find_all(id=re.compile("^(sec|fig|tbl)-"))
        if "-caption-" not in tag["id"]
    }


@every_edition
@every_language
def test_no_published_address_is_lost(site: Path, year: str, lang: str):
    """What stands in the list may have been cited: add to it, take nothing away."""
    lines = (Path(__file__).parent / "anchors.txt").read_text("utf-8").split("\n")
    wanted = {line.split("#")[1] for line in lines if line.startswith(f"{year}/")}
    found = anchors((site / year / lang / "index.html").read_text("utf-8"))
    assert len(wanted) > 30 and wanted - found == set()


@every_edition
def test_an_address_is_the_same_in_every_language(site: Path, year: str):
    fr, en = (anchors((site / year / lang / "index.html").read_text("utf-8")) for lang in LANGUAGES)
    assert fr == en


# ------------------------------------------------------------------ notebooks


@every_edition
@every_language
def test_each_figure_leads_to_the_cell_that_computed_it(site: Path, year: str, lang: str):
    folder = site / year / lang
    page = BeautifulSoup((folder / "index.html").read_text("utf-8"), "html.parser")
    said = {"fr": "Comment c’est calculé", "en": "How this was computed"}[lang]
    notebooks = {
        path.name: BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in (folder / "notebooks").iterdir()
    }
    links = [a for a in page.find_all("a") if a.get_text() == said]
    assert len(links) >= 10
    for link in links:
        name, cell = link["href"].removeprefix("notebooks/").split("#")
        exhibit = link.find_parent(class_="source").find_previous(
            id=re.compile("^(fig|tbl)-[^ ]*$")
        )
        label = re.sub("-caption-.*", "", exhibit["id"])
        made = notebooks[name].find(id=cell)
        assert made.find("pre", class_=False), "the code"
        assert made.find("a", href=f"../index.html#{label}"), (label, "the way back")
        if label.startswith("fig-"):
            shown = page.find(id=label).find("svg")["aria-label"]
            assert made.find("svg")["aria-label"] == shown
    exhibits = {a for a in anchors(str(page.main)) if a.startswith("fig-") and page.find(id=a).svg}
    assert len(links) >= len(exhibits)


def test_notebooks_hold_nothing_that_a_strict_policy_forbids(pages: dict[str, str], built: Path):
    found = {name: page for name, page in pages.items() if "/notebooks/" in name}
    places = [name for name in found if "/desi-" in name]
    assert len(found) == (len(BUILT_EDITIONS) * 8 + 2) * len(LANGUAGES) and len(places) == 4
    for name, text in found.items():
        page = BeautifulSoup(text, "html.parser")
        assert [s["src"] for s in page.find_all("script")] == ["../../../review.js"], name
        assert page.find("style") is None and page.find(style=True) is None, name
        assert not re.search(r"<[^>]+\son\w+=", text), name
        assert len(page.find_all("h1")) == 1 and len(page.find_all("h2")) >= 5, name
        assert page.html["lang"] == name.split("/")[1]
        assert page.find(class_="output", lang=page.html["lang"]) or "<svg" not in text
        assert str(built) not in text and "PosixPath" not in text, name
        assert len(text) < 600_000, name


HOSTILE = '<img src=x onerror="alert(1)"> & <script>alert(2)</script>'


def test_hostile_outputs_are_words(tmp_path: Path):
    cells = [
        {"cell_type": "markdown", "id": "t", "metadata": {}, "source": f"# Title\n\n{HOSTILE}"},
        {
            "cell_type": "code",
            "id": "c",
            "metadata": {},
            "source": f"print({HOSTILE!r})",
            "outputs": [
                {"output_type": "stream", "text": [HOSTILE]},
                {"output_type": "display_data", "data": {"text/html": HOSTILE, "text/plain": "p"}},
                {
                    "output_type": "display_data",
                    "data": {"text/html": pd.DataFrame({"a": [HOSTILE], "b": [-5]}).to_html()},
                },
                {
                    "output_type": "display_data",
                    "data": {"text/markdown": f"| a |\n|--|\n| {HOSTILE} |"},
                },
            ],
        },
    ]
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"cells": cells}), "utf-8")
    title, sections = notebook_pages.read(path, notebook_pages.Beside("en", "../index.html", ""))
    assert title == "Title"
    (section,) = sections
    made = [section.cells[0]["words"], section.cells[1]["code"], *section.cells[1]["outputs"]]
    assert len(made) == 6
    for html in made:
        page = BeautifulSoup(html, "html.parser")
        assert page.find(["img", "script"]) is None, html
        assert "alert" in page.get_text() or page.get_text() == "p"
    table = BeautifulSoup(made[4], "html.parser")
    assert [th.get_text() for th in table.thead.find_all("th")] == ["a", "b"]
    assert table.tbody.find_all("td")[1]["class"] == ["number"]


def test_a_notebook_leads_only_to_figures_that_a_page_shows(tmp_path: Path):
    about = {"bilan": {"label": "fig-tchap", "caption": "Tchap", "alt": "A chart"}}
    output = {"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}, "metadata": about}
    cell = {"id": "a", "cell_type": "code", "metadata": {}, "source": "draw()", "outputs": [output]}
    (tmp_path / "x.ipynb").write_text(json.dumps({"cells": [cell]}), "utf-8")
    beside = notebook_pages.beside("desi-de", "en")
    _, (section,) = notebook_pages.read(tmp_path / "x.ipynb", beside)
    (made,) = section.cells[0]["outputs"]
    link = BeautifulSoup(made, "html.parser").figcaption.a
    assert link["href"] == "../desi-de.html#fig-tchap" and link.get_text() == beside.back
    shown = notebook_pages.labels('<figure id="fig-tchap"><h2 id="sec-tchap">')
    assert shown == {"fig-tchap"}
    assert notebook_pages.tied(made, {"desi-de": shown}) == made
    for other in ({}, {"index": shown}, {"desi-de": {"fig-desi"}}):
        left = BeautifulSoup(notebook_pages.tied(made, other), "html.parser").figcaption
        assert left.a is None and left.get_text() == "Tchap"


def test_each_row_says_what_spans_it():
    index = pd.MultiIndex.from_tuples([("2019", "2020"), ("2019", "2021"), ("2020", "2021")])
    html = pd.DataFrame({"rps": [0.1, 0.2, 0.3]}, index=index).to_html()
    assert "rowspan" in html
    rows = BeautifulSoup(notebook_pages._table(html), "html.parser").tbody.find_all("tr")
    cells = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]
    assert cells == [["2019", "2020", "0.1"], ["2019", "2021", "0.2"], ["2020", "2021", "0.3"]]
    hostile = notebook_pages._table("<table><tr><td rowspan='x'>a</td></tr></table>")
    assert ">a<" in hostile


# ------------------------------------------------------------------ the address of the site


@pytest.mark.parametrize("given", ["example.org", "ftp://example.org", "https://x y", "'<b>'", 5])
def test_a_wrong_address_is_named(project: Path, given: object):
    path = project / "config/editions.yml"
    path.write_text(path.read_text("utf-8").replace("address:", f"address: {given}"), "utf-8")
    with pytest.raises(UsageError, match=r"config/editions.yml: address .* allowed: "):
        editions.address()


@pytest.mark.parametrize("given", ["https://example.org/x", "https://example.org/x/"])
def test_an_address_ends_with_a_slash(project: Path, given: str):
    path = project / "config/editions.yml"
    path.write_text(path.read_text("utf-8").replace("address:", f"address: {given}"), "utf-8")
    assert editions.address() == "https://example.org/x/"
    assert discovery.address("2020/fr/index.html", "x") == "https://example.org/x/2020/fr/"
    assert discovery.address("index.html", "x") == "https://example.org/x/"
    assert discovery.address("feed.xml", "x") == "https://example.org/x/feed.xml"


def test_without_an_address_links_are_relative_and_nothing_whole_is_claimed(project: Path):
    assert editions.address() == ""
    page = discovery.Page(
        "2020/fr/index.html", "fr", {one: f"2020/{one}/index.html" for one in LANGUAGES}
    )
    text = page.complete("<head><title>x</title></head>")
    assert 'hreflang="en" href="../en/index.html"' in text
    assert 'href="../../feed.xml"' in text
    assert "canonical" not in text and "og:url" not in text
    assert not citation.sentence(editions.edition("2020"), "fr").endswith("/")
    assert "url" not in citation.bibtex(editions.edition("2020"), "fr")


# ------------------------------------------------------------------ no look-ahead


def test_an_edition_says_nothing_of_later_ones(site: Path):
    for path in sorted((site / "2020").rglob("*")):
        if path.suffix in (".html", ".json", ".jsonld", ".bib"):
            assert not re.search(r"\b2021/(fr|en|data)|bilan-2021", path.read_text("utf-8")), path

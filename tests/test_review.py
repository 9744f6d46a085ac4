"""The whole review, made as a reader makes it: two editions, from the raw data to the site.

Each fixture is one run of ``bilan build``; they follow each other on the same project, and the
tests look at what each run said and left.
"""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pikepdf
import pytest
from bs4 import BeautifulSoup, Comment
from pdftext import pressed, words

from bilan import checks
from bilan.checks.page import Page
from bilan.wording import NNBSP, Wording

ROOT = Path(__file__).parents[1]
YEARS = ("2020", "2021")
FILES = ("data/raw", "notebooks", "report", "src", "workflow", "Snakefile")
CONFIG = "editions:\n" + "".join(
    f'  - {{id: "{year}", as_of: {year}-12-31, languages: [fr]}}\n' for year in YEARS
)
STEP = re.compile(r"✓ (\S.*?) +(\d+\.\d) s +(\d+)/(\d+)")
STEPS = {"fonts", "vega", "publish"} | {
    f"{year} {step}"
    for year in YEARS
    for step in (
        "clean", "programme fr", "stage fr", "render fr", "card fr", "supplement", "assemble",
        "adoption-franceconnect-users fr",
        "adoption-tchap-registered fr", "adoption-tchap-mau fr", "ranking-desi fr",
        "ranking-egov fr", "ranking-egdi fr",
    )
}  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What a run of ``bilan build`` said, and the site that it left."""

    status: int
    said: list[str]
    complained: list[str]
    project: Path
    site: dict[str, bytes]
    moments: dict[str, int]

    @property
    def steps(self) -> list[str]:
        return [found[1] for line in self.said if (found := STEP.fullmatch(line))]


def build(project: Path) -> Run:
    # A build of one's own: neither this process's modules nor its project.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BILAN_")}
    done = subprocess.run(
        [sys.executable, "-m", "bilan", "build"],
        cwd=project,
        env=environment | {"PYTHONPATH": str(project / "src")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    files = sorted(p for p in (project / "site").rglob("*") if p.is_file())
    names = [str(p.relative_to(project / "site")) for p in files]
    return Run(
        done.returncode,
        done.stdout.splitlines(),
        done.stderr.splitlines(),
        project,
        dict(zip(names, (p.read_bytes() for p in files), strict=True)),
        dict(zip(names, (p.stat().st_mtime_ns for p in files), strict=True)),
    )


# ------------------------------------------------------------------ the runs


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The first build, of a project where nothing was ever made."""
    project = tmp_path_factory.mktemp("review")
    for name in FILES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        copy(ROOT / name, project / name)
    (project / "config").mkdir()
    (project / "config/editions.yml").write_text(CONFIG)
    run = build(project)
    assert run.status == 0, "\n".join(run.said + run.complained)
    shutil.copytree(project / "site", project / "first")
    return run


@pytest.fixture(scope="module")
def again(first: Run) -> Run:
    """A build without a change."""
    return build(first.project)


@contextmanager
def changed(path: Path, text: str) -> Iterator[None]:
    """Change a file, and put it back as it was, to the day and hour."""
    before, about = path.read_bytes(), path.stat()
    path.write_text(text, "utf-8")
    try:
        yield
    finally:
        path.write_bytes(before)
        os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


@pytest.fixture(scope="module")
def faulty_data(again: Run) -> Run:
    """A build after two cells were spoilt."""
    path = again.project / "data/raw/observations.csv"
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[4] = lines[4].replace(",exact,", ",roughly,").replace(",about,", ",roughly,")
    lines[7] = re.sub(r"^([^,]+),([^,]+),", r"\1,28/08/2020,", lines[7])
    with changed(path, "".join(lines)):
        return build(again.project)


@pytest.fixture(scope="module")
def faulty_page(faulty_data: Run) -> Run:
    """A build whose pages do not hold together."""
    path = faulty_data.project / "report/index.html.j2"
    text = path.read_text("utf-8").replace("</main>", '<a href="gone.html">x</a></main>')
    with changed(path, text):
        return build(faulty_data.project)


#: Signs that mean something to Markdown, HTML, Typst or LaTeX, none of which the check forbids.
HOSTILE = (
    "*étoiles* _soulignés_ A & B < 4 > 2 &lt; ~~x~~ 5 $ et $x^2$ # 1 @s193 [@s001] | ^[n] {.x}"
)


def append(project: Path, table: str, **cells: str) -> None:
    path = project / f"data/raw/{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    line = io.StringIO()
    csv.DictWriter(line, header, lineterminator="\n").writerow(dict.fromkeys(header, "") | cells)
    path.write_text(path.read_text("utf-8") + line.getvalue(), "utf-8")


@pytest.fixture(scope="module")
def rebuilt(faulty_page: Run) -> Run:
    """A build after rows published in 2021 were added, one with hostile words."""
    project = faulty_page.project
    shared = {"published_on": "2021-10-15", "published_rule": "stated", "confidence": "high"}
    append(
        project, "sources", source_id="s999", publisher="Éditeur & fils", title=f"Source {HOSTILE}",
        language="fr", address="https://example.org/?a=1&b=2", date="2021-10-15",
        accessed_on="2026-11-01", licence="not stated", confidence="high",
    )  # fmt: skip
    append(
        project, "observations", **shared, indicator="franceconnect-services", date="2021-10-15",
        precision="day", value="987", qualifier="exact", source_id="s999",
    )  # fmt: skip
    append(
        project, "milestones", **shared, milestone="zz-hostile", chapter="covid", kind="event",
        date="2021-10-15", precision="day", title_fr=HOSTILE, title_en=HOSTILE, source_id="s999",
    )  # fmt: skip
    return build(project)


# ------------------------------------------------------------------ the first run


def test_each_step_is_told_with_its_name_and_its_time(first: Run):
    *progress, rebuilt, editions, renderer, site = first.said
    counted = [STEP.fullmatch(line) for line in progress]
    assert all(counted), progress
    assert [(int(m[3]), int(m[4])) for m in counted] == [
        (done, len(STEPS)) for done in range(1, len(STEPS) + 1)
    ]
    assert set(first.steps) == STEPS
    assert Counter(first.steps).most_common(1)[0][1] == 1, "a step ran twice"
    assert re.fullmatch(rf"Rebuilt {len(STEPS)} steps in \d+ s", rebuilt)
    assert editions == "Editions touched: 2020, 2021"
    assert re.fullmatch(r"Rendered with (embedded Pandoc [\d.]+, Typst [\d.]+|quarto .*)", renderer)
    assert site == str(first.project / "site/index.html")
    assert first.complained == []


def test_the_site_has_what_was_promised(first: Run):
    names = set(first.site)
    assert {"index.html", "manifest.json", "review.css", "review.js", "icon.svg"} <= names
    tables = [path.stem for path in (ROOT / "data/raw").glob("*.csv")]
    for year in YEARS:
        assert {f"{year}/fr/index.html", f"{year}/fr/bilan-{year}.pdf"} <= names
        assert f"{year}/data/datapackage.json" in names
        for table in tables:
            assert {f"{year}/data/{table}.csv", f"{year}/data/{table}.parquet"} <= names
        for table in ("forecasts", "target_states", "milestone_states", "track_record"):
            assert f"{year}/data/{table}.parquet" in names
    assert {name.split("/")[0] for name in names if "/" in name} == {*YEARS, "fonts"}


def test_the_manifest_tells_the_renderer_and_every_file(first: Run):
    manifest = json.loads(first.site["manifest.json"])
    assert f"Rendered with {manifest['renderer']}" in first.said
    sums = {n: hashlib.sha256(b).hexdigest() for n, b in first.site.items() if n != "manifest.json"}
    assert {name: file["sha256"] for name, file in manifest["files"].items()} == sums


def test_the_manifest_tells_what_each_file_was_made_from(first: Run):
    manifest = json.loads(first.site["manifest.json"])
    files, sources = manifest["files"], manifest["from"]
    notebooks = [str(p.relative_to(ROOT)) for p in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    clean, adoption, ranking, _programme = notebooks
    for name, made_from in {
        "2020/data/observations.csv": ["data/2020"],
        "2020/data/observations.parquet": ["data/2020", clean],
        "2020/data/fig-franceconnect.csv": ["data/2020", clean, adoption],
        "2021/data/fig-rank-desi.csv": ["data/2021", clean, ranking],
        "2020/data/forecasts.parquet": ["data/2020", *notebooks],
        "2021/fr/index.html": ["data/2020", "data/2021", *notebooks, "report"],
        "review.css": ["report"],
    }.items():
        assert files[name]["from"] == made_from, name
    assert files["2021/fr/index.html"]["renderer"] == manifest["renderer"]
    assert {source for file in files.values() for source in file["from"]} == set(sources)
    assert sources[clean] == hashlib.sha256((ROOT / clean).read_bytes()).hexdigest()
    assert sources["data/2020"] != sources["data/2021"]


def test_the_first_page_lists_the_editions_newest_first(first: Run):
    page = BeautifulSoup(first.site["index.html"], "html.parser")
    links = [a["href"] for a in page.main.find_all("a")]
    assert [link for link in links if link.endswith("index.html")] == [
        "2021/fr/index.html",
        "2020/fr/index.html",
    ]
    assert {"2020/fr/bilan-2020.pdf", "2021/fr/bilan-2021.pdf"} <= set(links)
    assert "31\u00a0décembre 2021" in page.main.get_text()


def test_every_link_of_the_site_resolves_from_disk(first: Run):
    assert checks.check(first.project / "first") == []
    page = Page(first.site["2020/fr/index.html"].decode())
    assert len([link for link in page.links if link.startswith("#")]) > 100
    assert len([link for link in page.links if link.startswith("../data/")]) > 8
    assert all(not load.startswith("http") for load in page.loads)


def test_no_trace_of_the_machine_is_published(first: Run):
    for name, data in first.site.items():
        if not name.endswith((".woff2", ".pdf")):
            assert str(first.project).encode() not in data, name


# ------------------------------------------------------------------ pages


def page_of(run: Run, year: str) -> BeautifulSoup:
    return BeautifulSoup(run.site[f"{year}/fr/index.html"], "html.parser")


def folded(text: str) -> str:
    return " ".join(text.split())


def text_of(page: BeautifulSoup) -> str:
    """Return the text of a page, its blocks apart and its ordinals (15<sup>e</sup>) whole."""
    for mark in page.main.find_all("sup"):
        mark.unwrap()
    page.smooth()
    return folded(page.main.get_text(" "))


@pytest.fixture(scope="module", params=YEARS)
def year(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def page(first: Run, year: str) -> BeautifulSoup:
    return page_of(first, year)


class Strict(HTMLParser):
    """Note attributes given twice and names given twice, which browsers pass over in silence."""

    def __init__(self, text: str):
        super().__init__()
        self.twice: list[tuple] = []
        self.names: Counter[str] = Counter()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        counted = Counter(name for name, _ in attrs)
        self.twice += [(tag, name) for name, count in counted.items() if count > 1]
        self.names.update(value for name, value in attrs if name == "id")


def test_no_attribute_and_no_name_is_given_twice(first: Run, year: str):
    read = Strict(first.site[f"{year}/fr/index.html"].decode())
    assert read.twice == []
    assert [name for name, count in read.names.items() if count > 1] == []


def test_the_page_knows_its_language_and_its_edition(page: BeautifulSoup, year: str):
    assert page.html["lang"] == "fr"
    assert year in page.title.get_text()
    text = folded(page.main.get_text())
    assert f"31 décembre {year}" in text
    assert page.find("a", href=f"bilan-{year}.pdf")


def test_the_page_has_all_its_chapters(page: BeautifulSoup):
    titles = [folded(h.get_text(" ")) for h in page.find_all("h1")]
    for number, word in enumerate(
        ["en une page", "FranceConnect", "Tchap", "Europe", "cloud", "Talents", "crise sanitaire",
         "pilotage", "changé", "prévisions", "Méthode", "Sources", "Glossaire", "réutiliser"], 1
    ):  # fmt: skip
        assert any(re.match(rf"{number} .*{word}", title) for title in titles), (word, titles)


def test_nothing_of_the_making_is_left_in_the_page(first: Run, page: BeautifulSoup):
    text = page.get_text()
    for trace in ("{{<", "<<", "<%", "[@", "PDF-SIZE", "Traceback", ":::", "NaT", "None", "nan "):
        assert trace not in text, trace
    assert page.find(class_="citeproc-not-found") is None
    assert not re.search(r"\?@|\?\?", text)


def floats(page: BeautifulSoup, kind: str) -> list:
    found = page.find_all(class_="quarto-float", id=re.compile(rf"^{kind}-[^ ]+$"))
    return [f for f in found if "caption" not in f["id"]]


def source_line(exhibit) -> BeautifulSoup | None:
    holder = exhibit.find_parent(class_="quarto-embed-nb-cell") or exhibit
    after = holder.find_next_sibling()
    return after if after is not None and "source" in after.get("class", []) else None


def test_every_figure_has_its_words_its_data_and_a_version_for_a_phone(
    first: Run, page: BeautifulSoup, year: str
):
    figures = floats(page, "fig")
    assert len(figures) >= 8
    for figure in figures:
        name = figure["id"]
        caption = folded(figure.find("figcaption").get_text())
        assert re.match(r"Figure \d+ : .{20,}", caption), (name, caption)
        wide, narrow = figure.find_all("svg", recursive=True)
        for picture, kind in ((wide, "wide"), (narrow, "narrow")):
            assert picture["class"] == ["chart", kind], name
            assert picture["role"] == "img" and len(picture["aria-label"]) > 30, name
        assert float(narrow["width"]) < 360 < float(wide["width"]), name
        line = source_line(figure)
        (link,) = (a for a in line.find_all("a") if a["href"].startswith("../data/"))
        assert link["href"] == f"../data/{name}.csv"
        table = pd.read_csv(io.BytesIO(first.site[f"{year}/data/{name}.csv"]))
        assert len(table) >= 2 and len(table.columns) >= 2, name
        explore = line.find_next_sibling()
        assert "live" in explore.get("class", []) and explore["data-figure"] == name
        told = explore.find_next_sibling()
        assert "transcription" in told.get("class", []), name
        assert folded(wide["aria-label"]) in folded(told.get_text()), name
        numbers = told.find_next_sibling()
        assert "numbers" in numbers.get("class", []), name
        assert folded(numbers.caption.get_text()) in caption, name
        heads = [folded(th.get_text()) for th in numbers.thead.find_all("th")]
        assert len(heads) >= 2 and all(heads), name
        rows = numbers.tbody.find_all("tr")
        assert all(row.th and len(row.find_all(["th", "td"])) == len(heads) for row in rows), name
        assert len(rows) == (table["country"].nunique() if "vintage" in table else len(table)), name
        for size in ("", "-narrow"):
            script = first.site[f"{year}/fr/charts/{name}{size}.js"].decode()
            assert script.startswith(f'liveCharts["{name}{size}"]={{') and "tooltip" in script


def test_no_cell_of_a_published_table_runs_in_a_spreadsheet(first: Run):
    for name, data in first.site.items():
        if not name.endswith(".csv"):
            continue
        for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
            for cell in row:
                starts = cell.startswith(("=", "+", "-", "@", "\t", "\r"))
                assert not starts or re.fullmatch(r"-\d+(\.\d+)?(e-?\d+)?", cell), (name, cell)


def test_every_table_has_a_caption_and_a_header(page: BeautifulSoup):
    tables = floats(page, "tbl")
    assert len(tables) >= 4
    for table in tables:
        caption = folded(table.find("figcaption").get_text())
        assert re.match(r"Tableau \d+ : .{10,}", caption), (table["id"], caption)
        assert len(table.find_all("th")) >= 2, table["id"]


def cited(page: BeautifulSoup) -> set[str]:
    """Return the sources that the text and its tables and figures refer to."""
    marks = page.find_all(attrs={"data-cites": True})
    return {key for mark in marks for key in mark["data-cites"].split()}


def test_every_source_is_listed_and_tells_when_it_was_read(
    first: Run, page: BeautifulSoup, year: str
):
    entries = page.find(id="refs").find_all(class_="csl-entry")
    known = pd.read_csv(io.BytesIO(first.site[f"{year}/data/sources.csv"]))["source_id"]
    assert {entry["id"] for entry in entries} == set("ref-" + known)
    assert cited(page) <= set(known) and len(cited(page)) > 50
    for entry in entries:
        assert re.search(r"consulté le (1er|\d+)\b", folded(entry.get_text())), entry["id"]


# ------------------------------------------------------------------ facts

#: How the page says a fact otherwise than by the observation's own number and unit.
SAID_OTHERWISE = {
    "F3": ("15e sur 28", "a rank is said as an ordinal"),
    "F12": ("un cercle sur trois", "a share of three is said in words"),
    "F21": ("plus de 160 000 utilisateurs", "the source says users, without a definition"),
    "F22": ("70 000 utilisateurs", "the source says users, without a definition"),
}
#: Words by which the page tells a fact that is a statement, not an event or a plan.
TOLD = {
    "F8": "Un même identifiant sert pour les impôts",
    "F9": "les administrations restent en retard sur le partage de leurs données",
    "F12": "les services du Premier ministre et la DGSI ouvrent la marche",
    "F16": "au plus 15 jours",
    "F18": "apprenti",
    "F24": "150 000 conférences par jour",
    "F31": "Les priorités suivantes",
}


def facts(run: Run, year: str, table: str) -> list[dict]:
    rows = csv.DictReader(io.StringIO(run.site[f"{year}/data/{table}.csv"].decode("utf-8-sig")))
    return [row for row in rows if row["fact"]]


def test_no_fact_is_missing(first: Run):
    named = {
        row["fact"]
        for table in ("observations", "targets", "milestones")
        for row in facts(first, "2020", table)
    }
    assert named == {f"F{number}" for number in range(1, 32)}


@pytest.mark.parametrize("table", ["observations", "targets", "milestones"])
def test_the_source_of_each_fact_is_cited(first: Run, table: str):
    page = page_of(first, "2020")
    listed = {entry["id"] for entry in page.find(id="refs").find_all(class_="csl-entry")}
    for row in facts(first, "2020", table):
        assert row["source_id"] in cited(page), row["fact"]
        assert f"ref-{row['source_id']}" in listed, row["fact"]


def test_each_observed_fact_is_in_the_text(first: Run):
    text = text_of(page_of(first, "2020"))
    units = pd.read_csv(io.BytesIO(first.site["2020/data/units.csv"])).set_index("unit")
    indicators = pd.read_csv(io.BytesIO(first.site["2020/data/indicators.csv"]))
    unit_of = indicators.set_index("indicator")["unit"]
    say = Wording("fr")
    for row in facts(first, "2020", "observations"):
        unit = units.loc[unit_of[row["indicator"]]].to_dict()
        said = folded(say.quantity(float(row["value"]), unit, row["qualifier"]))
        words, _reason = SAID_OTHERWISE.get(row["fact"], (said, ""))
        assert words in text, (row["fact"], words)


def test_each_target_fact_is_in_the_table_of_targets(first: Run):
    table = page_of(first, "2020").find(id="tbl-targets")
    rows = [folded(tr.get_text(" ")) for tr in table.find_all("tr")]
    for row in facts(first, "2020", "targets"):
        number = folded(Wording("fr").large(float(row["value"])))
        year = row["date"][:4]
        assert any(number in line and year in line for line in rows), row["fact"]


def test_each_milestone_fact_is_told(first: Run):
    page = page_of(first, "2020")
    text = text_of(page)
    for row in facts(first, "2020", "milestones"):
        told = folded(row["title_fr"]) in text or TOLD.get(row["fact"], "\0") in text
        assert told, (row["fact"], row["title_fr"])


def test_a_contested_claim_stands_beside_its_measure(first: Run):
    text = text_of(page_of(first, "2020"))
    assert "Ces délais se contredisent" in text, "F13 to F15"
    assert page_of(first, "2020").find(id="fig-claim"), "F24"


# ------------------------------------------------------------------ French typography

#: What a reader of French stumbles on.
SLIPS = {
    "plain space before high punctuation": r"\S [;:!?%»](?!\w)",
    "plain space inside guillemets": r"« ",
    "no space before high punctuation": r"\w[;!?»](?=\s|$)|\d%",
    "straight apostrophe": r"\w'\w",
    "straight quotes": r"\"",
    "three dots": r"\.\.\.",
    "minus typed as a hyphen": r"(?<![\w/–—-])-\d",
    "space before a comma or a full stop": r"\w [,.](?=\s)",
    "word said twice": r"\b(de|la|le|les|du|des|en|et) \1\b",
}


def prose(page: BeautifulSoup) -> list[str]:
    """Return what a reader reads, block by block, without code and without foreign titles."""
    for tag in page.find_all(["script", "style", "code", "pre"]):
        tag.decompose()
    for entry in page.find(id="refs").find_all(["em", "a"]):
        entry.decompose()
    texts = []
    for block in page.body.find_all(["p", "li", "td", "th", "figcaption", "dt", "dd", "summary",
                                     "h1", "h2", "h3", "h4", "text"]):  # fmt: skip
        if not block.find(["p", "li", "td"]):
            strings = block.find_all(string=lambda s: not isinstance(s, Comment))
            texts.append(re.sub(r"[\n ]+", " ", "".join(strings)).strip(" "))
    texts += [svg["aria-label"] for svg in page.find_all("svg", attrs={"aria-label": True})]
    return texts


@pytest.mark.parametrize("slip", SLIPS)
def test_french_is_set_in_french(first: Run, year: str, slip: str):
    texts = prose(page_of(first, year))
    assert len(texts) > 300
    assert sum(NNBSP in text for text in texts) > 20
    found = [
        text[max(0, m.start() - 30) : m.end() + 20]
        for text in texts
        for m in re.finditer(SLIPS[slip], text)
    ]
    assert found == []


# ------------------------------------------------------------------ PDF


@pytest.fixture(scope="module")
def pdf(first: Run, year: str) -> Iterator[pikepdf.Pdf]:
    with pikepdf.open(first.project / f"first/{year}/fr/bilan-{year}.pdf") as opened:
        yield opened


def test_the_pdf_is_tagged_and_knows_its_title_and_language(pdf: pikepdf.Pdf, year: str):
    assert len(pdf.pages) > 10
    assert str(pdf.Root.Lang) == "fr"
    assert bool(pdf.Root.MarkInfo.Marked) and "/StructTreeRoot" in pdf.Root
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)
    with pdf.open_metadata() as meta:
        assert year in meta["dc:title"]
        assert meta["pdfuaid:part"] == "1"
        assert meta["pdfaid:part"] in ("2", "3") and meta["pdfaid:conformance"] in "ABU"
        assert meta["xmp:CreateDate"].startswith(f"{year}-12-31"), "the day of the edition"


def test_the_pdf_describes_its_pictures_and_has_an_outline(pdf: pikepdf.Pdf):
    described, tags = 0, Counter()

    def walk(node: pikepdf.Object) -> None:
        nonlocal described
        if isinstance(node, pikepdf.Array):
            for child in node:
                walk(child)
        elif isinstance(node, pikepdf.Dictionary) and "/S" in node:
            tags[str(node.S)] += 1
            described += str(node.S) == "/Figure" and bool(str(node.get("/Alt", "")))
            walk(node.get("/K", pikepdf.Array()))

    walk(pdf.Root.StructTreeRoot.K)
    assert tags["/Figure"] >= 8 and described == tags["/Figure"]
    assert tags["/Table"] >= 4 and tags["/TH"] >= 8
    with pdf.open_outline() as outline:
        assert len(outline.root) == 14


def test_the_pdf_embeds_its_fonts(pdf: pikepdf.Pdf):
    parts = [o for o in pdf.objects if isinstance(o, pikepdf.Dictionary)]
    described = [o for o in parts if o.get("/Type") == "/FontDescriptor"]
    fonts = [o for o in described if "/FontFile2" in o or "/FontFile3" in o]
    assert len(fonts) == len(described) > 0


def test_the_pdf_says_what_the_page_says(first: Run, page: BeautifulSoup, year: str):
    text = pressed(words(first.project / f"first/{year}/fr/bilan-{year}.pdf"))
    for title in page.find_all(["h1", "h2"]):
        assert pressed(title.get_text()) in text
    first_lines = [p.get_text() for p in page.main.find_all("p") if len(p.get_text()) > 80][:3]
    for line in first_lines:
        assert pressed(re.sub(r"\[[\d, –]+\]", "", line))[:60] in text


# ------------------------------------------------------------------ data


def test_the_data_of_each_edition_are_a_valid_package(first: Run, year: str):
    from frictionless import validate

    report = validate(str(first.project / f"first/{year}/data/datapackage.json"))
    assert report.valid, report.flatten(["type", "rowNumber", "fieldName", "message"])[:5]


def test_an_edition_publishes_nothing_that_came_later(first: Run, year: str):
    for table, column in (("observations", "published_on"), ("targets", "announced_on")):
        rows = pd.read_csv(io.BytesIO(first.site[f"{year}/data/{table}.csv"]))
        assert len(rows) and (rows[column] <= f"{year}-12-31").all()
        parquet = pd.read_parquet(io.BytesIO(first.site[f"{year}/data/{table}.parquet"]))
        assert len(parquet) == len(rows)


# ------------------------------------------------------------------ the later runs


def test_the_second_run_does_nothing_and_says_so(first: Run, again: Run):
    assert again.status == 0
    (line,) = again.said
    site = re.escape(str(first.project / "site/index.html"))
    assert re.fullmatch(rf"Nothing to do: {site} is up to date \(\d+\.\d s\)", line)
    assert again.moments == first.moments, "a file was written again"
    assert again.complained == []


def test_faulty_data_stop_the_build_with_a_line_each(first: Run, faulty_data: Run):
    assert faulty_data.status == 1
    assert faulty_data.said == []
    assert len(faulty_data.complained) == 2
    file = "data/raw/observations.csv"
    assert faulty_data.complained[0].startswith(f'{file}, row 5, column qualifier: "roughly": ')
    assert faulty_data.complained[1].startswith(f'{file}, row 8, column date: "28/08/2020": ')
    assert faulty_data.moments == first.moments, "the published site was touched"


def test_a_faulty_page_is_named_and_the_published_site_stays(first: Run, faulty_page: Run):
    assert faulty_page.status == 1
    assert faulty_page.said == ["index.html: link to gone.html, which is missing"]
    (line,) = faulty_page.complained
    assert line.startswith("The review was not published; the log is ")
    assert faulty_page.moments == first.moments
    assert faulty_page.site == first.site


def test_rows_of_2021_rebuild_only_2021(rebuilt: Run):
    assert rebuilt.status == 0, "\n".join(rebuilt.said + rebuilt.complained)
    assert set(rebuilt.steps) == {s for s in STEPS if s.startswith("2021")} | {"publish"}
    assert "Editions touched: 2021" in rebuilt.said
    (line,) = rebuilt.complained
    assert line.startswith("The build before this one failed: index.html: link to gone.html")


def test_rows_of_2021_leave_every_byte_of_2020(first: Run, rebuilt: Run):
    def of(run: Run, year: str) -> dict[str, bytes]:
        return {name: data for name, data in run.site.items() if name.startswith(year)}

    assert of(rebuilt, "2020") == of(first, "2020")
    differ = {n for n, data in of(rebuilt, "2021").items() if data != first.site.get(n)}
    assert {"2021/fr/index.html", "2021/data/observations.csv", "2021/data/fig-services.csv"} <= (
        differ
    )
    assert not any("review.css" in n or n.startswith("fonts") for n in differ)


def test_hostile_words_are_words_on_the_page(rebuilt: Run):
    page = page_of(rebuilt, "2021")
    title = page.find(id="ref-s999").find("em")
    assert folded(title.get_text()) == f"Source {HOSTILE}"
    assert title.find(["del", "em", "strong", "sub", "sup"]) is None
    assert page.find("a", href="https://example.org/?a=1&b=2")
    assert "987" in page.main.get_text(), "the new figure"
    drawn = [pressed(figure.get_text()) for figure in page.find_all("svg")]
    assert any(pressed(HOSTILE[:20]) in text for text in drawn), "in the drawing of milestones"


def test_hostile_words_are_words_in_the_pdf(rebuilt: Run):
    text = pressed(words(rebuilt.project / "site/2021/fr/bilan-2021.pdf"))
    assert pressed(f"Source {HOSTILE}") in text

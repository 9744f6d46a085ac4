"""Text from outside comes out as text, or `bilan check` refuses it with a line.

Whoever proposes a change can write a data row, a chapter and a parameter. None of them may run
code, leave the build folder, load from another host or become markup in the page, the PDF or a
spreadsheet. The data are tried twice: as they come, and with the check switched off, so that what
stands behind it holds alone.
"""

import csv
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import jinja2
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from inprocess import process, rich, save
from pdftext import words
from staged import append
from staged import stage as sample
from typer.testing import CliRunner

from bilan import assemble, card, checks, discovery, editions, report, supplement, tables
from bilan.catalog import cells
from bilan.catalog.description import describe
from bilan.cli import app
from bilan.editions import UsageError
from bilan.render import check_staged, render

ROOT = Path(__file__).parents[1]

#: What the check refuses.
REFUSED = [
    "<script>evil()</script>",
    '<img src=x onerror="evil()">',
    "</text><foreignObject>evil",
    "[evil](javascript:evil)",
    "![evil](http://evil.example/x.png)",
    '`#read("/etc/passwd")`{=typst}',
    "```{=html} evil",
    '#read("/etc/passwd")',
    "{{< include /etc/passwd >}}",
    "{{< embed ../evil.ipynb#fig-evil >}}",
    "$$evil$$",
    "\\evil{} \\input{/etc/passwd}",
    '=HYPERLINK("http://evil.example")',
    "@SUM(evil)",
    "+evil",
    "-evil",
    " =evil",
    "evil\n\n# evil",
    "evil" * 1000,
]
#: What it refuses besides, and no font could show.
UNWRITTEN = [
    *("evil\x00", "evil\x1b[31m", "\tevil", "evil\ue000", "＝evil"),
    *("\u202elive\u202c", "e\u200bvil", "evil\u2028evil"),
]
#: What it lets pass: signs that prose may need.
PASSED = [
    "<< 7*191 >> <% evil %> <# evil #>",
    "**evil** *evil* ~~evil~~ ^evil^ ~evil~",
    '[evil]{.evil onclick="evil"}',
    "evil [@s001] @fig-evil [^1]",
    "# evil {#evil}",
    "::: {.evil}",
    "evil --- evil: true",
    "$evil^2$",
    "| evil | evil |",
    "../../../evil",
    "&lt;script&gt; &#60;evil",
    "evil // evil /* evil */ = evil",
    "http://evil.example/a_b www.evil.example",
    "1. evil",
]
HOSTILE = REFUSED + PASSED


def free_columns(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield each table with the columns that hold words of their own."""
    for name, resource in describe(folder).items():
        own = [
            field["name"]
            for field in resource["schema"]["fields"]
            if field["type"] == "string"
            and not {"pattern", "enum"} & set(field.get("constraints", {}))
        ]
        if own := [c for c in own if (name, c) not in BOUND]:
            yield name, own


#: Text that must equal what another row holds.
BOUND = {("corrections", "expected"), ("corrections", "value"), ("indices", "dimension")}


def attack(folder: Path, texts: list[str]) -> None:
    """Write hostile texts over every free text of the raw tables."""
    turn = 0
    for name, columns in free_columns(folder):
        path = folder / f"{name}.csv"
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        for row in rows:
            for column in columns:
                row[column] = texts[turn % len(texts)]
                turn += 1
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


# ------------------------------------------------------------------ data


def test_the_check_refuses_with_a_line_each_and_passes_the_rest(project: Path):
    path = project / "data/raw/observations.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    tried = [*REFUSED, *UNWRITTEN, *PASSED]
    for row, text in zip(rows, tried, strict=False):
        row["note"] = text
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    result = CliRunner().invoke(app, ["check"])
    said = set(re.findall(r"observations\.csv, row (\d+), column note: ", result.stderr))
    assert said == {str(row) for row in range(2, 2 + len(REFUSED + UNWRITTEN))}
    assert all(line.startswith("data/raw/") for line in result.stderr.splitlines())


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:evil()", "data:text/html,evil", "file:///etc/passwd", "//evil.example"),
        *('https://evil.example/"onmouseover="evil', "https://evil.example/<b>", "../evil"),
        *("https://numerique.gouv.fr@evil.example/", "https://evil.example/a b"),
    ],
)
def test_an_address_is_an_address(project: Path, address: str):
    field = next(
        field
        for field in describe(project / "data/raw")["sources"]["schema"]["fields"]
        if field["name"] == "address"
    )
    assert any(not test(address) for test, _ in cells.rules(field))


@pytest.fixture(scope="module")
def attacked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A rendered edition whose every free text is hostile, made with the check switched off."""
    root = tmp_path_factory.mktemp("attacked")
    for folder in ("config", "data/raw", "report", "build/fonts"):
        shutil.copytree(built / folder, root / folder)
    (root / "config/editions.yml").write_text(
        yaml.safe_dump(
            {"editions": [{"id": "2020", "as_of": editions_day(built), "languages": ["fr"]}]}
        )
    )
    never = re.compile(r"(?!)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BILAN_ROOT", str(root))
        patch.setattr(cells, "FORMULA", never)
        patch.setattr(cells, "MARKUP", never)
        patch.setattr(cells, "LONGEST", 10**6)
        patch.setattr(cells, "is_visible", lambda cell: True)
        attack(root / "data/raw", HOSTILE)
        for name, notebook in process("2020", show=rich).items():
            save(notebook, root / f"build/2020/runs/{name}/fr.ipynb")
        project = report.stage("2020", "fr")
        render(project, "embedded")
        card.draw("2020", "fr")
        supplement.make(editions.edition("2020"))
        assemble.assemble(editions.edition("2020"))
        yield root


def editions_day(root: Path):
    described = yaml.safe_load((root / "config/editions.yml").read_text("utf-8"))
    return next(e["as_of"] for e in described["editions"] if e["id"] == "2020")


@pytest.fixture(scope="module")
def page(attacked: Path) -> BeautifulSoup:
    return parsed(attacked / "build/2020/site/2020/fr/index.html")


def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def bare(text: str) -> str:
    """Return what typography leaves of a text: its letters and signs without blanks and quotes."""
    return re.sub(r"[\s\u200b\u2028\u202f\u00a0'’\"“”«»]", "", text)


def test_every_hostile_text_is_there_to_be_read(page: BeautifulSoup):
    shown = bare(page.get_text())
    assert [text for text in HOSTILE if bare(text) not in shown] == []


def test_no_hostile_text_is_markup(page: BeautifulSoup):
    inert(page)
    for name in ("em", "strong", "del", "sup", "sub", "code", "h1", "h2", "h3"):
        assert not any(tag.get_text().strip() == "evil" for tag in page.find_all(name)), name
    assert "1337" not in page.get_text()
    assert "root:" not in page.get_text()


def inert(page: BeautifulSoup) -> None:
    """Fail where a hostile text became an element, an attribute or a script."""
    spoken = {"aria-label", "alt", "title", "content"}
    for tag in page.find_all(True):
        assert "evil" not in tag.name
        assert not any(name.startswith("on") for name in tag.attrs)
        for name, value in tag.attrs.items():
            assert name in spoken or not re.search(r"\bevil", str(value)), (tag.name, name, value)
    # Scripts are the site's own files; what stands between their tags is nothing.
    assert all(
        tag.get("type") == "application/ld+json"
        or (tag["src"].startswith("../../") and not tag.string)
        for tag in page.find_all("script")
    )


def test_no_hostile_text_is_markup_in_a_notebooks_page(attacked: Path):
    paths = sorted((attacked / "build/2020/site/2020/fr/notebooks").glob("*.html"))
    assert len(paths) > 5
    assert sum("evil" in parsed(path).get_text() for path in paths) > 3
    for path in paths:
        inert(parsed(path))


def test_no_hostile_text_is_markup_in_the_feed_and_the_files_for_machines(attacked: Path):
    site = attacked / "build/2020/site"
    feed = ElementTree.fromstring(discovery.feed(site, "fr"))
    (entry,) = feed.findall("{*}entry")
    assert {child.tag.rpartition("}")[2] for child in entry} == {
        *("id", "title", "updated", "published", "summary", "link"),
    }
    assert json.loads((site / "2020/data/datapackage.json").read_text("utf-8"))["resources"]
    assert json.loads((site / "2020/data/catalog.jsonld").read_text("utf-8"))["@graph"]
    for script in (site / "2020/fr/charts").glob("*.js"):
        name, _, value = script.read_text("utf-8").partition("=")
        assert name == f'liveCharts["{script.stem}"]'
        json.loads(value.removesuffix(";\n"))


def test_nothing_of_it_runs_in_the_pdf(attacked: Path):
    told = bare(words(attacked / "build/2020/fr/review.pdf"))
    assert bare('#read("/etc/passwd")') in told
    assert "root:x:" not in told


def test_no_figure_data_start_like_a_formula(attacked: Path):
    found = 0
    for path in (attacked / "build/2020/runs").glob("*/data/*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                for cell in row:
                    found += "evil" in cell
                    assert not tables.FORMULA.search(cell) or is_number(cell), (path.name, cell)
    assert found


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def test_nothing_is_written_outside_the_build(attacked: Path):
    assert {p.name for p in attacked.iterdir()} == {"build", "config", "data", "report"}
    assert {p.name for p in (attacked / "data").iterdir()} == {"raw", "processed"}


# ------------------------------------------------------------------ chapters


class Asked:
    """What a chapter is given, for one that asks too much."""

    table = pd.DataFrame({"a": [1]})
    folder = Path("/")


@pytest.mark.parametrize(
    "text",
    [
        "<< ''.__class__.__mro__[1].__subclasses__() >>",
        "<< asked.__init__.__globals__ >>",
        "<< cite.__globals__ >>",
        "<< table.to_csv('/tmp/evil.csv') >>",
        "<< asked.table.eval('a') >>",
        "<< asked.table.a.to_json('/tmp/evil.json') >>",
        "<< asked.folder.write_text('evil') >>",
        "<< '{0.__class__}'.format(asked) >>",
        "<% include '../../../etc/passwd' %>",
        "<% include '/etc/passwd' %>",
        "<% import 'os' as os %>",
        "<% for i in range(10**9) %>evil<% endfor %>",
        "<< 1 / 0 >>",
        "<< nothing >>",
        "<% if %>",
    ],
)
def test_a_chapter_asks_and_does_nothing_else(tmp_path: Path, text: str):
    chapter = tmp_path / "fr/_evil.qmd"
    chapter.parent.mkdir()
    chapter.write_text(f"# Titre\n\n{text}\n", "utf-8")
    environment = report.Sandbox(
        loader=jinja2.FileSystemLoader(chapter.parent),
        **report.DELIMITERS,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {"asked": Asked(), "table": Asked.table, "cite": report.cite}
    with pytest.raises(UsageError, match=r"^report/fr/_evil\.qmd:3: "):
        report._rendered(environment, chapter)


@pytest.mark.parametrize(
    "text",
    [
        "<script>evil()</script>",
        "un <b onclick='evil()'>mot</b>",
        "<!-- evil -->",
        "```{=html}\n<script>evil()</script>\n```",
        '```{=typst}\n#read("/etc/passwd")\n```',
        '`#read("/etc/passwd")`{=typst}',
        '[mot]{onclick="evil()"}',
        '[mot]{style="position:fixed"}',
        '::: {onmouseover="evil()"}\nmot\n:::',
        "![mot](https://evil.example/x.png){#fig-evil fig-alt=x}",
        "![](../../../../etc/passwd){fig-alt=x}",
        "{{< include ../../../../etc/passwd >}}",
        "{{< embed ../../x.ipynb#fig-x >}}",
        "{{< video https://evil.example/x >}}",
        "```{python}\nprint(1)\n```",
    ],
)
def test_a_chapter_holds_nothing_that_acts(tmp_path: Path, text: str):
    project = sample(tmp_path / "p")
    assert check_staged(project) == []
    line = append(project, "chapters/_b.qmd", f"\n{text}\n")
    found = check_staged(project)
    assert any(re.match(rf"chapters/_b\.qmd:({line}|{line + 1}|{line + 2}): ", f) for f in found), (
        found
    )


# ------------------------------------------------------------------ the last barrier


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<script>evil()</script>", "holds <script>, which acts"),
        ('<script src="https://evil.example/x.js"></script>', "from another host"),
        ('<p onclick="evil()">x</p>', "holds onclick, which acts"),
        ('<a href="javascript:evil()">x</a>', "which no reader can follow"),
        ('<a href="data:text/html,evil">x</a>', "which no reader can follow"),
        ('<svg><a xlink:href="javascript:evil()">x</a></svg>', "which no reader can follow"),
        ("<iframe></iframe>", "holds <iframe>, which acts"),
        ('<form action="/"></form>', "holds <form>, which acts"),
        ('<base href="https://evil.example/">', "holds <base>, which acts"),
        ('<meta http-equiv="Refresh" content="0;url=//evil.example">', "holds <meta>"),
        ("<svg><foreignObject></foreignObject></svg>", "holds <foreignobject>"),
        ('<img src="x.png" srcset="//evil.example/x.png 2x">', "from another host"),
        ('<p style="background:url(https://evil.example/x)">x</p>', "from another host"),
        ('<img src="../../../etc/passwd">', "outside the site"),
    ],
)
def test_a_page_that_acts_is_not_published(project: Path, text: str, said: str):
    site = project / "build/site"
    site.mkdir(parents=True)
    (site / "index.html").write_text(f"<!DOCTYPE html><html><body>{text}</body></html>", "utf-8")
    assert any(said in fault for fault in checks.check(site)), checks.check(site)


# ------------------------------------------------------------------ parameters


@pytest.mark.parametrize(
    "command",
    [
        ("stage", "--edition", "../../evil", "--lang", "fr"),
        ("stage", "--edition", "2020", "--lang", "../evil"),
        ("render", "--edition", "2020", "--lang", "fr;evil"),
        ("build", "--renderer", "$(evil)"),
        *(
            ("run", "notebooks/3-ranking.ipynb", "--output", "evil.ipynb", "-p", parameter)
            for parameter in ("country=../../evil", "index='; evil", "edition=2020\nevil", "evil=1")
        ),
    ],
)
def test_a_parameter_that_is_not_allowed_stops_with_a_line(project: Path, command):
    before = sorted(project.rglob("*"))
    result = CliRunner().invoke(app, list(command))
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "allowed" in result.stderr or "unknown" in result.stderr
    assert sorted(project.rglob("*")) == before


# ------------------------------------------------------------------ continuous integration

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_proposal_builds_without_secrets_and_cant_write(path: Path):
    text = path.read_text("utf-8")
    workflow = yaml.safe_load(text)
    triggers = workflow[True]  # YAML reads `on` as true
    assert "pull_request_target" not in triggers
    assert set(workflow["permissions"].values()) <= {"read"}
    for name, job in workflow["jobs"].items():
        writes = "write" in job.get("permissions", {}).values()
        secrets = "secrets." in yaml.safe_dump(job)
        if "pull_request" in triggers and (writes or secrets):
            assert "github.event_name != 'pull_request'" in job["if"], name
        if writes:
            # What a proposal wrote is not run where a token can write.
            assert not any("run" in step for step in job["steps"]), name
            assert not any("checkout" in step.get("uses", "") for step in job["steps"]), name
        for step in job["steps"]:
            if "checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, name
            # A title or a branch name could close a quote of the script.
            script = f"{step.get('run', '')}{step.get('with', {}).get('script', '')}"
            assert "${{" not in script, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_actions_are_pinned_to_a_commit(path: Path):
    """A tag can be moved to other code, a commit can't."""
    used = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))
    assert used
    for action, version in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", version), action


def test_dependencies_are_hashed():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    pinned = re.findall(r"^[a-z0-9][^\n]*==.*?(?=^[a-z0-9]|\Z)", lock, re.M | re.S | re.I)
    assert len(pinned) > 50 and all("--hash=sha256:" in entry for entry in pinned)

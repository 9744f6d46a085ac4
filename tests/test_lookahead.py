"""No look-ahead: what became public after an edition's cut-off day changes no byte of it."""

import shutil
from pathlib import Path

import inprocess
import later
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bilan import catalog, editions, fonts, report
from bilan.assemble import finish
from bilan.editions import PUBLISHED
from bilan.notebooks import INDICES, SERIES
from bilan.render import render

ROOT = Path(__file__).parents[1]
EDITIONS = ("2020", "2021", "2022", "2023", "2024", "2025")
EVERYTHING = {"removed": later.removed, "doubled": later.doubled}
#: One project serves all examples: each writes every raw table anew.
SHARED = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
QUICK, SLOW = settings(max_examples=100, **SHARED), settings(max_examples=6, **SHARED)


def make_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("config", "data/raw"):
        shutil.copytree(ROOT / name, folder / name)
    monkeypatch.setenv("BILAN_ROOT", str(folder))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="module")
def review(tmp_path_factory) -> dict[str, dict[str, bytes]]:
    """What the runs of the six editions leave, from all data."""
    with pytest.MonkeyPatch.context() as patch, inprocess.figures_told():
        make_project(tmp_path_factory.mktemp("review"), patch)
        for name in EDITIONS:
            inprocess.process(name)
        return {name: inprocess.left(name) for name in EDITIONS}


def frozen(name: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(editions.freeze(name).iterdir())}


# ------------------------------------------------------------------ what is known


@pytest.mark.parametrize("change", EVERYTHING)
@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_knows_what_was_written_on_its_day(name, change, tmp_path, monkeypatch):
    """Data cut off at the day, or wrong ever after, freeze to the very bytes of all data."""
    project = make_project(tmp_path, monkeypatch)
    expected = frozen(name)
    later.write(EVERYTHING[change](editions.edition(name).as_of), project)
    assert frozen(name) == expected


@QUICK
@given(data=st.data())
def test_no_later_change_shows_in_what_an_edition_knows(data, frozen_project):
    """Rows of any table that carries a day, and all that only they name, in any edition."""
    project, expected = frozen_project
    name = data.draw(st.sampled_from(EDITIONS))
    later.write(data.draw(later.changes(editions.edition(name).as_of)), project)
    for earlier in EDITIONS[: EDITIONS.index(name) + 1]:
        assert frozen(earlier) == expected[earlier], earlier


@pytest.fixture
def frozen_project(tmp_path, monkeypatch):
    """A project whose raw data a test may change, and what its editions know at first."""
    project = make_project(tmp_path, monkeypatch)
    return project, {name: frozen(name) for name in EDITIONS}


def test_every_table_with_a_day_is_changed_by_the_tests():
    days = {"published_on", "announced_on", "known_on"}
    dated = {name for name, header in later.HEADERS.items() if days & set(header)}
    assert dated == set(PUBLISHED) == set(later.TEXTS)


def test_a_change_of_what_was_known_does_show(frozen_project):
    """The tests above would notice: one early value changed, one early row gone."""
    project, expected = frozen_project
    tables = later.copy()
    early = next(r for r in tables["observations"] if r["published_on"] <= "2020-12-31")
    early["value"] = "1"
    later.write(tables, project)
    assert frozen("2020")["observations.csv"] != expected["2020"]["observations.csv"]


def test_hiding_leaves_the_tables_alone():
    tables = later.copy()
    editions.known(tables, editions.editions()[0].as_of)
    assert tables == later.ALL


# ------------------------------------------------------------------ what is made of it


@pytest.mark.parametrize("name", EDITIONS)
def test_tables_and_forecasts_are_those_of_data_cut_off_at_the_day(name, review, clean_review):
    later.write(later.removed(editions.edition(name).as_of), clean_review)
    assert made_again(name) == review[name]


@SLOW
@given(data=st.data())
def test_no_later_change_shows_in_tables_and_forecasts(data, review, clean_review):
    name = data.draw(st.sampled_from(EDITIONS))
    later.write(data.draw(later.changes(editions.edition(name).as_of)), clean_review)
    assert made_again(name) == review[name]


def made_again(name: str) -> dict[str, bytes]:
    root = editions.project_root()
    for folder in (root / "data/processed" / name, root / "build" / name):
        shutil.rmtree(folder)
    with inprocess.figures_told():
        inprocess.process(name)
    return inprocess.left(name)


@pytest.fixture
def clean_review(review, tmp_path, monkeypatch) -> Path:
    """A project of its own with the processed editions, whose raw data a test may change."""
    project = make_project(tmp_path, monkeypatch)
    for files in review.values():
        for path, content in files.items():
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_bytes(content)
    return project


@pytest.mark.parametrize("name", ["2021", "2025"])
def test_forecasts_do_not_need_the_other_editions(name, review, clean_review):
    """Counts and ranks are forecast the same with every other edition gone or broken."""
    processed = clean_review / "data/processed"
    for i, other in enumerate(e for e in EDITIONS if e != name):
        if i % 2:
            shutil.rmtree(processed / other)
        else:
            for path in (processed / other).rglob("*.parquet"):
                path.write_bytes(b"broken")
    shutil.rmtree(processed / name)
    with inprocess.figures_told():
        for wanted in ("clean", "adoption", "ranking"):
            inprocess.process(name, wanted)
    parts = [*SERIES, *(f"rank-{index}" for index in INDICES)]
    for part in parts:
        path = f"data/processed/{name}/parts/{part}.parquet"
        assert (clean_review / path).read_bytes() == review[name][path], part


def test_other_editions_reach_the_track_record_and_no_forecast(review, clean_review):
    """With the earlier forecasts doubled, the record changes; forecasts and states do not."""
    for other in EDITIONS[:3]:
        for path in sorted((clean_review / f"data/processed/{other}/parts").glob("*.parquet")):
            table = pd.read_parquet(path)
            table["value"] = table["value"].where(table["kind"] != "quantile", 2 * table["value"])
            table.to_parquet(path, index=False)
    made, expected = made_again("2023"), review["2023"]
    changed = {Path(p).stem for p in expected if made[p] != expected[p]}
    assert "track_record" in changed
    assert not changed & {"forecasts", "target_states", "milestone_states", "changes", *SERIES}


# ------------------------------------------------------------------ pages


def pages(project: Path, name: str) -> dict[str, bytes]:
    """Make an edition to the end; return its staged project, its page and its PDF."""
    build = project / "build" / name
    for run, notebook in inprocess.process(name, show=inprocess.rich).items():
        inprocess.save(notebook, build / "runs" / run / "fr.ipynb")
    staged = report.stage(name, "fr")
    render(staged, "embedded")
    files = {str(p.relative_to(staged)): p.read_bytes() for p in staged.rglob("*") if p.is_file()}
    return files | {"page": finish(staged, "fr").encode()}


@pytest.mark.parametrize(("name", "change"), [("2020", "doubled"), ("2021", "removed")])
def test_no_later_change_shows_in_pages(name, change, review, clean_review):
    """HTML and PDF of an edition are those of all data, whatever was published later."""
    shutil.copytree(ROOT / "report", clean_review / "report")
    shutil.copytree(fonts.cached_fonts(), clean_review / "build/fonts")
    expected = pages(clean_review, name)
    assert {"review.html", "review.pdf"} <= set(expected)
    for folder in (clean_review / "data/processed" / name, clean_review / "build" / name):
        shutil.rmtree(folder)
    later.write(EVERYTHING[change](editions.edition(name).as_of), clean_review)
    made = pages(clean_review, name)
    assert [path for path in expected if made.get(path) != expected[path]] == []
    assert set(made) == set(expected)


# ------------------------------------------------------------------ what is told


#: A document of a later year that an edition cites; data/raw/README.md says why.
LATER_DOCUMENTS = {"2021": {"s086"}}


@pytest.mark.parametrize("name", EDITIONS)
def test_an_edition_cites_no_later_document(name, frozen_project):
    day = editions.edition(name).as_of.isoformat()
    sources = catalog.load(editions.freeze(name))["sources"]
    found = {s.source_id for s in sources.itertuples() if s.date > day[: len(s.date)]}
    assert found == LATER_DOCUMENTS.get(name, set())
    told = sources.set_index("source_id")[["title", "note_fr", "note_en"]].agg(" ".join, axis=1)
    titled = told.str.extractall(r"(?<!\d)(20\d\d)(?!\d)")[0]
    ahead = set(titled[titled.astype(int) > int(name) + 1].index.get_level_values(0))
    assert ahead == set()


@pytest.mark.parametrize("name", EDITIONS)
def test_no_text_of_an_edition_names_a_later_year(name, frozen_project):
    tables = catalog.load(editions.freeze(name))
    told = {
        "indicators": ("indicator", "name_fr", "name_en", "definition_fr", "definition_en"),
        "contradictions": ("title_fr", "title_en", "text_fr", "text_en"),
        "corrections": ("reason_fr", "reason_en"),
        "milestones": ("milestone", "title_fr", "title_en"),
        "indices": ("definition_fr", "definition_en"),
    }
    for table, columns in told.items():
        for column in columns:
            years = tables[table][column].str.extractall(r"(?<!\d)(20\d\d)(?!\d)")[0].astype(int)
            assert (years <= int(name)).all(), (table, column, sorted(years))
    for table in ("observations", "targets", "milestones", "vintages", "ranks"):
        assert (tables[table]["note"] == "").all(), table

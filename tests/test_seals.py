"""A file that was lost is noticed, and nothing else is."""

from pathlib import Path

import pytest

from bilan import seals


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build of one edition in which every step has sealed what it made."""
    for name in (
        "fonts/web/serif.woff2", "2020/raw/units.csv", "2020/runs/clean/clean.ipynb",
        "2020/runs/ranking-desi/fr.ipynb", "2020/runs/ranking-desi/data/fig-desi.csv",
        "2020/fr/review.qmd", "2020/fr/chapters/_a.qmd", "2020/fr/review.html",
        "2020/fr/review.pdf", "2020/fr/renderer", "2020/fr/review_files/fig-desi.svg",
        "2020/site/2020/fr/index.html", "2020/site/2020/data/units.csv", "2020/outlines.json",
        "2020/supplement/data/units.csv", "2020/supplement/fr/notebooks/clean.html",
    ):  # fmt: skip
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    for folder in (tmp_path / "fonts", tmp_path / "2020/supplement", *tmp_path.glob("2020/runs/*")):
        seals.seal(folder)
    seals.seal_staged(tmp_path / "2020/fr")
    seals.seal_rendered(tmp_path / "2020/fr")
    seals.seal_site(tmp_path / "2020/site", tmp_path / "2020/outlines.json")
    return tmp_path


def files(build: Path) -> set[str]:
    return {str(p.relative_to(build)) for p in build.rglob("*") if p.is_file()}


def test_what_is_whole_stays(build: Path):
    before = files(build)
    seals.mend(build)
    assert files(build) == before


#: What is lost, and what must go so that Snakemake makes it again.
LOST = {
    "fonts/web/serif.woff2": {"fonts/seal"},
    "2020/runs/ranking-desi/data/fig-desi.csv": {
        "2020/runs/ranking-desi/fr.ipynb",
        "2020/runs/ranking-desi/seal",
    },
    "2020/supplement/data/units.csv": {
        "2020/supplement/fr/notebooks/clean.html",
        "2020/supplement/seal",
    },
    "2020/fr/chapters/_a.qmd": {"2020/fr/review.qmd"},
    "2020/fr/review_files/fig-desi.svg": {"2020/fr/review.html"},
    "2020/fr/renderer": {"2020/fr/review.html"},
    "2020/site/2020/data/units.csv": {"2020/site/2020/fr/index.html"},
    "2020/outlines.json": {"2020/site/2020/fr/index.html", "2020/site/2020/data/units.csv"},
}


@pytest.mark.parametrize("how", ["deleted", "cut"])
@pytest.mark.parametrize("lost", LOST)
def test_what_was_lost_is_made_again(build: Path, lost: str, how: str):
    before = files(build)
    (build / lost).unlink()
    if how == "cut":
        (build / lost).write_text("")
    seals.mend(build)
    gone = before - files(build)
    assert gone - {lost} == LOST[lost]


def test_what_was_never_sealed_is_left_to_snakemake(build: Path):
    (build / "2020/runs/clean/seal").unlink()
    (build / "2020/runs/clean/clean.ipynb").write_text("half")
    before = files(build)
    seals.mend(build)
    assert files(build) == before


def test_rendering_breaks_no_seal_of_the_stage(build: Path):
    (build / "2020/fr/review.html").write_text("rendered again, longer than before")
    seals.seal_rendered(build / "2020/fr")
    before = files(build)
    seals.mend(build)
    assert files(build) == before


def test_fonts_half_made_are_cleared(build: Path):
    (build / ".fonts-x/fonts").mkdir(parents=True)
    seals.mend(build)
    assert not (build / ".fonts-x").exists()

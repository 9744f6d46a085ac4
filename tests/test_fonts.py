"""The fonts that the review makes for itself."""

import hashlib

import pytest
from fontTools.ttLib import TTFont

from bilan import fonts

NEEDED = "àâæçéèêëîïôœùûüÿÀÉŒ«»’“”…–—·€°²\u00a0\u202f−≤≥≈←↑→↓×%0123456789"


@pytest.fixture(scope="module")
def made():
    return fonts.cached_fonts()


def test_web_fonts_are_few_and_light(made):
    files = sorted((made / "web").glob("*.woff2"))
    assert {path.stem for path in files} == {"sans", "serif", "serif-italic"}
    assert sum(path.stat().st_size for path in files) <= 150_000


@pytest.mark.parametrize("folder", ["web", "static"])
def test_fonts_hold_what_french_and_english_need(made, folder):
    for path in [*(made / folder).glob("*.woff2"), *(made / folder).glob("*.ttf")]:
        with TTFont(path) as font:
            missing = {letter for letter in NEEDED if ord(letter) not in font.getBestCmap()}
        assert not missing, path.name


def test_reserved_name_is_not_used(made):
    for path in [*made.glob("web/*.woff2"), *made.glob("static/*.ttf")]:
        with TTFont(path) as font:
            names = {number: font["name"].getDebugName(number) for number in (1, 3, 4, 6, 16)}
        assert all("Source" not in name for name in names.values() if name), path.name


def test_licences_travel_with_the_fonts(made):
    for folder in ("web", "static"):
        texts = [path.read_text(encoding="utf-8") for path in (made / folder).glob("*-OFL.txt")]
        assert len(texts) == 2
        assert all(
            "SIL Open Font License" in text or "SIL OPEN FONT LICENSE" in text for text in texts
        )


def test_web_fonts_keep_their_axes(made):
    axes = {}
    for path in (made / "web").glob("*.woff2"):
        with TTFont(path) as font:
            axes[path.stem] = {a.axisTag for a in font["fvar"].axes} if "fvar" in font else set()
    assert axes == {"serif": {"wght", "opsz"}, "serif-italic": set(), "sans": {"wght"}}


def test_static_fonts_have_one_weight(made):
    weights = {}
    for path in (made / "static").glob("*.ttf"):
        with TTFont(path) as font:
            assert "fvar" not in font
            weights[path.stem] = font["OS/2"].usWeightClass
    assert weights["BilanSans-Regular"] == 400
    assert weights["BilanSans-SemiBold"] == 600
    assert weights["BilanSerif-Regular"] == 400


def test_narrow_space_can_be_seen(made):
    for path in made.glob("web/*.woff2"):
        with TTFont(path) as font:
            width = font["hmtx"][font.getBestCmap()[0x202F]][0]
        assert 150 <= width <= 200


def test_bytes_depend_on_the_sources_alone(tmp_path, made):
    cut = next(cut for cut in fonts.STATIC if cut.name == "BilanSans-Regular")
    font = fonts._cut(cut, fonts._subset(cut.family, cut.style))
    fonts._save_static(font, cut, tmp_path)
    fresh = (tmp_path / "BilanSans-Regular.ttf").read_bytes()
    kept = (made / "static" / "BilanSans-Regular.ttf").read_bytes()
    assert hashlib.sha256(fresh).digest() == hashlib.sha256(kept).digest()


def test_made_once(made):
    before = {path: path.stat().st_mtime_ns for path in made.rglob("*")}
    assert fonts.make_fonts(made) == made
    assert {path: path.stat().st_mtime_ns for path in made.rglob("*")} == before

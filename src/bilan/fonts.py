"""Make the review's fonts from the open font packages.

Two packages carry the variable fonts, under the SIL Open Font License: Source Serif 4 for reading,
Source Sans 3 for charts, tables and labels. `make_fonts` cuts from them

- ``web/``: three WOFF2 files, subset to what French and English need; they travel with the site;
- ``static/``: one TTF a style for Typst and for vl-convert, whose SVG text engine reads a variable
  font at its default weight (200 for Source Sans 3).

What it makes is called Bilan Serif and Bilan Sans. "Source" is a reserved name that a changed font
may not bear. Besides, a name that ends in a bare figure is no CSS identifier: vl-convert can't draw
"Source Sans 3" unless it is quoted, and can't measure it when it is.

The bytes depend on the sources and on this module only: no clock is read.
"""

import hashlib
import multiprocessing
import os
import shutil
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from itertools import repeat
from pathlib import Path

import fontpkg
from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib import instancer

from bilan.forkserver import die_with

SERIF, SANS = "Bilan Serif", "Bilan Sans"
SOURCES = {SERIF: "Source Serif 4", SANS: "Source Sans 3"}

# Latin-1, the letters that French and the names of the Union's people and places add to it, then
# the punctuation, signs and arrows that the review writes.
CHARACTERS = [
    *range(0x20, 0x7F),
    *range(0xA0, 0x100),
    *map(ord, "ŒœŸĀāĂăĄąĆćČčĎďĐđĒēĖėĘęĚěĞğĪīĮįıŁłŃńŇňŐőŘřŚśŠšŞşȘșŢţȚțŤťŪūŮůŰűŲųŹźŻżŽž"),
    *(0x2009, 0x2011, 0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E),
    *(0x2020, 0x2022, 0x2026, 0x202F, 0x2030, 0x2032, 0x2039, 0x203A, 0x2044, 0x20AC),
    *(0x2190, 0x2191, 0x2192, 0x2193, 0x2196, 0x2197, 0x2198, 0x2199),
    *(0x2212, 0x2248, 0x2260, 0x2264, 0x2265),
    *(0x25A0, 0x25A1, 0x25B2, 0x25B3, 0x25BC, 0x25CB, 0x25CF),
]
FEATURES = ["ccmp", "kern", "liga", "lnum", "locl", "mark", "onum", "pnum", "tnum"]
NARROW_SPACE = 0x202F
NARROW_SPACE_WIDTH = 175  # thousandths of an em; the sources' 120 makes 600 000 read 600000
STAMP = "stamp"


@dataclass(frozen=True)
class Cut:
    """One file to make: which family and slope, and what is kept of each axis."""

    name: str
    family: str
    style: str  # "normal" or "italic"
    axes: dict[str, float | tuple[float, float]]
    subfamily: str = "Regular"


WEB = (
    Cut("serif", SERIF, "normal", {"wght": (400, 600), "opsz": (14, 40)}),
    Cut("serif-italic", SERIF, "italic", {"wght": 400, "opsz": 18}, "Italic"),
    Cut("sans", SANS, "normal", {"wght": (400, 700)}),
)
STATIC = (
    Cut("BilanSerif-Regular", SERIF, "normal", {"wght": 400, "opsz": 11}),
    Cut("BilanSerif-Italic", SERIF, "italic", {"wght": 400, "opsz": 11}, "Italic"),
    Cut("BilanSerif-SemiBold", SERIF, "normal", {"wght": 600, "opsz": 14}, "SemiBold"),
    Cut("BilanSans-Regular", SANS, "normal", {"wght": 400}),
    Cut("BilanSans-Italic", SANS, "italic", {"wght": 400}, "Italic"),
    Cut("BilanSans-SemiBold", SANS, "normal", {"wght": 600}, "SemiBold"),
    Cut("BilanSans-Bold", SANS, "normal", {"wght": 700}, "Bold"),
)


def make_fonts(target: Path) -> Path:
    """Write the web and static fonts under a folder, unless they are there already.

    Parameters
    ----------
    target
        Folder to fill with ``web/``, ``static/`` and the fonts' licences.

    Returns
    -------
    Path
        The folder, for chaining.
    """
    target = Path(target)
    stamp = _fingerprint()
    if _is_current(target, stamp):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # Made beside the target, moved in one step: renders that start together can't see halves.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        fresh = Path(scratch) / "fonts"
        for folder in ("web", "static"):
            (fresh / folder).mkdir(parents=True)
        # The charts wait for them, and so does the whole build: side by side, longest first.
        cut = Counter((cut.family, cut.style) for cut in (*WEB, *STATIC))
        sources = [source for source, _ in cut.most_common()]
        forks = multiprocessing.get_context("fork")  # its workers are children of this process
        with ProcessPoolExecutor(
            os.cpu_count(), forks, initializer=die_with, initargs=(os.getpid(),)
        ) as pool:
            for _ in pool.map(_make_source, sources, repeat(fresh)):
                pass  # raises what went wrong in a process
        for family in (SERIF, SANS):
            licence = _source(family, "normal").parents[1] / "LICENSE"
            for folder in ("web", "static"):
                shutil.copyfile(licence, fresh / folder / f"{family.replace(' ', '-')}-OFL.txt")
        (fresh / STAMP).write_text(stamp, encoding="ascii")
        _swap(fresh, target, stamp)
    return target


def cached_fonts() -> Path:
    """Return the fonts of this version, made once in the user's cache folder.

    ``BILAN_FONTS`` names another folder, for a build that must leave nothing outside its own.
    """
    chosen = os.environ.get("BILAN_FONTS")
    if chosen:
        return make_fonts(Path(chosen))
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return make_fonts(cache / "bilan" / f"fonts-{_fingerprint()[:12]}")


def _source(family: str, style: str) -> Path:
    return Path(fontpkg.path(SOURCES[family], style=style))


def _fingerprint() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for family in (SERIF, SANS):
        for style in ("normal", "italic"):
            digest.update(_source(family, style).read_bytes())
    return digest.hexdigest()


def _is_current(target: Path, stamp: str) -> bool:
    note = target / STAMP
    wanted = [target / "web" / f"{cut.name}.woff2" for cut in WEB]
    wanted += [target / "static" / f"{cut.name}.ttf" for cut in STATIC]
    return (
        note.is_file()
        and note.read_text(encoding="ascii") == stamp
        and all(path.is_file() for path in wanted)
    )


def _swap(fresh: Path, target: Path, stamp: str) -> None:
    if target.exists():
        if _is_current(target, stamp):  # another process has just made them
            return
        old = fresh.parent / "old"
        target.replace(old)
    fresh.replace(target)


def _make_source(source: tuple[str, str], fresh: Path) -> None:
    """Cut all that comes from one variable font."""
    subset = _subset(*source)
    for folder, cuts, save in (("web", WEB, _save_web), ("static", STATIC, _save_static)):
        for cut in cuts:
            if (cut.family, cut.style) == source:
                save(_cut(cut, subset), cut, fresh / folder)


def _subset(family: str, style: str) -> bytes:
    """Return a variable font with the characters that are kept: far fewer to interpolate."""
    font = TTFont(_source(family, style), recalcTimestamp=False)
    font["hmtx"][font.getBestCmap()[NARROW_SPACE]] = (NARROW_SPACE_WIDTH, 0)
    options = Options()
    options.layout_features = FEATURES
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14, 16, 17]
    options.notdef_outline = True
    options.hinting = False
    options.glyph_names = False
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=CHARACTERS)
    subsetter.subset(font)
    kept = BytesIO()
    font.save(kept)
    return kept.getvalue()


def _cut(cut: Cut, subset: bytes) -> TTFont:
    font = TTFont(BytesIO(subset), recalcTimestamp=False)
    instancer.instantiateVariableFont(font, cut.axes, inplace=True)
    _name(font, cut)
    return font


def _name(font: TTFont, cut: Cut) -> None:
    """Say family and style in the four ways that programs ask for them."""
    family = cut.family
    four = cut.subfamily in ("Regular", "Italic", "Bold")
    names = {
        1: family if four else f"{family} {cut.subfamily}",
        2: cut.subfamily if four else "Regular",
        3: f"bilan;{family.replace(' ', '')}-{cut.subfamily}",
        4: f"{family} {cut.subfamily}",
        6: f"{family.replace(' ', '')}-{cut.subfamily}",
        16: family,
        17: cut.subfamily,
    }
    table = font["name"]
    for number, text in names.items():
        table.setName(text, number, 3, 1, 0x409)
    weight = cut.axes["wght"]
    font["OS/2"].usWeightClass = int(weight[0] if isinstance(weight, tuple) else weight)
    if "STAT" in font:
        del font["STAT"]  # it describes axes that are gone


def _save_web(font: TTFont, cut: Cut, folder: Path) -> None:
    font.flavor = "woff2"
    font.save(folder / f"{cut.name}.woff2", reorderTables=False)


def _save_static(font: TTFont, cut: Cut, folder: Path) -> None:
    bold = cut.subfamily == "Bold"
    font["head"].macStyle = (bold * 1) | ((cut.style == "italic") * 2)
    flags = font["OS/2"].fsSelection & ~0b1100001
    regular = cut.subfamily in ("Regular", "SemiBold")
    font["OS/2"].fsSelection = (
        flags | (bold * 0x20) | (regular * 0x40) | ((cut.style == "italic") * 1)
    )
    font.save(folder / f"{cut.name}.ttf")

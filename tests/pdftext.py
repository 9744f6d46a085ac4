"""The words of a PDF, read with pikepdf alone."""

import re
from pathlib import Path

import pikepdf

_HEX = r"<([0-9a-fA-F]+)>"
_CHARS = re.compile(rb"beginbfchar(.*?)endbfchar", re.S)
_RANGES = re.compile(rb"beginbfrange(.*?)endbfrange", re.S)


def _letters(font: pikepdf.Object) -> dict[int, str]:
    """Return what each glyph of a font says."""
    table = font.ToUnicode.read_bytes()

    def said(code: str) -> str:
        return bytes.fromhex(code).decode("utf-16-be")

    found = {}
    for block in _CHARS.findall(table):
        for glyph, text in re.findall(rf"{_HEX}\s*{_HEX}", block.decode()):
            found[int(glyph, 16)] = said(text)
    for block in _RANGES.findall(table):
        for low, high, text in re.findall(rf"{_HEX}\s*{_HEX}\s*{_HEX}", block.decode()):
            for step in range(int(high, 16) - int(low, 16) + 1):
                found[int(low, 16) + step] = chr(ord(said(text)) + step)
    return found


def _strings(operands: list) -> list[bytes]:
    parts = operands[0] if isinstance(operands[0], pikepdf.Array) else operands
    return [bytes(part) for part in parts if isinstance(part, pikepdf.String)]


def _page_words(page: pikepdf.Page) -> str:
    fonts = {name: _letters(font) for name, font in page.Resources.get("/Font", {}).items()}
    words, letters = [], {}
    for operands, operator in pikepdf.parse_content_stream(page):
        if str(operator) == "Tf":
            letters = fonts[str(operands[0])]
        elif str(operator) in ("Tj", "TJ"):
            codes = b"".join(_strings(operands))
            pairs = zip(codes[::2], codes[1::2], strict=True)
            words.append("".join(letters.get(high * 256 + low, "") for high, low in pairs))
    return " ".join(words)


def words(pdf: Path) -> str:
    """Return the words of all pages, in the order of drawing."""
    with pikepdf.open(pdf) as opened:
        return " ".join(_page_words(page) for page in opened.pages)


def pressed(text: str) -> str:
    """Take blanks and hyphens out of a text, since lines break and words are divided."""
    return re.sub(r"[\s\u00ad\u2010-]+", "", text)

"""Text that stays text in Pandoc Markdown, and the parts of Markdown that hold no markup."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass, field

_PUNCTUATION = re.compile("([" + re.escape(string.punctuation) + "])")
_BLANKS = re.compile(r"[ \t\r\n\f\v\x85\u2028\u2029]+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff]")

_FENCE = re.compile(r"^\s*(?P<run>`{3,}|~{3,})(?P<info>[^`]*)$")
_INLINE_CODE = re.compile(r"(?<![`\\])(`+)(?!`)((?:(?!\n[ \t]*\n).)+?)(?<!`)\1(?!`)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def fold(text: str) -> str:
    """Put a text on one line; no-break spaces stay as they are."""
    return _BLANKS.sub(" ", _CONTROL.sub("", text))


def escape_markdown(text: object) -> str:
    r"""Write a value so that Markdown, Quarto and Typst read it as plain words.

    Every ASCII punctuation mark gets a backslash, and blanks are folded to one
    space: the result stays on one line and opens no block, no link, no
    shortcode, no formula and no raw HTML or Typst.

    Parameters
    ----------
    text : object
        What to write; ``str`` of it is taken.

    Returns
    -------
    str
        Markdown for use in a paragraph, a heading, a table cell, a caption, a
        quoted attribute or a value of ``_variables.yml``; not inside code.

    Examples
    --------
    >>> escape_markdown("*5 $ <b>")
    '\\*5 \\$ \\<b\\>'
    """
    return _PUNCTUATION.sub(r"\\\1", fold(str(text)))


def escape_attribute(text: object) -> str:
    """Write a value between the double quotes of a Pandoc attribute.

    What would look like Markdown to whoever scans the line becomes a character reference.
    """
    text = re.sub(r'([\\"&{}])', r"\\\1", fold(str(text)).strip())
    return re.sub(r"[\[\]<>@$`]", lambda sign: f"&#{ord(sign[0])};", text)


@dataclass
class Scan:
    """Lines of Markdown beside the same lines with their code blanked out.

    Attributes
    ----------
    lines : list of str
        The lines as written.
    text : list of str
        The same lines, every character of code replaced by a space.
    fenced : list of bool
        Whether the line belongs to a fenced code block.
    infos : list of (int, str)
        Index and info string of each opened code fence.
    """

    lines: list[str]
    text: list[str] = field(default_factory=list)
    fenced: list[bool] = field(default_factory=list)
    infos: list[tuple[int, str]] = field(default_factory=list)


def _blank(match: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", match[0])


def scan(lines: list[str], comments: bool = False) -> Scan:
    """Tell code from text.

    Parameters
    ----------
    lines : list of str
        Markdown, without line ends.
    comments : bool
        Whether HTML comments are blanked as well.
    """
    result = Scan(lines)
    run = ""
    for index, line in enumerate(lines):
        fence = _FENCE.match(line)
        closes = bool(
            run
            and fence
            and fence["run"][0] == run[0]
            and len(fence["run"]) >= len(run)
            and not fence["info"].strip()
        )
        opens = not run and fence is not None
        if opens:
            run = fence["run"]
            result.infos.append((index, fence["info"].strip()))
        result.fenced.append(bool(run))
        if closes:
            run = ""
    shown = "\n".join("" if f else line for line, f in zip(lines, result.fenced, strict=True))
    shown = _INLINE_CODE.sub(_blank, shown)
    if comments:
        shown = _COMMENT.sub(_blank, shown)
    result.text = shown.split("\n") if lines else []
    return result

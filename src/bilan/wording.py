"""Numbers, dates and sentences in French and English.

Everything here returns plain text, without markup. Numbers and dates follow the
language's rules through Babel; sentences live in ``locale/<lang>.toml``.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from babel.core import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import NumberPattern, format_decimal, parse_pattern
from babel.plural import to_python

from bilan.editions import UsageError

NBSP = "\u00a0"
NNBSP = "\u202f"
#: Bounds of the words for a probability, from unlikely to likely.
LIKELIHOODS = (
    (0.05, "almost_excluded"),
    (1 / 3, "unlikely"),
    (2 / 3, "uncertain"),
    (0.95, "likely"),
    (1.01, "almost_certain"),
)
LANGUAGES = ("fr", "en")
_CONTRACTIONS = (
    (r"^de le ", "du "),
    (r"^de les ", "des "),
    (r"^à le ", "au "),
    (r"^à les ", "aux "),
)


@cache
def _pattern(text: str) -> NumberPattern:
    return parse_pattern(text)  # Babel would read it again for every number


@cache
def _catalogue(lang: str) -> dict[str, str]:
    text = (files("bilan") / f"locale/{lang}.toml").read_text("utf-8")

    def flatten(table: dict, prefix: str = "") -> dict[str, str]:
        flat = {}
        for key, value in table.items():
            if isinstance(value, dict):
                flat |= flatten(value, f"{prefix}{key}.")
            else:
                flat[prefix + key] = value
        return flat

    return flatten(tomllib.loads(text))


class Wording:
    """The words of one language.

    Parameters
    ----------
    lang : {"fr", "en"}
        Language of every text returned.
    """

    def __init__(self, lang: str):
        if lang not in LANGUAGES:
            raise UsageError(f"unknown language {lang!r}; allowed: {', '.join(LANGUAGES)}")
        self.lang = lang
        self.locale = Locale.parse("fr_FR" if lang == "fr" else "en_GB")
        self._plural = to_python(self.locale.plural_form)

    def text(self, key: str, /, **values: object) -> str:
        """Return a sentence of the catalogue with `values` in their places."""
        return typeset(_catalogue(self.lang)[key].format(**values), self.lang)

    def plural(self, key: str, count: float, /, **values: object) -> str:
        """Return the form of a sentence that goes with a count, ``key.one`` or ``key.other``.

        A language may have further forms, such as French ``many`` for millions; one that the
        catalogue leaves out is said as ``other``.
        """
        form = self._plural(abs(count))
        known = f"{key}.{form}" in _catalogue(self.lang)
        return self.text(f"{key}.{form if known else 'other'}", **values)

    # -------------------------------------------------------------- numbers

    def number(self, value: float, decimals: int | None = None) -> str:
        """Return a number in full: ``17 000 000``, ``53,3``.

        Parameters
        ----------
        value : float
        decimals : int, optional
            Fixed number of decimals; by default up to two, without trailing zeros.
        """
        fraction = ".##" if decimals is None else f".{'0' * decimals}".rstrip(".")
        value = round(float(value), 2 if decimals is None else decimals)
        text = format_decimal(value + 0.0, _pattern(f"#,##0{fraction}"), locale=self.locale)
        return text.replace("-", "−")

    def large(self, value: float) -> str:
        """Return a number as one says it: ``17 millions``, ``1,6 million``, ``160 000``."""
        for size, word in ((1e9, "billion"), (1e6, "million")):
            # Below the last figure that a million is told with, digits are clearer.
            if abs(value) >= size and round(round(value / size, 2) * size) == round(value):
                return self._scaled(value / size, word)
        return self.number(value)

    def rounded(self, value: float, figures: int = 2) -> str:
        """Return a number rounded to a few significant figures, as a forecast is told."""
        if value == 0 or not np.isfinite(value):
            return self.number(value)
        step = 10.0 ** (np.floor(np.log10(abs(value))) - figures + 1)
        return self.large(float(np.round(value / step) * step))

    def _scaled(self, value: float, word: str) -> str:
        number = format_decimal(value, _pattern("#,##0.##"), locale=self.locale)
        return f"{number}{NBSP}{self.text(f'number.{word}.{self._plural(abs(value))}')}"

    def percent(self, share: float, decimals: int = 0) -> str:
        """Return a share between 0 and 1 as a percentage: ``30 %``, ``30%``."""
        space = NBSP if self.lang == "fr" else ""
        return f"{self.number(100 * share, decimals)}{space}%"

    def ordinal(self, rank: int) -> str:
        """Return a rank: ``1er``, ``15e``; ``1st``, ``15th``."""
        if self.lang == "fr":
            return "1er" if rank == 1 else f"{rank}e"
        ending = (
            "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
        )
        return f"{rank}{ending}"

    def quantity(self, value: float, unit: dict[str, str], qualifier: str = "exact") -> str:
        """Return a value with its unit and how sure its source is.

        Parameters
        ----------
        value : float
        unit : dict
            ``fr_one``, ``fr_many``, ``en_one``, ``en_many``: a row of ``units``.
        qualifier : {"exact", "about", "at_least", "at_most"}

        Returns
        -------
        str
            ``environ 17 millions d’utilisateurs``, ``plus de 160 000 comptes``.
        """
        number = self.large(value)
        noun = unit[f"{self.lang}_{'one' if self._plural(abs(value)) == 'one' else 'many'}"]
        joint = NBSP
        if number[-1].isalpha() and self.lang == "fr":
            joint = " d’" if noun[0].lower() in "aeéèêiouyh" else " de "
        elif noun == "%" and self.lang == "en":
            joint = ""
        return self.qualified(f"{number}{joint}{noun}", qualifier)

    def qualified(self, quantity: str, qualifier: str) -> str:
        """Put ``environ``, ``plus de`` or ``au plus`` before a quantity."""
        return self.text(f"qualifier.{qualifier}", quantity=quantity)

    # -------------------------------------------------------------- chances

    def likelihood(self, p: float) -> str:
        """Return the word for a probability: ``presque certain``, ``probable``."""
        return self.text(f"likelihood.{likelihood(p)}")

    def chances(self, p: float) -> str:
        """Return a probability as odds one can picture: ``9 chances sur 10``."""
        if p < 0.01 or p > 0.99:
            return self.text("chances.below" if p < 0.01 else "chances.above")
        base = 10 if abs(p - round(p, 1)) < 0.025 and 0.075 <= p <= 0.925 else 100
        count = round(p * base)
        return self.text(f"chances.{'one' if count == 1 else 'many'}", count=count, base=base)

    def probability(self, p: float) -> str:
        """Return the word and the number together: ``probable (9 chances sur 10)``."""
        return f"{self.likelihood(p)} ({self.chances(p)})"

    # -------------------------------------------------------------- dates and lists

    def date(self, day: dt.date, precision: str = "day") -> str:
        """Return a date as precisely as it is known.

        Parameters
        ----------
        day : datetime.date
        precision : {"day", "month", "quarter", "year"}
        """
        if precision == "year":
            return str(day.year)
        if precision in ("month", "quarter"):
            return format_date(day, "MMMM y", locale=self.locale)
        if self.lang == "fr" and day.day == 1:
            return format_date(day, f"'1er'{NBSP}MMMM y", locale=self.locale)
        return format_date(day, f"d{NBSP}MMMM y", locale=self.locale)

    def during(self, day: dt.date, precision: str = "day") -> str:
        """Return a date with its preposition: ``le 28 août 2020``, ``en août 2020``."""
        return self.text(f"during.{precision}", date=self.date(day, precision))

    def country(self, code: str, preposition: str = "") -> str:
        """Return a member state as a sentence names it: ``l’Autriche``, ``du Danemark``.

        Parameters
        ----------
        code : str
            Two letters.
        preposition : {"", "of", "to"}
        """
        name = self.text(f"country.{code}")
        if not preposition:
            return name
        said = self.text(f"preposition.{preposition}", name=name)
        for pattern, contracted in _CONTRACTIONS if self.lang == "fr" else ():
            said = re.sub(pattern, contracted, said)
        return said

    def join(self, items: Sequence[str]) -> str:
        """Return items as an enumeration: ``a, b et c``."""
        return format_list(list(items), locale=self.locale)


#: Quarto's and Markdown's own signs, which typography must leave alone: shortcodes, code,
#: attributes, link targets, citations, fences, rulers of tables.
_PROTECTED = re.compile(
    r"(\{\{<.*?>\}\}|`[^`]*`|\{[^{}\n]*\}|\]\([^)\n]*\)|\[@[^\]]*\]|<https?:[^>]*>"
    r"|^:::[^\n]*$|^#\|[^\n]*$|^\|?[-:| +=]+$|^---\n.*?^---$)",
    re.M | re.S,
)
_APOSTROPHE = (re.compile(r"(?<=\w)'(?=\w)"), "’")
_FRENCH = (
    _APOSTROPHE,
    (re.compile(r"(?<![\n ]) (?=[;!?])"), NNBSP),
    (re.compile(r"(?<![\n ]) (?=[:%»€])"), NBSP),
    (re.compile(r"(?<=«) "), NBSP),
    (re.compile(r"(?<=\d) (?=(millions?|milliards?|ans?|mois|jours?|chances?)\b)"), NBSP),
)


def typeset(text: str, lang: str) -> str:
    """Set prose by its language's rules.

    In French: no-break spaces before high punctuation and inside guillemets, typographic
    apostrophes, a number kept with its noun. Markdown's and Quarto's signs stay as they are.

    Parameters
    ----------
    text : str
        Plain text or Markdown.
    lang : {"fr", "en"}
    """
    rules = _FRENCH if lang == "fr" else (_APOSTROPHE,)
    parts = _PROTECTED.split(text)
    for at in range(0, len(parts), 2):
        for pattern, sign in rules:
            parts[at] = pattern.sub(sign, parts[at])
    return "".join(parts)


def likelihood(p: float) -> str:
    """Return the name of the band that a probability falls in."""
    return next(name for bound, name in LIKELIHOODS if p < bound or bound > 1)

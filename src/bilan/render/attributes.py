"""Pandoc's ``{#id .class key="value"}``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

#: An attribute block that is not escaped; quoted values may hold braces.
BLOCK = re.compile(
    r"(?<!\\)\{(?P<body>(?:[^{}\"']|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')*)\}",
)
_TOKEN = re.compile(
    r"#(?P<id>[^\s{}]+)"
    r"|\.(?P<cls>[^\s{}]+)"
    r"|(?P<key>[\w:-]+)=(?:\"(?P<dq>(?:\\.|[^\"\\])*)\"|'(?P<sq>(?:\\.|[^'\\])*)'|(?P<bare>\S*))"
    r"|(?P<word>\S+)"
)


@dataclass
class Attributes:
    """An identifier, classes and values by key."""

    id: str = ""
    classes: list[str] = field(default_factory=list)
    values: dict[str, str] = field(default_factory=dict)


def parse(body: str) -> Attributes:
    """Read what stands between the braces.

    Parameters
    ----------
    body : str
        The text, with or without the braces.
    """
    result = Attributes()
    for token in _TOKEN.finditer(body.strip().removeprefix("{").removesuffix("}")):
        if token["id"]:
            result.id = result.id or token["id"]
        elif token["cls"]:
            result.classes.append(token["cls"])
        elif token["key"]:
            raw = token["dq"] or token["sq"] or token["bare"] or ""
            result.values[token["key"]] = re.sub(r"\\(.)", r"\1", raw)
        elif token["word"]:
            result.classes.append(token["word"])
    return result

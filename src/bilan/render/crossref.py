"""Labels and what refers to them."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from . import attributes
from .dialect import Document
from .markdown import scan
from .project import Project, inside

#: What can be labelled and referred to.
KINDS = ("fig", "tbl", "sec")
#: Prefixes that Quarto keeps for kinds that the dialect leaves out.
RESERVED = frozenset(
    (
        "eq",
        "lst",
        "thm",
        "lem",
        "cor",
        "prp",
        "cnj",
        "def",
        "exm",
        "exr",
        "sol",
        "rem",
        "prf",
        "alg",
        "nte",
        "tip",
        "wrn",
        "imp",
        "cau",
        "vid",
        "dia",
        "supp",
    )
)

_REFERENCE = re.compile(
    r"(?<![\w\\/@.])@(?:\{(?P<braced>[^}\s]+)\}|(?P<bare>\w(?:[\w:.#$%&\-+?<>~/]*\w)?))"
)
_TARGET = re.compile(r"(?<=\])\([^)\n]*\)|<[^>\s]*>")
_BRACKETS = re.compile(r"(?<!\\)\[([^\[\]]*@[^\[\]]*)\]")
_NOTE = re.compile(r"^ {0,3}\[\^([^\]\s]+)\]:")
_NOTE_CALL = re.compile(r"(?<!\\)\[\^([^\]\s]+)\]")
_BIB_KEY = re.compile(r"^\s*@\w+\s*\{\s*([^,\s]+)\s*,", re.MULTILINE)


def check(document: Document, project: Project, metadata: dict[str, Any]) -> set[str]:
    """Note duplicate labels, foreign kinds and references to nothing.

    Parameters
    ----------
    document : Document
        The document as one format shows it.
    project : Project
        The staged project.
    metadata : dict
        The metadata of the format, for its bibliography.

    Returns
    -------
    set of str
        The kinds that are referred to.
    """
    clear = scan(document.lines, comments=True).text
    labels = _labels(document, clear)
    known = bibliography(document, project, metadata)
    used: set[str] = set()
    for index, line in enumerate(clear):
        for match in _REFERENCE.finditer(_without_markup(line)):
            kind = _refer(document, index, match["braced"] or match["bare"], labels, known)
            used.add(kind)
        _check_brackets(document, index, line)
    _check_notes(document, clear)
    return used - {""}


def bibliography(document: Document, project: Project, metadata: dict[str, Any]) -> set[str]:
    """Keys of the references that ``bibliography`` names."""
    named = metadata.get("bibliography") or []
    keys: set[str] = set()
    for name in [named] if isinstance(named, str) else named:
        path = inside(project.root, str(name))
        if path is None or not path.is_file():
            fault = project.fault(f"bibliography {name}: no such file", "bibliography")
            document.faults.append(fault)
            continue
        try:
            keys |= _keys(path.suffix, path.read_text(encoding="utf-8"))
        except (ValueError, KeyError, TypeError, AttributeError, yaml.YAMLError):
            document.faults.append(project.fault(f"{name} cannot be read", "bibliography"))
    return keys


def _check_brackets(document: Document, index: int, line: str) -> None:
    """Keep references and citations apart: Quarto drops the citation."""
    for group in _BRACKETS.findall(line):
        keys = [match["braced"] or match["bare"] for match in _REFERENCE.finditer(group)]
        kinds = {key.partition("-")[0].lower() in KINDS for key in keys}
        if len(kinds) > 1:
            document.fault(index, "references and citations do not share brackets")


def _check_notes(document: Document, clear: list[str]) -> None:
    """Every note that is called is written, once."""
    written: dict[str, int] = {}
    for index, line in enumerate(clear):
        note = _NOTE.match(line)
        if note and note[1] in written:
            document.fault(index, f"the note {note[1]} is written twice")
        if note:
            written[note[1]] = index
    for index, line in enumerate(clear):
        for called in _NOTE_CALL.findall(_NOTE.sub("", line)):
            if called not in written:
                document.fault(index, f"the note {called} is not written")


def _keys(suffix: str, text: str) -> set[str]:
    if suffix == ".json":
        return {str(entry["id"]) for entry in json.loads(text)}
    if suffix in (".yaml", ".yml"):
        return {str(entry["id"]) for entry in yaml.safe_load(text)["references"]}
    return set(_BIB_KEY.findall(text))


def _labels(document: Document, clear: list[str]) -> set[str]:
    first: dict[str, int] = {}
    for index, line in enumerate(clear):
        for block in attributes.BLOCK.finditer(line):
            label = attributes.parse(block["body"]).id
            if not label:
                continue
            if label.partition("-")[0] in RESERVED and "-" in label:
                document.fault(index, f"#{label}: only fig-, tbl- and sec- are numbered")
            if label in first:
                file, number = document.at(first[label])
                document.fault(index, f"the label {label} is already at {file}:{number}")
            first.setdefault(label, index)
    return set(first)


def _without_markup(line: str) -> str:
    return attributes.BLOCK.sub(_keep_braced, _TARGET.sub(" ", line))


def _keep_braced(match: re.Match[str]) -> str:
    braced = match.start() > 0 and match.string[match.start() - 1] == "@"
    return match[0] if braced else " "


def _refer(document: Document, index: int, key: str, labels: set[str], known: set[str]) -> str:
    """Check one reference and return its kind, or nothing for a citation."""
    prefix = key.partition("-")[0].lower() if "-" in key else ""
    label = key[:1].lower() + key[1:]
    if prefix in KINDS:
        if label not in labels:
            document.fault(index, f"@{key} refers to nothing")
        return prefix
    if prefix in RESERVED:
        document.fault(index, f"@{key}: only fig-, tbl- and sec- can be referred to")
    elif key not in known:
        document.fault(index, f"@{key} is neither a label nor a reference of the bibliography")
    return ""

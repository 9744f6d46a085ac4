"""A staged Quarto project: its configuration, its profile, its variables."""

from __future__ import annotations

import datetime as dt
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from .faults import Fault

ROOT = "review.qmd"
FORMATS = ("html", "typst")

#: Keys of ``_quarto.yml`` that configure Quarto and are no metadata of the document.
_CONFIGURATION = ("project", "format", "profile")
_FRONT = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass
class Project:
    """What the files beside ``review.qmd`` say.

    Attributes
    ----------
    root : Path
        The project folder.
    profile : str or None
        The active profile.
    config : dict
        ``_quarto.yml`` with the profile's file laid over it.
    variables : dict
        ``_variables.yml``.
    front : dict
        The front matter of ``review.qmd``.
    body : list of str
        The lines of ``review.qmd`` after its front matter.
    body_line : int
        The number of the first of these lines.
    faults : list of Fault
        Files that could not be read.
    """

    root: Path
    profile: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    front: dict[str, Any] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    body_line: int = 1
    faults: list[Fault] = field(default_factory=list)

    @property
    def lang(self) -> str:
        """The document's language, ``en`` unless stated."""
        return str(self.front.get("lang") or self.config.get("lang") or "en")

    def options(self, name: str) -> dict[str, Any]:
        """Everything said for one format, the document's own words last."""
        merged: dict[str, Any] = {}
        for layer in (self.config, self.front):
            own = {key: value for key, value in layer.items() if key not in _CONFIGURATION}
            merged = merge(merged, own)
            formats = layer.get("format")
            chosen = formats.get(name) if isinstance(formats, dict) else None
            merged = merge(merged, chosen if isinstance(chosen, dict) else {})
        return merged

    def where(self, *keys: str) -> tuple[str, int]:
        """File and line of a configuration key, or the first line of ``_quarto.yml``."""
        names = [f"_quarto-{self.profile}.yml"] if self.profile else []
        for name in [ROOT, *names, "_quarto.yml"]:
            line = _key_line(self.root / name, keys)
            if line:
                return name, line
        return "_quarto.yml", 1

    def fault(self, message: str, *keys: str) -> Fault:
        """Make a fault at the line of a configuration key."""
        return Fault(*self.where(*keys), message)


def merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Lay one mapping over another as Quarto does: mappings merge, lists add up."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            result[key] = merge(old, value)
        elif isinstance(old, list) and isinstance(value, list):
            result[key] = old + [item for item in value if item not in old]
        else:
            result[key] = value
    return result


def load(root: Path, profile: str | None = None) -> Project:
    """Read a staged project.

    Parameters
    ----------
    root : Path
        The folder that holds ``review.qmd`` and ``_quarto.yml``.
    profile : str, optional
        The profile; otherwise the one that ``QUARTO_PROFILE``, a file
        ``profile`` or ``profile: {default: …}`` names.
    """
    project = Project(Path(root))
    project.config = _read_mapping(project, "_quarto.yml", required=True)
    project.profile = profile or _active_profile(project)
    if project.profile:
        over = _read_mapping(project, f"_quarto-{project.profile}.yml")
        project.config = merge(project.config, over)
    project.variables = _read_mapping(project, "_variables.yml")
    _read_root(project)
    return project


def creation_time(project: Project) -> int:
    """Seconds since 1970 that both renderers write into the PDF.

    ``SOURCE_DATE_EPOCH`` decides; otherwise the edition's day (``as-of`` or
    ``date`` of the metadata), otherwise 0.
    """
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if given.isdigit():
        return int(given)
    options = project.options("typst")
    for key in ("as-of", "date"):
        try:
            day = dt.date.fromisoformat(str(options.get(key, ""))[:10])
        except ValueError:
            continue
        return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp())
    return 0


def inside(root: Path, name: str) -> Path | None:
    """Resolve a path of the project, or nothing when it leaves the folder."""
    path = (root / name).resolve()
    return path if path.is_relative_to(root.resolve()) else None


def _active_profile(project: Project) -> str | None:
    named = os.environ.get("QUARTO_PROFILE", "").split(",")[0].strip()
    marker = project.root / "profile"
    if not named and marker.is_file():
        named = marker.read_text(encoding="utf-8").strip()
    default = project.config.get("profile")
    if not named and isinstance(default, dict):
        named = str(default.get("default") or "")
    return named or None


def _read_mapping(project: Project, name: str, required: bool = False) -> dict[str, Any]:
    path = project.root / name
    if not path.is_file():
        if required:
            project.faults.append(Fault(name, 1, "the staged project has no such file"))
        return {}
    return _parse(project, name, _read(project, path), 1)


def _read(project: Project, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        project.faults.append(Fault(path.name, 1, "the file is not UTF-8"))
        return ""


def _parse(project: Project, name: str, text: str, line: int) -> dict[str, Any]:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = line + (mark.line if mark else 0)
        problem = getattr(error, "problem", None) or "cannot be read"
        project.faults.append(Fault(name, at, f"not YAML: {problem}"))
        return {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        project.faults.append(Fault(name, line, "a mapping is expected here"))
        return {}
    return value


def _read_root(project: Project) -> None:
    path = project.root / ROOT
    if not path.is_file():
        project.faults.append(Fault(ROOT, 1, "the staged project has no such file"))
        return
    text = _read(project, path)
    front = _FRONT.match(text)
    if front:
        project.front = _parse(project, ROOT, front[1] or "", 2)
        project.body_line = 1 + front[0].count("\n")
        text = text[front.end() :]
    project.body = text.splitlines()


def _key_line(path: Path, keys: tuple[str, ...]) -> int | None:
    if not path.is_file():
        return None
    text = path.read_text(encoding="utf-8")
    offset = 0
    if path.suffix == ".qmd":
        front = _FRONT.match(text)
        text, offset = (front[1] or "", 1) if front else ("", 0)
    try:
        node = yaml.compose(text, yaml.SafeLoader)
    except yaml.YAMLError:
        return None
    return _descend(node, keys, offset)


def _descend(node: yaml.Node | None, keys: tuple[str, ...], offset: int) -> int | None:
    line = None
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        found = [(k, v) for k, v in node.value if k.value == key]
        if not found:
            return None
        line, node = found[0][0].start_mark.line + 1 + offset, found[0][1]
    return line

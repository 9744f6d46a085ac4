"""Run Pandoc once on a resolved document and read what it complains about."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from .dialect import Document
from .faults import DialectError, Fault, RenderError
from .project import Project

HERE = Path(__file__).parent
FILTERS = tuple(HERE / "filters" / f"{n}.lua" for n in ("visibility", "callouts", "crossref"))
TIMEOUT = 120

#: What Pandoc gets as an option or a variable, not as metadata.
_OPTIONS = frozenset(
    (
        "template",
        "template-partials",
        "css",
        "toc",
        "toc-depth",
        "number-sections",
        "number-depth",
        "section-divs",
        "pdf-standard",
        "font-paths",
        "theme",
        "minimal",
        "execute",
        "filters",
        "engine",
        "jupyter",
        "keep-typ",
        "keep-md",
        "output-file",
        "embed-resources",
        "self-contained",
        "shift-heading-level-by",
        "citeproc",
        "wrap",
        "crossref",
        "callout-icon",
        "callout-appearance",
        "include-in-header",
        "include-before-body",
        "include-after-body",
        "html-math-method",
        "code-copy",
        "resources",
    )
)
_TITLES = {
    "en": {"fig": "Figure", "tbl": "Table", "sec": "Section", "toc": "Table of contents"},
    "fr": {"fig": "Figure", "tbl": "Table", "sec": "Section", "toc": "Table des matières"},
}
_LINE = re.compile(r"\bline (\d+)\b")
_FAULT = "BILAN-FAULT\t"


@cache
def executable() -> str:
    """Find the Pandoc of ``pypandoc-binary``, or the one on ``PATH``."""
    import pypandoc

    try:
        return pypandoc.get_pandoc_path()
    except OSError as error:
        raise RenderError("Pandoc is missing: install pypandoc-binary") from error


@cache
def version() -> str:
    """Tell Pandoc's version."""
    shown = subprocess.run(
        [executable(), "--version"], capture_output=True, text=True, check=True, timeout=TIMEOUT
    )
    return shown.stdout.split("\n", 1)[0].removeprefix("pandoc ").strip()


def titles(project: Project, options: dict[str, Any]) -> dict[str, str]:
    """Choose the words before the numbers, in the document's language or as ``crossref`` says."""
    words = _TITLES.get(project.lang[:2], _TITLES["en"])
    given = options.get("crossref")
    given = given if isinstance(given, dict) else {}
    result = {"title-delim": ":"}
    for kind in ("fig", "tbl", "sec"):
        result[f"{kind}-title"] = words[kind]
        result[f"{kind}-prefix"] = words[kind]
    return result | {key: str(value) for key, value in given.items() if key in result}


def metadata(project: Project, options: dict[str, Any]) -> dict[str, Any]:
    """Keep what the templates may use: all but the options of a renderer."""
    own = {key: _plain(value) for key, value in options.items() if key not in _OPTIONS}
    own.setdefault("lang", project.lang)
    if options.get("toc"):
        words = _TITLES.get(project.lang[:2], _TITLES["en"])
        own.setdefault("toc-title", words["toc"])
    own["by-author"] = [{"name": {"literal": name}} for name in _authors(options)]
    own["bilan"] = {"crossref": titles(project, options)}
    if project.profile:
        own["bilan"]["profile"] = project.profile
    return own


def convert(
    document: Document,
    project: Project,
    options: dict[str, Any],
    to: str,
    template: Path,
    extra: list[str],
) -> str:
    """Turn the document into HTML or Typst.

    Parameters
    ----------
    document : Document
        The resolved document.
    project : Project
        The staged project; paths start in its folder.
    options : dict
        The options of the format.
    to : str
        Pandoc's name of the format.
    template : Path
        A Pandoc template.
    extra : list of str
        More options for Pandoc.

    Raises
    ------
    DialectError
        If Pandoc or a filter found something at a line of the document.
    RenderError
        If Pandoc could not run.
    """
    with tempfile.TemporaryDirectory(prefix="bilan-") as folder:
        meta = Path(folder) / "metadata.json"
        meta.write_text(json.dumps(metadata(project, options), ensure_ascii=False), "utf-8")
        command = [executable(), "--from=markdown", f"--to={to}", "--standalone", "--wrap=none"]
        command += [f"--template={template}", f"--metadata-file={meta}"]
        command += [f"--lua-filter={path}" for path in FILTERS]
        command += _flags(options) + extra
        # Pandoc runs filters and citeproc in the order they are named; Quarto's last come last.
        command += [f"--lua-filter={path}" for path in post_render(options)]
        done = _run(command, document.text, project.root)
    _raise_faults(document, done.stderr)
    if done.returncode:
        raise RenderError(f"Pandoc failed: {done.stderr.strip() or done.returncode}")
    return done.stdout


def post_render(options: dict[str, Any]) -> list[str]:
    """Return the project's own filters, which both renderers run at the very end."""
    entries = options.get("filters") or []
    return [str(e["path"]) for e in entries if isinstance(e, dict) and e.get("at") == "post-render"]


def _flags(options: dict[str, Any]) -> list[str]:
    flags = []
    if options.get("toc"):
        flags += ["--toc", f"--toc-depth={int(options.get('toc-depth', 3))}"]
    if options.get("number-sections"):
        flags.append("--number-sections")
    if options.get("bibliography"):
        flags.append("--citeproc")
    if options.get("embed-resources") or options.get("self-contained"):
        flags.append("--embed-resources")
    if options.get("shift-heading-level-by"):
        flags.append(f"--shift-heading-level-by={int(options['shift-heading-level-by'])}")
    for key in ("include-in-header", "include-before-body", "include-after-body"):
        files = options.get(key) or []
        flags += [f"--{key}={name}" for name in ([files] if isinstance(files, str) else files)]
    return flags


def _run(command: list[str], text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    try:
        return subprocess.run(
            command,
            input=text,
            capture_output=True,
            encoding="utf-8",
            cwd=folder,
            env=environment,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise RenderError(f"Pandoc took more than {TIMEOUT} s") from error
    except OSError as error:
        raise RenderError(f"Pandoc cannot run: {error.strerror}") from error


def _raise_faults(document: Document, stderr: str) -> None:
    faults = []
    for line in stderr.splitlines():
        if line.startswith(_FAULT):
            needle, _, message = line.removeprefix(_FAULT).partition("\t")
            faults.append(Fault(*document.find(needle), message))
        elif line.startswith("[WARNING]"):
            faults.append(_warning(document, line.removeprefix("[WARNING]").strip()))
    if faults:
        raise DialectError(faults)


def _warning(document: Document, message: str) -> Fault:
    at = _LINE.search(message)
    where = document.at(int(at[1]) - 1) if at else document.at(0)
    return Fault(*where, f"Pandoc: {message}")


def _authors(options: dict[str, Any]) -> list[str]:
    given = options.get("author") or options.get("authors") or []
    return [str(name) for name in ([given] if isinstance(given, str) else given)]


def _plain(value: Any) -> Any:
    """Dates and the like as text; mappings and lists in depth."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float | str) or value is None else str(value)

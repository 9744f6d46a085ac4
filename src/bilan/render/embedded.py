"""The embedded engine: Pandoc makes the page, Pandoc and Typst make the PDF."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from . import pandoc
from .dialect import Document
from .faults import RenderError
from .project import Project, creation_time

_TYPST = Path(__file__).parent / "typst"
_CHAPTER = re.compile(r"^#\s", re.MULTILINE)


def version() -> str:
    """Name both programs with their versions."""
    import typst

    return f"Pandoc {pandoc.version()}, Typst {typst.__version__}"


def write_files(project: Project, document: Document) -> None:
    """Write the pictures that notebooks hold beside the page."""
    for name, content in document.files.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_bytes() != content:
            path.write_bytes(content)


def html(project: Project, document: Document, options: dict[str, Any]) -> Path:
    """Make ``review.html`` with the project's template and style sheet."""
    template = project.root / str(options["template"])
    extra = ["--section-divs"]
    css = options.get("css") or []
    extra += [f"--css={name}" for name in ([css] if isinstance(css, str) else css)]
    page = pandoc.convert(document, project, options, "html5", template, extra)
    path = project.root / "review.html"
    path.write_text(page, encoding="utf-8")
    return path


def pdf(
    project: Project, document: Document, options: dict[str, Any]
) -> tuple[Path, tuple[str, ...]]:
    """Make ``review.pdf`` with the project's Typst partials.

    Returns
    -------
    Path
        The PDF.
    tuple of str
        What Typst warned of.
    """
    source = typst_source(project, document, options)
    main = project.root / "review.typ"
    main.write_text(source, encoding="utf-8")
    try:
        content, warnings = _compile(project, main, options)
    finally:
        if not options.get("keep-typ"):
            main.unlink()
    path = project.root / "review.pdf"
    path.write_bytes(content)
    return path, warnings


def typst_source(project: Project, document: Document, options: dict[str, Any]) -> str:
    """Write the Typst document."""
    options = dict(options)
    if options.get("number-sections"):
        options.setdefault("section-numbering", "1.1.a")
    # Like Quarto: a document without chapters starts its headings one level up.
    if "shift-heading-level-by" not in options and not _CHAPTER.search(document.text):
        options["shift-heading-level-by"] = -1
    with tempfile.TemporaryDirectory(prefix="bilan-") as folder:
        for part in _TYPST.glob("*.typ"):
            shutil.copy(part, folder)
        for name in options.get("template-partials") or []:
            shutil.copy(project.root / str(name), Path(folder) / Path(str(name)).name)
        template = Path(folder) / "template.typ"
        extra = ["--syntax-highlighting=idiomatic"]
        return pandoc.convert(document, project, options, "typst-citations", template, extra)


def _compile(
    project: Project, main: Path, options: dict[str, Any]
) -> tuple[bytes, tuple[str, ...]]:
    import typst

    standards = options.get("pdf-standard") or []
    paths = options.get("font-paths") or []
    try:
        content, warnings = typst.compile_with_warnings(
            str(main),
            root=str(project.root),
            font_paths=[
                str(project.root / str(p)) for p in ([paths] if isinstance(paths, str) else paths)
            ],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=[standards] if isinstance(standards, str) else standards,
            timestamp=creation_time(project),
        )
    except typst.TypstError as error:
        hints = "".join(f"\n  {hint}" for hint in getattr(error, "hints", None) or [])
        raise RenderError(f"Typst refused the PDF: {error}{hints}") from error
    return content, tuple(str(warning.message) for warning in warnings)

"""Notice files that were lost after a step had made them, so that the step runs again.

Snakemake looks for the outputs that a rule names. What lies inside an output folder, or beside
an output, can go unnoticed: a deleted CSV was missed only when the site was put together. A
step therefore seals what it made with a list of names and sizes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

SEAL, SEAL_RENDERED, SEAL_SITE = "seal", "seal-rendered", "seal-site"
#: What the step `render` adds to a staged project.
RENDERED = ("review.html", "review.pdf", "renderer", "review_files")


def seal(folder: Path) -> None:
    """Seal a folder that is an output of its own."""
    _write(folder / SEAL, _files(folder))


def seal_staged(project: Path) -> None:
    """Seal what the step `stage` leaves in a Quarto project."""
    files = _files(project)
    _write(project / SEAL, [p for p in files if p.relative_to(project).parts[0] not in RENDERED])


def seal_rendered(project: Path) -> None:
    """Seal what the step `render` adds to it."""
    _write(project / SEAL_RENDERED, [p for name in RENDERED for p in _files(project / name)])


def seal_site(site: Path, *beside: Path) -> None:
    """Seal an edition's part of the site, and what lies beside it."""
    _write(site.with_name(SEAL_SITE), [p for path in (site, *beside) for p in _files(path)])


def _files(path: Path) -> list[Path]:
    found = [path] if path.is_file() else path.rglob("*")
    ours = (SEAL, SEAL_RENDERED, SEAL_SITE)
    return sorted(p for p in found if p.is_file() and p.name not in ours and p.name[0] != ".")


def _write(path: Path, files: Iterable[Path]) -> None:
    lines = [f"{p.stat().st_size} {p.relative_to(path.parent).as_posix()}\n" for p in files]
    path.write_text("".join(lines), "utf-8")


def is_broken(path: Path) -> bool:
    """Tell whether a file of a seal is missing or has another size.

    A step that was cut short left no seal; Snakemake knows of it by itself.
    """
    if not path.is_file():
        return False
    for line in path.read_text("utf-8").splitlines():
        size, _, name = line.partition(" ")
        file = path.parent / name
        if not file.is_file() or str(file.stat().st_size) != size:
            return True
    return False


def mend(build: Path) -> None:
    """Remove what is left of broken outputs, so that Snakemake makes them again."""
    for scratch in build.glob(".fonts-*"):
        shutil.rmtree(scratch)
    made = (*build.glob("*/runs/**/" + SEAL), *build.glob("*/supplement/" + SEAL))
    for sealed in (build / "fonts" / SEAL, *made):
        if is_broken(sealed):
            shutil.rmtree(sealed.parent)
    for staged in build.glob("*/*/" + SEAL):
        if staged.parent.parent.name != "runs" and is_broken(staged):
            (staged.parent / "review.qmd").unlink(missing_ok=True)
    for rendered in build.glob("*/*/" + SEAL_RENDERED):
        if is_broken(rendered):
            (rendered.parent / "review.html").unlink(missing_ok=True)
    for assembled in build.glob("*/" + SEAL_SITE):
        if is_broken(assembled):
            shutil.rmtree(assembled.with_name("site"), ignore_errors=True)

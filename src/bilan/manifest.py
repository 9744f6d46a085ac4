"""``site/manifest.json``: each published file's checksum, and what it was made from."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Sequence
from importlib import metadata
from pathlib import Path

from bilan import editions
from bilan.editions import Edition

NAME = "manifest.json"
#: All that a site is made from, in the repository.
INPUTS = ("Snakefile", "workflow", "config", "data/raw", "notebooks", "report", "src")
INPUTS += ("requirements.lock",)
#: The packages that the fonts come from.
FONTS = ("fontpkg-source-sans-3", "fontpkg-source-serif-4")
#: The notebook behind a run, by the first word of the run's name.
NOTEBOOKS = {
    "clean": "notebooks/1-clean.ipynb",
    "adoption": "notebooks/2-adoption.ipynb",
    "ranking": "notebooks/3-ranking.ipynb",
    "programme": "notebooks/4-programme.ipynb",
}


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's files and their names."""
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        digest.update(f"{file.relative_to(path).as_posix()} {checksum(file)}\n".encode())
    return digest.hexdigest()


def commit(root: Path) -> str:
    """Return the last commit that touched what a site is made from.

    Later commits, to a test or to the README, change nothing in a site, so they don't change
    its manifest either.

    Returns
    -------
    str
        Empty outside a Git repository; with a word if files have changed since.
    """

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(root), *arguments, "--", *INPUTS]
        environment = os.environ | {"GIT_OPTIONAL_LOCKS": "0"}
        try:
            done = subprocess.run(command, capture_output=True, text=True, env=environment)
        except OSError:
            return ""
        return done.stdout.strip() if done.returncode == 0 else ""

    found = git("log", "-1", "--format=%H")
    return f"{found}, modified" if found and git("status", "--porcelain") else found


def write(fresh: Path, options: Sequence[str] = ()) -> None:
    """Write the manifest of an assembled site.

    Parameters
    ----------
    fresh : pathlib.Path
    options : sequence of str
        What the build was asked for beside the review itself.
    """
    root = editions.project_root()
    known = {e.id: e for e in editions.editions()}
    files, used = {}, set()
    for path in sorted(p for p in fresh.rglob("*") if p.is_file() and p.name != NAME):
        name = path.relative_to(fresh).as_posix()
        year = name.split("/")[0]
        made_from = _made_from(root, name, known[year]) if year in known else _shared(name)
        used.update(made_from)
        files[name] = {"sha256": checksum(path), "from": made_from}
        if path.suffix in (".html", ".pdf") and year in known:
            files[name]["renderer"] = _renderer(root, *name.split("/")[:2])
    manifest = {
        "bilan": metadata.version("bilan"),
        "commit": commit(root),
        "options": list(options),
        "renderer": ", ".join(sorted({f["renderer"] for f in files.values() if "renderer" in f})),
        "from": {source: _identity(root, source) for source in sorted(used)},
        "files": files,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    (fresh / NAME).write_text(text, "utf-8", newline="\n")


def _made_from(root: Path, name: str, edition: Edition) -> list[str]:
    """Return what a file of an edition was made from: data, notebooks, chapters."""
    own = f"data/{edition.id}"
    folder, _, file = name.removeprefix(f"{edition.id}/").rpartition("/")
    stem = file.split(".")[0]
    everything = [f"data/{e.id}" for e in editions.earlier(edition.id)] + [own]
    everything += NOTEBOOKS.values()
    if folder != "data":
        return [*everything, "report"]
    if (root / "data/raw" / f"{stem}.csv").exists():
        return [own] if file.endswith(".csv") else [own, NOTEBOOKS["clean"]]
    runs = (root / "build" / edition.id / "runs").glob(f"*/data/{stem}.csv")
    run = next((p.parent.parent.name for p in sorted(runs)), "programme")
    if run.startswith("programme"):
        return everything
    return [own, NOTEBOOKS["clean"], NOTEBOOKS[run.split("-")[0]]]


def _shared(name: str) -> list[str]:
    """Return what a file that all editions share was made from."""
    if name.startswith("fonts/"):
        return list(FONTS)
    if "/" not in name and name.endswith((".css", ".js", ".svg")):
        return ["report"]
    everything = [f"data/{e.id}" for e in editions.editions()]
    return ["config", *everything, *NOTEBOOKS.values(), "report"]


def _identity(root: Path, source: str) -> str:
    if source in FONTS:
        return metadata.version(source)
    year = source.removeprefix("data/")
    return checksum(root / "build" / year / "raw" if year != source else root / source)


def _renderer(root: Path, edition: str, lang: str) -> str:
    told = root / "build" / edition / lang / "renderer"
    return told.read_text("utf-8").strip() if told.is_file() else ""


def read(site: Path) -> dict:
    """Return a site's manifest, empty if it has none that can be read."""
    try:
        found = json.loads((site / NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("files"), dict) else {}


def faults(site: Path) -> list[str]:
    """Name every file of a site that is not as its manifest says."""
    return differences(listed(read(site)), _present(site))


def listed(manifest: dict) -> dict[str, str]:
    """Return the checksums in a manifest, by file."""
    return {name: file["sha256"] for name, file in manifest.get("files", {}).items()}


def _present(site: Path) -> dict[str, str]:
    files = (p for p in sorted(site.rglob("*")) if p.is_file() and p.name != NAME)
    return {p.relative_to(site).as_posix(): checksum(p) for p in files}


def differences(wanted: dict[str, str], found: dict[str, str]) -> list[str]:
    """Name every file that is missing, additional or different, a line each."""

    def lines() -> Iterable[str]:
        for name in sorted({*wanted, *found}):
            if name not in found:
                yield f"{name}: missing"
            elif name not in wanted:
                yield f"{name}: not in the manifest"
            elif wanted[name] != found[name]:
                yield f"{name}: differs"

    return list(lines())

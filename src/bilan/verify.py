"""Build the review a second time in another place, and compare every byte with the site."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bilan import editions, manifest

#: Settings of the first build that the second must not depend on.
OTHERWISE = {"TZ": "Pacific/Auckland", "LC_ALL": "C", "LANG": "C"}


class VerifyError(RuntimeError):
    """The second build could not be made, or is not the same."""


def verify(cores: int) -> str:
    """Build in a temporary folder, in another time zone and locale, and compare.

    Parameters
    ----------
    cores : int
        How many steps may run side by side.

    Returns
    -------
    str
        What was compared.

    Raises
    ------
    VerifyError
        With every file that differs, is missing or should not be there.
    """
    root = editions.project_root()
    published = manifest.read(root / "site")
    if not published:
        raise VerifyError("Nothing to compare: there is no published site; `bilan build` makes it")
    faults = [f"site/{fault}" for fault in manifest.faults(root / "site")]
    with tempfile.TemporaryDirectory(prefix="bilan-verify-") as folder:
        place = Path(folder, "a second build")
        renderer = published["renderer"].split(" ")[0]
        _build(root, place, [f"--renderer={renderer}", *published["options"]], cores)
        again = manifest.read(place / "site")
    faults += manifest.differences(manifest.listed(published), manifest.listed(again))
    faults += _told_otherwise(published, again | {"commit": manifest.commit(root)})
    if faults:
        raise VerifyError("\n".join(faults))
    return f"site: {len(published['files'])} files, the same, byte for byte, as in a second build"


def _build(root: Path, place: Path, options: list[str], cores: int) -> None:
    for name in manifest.INPUTS:
        if (root / name).is_dir():
            unmade = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
            shutil.copytree(root / name, place / name, ignore=unmade)
        elif (root / name).exists():
            place.mkdir(exist_ok=True)
            shutil.copyfile(root / name, place / name)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BILAN_")}
    command = [sys.executable, "-m", "bilan", "build", "--cores", str(cores)]
    done = subprocess.run(
        [*command, *options],
        cwd=place,
        env=environment | OTHERWISE | {"PYTHONPATH": str(place / "src")},
        stdout=sys.stderr,
    )
    if done.returncode:
        kept = root / "build/verify.log"
        shutil.copyfile(place / "build/workflow.log", kept)
        raise VerifyError(f"The second build failed; its log is {kept}")


def _told_otherwise(published: dict, again: dict) -> list[str]:
    """Compare what two manifests say beside the checksums."""
    faults = [
        f"{manifest.NAME}: {key}: {published.get(key)!r}, and {again.get(key)!r} in a second build"
        for key in ("bilan", "commit", "renderer")
        if published.get(key) != again.get(key)
    ]
    files = published["files"].keys() & again.get("files", {}).keys()
    faults += [
        f"{name}: made from something else in a second build"
        for name in sorted(files)
        if _origin(published, name) != _origin(again, name)
    ]
    return faults


def _origin(told: dict, name: str) -> tuple:
    file = told["files"][name]
    return file.get("renderer"), [(source, told["from"][source]) for source in file["from"]]

"""One environment, described three times: the descriptions must agree."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name as canonical

ROOT = Path(__file__).parents[1]
#: The same software under another name on conda-forge.
CONDA_NAMES = {"brotli-python": "brotli", "snakemake-minimal": "snakemake"}
#: What only conda can bring, or needs to say.
CONDA_ONLY = {"python", "make", "pip", "quarto"}
#: What the lock needs to install the package itself; conda's pip brings its own.
BUILD_ONLY = {"hatchling", "editables"}


def declared() -> dict[str, SpecifierSet]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lines = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    return {canonical(r.name): r.specifier for r in map(Requirement, lines)}


def of_the_cluster() -> dict[str, SpecifierSet]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extra = map(Requirement, project["optional-dependencies"]["cluster"])
    return {canonical(r.name): r.specifier for r in extra}


def in_conda() -> dict[str, SpecifierSet]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    pip = next(e["pip"] for e in entries if isinstance(e, dict))
    found = {}
    for entry in [e for e in entries if isinstance(e, str)] + [p for p in pip if p[0] != "-"]:
        name, _, bounds = entry.partition(" ")
        name = canonical(name)
        found[CONDA_NAMES.get(name, name)] = SpecifierSet(bounds.replace(" ", ""))
    return found


def locked(file: str = "requirements.lock") -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9._-]+)==([^ ;\\]+)", (ROOT / file).read_text("utf-8"), re.M
    ):
        found.setdefault(canonical(name), []).append(version)
    return found


def test_conda_and_pyproject_ask_for_the_same_packages_and_versions():
    conda = {k: v for k, v in in_conda().items() if k not in CONDA_ONLY}
    project = {k: v for k, v in declared().items() if k not in BUILD_ONLY}
    assert conda == project


def test_conda_asks_for_quarto_and_the_python_of_the_project():
    conda = in_conda()
    assert conda["quarto"] == SpecifierSet(">=1.10")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert conda["python"] == SpecifierSet(project["requires-python"])


def test_lock_pins_every_declared_package_within_its_bounds():
    lock = locked()
    for name, bounds in declared().items():
        assert name in lock, f"{name} is not in requirements.lock"
        assert all(version in bounds for version in lock[name]), (name, lock[name], bounds)


def test_what_a_cluster_needs_is_pinned_beside_the_environment_and_not_in_it():
    beside = locked("requirements-cluster.lock")
    for name, bounds in of_the_cluster().items():
        assert all(version in bounds for version in beside[name]), (name, beside[name], bounds)
    assert not set(beside) & set(locked())
    assert not set(of_the_cluster()) & set(in_conda())


@pytest.mark.parametrize(
    ("file", "least"), [("requirements.lock", 100), ("requirements-cluster.lock", 10)]
)
def test_lock_is_hashed_and_holds_no_address(file: str, least: int):
    text = (ROOT / file).read_text("utf-8")
    blocks = re.split(r"^(?=[a-z])", text, flags=re.M)[1:]
    assert len(blocks) > least
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"https?://|file:|--(extra-)?index-url|--find-links", text)

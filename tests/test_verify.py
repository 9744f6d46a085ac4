"""A second build is compared byte for byte, and whatever differs is named."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bilan import manifest

ROOT = Path(__file__).parents[1]
#: A workflow of one step, whose page tells what it is told to.
SNAKEFILE = """
rule all:
    output: touch("build/published")
    shell: "python3 page.py"
"""
PAGE = """
import os, pathlib, sys
from bilan import manifest
page = pathlib.Path("site/2020/fr/index.html")
page.parent.mkdir(parents=True, exist_ok=True)
page.write_text("<p>" + str({told}))
pathlib.Path("build/2020/fr").mkdir(parents=True, exist_ok=True)
pathlib.Path("build/2020/fr/renderer").write_text("embedded Pandoc 3\\n")
manifest.write(pathlib.Path("site"))
"""


@pytest.fixture
def small(project: Path, monkeypatch) -> Path:
    """A project whose workflow takes a second, not yet built."""
    for name in ("report", "src"):
        unmade = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, project / name, ignore=unmade)
    (project / "config/editions.yml").write_text(
        "editions:\n  - {id: '2020', as_of: 2020-12-31, languages: [fr]}\n"
    )
    monkeypatch.delenv("BILAN_ROOT")
    monkeypatch.setenv("PYTHONPATH", str(project / "src"))
    return project


def write(project: Path, told: str) -> None:
    code = textwrap.dedent(PAGE).replace("{told}", told)
    (project / "config/page.py").write_text(code)
    command = f"{sys.executable} config/page.py"
    (project / "Snakefile").write_text(SNAKEFILE.replace("python3 page.py", command))


def bilan(project: Path, command: str) -> tuple[int, str, list[str]]:
    """Run a command; return its status, what it said, and its last lines of complaint."""
    done = subprocess.run(
        [sys.executable, "-m", "bilan", command],
        cwd=project,
        env=os.environ | {"TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr.splitlines()


def test_what_is_the_same_is_said_to_be(small: Path):
    write(small, "len(os.listdir('report'))")
    assert bilan(small, "build")[0] == 0
    status, said, _ = bilan(small, "verify")
    assert (status, said) == (
        0,
        "site: 1 files, the same, byte for byte, as in a second build\n",
    )


def test_a_page_that_tells_where_it_was_made_is_named(small: Path):
    write(small, "os.getcwd()")
    assert bilan(small, "build")[0] == 0
    status, said, complained = bilan(small, "verify")
    assert (status, said) == (1, "")
    assert complained[-1] == "2020/fr/index.html: differs"


def test_a_published_file_that_was_touched_is_named(small: Path):
    write(small, "7")
    assert bilan(small, "build")[0] == 0
    (small / "site/2020/fr/index.html").write_text("<p>8")
    (small / "site/more.html").write_text("")
    status, _, complained = bilan(small, "verify")
    assert status == 1
    assert complained[-2:] == [
        "site/2020/fr/index.html: differs",
        "site/more.html: not in the manifest",
    ]


def test_a_second_build_that_fails_keeps_its_log(small: Path):
    write(small, "7")
    assert bilan(small, "build")[0] == 0
    write(small, "1 / 0")
    status, _, complained = bilan(small, "verify")
    log = small / "build/verify.log"
    assert status == 1
    assert complained[-1] == f"The second build failed; its log is {log}"
    assert log.stat().st_size


def test_without_a_site_there_is_nothing_to_compare(small: Path):
    status, _, (line,) = bilan(small, "verify")
    assert status == 1
    assert line.startswith("Nothing to compare: there is no published site")


# ------------------------------------------------------------------ the commit


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with data and a README, committed one after the other."""
    run(tmp_path, "init", "--quiet")
    run(tmp_path, "config", "user.name", "x")
    run(tmp_path, "config", "user.email", "x@example.org")
    for name in ("config/editions.yml", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
        run(tmp_path, "add", ".")
        run(tmp_path, "commit", "--quiet", "--message", name)
    return tmp_path


def run(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True)
    return done.stdout.strip()


def test_the_commit_is_the_last_that_touched_what_a_site_is_made_of(repository: Path):
    assert manifest.commit(repository) == run(repository, "rev-parse", "HEAD~1")
    (repository / "README.md").write_text("more")
    assert manifest.commit(repository) == run(repository, "rev-parse", "HEAD~1")
    (repository / "config/editions.yml").write_text("more")
    assert re.fullmatch(r"[0-9a-f]{40}, modified", manifest.commit(repository))


def test_outside_a_repository_there_is_no_commit(tmp_path: Path):
    assert manifest.commit(tmp_path) == ""

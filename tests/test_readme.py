"""The README names only commands that exist, and the Makefile explains all of them."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
import typer.main

from bilan.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
COMMANDS = typer.main.get_command(app).commands


def code(text: str) -> list[str]:
    """Return what the README sets as code: lines of its blocks, and what stands in the text."""
    blocks = re.findall(r"^```(?:sh)?\n(.*?)^```", text, flags=re.M | re.S)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [piece for piece in (*lines, *inline) if piece]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", MAKEFILE, flags=re.M))


def named_targets() -> set[str]:
    made = {target for piece in code(README) for target in re.findall(r"^make ([a-z-]+)", piece)}
    (listed,) = re.findall(r"`make help` lists the rest \((.*?)\)", README, flags=re.S)
    return made | set(re.findall(r"`([a-z-]+)`", listed))


def bilan_commands() -> list[list[str]]:
    pieces = [shlex.split(piece) for piece in code(README)]
    return [words[1:] for words in pieces if words[0].split("/")[-1] == "bilan"]


def test_the_readme_names_targets_that_exist():
    assert {"review", "test", "help", "lab", "lint", "bench", "quarto", "clean"} <= named_targets()
    assert named_targets() <= targets()


def test_help_explains_every_target():
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    told = dict(re.findall(r"^  make (\S+) +(\S.*)$", done.stdout, flags=re.M))
    assert set(told) == targets()
    assert named_targets() <= set(told)


def test_help_is_what_make_alone_says():
    said = [
        subprocess.run(["make", *more], cwd=ROOT, capture_output=True, text=True).stdout
        for more in ([], ["help"])
    ]
    assert said[0] == said[1] != ""


def test_no_target_hides_behind_a_file_of_its_name():
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, flags=re.M)
    assert set(phony.split()) == targets()


def test_the_readme_shows_the_command_line():
    assert {words[0] for words in bilan_commands() if words} >= {"check", "build", "run"}


@pytest.mark.parametrize("words", bilan_commands(), ids=" ".join)
def test_a_command_of_the_readme_parses(words: list[str]):
    if not words:
        return
    command = COMMANDS[words[0]]
    command.make_context(words[0], words[1:])


def test_files_that_the_readme_names_exist():
    links = re.findall(r"\]\(([^)#]+)\)", README)
    paths = [link for link in links if not link.startswith("http")]
    assert len(paths) >= 5
    for path in paths:
        assert (ROOT / path).exists(), path


def test_the_table_of_modules_is_complete():
    (table,) = re.findall(r"^\| module \| \|\n\|---\|---\|\n(.*?)\n\n", README, flags=re.M | re.S)
    named = {
        name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])
    }
    modules = {path.stem for path in (ROOT / "src/bilan").iterdir() if path.suffix in ("", ".py")}
    assert named <= modules

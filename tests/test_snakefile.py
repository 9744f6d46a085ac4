"""A step runs again when the code that it runs has changed: the map names all of it."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/bilan"
SNAKEFILE = "\n\n".join(
    path.read_text("utf-8") for path in (ROOT / "Snakefile", *sorted(ROOT.glob("workflow/*.smk")))
)
#: What runs a step but has no say in what it makes, and what comes as the step `fonts`.
MACHINERY = {"__init__.py", "forkserver.py", "kernels.py", "notebooks.py", "warm.py", "fonts.py"}
ENTRIES: dict[str, str | tuple[str, ...]] = {
    "clean": "notebooks/1-clean.ipynb",
    "adoption": "notebooks/2-adoption.ipynb",
    "ranking": "notebooks/3-ranking.ipynb",
    "place": "notebooks/3-ranking.ipynb",
    "page": ("src/bilan/report.py", "src/bilan/render/__init__.py"),
    "programme": "notebooks/4-programme.ipynb",
    "fonts": "src/bilan/fonts.py",
    "vega": "src/bilan/live.py",
    "stage": "src/bilan/report.py",
    "render": "src/bilan/render/__init__.py",
    "card": "src/bilan/card.py",
    "supplement": "src/bilan/supplement.py",
    "assemble": "src/bilan/assemble.py",
    "publish": "src/bilan/publish.py",
}
#: Steps that always run before, so that what they name is named.
BEFORE = {
    "assemble": ("stage", "render", "card", "supplement"),
    "publish": ("stage", "render", "card", "supplement", "assemble"),
}


def file_of(module: str) -> Path | None:
    path = SOURCE.joinpath(*module.split(".")[1:])
    found = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return found if module.split(".")[0] == "bilan" and found.exists() else None


def imported(code: str, package: list[str]) -> Iterator[Path]:
    for node in ast.walk(ast.parse(code)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*start, *filter(None, [node.module])])
            names = [base, *(f"{base}.{alias.name}" for alias in node.names)]
        yield from filter(None, map(file_of, names))


def code_of(path: Path) -> str:
    text = path.read_text("utf-8")
    if path.suffix == ".py":
        return text
    cells = json.loads(text)["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")


def run_by(entry: str | tuple[str, ...]) -> set[str]:
    """Return the modules that a file, or several, run, directly or not."""
    files = (entry,) if isinstance(entry, str) else entry
    seen, waiting = set(), [ROOT / file for file in files]
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        inside = one.is_relative_to(SOURCE)
        package = ["bilan", *one.relative_to(SOURCE).parent.parts] if inside else []
        waiting += imported(code_of(one), package)
    return {str(p.relative_to(SOURCE)) for p in seen if p.is_relative_to(SOURCE)} - MACHINERY


def rule(name: str) -> str:
    end = r"(?=^rule |^include|\Z)"
    return re.search(rf"^rule {name}:\n(.*?){end}", SNAKEFILE, flags=re.M | re.S)[1]


def named(name: str) -> set[str]:
    """Return the modules that a rule takes as input."""
    lists = dict(re.findall(r"^([A-Z]+) = \((.*)\)$", SNAKEFILE, flags=re.M))

    def patterns(text: str) -> Iterable[str]:
        for word, pattern in re.findall(r'\*([A-Z]+)|"([^"]+)"', text):
            yield from patterns(lists[word]) if word else [pattern]

    calls = re.findall(r"code\((.*?)\)", rule(name))
    globs = [pattern for call in calls for pattern in patterns(call)]
    return {str(p.relative_to(SOURCE)) for glob in globs for p in SOURCE.glob(glob)}


@pytest.mark.parametrize("name", ENTRIES)
def test_a_rule_names_the_code_that_it_runs(name: str):
    known = set().union(*(named(rule) for rule in (name, *BEFORE.get(name, ()))))
    missing = run_by(ENTRIES[name]) - MACHINERY - known
    assert missing == set()


@pytest.mark.parametrize("name", ENTRIES)
def test_a_rule_names_no_code_that_it_does_not_run(name: str):
    """Words come with their catalogues and charts as one: all else would run in vain."""
    run = run_by(ENTRIES[name]) | MACHINERY
    assert {file for file in named(name) if file.endswith(".py")} <= run


def test_every_pattern_of_the_map_finds_a_file():
    for pattern in re.findall(r'"([\w/*]+\.py|[a-z]+/\*)"', SNAKEFILE):
        assert list(SOURCE.glob(pattern)), pattern


def test_there_is_a_rule_for_each_step():
    assert set(re.findall(r"^rule (\w+):", SNAKEFILE, flags=re.M)) == {*ENTRIES, "all"}


def test_what_is_staged_is_an_input_and_what_is_not_is_none():
    from bilan.report import SHARED

    staged = {p.name for p in (ROOT / "report").glob("*") if p.is_file()} - {
        "README.md",
        *(p.name for p in (ROOT / "report").glob("*.j2")),
    }
    assert set(SHARED) <= staged
    assert 'suffix not in (".md", ".j2")' in SNAKEFILE
    assert "STAGED" in rule("stage") and 'Path("report/filters")' in rule("stage")

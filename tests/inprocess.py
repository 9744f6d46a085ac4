"""Run an edition's notebooks in this process: the same cells as Papermill runs, without a kernel.

A figure is only told (its words, its numbers, what it would draw) unless it is asked to be drawn:
most of a notebook's time goes into placing labels and writing SVG.
"""

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from IPython.core.formatters import DisplayFormatter

from bilan import editions
from bilan.exhibits import Exhibits
from bilan.notebooks import INDICES, SERIES

ROOT = Path(__file__).parents[1]
Show = Callable[[object], nbformat.NotebookNode]


def plain(value: object) -> nbformat.NotebookNode:
    """Show a value as text."""
    return nbformat.v4.new_output("display_data", {"text/plain": repr(value)})


def rich(value: object) -> nbformat.NotebookNode:
    """Show a value as a notebook does, figures drawn."""
    data, metadata = DisplayFormatter().format(value)
    return nbformat.v4.new_output("display_data", data, metadata=metadata)


def runs(lang: str = "fr") -> list[tuple[str, str, dict]]:
    """Return the runs of an edition, in order: name, notebook, parameters of its own."""
    return [
        ("clean", "1-clean", {}),
        *((f"adoption-{s}", "2-adoption", {"series": s, "lang": lang}) for s in SERIES),
        *((f"ranking-{i}", "3-ranking", {"index": i, "lang": lang}) for i in INDICES),
        ("programme", "4-programme", {"lang": lang}),
    ]


def process(edition: str, wanted: str = "", show: Show = plain) -> dict[str, nbformat.NotebookNode]:
    """Run an edition's notebooks, or those whose run has a name that begins so."""
    return {
        run: execute(notebook, {"edition": edition, **own}, show)
        for run, notebook, own in runs()
        if run.startswith(wanted)
    }


def execute(name: str, parameters: dict, show: Show) -> nbformat.NotebookNode:
    """Run the code cells of a notebook one after another; return its executed copy."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    shown: list = []
    space: dict = {"display": shown.append, "print": lambda *words: shown.append(" ".join(words))}
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        shown.clear()
        _run(cell.source, space, shown)
        if "parameters" in cell.metadata.get("tags", []):
            space |= parameters
        cell.outputs = [show(value) for value in shown]
    return notebook


def _run(source: str, space: dict, shown: list) -> None:
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), space)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), space)
        if value is not None and not source.rstrip().endswith(";"):
            shown.append(value)


def save(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write an executed copy."""
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@contextmanager
def figures_told() -> Iterator[None]:
    """Let figures say what they would draw, and publish their numbers, without drawing."""

    def told(self, draw, chart, label, data, **words):
        return (draw.__name__, label, self.publish(data, label), words, chart)

    drawn, Exhibits.figure = Exhibits.figure, told
    try:
        yield
    finally:
        Exhibits.figure = drawn


def left(edition: str) -> dict[str, bytes]:
    """Return all that an edition's runs leave: processed tables and the figures' numbers."""
    root = editions.project_root()
    folders = (root / "data/processed" / edition, root / "build" / edition / "runs")
    files = [p for folder in folders for p in folder.rglob("*") if p.is_file()]
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(files)}

"""Run a notebook with Papermill, strictly.

Papermill only warns of an unknown parameter, lets parallel kernels race for IPython's
history, and waits for ever. Here a wrong parameter stops before a kernel starts, every run
has an ``IPYTHONDIR`` of its own and a time limit, and a failure names the cell.
"""

from __future__ import annotations

import ast
import csv
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bilan import editions
from bilan.editions import UsageError
from bilan.warm import WARM

if TYPE_CHECKING:
    # At run time each function imports it: that takes two seconds (its validator compiles
    # grammars), and the Snakefile only reads the constants.
    import nbformat

#: Longest that one cell may take, in seconds. The slowest takes about two.
CELL_TIMEOUT = 300
#: Memory that a kernel may use, in bytes. Most of it is address space that the engine behind
#: Altair's SVG reserves (2 GiB); a notebook itself takes some 300 MiB.
MEMORY = 4 << 30
#: What IPython reads in the kernel before anything else. The limit is set here, so that it
#: holds under any Papermill engine. Jupyter's warnings, of a connection that stays on this
#: machine, tell a reader nothing.
IPYTHON_CONFIG = """\
import resource

resource.setrlimit(resource.RLIMIT_DATA, ({memory}, {memory}))
c.HistoryManager.enabled = False
c.IPKernelApp.log_level = "ERROR"
"""
#: Counts that are modelled; the indicators of the same name hold their figures.
SERIES = ("franceconnect-users", "tchap-registered", "tchap-mau")
#: Indices that rank the member states.
INDICES = ("desi", "egov", "egdi")


def _countries() -> list[str]:
    path = editions.project_root() / "data/raw/countries.csv"
    with path.open(encoding="utf-8", newline="") as file:
        # A group of countries, such as the Union itself, has no day of accession.
        return [row["country"] for row in csv.DictReader(file) if row["eu_from"]]


#: What a parameter may be, by its name.
ALLOWED: dict[str, Callable[[], list[str]]] = {
    "edition": lambda: [e.id for e in editions.editions()],
    "lang": lambda: ["fr", "en"],
    "series": lambda: list(SERIES),
    "index": lambda: list(INDICES),
    "country": _countries,
}


class NotebookError(RuntimeError):
    """A notebook that failed while it ran; the message names cell and exception."""


def parse_parameters(given: Sequence[str]) -> dict[str, object]:
    """Read parameters as typed at the command line, ``NAME=VALUE``.

    A value that is a number, ``True`` or ``False`` in Python is read as such, except an
    edition, whose name is text though it looks like a number.
    """
    values: dict[str, object] = {}
    for item in given:
        name, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"parameter {item!r}: write NAME=VALUE")
        try:
            values[name] = value if name in ALLOWED else ast.literal_eval(value)
        except (ValueError, SyntaxError):
            values[name] = value
    return values


def check_parameters(notebook: Path, parameters: Mapping[str, object]) -> None:
    """Refuse parameters that the notebook does not know, before any kernel starts.

    Parameters
    ----------
    notebook : pathlib.Path
        A notebook with a cell tagged ``parameters``.
    parameters : mapping of str to object
        Values by name.

    Raises
    ------
    UsageError
        In one line: the unknown name, wrong type or unknown value, and what is allowed.
    """
    if not notebook.exists():
        raise UsageError(f"{notebook}: no such notebook")
    defaults = _defaults(notebook)
    for name, value in parameters.items():
        where = f"{notebook.name}, parameter {name}"
        if name not in defaults:
            raise UsageError(f"{where}: unknown; allowed: {', '.join(defaults)}")
        kind = type(defaults[name])
        if type(value) is not kind:
            given = type(value).__name__
            raise UsageError(f"{where}: {value!r} is {given}; allowed: {kind.__name__}")
        if name in ALLOWED and value not in (allowed := ALLOWED[name]()):
            raise UsageError(f"{where}: unknown {value!r}; allowed: {', '.join(allowed)}")


def _defaults(notebook: Path) -> dict[str, object]:
    """Return the default of every parameter, read from the cell tagged ``parameters``."""
    import nbformat

    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except (nbformat.reader.NotJSONError, UnicodeDecodeError, IsADirectoryError):
        raise UsageError(f"{notebook}: not a notebook") from None
    tagged = [c for c in cells if "parameters" in c.metadata.get("tags", [])]
    if not tagged:
        raise UsageError(f"{notebook.name}: no cell is tagged 'parameters'")
    return {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse(tagged[0].source).body
        if isinstance(node, ast.Assign)
    }


def run(notebook: Path, output: Path, parameters: Mapping[str, object]) -> Path:
    """Run a notebook and keep its executed copy, free of timings.

    Parameters
    ----------
    notebook : pathlib.Path
        The notebook as committed.
    output : pathlib.Path
        Where the executed copy goes. A failed run leaves ``<output>.failed.ipynb``, and one
        of the workflow, which clears a failed step's folder, leaves it in ``build/failed``.
    parameters : mapping of str to object
        Values by name, checked by :func:`check_parameters`.

    Returns
    -------
    pathlib.Path
        `output`.

    Raises
    ------
    UsageError
        For wrong parameters.
    NotebookError
        When a cell fails, with its number, the exception and the executed copy's path.
    """
    check_parameters(notebook, parameters)
    import nbformat
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    output.parent.mkdir(parents=True, exist_ok=True)
    failed = _kept_on_failure(output)
    with _own_ipython():
        try:
            executed = papermill.execute_notebook(
                notebook,
                failed,
                parameters=dict(parameters),
                engine_name=_engine(),
                kernel_name="python3",
                progress_bar=False,
                execution_timeout=CELL_TIMEOUT,
                cwd=editions.project_root(),
            )
        except PapermillExecutionError as error:
            where = _failed_cell(failed)
            fault = f"cell {where}: {error.ename}: {error.evalue}"
            raise NotebookError(f"{notebook.name}, {fault} (executed copy: {failed})") from None
        except (CellTimeoutError, DeadKernelError) as error:
            fault = f"cell {_last_started(failed)}: {_told(error)}"
            raise NotebookError(f"{notebook.name}, {fault} (executed copy: {failed})") from None
    nbformat.write(_without_timings(executed), failed)
    os.replace(failed, output)
    return output


def _kept_on_failure(output: Path) -> Path:
    copy, build = output.with_suffix(".failed.ipynb"), editions.project_root() / "build"
    if not output.absolute().is_relative_to(build):
        return copy
    kept = build / "failed" / "-".join(copy.absolute().relative_to(build).parts)
    kept.parent.mkdir(exist_ok=True)
    return kept


#: Tags of the cells that Papermill adds to an executed copy.
ADDED = {"injected-parameters", "papermill-error-cell-tag"}


def _own_cells(copy: Path) -> list[tuple[str, nbformat.NotebookNode]]:
    """Return the notebook's own cells, each with the number and name it was committed with."""
    import nbformat

    cells = nbformat.read(copy, as_version=4).cells
    own = [cell for cell in cells if not ADDED & set(cell.metadata.get("tags", []))]
    return [(f"{number} ({cell.id})", cell) for number, cell in enumerate(own, 1)]


def _failed_cell(copy: Path) -> str:
    """Return number and name of the cell that raised."""
    failed = (
        name
        for name, cell in _own_cells(copy)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    )
    return next(failed, "unknown")


def _last_started(copy: Path) -> str:
    """Return number and name of the cell that was running when the run was cut short."""
    started = [name for name, cell in _own_cells(copy) if cell.metadata.papermill.get("start_time")]
    return started[-1] if started else "unknown"


def _told(error: Exception) -> str:
    """Say what cut a run short: there is no exception of the notebook's own to name."""
    name = type(error).__name__
    if isinstance(error, TimeoutError):
        return f"{name}: it ran for more than {CELL_TIMEOUT} s"
    return f"{name}: the kernel died; it may not use more than {MEMORY >> 30} GiB of memory"


def _engine() -> str | None:
    """Name the engine to run with; ``None`` is Papermill's own."""
    if not os.environ.get(WARM):
        return None
    from papermill.engines import papermill_engines

    from bilan.kernels import WarmEngine

    # Known by its entry point too, where the package is installed and not only on the path.
    papermill_engines.register("warm", WarmEngine)
    return "warm"


@contextmanager
def _own_ipython():
    """Give the kernel its own IPython folder and tell it where the project is."""
    with tempfile.TemporaryDirectory(prefix="bilan-ipython-") as folder:
        config = Path(folder, "profile_default/ipython_kernel_config.py")
        config.parent.mkdir()
        config.write_text(IPYTHON_CONFIG.format(memory=MEMORY), "utf-8")
        root = editions.project_root()
        ours = {"IPYTHONDIR": folder, "BILAN_ROOT": str(root), "TZ": "UTC"}
        if (root / "build/fonts").is_dir():
            ours["BILAN_FONTS"] = str(root / "build/fonts")
        before = {name: os.environ.get(name) for name in ours}
        os.environ.update(ours)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _without_timings(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what changes from run to run: times, durations, versions of the moment."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for noise in ("papermill", "execution"):
            cell.metadata.pop(noise, None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell.id = "injected-parameters"
    return notebook

"""The warm process: the same results as plain Papermill, sooner, and nothing left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import altair as alt
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from bilan import forkserver, notebooks, warm
from bilan.charts import drawing

ROOT = Path(__file__).parents[1]
BILAN = [sys.executable, "-m", "bilan"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the warm process needs Linux")


@pytest.fixture(scope="module")
def address():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Pacific/Auckland")
        with forkserver.started() as found:
            with patch.context() as asking:
                asking.setenv(warm.WARM, found[warm.WARM])
                assert warm.run("bilan", ["--help"]) == 0, "it answers, so its drawers stand"
            yield found[warm.WARM]


@pytest.fixture
def warmed(address, monkeypatch):
    monkeypatch.setenv(warm.WARM, address)
    monkeypatch.setenv("BILAN_ROOT", str(ROOT))
    return address


@pytest.fixture
def write(tmp_path):
    def write_notebook(*cells, name="notebook"):
        first = new_code_cell('edition = "2020"', metadata={"tags": ["parameters"]})
        python = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
        notebook = new_notebook(cells=[first, *map(new_code_cell, cells)], metadata=python)
        nbformat.write(notebook, path := tmp_path / f"{name}.ipynb")
        return path

    return write_notebook


@pytest.fixture
def run(tmp_path):
    def run_notebook(notebook, name="executed"):
        target = notebooks.run(notebook, tmp_path / f"{name}.ipynb", {"edition": "2021"})
        return nbformat.read(target, as_version=4)

    return run_notebook


def outputs(notebook):
    return [o for cell in notebook.cells for o in cell.get("outputs", [])]


def printed(notebook):
    return "".join(o.text for o in outputs(notebook) if o.output_type == "stream")


def processes(address):
    """Return the processes that belong to a warm process, itself included."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if f"{warm.WARM}={address}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def running(address):
    """Return the programs that run in forks of a warm process, by their folders."""
    return [p.name for p in Path(address).parent.iterdir() if p.name.isdigit()]


def until(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "this did not come about"
        time.sleep(0.02)


# ------------------------------------------------------------------ the same results


def test_outputs_are_those_of_plain_papermill(write, run, warmed, monkeypatch):
    notebook = write(
        "import os, sys, altair as alt, pandas as pd\nfrom scipy import stats",
        "table = pd.DataFrame({'x': [1, 2, 3], 'y': [2.0, 3.5, 4.1]})\ntable",
        "print(stats.linregress(table.x, table.y).slope, edition)",
        "alt.renderers.enable('svg')\nalt.Chart(table).mark_line().encode(x='x', y='y')",
        "print(__name__, os.getcwd(), sorted(set(dir()) - {'Out', 'In'}))",
        "print('said', file=sys.stderr)\n%who",
    )
    quick = run(notebook, "quick")
    monkeypatch.delenv(warm.WARM)
    plain = run(notebook, "plain")
    assert quick == plain


def test_kernel_is_forked_from_a_process_with_one_thread(write, run, warmed):
    notebook = write("import os\nprint(len(os.listdir(f'/proc/{os.getppid()}/task')))")
    assert printed(run(notebook)) == "1\n"


def test_without_an_answer_the_engine_is_plain_papermill(write, run, warmed, monkeypatch):
    monkeypatch.setenv(warm.WARM, f"{warmed}-gone")
    assert warm.start("bilan", ["--help"]) is None
    notebook = write("import os\nprint(os.getppid())")
    assert printed(run(notebook)) == f"{os.getpid()}\n"


def test_command_gives_the_output_and_the_status_of_the_program(warmed, tmp_path):
    def ask(*arguments):
        return subprocess.run([*BILAN, *arguments], cwd=tmp_path, capture_output=True, text=True)

    assert ask("stage", "--help").returncode == 0
    assert "--edition" in ask("stage", "--help").stdout
    unknown = ask("freeze", "--edition", "1900")
    assert unknown.returncode == 1
    assert "unknown edition '1900'" in unknown.stderr
    assert ask("no-such-command").returncode == 2


def test_asking_imports_next_to_nothing():
    heavy = "{'typer', 'papermill', 'asyncio', 'subprocess', 'yaml', 'bilan.cli'}"
    code = f"import sys\nfrom bilan import warm\nprint({heavy} & set(sys.modules) or '')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_drawer_draws_the_same_bytes(warmed, monkeypatch):
    spec = alt.Chart(alt.Data(values=[{"x": 1234.5}])).mark_point().encode(x="x:Q").to_dict()
    here = drawing._draw(spec, "fr", drawing._fonts())
    assert "1\u202f200" in here
    monkeypatch.setattr(drawing, "_draw", None)  # only a drawer can answer
    assert drawing.svg(spec, "fr") == here


def test_drawer_reads_no_local_time(warmed, monkeypatch):
    midnight = "utchours(datetime(2020, 5, 1)) + 'h, UTC'"
    data = alt.Data(values=[{}])
    chart = alt.Chart(data).transform_calculate(at=midnight).mark_text().encode(text="at:N")
    monkeypatch.setattr(drawing, "_draw", None)  # only a drawer can answer
    assert ">0h, UTC<" in drawing.svg(chart.to_dict(), "fr")


def test_chart_that_drawers_refuse_fails_where_it_is_made(warmed):
    spec = {"mark": "point", "data": {"values": []}}
    with pytest.raises(ValueError, match="conversion failed"):
        drawing.svg(spec | {"mark": "sundial"}, "en")
    assert drawing.svg(spec, "en")


# ------------------------------------------------------------------ isolation


def test_a_run_sees_nothing_of_another(write, run, warmed):
    run(
        write(
            "import os, statistics, pandas\nmine = 1\nos.environ['LEAK'] = 'yes'\nos.chdir('/')",
            "statistics.mean = pandas.DataFrame.head = None\nopen('/dev/null')",
            name="first",
        )
    )
    second = write(
        "import os, statistics, pandas\nprint('mine' in dir(), 'LEAK' in os.environ, os.getcwd())",
        "print(statistics.mean is None, pandas.DataFrame.head is None)",
        name="second",
    )
    assert printed(run(second)) == f"False False {ROOT}\nFalse False\n"


def test_chance_is_not_shared(write, run, warmed):
    notebook = write(
        "import random, uuid, numpy as np\nfresh = np.random.default_rng()",
        "print(random.random(), np.random.random(), fresh.random(), uuid.uuid4())",
    )
    one, other = (printed(run(notebook, name)).split() for name in ("one", "other"))
    assert not set(one) & set(other)


def test_each_run_has_a_temporary_folder_that_goes_with_it(write, run, warmed):
    notebook = write(
        "import tempfile, pathlib, os\nkept = pathlib.Path(tempfile.mkdtemp())\nprint(kept)",
        "print(os.environ['IPYTHONDIR'])",
    )
    folders = printed(run(notebook)).split()
    assert len(folders) == 2
    assert not any(Path(f).exists() for f in folders)
    until(lambda: not running(warmed))


def test_two_run_at_once(write, tmp_path, warmed):
    notebook = write("import time\ntime.sleep(1)\nprint(edition)")
    given = {year: tmp_path / f"{year}.ipynb" for year in ("2020", "2021", "2022")}
    asked = [
        subprocess.Popen(
            [*BILAN, "run", str(notebook), "-p", f"edition={year}", "--output", str(path)],
            stdout=subprocess.DEVNULL,
        )
        for year, path in given.items()
    ]
    assert [p.wait(60) for p in asked] == [0, 0, 0]
    for year, path in given.items():
        assert printed(nbformat.read(path, as_version=4)) == f"{year}\n"


# ------------------------------------------------------------------ failures are named

FAULTS = {
    "raises": ("1 / 0", "ZeroDivisionError: division by zero"),
    "leaves": ("import os\nos._exit(0)", "DeadKernelError: the kernel died"),
    "is killed": ("import os\nos.kill(os.getpid(), 9)", "DeadKernelError: the kernel died"),
    "hangs": ("while True: pass", "CellTimeoutError: it ran for more than 1 s"),
    "eats memory": ("kept = bytearray(2 << 30)", "MemoryError"),
}


@pytest.mark.parametrize("how", FAULTS)
def test_failure_names_cell_cause_and_copy(how, write, run, tmp_path, warmed, monkeypatch):
    monkeypatch.setattr(notebooks, "CELL_TIMEOUT", 1)
    monkeypatch.setattr(notebooks, "MEMORY", 1 << 30)
    source, cause = FAULTS[how]
    with pytest.raises(notebooks.NotebookError) as error:
        run(write("print('before')", source, "print('after')"))
    told = re.sub(r" \(\w+\):", ":", str(error.value))
    assert f"notebook.ipynb, cell 3: {cause}" in told
    copy = tmp_path / "executed.failed.ipynb"
    assert str(copy) in str(error.value)
    assert printed(nbformat.read(copy, as_version=4)) == "before\n"
    assert not (tmp_path / "executed.ipynb").exists()
    until(lambda: not running(warmed))


# ------------------------------------------------------------------ nothing is left behind


def hanging(write, tmp_path):
    """Return a notebook that hangs, started by a command, once it does so."""
    notebook = write("import pathlib, time\npathlib.Path(edition).touch()\ntime.sleep(600)")
    asked = [*BILAN, "run", str(notebook), "-p", "edition=2021", "--output", "out.ipynb"]
    return asked, tmp_path / "2021"


def test_ending_the_asker_ends_the_run_and_its_kernel(write, tmp_path, warmed, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/editions.yml").write_bytes((ROOT / "config/editions.yml").read_bytes())
    monkeypatch.delenv("BILAN_ROOT")
    asked, begun = hanging(write, tmp_path)
    idle = processes(warmed)
    with subprocess.Popen(asked, cwd=tmp_path) as process:
        until(begun.exists)
        assert len(running(warmed)) == 2
        process.kill()
    until(lambda: not running(warmed) and processes(warmed) == idle)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGINT])
def test_ending_the_workflow_leaves_no_process_and_no_folder(signum, write, tmp_path, monkeypatch):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/editions.yml").write_bytes((ROOT / "config/editions.yml").read_bytes())
    monkeypatch.delenv("BILAN_ROOT", raising=False)
    asked, begun = hanging(write, tmp_path)
    workflow = (
        "import os, subprocess, sys\nfrom bilan import forkserver\n"
        "with forkserver.started() as warm:\n"
        "    print(*warm.values(), flush=True)\n"
        "    subprocess.run(sys.argv[1:], env=os.environ | warm,"
        " preexec_fn=forkserver.die_with_parent)\n"
    )
    command = [sys.executable, "-c", workflow, *asked]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        address = process.stdout.readline().strip()
        until(begun.exists)
        assert len(processes(address)) >= 4  # the asker, the warm process and two forks
        process.send_signal(signum)
        process.wait(20)
    until(lambda: not processes(address) and not Path(address).parent.exists())


def test_stopping_before_the_imports_are_done_waits_for_nothing():
    began = time.monotonic()
    with forkserver.started() as found:
        pass
    assert time.monotonic() - began < 2
    assert not Path(found[warm.WARM]).parent.exists()


def test_those_who_wait_for_the_imports_end_with_the_workflow():
    with forkserver.started() as found:
        waiting = subprocess.Popen([*BILAN, "freeze", "--help"], env=os.environ | found)
        time.sleep(1)
    assert waiting.wait(20) == 128 + signal.SIGKILL

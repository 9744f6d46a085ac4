"""Where the time of a notebook run goes, by plain Papermill and through the warm process.

    python bench/kernels.py [ROUNDS]

A small notebook says when it passes each stage. Every round runs it in each way, one right
after the other, since other work on the machine disturbs neighbours alike; the table gives
medians, in seconds, and the median of the rounds' ratios to plain Papermill.
"""

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook

from bilan import editions, forkserver, warm

CELLS = (
    "import time\nstat = open('/proc/self/stat').read().rpartition(')')[2].split()\n"
    "up = float(open('/proc/uptime').read().split()[0]) - int(stat[19]) / 100\n"
    "print('AT', time.time() - up, time.time())",
    "import altair as alt, numpy as np, pandas as pd\nfrom scipy import optimize, stats\n"
    "print('AT', time.time())",
    "table = pd.DataFrame({'x': np.arange(200.0), 'y': np.arange(200.0) ** 1.1})\n"
    "chart = alt.Chart(table).mark_line().encode(x='x', y='y').to_dict()\n"
    "fit = optimize.curve_fit(lambda x, a, b: a * x**b, table.x + 1, table.y + 1)\n"
    "print('AT', time.time())",
)
STAGES = ("Papermill's start", "kernel's start", "imports", "work", "end", "all")


def write(path: Path) -> Path:
    first = new_code_cell('edition = "2020"', metadata={"tags": ["parameters"]})
    python = {"kernelspec": {"name": "python3", "display_name": "", "language": "python"}}
    nbformat.write(new_notebook(cells=[first, *map(new_code_cell, CELLS)], metadata=python), path)
    return path


def run(command: list[str], output: Path, environment: dict[str, str]) -> list[float]:
    """Run a command and return how long each stage took, then the whole."""
    began = time.time()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    ended = time.time()
    said = [o.text for c in nbformat.read(output, 4).cells for o in c.get("outputs", [])]
    passed = [began, *(float(t) for text in said for t in text.split()[1:]), ended]
    steps = [late - early for early, late in itertools.pairwise(passed)]
    return [*steps, ended - began]


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as folder, forkserver.started() as address:
        notebook, output = write(Path(folder, "small.ipynb")), Path(folder, "out.ipynb")
        root = {"BILAN_ROOT": str(editions.project_root())}
        plain = {k: v for k, v in os.environ.items() if k != warm.WARM} | root
        papermill = [sys.executable, "-m", "papermill", str(notebook), str(output)]
        bilan = [sys.executable, "-m", "bilan", "run", str(notebook)]
        bilan += ["-p", "edition=2020", "--output", str(output)]
        ways = {
            "papermill": (papermill, plain),
            "bilan run, cold": (bilan, plain),
            "bilan run, warm": (bilan, plain | address),
        }
        run(bilan, output, plain | address)  # waits for the imports
        measured = {name: [] for name in ways}
        for _ in range(rounds):
            for name, (command, environment) in ways.items():
                measured[name].append(run(command, output, environment))
    print("| |", " | ".join(ways), "|\n|---|", "---:|" * len(ways))
    for i, stage in enumerate(STAGES):
        medians = [statistics.median(row[i] for row in rows) for rows in measured.values()]
        print(f"| {stage} |", " | ".join(f"{m:.2f}" for m in medians), "|")
    ratios = [
        statistics.median(a[-1] / b[-1] for a, b in zip(measured["papermill"], rows, strict=True))
        for rows in measured.values()
    ]
    print("| times as fast |", " | ".join(f"{r:.1f}" for r in ratios), "|")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)

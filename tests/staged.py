"""A copy of the sample staged project that a test may change."""

import json
import shutil
from pathlib import Path

HERE = Path(__file__).parent
SAMPLE = HERE / "fixtures" / "staged"
FILTERS = HERE.parent / "report" / "filters"


def stage(folder: Path) -> Path:
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True)
    shutil.copytree(FILTERS, folder / "filters", dirs_exist_ok=True)
    return folder


def edit(project: Path, name: str, old: str, new: str) -> None:
    path = project / name
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def append(project: Path, name: str, text: str) -> int:
    """Add lines at the end of a file; returns the number of the first."""
    path = project / name
    before = path.read_text(encoding="utf-8")
    path.write_text(before + text, encoding="utf-8")
    return before.count("\n") + 1


def add_cell(project: Path, source: str, *outputs: dict) -> None:
    path = project / "notebooks" / "x.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = {"cell_type": "code", "id": f"c{len(notebook['cells'])}", "metadata": {}}
    cell |= {"execution_count": 9, "source": source, "outputs": list(outputs)}
    notebook["cells"].append(cell)
    path.write_text(json.dumps(notebook), encoding="utf-8")


def result(**data: str) -> dict:
    bundle = {key.replace("__", "/").replace("_xml", "+xml"): value for key, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": bundle}


SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0H9V9Z"/></svg>'

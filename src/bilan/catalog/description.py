"""``datapackage.json``: what it says of each table, and whether it can be relied on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from bilan.catalog.cells import TYPES, schema
from bilan.catalog.faults import DataError, Fault, shown

#: Tables that the review can't do without.
NEEDED = {
    *("indicators", "observations", "targets", "milestones", "contradictions", "corrections"),
    *("scores", "ranks", "vintages", "indices", "countries", "units", "sources"),
}
_NAME = re.compile(r"[a-z][a-z0-9_-]*")


def describe(folder: Path) -> dict[str, dict]:
    """Return the description of every table, by name.

    Parameters
    ----------
    folder : pathlib.Path
        Holds ``datapackage.json``.

    Raises
    ------
    bilan.catalog.DataError
        If the description can't be read, names what isn't there, or leaves the folder.
    """
    path = folder / "datapackage.json"
    try:
        listed = json.loads(path.read_text("utf-8"))["resources"]
        resources = {resource["name"]: resource for resource in listed}
        wrong = [fault for resource in listed for fault in _faults(resource, resources)]
        if len(resources) < len(listed):
            wrong.append("two tables have the same name")
        if missing := NEEDED - set(resources):
            wrong.append(f"these tables are not described: {', '.join(sorted(missing))}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, re.error) as error:
        wrong = [f"can't be read as a Data Package ({type(error).__name__}: {error})"]
    if wrong:
        raise DataError(Fault(shown(path), 0, "", message) for message in wrong)
    return resources


def _faults(resource: dict, resources: dict[str, dict]) -> Iterator[str]:
    name = resource["name"]
    if not _NAME.fullmatch(name) or resource["path"] != f"{name}.csv":
        yield f"table {name}: a table has a plain name, and its path is that name with .csv"
    fields = [field["name"] for field in resource["schema"]["fields"]]
    kinds = {field.get("type", "string") for field in resource["schema"]["fields"]}
    if unknown := kinds - set(TYPES):
        yield f"table {name}: unknown types: {', '.join(sorted(unknown))}"
    else:
        schema(resource)
    if unknown := set(columns(resource["schema"].get("primaryKey", []))) - set(fields):
        yield f"table {name}: the primary key names no column: {', '.join(sorted(unknown))}"
    for link in resource["schema"].get("foreignKeys", []):
        own, theirs = columns(link["fields"]), columns(link["reference"]["fields"])
        target = link["reference"]["resource"] or name
        there = resources.get(target, {}).get("schema", {}).get("fields", [])
        if set(own) - set(fields) or set(theirs) - {field["name"] for field in there}:
            yield f"table {name}: {', '.join(own)} refers to a column that {target} does not have"


def columns(names: str | list[str]) -> list[str]:
    """Return the columns of a key, which may be written as one name."""
    return [names] if isinstance(names, str) else names

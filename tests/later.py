"""Changes to the raw tables that an edition must not notice: all that became public later."""

import csv
import datetime as dt
import itertools
from pathlib import Path

from hypothesis import strategies as st

from bilan.editions import PUBLISHED

ROOT = Path(__file__).parents[1]
RAW = ROOT / "data/raw"
Tables = dict[str, list[dict[str, str]]]

#: What a later edit of a row may touch, by table.
NUMBERS = {"observations": "value", "targets": "value", "ranks": "rank"}
TEXTS = {
    "observations": ("note",),
    "targets": ("note",),
    "milestones": ("title_fr", "title_en", "note"),
    "contradictions": ("title_fr", "text_fr", "text_en"),
    "corrections": ("reason_fr", "reason_en"),
    "vintages": ("note",),
    "ranks": ("note",),
}


def read() -> Tables:
    """Return the raw tables as text."""
    tables = {}
    for path in sorted(RAW.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            tables[path.stem] = list(csv.DictReader(file))
    return tables


ALL = read()
HEADERS = {name: list(rows[0]) for name, rows in ALL.items()}


def write(tables: Tables, root: Path) -> None:
    """Write the raw tables of a project."""
    for name, rows in tables.items():
        with (root / f"data/raw/{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, HEADERS[name], lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def copy() -> Tables:
    """Return the raw tables, free to be changed."""
    return {name: [dict(row) for row in rows] for name, rows in ALL.items()}


def is_later(name: str, row: dict[str, str], day: dt.date) -> bool:
    return row[PUBLISHED[name]] > day.isoformat()


# ------------------------------------------------------------------ everything at once


def removed(day: dt.date) -> Tables:
    """Return the tables as if nothing had been published after a day: as written on it."""
    tables = copy()
    for name in PUBLISHED:
        tables[name] = [row for row in tables[name] if not is_later(name, row, day)]
    vintages = {(r["index"], r["vintage"]) for r in tables["vintages"]}
    tables["scores"] = [r for r in tables["scores"] if (r["index"], r["vintage"]) in vintages]
    for row in tables["indices"]:
        if row["end_known_on"] > day.isoformat():
            row["ended_on"] = row["end_known_on"] = ""
    known = {row["contradiction"] for row in tables["contradictions"]}
    for row in tables["observations"]:
        row["contradiction"] = row["contradiction"] if row["contradiction"] in known else ""
    named = ("observations", "targets")
    _only_named(tables, "indicators", "indicator", named)
    _only_named(tables, "units", "unit", ("indicators",))
    _only_named(tables, "indices", "index", ("vintages",))
    _only_named(
        tables,
        "sources",
        "source_id",
        (*named, "milestones", "vintages", "scores", "ranks", "corrections", "indicators"),
    )
    return tables


def _only_named(tables: Tables, name: str, column: str, users: tuple[str, ...]) -> None:
    named = {row[column] for user in users for row in tables[user]}
    tables[name] = [row for row in tables[name] if row[column] in named]


def doubled(day: dt.date) -> Tables:
    """Return the tables with every later value doubled and every later text another."""
    tables = copy()
    for name in PUBLISHED:
        for row in tables[name]:
            if is_later(name, row, day):
                _say_otherwise(name, row, "2026")
                if name in NUMBERS:
                    row[NUMBERS[name]] = f"{2 * float(row[NUMBERS[name]]):g}"
    vintages = {
        (r["index"], r["vintage"]) for r in tables["vintages"] if is_later("vintages", r, day)
    }
    for row in tables["scores"]:
        if (row["index"], row["vintage"]) in vintages:
            row["value"] = f"{2 * float(row['value']):g}"
    return tables


def _say_otherwise(name: str, row: dict[str, str], words: str) -> None:
    for column in TEXTS[name]:
        row[column] = f"{words} {row[column]}"


# ------------------------------------------------------------------ one thing after another


@st.composite
def changes(draw: st.DrawFn, day: dt.date) -> Tables:
    """Draw tables that differ from the real ones only in what became public after a day."""
    tables, number = copy(), itertools.count(1)
    for act in draw(st.lists(st.sampled_from(ACTS), min_size=1, max_size=6)):
        act(draw, tables, day, number)
    return tables


def _after(draw, day: dt.date) -> str:
    return draw(st.dates(day + dt.timedelta(1), dt.date(2040, 12, 31))).isoformat()


def _value(draw) -> str:
    return str(draw(st.integers(0, 10**9)))


def _insert(draw, rows: list, row: dict) -> None:
    rows.insert(draw(st.integers(0, len(rows))), row)


def _a_later_row(draw, tables: Tables, day: dt.date) -> tuple[str, int] | None:
    found = [
        (name, i)
        for name in PUBLISHED
        for i, row in enumerate(tables[name])
        if is_later(name, row, day)
    ]
    return draw(st.sampled_from(found)) if found else None


def remove_a_row(draw, tables: Tables, day: dt.date, number) -> None:
    if found := _a_later_row(draw, tables, day):
        name, i = found
        del tables[name][i]


def change_a_row(draw, tables: Tables, day: dt.date, number) -> None:
    """Change what a later row says and the day it was published, so that it stays later."""
    if found := _a_later_row(draw, tables, day):
        name, i = found
        row = tables[name][i]
        row[PUBLISHED[name]] = _after(draw, day)
        _say_otherwise(name, row, draw(st.text("abé 2039", max_size=8)))
        if name in NUMBERS:
            row[NUMBERS[name]] = _value(draw)


def add_a_row(draw, tables: Tables, day: dt.date, number) -> None:
    """Add a later row: like another, early or late, of what is known or of something new."""
    name = draw(st.sampled_from(["observations", "targets", "milestones", "ranks"]))
    row = dict(draw(st.sampled_from(ALL[name])))
    row[PUBLISHED[name]] = _after(draw, day)
    row["note"] = "Added later."
    if name in NUMBERS:
        row[NUMBERS[name]] = _value(draw)
    if name in ("targets", "milestones"):
        row[name[:-1]] += f"-later-{next(number)}"
    if draw(st.booleans()):
        row["source_id"] = _new_source(draw, tables, number)
    if "indicator" in row and draw(st.booleans()):
        row["indicator"] = _new_indicator(draw, tables, number)
    _insert(draw, tables[name], row)


def _new_source(draw, tables: Tables, number) -> str:
    row = {**ALL["sources"][0], "source_id": f"s9{next(number):02d}", "title": "A later page"}
    row |= {"address": f"https://example.org/{row['source_id']}", "date": "2039-01-01"}
    _insert(draw, tables["sources"], row)
    return row["source_id"]


def _new_indicator(draw, tables: Tables, number) -> str:
    name, unit = f"later-{next(number)}", f"later_{next(number)}"
    _insert(draw, tables["units"], {**ALL["units"][0], "unit": unit})
    row = {**draw(st.sampled_from(ALL["indicators"])), "indicator": name, "unit": unit}
    _insert(draw, tables["indicators"], {**row, "definition_fr": "Ce qui suit 2039"})
    return name


def add_a_vintage(draw, tables: Tables, day: dt.date, number) -> None:
    """Add a later vintage of an index, which scores past years anew, and the ranks in it."""
    old = draw(st.sampled_from(ALL["vintages"]))
    key = (old["index"], old["vintage"])
    vintage, published = str(2050 + next(number)), _after(draw, day)
    source = _new_source(draw, tables, number)
    new = {"vintage": vintage, "source_id": source}
    _insert(draw, tables["vintages"], {**old, **new, "published_on": published})
    scores = [r for r in ALL["scores"] if (r["index"], r["vintage"]) == key]
    shift = draw(st.integers(0, len(tables["scores"])))
    tables["scores"][shift:shift] = [{**r, **new, "value": "1"} for r in scores]
    ranks = [r for r in ALL["ranks"] if (r["index"], r["vintage"]) == key]
    tables["ranks"][0:0] = [{**r, **new, "published_on": published, "rank": "1"} for r in ranks]


def add_a_country(draw, tables: Tables, day: dt.date, number) -> None:
    """Let a country be named by a later vintage only; let another join or leave the Union."""
    add_a_vintage(draw, tables, day, number)
    code = f"X{chr(64 + next(number) % 26)}"
    _insert(draw, tables["countries"], {**ALL["countries"][0], "country": code})
    tables["scores"].append({**tables["scores"][-1], "country": code})
    last = max(tables["vintages"], key=lambda r: r["published_on"])
    tables["scores"][-1] |= {"index": last["index"], "vintage": last["vintage"]}
    row = draw(st.sampled_from([r for r in tables["countries"] if not r["eu_until"]]))
    row["eu_until" if row["eu_from"] else "eu_from"] = _after(draw, day)


def correct_a_row(draw, tables: Tables, day: dt.date, number) -> None:
    """Find out later that an early figure is wrong."""
    early = [r for r in ALL["observations"] if not is_later("observations", r, day)]
    row = draw(st.sampled_from(early))
    action = draw(st.sampled_from(["set_aside", "replace"]))
    fix = {
        **{"table": "observations", "column": "value", "expected": row["value"]},
        "key": ";".join(f"{c}={row[c]}" for c in ("indicator", "date", "source_id")),
        **{"action": action, "value": _value(draw) if action == "replace" else ""},
        **{"known_on": _after(draw, day), "reason_fr": "Faux.", "reason_en": "Wrong."},
        "source_id": _new_source(draw, tables, number),
    }
    _insert(draw, tables["corrections"], fix)


def contradict_a_row(draw, tables: Tables, day: dt.date, number) -> None:
    """Find out later that an early figure and another do not agree."""
    name = f"later-{next(number)}"
    row = {**ALL["contradictions"][0], "contradiction": name, "known_on": _after(draw, day)}
    _insert(draw, tables["contradictions"], row)
    free = [r for r in tables["observations"] if not r["contradiction"]]
    draw(st.sampled_from(free))["contradiction"] = name


def end_a_plan(draw, tables: Tables, day: dt.date, number) -> None:
    """Learn later what came of an early plan."""
    plan = draw(st.sampled_from([r for r in ALL["milestones"] if r["kind"] == "plan"]))
    row = {**plan, "milestone": f"later-{next(number)}", "kind": "outcome", "state": "met"}
    row |= {"plan": plan["milestone"], "published_on": _after(draw, day)}
    _insert(draw, tables["milestones"], row)


def end_an_index(draw, tables: Tables, day: dt.date, number) -> None:
    """Learn later that an index has ended, though its last edition be an early one."""
    open_ = [
        r for r in tables["indices"] if not r["ended_on"] or r["end_known_on"] > day.isoformat()
    ]
    row = draw(st.sampled_from(open_))
    row["ended_on"] = draw(st.dates(dt.date(2015, 1, 1), dt.date(2030, 1, 1))).isoformat()
    row["end_known_on"] = _after(draw, day)


def annotate_a_row(draw, tables: Tables, day: dt.date, number) -> None:
    """Note later evidence beside a row, an early one too."""
    name = draw(st.sampled_from([n for n in PUBLISHED if "note" in HEADERS[n]]))
    draw(st.sampled_from(tables[name]))["note"] = "Contradicted in 2039."


ACTS = (
    remove_a_row,
    change_a_row,
    add_a_row,
    add_a_vintage,
    add_a_country,
    correct_a_row,
    contradict_a_row,
    end_a_plan,
    end_an_index,
    annotate_a_row,
)

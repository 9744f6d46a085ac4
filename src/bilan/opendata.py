"""The data of an edition as others reuse them: in a spreadsheet, a program, a data portal.

Everything here speaks of one edition and of what it knew: no date of making, no later edition.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pandas as pd

from bilan import editions
from bilan.citation import name
from bilan.editions import Edition
from bilan.wording import Wording

#: Tells a spreadsheet that a file is UTF-8. Data packages, pandas, R and DuckDB skip it.
MARK = "\ufeff"
#: What a spreadsheet would run, unless it is a number.
_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")

EU = "http://publications.europa.eu/resource/authority"
MEDIA = "https://www.iana.org/assignments/media-types"
#: Ending of a file: media type, and the name the European authority list gives its format.
FORMATS = {
    ".csv": ("text/csv", "CSV"),
    ".parquet": ("application/vnd.apache.parquet", "PARQUET"),
    ".json": ("application/json", "JSON"),
}
CONTEXT = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
SUMS = "SHA256SUMS"
CATALOG = "catalog.jsonld"
PACKAGE = "datapackage.json"


# ------------------------------------------------------------------ spreadsheets


def for_spreadsheets(text: str) -> str:
    """Return a CSV file that a spreadsheet opens with its accents and without running a cell.

    A text that begins like a formula gets an apostrophe before it, which spreadsheets take for
    the sign of a text; numbers stay as they are. The Parquet file has the text as it was.
    """
    lines: list[str] = []
    # The writer only quotes the ends of lines that it writes itself: all of them, taken off again.
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    for row in csv.reader(io.StringIO(text.removeprefix(MARK), newline="")):
        writer.writerow([_inert(cell) for cell in row])
    return MARK + "".join(line.removesuffix("\r\n") + "\n" for line in lines)


def _inert(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


# ------------------------------------------------------------------ the folder


def publish(edition: Edition, folder: Path, runs: Sequence[Path]) -> None:
    """Fill an edition's data folder.

    The tables as known on the cut-off day and those computed from them, as CSV and Parquet; the
    numbers behind each figure; their Data Package, catalogue entry and checksums.

    Parameters
    ----------
    edition : bilan.editions.Edition
    folder : pathlib.Path
        ``<edition>/data`` of the site.
    runs : sequence of pathlib.Path
        Folders of the notebooks that drew the figures.
    """
    raw = editions.project_root() / "build" / edition.id / "raw"
    folder.mkdir(parents=True)
    for path in sorted(path for made in (raw, *runs) for path in made.glob("**/*.csv")):
        _write(folder / path.name, for_spreadsheets(path.read_text("utf-8")))
    package = json.loads((raw / PACKAGE).read_text("utf-8"))
    described = {resource["name"] for resource in package["resources"]}
    for path in sorted(editions.processed(edition.id).glob("*.parquet")):
        (folder / path.name).write_bytes(path.read_bytes())
        if path.stem not in described:
            package["resources"].append(_computed(path, folder))
    _write(folder / PACKAGE, _json(_package(package, edition, folder)))
    captions = _captions(edition, runs)
    _write(folder / CATALOG, _json(catalog(edition, folder, package, captions)))
    files = sorted(path for path in folder.iterdir())
    _write(folder / SUMS, "".join(f"{digest(path)}  {path.name}\n" for path in files))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")


def _json(tree: object) -> str:
    return json.dumps(tree, ensure_ascii=False, indent=1) + "\n"


def _computed(path: Path, folder: Path) -> dict:
    """Write a table that notebooks computed as CSV too, and describe it."""
    table = pd.read_parquet(path)
    fields = [{"name": name, "type": _kind(column)} for name, column in table.items()]
    for column in table.select_dtypes("datetime"):
        table[column] = table[column].dt.strftime("%Y-%m-%d")
    text = table.to_csv(index=False, lineterminator="\n")
    _write(folder / f"{path.stem}.csv", for_spreadsheets(text))
    return {
        "name": path.stem,
        "path": f"{path.stem}.csv",
        "profile": "tabular-data-resource",
        "title": Wording("en").text(f"table.{path.stem}"),
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {"fields": fields},
    }


def _kind(column: pd.Series) -> str:
    """Return the Data Package type of a column."""
    kinds = {"b": "boolean", "i": "integer", "u": "integer", "f": "number", "M": "date"}
    return kinds.get(column.dtype.kind, "string")


def _package(package: dict, edition: Edition, folder: Path) -> dict:
    """Make the Data Package the edition's own, each file with its size and checksum."""
    for resource in package["resources"]:
        path = folder / resource["path"]
        resource |= {"bytes": path.stat().st_size, "hash": f"sha256:{digest(path)}"}
    own = {
        "name": f"bilan-{edition.id}",
        "id": name(edition.id, "data"),
        "title": Wording("en").text("share.data", edition=edition.id),
        "description": _description(edition, "en"),
        "created": f"{edition.as_of.isoformat()}T00:00:00Z",
    }
    return package | own


# ------------------------------------------------------------------ the catalogue entry


def _description(edition: Edition, lang: str) -> str:
    words = Wording(lang)
    return words.text("share.describe", as_of=words.date(edition.as_of))


def _captions(edition: Edition, runs: Sequence[Path]) -> dict[str, list[dict]]:
    """Return the captions of figures and tables in each language, by the file of their numbers."""
    found: dict[str, list[dict]] = {}
    for lang in edition.languages:
        for path in (path for run in runs for path in run.glob(f"{lang}.ipynb")):
            for cell in json.loads(path.read_text("utf-8"))["cells"]:
                for output in cell.get("outputs", []):
                    about = output.get("metadata", {}).get("bilan", {})
                    if about.get("data"):
                        said = {"@value": about["caption"], "@language": lang}
                        found.setdefault(about["data"], []).append(said)
    return found


def catalog(
    edition: Edition, folder: Path, package: Mapping, captions: Mapping[str, list[dict]]
) -> dict:
    """Return the entry that a data portal harvests: DCAT-AP in JSON-LD.

    Addresses are relative to the entry itself, unless the site has an address.

    Parameters
    ----------
    edition : bilan.editions.Edition
    folder : pathlib.Path
        The published files.
    package : mapping
        Their Data Package.
    captions : mapping of str to list of dict
        Titles of the figures' files, by language.
    """
    address = editions.address()
    base = {"@base": f"{address}{edition.id}/data/"} if address else {}
    titles = dict(captions)
    for resource in package["resources"]:
        for ending in (".csv", ".parquet"):
            titles[resource["name"] + ending] = [
                {"@value": Wording(lang).text(f"table.{resource['name']}"), "@language": lang}
                for lang in edition.languages
            ]
    licence = package["licenses"][0]
    files = [path for path in sorted(folder.iterdir()) if path.suffix in FORMATS]
    said = [_said(lang, edition) for lang in edition.languages]
    publisher = {
        "@id": name("publisher"),
        "@type": "foaf:Agent",
        "foaf:name": [{"@value": s["author"], "@language": s["lang"]} for s in said],
    }
    dataset = {
        "@id": name(edition.id, "data"),
        "@type": "dcat:Dataset",
        "dct:identifier": name(edition.id, "data"),
        "dct:title": [{"@value": s["title"], "@language": s["lang"]} for s in said],
        "dct:description": [{"@value": s["description"], "@language": s["lang"]} for s in said],
        "dct:publisher": publisher,
        "dct:issued": _day(edition.as_of.isoformat()),
        "dct:license": {"@id": licence["path"]},
        "dct:accessRights": {"@id": f"{EU}/access-right/PUBLIC"},
        "dct:spatial": {"@id": f"{EU}/country/FRA"},
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _day(first_day(folder)),
            "dcat:endDate": _day(edition.as_of.isoformat()),
        },
        "dcat:theme": {"@id": f"{EU}/data-theme/GOVE"},
        "dcat:keyword": [{"@value": word, "@language": "en"} for word in package["keywords"]],
        "dcat:landingPage": [{"@id": f"../{lang}/"} for lang in edition.languages],
        "dcat:distribution": [
            _distribution(path, titles.get(path.name), licence["path"], said) for path in files
        ],
    }
    whole = {
        "@id": "",
        "@type": "dcat:Catalog",
        **{key: dataset[key] for key in ("dct:title", "dct:description")},
        "dct:publisher": {"@id": publisher["@id"]},
        "dcat:dataset": {"@id": dataset["@id"]},
    }
    return {"@context": base | CONTEXT, "@graph": [whole, dataset]}


def _said(lang: str, edition: Edition) -> dict[str, str]:
    words = Wording(lang)
    return {
        "lang": lang,
        "author": words.text("share.author"),
        "title": words.text("share.data", edition=edition.id),
        "description": _description(edition, lang),
        "rights": words.text("share.rights"),
    }


def _distribution(path: Path, title: list[dict] | None, licence: str, said: Iterable[dict]) -> dict:
    media, kind = FORMATS[path.suffix]
    rights = [{"@value": s["rights"], "@language": s["lang"]} for s in said]
    return {
        "@id": f"#{path.name}",
        "@type": "dcat:Distribution",
        "dct:title": title or [{"@value": path.name}],
        "dcat:accessURL": {"@id": path.name},
        "dcat:downloadURL": {"@id": path.name},
        "dcat:mediaType": {"@id": f"{MEDIA}/{media}"},
        "dct:format": {"@id": f"{EU}/file-type/{kind}"},
        "dct:license": {"@id": licence},
        "dct:rights": {"@type": "dct:RightsStatement", "dct:description": rights},
        "dcat:byteSize": {"@value": str(path.stat().st_size), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@value": digest(path), "@type": "xsd:hexBinary"},
        },
    }


def _day(day: str) -> dict[str, str]:
    return {"@value": day, "@type": "xsd:date"}


def first_day(folder: Path) -> str:
    """Return the first day that a published observation speaks of."""
    with (folder / "observations.csv").open(encoding="utf-8-sig", newline="") as file:
        return min(row["date"] for row in csv.DictReader(file))

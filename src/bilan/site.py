"""The site's plan: where an edition's parts are made, and what its pages are called."""

from __future__ import annotations

from pathlib import Path

import jinja2

from bilan import editions
from bilan.editions import Edition
from bilan.wording import Wording

#: The list of editions, by language, at the root of the site.
INDEX = {"fr": "index.html", "en": "index.en.html"}


def site_of(edition: Edition) -> Path:
    """Return the folder that holds an edition's part of the site."""
    return editions.project_root() / "build" / edition.id / "site"


def outlines_of(edition: Edition) -> Path:
    """Return the file that holds the outlines of an edition's pages."""
    return site_of(edition).with_name("outlines.json")


def supplement_of(edition: Edition) -> Path:
    """Return the folder of what stands beside an edition's pages: data and notebooks."""
    return site_of(edition).with_name("supplement")


def name_of(run: str) -> str:
    """Return the file name of a run's page, for instance ``adoption-tchap-mau.html``."""
    return f"{run}.html"


def anchor(cell: str) -> str:
    """Return the anchor of a notebook's cell in its page."""
    return f"cell-{cell}"


def template(name: str) -> jinja2.Template:
    """Return one of the report's templates for pages that no renderer makes."""
    return jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(editions.project_root() / "report"),
    ).get_template(name)


def write(path: Path, text: str) -> None:
    """Write a text file of the site."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8", newline="\n")


def size(path: Path, words: Wording) -> str:
    """Return the size of a file in words."""
    return f"{words.number(round(path.stat().st_size / 1000))}\u00a0{words.text('size.kilobyte')}"

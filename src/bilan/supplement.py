"""Make what stands beside an edition's pages: its data, and its notebooks as pages.

They depend on what the notebooks left, and not on the chapters: when a text changes, nothing of
this is made again. :mod:`bilan.assemble` puts it beside the pages.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bilan import editions, notebook_pages, opendata, seals
from bilan.discovery import page_of
from bilan.editions import Edition
from bilan.fanout import HOME, FanOut
from bilan.site import name_of, supplement_of, template, write


def make(edition: Edition, fan: FanOut = FanOut()) -> None:  # noqa: B008 - frozen
    """Make an edition's supplement.

    Parameters
    ----------
    edition : bilan.editions.Edition
    fan : bilan.fanout.FanOut
        The pages of member states beside the review.
    """
    folder = supplement_of(edition)
    shutil.rmtree(folder, ignore_errors=True)
    shown = _shown(edition, fan)
    opendata.publish(edition, folder / "data", [run for runs in shown.values() for run in runs])
    form = template("notebook.html.j2")
    for lang in edition.languages:
        for page, runs in shown.items():
            for run in runs:
                text = notebook_pages.page(form, run, notebook_pages.beside(page, lang), edition)
                about = page_of(edition, lang, f"notebooks/{run.name}")
                write(folder / lang / "notebooks" / name_of(run.name), about.complete(text))
    seals.seal(folder)


def _shown(edition: Edition, fan: FanOut) -> dict[str, list[Path]]:
    """Return the notebook runs by the name of the page that shows what they computed."""
    build = editions.project_root() / "build" / edition.id
    own = sorted(path for path in build.glob("runs/*") if any(path.glob("*.ipynb")))
    places = [p for p in fan.places if p.country != HOME] if edition == fan.edition else []
    return {"index": own} | {p.name: [build / "runs" / p.run] for p in places}

# The map of the workflow: raw → clean → models → stage → render → assemble, by edition; then publish.
# Data and notebooks as pages (supplement) wait for the models, not for the chapters.
# `bilan build` runs it, after it has checked the raw data and written build/<edition>/raw:
# the rows that were public on the edition's cut-off day. A row published in 2024 therefore
# changes no input of the editions 2020 to 2023.
import json
import shlex
import sys
from pathlib import Path

from bilan.editions import address, earlier, edition, editions
from bilan.notebooks import INDICES, SERIES


include: "workflow/cluster.smk"


shell.prefix("exec 2>&1; ")  # what a step says is for the reader, not for Snakemake's log
BILAN = f"{shlex.quote(sys.executable)} -m bilan"
RUN = BILAN + " run {input.notebook} -p edition={wildcards.edition}"
TABLES = [r["name"] for r in json.loads(Path("data/raw/datapackage.json").read_text())["resources"]]
DATA = [f"data/processed/{{edition}}/{table}.parquet" for table in TABLES]
PARTS = [f"parts/{part}" for part in (*SERIES, *(f"rank-{index}" for index in INDICES))]
JUDGED = ["forecasts", "target_states", "milestone_states", "changes", "track_record", "track_targets", "track_ranks"]
RUNS = ["clean", "programme", *(f"adoption-{s}" for s in SERIES), *(f"ranking-{i}" for i in INDICES)]
EDITIONS = [e.id for e in editions()]
# What is published beside the pages: all that the notebooks leave.
LEFT = expand("data/processed/{edition}/{table}.parquet", edition=EDITIONS, table=[*TABLES, *PARTS, *JUDGED])
LEFT += expand("build/{edition}/runs/{run}", edition=EDITIONS, run=RUNS)
PROJECTS = [f"build/{e.id}/{lang}" for e in editions() for lang in e.languages]


def code(*modules):
    return [str(p) for m in modules for p in sorted(Path("src/bilan").glob(m)) if p.is_file()]


# What says a fact in words, and what shows it in a notebook.
WORDS = ("editions.py", "facts.py", "programme.py", "tables.py", "wording.py", "locale/*", "render/markdown.py")
COUNTS = ("adoption.py", "curves.py", "forecasts.py", "observations.py", "priors.py", "traits.py")
SHOWN = (*WORDS, *COUNTS, "exhibits.py", "numbers.py", "tips.py", "charts/*.py")
SHARED = ("citation.py", "discovery.py", "notebook_pages.py", "opendata.py", "pictures.py", "site.py")
STAGED = sorted(str(p) for p in Path("report").glob("*") if p.is_file() and p.suffix not in (".md", ".j2"))


def languages(wildcards):
    return " ".join(f"--lang {lang}" for lang in edition(wildcards.edition).languages)


def fanned(wildcards):
    return FANNED if wildcards.edition == FAN.edition.id else ""


wildcard_constraints: edition=r"\d{4}", lang="fr|en", country="[a-z][a-z]", series="|".join(SERIES), index="|".join(INDICES)


localrules: all, fonts, vega, supplement, assemble, publish


rule all:
    # Named one by one, so that what gets lost is made again.
    input: "build/published", "build/fonts", LEFT, [f"{p}/review.qmd" for p in PROJECTS]


rule fonts:
    input: code("fonts.py")
    output: directory("build/fonts")
    shell: "{BILAN} fonts"


rule vega:
    input: code("live.py")
    output: "build/live/vega.js"
    shell: "{BILAN} vega"


rule clean:
    input:
        expand("build/{{edition}}/raw/{table}.csv", table=TABLES),
        code("catalog/*", "editions.py", "programme.py", "tables.py"),
        notebook="notebooks/1-clean.ipynb",
    output: DATA, run=directory("build/{edition}/runs/clean")
    shell: RUN + " --output {output.run}/clean.ipynb"


rule adoption:
    input:
        DATA, "build/fonts",
        code(*SHOWN, "growth.py", "ranking.py", "scoring.py"),
        notebook="notebooks/2-adoption.ipynb",
    output: "data/processed/{edition}/parts/{series}.parquet", run=directory("build/{edition}/runs/adoption-{series}")
    params: languages=languages
    shell: RUN + " -p series={wildcards.series} --output {output.run}/{{lang}}.ipynb {params.languages}"


rule ranking:
    input:
        DATA, "build/fonts",
        code(*SHOWN, "europe.py", "fanout.py", "ranking.py", "scoring.py", "standing.py"),
        notebook="notebooks/3-ranking.ipynb",
    output: "data/processed/{edition}/parts/rank-{index}.parquet", run=directory("build/{edition}/runs/ranking-{index}")
    params: languages=languages
    shell: RUN + " -p index={wildcards.index} --output {output.run}/{{lang}}.ipynb {params.languages}"


rule programme:
    input:
        DATA, "build/fonts",
        expand("data/processed/{{edition}}/{part}.parquet", part=PARTS),
        lambda w: [f"data/processed/{e.id}/{t}.parquet" for e in earlier(w.edition) for t in ("observations", *PARTS)],
        code(*SHOWN, "changes.py", "chantiers.py", "europe.py", "fanout.py", "growth.py", "ranking.py", "record.py"),
        code("miniatures.py", "scoring.py", "standing.py", "track.py"),
        notebook="notebooks/4-programme.ipynb",
    output:
        expand("data/processed/{{edition}}/{table}.parquet", table=JUDGED),
        run=directory("build/{edition}/runs/programme"),
    params: languages=languages
    shell: RUN + " --output {output.run}/{{lang}}.ipynb {params.languages}"


rule stage:
    input:
        rules.programme.output,
        # A chapter compares with the edition before.
        lambda w: [f"data/processed/{e.id}/{t}.parquet" for e in earlier(w.edition)[-1:] for t in (*TABLES, *JUDGED)],
        expand("build/{{edition}}/runs/adoption-{series}", series=SERIES),
        expand("build/{{edition}}/runs/ranking-{index}", index=INDICES),
        lambda w: sorted(map(str, Path("report", w.lang).glob("*"))),
        STAGED, sorted(map(str, Path("report/filters").glob("*"))),
        code(*WORDS, "citation.py", "europe.py", "fanout.py", "hindsight.py", "report.py", "site.py"),
    output: "build/{edition}/{lang}/review.qmd"
    params: address=address()  # a citation names it
    shell: "{BILAN} stage --edition {wildcards.edition} --lang {wildcards.lang}"


rule render:
    input: "build/{edition}/{lang}/review.qmd", "build/fonts", code("render/*", "render/filters/*")
    output: "build/{edition}/{lang}/review.html", "build/{edition}/{lang}/review.pdf", "build/{edition}/{lang}/renderer"
    params: renderer=config.get("renderer", "auto")
    shell: "{BILAN} render --edition {wildcards.edition} --lang {wildcards.lang} --renderer {params.renderer}"


rule card:
    input: "build/{edition}/{lang}/review.html", "build/fonts", code("card.*", "editions.py", "wording.py", "locale/*")
    output: "build/{edition}/{lang}/card.png"
    shell: "{BILAN} card --edition {wildcards.edition} --lang {wildcards.lang}"


include: "workflow/places.smk"


rule supplement:
    input:
        lambda w: [path for path in LEFT if w.edition in Path(path).parts],
        lambda w: PLACE_RUNS if w.edition == FAN.edition.id else [],
        "report/notebook.html.j2",
        code("card.py", "editions.py", "fanout.py", "seals.py", "supplement.py", "wording.py", "locale/*", *SHARED),
    output: directory("build/{edition}/supplement")
    params: address=address(), fanned=fanned
    shell: "{BILAN} supplement --edition {wildcards.edition} {params.fanned}"


rule assemble:
    input:
        lambda w: [f"build/{w.edition}/{lang}/{made}" for lang in edition(w.edition).languages for made in ("review.html", "review.pdf", "card.png")],
        lambda w: PLACES if w.edition == FAN.edition.id else [],
        "build/{edition}/supplement",
        code("assemble.py", "checks/*.py", "editions.py", "fanout.py", "live.py", "seals.py", "wording.py", "locale/*", *SHARED),
    output: directory("build/{edition}/site"), "build/{edition}/outlines.json"
    params: address=address(), fanned=fanned
    shell: "{BILAN} assemble --edition {wildcards.edition} {params.fanned}"


rule publish:
    input:
        [f"build/{e}/{made}" for e in EDITIONS for made in ("site", "outlines.json")],
        "build/fonts", "build/live/vega.js", "report/index.html.j2", "config/editions.yml",
        code("assemble.py", "checks/*.py", "editions.py", "fanout.py", "manifest.py", "programme.py", "publish.py", "wording.py", "locale/*", *SHARED),
    output: touch("build/published")
    params: fanned=FANNED
    shell: "{BILAN} publish {params.fanned}"

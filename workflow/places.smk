# The fan-out: the ranking review of other member states, a page for each in each index.
# `bilan build --countries DE,IT --indices egov` asks for it; without, there are no such pages.
from bilan import fanout

FAN = fanout.choose(config.get("countries", ""), config.get("indices", ""))
FANNED = f"--countries {','.join(FAN.countries)} --indices {','.join(FAN.indices)}" if FAN else ""
PLACES = [f"build/{FAN.edition.id}/places/{p.name}/{lang}/review.html" for p in FAN.places for lang in FAN.edition.languages]
PLACE_RUNS = [f"build/{FAN.edition.id}/runs/{p.run}" for p in FAN.places]


rule place:
    input:
        DATA, "build/fonts",
        code(*SHOWN, "europe.py", "fanout.py", "ranking.py", "scoring.py", "standing.py"),
        notebook="notebooks/3-ranking.ipynb",
    output: run=directory("build/{edition}/runs/places/{index}-{country}")
    params: languages=languages, country=lambda w: w.country.upper()
    shell: RUN + " -p index={wildcards.index} -p country={params.country} --output {output.run}/{{lang}}.ipynb {params.languages}"


rule page:
    input:
        rules.programme.output,
        lambda w: f"build/{w.edition}/runs/{fanout.Place(w.index, w.country.upper()).run}",
        STAGED, sorted(map(str, Path("report/filters").glob("*"))), sorted(map(str, Path("report/places").glob("*"))),
        code(*WORDS, "citation.py", "europe.py", "fanout.py", "hindsight.py", "report.py", "site.py", "render/*", "render/filters/*"),
    output: [f"build/{{edition}}/places/{{index}}-{{country}}/{lang}/review.html" for lang in FAN.edition.languages]
    params: renderer=config.get("renderer", "auto"), fanned=FANNED
    shell: "{BILAN} page {wildcards.index}-{wildcards.country} --edition {wildcards.edition} --renderer {params.renderer} {params.fanned}"

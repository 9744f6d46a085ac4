"""Every chart: a valid spec, the same bytes twice, nothing cut, nothing in HTML."""

import json
import re
import xml.etree.ElementTree as ET
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pytest

from bilan import charts
from bilan.charts import theme
from bilan.charts.display import lean
from bilan.charts.placing import place, spread

CSS = (Path(__file__).parents[1] / "report" / "review.css").read_text(encoding="utf-8")
SVG = "{http://www.w3.org/2000/svg}"

OBSERVED = pd.DataFrame(
    {
        "date": ["2018-07-01", "2019-06-27", "2019-12-31", "2020-08-28", "2020-12-17"],
        "value": [5e6, 10e6, 12e6, 17e6, 20e6],
        "qualifier": ["about", "at_least", "about", "exact", "at_most"],
    }
)
TARGETS = pd.DataFrame(
    {
        "date": ["2022-12-31", "2021-06-30"],
        "value": [25e6, 23e6],
        "label": ["Objectif : 25 M", "23 M"],
    }
)
EVENTS = pd.DataFrame(
    {"date": ["2019-05-15", "2020-03-17", "2020-10-30"], "label": ["Lancement", "Mars", "Octobre"]}
)
OUTCOME = pd.DataFrame({"date": ["2021-07-02", "2022-11-14"], "value": [26e6, 40e6]})


def quantiles():
    steps = np.linspace(0, 1, 9)
    spreads = {"q025": -2, "q10": -1.3, "q25": -0.7, "q50": 0, "q75": 0.7, "q90": 1.3, "q975": 2}
    table = {name: 20e6 + 12e6 * steps + z * 4e6 * np.sqrt(steps) for name, z in spreads.items()}
    return pd.DataFrame({"date": pd.date_range("2020-12-17", "2022-12-31", periods=9), **table})


def ranks():
    rows = [
        {"country": code, "year": year, "rank": (place + year) % 27 + 1, "vintage": vintage}
        for vintage, years in (("méthode 2020", (2018, 2019)), ("publié", (2018, 2019, 2020)))
        for year in years
        for place, code in enumerate(["FR", *(f"C{i:02}" for i in range(26))])
    ]
    return pd.DataFrame(rows)


def test_countries_that_share_a_place_have_each_a_label():
    """The second stands beside the next place, which a shared one leaves free."""
    table = ranks()
    last = table["year"] == 2020
    table.loc[last & (table["country"] == "C05"), "rank"] = int(
        table.loc[last & (table["country"] == "C04"), "rank"].iloc[0]
    )
    svg = charts.to_svg(charts.rank_history(table, "FR", title="Rangs"))
    shown = {
        label: y for y, label in re.findall(r'translate\([\d.]+,([\d.]+)\)"[^>]*>(C\d\d)<', svg)
    }
    assert len(shown) == 26
    assert abs(float(shown["C04"]) - float(shown["C05"])) > 10


def scores():
    codes = ["FR", *(f"C{i:02}" for i in range(26))]
    values = np.linspace(72.3, 36.4, 27)
    return pd.DataFrame({"country": codes, "score": values, "label": [f"{v:.1f}" for v in values]})


WORDS = {
    "title": "Un titre qui dit ce que l’on a trouvé, assez long pour tenir sur plusieurs lignes",
    "subtitle": "Ce qui est mesuré, en millions de personnes, de juin 2018 à décembre 2020",
}
LABELS = {"observed": "20 M\ndéc. 2020", "forecast": "Prévision :\n32 M"}


def _fan(**options):
    tables = {"quantiles": quantiles(), "targets": TARGETS, "events": EVENTS, "labels": LABELS}
    return charts.fan(OBSERVED, **tables | options)


def _progress(**options):
    table = pd.DataFrame(
        {
            "label": [
                "Utilisateurs de FranceConnect, fin 2022",
                "Comptes",
                "Démarches",
                "Plateformes",
            ],
            "share": [3.1, 0.57, 0.91, np.nan],
            "state": ["met", "missed", "open", "unknown"],
            "text": [
                "310 M pour 100 M : atteint dès 2020",
                "manqué",
                "91 % : échéance 2026",
                "inconnu",
            ],
        }
    )
    return charts.progress(table, target_label="objectif", **options)


def _timeline(**options):
    table = pd.DataFrame(
        {
            "label": [
                "Lancement",
                "Plateformes de partage entre l’État et les collectivités",
                "Cloud",
            ],
            "planned": [None, "2021-03-31", "2020-07-31"],
            "done": ["2019-05-15", None, "2020-12-01"],
        }
    )
    return charts.timeline(table, today=("2020-12-31", "arrêté au 31 déc. 2020"), **options)


def _claim(**options):
    table = pd.DataFrame(
        {
            "label": ["Capacité annoncée, conférences par jour", "Maximum mesuré"],
            "value": [150_000, 329],
            "kind": ["claim", "measured"],
            "text": ["150\u202f000 par jour", "329"],
        }
    )
    return charts.measurement_vs_claim(table, **options)


def _distribution(**options):
    chance = np.exp(-0.5 * ((np.arange(1, 28) - 13.6) / 2.1) ** 2)
    table = pd.DataFrame({"rank": range(1, 28), "probability": chance / chance.sum()})
    words = {
        "interval": (11, 16),
        "interval_label": "8 chances sur 10",
        "current": (15, "15e en 2020"),
    }
    return charts.rank_distribution(table, **words, **options)


def _series(facet: bool = False, **options):
    table = OBSERVED.drop(columns="qualifier")
    both = pd.concat(
        [table.assign(name="Comptes"), table.assign(name="Actifs", value=table.value / 3)]
    )
    table = both.rename(columns={"name": "facet" if facet else "series"})
    return charts.series(table, reference=(22e6, "Promesse"), **options)


def _curves(**options):
    days = ["2020-12-17", "2022-12-31"]
    lines = (("linear", 0.6, [20e6, 32e6]), ("logistic", 0.4, [20e6, 24e6]))
    table = pd.concat(
        pd.DataFrame({"date": days, "value": ends, "series": name, "weight": weight})
        for name, weight, ends in lines
    )
    return charts.curves(OBSERVED, table, **options)


CHARTS = {
    "fan": _fan,
    "fan-without-forecast": lambda **o: _fan(quantiles=None, **o),
    "fan-track-record": lambda **o: _fan(
        outcome=OUTCOME, labels={"outcome": "Observé :\n40 M"}, **o
    ),
    "fan-observed-only": lambda **o: charts.fan(OBSERVED, labels={"observed": "20 M"}, **o),
    "curves": _curves,
    "series": _series,
    "facets": lambda **o: _series(facet=True, **o),
    "rank-history": lambda **o: charts.rank_history(ranks(), "FR", names={"FR": "France"}, **o),
    "rank-distribution": _distribution,
    "dot-plot": lambda **o: charts.dot_plot(
        scores(), "FR", mean=(52.6, "Moyenne"), names={"FR": "France"}, **o
    ),
    "progress": _progress,
    "timeline": _timeline,
    "claim": _claim,
}
LABEL_SEEN = {
    "fan": ["Prévision :", "Objectif : 25 M", "déc. 2020", "50\u202fM", "Lancement", "95\u202f%"],
    "fan-without-forecast": ["Objectif : 25 M"],
    "fan-track-record": ["Observé :"],
    "fan-observed-only": ["20 M", "2019"],
    "curves": ["linear 60\u202f%", "logistic 40\u202f%"],
    "series": ["Comptes", "Actifs", "Promesse"],
    "facets": ["Comptes", "Actifs"],
    "rank-history": ["France", "méthode 2020", "C07"],
    "rank-distribution": ["8 chances sur 10", "15e en 2020", "15\u202f%"],
    "dot-plot": ["Moyenne", "1\u00a0 France", "36.4"],
    "progress": ["objectif", "manqué", "100\u202f%"],
    "timeline": ["Lancement", "arrêté au 31 déc. 2020"],
    "claim": ["150\u202f000 par jour", "10\u202f000"],
}


@cache
def draw(name, narrow):
    chart = CHARTS[name](**WORDS, narrow=narrow)
    return chart, charts.to_svg(chart)


@pytest.fixture(params=[(n, w) for n in CHARTS for w in (False, True)], ids=str)
def drawn(request):
    name, narrow = request.param
    return name, narrow, *draw(name, narrow)


def texts(svg: str) -> list[str]:
    """Return the lines of text of a drawing."""
    lines = []
    for element in ET.fromstring(svg).iter(f"{SVG}text"):
        spans = list(element) or [element]
        lines += [span.text or "" for span in spans]
    return lines


def boxes(element, x=0.0, y=0.0):
    """Yield the extent of every line of text: left, top, right, bottom."""
    for dx, dy in re.findall(r"translate\(([-\d.e]+),([-\d.e]+)\)", element.get("transform", "")):
        x, y = x + float(dx), y + float(dy)
    if element.tag == f"{SVG}text":
        size = float(element.get("font-size").removesuffix("px"))
        bold = element.get("font-weight") == "600"
        line = y
        for span in list(element) or [element]:
            line += float(span.get("dy", 0))
            wide = theme.text_width(span.text or "", size, bold)
            shift = {"middle": 0.5, "end": 1.0}.get(element.get("text-anchor"), 0.0)
            yield x - wide * shift, line - size * 0.75, x + wide * (1 - shift), line + size * 0.25
        return
    for child in element:
        yield from boxes(child, x, y)


def test_spec_is_valid_and_survives_json(drawn):
    *_, chart, _ = drawn
    spec = chart.to_dict(validate=True)
    written = json.dumps(spec)
    assert alt.Chart.from_json(written).to_dict() == json.loads(written)


def test_svg_is_the_same_twice(drawn):
    name, narrow, _, svg = drawn
    assert charts.to_svg(CHARTS[name](**WORDS, narrow=narrow)) == svg


def test_svg_says_its_title_and_labels(drawn):
    name, narrow, _, svg = drawn
    lines = texts(svg)
    assert WORDS["title"] in " ".join(lines)
    for label in LABEL_SEEN[name]:
        if label.endswith("95\u202f%") and narrow:
            label = "bandes\u00a0: 50, 80"
        assert any(label in line for line in lines) or label in " ".join(lines), (label, lines)


def test_no_label_is_cut(drawn):
    *_, svg = drawn
    root = ET.fromstring(svg)
    _, _, width, height = map(float, root.get("viewBox").split())
    for left, top, right, bottom in boxes(root):
        assert left >= -1
        assert top >= -1
        assert right <= width + 1
        assert bottom <= height + 1


def test_width_is_that_of_page_or_phone(drawn):
    _, narrow, _, svg = drawn
    width = float(ET.fromstring(svg).get("width"))
    assert width == pytest.approx(theme.NARROW if narrow else theme.WIDE, abs=6)


def test_svg_needs_nothing_and_styles_nothing(drawn):
    *_, svg = drawn
    assert 'style="' not in svg
    assert "<style" not in svg
    assert "aria-" not in svg
    assert "role=" not in svg
    assert not re.search(r'(?:href|url)\s*[=(]\s*"?https?:', svg)
    assert ET.fromstring(svg).get("class") == "chart"


def test_every_colour_has_its_answer_in_the_style_sheet(drawn):
    *_, svg = drawn
    used = set(re.findall(r'(?:fill|stroke)="(#[0-9a-fA-F]+|[a-z]+)"', svg)) - {
        "none",
        "transparent",
    }
    assert used <= set(theme.PALETTE.values())


def test_ids_of_two_charts_never_meet():
    first, second = (charts.to_svg(CHARTS[n](**WORDS)) for n in ("fan", "series"))
    ids = [set(re.findall(r'\bid="([^"]+)"', svg)) for svg in (first, second)]
    assert not ids[0] & ids[1]


def test_numbers_and_dates_follow_the_language():
    wide = OBSERVED.assign(value=OBSERVED["value"] / 100).drop(columns="qualifier")
    options = {"title": "t", "subtitle": ""}
    assert "150\u202f000" in charts.to_svg(charts.series(wide, **options, lang="fr"), "fr")
    assert "150,000" in charts.to_svg(charts.series(wide, **options, lang="en"), "en")
    short = wide.tail(2)
    assert "sept." in charts.to_svg(charts.series(short, **options, lang="fr"), "fr")
    assert "Sep" in charts.to_svg(charts.series(short, **options, lang="en"), "en")


def test_small_fan_has_no_words():
    svg = charts.to_svg(charts.small_fan(OBSERVED, quantiles(), TARGETS))
    assert texts(svg) == []
    assert float(ET.fromstring(svg).get("width")) < 210


def test_unknown_state_is_refused():
    table = pd.DataFrame({"label": ["a"], "share": [1.0], "state": ["done"], "text": ["b"]})
    with pytest.raises(ValueError, match="done"):
        charts.progress(table, **WORDS)


# ---- Figures -------------------------------------------------------------------------------------


NUMBERS = {"header": ["a"], "rows": [["1"]], "align": "r"}


def shown(**options):
    chart = charts.fan(OBSERVED, **WORDS)
    figure = charts.figure(
        chart,
        "fig-users",
        "Légende",
        "En mots",
        ["s001"],
        data="fig-users.csv",
        numbers=NUMBERS,
        **options,
    )
    return figure._repr_mimebundle_()


def test_figure_is_never_html():
    data, _ = shown()
    assert set(data) == {"image/svg+xml", "text/plain", "application/vnd.vegalite.v6+json"}
    assert data["text/plain"] == "En mots"


def test_figure_carries_its_words():
    _, metadata = shown()
    assert metadata == {
        "bilan": {
            "label": "fig-users",
            "caption": "Légende",
            "alt": "En mots",
            "sources": ["s001"],
            "data": "fig-users.csv",
            "numbers": NUMBERS,
        }
    }


def test_figure_carries_the_narrow_drawing():
    _, metadata = shown(narrow=charts.fan(OBSERVED, **WORDS, narrow=True))
    assert metadata["bilan"]["narrow"].startswith("<svg")
    assert metadata["bilan"]["narrow_spec"]["width"] < theme.NARROW


# ------------------------------------------------------------------ what a live chart tells


def telling(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(told=[f"Mot {at}" for at in range(len(table))])


#: Charts by name, and how many of their marks tell something.
TELLING = {
    "fan": (
        lambda **o: charts.fan(
            telling(OBSERVED),
            telling(quantiles()).replace({"told": {"Mot 0": ""}}),
            telling(TARGETS),
            EVENTS,
            **o,
        ),
        5 + 8 + 2,
    ),
    "outcome": (
        lambda **o: charts.fan(OBSERVED, telling(quantiles()), None, None, telling(OUTCOME), **o),
        8 + 2,
    ),
    "series": (lambda **o: charts.series(telling(OBSERVED), **o), 5),
    "ranks": (lambda **o: charts.rank_history(telling(ranks()), "FR", **o), 27 * 3 + 2),
    "scores": (lambda **o: charts.dot_plot(telling(scores()), "FR", **o), 27),
}


def told_by(view: dict, datasets: dict) -> list[str]:
    own = view.get("encoding", {}).get("tooltip", {}).get("field")
    rows = datasets[view["data"]["name"]] if own else []
    return [row[own] for row in rows] + [
        words for part in view.get("layer", []) for words in told_by(part, datasets)
    ]


@pytest.mark.parametrize("name", TELLING)
@pytest.mark.parametrize("narrow", [False, True])
def test_marks_tell_their_words_and_the_picture_stays_the_same(name: str, narrow: bool):
    draw, count = TELLING[name]
    chart = draw(**WORDS, narrow=narrow)
    spec = lean(chart.to_dict())
    words = told_by(spec, spec["datasets"])
    assert len(words) == count and all(re.fullmatch(r"Mot \d+", word) for word in words)
    plain = json.loads(json.dumps(spec).replace('"tooltip"', '"nothing"'))
    plain["layer"] = [v for v in plain["layer"] if "nothing" not in v.get("encoding", {})]
    assert charts.to_svg(chart) == charts.to_svg(alt.Chart.from_dict(plain))


def test_a_chart_carries_only_what_it_draws():
    table = OBSERVED.assign(source_id="s001", note="à garder pour soi")
    spec = json.loads(json.dumps(charts.fan(table, **WORDS).to_dict(validate=False)))
    kept = lean(spec)
    assert {key for rows in spec["datasets"].values() for row in rows for key in row} > {"note"}
    assert {key for rows in kept["datasets"].values() for row in rows for key in row} == {
        "date",
        "value",
    }
    assert charts.to_svg(alt.Chart.from_dict(kept)) == charts.to_svg(alt.Chart.from_dict(spec))


def test_ipython_shows_the_bundle_alone():
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    data, metadata = shell.display_formatter.format(
        charts.figure(charts.fan(OBSERVED, **WORDS), "fig-users", "Légende", "En mots")
    )
    assert "text/html" not in data
    assert data["text/plain"] == "En mots"
    assert metadata["bilan"]["label"] == "fig-users"


@pytest.mark.parametrize(("label", "text"), [("users", "x"), ("fig-users", "  ")])
def test_figure_without_label_or_alternative_is_refused(label, text):
    with pytest.raises(ValueError, match=label):
        charts.figure(charts.fan(OBSERVED, **WORDS), label, "Légende", text)


# ---- Theme ---------------------------------------------------------------------------------------


def variables(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", block))


LIGHT = variables(CSS[: CSS.index("prefers-color-scheme: dark")])
DARK = LIGHT | variables(CSS[CSS.index("prefers-color-scheme: dark") :].split("\n}\n", 1)[0])


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_style_sheet_repeats_the_palette():
    assert {name: LIGHT[name] for name in theme.PALETTE} == theme.PALETTE
    assert set(DARK) == set(LIGHT)
    for name, colour in theme.PALETTE.items():
        for attribute in ("fill", "stroke"):
            rule = f'svg.chart [{attribute}="{colour}"] {{ {attribute}: var(--{name}); }}'
            assert rule in CSS


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(palette):
    paper = palette["paper"]
    for name in ("ink", "text", "observed", "forecast", "accent", "target", "outcome"):
        assert contrast(palette[name], paper) >= 4.5, name
    for name in ("grey", "rule"):
        assert contrast(palette[name], paper) >= 3, name
    for name in ("forecast-50", "forecast-80", "forecast-95"):  # labels stand on the bands
        assert contrast(palette["ink"], palette[name]) >= 4.5, name
    assert contrast(palette["paper"], palette["accent"]) >= 4.5  # ranks in their circles


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_bands_are_told_apart_in_grey(palette):
    bands = [luminance(palette[name]) for name in ("forecast-95", "forecast-80", "forecast-50")]
    assert bands == sorted(bands, reverse=palette is LIGHT)
    for one, other in pairwise(bands):
        assert abs(one - other) > 0.015
    assert contrast(palette["forecast"], palette["paper"]) >= 3  # their edges are drawn with it


def test_ticks_are_round_and_reach_the_top():
    for top in (1, 7, 329, 1_086, 49.2, 0.187, 3_220, 41e6, 200_000 * 1.015):
        ticks = theme.nice_ticks(top)
        assert ticks[0] == 0
        assert ticks[-1] >= top
        assert 4 <= len(ticks) <= 7
        assert ticks[-1] <= top * 1.7


def test_wrap_keeps_within_the_width_and_loses_nothing():
    text = WORDS["title"]
    lines = theme.wrap(text, 300, 17, bold=True)
    assert " ".join(lines) == text
    assert all(theme.text_width(line, 17, bold=True) <= 300 for line in lines)
    assert len(lines) > 1


def test_spread_keeps_order_bounds_and_distance():
    placed = spread([50, 52, 54, 90], [20, 20, 20, 20], 0, 100)
    assert placed == sorted(placed)
    assert all(b - a >= 20 - 1e-6 for a, b in pairwise(placed))
    assert min(placed) >= 10
    assert max(placed) <= 90
    assert spread([10, 60], [20, 20], 0, 100) == [10, 60]


def test_labels_find_free_places():
    crowd = [(60.0, 80.0, "Objectif : 25 M"), (60.0, 72.0, "Objectif : 30 M"), (50.0, 85.0, "20 M")]
    line = [(float(x), 100 - x / 2) for x in range(0, 200, 7)]
    placed = place(crowd, line, 200, 100)
    boxes = [spot.box for spot in placed]
    assert all(one.overlap(other) == 0 for one, other in combinations(boxes, 2))
    assert not any(box.holds(x, y) for box in boxes for x, y in line)

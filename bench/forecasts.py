"""Score the forecasters, on a benchmark directory or on the project's own series.

    python bench/forecasts.py DIR    adoption_series.csv, m1_yearly.csv, rank_panels.csv in DIR
    python bench/forecasts.py        rolling origins on data/raw, then the review's track record

The constants of `bilan.priors` were learnt on a development benchmark; on that one, this script
shows how well they fit, not how well they forecast. `docs/method.md` quotes cross-fitted figures.
"""

import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from bilan import adoption, catalog, editions, programme, ranking, scoring, tables, track
from bilan.facts import Facts
from bilan.notebooks import SERIES
from bilan.standing import Standing

LEVELS = np.array(sorted({*scoring.LEVELS, 0.025, 0.975}))
EVEN = np.isin(LEVELS, scoring.LEVELS)
LARGE = ("internet", "mobile", "broadband")
EU27 = {
    *("Austria", "Belgium", "Bulgaria", "Croatia", "Cyprus", "Czechia", "Denmark", "Estonia"),
    *("Finland", "France", "Germany", "Greece", "Hungary", "Ireland", "Italy", "Latvia"),
    *("Lithuania", "Luxembourg", "Malta", "Netherlands", "Poland", "Portugal", "Romania"),
    *("Slovakia", "Slovenia", "Spain", "Sweden"),
}


def adoption_windows(directory, seed=20, regular=(1, 3), irregular=1):
    """Yield (series, group, dates, values, later dates, outcomes): 5 to 10 points, then up to 3.

    `regular` origins are drawn in each series of a large group and of a small one, `irregular`
    more in large groups, whose inner points are thinned.
    """
    table = pd.read_csv(directory / "adoption_series.csv")
    generator = np.random.default_rng(seed)
    for name, series in table.groupby("series_id", sort=True):
        group = name.split("/")[0]
        dates, values = series.date.to_numpy(), series.value.to_numpy(float)
        last = len(values) - (3 if len(values) >= 10 else 1)
        origins = np.arange(5, last + 1)
        if not len(origins):
            continue
        for origin in generator.permutation(origins)[: regular[group not in LARGE]]:
            points = generator.integers(5, min(10, origin) + 1)
            yield from _window(name, group, dates, values, np.arange(origin - points, origin))
        for _ in range(irregular if group in LARGE and last >= 8 else 0):
            origin = generator.integers(8, last + 1)
            inner = np.arange(max(origin - 16, 0), origin - 1)
            kept = generator.choice(inner, min(generator.integers(4, 10), len(inner)), False)
            kept = np.sort([*kept, origin - 1])
            yield from _window(name, f"{group}~irr", dates, values, kept)


def _window(name, group, dates, values, seen):
    days = pd.to_datetime(dates)
    later = np.arange(seen[-1] + 1, min(seen[-1] + 4, len(values)))
    ahead = (days[later] - days[seen[-1]]).days
    near = (ahead <= (days[seen[-1]] - days[seen[0]]).days) & (
        (ahead <= 1845) | (group == "ustech")
    )
    later = later[near]
    if len(later) and len(np.unique(values[seen])) >= 4:
        yield name, group, list(dates[seen]), values[seen], list(dates[later]), values[later]


def yearly_windows(directory, seed=20, earlier=0):
    """Yield the official split of the M1 yearly series, and earlier origins of the same length."""
    table = pd.read_csv(directory / "m1_yearly.csv")
    generator = np.random.default_rng(seed)
    for name, series in table.groupby("series_id", sort=False):
        dates = np.array([f"{1900 + t:04d}-12-31" for t in series.t])
        values, official = series.value.to_numpy(float), int((series.split == "train").sum())
        others = generator.permutation(np.arange(9, official))[:earlier]
        for origin in (official, *others):
            seen, later = slice(0, origin), slice(origin, origin + 6)
            if np.ptp(values[seen]) > 0:
                yield name, "M1", list(dates[seen]), values[seen], list(dates[later]), values[later]


def benchmark_windows(directory):
    """Name and list the windows of either kind."""
    yield "adoption", list(adoption_windows(directory))
    yield "M1 yearly", list(yearly_windows(directory))


def score_windows(forecasters, parts):
    """Score each forecaster on its part of the windows, and all of them together.

    Scaled CRPS, shares inside 80 % and 95 % (means over groups), milliseconds a series.
    """
    rows, spent = [], 0.0
    pairs = [(f, window) for f, part in zip(forecasters, parts, strict=True) for window in part]
    for forecaster, (_, group, dates, values, later, outcomes) in pairs:
        start = time.process_time()
        forecast = forecaster(dates, values, later, list(LEVELS))
        spent += time.process_time() - start
        scores = scoring.crps(outcomes, forecast[:, EVEN], LEVELS[EVEN])
        for outcome, row, score in zip(outcomes, forecast, scores, strict=True):
            inside = [scoring.coverage([outcome], [row], LEVELS, level) for level in (0.8, 0.95)]
            rows.append([group, score / np.mean(np.abs(np.diff(values))), *inside])
    means = pd.DataFrame(rows, columns=["group", "crps", "80", "95"]).groupby("group").mean().mean()
    return [*means, 1000 * spent / len(pairs)]


def rank_tasks(directory):
    """Yield (panel, years, countries, scores, horizon years, later scores) of the EU27."""
    table = pd.read_csv(directory / "rank_panels.csv")
    facts = pd.read_csv(directory / "rank_panels_meta.csv").set_index("panel")
    for panel, rows in table[table.country.isin(EU27)].groupby("panel"):
        scores = rows.pivot(index="country", columns="year", values="value")
        scores = scores * (1 if facts.higher_is_better[panel] else -1)
        years, step = list(scores.columns), int(facts.spacing_years[panel])
        seen = 3 if step > 1 else min(6, len(years) - 1)
        for i in range(seen, len(years)):
            past, later = years[i - seen : i], years[i : i + 3]
            complete = scores[past + later].dropna()
            if len(complete) >= 20:
                known, future = complete[past].to_numpy(), complete[later].to_numpy()
                yield panel, past, list(complete.index), known, later, future


def random_walk_ranks(years, countries, scores, horizon_years):
    """Reference: independent random walks, variance half own and half pooled."""
    steps = np.diff(scores, axis=1)
    own = np.mean(steps**2, axis=1)
    variance = np.maximum((own + own.mean()) / 2, 1e-6 * scores.var())
    ahead = (np.array(horizon_years) - years[-1]) / np.median(np.diff(years))
    noise = np.random.default_rng(0).standard_normal((2000, len(countries)))
    result = []
    for time_ahead in ahead:
        held = ranking.ranks(scores[:, -1] + np.sqrt(variance * time_ahead) * noise).astype(int)
        result.append([np.bincount(h - 1, minlength=len(countries)) / 2000 for h in held.T])
    return np.array(result)


def score_ranks(forecaster, tasks):
    """Mean RPS and share of randomised PIT inside 0.1–0.9 of each panel, milliseconds a task."""
    rows, spent = [], 0.0
    generator = np.random.default_rng(0)
    for panel, years, countries, scores, later, future in tasks:
        start = time.process_time()
        chances = forecaster(years, countries, scores, later)
        spent += time.process_time() - start
        for h in range(len(later)):
            held = ranking.ranks(future[:, h]).astype(int)
            pit = scoring.rank_pit(chances[h], held, generator.random(len(held)))
            inside = np.mean((pit >= 0.1) & (pit <= 0.9))
            rows.append([panel, scoring.rps(chances[h], held).mean(), inside])
    by_panel = pd.DataFrame(rows, columns=["panel", "rps", "pit"]).groupby("panel").mean()
    return by_panel, 1000 * spent / len(tasks)


def benchmark(directory):
    """Print the table of wanted measures."""
    for title, windows in benchmark_windows(directory):
        ours, drift = (score_windows([f], [windows]) for f in (adoption.forecast, scoring.drift))
        print(f"{title}, {len(windows)} series")
        print(f"  scaled CRPS {ours[0]:.3f}, drift {drift[0]:.3f}, ratio {ours[0] / drift[0]:.3f}")
        print(f"  inside 80 % / 95 %: {ours[1]:.1%} / {ours[2]:.1%}")
        print(f"  {ours[3]:.1f} ms a series")
    tasks = list(rank_tasks(directory))
    ours, spent = score_ranks(ranking.rank_probabilities, tasks)
    print(f"ranks EU27, {len(tasks)} panels and origins")
    print_ranks(ours, score_ranks(random_walk_ranks, tasks)[0])
    print(f"  {spent:.1f} ms a panel")


def print_ranks(ours, walk):
    """Print scores by panel as means over panels, beside the random walk's."""
    ours, walk = ours.mean(), walk.mean()
    print(f"  100 x RPS {100 * ours.rps:.2f}, random walk {100 * walk.rps:.2f}, ", end="")
    print(f"ratio {ours.rps / walk.rps:.3f}")
    print(f"  randomised PIT inside 0.1-0.9: {ours.pit:.1%}, random walk {walk.pit:.1%}")


def back_tests(series):
    """Print rolling-origin scores of named counts: a name, dates, values, and what bounds them."""
    played, short = [], []
    for name, dates, values, limits in series:
        if len(dates) <= 5:
            short.append(f"{name} ({len(dates)})")
            continue
        forecaster = partial(adoption.forecast, **limits)
        played.append(scoring.rolling_origin(forecaster, dates, values).assign(series=name))
    groups = pd.concat(played).groupby(["series", "forecaster"], sort=False)
    means = groups[["scaled_crps", "inside_80", "inside_95"]].mean()
    show("Rolling origins, next three figures", means.join(groups.size().rename("forecasts")))
    print(f"Too few figures to play again: {', '.join(short) or 'none'}\n")


def own_series(raw):
    """Yield the modelled counts, then every other series with more than five figures.

    Figures are those that a model may use, exact or rounded: a bound has no score.
    """
    observed, about = raw["observations"], raw["indicators"].set_index("indicator")
    for name in [*SERIES, *(n for n in about.index if n not in SERIES)]:
        figures = programme.series(observed, name)
        figures = figures[figures["qualifier"].isin(["exact", "about"])]
        if name in SERIES or len(figures) > 5:
            ceiling = about.at[name, "ceiling"]
            limits = {
                "cumulative": bool(about.at[name, "cumulative"]),
                "ceiling": np.inf if pd.isna(ceiling) else ceiling,
            }
            yield name, list(figures["date"].dt.date), list(figures["value"]), limits


def own_panels():
    """Yield the review's panels: a name, years, countries, scores; DESI by each of its methods.

    Countries with a score in every year only: the random walk asks for no less.
    """
    last = editions.editions()[-1].id
    for index, edition in (("desi", "2020"), ("desi", last), ("egdi", last), ("egov", last)):
        standing = Standing(Facts(editions.edition(edition), "en"), index, "FR")
        panel = standing.panel.dropna()
        name = f"{standing.index_name} (edition {edition})"
        yield name, [int(y) for y in panel.columns], list(panel.index), panel.to_numpy()


def rank_back_tests(panels):
    """Print rolling-origin scores of named panels."""
    rows = []
    for name, *panel in panels:
        ours, walk = (scoring.rolling_ranks(f, *panel) for f in (_ours, _walk))
        inside = [float(t["pit"].between(0.1, 0.9).mean()) for t in (ours, walk)]
        errors = [100 * e.mean() for e in (ours["rps"], walk["rps"], ours["rps_no_change"])]
        rows.append([name, len(ours), *errors, *inside])
    columns = ["panel", "ranks", "rps", "rps_walk", "rps_no_change", "inside_80", "walk_inside_80"]
    title = "Rolling origins of ranks, three years seen, next three (100 x RPS)"
    show(title, pd.DataFrame(rows, columns=columns).set_index("panel"))


def _ours(years, countries, scores, later, seed):
    return ranking.rank_probabilities(years, countries, scores, later, seed=seed)


def _walk(years, countries, scores, later, seed):
    return random_walk_ranks(years, countries, scores, later)


def track_record():
    """Print how every past forecast turned out, as the last edition knows it."""
    last = editions.editions()[-1].id
    counts, goals, places = (
        tables.read(last, name) for name in ("track_record", "track_targets", "track_ranks")
    )
    print(f"Track record, as the edition {last} knows it\n")
    show("Counts, by edition", track.summary(counts).set_index(["edition", "subject"]))
    everything = track.summary(counts.assign(edition="all")).set_index(["edition", "subject"])
    show("Counts, all editions", everything)
    goals = goals.assign(date=goals["date"].dt.date).set_index(["edition", "target"])
    show("Chances of targets", goals.drop(columns="subject"))
    brier = goals.groupby("subject")["brier"].agg(["size", "mean"])
    show(f"Brier score by count; all: {goals['brier'].mean():.3f}", brier)
    inside = places["outcome"].between(places["low"], places["high"])
    by = places.assign(inside_80=inside, year=places["date"].dt.year)
    scores = by.groupby(["edition", "subject", "year"]).agg(
        countries=("country", "size"),
        inside_80=("inside_80", "mean"),
        rps=("rps", "mean"),
        rps_no_change=("rps_no_change", "mean"),
    )
    show("Ranks of all member states, by edition", scores)


def show(title, table):
    """Print a table under its title."""
    print(title)
    print(table.round(3).to_string() if len(table) else "  nothing to score yet")
    print()


def own_data():
    """Print what the forecasters do on the project's own data."""
    raw = catalog.load(editions.project_root() / "data/raw")
    back_tests(own_series(catalog.correct(raw)))
    if missing := [e.id for e in editions.editions() if not processed(e.id)]:
        sys.exit(f"Edition {missing[0]} is not made: run `make review` first for its record")
    rank_back_tests(own_panels())
    track_record()


def processed(edition):
    """Say whether an edition's tables are there."""
    return (editions.processed(edition) / "track_ranks.parquet").exists()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        benchmark(Path(sys.argv[1]))
    else:
        own_data()

"""Where labels stand: in a column without covering each other, or free among lines and points."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from bilan.charts.theme import LABEL_SIZE, LINE, text_width

GAP = 11  # between a point and its label
STEP = LABEL_SIZE * LINE


def spread(wanted: Sequence[float], sizes: Sequence[float], low: float, high: float) -> list[float]:
    """Move labels apart as little as needed so that none covers another.

    Parameters
    ----------
    wanted
        Where the middle of each label would best stand.
    sizes
        The height of each label.
    low, high
        Between which the labels shall stay, if there is room for all.

    Returns
    -------
    list of float
        The middles, in the order of `wanted`.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    # Runs of labels that touch: each run stands where the mean of its wishes puts it.
    runs: list[list[int]] = []
    for i in order:
        runs.append([i])
        while len(runs) > 1 and _end(runs[-2], wanted, sizes) > _start(runs[-1], wanted, sizes):
            runs[-2:] = [runs[-2] + runs[-1]]
    placed = [0.0] * len(wanted)
    for run in runs:
        edge = _start(run, wanted, sizes)
        for i in run:
            placed[i] = edge + sizes[i] / 2
            edge += sizes[i]
    _keep(order, placed, sizes, low, high)
    return placed


def _start(run: list[int], wanted: Sequence[float], sizes: Sequence[float]) -> float:
    before, starts = 0.0, []
    for i in run:
        starts.append(wanted[i] - sizes[i] / 2 - before)
        before += sizes[i]
    return sum(starts) / len(starts)


def _end(run: list[int], wanted: Sequence[float], sizes: Sequence[float]) -> float:
    return _start(run, wanted, sizes) + sum(sizes[i] for i in run)


def _keep(order: list[int], placed: list[float], sizes, low: float, high: float) -> None:
    """Push labels back between the bounds, from the bottom up, then from the top down."""
    edge = high
    for i in reversed(order):
        placed[i] = min(placed[i], edge - sizes[i] / 2)
        edge = placed[i] - sizes[i] / 2
    edge = low
    for i in order:
        placed[i] = max(placed[i], edge + sizes[i] / 2)
        edge = placed[i] + sizes[i] / 2


@dataclass(frozen=True)
class Box:
    """A rectangle of the plot, in pixels from its top left corner."""

    left: float
    top: float
    width: float
    height: float

    def overlap(self, other: "Box") -> float:
        """Return the area that two boxes share."""
        wide = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        high = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        return max(wide, 0) * max(high, 0)

    def holds(self, x: float, y: float) -> bool:
        """Tell whether a point lies inside."""
        return self.left <= x <= self.left + self.width and self.top <= y <= self.top + self.height


@dataclass(frozen=True)
class Placed:
    """A label in its place."""

    box: Box
    align: str  # "left", "center" or "right"
    led: bool  # whether a line must lead from the point to it

    @property
    def x(self) -> float:
        """Return where the text is anchored."""
        return self.box.left + {"left": 0, "center": 0.5, "right": 1}[self.align] * self.box.width

    @property
    def first_line(self) -> float:
        """Return the middle of the first line of text."""
        return self.box.top + STEP / 2


def place(
    anchors: Sequence[tuple[float, float, str]],
    obstacles: Iterable[tuple[float, float]],
    width: float,
    height: float,
) -> list[Placed]:
    """Find a free place near its point for every label.

    Parameters
    ----------
    anchors
        The points (x, y, in pixels) and their words; earlier ones choose first.
    obstacles
        Points that labels shall not cover: data, and lines as rows of points.
    width, height
        Size of the plot.
    """
    obstacles = list(obstacles)
    taken = [Box(x - 8, y - 8, 16, 16) for x, y, _ in anchors]
    placed: list[Placed] = []
    for x, y, words in anchors:
        lines = words.split("\n")
        wide = max(text_width(line, bold=True) for line in lines)
        high = STEP * len(lines)
        best = min(
            _candidates(x, y, wide, high),
            key=lambda choice: _cost(choice, taken, obstacles, width, height),
        )
        placed.append(best[0])
        taken.append(best[0].box)
    return placed


def _candidates(x: float, y: float, wide: float, high: float) -> list[tuple[Placed, float]]:
    """Return places around a point with what each costs by itself: far is dear."""
    found = [
        (Placed(Box(x - GAP - wide, y - high / 2, wide, high), "right", False), 0.0),
        (Placed(Box(x + GAP, y - high / 2, wide, high), "left", False), 1.0),
    ]
    shifts = ((-GAP - wide, "right"), (-wide / 2, "center"), (GAP, "left"))
    for away, (shift, align) in product((4, 22, 42, 62, 84, 108, 134), shifts):
        led = away > 12
        for top, extra in ((y - GAP - away - high + 4, 0), (y + GAP + away - 4, 3)):
            box = Box(x + shift, top, wide, high)
            found.append((Placed(box, align, led), 2 + away * 0.6 + extra))
    return found


def _cost(choice, taken, obstacles, width: float, height: float) -> float:
    placed, cost = choice
    box = placed.box
    cost += sum(box.overlap(other) for other in taken) * 2
    padded = Box(box.left - 3, box.top - 1, box.width + 6, box.height + 2)
    cost += 12 * sum(padded.holds(x, y) for x, y in obstacles)
    outside = max(-box.left, 0) + max(box.left + box.width - width, 0)
    outside += max(-2 - box.top, 0) + max(box.top + box.height - height + 2, 0)
    return cost + outside * 50

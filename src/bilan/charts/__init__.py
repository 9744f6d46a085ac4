"""One chart a function, one theme, and the class that shows a chart in a notebook.

The functions take tidy tables and words already chosen; they hold no data logic.
"""

from bilan.charts import miniature
from bilan.charts.display import Figure, Miniature, figure, to_svg
from bilan.charts.fans import curves, fan, small_fan
from bilan.charts.lines import series
from bilan.charts.programme import measurement_vs_claim, progress, timeline
from bilan.charts.ranking import dot_plot, rank_distribution, rank_history

__all__ = [
    "Figure",
    "Miniature",
    "curves",
    "dot_plot",
    "fan",
    "figure",
    "measurement_vs_claim",
    "miniature",
    "progress",
    "rank_distribution",
    "rank_history",
    "series",
    "small_fan",
    "timeline",
    "to_svg",
]

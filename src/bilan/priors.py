"""What short series do in general: constants learnt across series.

Learnt by `bench/learn.py` on 2 650 windows of 387 published adoption series (internet, mobile and
broadband subscribers by country, household technologies in the United States, social networks,
vaccinations) and 702 windows of the 181 yearly series of the M1 competition (Makridakis et al.
1982, https://doi.org/10.1002/for.3980010202). No series of the review is among them.
`docs/method.md` quotes what constants learnt on one half of the series score on the other.
"""

VOTES = {
    "no change": -0.2008,
    "linear": 0.1103,
    "recent": 0.1409,
    "exponential": 0.235,
    "slowing": -0.1194,
    "logistic": -0.0695,
    "Gompertz": -0.0963,
}
"""Log-weight of each candidate before the series has shown anything itself."""

TRUST = 0.8535
"""How much the past mistakes of a candidate on the series count against it."""

MOMENTUM = 1.1
"""Multiplier of the combined growth; the mean of all candidates is timid."""

REVERSION = (-0.124, 0.3231, -0.3069)
"""Share of the last surprise taken back: constant, by log points, by steadiness."""

VARIANCES = (0.4705, 0.1027, 0.5462, 0.2942, 0.0203)
"""Variance per noise, mean step, discord of the candidates, past mistakes, growth."""

SPREAD = (0.1433, 0.038)
"""Extra exponents of the spread: time in mean gaps, time in visible spans."""

SKEW = (0.3386, 0.1207, 0.0677)
"""Lean of the spread towards growth: constant, by log gaps, by log spans."""

WIDTH = 0.413
"""Scale of the error law, set by the 80 % interval of series not learnt from."""

TAIL = 1.9768
"""Weight of its tails (1: normal), set by the 95 % interval of series not learnt from."""

"""What short series do in general: constants learnt across series.

Learnt on 2 702 windows of 387 published adoption series (internet, mobile and broadband subscribers
by country, household technologies in the United States, social networks, vaccinations) and 702
windows of the 181 yearly series of the M1 competition (Makridakis et al. 1982,
https://doi.org/10.1002/for.3980010202). No series of the review is among them. `docs/method.md`
says how they were learnt and what constants learnt on one half of the series score on the other.
"""

VOTES = {
    "no change": -0.2052,
    "linear": 0.0757,
    "recent": 0.0842,
    "exponential": 0.2649,
    "slowing": -0.1069,
    "logistic": -0.0526,
    "Gompertz": -0.0601,
}
"""Log-weight of each candidate before the series has shown anything itself."""

TRUST = 0.7914
"""How much the past mistakes of a candidate on the series count against it."""

MOMENTUM = 1.0897
"""Share of the combined growth that arrives; the mean of all candidates is timid."""

REVERSION = (-0.0878, 0.244, -0.3372)
"""Share of the last surprise taken back: constant, by log points, by steadiness."""

VARIANCES = (0.4834, 0.1006, 0.5349, 0.3027, 0.0199)
"""Variance per noise, mean step, discord of the candidates, past mistakes, growth."""

SPREAD = (0.093, 0.0993)
"""Extra exponents of the spread: time in mean gaps, time in visible spans."""

SKEW = (0.3567, 0.1071, 0.0928)
"""Lean of the spread towards growth: constant, by log gaps, by log spans."""

WIDTH = 0.4827
"""Scale of the error law, set by the 80 % interval of series not learnt from."""

TAIL = 1.9073
"""Weight of its tails (1: normal), set by the 95 % interval of series not learnt from."""

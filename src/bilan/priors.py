"""What short adoption series do in general: constants learnt across series.

Learnt on 2 702 windows of 387 published adoption series (internet, mobile and broadband subscribers
by country, household technologies in the United States, social networks, vaccinations) and 702
windows of the 181 yearly series of the M1 competition (Makridakis et al. 1982,
https://doi.org/10.1002/for.3980010202). `docs/method.md` says how. No series of the review is among
them, and the figures quoted in `docs/method.md` come from constants learnt on the other half of the
series.

A row of eight multiplies `Traits.vector`; a row of ten continues with the logarithms of the horizon
in mean gaps and in visible spans.
"""

import numpy as np

VOTES = {
    "no change": [-0.0786, -0.0267, -0.0203, -0.0113, -0.0121, 0.0432, -0.0153, -0.0195],
    "linear": [0.0224, 0.021, -0.0072, -0.0039, -0.0057, 0.0007, -0.0087, 0.0046],
    "recent": [0.0348, -0.0061, 0.0281, 0.011, 0.0059, -0.0381, 0.0196, 0.0271],
    "exponential": [0.089, 0.0332, 0.0194, 0.0012, 0.0131, -0.0378, 0.0239, -0.0218],
    "slowing": [-0.0465, -0.0108, -0.0135, -0.0013, -0.0112, 0.0241, -0.016, -0.0072],
    "logistic": [-0.0083, -0.0092, -0.0022, 0.0031, 0.0074, 0.0043, -0.0006, 0.007],
    "Gompertz": [-0.0128, -0.0015, -0.0043, 0.0013, 0.0026, 0.0036, -0.003, 0.0098],
}
"""Before a series has shown anything itself, the log-weight of each candidate."""

TRUST = 0.9082
"""How much a candidate's past mistakes on the series itself count against it."""

DAMPING = np.array(
    [1.2549, 0.0399, 0.0291, 0.0212, 0.0237, -0.0851, 0.0436, 0.008, 0.2261, -0.1203]
)
"""Log-odds of the share of the promised growth that arrives."""

REVERSION = np.array([-0.0552, 0.1375, -0.1207, 0.0039, -0.0728, 0.1528, -0.0738, -0.0482])
"""Share of the last surprise that is taken back."""

VARIANCES = np.array([0.4964, 0.1, 0.5175, 0.3014, 0.02])
"""Variance per: noise, mean step, disagreement of candidates, past mistakes, growth itself."""

SPREAD = np.array(
    [0.0656, -0.0185, 0.0404, -0.0617, -0.0065, 0.0034, 0.1082, -0.1228, 0.1466, 0.0548]
)
"""Log-multiplier of the spread."""

SKEW = np.array(
    [0.159, -0.0964, 0.1364, -0.0668, 0.0679, -0.0739, 0.2011, -0.0187, 0.1933, -0.0035]
)
"""Log-ratio by which the spread leans in the direction of growth."""

WIDTH = 0.4106
"""Scale of the error law, from the 80 % interval of series not fitted."""

TAIL = 1.9009
"""Weight of its tails (1: normal), from the 95 % interval of series not fitted."""

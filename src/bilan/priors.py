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
    "no change": [-0.0787, -0.0268, -0.0203, -0.0113, -0.0121, 0.0433, -0.0153, -0.0196],
    "linear": [0.0224, 0.021, -0.0072, -0.0038, -0.0057, 0.0009, -0.0087, 0.0046],
    "recent": [0.0349, -0.0061, 0.0281, 0.0111, 0.0061, -0.0381, 0.0197, 0.0271],
    "exponential": [0.0894, 0.0332, 0.0195, 0.0013, 0.0131, -0.0381, 0.0239, -0.0219],
    "slowing": [-0.0466, -0.0108, -0.0135, -0.0014, -0.0112, 0.0242, -0.016, -0.0072],
    "logistic": [-0.0085, -0.0091, -0.0023, 0.003, 0.0073, 0.0042, -0.0006, 0.0071],
    "Gompertz": [-0.013, -0.0014, -0.0043, 0.0012, 0.0025, 0.0035, -0.003, 0.0098],
}
"""Before a series has shown anything itself, the log-weight of each candidate."""

TRUST = 0.908
"""How much a candidate's past mistakes on the series itself count against it."""

DAMPING = np.array([1.2547, 0.0399, 0.0291, 0.0212, 0.0237, -0.0852, 0.0436, 0.008, 0.226, -0.1199])
"""Log-odds of the share of the promised growth that arrives."""

REVERSION = np.array([-0.0549, 0.1374, -0.1207, 0.0042, -0.0727, 0.1531, -0.0736, -0.0483])
"""Share of the last surprise that is taken back."""

VARIANCES = np.array([0.4965, 0.1, 0.5176, 0.3013, 0.02])
"""Variance per: noise, mean step, disagreement of candidates, past mistakes, growth itself."""

SPREAD = np.array(
    [0.0657, -0.0189, 0.0405, -0.062, -0.0055, 0.0038, 0.1082, -0.1231, 0.146, 0.0545]
)
"""Log-multiplier of the spread."""

SKEW = np.array([0.1592, -0.0971, 0.1363, -0.0666, 0.069, -0.0739, 0.201, -0.0189, 0.1926, -0.0038])
"""Log-ratio by which the spread leans in the direction of growth."""

WIDTH = 0.4119
"""Scale of the error law, from the 80 % interval of series not fitted."""

TAIL = 1.8991
"""Weight of its tails (1: normal), from the 95 % interval of series not fitted."""

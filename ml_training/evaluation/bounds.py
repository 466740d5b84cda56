"""The bounds between the rungs of the verdict ladder, each with its source."""

MIN_EFFECTIVE = 700.0
"""Effective out-of-sample setups below which no verdict is given: the AUC of a model
that knows nothing then strays by 0.65 / sqrt(700) = 0.025, half of a real edge."""

LEAK_AUC = 0.60
"""Real candles with ordinary rules give 0.50 to 0.55 out of sample (measured, design
notes); more is a look into the future until proven otherwise."""

LEAK_AUC_LOW = 0.55
"""The alarm also needs the whole interval above what honest models reach, so that luck
on few setups raises none; from 700 effective setups on this changes nothing."""

MAX_P = 0.025
"""Of the ranking, one-sided, after deflation. Chosen: half of the 5 % that may be
claimed on noise, as p-values pass half as often again as they say where only the
ranking can tell. Measured on noise and on planted edges in docs/evaluation.md."""

LUCK_SIGMAS = 1.96
"""A stable edge also stands this many standard deviations of luck above 0.5: 2.5 %,
counted with the effective number of setups instead of their order in time."""

STABLE_P = 0.005
"""Of a stable edge (Benjamin et al. 2018, Redefine statistical significance)."""

MIN_TAKEN = 30
"""Taken test setups below which their mean result is no evidence; chosen: the usual
rule of thumb for a mean of skewed values."""

STABLE_SIGMAS = 3.0
"""Distance of the AUC from 0.5 that settles an edge, in its own standard deviations."""

STABLE_SHARE = 0.8
"""Of the steps of the walk-forward that must rank, and pay; chosen: four of five."""

STABLE_SHARPE = 0.95
"""Deflated Sharpe ratio of a stable edge; the level its authors use."""

MAX_OVERFITTING = 0.5
"""Probability of overfitting from which on choosing is no better than luck."""

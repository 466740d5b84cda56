"""Bounds of a rules document: generous for people, tight enough for a shared server."""

VERSION = 1
"""The only version of the grammar so far."""

MOST_CHARACTERS = 200_000
"""Longest JSON text read; chosen: fifty conditions take about 10,000."""

MOST_DEPTH = 6
"""Groups inside groups, and expressions inside expressions."""

MOST_CONDITIONS = 50
"""Conditions per side."""

MOST_MEMBERS = 50
"""Members of one group."""

MOST_TERMS = 8
"""Operands of one expression; chosen: longer sums are not readable."""

MOST_NODES = 2_000
"""Parts read before a document is given up; chosen: 2 x 50 conditions of 20 parts."""

LARGEST_NUMBER = 1e12
"""Largest plain number either way; chosen: above any price, volume or count."""

MOST_SHIFT = 500
"""Bars an operand may look back; chosen: two years of days."""

MOST_BARS = 5_000
"""Window of an operator; chosen: 3 1/2 days of minutes, 20 years of days."""

MOST_HOLDING_BARS = 10_000
"""Longest time limit; chosen: a week of minutes."""

MOST_COOLDOWN_BARS = 10_000
"""Longest pause between setups; chosen: as the time limit."""

MOST_ATR = 100.0
"""Largest barrier in ATR; chosen: never reached by a price before the time limit."""

MOST_PERCENT = 99.0
"""Largest barrier in percent: a long position cannot lose more than all."""

MOST_PIPS = 1e6
"""Largest barrier in pips; chosen: bitcoin at 10,000 dollars with a pip of a cent."""

MOST_R = 100.0
"""Largest target in R; chosen: as the ATR."""

SMALLEST_DISTANCE = 0.001
"""Smallest barrier in any unit: at a distance of zero there is no R."""

MOST_SPREAD_PIPS = 1e5
"""Largest explicit spread; chosen: a tenth of the largest barrier."""

MOST_COMMISSION_BPS = 1_000.0
"""Largest explicit commission: ten percent."""

ATR_LENGTH = 14
"""Default ATR of the exits: Wilder (1978), New Concepts in Technical Trading."""

LONGEST_ATR_LENGTH = 500
"""Longest ATR of the exits; chosen: as the longest shift."""

"""What the presets say in plain English, and that their mirrors say the opposite."""

import pytest

from ml_training.data.presets import PRESETS
from ml_training.data.rules import describe_rules, parse_rules

WORDS = {
    "rsi_return": """
Buy when RSI 14 crosses above 30
Sell short when RSI 14 crosses below 70
""",
    "rsi_pullback": """
Buy when all of these hold:
  - close above EMA 200
  - RSI 14 crosses above 40
Sell short when all of these hold:
  - close below EMA 200
  - RSI 14 crosses below 60
""",
    "bollinger_reversion": """
Buy when close crosses above lower Bollinger band 20
Sell short when close crosses below upper Bollinger band 20
""",
    "ema_cross": """
Buy when EMA 20 crosses above EMA 50
Sell short when EMA 20 crosses below EMA 50
""",
    "macd_cross": """
Buy when all of these hold:
  - MACD 12 26 9 crosses above MACD 12 26 9 signal
  - MACD 12 26 9 below 0
Sell short when all of these hold:
  - MACD 12 26 9 crosses below MACD 12 26 9 signal
  - MACD 12 26 9 above 0
""",
    "supertrend_flip": """
Buy when Supertrend 10 turns bullish
Sell short when Supertrend 10 turns bearish
""",
    "adx_trend": """
Buy when all of these hold:
  - ADX 14 above 25
  - +DI 14 above -DI 14
  - close crosses above EMA 20
Sell short when all of these hold:
  - ADX 14 above 25
  - -DI 14 above +DI 14
  - close crosses below EMA 20
""",
    "donchian_break": """
Buy when close crosses above upper Donchian line 20 (1 bar ago)
Sell short when close crosses below lower Donchian line 20 (1 bar ago)
""",
    "bollinger_break": """
Buy when all of these hold:
  - close crosses above upper Bollinger band 20
  - within the last 10 bars: ATR 10 over ATR 100 below 1
Sell short when all of these hold:
  - close crosses below lower Bollinger band 20
  - within the last 10 bars: ATR 10 over ATR 100 below 1
""",
    "opening_range_break": """
Buy when close crosses above high of the London opening range
Sell short when close crosses below low of the London opening range
""",
    "inside_bar": """
Buy when all of these hold:
  - slope of EMA 50 above 0
  - inside bar (1 bar ago)
  - distance from EMA 20 in ATR (1 bar ago) between -1 and 1
  - close above high (1 bar ago)
Sell short when all of these hold:
  - slope of EMA 50 below 0
  - inside bar (1 bar ago)
  - distance from EMA 20 in ATR (1 bar ago) between -1 and 1
  - close below low (1 bar ago)
""",
    "engulfing": """
Buy when all of these hold:
  - slope of EMA 50 above 0
  - bullish engulfing
  - low at or below EMA 20
  - close above EMA 20
Sell short when all of these hold:
  - slope of EMA 50 below 0
  - bearish engulfing
  - high at or above EMA 20
  - close below EMA 20
""",
    "tce": """
Buy when all of these hold:
  - slope of SMA 50 above 0
  - slope of SMA 200 above 0
  - deepest retracement of the swing up (min atr 3) between 0.382 and 0.618
  - within the last 3 bars: any of these holds:
    - bullish retest of SMA 18
    - bullish retest of SMA 50
    - bullish retest of SMA 200
  - any of these holds:
    - bullish pin bar
    - bullish engulfing
    - bullish morning star
    - bullish tweezer
Sell short when all of these hold:
  - slope of SMA 50 below 0
  - slope of SMA 200 below 0
  - deepest retracement of the swing down (min atr 3) between 0.382 and 0.618
  - within the last 3 bars: any of these holds:
    - bearish retest of SMA 18
    - bearish retest of SMA 50
    - bearish retest of SMA 200
  - any of these holds:
    - bearish pin bar
    - bearish engulfing
    - bearish evening star
    - bearish tweezer
""",
}
EXITS = {
    "tce": """
Take profit at 2 times the risk
Stop loss 0.5 ATR 14 beyond 0.618 retracement of the swing up (min atr 3) \
(short: 0.618 retracement of the swing down (min atr 3))
Leave after 48 bars at the latest
""",
    "others": """
Take profit 2 ATR 14 from the entry
Stop loss 1 ATR 14 from the entry
Leave after 48 bars at the latest
""",
}


@pytest.mark.parametrize("key", PRESETS)
def test_preset_is_said_in_plain_english(key):
    lines = describe_rules(parse_rules(PRESETS[key].document))
    exit_ = EXITS.get(key, EXITS["others"])
    said = (WORDS[key].strip() + exit_).splitlines()
    assert lines[: len(said)] == said


def test_session_of_the_opening_range_is_said():
    lines = describe_rules(parse_rules(PRESETS["opening_range_break"].document))
    assert "Only bars that open in the London session" in lines

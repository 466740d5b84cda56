"""What a price step is, when it trades and what a trade costs, on each market."""

import re
from dataclasses import dataclass

import numpy as np

from ml_training.data.calendars import find_calendar
from ml_training.data.candles import Candles
from ml_training.errors import DataError

# fmt: off
CURRENCIES = frozenset({
    "AUD", "BRL", "CAD", "CHF", "CNH", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR",
    "JPY", "KRW", "MXN", "NOK", "NZD", "PLN", "RON", "RUB", "SEK", "SGD", "THB", "TRY", "TWD",
    "USD", "ZAR",
})
# Quoted in hundreds or thousands: one pip is a hundredth.
LOW_CURRENCIES = frozenset({"HUF", "INR", "JPY", "KRW", "RUB", "THB"})
MAJORS = frozenset({
    "AUDUSD", "EURGBP", "EURJPY", "EURUSD", "GBPUSD", "NZDUSD", "USDCAD", "USDCHF", "USDJPY",
})
COINS = frozenset({
    "ADA", "AVAX", "BCH", "BNB", "BTC", "DOGE", "DOT", "ETH", "LINK", "LTC", "SOL", "TRX", "XBT",
    "XRP",
})
STABLE_COINS = ("USDT", "USDC")
COIN_QUOTES = (*STABLE_COINS, "BUSD", "FDUSD", "USD", "EUR", "BTC", "ETH")
SUFFIX = r"(?:USD|EUR|CASH|M|C)?"  # brokers' additions
# Metals are quoted in a currency, and brokers add to that: XAUUSDm, XAUEUR.pro.
METAL_SUFFIX = r"(?:USD|EUR|GBP|AUD|CHF|JPY)?(?:CASH|PRO|ECN|RAW|M|C|R|I)?"
# Pattern, asset class, pip, digits, calendar, usual spread in pips.
FUTURES = (
    (rf"(?:XAU|GOLD){METAL_SUFFIX}", "metal", 0.1, 2, "metals", 3.0),
    (rf"(?:XAG|SILVER){METAL_SUFFIX}", "metal", 0.01, 3, "metals", 3.0),
    (rf"(?:XPT|XPD|PLATINUM|PALLADIUM){METAL_SUFFIX}", "metal", 0.1, 2, "metals", 20.0),
    (rf"(?:US|UK)OIL{SUFFIX}|(?:WTI|BRENT|XTI|XBR){SUFFIX}", "energy", 0.01, 2, "index", 4.0),
    (rf"(?:US(?:30|100|500|2000)|SPX|SPX500|NAS100|NDX){SUFFIX}", "index", 1.0, 1, "index", 1.0),
    (rf"(?:GER[34]0|DE[34]0|DAX|UK100|FRA40|EU50|STOXX50){SUFFIX}", "index", 1.0, 1, "index", 1.5),
    (rf"(?:JP225|JPN225|HK50|AUS200){SUFFIX}", "index", 1.0, 1, "index", 8.0),
)
# fmt: on
# Usual spreads in quiet hours and commissions of one side (chosen: round figures in the
# middle of what large retail brokers and exchanges publish; users correct them).
MAJOR_SPREAD_PIPS, CROSS_SPREAD_PIPS = 1.0, 2.5
CRYPTO_COMMISSION_BPS, EQUITY_COMMISSION_BPS = 10.0, 1.0
CRYPTO_DIGITS = 2
MOST_DIGITS = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class InstrumentSpec:
    """Describe one traded instrument.

    Parameters
    ----------
    symbol : str
        Name, upper case.
    asset_class : str
        fx, metal, energy, index, crypto, equity or synthetic.
    pip : float
        The step that traders count in, in price units.
    digits : int
        Digits behind the point in quotes.
    calendar : str
        Key of `ml_training.data.calendars.CALENDARS`.
    spread_pips : float
        Usual distance of bid and ask.
    commission_bps : float
        Commission of one side in basis points of the price.

    Raises
    ------
    DataError
        If the pip is not positive, a cost is negative or the calendar is not known.
    """

    symbol: str
    asset_class: str
    pip: float
    digits: int
    calendar: str
    spread_pips: float
    commission_bps: float = 0.0

    def __post_init__(self) -> None:
        if not (np.isfinite(self.pip) and self.pip > 0.0):
            raise DataError(f"the pip of {self.symbol} must be above 0, got {self.pip}")
        if not 0 <= self.digits <= MOST_DIGITS:
            raise DataError(
                f"the digits of {self.symbol} must be 0 to {MOST_DIGITS}, got {self.digits}"
            )
        for name in ("spread_pips", "commission_bps"):
            cost = getattr(self, name)
            if not (np.isfinite(cost) and cost >= 0.0):
                raise DataError(f"{name} of {self.symbol} must be 0 or more, got {cost}")
        find_calendar(self.calendar)

    @property
    def spread(self) -> float:
        """Return the spread in price units."""
        return self.spread_pips * self.pip


def guess_instrument(symbol: str, candles: Candles | None = None) -> InstrumentSpec:
    """Guess an instrument's conventions from its name and, where it helps, its prices.

    Parameters
    ----------
    symbol : str
        Such as EURUSD, XAUUSD, BTCUSDT, US500, SPY; suffixes of brokers (EURUSD.m) and
        separators (EUR/USD) are fine.
    candles : Candles, optional
        Bars to read the digits from when the name does not settle them.

    Returns
    -------
    InstrumentSpec
        A starting point that the user may correct; an equity when nothing else fits.

    Examples
    --------
    >>> guess_instrument("EUR/USD").pip, guess_instrument("USDJPY").pip
    (0.0001, 0.01)
    """
    name = symbol.strip().upper()
    core = re.sub(r"[^A-Z0-9]", "", name)
    is_pair = core[:3] in CURRENCIES and core[3:6] in CURRENCIES
    if is_pair and not core.endswith(STABLE_COINS):
        return _guess_currency_pair(name, core[:6])
    for pattern, asset_class, pip, digits, calendar, spread_pips in FUTURES:
        if re.fullmatch(pattern, core):
            return _spec(name, asset_class, pip, digits, calendar, spread_pips)
    if _is_crypto(core):
        digits = price_digits(candles) if candles is not None and len(candles) else CRYPTO_DIGITS
        pip = float(f"1e-{digits}")
        return _spec(name, "crypto", pip, digits, "crypto_24x7", 1.0, CRYPTO_COMMISSION_BPS)
    return _spec(name, "equity", 0.01, 2, "us_equity", 1.0, EQUITY_COMMISSION_BPS)


def price_digits(candles: Candles, most: int = 8) -> int:
    """Count the digits behind the point that the close prices use.

    Parameters
    ----------
    candles : Candles
        Bars to look at.
    most : int
        Answer when no smaller number of digits reproduces every price.

    Returns
    -------
    int
        0 to `most`.
    """
    for digits in range(most):
        scale = 10.0**digits
        if np.array_equal(np.rint(candles.close * scale) / scale, candles.close):
            return digits
    return most


def _guess_currency_pair(name: str, pair: str) -> InstrumentSpec:
    spread = MAJOR_SPREAD_PIPS if pair in MAJORS else CROSS_SPREAD_PIPS
    if pair[3:] in LOW_CURRENCIES:
        return _spec(name, "fx", 0.01, 3, "fx_24x5", spread)
    return _spec(name, "fx", 0.0001, 5, "fx_24x5", spread)


def _is_crypto(core: str) -> bool:
    if core in COINS:
        return True
    return any(core.endswith(quote) and len(core) > len(quote) for quote in COIN_QUOTES)


def _spec(
    symbol: str,
    asset_class: str,
    pip: float,
    digits: int,
    calendar: str,
    spread_pips: float,
    commission_bps: float = 0.0,
) -> InstrumentSpec:
    return InstrumentSpec(
        symbol=symbol,
        asset_class=asset_class,
        pip=pip,
        digits=digits,
        calendar=calendar,
        spread_pips=spread_pips,
        commission_bps=commission_bps,
    )

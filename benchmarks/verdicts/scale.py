"""Scale: 131 M one-minute bars, symbol by symbol, in bounded memory."""

import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.verdicts.rows import Case, Row
from ml_training.data.candles import Candles
from ml_training.data.described import describe_setups
from ml_training.data.features import plan_features
from ml_training.data.frame import Frame
from ml_training.data.instruments import InstrumentSpec
from ml_training.data.presets import PRESETS
from ml_training.data.rules import indicator_uses, parse_rules
from ml_training.data.setups import COLUMNS, Setups, scan_setups
from ml_training.data.synthetic import make_market

N_SYMBOLS = 50
BARS = 2_628_000  # five years of minutes
MOST_MB = 2_048
PRESET = "rsi_return"
TIMEFRAME = "1m"
CHUNK = 10_000  # setups whose features are computed together


def list_cases(runs: int = N_SYMBOLS, first_seed: int = 0, bars: int = BARS) -> list[Case]:
    """Return one case per symbol."""
    return [
        {"symbol": number, "bars": bars, "preset": PRESET, "timeframe": TIMEFRAME}
        for number in range(first_seed, first_seed + runs)
    ]


def run_case(case: Case) -> Row:
    """Make a symbol's candles, then scan, label and describe its setups."""
    clock = time.perf_counter()
    spec, candles = make_symbol(case)
    made = time.perf_counter()
    setups, digest = scan(spec, candles, case)
    return {
        "n_bars": len(candles),
        "n_setups": len(setups),
        "n_labelled": int(setups.labelled.sum()),
        "digest": digest,
        "made_s": round(made - clock, 2),
        "scanned_s": round(time.perf_counter() - made, 2),
        "peak_mb": peak_memory_mb(),
    }


def make_symbol(case: Case) -> tuple[InstrumentSpec, Candles]:
    """Return the candles of one symbol of a market without an edge."""
    [(spec, candles)] = make_market(
        n_symbols=1,
        n_bars=case["bars"],
        timeframe=case["timeframe"],
        seed=case["symbol"],
        edge=False,
    )
    return spec, candles


def scan(spec: InstrumentSpec, candles: Candles, case: Case) -> tuple[Setups, str]:
    """Return the setups of a symbol, and a hash over them and all their features."""
    rules = parse_rules(PRESETS[case["preset"]].document)
    plan = plan_features(indicator_uses(rules))
    frame = Frame(candles, case["timeframe"])
    setups = scan_setups(rules, frame, spec)
    text = hashlib.sha256()
    for name in COLUMNS:
        text.update(np.ascontiguousarray(getattr(setups, name)).tobytes())
    for start in range(0, len(setups), CHUNK):
        one = setups.take(np.arange(start, min(start + CHUNK, len(setups))))
        X = describe_setups(plan, frame, one)
        text.update(np.ascontiguousarray(X).tobytes())
    return setups, text.hexdigest()


def summarise(rows: Sequence[Row]) -> dict[str, Any]:
    """Return sums over the symbols, and one hash over all of them in order."""
    n_bars = sum(row["n_bars"] for row in rows)
    peak = max((row["peak_mb"] for row in rows), default=0)
    scanned = sum(row["scanned_s"] for row in rows)
    text = hashlib.sha256()
    for row in sorted(rows, key=lambda row: row["case"]["symbol"]):
        text.update(row["digest"].encode())
    return {
        "most_mb": MOST_MB,
        "n_symbols": len(rows),
        "n_bars": n_bars,
        "n_setups": sum(row["n_setups"] for row in rows),
        "n_labelled": sum(row["n_labelled"] for row in rows),
        "made_s": round(sum(row["made_s"] for row in rows), 1),
        "scanned_s": round(scanned, 1),
        "million_bars_per_s": round(n_bars / scanned / 1e6, 2) if scanned else None,
        "peak_mb": peak,
        "digest": text.hexdigest(),
        "is_all": n_bars >= 0.99 * N_SYMBOLS * BARS,
        "met": bool(rows) and peak <= MOST_MB,
    }


def peak_memory_mb() -> int:
    """Return the peak of resident memory since this program started."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024


def tell(row: Row) -> str:
    """Return a symbol in a line."""
    return (
        f"symbol {row['case']['symbol']}: {row['n_bars']:,} bars, {row['n_labelled']:,} setups "
        f"in {row['scanned_s']} s, {row['peak_mb']} MB"
    )

"""From candles to labelled setups: no Django, no torch."""

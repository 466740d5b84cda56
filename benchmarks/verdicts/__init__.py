"""Parts of the benchmark of verdicts: noise, planted edges, leaks, real sets, speed."""

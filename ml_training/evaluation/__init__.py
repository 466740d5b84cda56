"""Judge probabilities against outcomes: metrics, calibration, baselines, verdict."""

"""Measure once, when training has ended, what its best model is worth."""

import torch

from ml_training.core.probes import TINY, measure_gains, sum_up
from ml_training.core.scores import forward_rows
from ml_training.core.state import TrainingState
from ml_training.core.structure import put_back

FEWEST_TO_CALIBRATE = 100  # rows; chosen: one number to 10 %
TEMPERATURES = tuple(round(1.1**k, 3) for k in range(-12, 25))  # 0.32 to 9.85 in tenths


@torch.no_grad()
def measure_closing(state: TrainingState) -> dict[str, float]:
    """Measure once, when training has ended, what its best model is worth.

    Returns
    -------
    dict
        What it gains over guessing on the early-stopping rows, as in `probe_answers`;
        of logits also the temperature with the lowest loss, the share of the loss it
        gains, and its standard errors.
    """
    rows = state.data.stopping
    if state.progress.best is None or len(rows) < FEWEST_TO_CALIBRATE:
        return {}
    here = state.snapshot()
    put_back(state.progress.best)
    outputs = forward_rows(state.model, rows.X, chunk=state.knobs.batch_size)
    state.restore(here)
    return {**_measure_standing(state, outputs), **_measure_temperature(state, outputs)}


def _measure_standing(state: TrainingState, outputs: torch.Tensor) -> dict[str, float]:
    """Return the gain over guessing, unless rows or classes count unequally."""
    objective = state.objective
    is_plain = objective.is_never_negative and objective.weighs_rows_alike
    if not is_plain or state.knobs.is_balanced:
        return {}
    gain, errors = sum_up(*measure_gains(state, objective.as_predicted(outputs)))
    return {"standing": gain, "standing_errors": errors}


def _measure_temperature(state: TrainingState, outputs: torch.Tensor) -> dict[str, float]:
    objective, rows = state.objective, state.data.stopping
    if objective.output_kind != "logit" or not objective.is_log_loss:
        return {}
    tried = {t: objective.per_row(outputs / t, rows.y) for t in TEMPERATURES}
    known = {t: losses.double() for t, losses in tried.items() if losses is not None}
    if not known:
        return {}
    best = min(known, key=lambda t: float(known[t].mean()))
    gain = known[1.0] - known[best]
    error = float(gain.std() / len(gain) ** 0.5) if len(gain) > 1 else 0.0
    return {
        "temperature": best,
        "gain": float(gain.mean() / known[1.0].mean().clamp_min(TINY)),
        "gain_errors": float(gain.mean()) / error if error > 0 else 0.0,
    }

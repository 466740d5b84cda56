"""Loops that take one epoch when called: the bare one, and ours."""

import copy
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from benchmarks.speed.rows import LEARNING_RATE, Plan, Rows
from ml_training.core.assembly import build_run
from ml_training.core.events import never, say_nothing
from ml_training.core.loop import advance
from ml_training.core.network import HouseNetwork
from ml_training.core.prepare import prepare
from ml_training.core.settings import TrainSettings

Epoch = Callable[[], int]


def as_floats(rows: Rows) -> list[torch.Tensor]:
    """Return features and classes as single floats."""
    return [torch.tensor(part, dtype=torch.float32) for part in rows]


def make_bare_loop(plan: Plan) -> Epoch:
    """Return one epoch of the loop a careful user writes by hand."""
    (X, y), (X_val, y_val) = as_floats(plan.train), as_floats(plan.validation)
    n_rows, batch_size = len(X), plan.batch_size
    model = HouseNetwork(X.shape[1], 1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, fused=True)
    best: dict[str, Any] = {"loss": float("inf"), "weights": None}

    def epoch() -> int:
        model.train()
        order = torch.randperm(n_rows)
        X_now, y_now = X[order], y[order]
        starts = range(0, n_rows, batch_size)
        for start in starts:
            rows = slice(start, start + batch_size)
            loss = binary_cross_entropy_with_logits(model(X_now[rows])[:, 0], y_now[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            held_out = binary_cross_entropy_with_logits(model(X_val)[:, 0], y_val).item()
        if held_out < best["loss"]:
            best.update(loss=held_out, weights=copy.deepcopy(model.state_dict()))
        return len(starts)

    return epoch


def make_our_loop(plan: Plan, watch: str) -> Epoch:
    """Return one epoch of our loop, everything a healthy run does included."""
    prepared = prepare(*plan.train, *plan.validation, task="binary", sample_weight=None)
    settings = TrainSettings(
        batch_size=plan.batch_size, max_epochs=10**6, patience=None, watch=watch, repair=False
    )
    run = build_run(None, prepared, settings, emit=say_nothing, should_stop=never)

    def epoch() -> int:
        before, epoch_before = run.state.step, run.state.epoch
        while run.state.epoch == epoch_before:
            advance(run)
        return run.state.step - before

    return epoch

"""The plain training loop: the reference that builds and measures, and the first rival.

It knows nothing of the product. With early stopping, clipping and a best checkpoint
it is the second rival: what a careful person writes by hand.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.faults.cases import Workload
from benchmarks.faults.losses import flat
from benchmarks.faults.scores import score

Rows = NDArray[Any]
CHUNK = 4_096  # rows per forward pass outside training


@dataclass(frozen=True, kw_only=True)
class Care:
    """Say what a careful loop adds.

    Parameters
    ----------
    patience : int or None
        Epochs without a better validation loss; None never stops.
    restore_best : bool
        Return to the weights of the best validation loss.
    clip_norm : float or None
        Largest norm of the whole gradient.
    """

    patience: int | None = None
    restore_best: bool = False
    clip_norm: float | None = None


@dataclass(eq=False)
class Record:
    """Collect what a plain loop sees.

    Parameters
    ----------
    train_losses, val_losses : list of float
        Mean batch loss and validation loss of each epoch.
    batch_losses, grad_norms, grad_ratios : list of float
        Per step: loss; global norm; first over last weight matrix.
    first_nonfinite_step : int or None
        0-based step of the first loss that is not finite.
    """

    train_losses: list[float] = field(default_factory=list)
    val_losses: list[float] = field(default_factory=list)
    batch_losses: list[float] = field(default_factory=list)
    grad_norms: list[float] = field(default_factory=list)
    grad_ratios: list[float] = field(default_factory=list)
    first_nonfinite_step: int | None = None


@dataclass(eq=False)
class PlainLoop:
    """Train a workload as anyone would.

    Parameters
    ----------
    workload : Workload
        What to train.
    care : Care
        What to add to the bare loop.
    measure : bool
        Also record gradient norms; off when time is taken.
    """

    workload: Workload
    care: Care = field(default_factory=Care)
    measure: bool = False

    def __post_init__(self) -> None:
        parts = self.workload.parts
        self.model = self.workload.model()
        self.loss = self.workload.loss()
        self.optimizer = self.workload.optimizer(self.model.parameters())
        schedule = self.workload.schedule()
        self.scheduler = schedule(self.optimizer) if schedule else None
        self.rows = as_tensors(parts.X_train, parts.y_train, self.workload.n_outputs)
        self.held_out = as_tensors(parts.X_val, parts.y_val, self.workload.n_outputs)
        self.record = Record()
        self.best: tuple[float, dict[str, Tensor]] | None = None
        self.n_without_best = 0
        self.n_steps = 0
        self.best_step = 0

    def train(self) -> Record:
        """Run to the end and return what was seen."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.workload.seed)
            for _ in range(self.workload.case.epochs):
                self.train_epoch()
                if self.is_done():
                    break
        if self.care.restore_best and self.best is not None:
            self.model.load_state_dict(self.best[1])
        return self.record

    def train_epoch(self) -> None:
        """Take one pass over shuffled rows."""
        X, y = self.rows
        self.model.train()
        losses = [self.step(X[rows], y[rows]) for rows in self.batches()]
        self.record.batch_losses += losses
        if self.scheduler is not None:
            self.scheduler.step()
        self.record.train_losses.append(float(np.mean(losses)))

    def batches(self) -> tuple[Tensor, ...]:
        """Return the shuffled row numbers of one pass, batch by batch."""
        order = torch.randperm(len(self.rows[1]))
        return tuple(torch.split(order, self.workload.case.batch_size))

    def step(self, X: Tensor, y: Tensor) -> float:
        """Take one optimizer step and return its loss."""
        self.optimizer.zero_grad()
        loss = self.loss(flat(self.model(X)), y)
        loss.backward()
        if self.measure:
            self.measure_gradient()
        clip = self.care.clip_norm or self.workload.case.clip_norm
        if clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), clip)
        self.optimizer.step()
        value = float(loss.detach())
        if not math.isfinite(value) and self.record.first_nonfinite_step is None:
            self.record.first_nonfinite_step = self.n_steps
        self.n_steps += 1
        return value

    def measure_gradient(self) -> None:
        """Record the global norm and how much of it arrives at the first layer."""
        arrived = [p for p in self.model.parameters() if p.grad is not None]
        norms = [float(p.grad.norm()) for p in arrived if p.grad is not None]
        weights = [norm for norm, p in zip(norms, arrived, strict=True) if p.ndim > 1]
        self.record.grad_norms.append(math.sqrt(sum(norm**2 for norm in norms)))
        self.record.grad_ratios.append(weights[0] / weights[-1] if weights[-1] else 0.0)

    def is_done(self) -> bool:
        """Look at the validation rows and say whether patience has run out."""
        if self.care.patience is None and not self.care.restore_best and not self.measure:
            return False
        value = mean_loss(self.model, self.loss, *self.held_out)
        self.record.val_losses.append(value)
        if self.best is None or value < self.best[0]:
            self.best = (value, copy.deepcopy(self.model.state_dict()))
            self.best_step = self.n_steps
            self.n_without_best = 0
        else:
            self.n_without_best += 1
        return self.care.patience is not None and self.n_without_best >= self.care.patience


def as_tensors(X: Rows, y: Rows, n_outputs: int) -> tuple[Tensor, Tensor]:
    """Return float32 features and the targets in the type their loss takes."""
    targets = torch.as_tensor(np.asarray(y))
    return torch.as_tensor(
        X, dtype=torch.float32
    ), targets.long() if n_outputs > 1 else targets.float()


def outputs_of(model: nn.Module, X: Tensor) -> Tensor:
    """Return the outputs in evaluation mode, without gradients."""
    model.eval()
    with torch.no_grad():
        return torch.cat([flat(model(chunk)) for chunk in X.split(CHUNK)])


def mean_loss(
    model: nn.Module, loss: Callable[[Tensor, Tensor], Tensor], X: Tensor, y: Tensor
) -> float:
    """Return the loss over all rows at once."""
    outputs = outputs_of(model, X)
    return float(loss(outputs, y))


def predict(model: nn.Module, workload: Workload, X: Rows) -> Rows:
    """Return classes or values as the document's measurements read them.

    Parameters
    ----------
    model : Module
        A trained network.
    workload : Workload
        Says what the outputs mean.
    X : array of shape (n, n_features)
        Rows, scaled like the others.

    Returns
    -------
    array of shape (n,)
        The largest output of several; one output above 0.5 when the loss takes it as a
        probability or a value, above 0 when it is a logit.
    """
    if not len(X):
        return np.empty(0)
    outputs = outputs_of(model, torch.as_tensor(X, dtype=torch.float32)).numpy()
    if workload.parts.is_regression:
        return np.asarray(outputs)
    if workload.n_outputs > 1:
        return np.where(np.isnan(outputs).any(axis=1), 0, outputs.argmax(axis=1))
    is_logit = workload.case.loss.startswith("bce_with_logits")
    return (outputs > (0.0 if is_logit else 0.5)).astype(int)


def care_of(workload: Workload) -> Care:
    """Return the early stopping that a case brings itself."""
    stopping = workload.case.early_stopping
    if not stopping:
        return Care()
    return Care(
        patience=int(stopping["patience"]), restore_best=bool(stopping.get("restore_best", True))
    )


def measure(workload: Workload, care: Care | None = None) -> dict[str, float]:
    """Train the plain loop and return the measurements that the document carries.

    Parameters
    ----------
    workload : Workload
        A case as given or cured, and a seed.
    care : Care or None
        By default what the case itself brings.

    Returns
    -------
    dict
        Named as in the document, plus ``best_val_loss`` and the scores on unseen rows.
    """
    loop = PlainLoop(workload, care or care_of(workload), measure=True)
    loop.train()
    return measurements_of(loop)


def measurements_of(loop: PlainLoop) -> dict[str, float]:
    """Return the measurements of a loop that has run with ``measure=True``."""
    workload, model, seen = loop.workload, loop.model, loop.record
    parts = workload.parts
    values = {
        **scores_of(model, workload),
        "largest_loss_over_median": peak(seen.batch_losses),
        "max_grad_norm": float(np.max(seen.grad_norms)),
        "grad_ratio_first_over_last_median": finite_median(seen.grad_ratios),
        "train_loss_first_epoch": seen.train_losses[0],
        "train_loss_last_epoch": seen.train_losses[-1],
        "val_loss": seen.val_losses[-1],
        "best_val_loss": float(np.nanmin(seen.val_losses))
        if np.isfinite(seen.val_losses).any()
        else math.nan,
        "steps": float(loop.n_steps),
        "epochs_run": float(len(seen.train_losses)),
    }
    if len(seen.train_losses) > 1:
        values["share_of_epochs_with_rising_train_loss"] = float(
            np.mean(np.diff(seen.train_losses) > 0)
        )
    if seen.first_nonfinite_step is not None:
        values["first_nonfinite_step"] = float(seen.first_nonfinite_step)
    if any(isinstance(module, nn.ReLU) for module in model.modules()):
        values["dead_relu_share"] = dead_relu_share(
            model, as_tensors(parts.X_val, parts.y_val, 1)[0]
        )
    return values


def peak(losses: list[float]) -> float:
    """Return the largest loss over the median loss; infinite when one is not finite."""
    if not np.isfinite(losses).all():
        return math.inf
    return max(losses) / max(float(np.median(losses)), 1e-12)


def finite_median(values: list[float]) -> float:
    """Return the median of what is finite; NaN when nothing is."""
    finite = [value for value in values if math.isfinite(value)]
    return float(np.median(finite)) if finite else math.nan


def scores_of(model: nn.Module, workload: Workload) -> dict[str, float]:
    """Return the scores on training, validation and unseen rows."""
    parts = workload.parts
    name = "r2" if parts.is_regression else "balanced_accuracy"
    told = {
        part: predict(model, workload, getattr(parts, f"X_{part}"))
        for part in ("train", "val", "test")
    }
    values = {
        f"{part}_{name}": score(
            getattr(parts, f"y_{part}"), told[part], is_regression=parts.is_regression
        )
        for part in told
    }
    if not parts.is_regression:
        counts = np.unique(told["val"], return_counts=True)[1]
        values["largest_predicted_class_share"] = float(counts.max() / counts.sum())
        values["train_accuracy"] = float(np.mean(told["train"] == parts.y_train))
        values["val_accuracy"] = float(np.mean(told["val"] == parts.y_val))
    return values


def dead_relu_share(model: nn.Module, X: Tensor) -> float:
    """Return the share of ReLU units that are zero on every row."""
    dead: list[Tensor] = []

    def watch(module: nn.Module, inputs: Any, outputs: Tensor) -> None:
        del module, inputs
        dead.append((outputs <= 0).all(dim=0))

    hooks = [m.register_forward_hook(watch) for m in model.modules() if isinstance(m, nn.ReLU)]
    model.eval()
    with torch.no_grad():
        model(X)
    for hook in hooks:
        hook.remove()
    return float(torch.cat(dead).float().mean())

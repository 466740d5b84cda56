"""What the network is trained towards: the loss, its targets, and what outputs mean."""

import copy
import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from ml_training.core.errors import DataError
from ml_training.core.loss_kind import kind_of_loss

CLASS_INDEX_LOSSES = (nn.CrossEntropyLoss, nn.NLLLoss, nn.MultiMarginLoss)
PROBABILITY_LOSSES = (nn.BCELoss,)
LOG_PROBABILITY_LOSSES = (nn.NLLLoss,)
DIVIDING_LOSSES = (nn.CrossEntropyLoss, nn.NLLLoss)  # by the weights of the classes
NO_CLASS = -1  # below zero no class is left out
LOG_LOSSES = (nn.BCELoss, nn.BCEWithLogitsLoss, nn.CrossEntropyLoss, nn.NLLLoss)


class Objective:
    """Turn outputs and targets into one loss, weighted when rows are weighted.

    Parameters
    ----------
    task : str
        ``"binary"``, ``"multiclass"`` or ``"regression"``.
    loss : str, module or callable
        As in `TrainSettings`.
    n_classes : int
        0 for regression.
    target_scale : tuple of float
        Centre and width by which targets of a regression are scaled.

    Notes
    -----
    Outputs of shape (batch, 1) are flattened to (batch,) before the loss sees them:
    against targets of shape (batch,) they would broadcast to (batch, batch) silently.
    """

    def __init__(
        self,
        task: str,
        loss: Any,
        n_classes: int,
        *,
        target_scale: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.task = task
        self.n_classes = n_classes
        self.loss = loss
        self._mean: Callable[..., torch.Tensor] | None = None
        self._rows: Callable[..., torch.Tensor] | None = None
        self._wants_indices = False
        self._takes_weight = False
        self._n_columns = n_classes
        self.output_kind = "unknown"
        self.target_scale = self.first_scale = target_scale
        self.temperature = 1.0
        self.smoothing = 0.0

    def bind(self, outputs: torch.Tensor) -> None:
        """Choose the functions that fit the shape of the outputs.

        Parameters
        ----------
        outputs : tensor of shape (batch,), (batch, 1) or (batch, n_classes)
            What the model returned for a few rows.

        Raises
        ------
        DataError
            If the shape does not fit the task.
        """
        outputs = flatten_outputs(outputs)
        self._check_shape(outputs)
        self._wide = outputs.ndim == 2
        self._n_columns = outputs.shape[1] if self._wide else 1
        if self.loss == "auto":
            self._bind_auto()
        elif isinstance(self.loss, nn.Module):
            self._bind_module(self.loss)
        else:
            self._bind_callable(self.loss)
        if self.output_kind == "unknown" and self.task != "regression":
            self.output_kind = self._ask_loss()

    def _ask_loss(self) -> str:
        """Return what outputs mean to a loss that is not known to us."""
        assert self._mean is not None
        if self._wide and not self._wants_indices:
            return "unknown"
        return kind_of_loss(self._mean, n_classes=self.n_classes, is_wide=self._wide)

    def _check_shape(self, outputs: torch.Tensor) -> None:
        fits = (
            outputs.ndim == 1
            if self.task == "regression"
            else (outputs.ndim == 1 and self.n_classes == 2)
            or (outputs.ndim == 2 and outputs.shape[1] >= self.n_classes)
        )
        if not fits:
            expected = "1 column" if self.task == "regression" else f"{self.n_classes} columns"
            raise DataError(
                f"the model's outputs must have {expected} for this {self.task} task, "
                f"got shape {tuple(outputs.shape)}",
                hint="change the width of the last layer",
            )

    def _bind_auto(self) -> None:
        if self.task == "regression":
            self._mean, self.output_kind = functional.mse_loss, "value"
        elif self._wide:
            self._mean, self.output_kind = functional.cross_entropy, "logit"
            self._wants_indices = True
        else:
            self._mean = functional.binary_cross_entropy_with_logits
            self.output_kind = "logit"
        mean = self._mean
        self._rows = lambda outputs, targets: mean(outputs, targets, reduction="none")

    def _bind_module(self, loss: nn.Module) -> None:
        if self.task == "regression" and isinstance(loss, CLASS_INDEX_LOSSES):
            raise DataError(
                f"`loss` {type(loss).__name__} needs classes, got a regression",
                hint="use nn.MSELoss, or targets that are whole numbers",
            )
        self._mean = loss
        self._wants_indices = isinstance(loss, CLASS_INDEX_LOSSES)
        if hasattr(loss, "reduction"):
            by_row = copy.copy(loss)
            by_row.reduction = "none"  # type: ignore[assignment]
            self._rows = by_row
        if isinstance(loss, nn.CrossEntropyLoss | nn.BCEWithLogitsLoss):
            self.output_kind = "logit"
        elif isinstance(loss, PROBABILITY_LOSSES):
            self.output_kind = "probability"
        elif isinstance(loss, LOG_PROBABILITY_LOSSES):
            self.output_kind = "log_probability"
        elif self.task == "regression":
            self.output_kind = "value"

    def _bind_callable(self, loss: Callable[..., torch.Tensor]) -> None:
        self._mean = loss
        self._wants_indices = self.task == "multiclass" or (self.task == "binary" and self._wide)
        self._takes_weight = _takes_three(loss)
        if self.task == "regression":
            self.output_kind = "value"

    @property
    def is_wide(self) -> bool:
        """Tell whether the network has one output per class."""
        return self._wide

    @property
    def can_weight(self) -> bool:
        """Tell whether a weight per row can reach this loss."""
        return self._rows is not None or self._takes_weight

    @property
    def is_log_loss(self) -> bool:
        """Tell whether the best constant prediction scores the classes' entropy."""
        is_auto = self.loss == "auto" and self.task != "regression"
        is_known = self.task != "regression" and isinstance(self.loss, LOG_LOSSES)
        return is_auto or (is_known and not self._sums)

    @property
    def is_never_negative(self) -> bool:
        """Return whether a sound network cannot bring the loss below zero."""
        return self.is_log_loss or self.is_squared_error

    @property
    def is_squared_error(self) -> bool:
        """Tell whether the best constant prediction scores the variance."""
        is_auto = self.loss == "auto" and self.task == "regression"
        return is_auto or (isinstance(self.loss, nn.MSELoss) and not self._sums)

    @property
    def _sums(self) -> bool:
        return getattr(self.loss, "reduction", "mean") == "sum"

    def targets(self, y: torch.Tensor) -> torch.Tensor:
        """Return targets in the form the loss expects.

        Parameters
        ----------
        y : tensor of shape (n,)
            Class indices or values.
        """
        if self.task == "regression":
            centre, width = self.target_scale
            return ((y - centre) / width).to(torch.get_default_dtype())
        if self._wants_indices:
            return y.long()
        if self._wide:
            return self._one_hot(y.long())
        return y.to(torch.get_default_dtype())

    def changed(self, **changes: Any) -> "Objective":
        """Return a copy with other `target_scale`, `temperature` or `smoothing`."""
        other = copy.copy(self)
        for name, value in changes.items():
            setattr(other, name, value)
        return other

    @property
    def can_smooth(self) -> bool:
        """Tell whether the loss takes targets between the classes."""
        kinds = (nn.BCELoss, nn.BCEWithLogitsLoss, nn.CrossEntropyLoss)
        is_known = self.loss == "auto" or isinstance(self.loss, kinds)
        leaves_out = getattr(self.loss, "ignore_index", NO_CLASS) >= 0
        return self.task != "regression" and is_known and not leaves_out

    def smoothed(self, targets: torch.Tensor) -> torch.Tensor:
        """Return targets drawn towards the middle of the classes, for training.

        Notes
        -----
        Outputs beyond the classes stay without a share.
        """
        if not self.smoothing:
            return targets
        if self._wants_indices:
            targets = self._one_hot(targets)
        if targets.ndim == 1:
            return targets * (1 - self.smoothing) + self.smoothing / 2
        middle = torch.zeros_like(targets)
        middle[:, : self.n_classes] = self.smoothing / self.n_classes
        return targets * (1 - self.smoothing) + middle

    def _one_hot(self, classes: torch.Tensor) -> torch.Tensor:
        """Return a column for every output, a one in that of the class."""
        return functional.one_hot(classes, self._n_columns).to(torch.get_default_dtype())

    def as_predicted(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return the outputs as a prediction uses them: logits over the temperature."""
        return outputs if self.temperature == 1.0 else outputs / self.temperature

    def in_first_units(self, values: torch.Tensor) -> torch.Tensor:
        """Return outputs or targets in the units that the run began with."""
        if self.target_scale == self.first_scale:
            return values
        (centre, width), (first_centre, first_width) = self.target_scale, self.first_scale
        return (values.double() * width + centre - first_centre) / first_width

    def __call__(
        self, outputs: torch.Tensor, targets: torch.Tensor, weight: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Return the loss of a batch as a scalar that autograd can follow."""
        assert self._mean is not None
        outputs = flatten_outputs(outputs)
        if weight is None:
            return self._mean(outputs, targets)
        if self._rows is None:
            return self._mean(outputs, targets, weight)
        total = (self._one_per_row(self._rows(outputs, targets)) * weight).sum()
        if self._sums:
            return total
        shares = self._shares(targets)
        divisor = (weight if shares is None else weight * shares).sum()
        return total / divisor.clamp_min(TINY)  # a batch in which no row counts is no loss

    def per_row(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor | None:
        """Return the loss of every row, or None when the loss only gives a scalar.

        Notes
        -----
        The mean over the rows is what the loss returns for all of them; the sum is,
        where the loss sums.
        """
        if self._rows is None:
            return None
        rows = self._one_per_row(self._rows(flatten_outputs(outputs), targets))
        if rows.shape != (len(outputs),):
            return None
        shares = None if self._sums else self._shares(targets)
        return rows if shares is None else rows * (len(rows) / shares.sum())

    @property
    def weighs_rows_alike(self) -> bool:
        """Return whether the loss of some rows is the plain mean of theirs."""
        return not self._sums and getattr(self.loss, "weight", None) is None

    def _shares(self, targets: torch.Tensor) -> torch.Tensor | None:
        """Return what each row adds to the divisor of the mean; None when it adds one.

        Losses with a weight for each class divide by the weights of the rows' classes,
        and leave out rows of the class that they ignore.
        """
        loss = self.loss
        if not isinstance(loss, DIVIDING_LOSSES) or targets.is_floating_point():
            return None
        counts = targets != loss.ignore_index
        if loss.weight is not None:
            return loss.weight[targets] * counts
        return None if counts.all() else counts.to(torch.get_default_dtype())

    def _one_per_row(self, losses: torch.Tensor) -> torch.Tensor:
        """Return one loss per row, over the outputs as the loss itself takes them."""
        if losses.ndim <= 1:
            return losses
        adds_up = getattr(self.loss, "reduction", "mean") in {"sum", "batchmean"}
        by_row = losses.flatten(1)
        return by_row.sum(dim=1) if adds_up else by_row.mean(dim=1)

    def probabilities(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return class probabilities, shape (n, n_classes)."""
        return class_probabilities(outputs, self.n_classes, self.output_kind)


TINY = 1e-12  # keeps a row of zero probabilities from dividing by zero


def flatten_outputs(outputs: torch.Tensor) -> torch.Tensor:
    """Return outputs of shape (batch, 1) as (batch,); others as they are."""
    if outputs.ndim == 2 and outputs.shape[1] == 1:
        return outputs[:, 0]
    return outputs


def class_probabilities(outputs: torch.Tensor, n_classes: int, kind: str) -> torch.Tensor:
    """Return class probabilities, shape (n, n_classes).

    Parameters
    ----------
    outputs : tensor of shape (n,) or (n, n_classes)
        Of the network.
    n_classes : int
        Columns to return.
    kind : str
        What the outputs are; ``"unknown"`` takes outputs that all lie in 0-1 for
        probabilities and anything else for logits.
    """
    outputs = flatten_outputs(outputs)
    if kind == "unknown":
        kind = "probability" if bool(((outputs >= 0) & (outputs <= 1)).all()) else "logit"
    if outputs.ndim == 1:
        is_share = kind in {"probability", "value"}
        positive = outputs.clamp(0, 1) if is_share else outputs.sigmoid()
        return torch.stack([1 - positive, positive], dim=1)
    outputs = outputs[:, :n_classes]
    if kind == "log_probability":
        return outputs.exp()
    if kind == "probability":
        return outputs / outputs.sum(dim=1, keepdim=True).clamp_min(TINY)
    return outputs.softmax(dim=1)


def _takes_three(loss: Callable[..., Any]) -> bool:
    try:
        parameters = inspect.signature(loss).parameters.values()
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(positional) >= 3

"""The losses that the case document names, as functions of outputs and targets."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.faults.errors import CaseError
from benchmarks.faults.parts import Rows

KERAS_EPSILON = 1e-7  # conventions: probabilities are clamped like Keras does
ONE_OUTPUT = (
    "bce_with_logits",
    "bce_with_logits_balanced",
    "bce_on_probs",
    "bce_on_probs_balanced",
)
MANY_OUTPUTS = (
    "cross_entropy", "cross_entropy_balanced", "ce_on_probs", "ce_on_probs_balanced", "mse_onehot",
)  # fmt: skip
VALUES = ("mse", "mse_sum", "mae", "huber", "mse_on_probs")


def flat(outputs: Tensor) -> Tensor:
    """Return (batch, 1) outputs as (batch,), others untouched."""
    return outputs.squeeze(-1) if outputs.ndim == 2 and outputs.shape[-1] == 1 else outputs


@dataclass(frozen=True, eq=False)
class BinaryCrossEntropy:
    """Compare one output per row with classes 0 and 1.

    Parameters
    ----------
    on_probabilities : bool
        Take the output as a probability, whatever it is, clamped as Keras does.
    weights : tensor of shape (2,) or None
        Of the two classes.
    """

    on_probabilities: bool
    weights: Tensor | None = None

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over rows."""
        outputs, wanted = flat(outputs), targets.reshape(-1).to(outputs.dtype)
        if self.on_probabilities:
            share = outputs.clamp(KERAS_EPSILON, 1 - KERAS_EPSILON)
            losses = -(wanted * share.log() + (1 - wanted) * (1 - share).log())
        else:
            losses = functional.binary_cross_entropy_with_logits(outputs, wanted, reduction="none")
        if self.weights is not None:
            losses = losses * self.weights.to(losses)[targets.reshape(-1).long()]
        return losses.mean()


@dataclass(frozen=True, eq=False)
class CrossEntropy:
    """Compare one output per class with the class.

    Parameters
    ----------
    on_probabilities : bool
        Divide by the row sum and clamp, as Keras does, instead of the softmax.
    weights : tensor of shape (n_classes,) or None
        Of the classes.
    """

    on_probabilities: bool
    weights: Tensor | None = None

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean over rows."""
        wanted = targets.reshape(-1).long()
        if self.on_probabilities:
            shares = outputs / outputs.sum(dim=-1, keepdim=True)
            logs = shares.clamp(KERAS_EPSILON, 1 - KERAS_EPSILON).log()
        else:
            logs = functional.log_softmax(outputs, dim=-1)
        weights = None if self.weights is None else self.weights.to(logs)
        return functional.nll_loss(logs, wanted, weight=weights)


@dataclass(frozen=True, eq=False)
class SquaredError:
    """Compare outputs with values, several outputs with one-hot classes.

    Parameters
    ----------
    is_sum : bool
        Sum over the batch instead of the mean.
    """

    is_sum: bool = False

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Return the mean or sum over all outputs."""
        outputs = flat(outputs)
        if outputs.ndim > 1:
            wanted = functional.one_hot(targets.reshape(-1).long(), outputs.shape[-1])
        else:
            wanted = targets.reshape(-1)
        errors = (outputs - wanted.to(outputs.dtype)) ** 2
        return errors.sum() if self.is_sum else errors.mean()


Loss = nn.Module | BinaryCrossEntropy | CrossEntropy | SquaredError


def class_weights(y: Rows, n_classes: int) -> Tensor:
    """Return inverse-frequency weights whose mean over the rows is 1."""
    counts = torch.bincount(torch.as_tensor(y).long(), minlength=n_classes).clamp(min=1)
    return len(y) / (n_classes * counts.float())


def n_outputs_of(loss: str, n_classes: int) -> int:
    """Return how many outputs the network of a case needs.

    Raises
    ------
    CaseError
        If the loss has no such name.
    """
    if loss in ONE_OUTPUT or (loss in VALUES and n_classes <= 2):
        return 1
    if loss in MANY_OUTPUTS or loss in VALUES:
        return n_classes
    known = ", ".join((*ONE_OUTPUT, *MANY_OUTPUTS, *VALUES))
    raise CaseError(f"there is no loss named {loss!r}", hint=f"known: {known}")


def build_loss(loss: str, y_train: Rows, n_classes: int) -> Loss:
    """Build a loss by its name.

    Parameters
    ----------
    loss : str
        As the document writes it.
    y_train : array
        Decides the weights of the balanced ones.
    n_classes : int
        0 for regression.

    Returns
    -------
    module or callable
        A ``torch.nn`` module where torch has this loss, otherwise a callable
        ``(outputs, targets) -> scalar``.
    """
    plain: dict[str, type[nn.Module]] = {
        "bce_with_logits": nn.BCEWithLogitsLoss,
        "cross_entropy": nn.CrossEntropyLoss,
        "mse": nn.MSELoss,
        "mae": nn.L1Loss,
        "huber": nn.HuberLoss,
    }
    if loss in plain and not (loss == "mse" and n_classes):
        return plain[loss]()
    n_outputs_of(loss, n_classes)
    if loss.startswith("mse"):
        return SquaredError(is_sum=loss == "mse_sum")
    weights = class_weights(y_train, n_classes) if loss.endswith("_balanced") else None
    kind = BinaryCrossEntropy if loss.startswith("bce") else CrossEntropy
    return kind(on_probabilities="_on_probs" in loss, weights=weights)

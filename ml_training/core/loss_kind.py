"""What kind of outputs a loss is made for, told from the numbers it returns."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

N_ROWS = 8  # chosen: any number will do, a loss averages over equal rows
SURE, UNSURE = 0.7, 0.4  # chosen: two probabilities that no symmetry of a loss maps together
CLOSE = 1e-3  # chosen: losses clamp and smooth a little
SHIFT = 3.0  # chosen: far beyond rounding

Loss = Callable[[Tensor, Tensor], Tensor]
Ask = Callable[[float], float]


def kind_of_loss(loss: Loss, *, n_classes: int, is_wide: bool) -> str:
    """Return what the outputs mean to a loss of a user's own.

    Parameters
    ----------
    loss : callable
        ``(outputs, targets) -> scalar``.
    n_classes : int
        Number of classes.
    is_wide : bool
        True when there is one output per class.

    Returns
    -------
    str
        ``"logit"``, ``"probability"``, ``"log_probability"``, ``"value"`` (squared or
        absolute distance from 0 and 1), or ``"unknown"``.

    Notes
    -----
    A log loss pays ``-log p``: two probabilities of the true class must cost in the
    ratio of their logarithms, whatever the weight of the class.
    """
    wanted = math.log(SURE) / math.log(UNSURE)

    def pays_logs(form: Callable[[Tensor], Tensor], shift: float = 0.0) -> bool:
        sure, unsure = (
            _loss_at(loss, form(_shares(p, n_classes, is_wide=is_wide)) + shift, is_wide=is_wide)
            for p in (SURE, UNSURE)
        )
        return math.isfinite(sure) and unsure > 0 and abs(sure / unsure - wanted) < CLOSE

    if pays_logs(lambda p: p):
        return "probability"
    if pays_logs(torch.logit if not is_wide else torch.log):
        is_shiftable = not is_wide or pays_logs(torch.log, SHIFT)
        return "logit" if is_shiftable else "log_probability"
    return "value" if _prefers_one(loss, n_classes, is_wide=is_wide) else "unknown"


def _shares(share: float, n_classes: int, *, is_wide: bool) -> Tensor:
    """Return rows that give the true class, the first or the only one, a share."""
    if not is_wide:
        return torch.full((N_ROWS,), share)
    rows = torch.full((N_ROWS, n_classes), (1 - share) / (n_classes - 1))
    rows[:, 0] = share
    return rows


def _loss_at(loss: Loss, outputs: Tensor, *, is_wide: bool) -> float:
    targets = torch.zeros(N_ROWS, dtype=torch.long) if is_wide else torch.ones(N_ROWS)
    try:
        return float(loss(outputs, targets))
    except Exception:
        return math.nan


def _prefers_one(loss: Loss, n_classes: int, *, is_wide: bool) -> bool:
    """Tell whether the loss is least at exactly the target, and grows beyond it."""
    right, half, beyond = (
        _loss_at(loss, _shares(share, n_classes, is_wide=is_wide), is_wide=is_wide)
        for share in (1.0, 0.5, 2.0)
    )
    return right < half and right < beyond

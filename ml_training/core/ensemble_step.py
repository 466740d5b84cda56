"""One step of all members at once: each on its own rows, and none harms another."""

from collections.abc import Callable

import torch

from ml_training.core.arrays import Floats
from ml_training.core.batches import Batch
from ml_training.core.ensemble_network import MOST_ROWS, Ensemble
from ml_training.core.ensemble_splits import MemberSplits
from ml_training.core.ensemble_start import (
    MemberRows,
    as_tensor,
    begin_with_lines,
    measure_columns,
)
from ml_training.core.history import Reading
from ml_training.core.objective import Objective
from ml_training.core.scores import class_indices
from ml_training.core.state import TrainingState
from ml_training.core.steps import is_poisoned, move_on, row_weights, step_measured, take_step
from ml_training.core.table import TableData

MOST_RETURNS = 3  # to its best epoch; chosen: a member that fails again stays there
TINY = 1e-12  # keeps a member without a row in this batch from dividing by zero

Tell = Callable[[TrainingState, list[int]], None]


class MemberStep:
    """Stand in for `take_step` while an ensemble trains.

    The reading is that of one member: mean loss, root mean square of the norms. A
    member whose loss or gradient is no number takes no part in the step and goes back
    to its best epoch; when no member has one, the step is what it would be for one
    network, and monitor and medic see to it.

    Parameters
    ----------
    splits : MemberSplits
        By row of the training rows at the start.
    row_weight : array of shape (n_rows,)
        Weight of each row.
    tell : callable
        Hears which members went back to their best epoch.
    """

    def __init__(self, splits: MemberSplits, row_weight: Floats, tell: Tell) -> None:
        self._splits = splits
        self._row_weight = row_weight
        self._tell = tell
        self._known: tuple[TableData, MemberRows] | None = None

    def __call__(self, state: TrainingState, batch: Batch) -> Reading:
        """Take one step; at the end of an epoch keep the members at their best."""
        model = state.model
        if not isinstance(model, Ensemble):
            return take_step(state, batch)
        if state.step == 0:
            self._begin(state, model)
        reading = self._step(state, model, batch)
        move_on(state, batch)
        if state.has_epoch_ended():
            keep_best(state, model, self.rows(state))
        return reading

    def rows(self, state: TrainingState) -> MemberRows:
        """Return the present training rows, and what each member does with them."""
        data = state.data
        if self._known is None or self._known[0] is not data:
            self._known = data, self._find_rows(data)
        return self._known[1]

    def _find_rows(self, data: TableData) -> MemberRows:
        places = data.raw_train.places
        weight = self._row_weight if places is None else self._row_weight[places]
        parts = [
            (part if places is None else part[places]) * weight[:, None]
            for part in (self._splits.trained, self._splits.held)
        ]
        trained, held = (as_tensor(part, data.train.X) for part in parts)
        if not bool((held.sum(dim=0) > 0).all()):
            held = torch.zeros_like(held)
        return MemberRows(data.train.X, data.train.y, trained, held)

    def _begin(self, state: TrainingState, model: Ensemble) -> None:
        """Put the members where a straight line stands."""
        objective, rows = state.objective, self.rows(state)
        measure_columns(model, rows.X)
        is_narrow = not objective.is_wide
        if is_narrow and (objective.is_log_loss or objective.is_squared_error):
            begin_with_lines(model, rows, is_binary=objective.n_classes == 2)
        model.best_loss.fill_(torch.inf)
        model.n_returns.zero_()
        keep_best(state, model, rows, epoch=-1)

    def _step(self, state: TrainingState, model: Ensemble, batch: Batch) -> Reading:
        flat, knobs = state.flat, state.knobs
        outputs = model.members(batch.X)
        targets = for_all(state.objective.smoothed(batch.y), model.n_members)
        losses = member_losses(state.objective, outputs, targets, row_weights(state, batch))
        told = losses.detach()
        active = model.n_returns <= MOST_RETURNS
        sound = torch.isfinite(told) & active
        some = bool(sound.any())
        flat.zero_gradients()
        (torch.where(sound, losses, 0.0) if some else losses).sum().backward()
        if flat.has_strays or state.batch == 0:
            flat.gather_strays()
        norms = member_norms(state)
        if some:
            sound &= torch.isfinite(norms)
            some = bool(sound.any())
        if some and not bool(sound.all()):
            self._leave_out(state, model, ~sound, active)
        counted = sound if some else torch.ones_like(sound)
        share = 1.0 / float(counted.sum()) ** 0.5
        reading = Reading(
            epoch=state.epoch,
            step=state.step,
            loss=float(told[counted].mean()),
            gradient_norm=float(norms[counted].square().sum().sqrt()) * share,
            layer_norms=[norm * share for norm in flat.measure_gradients()[1]],
            learning_rate=state.learning_rate,
            n_rows=len(batch.y),
        )
        if knobs.skip_poisoned and is_poisoned(reading, knobs.loss_limit):
            reading.skipped = True
            return reading
        if knobs.clip_norm is not None and some:
            reading.clip_factor = clip_members(state, norms, knobs.clip_norm)
        if knobs.watch == "core":
            state.optimizer.step()
        else:
            step_measured(state, reading, outputs)
        return reading

    def _leave_out(
        self, state: TrainingState, model: Ensemble, lost: torch.Tensor, active: torch.Tensor
    ) -> None:
        """Keep some members out of this step; those that just failed go back."""
        for parameter in state.flat.parameters:
            assert parameter.grad is not None
            parameter.grad[lost] = 0.0
        model.bring_back(lost)
        forget_moments(state, lost)
        failed = lost & active
        if bool(failed.any()):
            model.n_returns[failed] += 1
            self._tell(state, failed.nonzero().flatten().tolist())


def member_losses(
    objective: Objective, outputs: torch.Tensor, targets: torch.Tensor, weight: torch.Tensor | None
) -> torch.Tensor:
    """Return the mean loss of every member, shape (n_members,).

    Parameters
    ----------
    objective : Objective
        What is trained towards.
    outputs : tensor of shape (batch, n_members, n_outputs)
        Of the members.
    targets : tensor of shape (batch, n_members, ...)
        As the loss expects them: `for_all` shares them.
    weight : tensor of shape (batch, n_members) or None
        Of each row for each member.
    """
    n_rows, n_members = outputs.shape[:2]
    rows = objective.per_row(outputs.flatten(0, 1), targets.flatten(0, 1))
    if rows is None:
        weight = torch.ones_like(outputs[:, :, 0]) if weight is None else weight
        columns = zip(outputs.unbind(1), targets.unbind(1), weight.unbind(1), strict=True)
        return torch.stack([objective(one, target, own) for one, target, own in columns])
    by_member = rows.view(n_rows, n_members)
    if weight is None:
        return by_member.mean(dim=0)
    return (by_member * weight).sum(dim=0) / weight.sum(dim=0).clamp_min(TINY)


def for_all(targets: torch.Tensor, n_members: int) -> torch.Tensor:
    """Return the same targets for every member, shape (batch, n_members, ...)."""
    return targets.unsqueeze(1).expand(len(targets), n_members, *targets.shape[1:])


def member_norms(state: TrainingState) -> torch.Tensor:
    """Return the norm of the gradient of every member, shape (n_members,)."""
    squares = [
        parameter.grad.flatten(1).square().sum(dim=1)
        for parameter in state.flat.parameters
        if parameter.grad is not None
    ]
    return torch.stack(squares).sum(dim=0).sqrt()


def clip_members(state: TrainingState, norms: torch.Tensor, limit: float) -> float:
    """Clip the gradient of every member by itself; return the mean factor."""
    factors = (limit / norms.clamp_min(TINY)).clamp_max(1.0)
    if bool((factors < 1).any()):
        for parameter in state.flat.parameters:
            assert parameter.grad is not None
            parameter.grad.mul_(factors[:, None, None])
    return float(factors.mean())


def forget_moments(state: TrainingState, which: torch.Tensor) -> None:
    """Set what the optimizer remembers of some members to zero."""
    flat = state.flat
    for values in state.optimizer.state.values():
        for value in values.values():
            if not isinstance(value, torch.Tensor):
                continue
            if value.shape == flat.values.shape:
                for parameter in flat.parameters:
                    start = parameter.storage_offset() - flat.values.storage_offset()
                    own = value[start : start + parameter.numel()].view(parameter.shape)
                    own[which] = 0.0
            elif value.ndim == 3 and len(value) == len(which):
                value[which] = 0.0


@torch.no_grad()
def keep_best(
    state: TrainingState, model: Ensemble, rows: MemberRows, epoch: int | None = None
) -> None:
    """Judge every member on the rows it held out; keep those better than ever.

    Parameters
    ----------
    state : TrainingState
        Stands still; the mode of the model stays.
    model : Ensemble
        Its best members are replaced in place.
    rows : MemberRows
        Those of training.
    epoch : int or None
        Under which they are kept; None takes the present one.
    """
    assert model.live is not None
    was_training = model.live.training
    model.live.eval()
    losses = judge_members(state, model, rows)
    model.live.train(was_training)
    is_best = losses < model.best_loss
    if not bool(torch.isfinite(model.best_loss).any()) and epoch == -1:
        is_best = torch.ones_like(is_best)  # whatever they are worth, it is their beginning
    model.keep(is_best)
    model.best_loss[is_best] = losses[is_best]
    model.best_epoch[is_best] = float(state.epoch if epoch is None else epoch)


def judge_members(state: TrainingState, model: Ensemble, rows: MemberRows) -> torch.Tensor:
    """Return the loss of every member on its held-out rows, shape (n_members,)."""
    if not bool(rows.held.any()):
        few = state.data.stopping
        outputs = model.members(few.X)
        weight = _even(state, few.y)[:, None].expand(len(few.y), model.n_members)
        targets = for_all(few.y, model.n_members)
        return member_losses(state.objective, outputs, targets, weight)
    place, weight = _held_places(rows.held)
    y = rows.y[place]
    weight = weight * _even(state, rows.y)[place]
    outputs = model.members(rows.X[place.flatten()].view(*place.shape, -1))
    return member_losses(state.objective, outputs, y, weight)


@torch.no_grad()
def measure_held_out(state: TrainingState, model: Ensemble, rows: MemberRows) -> torch.Tensor:
    """Return by row what those that held it out gain over telling the usual share.

    Parameters
    ----------
    state : TrainingState
        Of an ensemble that tells classes.
    model : Ensemble
        Its best members are asked.
    rows : MemberRows
        Those of training.

    Returns
    -------
    tensor
        Log loss saved, for the rows that some member held out.
    """
    asked = (rows.held > 0).any(dim=1).nonzero().flatten()
    y, held = class_indices(rows.y[asked]), rows.held[asked] > 0
    told = [model.probabilities(model.finished(part)) for part in rows.X[asked].split(MOST_ROWS)]
    shares = torch.cat(told) if told else torch.zeros(0, model.n_members, 1)
    if shares.shape[-1] == 1:
        shares = torch.cat([1 - shares, shares], dim=-1)
    own = shares[torch.arange(len(y), device=y.device), :, y]
    mean = (own * held).sum(dim=1) / held.sum(dim=1)
    usual = torch.bincount(class_indices(rows.y), minlength=2).to(mean.dtype) / len(rows.y)
    return mean.clamp_min(TINY).log() - usual[y].log()


def _held_places(held: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the rows each member holds out, side by side, and their weights."""
    most = int((held > 0).sum(dim=0).max())
    weight, place = held.sort(dim=0, descending=True, stable=True)
    return place[:most], weight[:most]


def _even(state: TrainingState, y: torch.Tensor) -> torch.Tensor:
    """Return row weights that make the classes count alike, where they do."""
    dtype = state.data.train.X.dtype
    if not (state.knobs.is_balanced and state.objective.n_classes):
        return torch.ones(len(y), dtype=dtype, device=y.device)
    classes = class_indices(y)
    return (1.0 / torch.bincount(classes).clamp_min(1).to(dtype))[classes]

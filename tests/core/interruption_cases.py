"""Runs to be interrupted: sound ones, and one for each kind of repair."""

import numpy as np
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    CyclicLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    ReduceLROnPlateau,
    SequentialLR,
)

from tests.core.builders import PoisonedAt, make_classes, make_network, make_rows, make_values
from tests.core.interruptions import Case
from tests.core.problems.builders import easy_parts, split
from tests.core.problems.networks import draw, make_ring, make_stack
from tests.core.problems.test_class_imbalance import SLOW, rare_parts
from tests.core.problems.test_constant_feature import freeze
from tests.core.problems.test_duplicate_rows import repeat
from tests.core.problems.test_label_noise import flip
from tests.core.problems.test_outliers import throw

SHORT = {"max_epochs": 10, "batch_size": 32, "learning_rate": 5e-3}
LONG = {**SHORT, "max_epochs": 20}
FEW_LONG = {"max_epochs": 3, "batch_size": 8}
PARTS = easy_parts()
RING = split(*make_ring(500))


def network(**options):
    return lambda seed: make_network(seed=seed, **options)


def plain(n_features=6, **options):
    return network(n_features=n_features, is_normalised=False, **options)


class Tied(nn.Module):
    """Use one layer twice, draw from numpy, count calls, keep a running buffer."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.front = nn.Linear(6, 16)
        self.middle = nn.Linear(16, 16)
        self.again = self.middle
        self.frozen = nn.Linear(16, 16).requires_grad_(False)
        self.out = nn.Linear(16, 1)
        self.drop = nn.Dropout(0.3)
        self.register_buffer("mean", torch.zeros(16), persistent=False)
        self.n_calls = 0

    def forward(self, rows):
        self.n_calls += self.training
        inside = self.front(rows).relu()
        if self.training:
            self.mean = 0.9 * self.mean + 0.1 * inside.detach().mean(dim=0)
            noise = 0.01 * np.random.normal()  # noqa: NPY002 - as networks of others do
            inside = inside + noise * (self.n_calls % 3)
        inside = self.drop(self.middle(inside).relu())
        return self.out(self.again(inside - self.mean).relu() + 0.1 * self.frozen(inside))


def dead(seed):
    model = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 1))
    nn.init.constant_(model[0].bias, -100.0)
    return model


def in_two_groups(parameters):
    some = list(parameters)
    groups = [{"params": some[:2], "lr": 0.01}, {"params": some[2:], "weight_decay": 0.1}]
    return torch.optim.RMSprop(groups, lr=0.003, momentum=0.5, centered=True)


def fall_in_steps(optimizer):
    return MultiStepLR(optimizer, [3, 6], gamma=0.5)


def grow_then_fall(optimizer):
    parts = [LinearLR(optimizer, total_iters=3), CosineAnnealingLR(optimizer, 7)]
    return SequentialLR(optimizer, parts, milestones=[3])


def fall_by_hand(optimizer):
    return LambdaLR(optimizer, lambda epoch: 0.9**epoch)


def fall_on_plateaus(optimizer):
    return ReduceLROnPlateau(optimizer, mode="min", factor=0.7, patience=0, cooldown=1)


def up_and_down(optimizer):
    return CyclicLR(optimizer, 0.001, 0.02, step_size_up=3)


def renormalised(seed):
    torch.manual_seed(seed)
    return nn.Sequential(weight_norm(nn.Linear(6, 16)), nn.ReLU(), spectral_norm(nn.Linear(16, 1)))


def poisoned(seed):
    return PoisonedAt(60, make_network(seed=seed))


def scaled(X, X_val):
    centre, width = X.mean(axis=0), X.std(axis=0)
    return (X - centre) / width, (X_val - centre) / width


def far_rows():
    X, y, X_val, y_val = PARTS
    X, X_val = scaled(throw(X, 1e3), X_val)
    return X, y, X_val, y_val


def wide_cells():
    X, y, X_val, y_val = PARTS
    return X * [1e5, 1, 1, 1, 1, 1], y, X_val * [1e5, 1, 1, 1, 1, 1], y_val


def far_values():
    X, y = make_values(500)
    return split(X, 1e4 + 1e3 * y)


def weights(n):
    return np.random.default_rng(3).uniform(0.2, 2.0, n)


def chosen(**settings):
    """Return a sound run of a network of one's own under other settings."""
    return Case(network(), PARTS, {**SHORT, **settings})


def unlearnable():
    X, _, X_val, y_val = PARTS
    return X, np.random.default_rng(0).integers(0, 2, len(X)), X_val, y_val


def known_rows():
    """Return validation rows that training knows: found, and beyond repair."""
    X, y, X_val, y_val = PARTS
    return np.vstack([X, X_val]), np.concatenate([y, y_val]), X_val, y_val


SOUND = {
    "house": Case(None, PARTS, {**SHORT, "learning_rate": 1e-3}),
    "house, classes": Case(None, split(*make_classes(500)), SHORT),
    "house, values": Case(None, split(*make_values(500)), SHORT),
    "house, its own validation": Case(None, make_rows(300), SHORT),
    "own": chosen(),
    "own, values": Case(plain(4), split(*make_values(500)), SHORT),
    "own, classes": Case(network(n_features=4, n_outputs=3), split(*make_classes(500)), SHORT),
    "own, tied and drawing": Case(Tied, PARTS, SHORT),
    "own, renormalised": Case(renormalised, PARTS, SHORT),
    "own, double precision": Case(lambda seed: make_network(seed=seed).double(), PARTS, SHORT),
    "sample weights": Case(network(), PARTS, SHORT, weight=weights(len(PARTS[0]))),
    "long epochs": Case(network(), split(*make_rows(2_000)), {**SHORT, **FEW_LONG}),
    "all measured": chosen(watch="everything", batch_size=6),
    "sgd": chosen(optimizer="sgd", optimizer_options={"momentum": 0.9}),
    "adam": chosen(optimizer="adam", optimizer_options={"amsgrad": True}),
    "rmsprop": chosen(optimizer="rmsprop", clip_norm=0.5),
    "groups": chosen(optimizer=in_two_groups),
    "steps": chosen(scheduler=fall_in_steps),
    "one schedule after another": chosen(scheduler=grow_then_fall),
    "by hand": chosen(scheduler=fall_by_hand),
    "on plateaus": chosen(scheduler=fall_on_plateaus),
    "up and down": chosen(scheduler=up_and_down, optimizer="sgd"),
}
ILL = {
    "unresolved": Case(network(), known_rows(), SHORT),
    "unrepaired": Case(plain(), wide_cells(), {**SHORT, "repair": False}),
    "refused": Case(network(), unlearnable(), LONG),
}
REPAIRED = {
    "raise_rate": Case(plain(), PARTS, {**LONG, "learning_rate": 1e-6}),
    "sound_optimizer": Case(
        plain(), PARTS, {**LONG, "optimizer": "sgd", "optimizer_options": {"maximize": True}}
    ),
    "robust_scaling": Case(plain(), wide_cells(), LONG),
    "scale_targets": Case(plain(4), far_values(), LONG),
    "drop_outliers": Case(network(), far_rows(), LONG),
    "drop_copies": Case(network(), repeat(PARTS, 25, 30, flip=True), {**LONG, "max_epochs": 30}),
    "drop_feature": Case(network(n_features=8), freeze(easy_parts(n_features=8), [4, 6]), LONG),
    "drop_doubtful": Case(
        network(width=128),
        flip(easy_parts(1_000), 0.35),
        {**SHORT, "max_epochs": 40},
    ),
    "balanced_sampling": Case(plain(5), rare_parts(), {**SHORT, **SLOW}),
    "insert_nonlinearity": Case(lambda seed: make_stack(nn.Identity, seed=seed), RING, LONG),
    "insert_normalisation": Case(
        lambda seed: draw(
            make_stack(nn.Sigmoid, depth=4, seed=seed), lambda w: nn.init.normal_(w, 0, 0.05)
        ),
        RING,
        LONG,
    ),
    "widen": Case(lambda seed: make_stack(width=2, seed=seed), RING, LONG),
    "match_output": Case(
        lambda seed: nn.Sequential(make_network(4, 3, seed=seed), nn.Softmax(dim=1)),
        split(*make_classes(500)),
        {**LONG, "loss": nn.CrossEntropyLoss()},
    ),
    "fallback_network": Case(dead, PARTS, LONG),
    "skip_poisoned": Case(poisoned, PARTS, LONG),
}

import pytest
import torch

from ml_training.core.errors import DataError
from ml_training.core.settings import SMALLEST_STEP_BUDGET, TrainSettings


def test_defaults_are_valid():
    settings = TrainSettings()
    assert settings.optimizer == "adamw"
    assert settings.repair is True


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("task", "ranking"),
        ("optimizer", "adagrad"),
        ("loss", "mse"),
        ("watch", "all"),
        ("batch_size", 1),
        ("batch_size", 2.5),
        ("batch_size", True),
        ("max_epochs", 0),
        ("seed", -1),
        ("n_threads", -1),
        ("patience", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("learning_rate", "fast"),
        ("max_step_ratio", -1.0),
        ("clip_norm", 0.0),
        ("optimizer", 3),
        ("loss", 3),
        ("scheduler", 3),
    ],
)
def test_refuses_and_names_rule_and_value_when_a_setting_is_unusable(name, value):
    with pytest.raises(DataError) as caught:
        TrainSettings(**{name: value})
    assert f"`{name}`" in str(caught.value)
    assert caught.value.hint


def test_names_why_and_value_when_the_batch_is_too_small():
    with pytest.raises(DataError, match=r"at least 2, got 1\. batch normalisation needs two rows"):
        TrainSettings(batch_size=1)


def test_names_type_when_a_callable_is_expected():
    with pytest.raises(DataError, match="callable, got int"):
        TrainSettings(scheduler=3)


def test_accepts_factories_and_modules_when_callable():
    settings = TrainSettings(
        optimizer=lambda params: torch.optim.SGD(params, lr=0.1),
        loss=torch.nn.MSELoss(),
        scheduler=torch.optim.lr_scheduler.ConstantLR,
    )
    assert callable(settings.optimizer)


def test_accepts_an_absurd_rate_when_it_is_finite():
    assert TrainSettings(learning_rate=1e12).learning_rate == 1e12


def test_turns_keys_into_a_frozen_set_when_given_a_list():
    assert TrainSettings(switched_off=["outliers"]).switched_off == frozenset({"outliers"})


def test_accepts_a_device_object_when_given_one():
    assert TrainSettings(device=torch.device("cpu")).device == "cpu"


def test_is_frozen_when_made():
    with pytest.raises(AttributeError):
        TrainSettings().seed = 3


def test_takes_keywords_only_when_called():
    with pytest.raises(TypeError):
        TrainSettings("binary")


def test_budget_is_never_below_its_floor_when_the_plan_is_short():
    assert TrainSettings(max_step_ratio=3.0).step_budget(10) == SMALLEST_STEP_BUDGET


def test_budget_follows_the_ratio_when_the_plan_is_long():
    assert TrainSettings(max_step_ratio=2.0).step_budget(10_000) == 20_000

import json

import numpy as np
import pytest
import torch

from ml_training.core.ensemble import EnsembleResult, Recipe, fit_ensemble
from ml_training.core.errors import DataError
from ml_training.core.events import RunEnded
from ml_training.core.fit import fit
from ml_training.core.result import FitResult
from ml_training.core.settings import TrainSettings
from tests.core.builders import Listener

SMALL = Recipe(widths=(16,), max_epochs=6)


def make_table(n=400, n_features=4, seed=0):
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(n, n_features))
    y = (X[:, 0] + 0.5 * generator.normal(size=n) > 0).astype(int)
    return X, y


@pytest.fixture(scope="module")
def result():
    return fit_ensemble(*make_table(), recipe=SMALL, n_members=4)


def test_chances_are_the_mean_over_the_members(result):
    X, _ = make_table(seed=1)
    members = result.members_proba(X)
    assert members.shape == (4, 400, 2)
    assert np.allclose(members.mean(axis=0), result.predict_proba(X), atol=1e-6)
    assert np.allclose(result.spread(X), members.std(axis=0))
    assert (result.predict(X) == (result.predict_proba(X)[:, 1] > 0.5)).all()


def test_it_learns_what_there_is(result):
    X, y = make_table(2000, seed=1)
    assert (result.predict(X) == y).mean() > 0.8  # 0.85 is the best there is


def test_members_differ_since_each_has_its_own_rows(result):
    X, _ = make_table(seed=1)
    assert result.spread(X).max() > 1e-3


def test_every_training_row_has_an_answer_of_those_that_held_it_out(result):
    X, y = make_table()
    assert len(result.held_out) == result.report.summary["n_rows"]
    known = np.isfinite(result.held_out[:, 1])
    assert known.mean() >= 0.7  # 4 members hold out 8 of 10 blocks
    told = result.held_out[known, 1] > 0.5
    assert (told == y[: len(known)][known]).mean() > 0.75
    assert not np.allclose(result.held_out[known], result.predict_proba(X[: len(known)])[known])


def test_the_same_seed_gives_the_same_bits():
    X, y = make_table()
    one, same, other = (
        fit_ensemble(
            X, y, recipe=SMALL, n_members=3, settings=TrainSettings(max_epochs=3, seed=seed)
        )
        for seed in (5, 5, 6)
    )
    state, again = one.model.state_dict(), same.model.state_dict()
    assert all(torch.equal(state[name], again[name]) for name in state)
    assert not np.array_equal(one.predict_proba(X), other.predict_proba(X))


def test_the_random_numbers_of_the_caller_stay_as_they_were():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    fit_ensemble(*make_table(100), recipe=SMALL, n_members=2)
    assert torch.equal(torch.get_rng_state(), before)


def test_it_comes_back_from_disk_to_the_bit(result, tmp_path):
    X, _ = make_table(seed=1)
    digest = result.save(tmp_path / "model")
    assert len(digest) == 64
    loaded = EnsembleResult.load(tmp_path / "model")
    assert np.array_equal(loaded.predict_proba(X), result.predict_proba(X))
    assert np.array_equal(loaded.members_proba(X), result.members_proba(X))
    assert loaded.as_dict() == result.as_dict()
    assert np.array_equal(FitResult.load(tmp_path / "model").predict(X), result.predict(X))


def damage_json(path, change):
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document["predictor"].pop("network"),
        lambda document: document["predictor"].pop("treatments"),
        lambda document: document["predictor"]["network"]["shape"].update(widths=[-1]),
        lambda document: document["predictor"]["network"]["shape"].update(n_members=5),
        lambda document: document.pop("report"),
        lambda document: document.update(predictor=[]),
    ],
)
def test_a_damaged_description_is_refused_in_words(result, tmp_path, change):
    result.save(tmp_path / "model")
    damage_json(tmp_path / "model.json", change)
    with pytest.raises(DataError, match=r"damaged|does not fit"):
        EnsembleResult.load(tmp_path / "model")


def test_damaged_tensors_are_refused_in_words(result, tmp_path):
    result.save(tmp_path / "model")
    path = tmp_path / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        EnsembleResult.load(tmp_path / "model")


def test_a_file_of_another_model_is_refused_in_words(tmp_path):
    single = fit(None, *make_table(100), settings=TrainSettings(max_epochs=1))
    single.save(tmp_path / "single")
    with pytest.raises(DataError, match="must hold an ensemble, got a network of kind 'house'"):
        EnsembleResult.load(tmp_path / "single")


def test_the_card_is_plain_and_tells_of_every_member(result):
    card = json.loads(json.dumps(result.as_dict(), allow_nan=False))
    assert card["kind"] == "ensemble"
    assert card["n_members"] == len(card["best_epochs"]) == len(card["held_out_losses"]) == 4
    assert card["shape"]["widths"] == [16]
    assert card["treatments"] == ["impute"]


def test_many_classes_are_told_apart():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(600, 3))
    y = np.array(["a", "b", "c"])[X.argmax(axis=1)]
    result = fit_ensemble(X, y, recipe=Recipe(widths=(16,), max_epochs=20), n_members=4)
    assert result.predict_proba(X).shape == (600, 3)
    assert result.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(600), abs=1e-6)
    assert (result.predict(X) == y).mean() > 0.8


def test_values_are_told_in_their_own_units():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(400, 3))
    y = 500.0 + 20.0 * X[:, 0] + generator.normal(size=400)
    result = fit_ensemble(X, y, recipe=SMALL, n_members=4)
    assert np.abs(result.predict(X) - y).mean() < 2.0
    assert result.held_out is None


def test_one_answer_is_refused_with_a_usable_model():
    X, _ = make_table(100)
    listener = Listener()
    result = fit_ensemble(X, np.ones(100, dtype=int), n_members=2, emit=listener)
    assert (result.status, result.n_members) == ("refused", 0)
    assert (result.predict_proba(X) == 1.0).all()
    assert isinstance(listener.events[-1], RunEnded)
    assert result.members_proba(X).shape == (1, 100, 1)


def test_a_refused_one_comes_back_from_disk(tmp_path):
    X, _ = make_table(100)
    refused = fit_ensemble(X, np.ones(100, dtype=int), n_members=2)
    refused.save(tmp_path / "model")
    loaded = EnsembleResult.load(tmp_path / "model")
    assert (loaded.predict_proba(X) == refused.predict_proba(X)).all()


def test_treatments_of_another_run_are_taken_over():
    X, y = make_table()
    X = X * np.array([1.0, 1e4, 1.0, 1.0])
    healed = fit(None, X, y, settings=TrainSettings(max_epochs=3))
    assert "scale" in [treatment.key for treatment in healed.predictor.treatments]
    result = fit_ensemble(X, y, recipe=SMALL, n_members=2, start_from=healed)
    assert result.predictor.treatments == healed.predictor.treatments
    assert "unscaled_features" not in [finding.problem for finding in result.findings]


def test_missing_cells_and_wild_values_do_not_break_an_answer(result):
    X, _ = make_table(5)
    X[0], X[1, 0], X[2, 1] = np.nan, np.inf, 1e30
    assert np.isfinite(result.predict_proba(X)).all()


def test_few_rows_are_enough():
    X, y = make_table(20)
    result = fit_ensemble(X, y, recipe=SMALL, n_members=2)
    assert np.isfinite(result.predict_proba(X)).all()
    assert result.n_members == 2


def test_weights_and_groups_belong_to_rows_that_are_left_for_training():
    X, y = make_table(400)
    X[7] = np.nan
    result = fit_ensemble(
        X,
        y,
        recipe=SMALL,
        n_members=2,
        sample_weight=np.linspace(0, 1, 400),
        groups=np.arange(400) // 20,
        times=(np.arange(400), np.arange(400) + 5),
    )
    assert np.isfinite(result.predict_proba(X)).all()


def test_it_stops_when_the_caller_wants_it_to():
    result = fit_ensemble(*make_table(), recipe=SMALL, n_members=2, should_stop=lambda: True)
    assert result.stopped_because == "cancelled"
    assert result.n_members == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"n_members": 0}, "`n_members` must be a whole number"),
        ({"n_members": True}, "`n_members` must be a whole number"),
        ({"groups": np.arange(7)}, "`groups` and `times` must hold a value"),
        ({"settings": TrainSettings(switched_off={"nonsense"})}, "known problems"),
    ],
)
def test_unfit_arguments_are_refused_in_words(arguments, words):
    with pytest.raises(DataError, match=words):
        fit_ensemble(*make_table(100), recipe=SMALL, **arguments)


def test_treatments_of_other_columns_are_refused_in_words():
    X, y = make_table(100)
    other = fit(None, X[:, :2], y, settings=TrainSettings(max_epochs=1))
    with pytest.raises(DataError, match="must know the 4 features of `X_train`, knows 2"):
        fit_ensemble(X, y, recipe=SMALL, start_from=other)


@pytest.mark.parametrize("n_rows", [10, 850, 5_000, 20_000, 1_000_000])
def test_the_plan_stays_bounded_when_rows_are_many(n_rows):
    settings = Recipe().settings(n_rows, seed=7)
    assert settings.seed == 7
    assert settings.max_epochs >= 8
    assert settings.batch_size >= 16
    steps = settings.max_epochs * n_rows / settings.batch_size
    assert steps <= max(1_500, 8 * n_rows / settings.batch_size)


def test_noise_is_told_from_signal_on_held_out_rows():
    X, y = make_table(300)
    noise = np.random.default_rng(9).integers(0, 2, 300)
    found = {
        name: fit_ensemble(X, target, recipe=SMALL, n_members=4)
        for name, target in (("signal", y), ("noise", noise))
    }
    assert "no_signal" not in [f.problem for f in found["signal"].findings]
    assert [f.problem for f in found["noise"].findings if f.is_alarm] == ["no_signal"]
    assert found["noise"].status == "unresolved"
    assert found["noise"].n_members == 4  # it says little, and may be compared
    assert np.abs(found["noise"].predict_proba(X) - 0.5).max() < 0.3


def test_what_simple_methods_do_not_see_is_no_noise():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(1500, 2))
    y = (X[:, 0] * X[:, 1] + 0.3 * generator.normal(size=1500) > 0).astype(int)
    result = fit_ensemble(X, y, recipe=Recipe(max_epochs=30), n_members=4)
    assert "no_signal" not in [f.problem for f in result.findings]
    assert (result.predict(X) == y).mean() > 0.7


def plant_unit(X):
    X[:, 0] *= 1e5


def plant_gaps(X):
    X[np.random.default_rng(3).random(X.shape) < 0.1] = np.nan


def plant_infinities(X):
    X[::50, 1] = np.inf


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "problem"),
    [(plant_unit, "unscaled_features"), (plant_gaps, "nan_inf_input"), (plant_infinities, "")],
)
def test_faults_in_the_table_are_healed_as_those_of_one_network(fault, problem):
    X, y = make_table(600)
    fault(X)
    result = fit_ensemble(X, y, recipe=SMALL, n_members=4)
    assert problem in ["", *(finding.problem for finding in result.findings)]
    assert result.status in ("healthy", "repaired")
    assert (result.predict(X) == y).mean() > 0.75


@pytest.mark.slow
def test_members_keep_what_they_know_when_the_rate_is_far_too_high():
    X, y = make_table(600)
    settings = SMALL.settings(600, learning_rate=10.0)
    result = fit_ensemble(X, y, recipe=SMALL, n_members=4, settings=settings)
    assert any(finding.is_alarm for finding in result.findings)
    assert (result.predict(X) == y).mean() > 0.8  # the lines they began with

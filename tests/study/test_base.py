import numpy as np
import pytest

from ml_training.core.settings import TrainSettings
from ml_training.errors import DataError
from ml_training.evaluation.metrics import measure_auc
from ml_training.study.base import BaseSettings, cut_newest, train_base
from ml_training.study.base_model import MARKET_STATE, keep_market_state
from tests.study.base_builders import N_SHARED, make_base, make_market
from tests.study.builders import change, make_set

QUICK = BaseSettings(train=TrainSettings(max_epochs=3, repair=False))


def test_base_ranks_setups_it_never_saw_when_they_share_its_edge():
    base, unseen = make_base(), make_market(1000, seed=7)
    auc = measure_auc(unseen.y, base.predict_proba(unseen.X))
    assert auc > 0.7  # chosen: the planted edge itself ranks at 0.83
    assert base.scores["auc"] > 0.7
    assert base.scores["log_loss"] < base.scores["base_rate_log_loss"]


def test_base_reads_the_market_state_only_when_a_strategy_adds_columns():
    base, rows = make_base(), make_market(50, n_own=3, seed=3)
    alone = base.predict_proba(rows.X[:, :N_SHARED])
    np.testing.assert_array_equal(base.predict_proba(rows.X), alone)


def test_base_learns_from_nothing_later_when_a_moment_is_given():
    rows = make_market(800, n_own=0)
    until = int(np.quantile(rows.t1, 0.7))
    spoiled = change(rows, y=np.where(rows.t1 > until, 1 - rows.y, rows.y))
    ours, theirs = (
        train_base(one, presets=["tce"], until=until, settings=QUICK) for one in (rows, spoiled)
    )
    assert ours.trained_until <= until
    assert ours.trained_until == int(rows.t1[rows.t1 <= until].max())
    assert ours.n_setups == int((rows.t1 <= until).sum()) < len(rows)
    np.testing.assert_array_equal(ours.predict_proba(rows.X), theirs.predict_proba(rows.X))


def test_base_is_the_same_when_trained_again_with_the_same_seed():
    rows = make_market(400, n_own=0)
    first, again = (train_base(rows, presets=["tce"], settings=QUICK) for _ in range(2))
    np.testing.assert_array_equal(first.predict_proba(rows.X), again.predict_proba(rows.X))
    assert first.scores == again.scores


def test_base_says_where_it_comes_from_when_described():
    base = make_base()
    assert base.presets == ("tce",)
    assert base.name.startswith("TCE base up to ")
    assert base.symbols == ("AUDUSD", "GBPUSD", "XAUUSD")
    assert base.timeframes == ("1h", "4h")
    assert base.feature_digest == MARKET_STATE.digest
    assert base.n_setups == 600
    assert 300 < base.n_effective <= 600


def test_name_of_the_caller_is_kept_when_there_is_one():
    settings = BaseSettings(name="House base", train=QUICK.train)
    assert train_base(make_market(400), presets=["tce"], settings=settings).name == "House base"


def test_older_setups_end_before_the_newest_begin_when_cut():
    older, newest = cut_newest(make_market(200, hours_apart=6))
    assert older.t1.max() < newest.t0.min()
    assert len(newest) == 40


def test_few_setups_are_refused_with_what_would_bring_enough():
    with pytest.raises(DataError, match=r"at least 300 effective setups, got 2\d\d") as caught:
        train_base(make_market(250, hours_apart=48), presets=["tce"])
    assert "pool several presets" in caught.value.hint


def test_few_setups_before_the_moment_are_refused_with_its_date():
    rows = make_market(400)
    with pytest.raises(DataError, match="that ended by 2020-0"):
        train_base(rows, presets=["tce"], until=int(rows.t1[50]))


@pytest.mark.parametrize(("outcome", "word"), [(0, "losses"), (1, "wins")])
def test_one_class_is_refused_when_there_is_nothing_to_tell_apart(outcome, word):
    with pytest.raises(DataError, match=f"All 400 setups are {word}"):
        train_base(make_market(400, y=np.full(400, outcome)), presets=["tce"])


def test_other_columns_are_refused_by_name_when_they_are_no_market_state():
    with pytest.raises(DataError, match="'return_1' is not where it belongs") as caught:
        train_base(make_set(400), presets=["tce"])
    assert "Scan the setups again" in caught.value.hint


def test_missing_last_column_is_named_when_the_block_is_cut_short():
    rows = make_market(400, n_own=0)
    short = change(rows, X=rows.X[:, :-1], feature_names=rows.feature_names[:-1])
    with pytest.raises(DataError, match=repr(MARKET_STATE.names[-1])):
        keep_market_state(short)

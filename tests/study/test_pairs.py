import json

import numpy as np
import pytest

from ml_training.evaluation.pairwise import PairwiseBaseline
from ml_training.study.models import LOGISTIC, PAIRWISE
from ml_training.study.pairs import FoundPair, describe_pairs, list_pairs, tell_pairs

NAMES = ("trend", "volatility", "hour")


def fit(score):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((1500, 3))
    won = rng.random(1500) < 1 / (1 + np.exp(-score(X)))
    return {PAIRWISE: PairwiseBaseline.fit(X, won.astype(int))}


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (lambda X: X[:, 0] * X[:, 1], "trend with volatility (setups win more often where both"),
        (lambda X: -X[:, 0] * X[:, 1], "where one is high, the other low)"),
        (lambda X: 0.5 * X[:, 2] ** 2, "hour (setups win more often where it is far from"),
        (lambda X: -(X[:, 2] ** 2), "hour (setups win more often where it is near"),
    ],
)
def test_pair_is_named_with_where_setups_win(score, words):
    assert words in tell_pairs(list_pairs(fit(score), NAMES))


def test_noise_is_said_to_hold_no_pair():
    assert list_pairs(fit(lambda X: 0 * X[:, 0]), NAMES) == ()


def test_nothing_is_said_where_nothing_was_looked_for():
    assert list_pairs({LOGISTIC: None}, NAMES) is None


def test_found_pairs_survive_json_with_their_words():
    pair = FoundPair("trend", "volatility", 0.3)
    stored = json.loads(json.dumps(describe_pairs([pair])))
    assert pair.words in stored["words"]
    assert [FoundPair(**one) for one in stored["found"]] == [pair]

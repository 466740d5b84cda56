"""Made-up setups with the columns of the market state, and base models of them."""

from functools import cache

from ml_training.core.settings import TrainSettings
from ml_training.data.labelled import LabelledSet
from ml_training.study.base import BaseModel, BaseSettings, train_base
from ml_training.study.base_model import MARKET_STATE
from tests.study.builders import START_S, change, make_set

N_SHARED = len(MARKET_STATE.names)
DAY_S = 86_400


def make_market(n=400, *, n_own=2, start=START_S, **options) -> LabelledSet:
    """Return setups whose edge lies in the first two columns of the market state."""
    rows = make_set(n, n_features=N_SHARED + n_own, **options)
    names = (*MARKET_STATE.names, *(f"own_{i}" for i in range(n_own)))
    shift = start - START_S
    digest = "e" * 64 if n_own else MARKET_STATE.digest
    return change(
        rows, feature_names=names, feature_digest=digest, t0=rows.t0 + shift, t1=rows.t1 + shift
    )


@cache
def make_base(n=600, *, epochs=12, edge=1.0, seed=1) -> BaseModel:
    """Return a base model of an earlier year, trained once for all tests."""
    rows = make_market(n, edge=edge, seed=seed, start=START_S - n * DAY_S)
    settings = BaseSettings(train=TrainSettings(max_epochs=epochs, repair=False, seed=seed))
    return train_base(rows, presets=["tce"], settings=settings)

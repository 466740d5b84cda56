"""A study with a base model that was interrupted goes on to the same models."""

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from ml_training.study.models import TRANSFER
from ml_training.study.report import write_report
from ml_training.study.run import run_study
from ml_training.study.saving import Saving
from tests.study.base_builders import make_base, make_market
from tests.study.builders import quick_settings


@dataclass
class Folder:
    """Keep every state that a study saves, with its story."""

    states: list = field(default_factory=list)

    def save(self, state, place, story):
        self.states.append((state, json.loads(json.dumps(story))))

    def saving(self, number=None):
        state, story = (None, None) if number is None else self.states[number]
        return Saving(save=self.save, wants=lambda: True, state=state, story=story)


def study_of(saving):
    rows = make_market(90, seed=5, hours_apart=36)
    settings = quick_settings(bases=lambda moment: make_base(), models=frozenset())
    return run_study(rows, settings, saving=saving)


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, -1])
def test_killed_run_goes_on_to_the_same_weights_when_it_starts_from_a_base(number, tmp_path):
    folder = Folder()
    whole = study_of(folder.saving())
    again = study_of(folder.saving(number))
    assert write_report(again) == write_report(whole)
    X = whole.blocks.test.X
    for one, other in ((whole.fitted, again.fitted), (whole.transfer, again.transfer)):
        ours, theirs = getattr(one, "fitted", one), getattr(other, "fitted", other)
        np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    assert TRANSFER in {one.name for one in again.test}
    whole.served.save(tmp_path / "whole.zip")
    again.served.save(tmp_path / "again.zip")
    assert (tmp_path / "whole.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()

"""Processes killed with signal 9 while they train: the next ends with the same hash."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ml_training.core.checkpoints import write_bytes
from ml_training.core.fit import fit
from ml_training.core.settings import TrainSettings
from tests.core.builders import weights_of
from tests.core.interruption_cases import ILL, REPAIRED, SOUND
from tests.core.interruptions import outcome

ROOT = Path(__file__).resolve().parents[2]
CASES = {**SOUND, **ILL, **REPAIRED}


def train(name: str, folder: Path, kill_at: int, seed: int) -> str:
    """Train from the state in a folder, if there is one; die after some batches."""
    case = CASES[name]
    file, n_heard = folder / "state", 0

    def hear(event) -> None:
        nonlocal n_heard
        n_heard += 1
        if n_heard == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    np.random.seed(seed)  # noqa: NPY002 - the one a caller's network may draw from
    result = fit(
        None if case.make_model is None else case.make_model(seed if file.exists() else 0),
        *case.parts,
        settings=TrainSettings(**case.settings),
        emit=hear,
        save_state=lambda state, place: write_bytes(file, state),
        resume=file.read_bytes() if file.exists() else None,
    )
    content = b"".join(weights.tobytes() for weights in weights_of(result.model))
    return hashlib.sha256(content + outcome(result).encode()).hexdigest()


def run_process(name, folder, kill_at, seed) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-W", "ignore", "-m", "tests.core.test_resume_processes"]
    return subprocess.run(
        [*words, name, str(folder), str(kill_at), str(seed)],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["house", "widen"])
def test_the_hash_is_that_of_the_undisturbed_run_when_processes_were_killed(name, tmp_path):
    undisturbed = run_process(name, tmp_path / "whole", 0, 1)
    assert undisturbed.returncode == 0, undisturbed.stderr
    for seed, kill_at in [(2, 5), (3, 9)]:
        killed = run_process(name, tmp_path / "killed", kill_at, seed)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert (tmp_path / "killed" / "state").exists()
    resumed = run_process(name, tmp_path / "killed", 0, 4)
    assert resumed.stdout == undisturbed.stdout != ""


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.stdout.write(train(words[0], Path(words[1]), int(words[2]), int(words[3])))

"""The core stays what it is: torch and numpy, silent, without Django."""

import subprocess
import sys
from pathlib import Path

from ml_training.core.fit import fit
from ml_training.core.settings import TrainSettings
from tests.core.builders import make_rows

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "ml_training" / "core"


def test_the_core_imports_without_django():
    code = (
        "import sys; import ml_training.core.fit; "
        "sys.exit(any(name in sys.modules for name in ('django', 'pandas', 'sklearn')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=120, check=False)
    assert done.returncode == 0


def test_a_run_prints_nothing(capfd):
    fit(None, *make_rows(), settings=TrainSettings(max_epochs=2))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_the_clock_is_read_by_the_medic_alone():
    readers = {path.name for path in CORE.rglob("*.py") if "import time" in path.read_text()}
    assert readers == {"medic.py"}


def test_no_file_is_too_long():
    files = [*CORE.rglob("*.py"), *(ROOT / "tests" / "core").rglob("*.py")]
    assert not [f.name for f in files if len(f.read_text().splitlines()) > 400]

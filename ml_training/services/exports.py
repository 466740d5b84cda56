"""Hand a model out as plain files that numpy alone can read."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from ml_training.errors import DataError
from ml_training.models import TrainingRun
from ml_training.services.cards import describe_model, find_served, write_card
from ml_training.services.checkpoints import local_copy
from ml_training.services.jsonable import to_jsonable
from ml_training.study import strategy_model
from ml_training.study.portable import describe_portable
from ml_training.study.serving import ServedModel, load_served

ARRAYS, DOCUMENT, CARD, CARD_TEXT = "model.safetensors", "model.json", "card.json", "MODEL_CARD.md"
READER, EXAMPLE, CHECK, GRAPH = "strategy_model.py", "example.py", "check.json", "model.onnx"
KNOWN = {ARRAYS, DOCUMENT, CARD, CARD_TEXT, READER, EXAMPLE, CHECK, GRAPH}

N_CHECK_ROWS = 8
"""Made-up rows that say whether another reader counts the same; chosen."""

EXAMPLE_CODE = '''"""Read the model beside this file, check it, and ask it about a setup.

Needs Python 3.11 or newer, numpy and safetensors: `pip install numpy safetensors`.
"""

import json
from pathlib import Path

import numpy as np

from strategy_model import StrategyModel

HERE = Path(__file__).parent

model = StrategyModel.read(HERE)
check = json.loads((HERE / "check.json").read_text())
rows = np.array(check["rows"], dtype=float)  # null in the file is a missing cell
difference = np.abs(model.predict_proba(rows) - check["chances"]).max()
print(f"{len(rows)} made-up setups: largest difference {difference:.1e}")
assert difference <= 1e-6, "this reader does not count as the program that trained the model"

print(f"the model wants {len(model.feature_names)} features per setup:")
print("  " + ", ".join(model.feature_names))
print(f"chance of a win of the first made-up setup: {model.predict_proba(rows)[0]:.1%}")
print("worth taking" if model.take(rows)[0] else "not worth taking")
'''


@dataclass(frozen=True)
class Exported:
    """Say what was written, and where."""

    folder: Path
    files: tuple[str, ...]
    served: str


def export_model(run: TrainingRun, folder: Path, *, with_onnx: bool = False) -> Exported:
    """Write a run's model into a folder, with its card and all it takes to use it.

    Parameters
    ----------
    run : TrainingRun
        One that succeeded.
    folder : Path
        Empty, or holding an earlier export, which is replaced; made when missing.
    with_onnx : bool
        Also write `model.onnx`; needs the packages of requirements-onnx.txt.

    Raises
    ------
    DataError
        When there is no model, the folder holds other files, or onnx is missing.
    """
    card = describe_model(run)
    with local_copy(find_served(run)) as path:
        served = load_served(path)
    files = _make_files(served, card, with_onnx=with_onnx)
    _open_folder(folder)
    for name in sorted(KNOWN - set(files)):
        (folder / name).unlink(missing_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return Exported(folder, tuple(sorted(files)), served.name)


def _make_files(served: ServedModel, card: dict[str, Any], *, with_onnx: bool) -> dict[str, bytes]:
    document, arrays = describe_portable(served)
    files = {
        ARRAYS: save(arrays),
        DOCUMENT: _to_json(document),
        CARD: _to_json(card),
        CARD_TEXT: write_card(card).encode(),
        READER: Path(strategy_model.__file__).read_bytes(),
        EXAMPLE: EXAMPLE_CODE.encode(),
        CHECK: _to_json(_make_check(served)),
    }
    if with_onnx:
        from ml_training.services.onnx_graph import build_onnx  # noqa: PLC0415 - an extra

        files[GRAPH] = build_onnx(document, arrays)
    return files


def _make_check(served: ServedModel) -> dict[str, Any]:
    """Return made-up rows, some with gaps, and what the model says of them."""
    rng = np.random.default_rng(0)
    rows = 2.0 * rng.standard_normal((N_CHECK_ROWS, len(served.feature_names)))
    rows[1::2][rng.random(rows[1::2].shape) < 0.2] = np.nan
    cells = [[None if np.isnan(cell) else cell for cell in row] for row in rows.tolist()]
    return {"rows": cells, "chances": served.predict_proba(rows).tolist()}


def _open_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} must be a folder, it is a file", hint="Name another one")
    strange = {one.name for one in folder.iterdir()} - KNOWN if folder.exists() else set()
    if strange:
        raise DataError(
            f"{folder} must be empty or hold an earlier export, it holds {sorted(strange)[0]}",
            hint="Name another folder, or a new one",
        )
    folder.mkdir(parents=True, exist_ok=True)


def _to_json(content: object) -> bytes:
    return (json.dumps(to_jsonable(content), indent=1, sort_keys=True) + "\n").encode()

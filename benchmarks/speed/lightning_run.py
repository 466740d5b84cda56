"""The same run in Lightning, as its own documentation would write it.

Lightning is a development dependency: see requirements-bench.txt.
"""

import tempfile
import time
from typing import Any

import torch
from lightning.pytorch import (  # type: ignore[import-not-found, unused-ignore]
    LightningModule,
    Trainer,
)
from lightning.pytorch.callbacks import (  # type: ignore[import-not-found, unused-ignore]
    Callback,
    EarlyStopping,
    ModelCheckpoint,
)
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.faults.contestants import quiet_lightning
from benchmarks.speed.rows import CLIP_NORM, LEARNING_RATE, N_FEATURES, Ends, Plan, Rows
from ml_training.core.network import HouseNetwork


class HouseModule(LightningModule):  # type: ignore[misc, unused-ignore]
    """Train the house network on two classes.

    Parameters
    ----------
    is_fused : bool
        True takes the fused optimizer, which Lightning's own pages do not.
    """

    def __init__(self, *, is_fused: bool) -> None:
        super().__init__()
        self.network = HouseNetwork(N_FEATURES, 1)
        self.is_fused = is_fused

    def training_step(self, batch: list[Tensor], index: int) -> Tensor:
        """Return the loss of one batch."""
        del index
        return binary_cross_entropy_with_logits(self.network(batch[0])[:, 0], batch[1])

    def validation_step(self, batch: list[Tensor], index: int) -> None:
        """Log the validation loss."""
        self.log("val_loss", self.training_step(batch, index))

    def configure_optimizers(self) -> Any:
        """Return the optimizer."""
        fused = True if self.is_fused else None
        return torch.optim.AdamW(self.parameters(), lr=LEARNING_RATE, fused=fused)


class EpochClock(Callback):  # type: ignore[misc, unused-ignore]
    """Note when each epoch ended, its validation included.

    Parameters
    ----------
    ends : Ends
        Where to.
    """

    def __init__(self, ends: Ends) -> None:
        self.ends = ends

    def on_train_epoch_end(self, trainer: Any, module: Any) -> None:
        """Note the time."""
        del module
        self.ends.at.append(time.process_time())
        self.ends.steps.append(trainer.global_step)


def as_dataset(rows: Rows) -> TensorDataset:
    """Return rows as the dataset a loader takes."""
    return TensorDataset(*(torch.tensor(a, dtype=torch.float32) for a in rows))


def run(plan: Plan, *, is_fused: bool = False) -> Ends:
    """Train with the best checkpoint, early stopping, clipping; nothing is logged."""
    ends = Ends()
    with quiet_lightning(), tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=plan.n_epochs,
            gradient_clip_val=CLIP_NORM,
            callbacks=[
                EpochClock(ends),
                EarlyStopping("val_loss", patience=plan.n_epochs),
                ModelCheckpoint(folder, monitor="val_loss", save_weights_only=True),
            ],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            default_root_dir=folder,
        )
        batches = DataLoader(as_dataset(plan.train), plan.batch_size, shuffle=True)
        checks = DataLoader(as_dataset(plan.validation), len(plan.validation[0]))
        trainer.fit(HouseModule(is_fused=is_fused), batches, checks)
    return ends

"""The same training in Lightning, as its own documentation would write it.

Lightning is a development dependency: see requirements-bench.txt.
"""

import tempfile
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import (  # type: ignore[import-not-found, unused-ignore]
    LightningModule,
    Trainer,
)
from lightning.pytorch.callbacks import (  # type: ignore[import-not-found, unused-ignore]
    EarlyStopping,
    ModelCheckpoint,
)
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from benchmarks.faults.cases import Workload
from benchmarks.faults.losses import flat
from benchmarks.faults.reference import as_tensors

PATIENCE = 10  # as many epochs as the careful loop waits
CLIP_NORM = 1.0  # the value of Lightning's own examples
VAL_BATCH = 4_096


class CaseModule(LightningModule):  # type: ignore[misc, unused-ignore]
    """Train the network of a workload with its loss, optimizer and schedule.

    Parameters
    ----------
    workload : Workload
        What to train.
    """

    def __init__(self, workload: Workload) -> None:
        super().__init__()
        self.workload = workload
        self.network = workload.model()
        self.loss = workload.loss()

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        """Return the loss of one batch."""
        del index
        loss: Tensor = self.loss(flat(self.network(batch[0])), batch[1])
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        """Log the validation loss."""
        del index
        self.log("val_loss", self.loss(flat(self.network(batch[0])), batch[1]))

    def configure_optimizers(self) -> Any:
        """Return the optimizer, and the schedule by epochs."""
        optimizer = self.workload.optimizer(self.network.parameters())
        schedule = self.workload.schedule()
        if schedule is None:
            return optimizer
        return {"optimizer": optimizer, "lr_scheduler": schedule(optimizer)}


def share_until(best_path: str, n_steps: int) -> float:
    """Return the share of all steps after which the best checkpoint was written.

    Lightning names it ``epoch=3-step=80.ckpt``; without one the last weights are kept.
    """
    _, found, step = Path(best_path).stem.partition("step=")
    return int(step.split("-")[0]) / n_steps if found and n_steps else 1.0


def train_with_callbacks(workload: Workload) -> tuple[nn.Module, float]:
    """Train with early stopping, the best checkpoint and gradient clipping.

    Parameters
    ----------
    workload : Workload
        What to train.

    Returns
    -------
    Module
        The network with the weights of its best validation loss.
    float
        The share of all steps after which it had them.
    """
    parts, n_outputs = workload.parts, workload.n_outputs
    rows = TensorDataset(*as_tensors(parts.X_train, parts.y_train, n_outputs))
    held_out = TensorDataset(*as_tensors(parts.X_val, parts.y_val, n_outputs))
    with torch.random.fork_rng(devices=[]), tempfile.TemporaryDirectory() as folder:
        torch.default_generator.manual_seed(workload.seed)
        module = CaseModule(workload)
        checkpoint = ModelCheckpoint(folder, monitor="val_loss", save_weights_only=True)
        trainer = Trainer(
            accelerator="cpu",
            max_epochs=workload.case.epochs,
            gradient_clip_val=CLIP_NORM,
            callbacks=[EarlyStopping("val_loss", patience=PATIENCE), checkpoint],
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            default_root_dir=folder,
        )
        batches = DataLoader(rows, workload.case.batch_size, shuffle=True)
        checks = DataLoader(held_out, VAL_BATCH)
        trainer.fit(module, batches, checks)
        if checkpoint.best_model_path:
            trainer.validate(module, checks, ckpt_path="best", verbose=False)
        share = share_until(checkpoint.best_model_path, trainer.global_step)
    return module.network, share

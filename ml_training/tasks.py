"""What django-q2 calls: each task is a hint, and may come twice, late or never."""

from ml_training.conf import read_conf
from ml_training.models import Strategy, TrainingRun
from ml_training.services.leases import Halted, Keeper, claim_run
from ml_training.services.reviews import review_data as look_at_data
from ml_training.services.runs import name_worker
from ml_training.services.signals import run_in_process, run_scoring
from ml_training.services.supervisor import supervise_run


def train_run(run_id: str) -> str:
    """Train a run if nobody else does; say in a word what came of it."""
    if read_conf().isolation == "subprocess":
        return supervise_run(run_id)
    return train_inline(run_id)


def train_inline(run_id: str) -> str:
    """Train a run in this very process: for tests and notebooks."""
    from ml_training.pipeline import train_claimed_run  # noqa: PLC0415 - imports torch
    from ml_training.study.progress import ignore  # noqa: PLC0415

    lease = claim_run(run_id, name_worker())
    if lease is None:
        return "left alone"
    run = TrainingRun.objects.get(pk=lease.run_id)
    try:
        train_claimed_run(run, Keeper(lease), ignore)
    except Halted as halted:
        return halted.why
    except Exception:  # its words stand in the row
        return str(TrainingRun.State.FAILED)
    return str(TrainingRun.State.SUCCEEDED)


def score_newest(scoring_id: int) -> str:
    """Score the newest setups if that still waits; say in a word what came of it."""
    if read_conf().isolation == "subprocess":
        return run_in_process(scoring_id)
    return run_scoring(scoring_id)


def review_data(strategy_id: int) -> str:
    """Look at the data of a strategy if it is still there; return their level."""
    strategy = Strategy.objects.filter(pk=strategy_id).first()
    if strategy is None:
        return "left alone"
    return str(look_at_data(strategy).quality.get("level", "not judged"))


def answer_canary() -> str:
    """Show that a worker works."""
    return name_worker()

"""Look at a strategy's data before it is trained: how good they are, what would help.

To look takes seconds: a web process asks, a worker does it, pages read the row. A
training looks at its own data anyway and leaves what it found.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now
from django_q.conf import Conf
from django_q.tasks import async_task

from ml_training.data.advice import Candidate
from ml_training.data.labelled import LabelledSet
from ml_training.data.quality import Quality, assess_quality, level_of
from ml_training.errors import HintedError
from ml_training.models import DataReview, Strategy
from ml_training.selectors.reviews import digest_data, read_candidate
from ml_training.services.at_hand import Counted, count_additions, count_left_out
from ml_training.services.jsonable import to_jsonable
from ml_training.services.setups import collect_setups

TASK = "ml_training.tasks.review_data"
ENOUGH = "excellent"
"""Level at which nobody asks for more candles."""


def request_review(strategy: Strategy) -> DataReview:
    """Let a worker look at the strategy's data; nothing is asked twice."""
    review, _ = DataReview.objects.get_or_create(strategy=strategy)
    waiting = DataReview.objects.filter(pk=review.pk, asked_at=None).update(asked_at=Now())
    if waiting:
        words = {"task_name": f"review {strategy.pk}", "cluster": str(Conf.PREFIX)}
        transaction.on_commit(lambda: async_task(TASK, strategy.pk, **words))
    review.refresh_from_db()
    return review


def review_data(strategy: Strategy) -> DataReview:
    """Scan, judge and count now; what cannot be judged is stored as an error."""
    try:
        dataset = collect_setups(strategy)
        counted = count_for(strategy, dataset.n_effective)
    except HintedError as error:
        return store_review(strategy, error=str(error.args[0]), hint=error.hint)
    except Exception:
        store_review(strategy, error="something went wrong", hint="Look at the trainer's log.")
        raise
    return store_found(strategy, dataset, counted)


def find_candidates(
    strategy: Strategy,
    dataset: LabelledSet,
    start: datetime | None = None,
    end: datetime | None = None,
    *,
    beat: Callable[[], None] = lambda: None,
) -> tuple[Candidate, ...]:
    """Return what would add setups to those of a run, and keep it for the page.

    With dates the counts of whole series would promise what the dates leave out, so
    those setups are named instead.
    """
    if start is None and end is None:
        counted = count_for(strategy, dataset.n_effective, beat)
        store_found(strategy, dataset, counted)
        return tuple(one.candidate for one in counted)
    if level_of(dataset.n_effective) == ENOUGH:
        return ()
    left_out = count_left_out(strategy, len(dataset), start, end)
    return () if left_out is None else (left_out,)


def count_for(
    strategy: Strategy, n_effective: float, beat: Callable[[], None] = lambda: None
) -> list[Counted]:
    """Count what the candles at hand would add, unless there is enough already."""
    if level_of(n_effective) == ENOUGH:
        return []
    known = DataReview.objects.filter(strategy=strategy).values_list("candidates", flat=True)
    stored = {told["digest"]: read_candidate(told) for told in known.first() or []}
    return count_additions(strategy, stored, beat=beat)


def store_found(
    strategy: Strategy, dataset: LabelledSet, counted: Sequence[Counted]
) -> DataReview:
    """Keep the quality of a strategy's data and what would add to them."""
    quality: Quality = assess_quality(dataset, candidates=[one.candidate for one in counted])
    return store_review(
        strategy,
        digest=digest_data(strategy),
        quality=asdict(quality),
        candidates=[{"digest": one.digest, **asdict(one.candidate)} for one in counted],
    )


def store_review(strategy: Strategy, **found: object) -> DataReview:
    """Write a review in place of the last one; nobody waits for it any more."""
    empty = {"digest": "", "quality": {}, "candidates": [], "error": "", "hint": ""}
    columns = {name: to_jsonable(value) for name, value in (empty | found).items()}
    review, _ = DataReview.objects.update_or_create(
        strategy=strategy, defaults={**columns, "asked_at": None, "reviewed_at": Now()}
    )
    review.refresh_from_db()
    return review

"""Read what was found out about the data of a strategy."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any

from ml_training.data.advice import Candidate
from ml_training.models import DataReview, Instrument, Strategy
from ml_training.selectors.market import describe_instrument, digest_candles

REVIEW_FORM = 1
"""Raise it when levels, findings or counting change."""


@dataclass(frozen=True, kw_only=True)
class ReviewView:
    """A stored review as a page shows it.

    `is_current` says that strategy and candles are still those it looked at.
    """

    review: DataReview
    is_current: bool
    candidates: tuple[Candidate, ...]

    @property
    def quality(self) -> dict[str, Any]:
        """Level, numbers and findings; empty when there are none."""
        return dict(self.review.quality)


def find_review(strategy: Strategy) -> ReviewView | None:
    """Return what is known of the strategy's data; None when nobody has looked yet."""
    review = DataReview.objects.filter(strategy=strategy).first()
    if review is None:
        return None
    is_current = bool(review.digest) and review.digest == digest_data(strategy)
    return ReviewView(review=review, is_current=is_current, candidates=read_candidates(review))


def read_candidates(review: DataReview) -> tuple[Candidate, ...]:
    """Return what other candles would add, largest first."""
    found = [read_candidate(one) for one in review.candidates]
    return tuple(sorted(found, key=lambda one: (-one.brings(1.0), one.name)))


def read_candidate(told: dict[str, Any]) -> Candidate:
    """Return a candidate as it was stored."""
    return Candidate(**{name: told[name] for name in Candidate.__dataclass_fields__})


def digest_data(strategy: Strategy) -> str:
    """Return one hash of the strategy and of all candles that it has or could have.

    Only hashes are read, never candles.
    """
    instruments = list(Instrument.objects.order_by("symbol"))
    digests = digest_candles(instruments)
    held = [[asdict(describe_instrument(one)), digests.get(one.pk, {})] for one in instruments]
    parts = json.dumps([REVIEW_FORM, strategy.version, held], sort_keys=True)
    return hashlib.sha256(parts.encode()).hexdigest()

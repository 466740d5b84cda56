"""Tell the points that a run told before from those that are new."""

import logging
from typing import Any

from ml_training.models import TrainingRun

logger = logging.getLogger(__name__)

COLUMNS = ("kind", "attempt", "epoch", "step", "values")


class StoredPoints:
    """The points that earlier attempts at a run have stored, by their number.

    The same seed gives the same points. Where they differ all the same (other code,
    another machine) the stored ones are wrong from there on and make way.
    """

    def __init__(self, run: TrainingRun) -> None:
        self.run = run
        self.n_told = 0
        self.wrong_from: int | None = None
        points = run.points.exclude(number=None).values("number", *COLUMNS)
        self.waiting = {point.pop("number"): point for point in points}

    def choose_new(self, point: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the point with its number, or nothing when it is stored already."""
        number, self.n_told = self.n_told, self.n_told + 1
        if not self.waiting:
            return [{"number": number, **point}]
        if self.waiting.get(number) == point:
            del self.waiting[number]
            return []
        logger.warning("run %s tells another point %s than before", self.run.pk, number)
        self.waiting.clear()
        self.wrong_from = number
        return [{"number": number, **point}]

    def skip(self, n_points: int) -> None:
        """Take the first points for told: an earlier attempt has stored them."""
        self.n_told = n_points
        self.waiting = {at: point for at, point in self.waiting.items() if at >= n_points}

    def drop_wrong(self) -> None:
        """Delete the stored points that turned out to be of another story."""
        if self.wrong_from is not None:
            self.run.points.filter(number__gte=self.wrong_from).delete()

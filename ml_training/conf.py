"""The `ML_TRAINING` setting as one object."""

from dataclasses import dataclass, field, fields
from typing import Literal, get_args

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

DEVICES = ("auto", "cpu", "cuda", "mps")
Isolation = Literal["subprocess", "inline"]


@dataclass(frozen=True, kw_only=True)
class MLTrainingConf:
    """What a project may decide about this app."""

    record_interval_s: float = 1.0  # chosen: a page lags by at most 3 s, two writes fit in
    batch_points: int = 2_000  # chosen: what a chart can show; more are thinned out
    isolation: Isolation = "subprocess"
    heartbeat_s: float = 10.0  # chosen: two may be missed before a lease ends
    lease_s: float = 30.0  # chosen: a dead worker's run goes on within a minute
    hint_s: float = 20.0  # chosen: a free worker takes a hint within a second
    backoff_s: float = 5.0  # chosen: doubled with each failure in a row
    max_failures: int = 3
    checkpoint_s: float = 10.0  # chosen: what is lost at most when a process is killed
    wall_s: float = 12 * 3600.0  # chosen: no run of this kind takes half a day
    stall_s: float = 900.0  # chosen: the longest scan says something every minute
    memory_mb: int = 0  # of the training process; 0: as much as there is
    queues: dict[str, str] = field(default_factory=dict)  # by device; else the default one
    keep_states_days: float = 30.0  # chosen: a month to resume a run that ended early
    token_days: float = 90.0  # chosen: four times a year; 0: tokens never expire

    def __post_init__(self) -> None:
        for name in ("record_interval_s", "keep_states_days", "token_days"):
            refuse(getattr(self, name) < 0, name, "must be >= 0", getattr(self, name))
        for name in ("batch_points", "max_failures"):
            refuse(getattr(self, name) < 1, name, "must be at least 1", getattr(self, name))
        known = get_args(Isolation)
        words = f"must be one of {', '.join(known)}"
        refuse(self.isolation not in known, "isolation", words, repr(self.isolation))
        words = "must be at least twice 'heartbeat_s', which must be > 0"
        is_short = not 0 < 2 * self.heartbeat_s <= self.lease_s
        refuse(is_short, "lease_s", words, f"{self.lease_s} and {self.heartbeat_s}")
        words = f"must name a queue for some of {', '.join(DEVICES)}"
        is_odd = not set(self.queues) <= set(DEVICES) or not all(self.queues.values())
        refuse(is_odd, "queues", words, self.queues)


def refuse(is_wrong: object, name: str, rule: str, value: object) -> None:
    """Raise `ImproperlyConfigured` when a value breaks its rule."""
    if is_wrong:
        raise ImproperlyConfigured(f"ML_TRAINING['{name}'] {rule}, got {value}")


def read_conf() -> MLTrainingConf:
    """Return the setting; raise `ImproperlyConfigured` when a name in it is unknown."""
    given = dict(getattr(settings, "ML_TRAINING", {}))
    known = [one.name for one in fields(MLTrainingConf)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ImproperlyConfigured(
            f"ML_TRAINING has no {unknown[0]!r}; it knows {', '.join(known)}"
        )
    return MLTrainingConf(**given)

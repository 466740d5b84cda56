"""The `ML_TRAINING` setting as one object."""

from dataclasses import dataclass, fields

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, kw_only=True)
class MLTrainingConf:
    """What a project may decide about this app."""

    record_interval_s: float = 1.0  # chosen: a page lags by at most 3 s, two writes fit in
    batch_points: int = 2_000  # chosen: what a chart can show; more are thinned out

    def __post_init__(self) -> None:
        if self.record_interval_s < 0:
            raise ImproperlyConfigured(
                f"ML_TRAINING['record_interval_s'] must be >= 0, got {self.record_interval_s}"
            )
        if self.batch_points < 1:
            raise ImproperlyConfigured(
                f"ML_TRAINING['batch_points'] must be at least 1, got {self.batch_points}"
            )


def read_conf() -> MLTrainingConf:
    """Return the setting; raise `ImproperlyConfigured` when a name in it is unknown."""
    given = dict(getattr(settings, "ML_TRAINING", {}))
    known = [field.name for field in fields(MLTrainingConf)]
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ImproperlyConfigured(
            f"ML_TRAINING has no {unknown[0]!r}; it knows {', '.join(known)}"
        )
    return MLTrainingConf(**given)

"""Read which models there are, which is in use, and what the last looks said."""

from django.db.models import Case, F, OuterRef, QuerySet, Subquery, When

from ml_training.models import Checkpoint, Scoring, TrainingRun
from ml_training.selectors.pages import HEAVY, Viewer, served_models_of, strategies_of


def list_models(user: Viewer) -> QuerySet[Checkpoint]:
    """Return the trained models of a user, newest first, with what was measured.

    In use is the newest one that was trained on the strategy's present rules; it scores
    fresh setups. Of the results only the figures of a row are read, in the database.
    """
    fitting = TrainingRun.objects.filter(
        strategy=OuterRef("run__strategy"),
        state=TrainingRun.State.SUCCEEDED,
        rules_digest=OuterRef("run__strategy__rules_digest"),
        checkpoints__kind=Checkpoint.Kind.BEST,
    ).order_by("-ended_at", "-queued_at")
    models = served_models_of(user).select_related("run__strategy__owner")
    return (
        models.defer(*(f"run__{name}" for name in (*HEAVY, "progress")))
        .annotate(
            is_in_use=Case(When(run=Subquery(fitting.values("pk")[:1]), then=True), default=False),
            has_present_rules=Case(
                When(run__rules_digest=F("run__strategy__rules_digest"), then=True), default=False
            ),
            served=F("run__results__served_model__name"),
            walked=F("run__results__walk_forward__pooled"),
            tested=F("run__results__metrics__test"),
        )
        .order_by("-created_at", "-pk")
    )


def latest_looks(user: Viewer, most: int) -> list[Scoring]:
    """Return the newest scoring of each strategy of a user, whatever became of it."""
    newest = Scoring.objects.filter(strategy=OuterRef("strategy")).order_by("-asked_at", "-pk")
    looks = Scoring.objects.filter(
        strategy__in=strategies_of(user).order_by(), pk=Subquery(newest.values("pk")[:1])
    )
    return list(looks.select_related("strategy").order_by("-asked_at", "-pk")[:most])

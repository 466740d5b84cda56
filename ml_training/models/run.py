"""Training runs and what is recorded while they run."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from ml_training.models.market import SHA256_HEX
from ml_training.models.strategy import Strategy

KEY_LENGTH = 64  # problem and remedy keys are names of files; no choices, so no migrations


class TrainingRun(models.Model):
    """One training of one strategy; the row is the truth about its state."""

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELED = "canceled"

    class EndCause(models.TextChoices):
        FINISHED = "finished"
        CANCELED = "canceled"
        POISON = "poison"  # attempts ended again and again without a new checkpoint
        REFUSED = "refused"  # the data or the settings cannot be trained on
        ERROR = "error"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="runs")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    settings = models.JSONField(default=dict)
    seed = models.PositiveBigIntegerField(default=0)
    progress = models.JSONField(
        default=dict, blank=True, help_text="What the engine announced, and how far it is"
    )
    worker = models.CharField(max_length=255, blank=True, help_text="host:pid that runs it")

    # Who may write: the holder of the token, until somebody else claims the run.
    attempt = models.PositiveIntegerField(default=0, help_text="How often it was claimed")
    lease_token = models.UUIDField(null=True, blank=True, editable=False)
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="Empty: held by a process that nobody replaces"
    )
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    not_before = models.DateTimeField(null=True, blank=True, help_text="Back-off after a failure")
    failures = models.PositiveIntegerField(
        default=0, help_text="Attempts in a row that ended without a new checkpoint"
    )
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    hinted_at = models.DateTimeField(null=True, blank=True, help_text="Last message to a worker")
    idempotency_key = models.CharField(max_length=KEY_LENGTH, blank=True)
    end_cause = models.CharField(max_length=16, choices=EndCause, blank=True)

    verdict = models.CharField(max_length=32, blank=True)
    results = models.JSONField(default=dict, blank=True)
    report = models.TextField(blank=True)
    error = models.TextField(blank=True)
    hint = models.TextField(blank=True)

    # The hash chain: nothing stale can be shown or loaded.
    rules_digest = models.CharField(max_length=SHA256_HEX, blank=True)
    candles_digest = models.CharField(max_length=SHA256_HEX, blank=True)
    setups_digest = models.CharField(max_length=SHA256_HEX, blank=True)
    feature_digest = models.CharField(max_length=SHA256_HEX, blank=True)
    model_digest = models.CharField(max_length=SHA256_HEX, blank=True)
    report_digest = models.CharField(max_length=SHA256_HEX, blank=True)

    queued_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-queued_at"]
        indexes = [
            models.Index(fields=["strategy", "-queued_at"], name="run_strategy_newest"),
            models.Index(fields=["state", "queued_at"], name="run_state_oldest"),
            models.Index(fields=["state", "lease_until"], name="run_lease_oldest"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["strategy"],
                condition=Q(state__in=["queued", "running"]),
                name="one_active_run_per_strategy",
            ),
            models.UniqueConstraint(
                fields=["requested_by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="one_run_per_idempotency_key",
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running", "succeeded", "failed", "canceled"]),
                name="run_state_known",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} of {self.strategy}: {self.state}"


class MetricPoint(models.Model):
    """Numbers of one batch or one epoch of a run; never changed once written."""

    class Kind(models.TextChoices):
        BATCH = "batch"
        EPOCH = "epoch"

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="points")
    kind = models.CharField(max_length=8, choices=Kind)
    number = models.PositiveIntegerField(null=True, help_text="Order within the run, from 0")
    attempt = models.PositiveIntegerField(
        default=0, help_text="Rewound branches keep their readings under their own number"
    )
    epoch = models.PositiveIntegerField()
    step = models.PositiveBigIntegerField()
    values = models.JSONField()

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["run", "kind", "id"], name="point_run_kind_cursor")]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_point_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} at epoch {self.epoch}, step {self.step}"


class FixEvent(models.Model):
    """One finding and every repair that was tried on it, each with its verdict."""

    class Severity(models.TextChoices):
        INFO = "info"
        WARNING = "warning"
        CRITICAL = "critical"

    class Outcome(models.TextChoices):
        REPAIRED = "repaired"
        UNRESOLVED = "unresolved"

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveIntegerField(help_text="Order within the run, from 1")
    problem = models.CharField(max_length=KEY_LENGTH)
    severity = models.CharField(max_length=8, choices=Severity)
    epoch = models.PositiveIntegerField()
    step = models.PositiveBigIntegerField()
    message = models.TextField()
    evidence = models.JSONField(default=dict, blank=True)
    trials = models.JSONField(default=list, blank=True)
    remedy = models.CharField(max_length=KEY_LENGTH, blank=True, help_text="The one that was kept")
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    conclusion = models.TextField(blank=True, help_text="What changed, or why nothing helped")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["run", "number"]
        indexes = [models.Index(fields=["problem", "severity"], name="event_problem_severity")]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="one_event_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.problem} at epoch {self.epoch}: {self.remedy or 'nothing kept'}"

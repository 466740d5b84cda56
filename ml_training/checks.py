"""System checks: what in the settings would lose or double runs."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from ml_training.conf import read_conf

BROKERS_WITH_RECEIPTS = ("orm", "sqs", "iron_mq", "mongo")


@register()
def check_queue(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Say what in `Q_CLUSTER` does not fit runs that take hours."""
    try:
        conf = read_conf()
    except (ImproperlyConfigured, TypeError) as error:
        return [Error(str(error), id="ml_training.E001")]
    queue: dict[str, Any] = getattr(settings, "Q_CLUSTER", {})
    if not queue:
        return [Error("Q_CLUSTER is not set, so nothing trains", id="ml_training.E002")]
    found = [*check_times(queue, conf.wall_s), *check_delivery(queue)]
    if conf.queues and "ALT_CLUSTERS" not in queue:
        found.append(
            Error(
                "ML_TRAINING['queues'] names queues, and Q_CLUSTER has no 'ALT_CLUSTERS'",
                hint='Add the queues to it, such as {"train-gpu": {"workers": 1}}.',
                id="ml_training.E006",
            )
        )
    return found


def check_times(queue: dict[str, Any], wall_s: float) -> list[CheckMessage]:
    """Say whether django-q2 would end or repeat a task that still trains."""
    found: list[CheckMessage] = []
    timeout, retry = queue.get("timeout"), queue.get("retry", 60)
    if timeout is not None and timeout <= wall_s:
        found.append(
            Error(
                f"Q_CLUSTER['timeout'] is {timeout} s, and a run may take {wall_s:.0f} s",
                hint="Make it longer than ML_TRAINING['wall_s'].",
                id="ml_training.E003",
            )
        )
    if timeout is None or retry <= timeout:
        found.append(
            Error(
                f"Q_CLUSTER['retry'] is {retry} s, not longer than the timeout of {timeout} s",
                hint="A task would be handed out again while it still runs.",
                id="ml_training.E004",
            )
        )
    return found


def check_delivery(queue: dict[str, Any]) -> list[CheckMessage]:
    """Say whether a message can be lost, or comes back for ever."""
    found: list[CheckMessage] = []
    if queue.get("sync"):
        found.append(
            Error(
                "Q_CLUSTER['sync'] trains inside the request that asks for it",
                hint='For tests use ML_TRAINING["isolation"] = "inline".',
                id="ml_training.E005",
            )
        )
    if queue.get("max_attempts", 0) != 1 or not queue.get("ack_failures"):
        found.append(
            checks.Warning(
                "django-q2 repeats failed messages; the reconciler does that already",
                hint="Set Q_CLUSTER['max_attempts'] = 1 and 'ack_failures' = True.",
                id="ml_training.W001",
            )
        )
    if not any(queue.get(name) for name in BROKERS_WITH_RECEIPTS):
        found.append(
            checks.Warning(
                "the broker of Q_CLUSTER gives no receipts: a hint may be lost",
                hint="Nothing is lost for good, but a run may start some seconds later. "
                "Set Q_CLUSTER['orm'] = 'default' to avoid it.",
                id="ml_training.W002",
            )
        )
    return found

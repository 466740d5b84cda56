from django.apps import AppConfig


class MLTrainingConfig(AppConfig):
    name = "ml_training"
    verbose_name = "ML training"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ml_training import checks  # noqa: F401, PLC0415 - registers them
        from ml_training.selectors.runs import unheard_run_seen  # noqa: PLC0415
        from ml_training.services.reconciler import reconcile_on_read  # noqa: PLC0415

        unheard_run_seen.connect(reconcile_on_read, dispatch_uid="reconcile_on_read")

from django.apps import AppConfig


class MLTrainingConfig(AppConfig):
    name = "ml_training"
    verbose_name = "ML training"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ml_training import checks  # noqa: F401, PLC0415 - registers them

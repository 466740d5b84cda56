"""Every model, for staff."""

from django.contrib import admin

from ml_training import models

for model in (
    models.CandleChunk,
    models.Checkpoint,
    models.FixEvent,
    models.Instrument,
    models.MetricPoint,
    models.Setup,
    models.SetupScan,
    models.Strategy,
    models.TrainingRun,
):
    admin.site.register(model)

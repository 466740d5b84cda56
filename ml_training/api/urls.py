"""Addresses of the API."""

from django.urls import URLPattern, URLResolver, path, re_path

from ml_training.api import (
    checkpoints,
    docs,
    health,
    market,
    quality,
    runs,
    session,
    signals,
    strategies,
    watching,
)

app_name = "api"
urlpatterns: list[URLPattern | URLResolver] = [
    path("strategies/", strategies.StrategyList.as_view(), name="strategies"),
    path("strategies/validate/", strategies.RulesValidation.as_view(), name="validate"),
    path("strategies/preview/", strategies.RulesPreview.as_view(), name="preview"),
    path("strategies/<int:strategy_id>/", strategies.StrategyOne.as_view(), name="strategy"),
    path(
        "strategies/<int:strategy_id>/preview/",
        strategies.StrategyPreview.as_view(),
        name="strategy_preview",
    ),
    path(
        "strategies/<int:strategy_id>/versions/",
        strategies.StrategyVersions.as_view(),
        name="strategy_versions",
    ),
    path("strategies/<int:strategy_id>/runs/", runs.StrategyRuns.as_view(), name="strategy_runs"),
    path(
        "strategies/<int:strategy_id>/score/",
        signals.StrategyScore.as_view(),
        name="strategy_score",
    ),
    path(
        "strategies/<int:strategy_id>/signals/",
        signals.StrategySignals.as_view(),
        name="strategy_signals",
    ),
    path(
        "strategies/<int:strategy_id>/quality/",
        quality.StrategyQuality.as_view(),
        name="strategy_quality",
    ),
    path("bases/", quality.BaseModelList.as_view(), name="bases"),
    path("signals/", signals.SignalList.as_view(), name="signals"),
    path("runs/", runs.RunList.as_view(), name="runs"),
    path("runs/<uuid:run_id>/", runs.RunOne.as_view(), name="run"),
    path("runs/<uuid:run_id>/cancel/", runs.RunCancel.as_view(), name="run_cancel"),
    path("runs/<uuid:run_id>/resume/", runs.RunResume.as_view(), name="run_resume"),
    path("runs/<uuid:run_id>/clone/", runs.RunClone.as_view(), name="run_clone"),
    path("runs/<uuid:run_id>/progress/", watching.RunProgress.as_view(), name="run_progress"),
    path("runs/<uuid:run_id>/metrics/", watching.RunMetrics.as_view(), name="run_metrics"),
    path("runs/<uuid:run_id>/events/", watching.RunEvents.as_view(), name="run_events"),
    path("runs/<uuid:run_id>/report/", watching.RunReport.as_view(), name="run_report"),
    path(
        "runs/<uuid:run_id>/figures/<slug:name>/", watching.RunFigure.as_view(), name="run_figure"
    ),
    path("checkpoints/", checkpoints.CheckpointList.as_view(), name="checkpoints"),
    path(
        "checkpoints/<int:checkpoint_id>/download/",
        checkpoints.CheckpointDownload.as_view(),
        name="checkpoint_download",
    ),
    path(
        "checkpoints/<int:checkpoint_id>/card/",
        checkpoints.CheckpointCard.as_view(),
        name="checkpoint_card",
    ),
    path("instruments/", market.InstrumentList.as_view(), name="instruments"),
    path("instruments/<int:instrument_id>/", market.InstrumentOne.as_view(), name="instrument"),
    path("candles/", market.CandleUpload.as_view(), name="candles"),
    path("candles/preview/", market.CandlePreview.as_view(), name="candles_preview"),
    path("token/", session.TokenLogin.as_view(), name="token"),
    path("token/current/", session.TokenCurrent.as_view(), name="token_current"),
    path("token/rotate/", session.TokenRotate.as_view(), name="token_rotate"),
    path("token/revoke/", session.TokenRevoke.as_view(), name="token_revoke"),
    path("healthz/", health.Healthz.as_view(), name="healthz"),
    path("readyz/", health.Readyz.as_view(), name="readyz"),
    path("schema/", docs.Schema.as_view(), name="schema"),
    path("docs/", docs.Docs.as_view(), name="docs"),
    re_path(r"^(?P<path>.*)$", docs.Nowhere.as_view(), name="nowhere"),
]

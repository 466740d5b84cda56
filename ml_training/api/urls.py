"""Addresses of the API."""

from django.urls import URLPattern, URLResolver, path, re_path

from ml_training.api import docs, runs, strategies

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
    path("strategies/<int:strategy_id>/runs/", runs.StrategyRuns.as_view(), name="strategy_runs"),
    path("runs/", runs.RunList.as_view(), name="runs"),
    path("runs/<uuid:run_id>/", runs.RunOne.as_view(), name="run"),
    path("runs/<uuid:run_id>/cancel/", runs.RunCancel.as_view(), name="run_cancel"),
    path("runs/<uuid:run_id>/resume/", runs.RunResume.as_view(), name="run_resume"),
    path("schema/", docs.Schema.as_view(), name="schema"),
    path("docs/", docs.Docs.as_view(), name="docs"),
    re_path(r"^(?P<path>.*)$", docs.Nowhere.as_view(), name="nowhere"),
]

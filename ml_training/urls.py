from django.urls import URLPattern, URLResolver, include, path

from ml_training.views import (
    comparison,
    editor,
    figures,
    home,
    market,
    runs,
    session,
    strategies,
    system,
)

app_name = "ml_training"
urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("ml_training.api.urls")),
    path("", home.show_home, name="home"),
    path("sign-in/", session.SignIn.as_view(), name="login"),
    path("sign-out/", session.SignOut.as_view(), name="logout"),
    path("market/", market.show_market, name="market"),
    path("market/upload/", market.upload_candles, name="market_upload"),
    path("strategies/", strategies.show_strategies, name="strategies"),
    path("strategies/new/", editor.new_strategy, name="strategy_new"),
    path("strategies/<int:strategy_id>/", strategies.show_strategy, name="strategy"),
    path("strategies/<int:strategy_id>/edit/", editor.edit_strategy, name="strategy_edit"),
    path("strategies/<int:strategy_id>/candles.json", figures.show_candles, name="candles"),
    path("strategies/<int:strategy_id>/candles.csv", figures.download_candles, name="bars"),
    path(
        "strategies/<int:strategy_id>/review/",
        strategies.review_strategy,
        name="strategy_review",
    ),
    path("strategies/<int:strategy_id>/train/", strategies.train_strategy, name="strategy_train"),
    path("runs/", runs.show_runs, name="runs"),
    path("runs/compare/", comparison.show_comparison, name="compare"),
    path("runs/compare/loss.json", comparison.show_figure, name="compare_figure"),
    path("runs/compare/loss.csv", comparison.download_table, name="compare_table"),
    path("runs/<uuid:run_id>/", runs.show_run, name="run"),
    path("runs/<uuid:run_id>/progress/", runs.show_progress, name="run_progress"),
    path("runs/<uuid:run_id>/report.txt", runs.show_report, name="run_report"),
    path("runs/<uuid:run_id>/cancel/", runs.cancel_run, name="run_cancel"),
    path("runs/<uuid:run_id>/clone/", runs.clone_run, name="run_clone"),
    path("runs/<uuid:run_id>/resume/", runs.resume_run, name="run_resume"),
    path("runs/<uuid:run_id>/figures/<slug:name>.json", figures.show_figure, name="run_figure"),
    path("runs/<uuid:run_id>/figures/<slug:name>.csv", figures.download_table, name="run_table"),
    path("system/", system.show_system, name="system"),
    path("checkpoints/<int:checkpoint_id>/", runs.download_checkpoint, name="checkpoint_download"),
]

"""Scores of fresh setups: ask for new ones, read those there are."""

from typing import cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from ml_training.api.serializers.signals import (
    ScoringSerializer,
    SignalQuery,
    SignalSerializer,
)
from ml_training.api.view import Api, NewestFirst, Signed, find_strategy
from ml_training.models import Scoring, Signal
from ml_training.selectors.scores import signals_of
from ml_training.services.signals import request_scoring

RETRY_S = 2  # chosen: a scoring of a few markets takes some seconds


class NewestSignal(NewestFirst):
    """Cut lists of signals, newest first."""

    ordering = ("-signal_at", "-pk")


class StrategyScore(Api):
    """The newest setups of a strategy, scored by its model."""

    throttle_scope = "ml_training_heavy"

    @extend_schema(request=None, responses={200: ScoringSerializer, 202: ScoringSerializer})
    def post(self, request: Request, strategy_id: int) -> Response:
        """Score the newest setups: 200 with them, 202 when a worker will look."""
        strategy = find_strategy(request, strategy_id)
        scoring = request_scoring(strategy, requested_by=cast("Signed", request).user)
        answer = ScoringSerializer(scoring).data
        if scoring.state == Scoring.State.DONE:
            return Response(answer)
        url = reverse("ml_training:api:strategy_signals", args=[strategy.pk], request=request)
        headers = {"Location": url, "Retry-After": str(RETRY_S)}
        return Response(answer, status=202, headers=headers)


class SignalList(Api, ListAPIView[Signal]):
    """The signals of all your strategies, newest first; staff see all."""

    serializer_class = SignalSerializer
    pagination_class = NewestSignal

    def get_queryset(self) -> QuerySet[Signal]:
        """Return the signals that the user may see and asked for."""
        asked = SignalQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        signals = signals_of(self.request.user)
        if asked.validated_data["taken"] is not None:
            signals = signals.filter(is_taken=asked.validated_data["taken"])
        if symbol := asked.validated_data.get("symbol"):
            signals = signals.filter(instrument__symbol=symbol.upper())
        return signals

    @extend_schema(parameters=[SignalQuery])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List signals, narrowed to those taken, or to a symbol."""
        return super().get(request, *args, **kwargs)


class StrategySignals(SignalList):
    """The signals of one strategy, newest first."""

    def get_queryset(self) -> QuerySet[Signal]:
        """Return the signals of a strategy that the user may see."""
        strategy = find_strategy(self.request, self.kwargs["strategy_id"])
        return super().get_queryset().filter(strategy=strategy)

    @extend_schema(parameters=[SignalQuery])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the signals of a strategy, narrowed to those taken, or to a symbol."""
        return super().get(request, *args, **kwargs)

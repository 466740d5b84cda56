"""Strategies: list, make, read, change, delete, check and preview."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from ml_training.api.serializers.strategies import (
    PageQuery,
    PreviewAnswer,
    PreviewRequest,
    RulesCheck,
    RulesVerdict,
    StrategyDetail,
    StrategySerializer,
    VersionSerializer,
)
from ml_training.api.view import Api, NewestFirst, Signed, find_strategy
from ml_training.data.rules import describe_rules, parse_rules
from ml_training.models import Strategy, StrategyVersion
from ml_training.selectors.pages import strategies_of
from ml_training.services.preview import preview_setups
from ml_training.services.strategies import change_strategy, create_strategy, delete_strategy


class ByName(NewestFirst):
    """Cut lists of strategies in the order of their names."""

    ordering = ("name", "pk")


class StrategyList(Api, ListAPIView[Strategy]):
    """Your strategies; staff see all."""

    serializer_class = StrategySerializer
    pagination_class = ByName

    def get_queryset(self) -> QuerySet[Strategy]:
        """Return the strategies that the user may see."""
        return strategies_of(self.request.user)

    @extend_schema(request=StrategySerializer, responses={201: StrategyDetail})
    def post(self, request: Request) -> Response:
        """Make a strategy."""
        asked = StrategySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        owner = cast("Signed", request).user
        strategy = create_strategy(owner, **asked.validated_data)
        url = reverse("ml_training:api:strategy", args=[strategy.pk], request=request)
        answer = StrategyDetail(strategy).data
        return Response(answer, status=201, headers={"Location": url})


class StrategyOne(Api, RetrieveAPIView[Strategy]):
    """One strategy."""

    serializer_class = StrategyDetail
    problems = (409,)

    def get_object(self) -> Strategy:
        """Return the strategy that the address names."""
        return find_strategy(self.request, self.kwargs["strategy_id"])

    @extend_schema(request=StrategySerializer, responses=StrategyDetail)
    def put(self, request: Request, strategy_id: int) -> Response:
        """Put other rules and markets in the place of the present ones."""
        return self.change(request, is_partial=False)

    @extend_schema(request=StrategySerializer(partial=True), responses=StrategyDetail)
    def patch(self, request: Request, strategy_id: int) -> Response:
        """Change what is sent, keep the rest."""
        return self.change(request, is_partial=True)

    def change(self, request: Request, *, is_partial: bool) -> Response:
        """Change the strategy and return it as it is then."""
        strategy = self.get_object()
        asked = StrategyDetail(strategy, data=request.data, partial=is_partial)
        asked.is_valid(raise_exception=True)
        return Response(StrategyDetail(change_strategy(strategy, **asked.validated_data)).data)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, strategy_id: int) -> Response:
        """Delete the strategy with all its runs; not while one of them goes on."""
        delete_strategy(self.get_object())
        return Response(status=204)


class NewestVersion(NewestFirst):
    """Cut lists of versions, newest first."""

    ordering = ("-number", "-pk")


class StrategyVersions(Api, ListAPIView[StrategyVersion]):
    """What a strategy was before it was changed."""

    serializer_class = VersionSerializer
    pagination_class = NewestVersion

    def get_queryset(self) -> QuerySet[StrategyVersion]:
        """Return the versions of the strategy that the address names."""
        PageQuery(data=self.request.query_params).is_valid(raise_exception=True)
        return find_strategy(self.request, self.kwargs["strategy_id"]).versions.all()

    @extend_schema(operation_id="strategies_versions_list", parameters=[PageQuery])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List the versions of a strategy; the newest is the present one."""
        return super().get(request, *args, **kwargs)


class RulesValidation(Api):
    """Rules before they are stored."""

    @extend_schema(request=RulesCheck, responses={200: RulesVerdict})
    def post(self, request: Request) -> Response:
        """Check rules; 422 lists everything that is wrong with them."""
        asked = RulesCheck(data=request.data)
        asked.is_valid(raise_exception=True)
        rules = parse_rules(asked.validated_data["rules"])
        told = {
            "digest": rules.digest,
            "rules": dict(rules.document),
            "words": describe_rules(rules),
        }
        return Response(RulesVerdict(told).data)


class RulesPreview(Api):
    """What rules find before they are stored."""

    throttle_scope = "ml_training_heavy"

    @extend_schema(request=PreviewRequest, responses={200: PreviewAnswer})
    def post(self, request: Request) -> Response:
        """Count the setups that rules find on the newest candles."""
        asked = PreviewRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        fields: dict[str, Any] = dict(asked.validated_data)
        return Response(PreviewAnswer(preview_setups(Strategy(**fields))).data)


class StrategyPreview(Api):
    """What a stored strategy finds."""

    throttle_scope = "ml_training_heavy"

    @extend_schema(
        operation_id="strategies_preview_stored", request=None, responses={200: PreviewAnswer}
    )
    def post(self, request: Request, strategy_id: int) -> Response:
        """Count the setups that the strategy finds on the newest candles."""
        strategy = find_strategy(request, strategy_id)
        return Response(PreviewAnswer(preview_setups(strategy)).data)

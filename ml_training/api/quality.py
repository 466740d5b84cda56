"""Whether a strategy has enough data, and the base models for those that have few."""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ml_training.api.checkpoints import NewestSaved
from ml_training.api.serializers.quality import (
    BaseModelQuery,
    BaseModelSerializer,
    ReviewSerializer,
)
from ml_training.api.view import Api, find_strategy
from ml_training.models import Checkpoint, DataReview, Strategy
from ml_training.selectors.reviews import ReviewView, find_review
from ml_training.services.reviews import request_review

RETRY_S = 2  # chosen: to count some markets takes seconds


class StrategyQuality(Api):
    """Level, findings, and what other candles would add."""

    throttle_scope = "ml_training_heavy"

    @extend_schema(responses=ReviewSerializer)
    def get(self, request: Request, strategy_id: int) -> Response:
        """Return what was found out; `quality` is null before anybody looked."""
        found = read(find_strategy(request, strategy_id))
        return Response(ReviewSerializer(found).data)

    @extend_schema(request=None, responses={202: ReviewSerializer})
    def post(self, request: Request, strategy_id: int) -> Response:
        """Let a worker look; read the address again until `asked_at` is null."""
        strategy = find_strategy(request, strategy_id)
        request_review(strategy)
        answer = ReviewSerializer(read(strategy)).data
        return Response(answer, status=202, headers={"Retry-After": str(RETRY_S)})


def read(strategy: Strategy) -> ReviewView:
    """Return the review of a strategy; an empty one before anybody looked."""
    empty = ReviewView(review=DataReview(strategy=strategy), is_current=False, candidates=())
    return find_review(strategy) or empty


class BaseModelList(Api, ListAPIView[Checkpoint]):
    """The base models that runs may start from, newest first; all users share them."""

    serializer_class = BaseModelSerializer
    pagination_class = NewestSaved

    def get_queryset(self) -> QuerySet[Checkpoint]:
        """Return all base models."""
        BaseModelQuery(data=self.request.query_params).is_valid(raise_exception=True)
        return Checkpoint.objects.filter(kind=Checkpoint.Kind.BASE, run=None)

    @extend_schema(operation_id="bases_list", parameters=[BaseModelQuery])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List base models with what they learned from."""
        return super().get(request, *args, **kwargs)

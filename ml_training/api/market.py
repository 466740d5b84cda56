"""Instruments, which candles there are of them, and more candles from files."""

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from ml_training.api.bodies import BoundedForm, too_large
from ml_training.api.serializers.market import (
    CandleFile,
    FileContent,
    ImportedFile,
    InstrumentDetail,
    InstrumentQuery,
    InstrumentSerializer,
)
from ml_training.api.view import Api, NewestFirst, Signed
from ml_training.models import Instrument
from ml_training.services.uploads import MOST_BYTES, Upload, import_upload, preview_upload


class BySymbol(NewestFirst):
    """Cut lists of instruments in the order of their symbols."""

    ordering = ("symbol", "pk")


class InstrumentList(Api, ListAPIView[Instrument]):
    """The instruments that have candles; all users share them."""

    serializer_class = InstrumentSerializer
    pagination_class = BySymbol

    def get_queryset(self) -> QuerySet[Instrument]:
        """Return the instruments that were asked for."""
        asked = InstrumentQuery(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        symbol = asked.validated_data.get("symbol", "").upper()
        return Instrument.objects.filter(symbol=symbol) if symbol else Instrument.objects.all()

    @extend_schema(parameters=[InstrumentQuery])
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        """List instruments, or find one by its symbol."""
        return super().get(request, *args, **kwargs)


class InstrumentOne(Api, RetrieveAPIView[Instrument]):
    """One instrument with the candles that there are of it."""

    queryset = Instrument.objects.all()
    serializer_class = InstrumentDetail
    lookup_url_kwarg = "instrument_id"


class CandlePreview(Api):
    """A file of candles before any of it is stored."""

    throttle_scope = "ml_training_heavy"
    parser_classes = [BoundedForm]

    @extend_schema(request=CandleFile, responses={200: FileContent})
    def post(self, request: Request) -> Response:
        """Read and examine a file; store nothing."""
        return Response(FileContent(preview_upload(read_upload(request))).data)


class CandleUpload(Api):
    """Candles from a file."""

    throttle_scope = "ml_training_heavy"
    parser_classes = [BoundedForm]

    @extend_schema(request=CandleFile, responses={201: ImportedFile})
    def post(self, request: Request) -> Response:
        """Store the candles of a file, all of them or none.

        Candles are shared: only staff may change bars that are stored already.
        """
        user = cast("Signed", request).user
        result = import_upload(read_upload(request), may_change=user.is_staff)
        return Response(ImportedFile(result).data, status=201)


def read_upload(request: Request) -> Upload:
    """Return the file of a request and what its sender says of it."""
    asked = CandleFile(data=request.data)
    n_bytes = int(request.META.get("CONTENT_LENGTH") or 0)
    if "file" not in request.data and n_bytes > MOST_BYTES:
        raise too_large()  # dropped on its way in
    asked.is_valid(raise_exception=True)
    given: dict[str, Any] = dict(asked.validated_data)
    return Upload(name=given["file"].name or "", **given)

"""Bodies of requests: read within limits, or refused in words."""

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser, MultiPartParser

from ml_training.api.problems import Invalid
from ml_training.services.uploads import MIB, MOST_BYTES

MOST_JSON_BYTES = MIB  # security plan of the product
MOST_JSON_DEPTH = 20  # security plan of the product
FORM_BYTES = 64 * 1024
"""What a form may hold beside its file; chosen: three short fields and boundaries."""


class BoundedJSON(BaseParser):
    """Read JSON of 1 MB and 20 levels at most, of values that a database can hold."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed body."""
        raw = stream.read(MOST_JSON_BYTES + 1)
        if len(raw) > MOST_JSON_BYTES:
            raise Invalid(
                f"A JSON body has at most {MOST_JSON_BYTES // MIB} MB, got more.",
                hint="Send candles as a file; everything else is small.",
                status=413,
            )
        body = parse_json(raw)
        check_values(body)
        return body


def parse_json(raw: bytes) -> Any:
    """Return the value of a JSON text."""
    try:
        return json.loads(raw.decode(), parse_constant=refuse_number, parse_float=read_float)
    except UnicodeDecodeError as error:
        raise Invalid(
            f"A JSON body is UTF-8, and byte {error.start} is not.", status=400
        ) from error
    except RecursionError as error:
        raise too_deep() from error
    except ValueError as error:
        raise Invalid(f"The body is not JSON: {error}.", status=400) from error


def read_float(text: str) -> float:
    """Return a number that is finite."""
    number = float(text)
    if not math.isfinite(number):
        refuse_number(text)
    return number


def refuse_number(text: str) -> None:
    """Refuse NaN and infinities, which JSON does not know."""
    raise Invalid(f"JSON numbers are finite, got {text[:20]}.", status=400)


def check_values(body: Any) -> None:
    """Walk a value level by level; refuse depth, and texts that no database stores."""
    level, depth = [body], 0
    while level:
        inner: list[Any] = []
        n_containers = sum(add_inner(value, inner) for value in level)
        depth += n_containers > 0
        if depth > MOST_JSON_DEPTH:
            raise too_deep()
        level = inner


def add_inner(value: Any, inner: list[Any]) -> bool:
    """Add what a value consists of; say whether it can consist of anything."""
    if isinstance(value, dict):
        inner.extend(value)  # its names are texts too
        inner.extend(value.values())
        return True
    if isinstance(value, list):
        inner.extend(value)
        return True
    check_text(value)
    return False


def check_text(value: Any) -> None:
    """Refuse a text with NUL or half a surrogate pair."""
    if not isinstance(value, str):
        return
    if "\x00" in value:
        raise Invalid("A text holds a NUL character.", hint="Remove it.", status=400)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise Invalid(
            "A text holds half a surrogate pair.", hint="Write the character itself.", status=400
        ) from error


def too_deep() -> Invalid:
    """Return what is said of a body that is nested too deeply."""
    return Invalid(
        f"A JSON body has at most {MOST_JSON_DEPTH} levels, got more.",
        hint="Join groups that stand in each other.",
        status=400,
    )


class BoundedForm(MultiPartParser):
    """Read a form with a file, unless it says beforehand that it is too large."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the parsed form."""
        request = (parser_context or {})["request"]
        if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES + FORM_BYTES:
            raise too_large()
        return super().parse(stream, media_type, parser_context)


def too_large() -> Invalid:
    """Return what is said of a file that is too large."""
    return Invalid(
        f"A file has at most {MOST_BYTES // MIB} MB, got more.",
        hint="Split it by years.",
        status=413,
    )

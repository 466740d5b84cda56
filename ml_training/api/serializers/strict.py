"""Serializers that say so when a name means nothing."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class StrictMixin:
    """Refuse names that are no field; read-only ones are left out without a word.

    So a typing error does not go unheard, and what was read can be sent back.
    """

    fields: Any

    def to_internal_value(self, data: Any) -> Any:
        """Return the validated values."""
        if isinstance(data, Mapping):
            known = ", ".join(name for name, field in self.fields.items() if not field.read_only)
            unknown = sorted({str(name) for name in data} - set(self.fields))
            if unknown:
                there_is = f"There is no field of this name; there are {known or 'none'}."
                raise serializers.ValidationError({name[:64]: [there_is] for name in unknown[:9]})
        return super().to_internal_value(data)  # type: ignore[misc]


class Strict(StrictMixin, serializers.Serializer[Any]):
    """A body or a query that knows all its names."""

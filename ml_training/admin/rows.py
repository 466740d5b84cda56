"""What the pages of the admin share."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

SHOWN_HEX = 12  # chosen: tells hashes apart and fits a column

# Generic for the type checker only: Django's classes take no parameters.
if TYPE_CHECKING:
    Rows = admin.ModelAdmin[Any]
    InlineRows = admin.TabularInline[Any, Any]
else:
    Rows, InlineRows = admin.ModelAdmin, admin.TabularInline


class Recorded(Rows):
    """Rows that the app writes: staff may look at them and delete them."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class RecordedInline(InlineRows):
    """Recorded rows on the page of the row that they belong to."""

    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def show_hash(digest: str) -> SafeString:
    """Return the beginning of a hash."""
    return format_html("<code>{}</code>", digest[:SHOWN_HEX])

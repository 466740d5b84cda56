"""Market data: which candles there are, and more of them from files."""

from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_safe

from ml_training.data.timeframes import TIMEFRAMES
from ml_training.errors import DataError
from ml_training.services.uploads import (
    MIB,
    MOST_BYTES,
    MOST_ROWS,
    Upload,
    import_upload,
    preview_upload,
)
from ml_training.views.coverage import describe_all_markets
from ml_training.views.requests import SignedIn, cut_page, keep_filters

TOO_LARGE = "ml_training.upload_too_large"
LONGEST_FIELD = 64
FIELDS = ("symbol", "timeframe", "tz")


@require_safe
@login_required
def show_market(request: SignedIn) -> HttpResponse:
    """Show the instruments with their coverage, and the form for more."""
    return render_market(request, {})


def render_market(request: SignedIn, told: dict[str, Any], status: int = 200) -> HttpResponse:
    """Return the page with what came of an upload."""
    page = cut_page(request, describe_all_markets())
    context = {
        "page": page,
        "markets": page.object_list,
        "query": keep_filters(request),
        "timeframes": list(TIMEFRAMES),
        "most_mb": MOST_BYTES // MIB,
        "most_rows": MOST_ROWS,
        "section": "market",
        "given": {name: request.POST.get(name, "") for name in FIELDS},
        **told,
    }
    return render(request, "ml_training/market.html", context, status=status)


@require_http_methods(["POST"])
@login_required
def upload_candles(request: SignedIn) -> HttpResponse:
    """Look at a file, or store its candles."""
    file = request.FILES.get("file")  # reads the body, and so finds out how large it is
    if request.META.get(TOO_LARGE):
        problem = f"The file is larger than {MOST_BYTES // MIB} MB. Split it by years."
        return render_market(request, {"problem": problem}, status=413)
    if file is None:
        return render_market(request, {"problem": "Choose a file first."}, status=422)
    try:
        return render_market(request, take_upload(request, file))
    except DataError as error:
        return render_market(request, {"problem": str(error)}, status=422)


def take_upload(request: SignedIn, file: "UploadedFile[Any]") -> dict[str, Any]:
    """Return what came of the file, by the button that was pressed."""
    given = {name: request.POST.get(name, "").strip()[:LONGEST_FIELD] for name in FIELDS}
    upload = Upload(file=cast("Any", file), name=file.name or "", **given)
    if request.POST.get("do") == "preview":
        return {"preview": preview_upload(upload)}
    return {"result": import_upload(upload, may_change=request.user.is_staff)}

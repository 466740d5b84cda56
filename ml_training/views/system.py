"""How the server does: for staff, everybody else is told that there is no such page."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ml_training.selectors.system import read_system
from ml_training.services.doctor import examine
from ml_training.views.requests import SignedIn


@require_safe
@login_required
def show_system(request: SignedIn) -> HttpResponse:
    """Show hosts, leases, the queue, what is stored, and what the doctor finds."""
    if not request.user.is_staff:
        raise Http404("there is no such page")
    context = {
        "symptoms": list(examine()),
        "system": read_system(timezone.now()),
        "section": "system",
    }
    return render(request, "ml_training/system.html", context)

"""Sign in and out; guessing passwords is slowed down."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.core.cache import cache
from django.http import HttpResponse

MOST_FAILURES = 10  # chosen: more than a forgetful person needs, far too few to guess
FORGET_AFTER_S = 300  # chosen: a short break; 2,880 guesses a day at most


class SignIn(LoginView):
    """Sign in with name and password."""

    template_name = "ml_training/login.html"
    redirect_authenticated_user = True

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the password unless this name failed too often from this address."""
        if cache.get(self.failures_key, 0) >= MOST_FAILURES:
            form = self.get_form()
            form.errors.clear()
            context = self.get_context_data(form=AuthenticationForm(self.request))
            context["refusal"] = "Too many wrong passwords. Try again in five minutes."
            return self.render_to_response(context, status=429)
        return super().post(*args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Count the failure."""
        cache.add(self.failures_key, 0, FORGET_AFTER_S)
        cache.incr(self.failures_key)
        return super().form_invalid(form)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Forget the failures of who knows the password."""
        cache.delete(self.failures_key)
        return super().form_valid(form)

    @property
    def failures_key(self) -> str:
        """Name the counter of this address and this name."""
        name = self.request.POST.get("username", "")[:150].encode().hex()
        return f"ml_training.failures.{self.request.META.get('REMOTE_ADDR', '')}.{name}"[:240]


class SignOut(LogoutView):
    """Sign out by POST and go to the sign-in page."""

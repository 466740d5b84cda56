"""Tokens of programs: one for each user, for as many days as the setting says."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from rest_framework.authtoken.models import Token

from ml_training.conf import read_conf


def expires_at(token: Token) -> datetime | None:
    """Return when a token will not be taken any more; None when it always will."""
    days = read_conf().token_days
    return token.created + timedelta(days=days) if days else None


def has_expired(token: Token) -> bool:
    """Say whether a token is too old."""
    end = expires_at(token)
    return end is not None and end <= timezone.now()


def find_token(user: User) -> Token | None:
    """Return the token of a user that is still taken, if there is one."""
    token = Token.objects.filter(user=user).first()
    return None if token is None or has_expired(token) else token


def issue_token(user: User) -> Token:
    """Return the user's token, a new one when there is none or it has expired."""
    return find_token(user) or rotate_token(user)


@transaction.atomic
def rotate_token(user: User) -> Token:
    """Put a new token in the place of the old one, which is not taken any more."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # one after the other
    revoke_token(user)
    return Token.objects.create(user=user)


def revoke_token(user: User) -> None:
    """Forget the user's token."""
    Token.objects.filter(user=user).delete()

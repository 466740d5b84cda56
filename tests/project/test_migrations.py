"""The migrations say what the models say."""

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_migration_is_missing_when_models_are_compared():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)

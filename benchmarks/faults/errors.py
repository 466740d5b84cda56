"""Errors of the benchmark."""

from ml_training.errors import HintedError


class CaseError(HintedError, ValueError):
    """A case file, or a case in it, cannot be used as it stands."""

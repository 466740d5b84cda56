"""A user's trading rules, the markets they apply to, and the version they are at."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction

from ml_training.data.rules import parse_rules
from ml_training.data.timeframes import parse_timeframe
from ml_training.errors import DataError
from ml_training.models.market import SHA256_HEX

LONGEST_NAME = 200  # characters
VERSIONED_FIELDS = frozenset({"rules", "symbols", "timeframes"})
COPIED_FIELDS = (*sorted(VERSIONED_FIELDS), "rules_digest", "version")


class Strategy(models.Model):
    """Entry rules, exits and costs over symbols and timeframes; saved only valid."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="strategies"
    )
    name = models.CharField(max_length=LONGEST_NAME)
    rules = models.JSONField()
    symbols = models.JSONField(help_text='Such as ["EURUSD", "XAUUSD"]')
    timeframes = models.JSONField(help_text='Such as ["1h", "4h"]')
    rules_digest = models.CharField(max_length=SHA256_HEX, editable=False)
    version = models.CharField(
        max_length=SHA256_HEX, editable=False, help_text="SHA-256 of rules, symbols, timeframes"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "strategies"
        indexes = [models.Index(fields=["owner", "name"], name="strategy_owner_name")]

    def __str__(self) -> str:
        return self.name

    def save(self, **options: Any) -> None:
        """Save the canonical form; raise `DataError` when something is not valid."""
        fields = options.get("update_fields")
        if fields is not None and not VERSIONED_FIELDS & set(fields):
            super().save(**options)
            return
        self.set_version()
        if fields is not None:
            options["update_fields"] = {*fields, "rules_digest", "version", "updated_at"}
        with transaction.atomic():
            super().save(**options)  # locks the row: versions are numbered one by one
            self.keep_version()

    def clean(self) -> None:
        """Say what is wrong with each field, for forms."""
        problems: dict[str, str] = {}
        for field, bring_into_form in CANONICAL_FORMS.items():
            try:
                setattr(self, field, bring_into_form(getattr(self, field)))
            except DataError as error:
                problems[field] = str(error)
        if problems:
            raise ValidationError(problems)

    def keep_version(self) -> None:
        """Write down what the strategy is now, unless it was that already."""
        newest = self.versions.first()
        if newest is None or newest.version != self.version:
            number = newest.number + 1 if newest else 1
            copied = {name: getattr(self, name) for name in COPIED_FIELDS}
            StrategyVersion.objects.create(strategy=self, number=number, **copied)

    def set_version(self) -> None:
        """Bring the fields into their canonical form and hash them."""
        rules = parse_rules(self.rules)
        self.rules = dict(rules.document)
        self.rules_digest = rules.digest
        self.symbols = canonical_symbols(self.symbols)
        self.timeframes = canonical_timeframes(self.timeframes)
        parts = [self.rules_digest, sorted(self.symbols), sorted(self.timeframes)]
        self.version = hashlib.sha256(json.dumps(parts).encode()).hexdigest()


class StrategyVersion(models.Model):
    """What a strategy was from some time on, until the next version of it."""

    strategy = models.ForeignKey(Strategy, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField(help_text="From 1")
    rules = models.JSONField()
    symbols = models.JSONField()
    timeframes = models.JSONField()
    rules_digest = models.CharField(max_length=SHA256_HEX)
    version = models.CharField(max_length=SHA256_HEX)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["strategy", "number"], name="one_version_per_number"),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.strategy}"


def canonical_rules(document: object) -> dict[str, Any]:
    """Return the rules as they are stored; raise `RuleError` when they are invalid."""
    return dict(parse_rules(document).document)  # type: ignore[arg-type]


def canonical_symbols(symbols: object) -> list[str]:
    """Return upper-case symbols without repeats, in the order given."""
    return unique(name.strip().upper() for name in as_names(symbols, "symbols", "EURUSD"))


def canonical_timeframes(timeframes: object) -> list[str]:
    """Return known timeframes without repeats, in the order given."""
    names = as_names(timeframes, "timeframes", "1h")
    return unique(parse_timeframe(name) for name in names)


def as_names(value: object, field: str, example: str) -> list[str]:
    """Return a list of names, or say what a list of names looks like."""
    names = list(value) if isinstance(value, list | tuple) else []
    if names and all(isinstance(name, str) and name.strip() for name in names):
        return names
    raise DataError(
        f"{field} must be a list of at least one name, got {value!r}",
        hint=f'Give a list such as ["{example}"].',
    )


def unique(names: Iterable[str]) -> list[str]:
    """Drop repeats and keep the order."""
    return list(dict.fromkeys(names))


CANONICAL_FORMS = {
    "rules": canonical_rules,
    "symbols": canonical_symbols,
    "timeframes": canonical_timeframes,
}

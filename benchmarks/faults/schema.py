"""The case document: what one faulty or healthy training is made of."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from benchmarks.faults.errors import CaseError

GIVEN_CASES = Path(__file__).resolve().parents[2] / ".." / "shared" / "faultbench" / "cases.json"
SCHEMA_VERSION = 1
NEEDED = ("id", "dataset", "model", "loss", "optimizer", "batch_size", "epochs")
# What decides the training; the rest of a case is commentary and measurements.
TRAINING_FIELDS = (
    "dataset", "model", "loss", "optimizer", "batch_size", "epochs", "events", "scheduler",
    "early_stopping", "clip_norm",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Case:
    """Hold one training configuration, what ails it, and what is known to cure it.

    Parameters
    ----------
    id : str
        Unique in its document.
    dataset, model, optimizer : mapping
        As the document's conventions describe them.
    loss : str
        Name of the loss.
    batch_size, epochs : int
        Plan of the training.
    events : tuple of mapping
        What happens during training.
    scheduler, early_stopping : mapping or None
        Schedule by epochs; patience on the validation loss.
    clip_norm : float or None
        Largest gradient norm.
    expected_symptom : str or None
        None in a healthy case.
    also_acceptable : tuple of str
        Labels that are equally fair.
    known_good_fix : mapping or None
        Field overrides that were measured to cure the case.
    unfixable : bool
        The right outcome is an alarm and a refusal.
    measured : mapping
        Scores per seed, as given and with the fix.
    notes : mapping
        Everything else the document says about the case.
    """

    id: str
    dataset: Mapping[str, Any]
    model: Mapping[str, Any]
    loss: str
    optimizer: Mapping[str, Any]
    batch_size: int
    epochs: int
    events: tuple[Mapping[str, Any], ...] = ()
    scheduler: Mapping[str, Any] | None = None
    early_stopping: Mapping[str, Any] | None = None
    clip_norm: float | None = None
    expected_symptom: str | None = None
    also_acceptable: tuple[str, ...] = ()
    known_good_fix: Mapping[str, Any] | None = None
    unfixable: bool = False
    measured: Mapping[str, Any] = field(default_factory=dict)
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_healthy(self) -> bool:
        """Return whether no alarm is due."""
        return self.expected_symptom is None

    @property
    def is_repairable(self) -> bool:
        """Return whether a cure is known."""
        return self.known_good_fix is not None and not self.unfixable

    @property
    def fair_labels(self) -> frozenset[str]:
        """Return the problems that may be named without being wrong."""
        expected = () if self.expected_symptom is None else (self.expected_symptom,)
        return frozenset((*expected, *self.also_acceptable))

    @property
    def digest(self) -> str:
        """Return a short hash of everything that decides the training and its cure."""
        parts = {name: getattr(self, name) for name in (*TRAINING_FIELDS, "known_good_fix")}
        text = json.dumps(parts, sort_keys=True, default=list)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    def cured(self) -> "Case":
        """Return the case with its known good fix in place.

        Raises
        ------
        CaseError
            If no fix is known.
        """
        if self.known_good_fix is None:
            raise CaseError(
                f"case {self.id!r} has no known good fix", hint="check `is_repairable` first"
            )
        return self.overridden(self.known_good_fix)

    def overridden(self, changes: Mapping[str, Any]) -> "Case":
        """Return a copy in which whole fields are replaced."""
        unknown = set(changes) - set(TRAINING_FIELDS)
        if unknown:
            raise CaseError(
                f"case {self.id!r}: a fix cannot override {sorted(unknown)}",
                hint=f"fields: {', '.join(TRAINING_FIELDS)}",
            )
        return parse_case({**self.to_document(), **changes})

    def to_document(self) -> dict[str, Any]:
        """Return the case as its document writes it, without empty fields."""
        document: dict[str, Any] = {}
        for spec in fields(self):
            value = getattr(self, spec.name)
            if spec.name == "notes":
                document.update(value)
            elif spec.name in NEEDED or spec.name == "expected_symptom" or value:
                document[spec.name] = list(value) if isinstance(value, tuple) else value
        return document


def parse_case(document: Mapping[str, Any]) -> Case:
    """Read one case.

    Parameters
    ----------
    document : mapping
        One entry of ``faulty`` or ``healthy``.

    Returns
    -------
    Case
        Fields this module does not know are kept under ``notes``.

    Raises
    ------
    CaseError
        If a needed field is missing.
    """
    missing = [name for name in NEEDED if name not in document]
    if missing:
        raise CaseError(
            f"case {document.get('id', '?')!r} lacks {', '.join(missing)}",
            hint=f"every case needs {', '.join(NEEDED)}",
        )
    known = {spec.name for spec in fields(Case)} - {"notes"}
    values: dict[str, Any] = {name: value for name, value in document.items() if name in known}
    for name in ("events", "also_acceptable"):
        values[name] = tuple(values.get(name) or ())
    notes = {name: value for name, value in document.items() if name not in known}
    return Case(**values, notes=notes)


def parse_document(document: Mapping[str, Any]) -> list[Case]:
    """Read all cases of a document, the faulty before the healthy.

    Raises
    ------
    CaseError
        If the schema version is another, or two cases share an id.
    """
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise CaseError(
            f"schema_version must be {SCHEMA_VERSION}, got {version!r}",
            hint="this reader knows one version of the case document",
        )
    cases = [parse_case(entry) for entry in (*document["faulty"], *document["healthy"])]
    seen = [case.id for case in cases]
    twice = sorted({key for key in seen if seen.count(key) > 1})
    if twice:
        raise CaseError(f"ids must be unique, found twice: {twice}", hint="rename one of them")
    return cases


def read_cases(path: Path = GIVEN_CASES) -> list[Case]:
    """Read a case file.

    Parameters
    ----------
    path : Path
        By default the file beside the checkout; it is never copied into the tree.

    Returns
    -------
    list of Case
        The faulty before the healthy.

    Raises
    ------
    CaseError
        If there is no such file, or it is not a case document.
    """
    if not path.is_file():
        raise CaseError(
            f"there is no case file at {path}",
            hint="pass one with --cases FILE, or run --group develop, which needs none",
        )
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise CaseError(
            f"{path} is not JSON: {error}", hint="see benchmarks/faults/schema.py"
        ) from error
    return parse_document(document)


def as_document(cases: Iterable[Case], *, title: str) -> dict[str, Any]:
    """Return cases as one document in the schema that `read_cases` reads."""
    listed = list(cases)
    return {
        "schema_version": SCHEMA_VERSION,
        "title": title,
        "faulty": [case.to_document() for case in listed if not case.is_healthy],
        "healthy": [case.to_document() for case in listed if case.is_healthy],
    }

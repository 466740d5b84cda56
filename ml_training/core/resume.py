"""A run that was interrupted goes on where its state was saved, to the same end."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from ml_training.core.caller import Caller
from ml_training.core.checkpoints import from_plain, pack_resume, to_plain, unpack_resume
from ml_training.core.errors import DataError
from ml_training.core.events import Place, SaveState
from ml_training.core.facts import LayerFacts, NetworkFacts
from ml_training.core.findings import Change, Effect, Trial
from ml_training.core.loop import Run, describe_anew, why_stop
from ml_training.core.resume_history import count_scores, pack_history, unpack_history
from ml_training.core.resume_moments import Packing, Unpacking
from ml_training.core.resume_parts import Origin

FORMAT = b"ml_training run, format 1\n"
HASH_LENGTH = hashlib.sha256().digest_size
HANDED_IN_OTHERWISE = "hand in what the run was started with, or start it again"
NOT_OURS = "use an earlier checkpoint, or start the run again"
VERSIONS = {"torch": str(torch.__version__), "numpy": str(np.__version__)}


class Keeper:
    """Save the state of a run whenever the caller wants it and nothing is half done.

    What saving raises is noted, and ends no run; what is no error goes through.

    Parameters
    ----------
    caller : Caller
        Counts what was told, and takes notes.
    marks : mapping
        From `fingerprint`.
    origin : Origin
        Of the run.
    save_state, wants_state : callable
        As given to `fit`.
    """

    def __init__(
        self,
        caller: Caller,
        marks: Mapping[str, str],
        origin: Origin,
        *,
        save_state: SaveState,
        wants_state: Callable[[], bool],
    ) -> None:
        self._caller = caller
        self._marks = {**marks, **mark_network(origin)}
        self._origin = origin
        self._save_state = save_state
        self._wants_state = wants_state
        self.saved_at = 0  # steps taken in all attempts

    def offer(self, run: Run) -> None:
        """Save the state, unless in a trial, at the end, or where that was done."""
        if run.is_trial or run.n_steps_taken == self.saved_at or why_stop(run):
            return
        try:
            if self._wants_state():
                run.flush()
                self.saved_at = run.n_steps_taken
                self._save_state(*self._pack(run))
        except Exception as error:
            self._caller.note("the state of the run could not be saved", error)

    def _pack(self, run: Run) -> tuple[bytes, Place]:
        place = find_place(run, self._caller.n_told)
        document = {
            "marks": self._marks,
            "versions": VERSIONS,
            "place": asdict(place),
            "notes": self._caller.notes,
            **pack_run(run, self._origin),
        }
        return seal(document), place


def find_place(run: Run, n_events: int) -> Place:
    """Return how far a run has come and been told."""
    return Place(
        n_events=n_events,
        n_readings=run.history.n_readings,
        n_scores=count_scores(run.history),
        n_findings=len(run.monitor.findings),
        n_trials=len(run.medic.trials),
        attempt=run.history.attempt,
        epoch=run.state.epoch,
        step=run.state.step,
        n_steps=run.n_steps_taken,
    )


def mark_network(origin: Origin) -> dict[str, str]:
    """Return what a network is like, to compare it with one handed in again."""
    described = hashlib.sha256(origin.describe().encode()).hexdigest()
    return {"model": described, "the device": origin.data.device.type}


def pack_run(run: Run, origin: Origin) -> dict[str, Any]:
    """Return all that decides how a run goes on, in plain values, arrays and tensors.

    Parameters
    ----------
    run : Run
        Between two steps, outside of a trial.
    origin : Origin
        Of the same run, or of the one it goes on from.
    """
    packing, medic = Packing(origin), run.medic
    moments = {
        "now": packing.number(run.state.snapshot()),
        "beginning": packing.number(medic.beginning),
        "last_good": packing.number(medic.last_good),
    }
    return {
        "moments": moments,
        "parts": packing.document(),
        "history": pack_history(run.history),
        "monitor": run.monitor.memory(),
        "trials": [trial.as_dict() for trial in medic.trials],
        "unresolved": medic.unresolved,
        "postponed": sorted(medic.postponed),
        "overcome": sorted(run.medic.overcome),
        "run_notes": run.notes,
        "error": run.error,
        "n_steps": (run.n_steps_taken, run.state.n_steps_tried),
        "network": asdict(run.network),
        "heard": run.state.activations.heard,
    }


def seal(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a saved state: what it is, its hash, its content."""
    content = pack_resume(to_plain(document))
    return FORMAT + hashlib.sha256(content).digest() + content


def unseal(state: bytes) -> dict[str, Any]:
    """Return the document that was sealed.

    Raises
    ------
    DataError
        If it is no saved state, of another format, or damaged.
    """
    head, content = state[: len(FORMAT) + HASH_LENGTH], state[len(FORMAT) + HASH_LENGTH :]
    if not head.startswith(FORMAT):
        raise DataError("`resume` must be a state that `save_state` was given", hint=NOT_OURS)
    if hashlib.sha256(content).digest() != head[len(FORMAT) :]:
        raise DataError("`resume` is damaged: its content has another hash", hint=NOT_OURS)
    document: dict[str, Any] = from_plain(unpack_resume(content))
    return document


def read_place(state: bytes) -> Place:
    """Return how far a run had come when its state was saved.

    Parameters
    ----------
    state : bytes
        As `save_state` was given it.

    Raises
    ------
    DataError
        If it is no saved state, of another format, or damaged.
    """
    return Place(**unseal(state)["place"])


def check_marks(saved: Mapping[str, Any], marks: Mapping[str, str]) -> None:
    """Compare what a run is given with what it was given before.

    Raises
    ------
    DataError
        If anything differs; the message says what.
    """
    for name, now in marks.items():
        before = saved["marks"].get(name)
        if before != now:
            values = f": {before}, got {now}" if name.startswith("settings.") else ", got others"
            raise DataError(
                f"`{name}` must be as in the run that goes on{values}", hint=HANDED_IN_OTHERWISE
            )


def take_up(run: Run, caller: Caller, saved: Mapping[str, Any], origin: Origin) -> None:
    """Bring a run that is ready to start to where a saved one stood.

    Parameters
    ----------
    run : Run
        From the same arguments; changed in place, or left as it is.
    caller : Caller
        Goes on counting and noting from there.
    saved : dict
        From `unseal`.
    origin : Origin
        Of the run that is ready to start.

    Raises
    ------
    DataError
        If the network is not like the one saved, or the state makes no sense here.
    """
    check_marks(saved, mark_network(origin))
    try:
        moments = Unpacking(saved["parts"], origin).moments
        now, beginning, last_good = (
            moments[saved["moments"][name]] for name in ("now", "beginning", "last_good")
        )
        history = unpack_history(saved["history"])
        trials = [_restore_trial(trial) for trial in saved["trials"]]
        network = _restore_network(saved["network"])
    except Exception as error:
        raise DataError(f"`resume` cannot be taken up: {error}", hint=NOT_OURS) from error
    run.history = run.medic.history = history
    run.monitor.remember(saved["monitor"])
    run.medic.trials[:] = trials
    run.medic.unresolved.update(saved["unresolved"])
    run.medic.postponed.update(saved["postponed"])
    run.medic.beginning, run.medic.last_good = beginning, last_good
    run.medic.overcome.update(saved["overcome"])
    run.notes[:], caller.notes[:] = saved["run_notes"], saved["notes"]
    run.error, run.network = saved["error"], network
    run.n_steps_taken, run.state.n_steps_tried = saved["n_steps"]
    caller.n_told = saved["place"]["n_events"]
    run.state.restore(now)
    run.state.activations.heard = saved["heard"]
    describe_anew(run)
    _note_versions(run, saved["versions"])


def _restore_trial(saved: Mapping[str, Any]) -> Trial:
    change, effect = Change(**saved["change"]), Effect(**saved["effect"])
    return Trial(**{**saved, "change": change, "effect": effect})


def _restore_network(saved: Mapping[str, Any]) -> NetworkFacts:
    layers = tuple(LayerFacts(**layer) for layer in saved["layers"])
    return NetworkFacts(**{**saved, "layers": layers})


def _note_versions(run: Run, before: Mapping[str, str]) -> None:
    """Say so when the last digits may come out otherwise than without interruption."""
    for name, now in VERSIONS.items():
        if before[name] != now:
            run.notes.append(f"began under {name} {before[name]}, went on under {name} {now}")

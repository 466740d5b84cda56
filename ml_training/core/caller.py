"""The caller's ear and mouth: what they raise is noted, and ends no run."""

from ml_training.core.events import Emit, Event, ShouldStop


class Caller:
    """Tell the caller what happens and ask whether to stop, whatever that raises.

    A listener that raises misses that event and hears the next one: a database that is
    away for a moment comes back. A question that raises counts as "no" and is asked
    again. Each is noted once. What is no error (``KeyboardInterrupt``) goes through.

    Parameters
    ----------
    emit, should_stop : callable
        As given to `fit`.
    """

    def __init__(self, emit: Emit, should_stop: ShouldStop) -> None:
        self.notes: list[str] = []
        self.n_told = 0
        self._emit = emit
        self._should_stop = should_stop

    def tell(self, event: Event) -> None:
        """Hand an event to the listener."""
        self.n_told += 1
        try:
            self._emit(event)
        except Exception as error:
            self.note("`emit` raised, and missed at least one event", error)

    def wants_to_stop(self) -> bool:
        """Ask whether to stop."""
        try:
            return bool(self._should_stop())
        except Exception as error:
            self.note("`should_stop` raised, which counts as no", error)
            return False

    def note(self, what: str, error: Exception) -> None:
        """Note what raised, once for each thing that does."""
        if not any(note.startswith(what) for note in self.notes):
            self.notes.append(f"{what}: {type(error).__name__}: {error}")

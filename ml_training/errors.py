"""Errors of the world outside: data and training, each with a way out."""


class HintedError(Exception):
    """Carry a message for the log and a hint for the person who can act on it.

    Parameters
    ----------
    message : str
        The rule that was broken and the value that broke it.
    hint : str
        What the reader can do about it; may be empty.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        """Return the message followed by the hint."""
        message = super().__str__()
        return f"{message}. {self.hint}" if self.hint else message


class DataError(HintedError, ValueError):
    """Say that the data handed in cannot be used as they are."""


class TrainingError(HintedError, RuntimeError):
    """Say that training cannot go on."""

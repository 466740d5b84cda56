"""What a listener hears while a study goes on: ready lines, and how far it has come."""

from collections.abc import Callable
from dataclasses import dataclass

STEP_TITLES = {
    1: "Collecting setups",
    2: "Validating the data",
    3: "Checking transfer learning",
    4: "Creating the model",
    5: "Training",
    6: "Final report",
}


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Report one piece of progress, with the text a terminal would show.

    Attributes
    ----------
    step : int
        1 to 5, the announced steps; 6 is the final report.
    lines : tuple of str
        Ready to print, at most 80 columns wide; may be empty.
    done, total : int
        Scans in step 1, epochs in step 5; `total` 0 when nothing is counted.
    eta_s : float or None
        Seconds until `total` at the present rate; training may stop earlier.
    doing : str
        What is done now, where the name of the step would not tell.
    """

    step: int
    lines: tuple[str, ...] = ()
    done: int = 0
    total: int = 0
    eta_s: float | None = None
    doing: str = ""

    @property
    def title(self) -> str:
        """Return what is done now, or the name of the step."""
        return self.doing or STEP_TITLES[self.step]


Listen = Callable[[Progress], None]


def ignore(progress: Progress) -> None:
    """Listen and do nothing."""

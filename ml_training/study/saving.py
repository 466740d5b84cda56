"""What a study needs to be interrupted and to go on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ml_training.core.events import Place

Story = Mapping[str, Any]
Save = Callable[[bytes, Place, Story], None]


@dataclass(frozen=True, kw_only=True)
class Saving:
    """How the state of a training is kept, and which one it goes on from.

    Attributes
    ----------
    save : callable
        Given the state of the engine, how far it is, and what was told until then.
    wants : callable
        Asked before each state is made; False leaves it out.
    state : bytes or None
        What `save` was given; None starts from the beginning.
    story : mapping
        What `save` was given with that state.
    """

    save: Save
    wants: Callable[[], bool]
    state: bytes | None = None
    story: Story | None = None

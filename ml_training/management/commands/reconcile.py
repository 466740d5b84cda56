from dataclasses import asdict
from typing import Any

from ml_training.management.console import ConsoleCommand
from ml_training.services.orphans import sweep
from ml_training.services.reconciler import reconcile

WORDS = {
    "n_requeued": "went on after their worker died",
    "n_poisoned": "failed after too many attempts",
    "n_canceled": "were canceled",
    "n_orphans": "had lost their process",
    "n_hinted": "were offered to the workers again",
}


class Command(ConsoleCommand):
    help = "Bring the runs back to what is true; the trainer does so by itself."

    def run(self, **options: Any) -> tuple[Any, bool]:
        done = asdict(reconcile())
        swept = sweep()
        if swept:
            n_gone = swept.n_states + swept.n_files
            self.say(options, f"{n_gone} saved state(s) that nobody needs were deleted.")
        for name, words in WORDS.items():
            if done[name]:
                self.say(options, f"{done[name]} run(s) {words}.")
        if not any(done.values()) and not swept:
            self.say(options, "Nothing to put right.")
        return {"ok": True, **done, **asdict(swept)}, True

from dataclasses import asdict
from typing import Any

from ml_training.management.console import ConsoleCommand
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
        for name, words in WORDS.items():
            if done[name]:
                self.say(options, f"{done[name]} run(s) {words}.")
        if not any(done.values()):
            self.say(options, "Nothing to put right.")
        return {"ok": True, **done}, True

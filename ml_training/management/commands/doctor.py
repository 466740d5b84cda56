from typing import Any

from ml_training.management.console import ConsoleCommand
from ml_training.services.doctor import examine


class Command(ConsoleCommand):
    help = "Say what is wrong with this installation, and what to do about it."

    def run(self, **options: Any) -> tuple[Any, bool]:
        symptoms = list(examine())
        for one in symptoms:
            self.say(options, f"[{'ok' if one.is_well else '!!'}] {one.name}: {one.words}")
            if not one.is_well and one.way_out:
                self.say(options, f"     {one.way_out}")
        is_well = all(one.is_well for one in symptoms)
        return {"ok": is_well, "symptoms": [vars(one) for one in symptoms]}, is_well

import json
import os
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from ml_training.errors import HintedError
from ml_training.services.jsonable import to_jsonable
from ml_training.services.runs import RunCanceledError, RunConflictError
from ml_training.study.page import fit_encoding

FAILED, USAGE, CANCELED, CONFLICT = 1, 2, 3, 4


class ConsoleCommand(BaseCommand):
    """A command for people and for machines.

    Bars go to standard error, results to standard output; with `--json` the result is
    one JSON object. Exit codes: 0 ok, 1 failed, 2 usage, 3 canceled,
    4 conflict.
    """

    def __init__(self, *streams: Any, **options: Any) -> None:
        if os.environ.get("NO_COLOR"):  # https://no-color.org; Django does not look
            options["no_color"] = not options.get("force_color", False)
        super().__init__(*streams, **options)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result, is_ok = self.run(**options)
        except KeyboardInterrupt:
            raise self.end(options, "canceled; nothing is half-written", CANCELED) from None
        except RunCanceledError as error:
            raise self.end(options, str(error), CANCELED) from error
        except RunConflictError as error:
            raise self.end(options, str(error), CONFLICT) from error
        except HintedError as error:
            raise self.end(options, str(error), FAILED) from error
        if options["json"]:
            self.stdout.write(json.dumps(to_jsonable(result)))
        if not is_ok:
            raise CommandError("not all of it worked; see above", returncode=FAILED)

    def run(self, **options: Any) -> tuple[Any, bool]:
        """Do the work; return the result for `--json` and whether all of it worked."""
        raise CommandError("this command has nothing to do")

    def end(self, options: dict[str, Any], message: str, code: int) -> CommandError:
        """Return the error that ends the command, told to machines as well."""
        if options["json"]:
            self.stdout.write(json.dumps({"ok": False, "error": message, "code": code}))
        return CommandError(message, returncode=code)

    def say(self, options: dict[str, Any], line: str = "") -> None:
        """Print a line for people; machines get their object at the end."""
        if not options["json"]:
            with tqdm.external_write_mode(file=sys.stderr):
                encoding = getattr(self.stdout, "encoding", None) or "utf-8"
                self.stdout.write(fit_encoding(line, encoding))
                self.stdout.flush()  # who reads a pipe wants to follow, too

    def bar(self, *, unit: str, total: int | None = None) -> "tqdm[NoReturn]":
        """Return a bar with rate and remaining time; it shows on a terminal only."""
        is_shown = sys.stderr.isatty()
        return tqdm(unit=unit, total=total, file=sys.stderr, leave=False, disable=not is_shown)

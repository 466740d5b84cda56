#!/usr/bin/env python3
"""Run the management commands of the project."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Hand the command line to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "strategy_builder.settings")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

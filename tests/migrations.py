"""Fails when a model has changed and no migration says so: `python -m tests.migrations`."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    execute_from_command_line([sys.argv[0], "makemigrations", "--check", "--dry-run"])

"""Runs the sandbox from the command line: ``python -m koalendar.sandbox``."""

import sys

from koalendar.sandbox.server import main

sys.exit(main(sys.argv[1:]))

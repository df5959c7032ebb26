"""Run a few programs as one: started together, stopped together, whoever stops first."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

STOP_SECONDS = 20.0  # Longer than a step under way takes to come to its end.


@dataclass
class Processes:
    """Children in sessions of their own: Ctrl-C reaches us alone, and we tell them in order.

    granian with several workers can hang when the terminal signals its whole group at once.
    """

    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _stopping: bool = False

    def listen(self) -> None:
        """From now on Ctrl-C is remembered too, and not only raised.

        Python drops what is raised while an object is being finalised, and that one Ctrl-C would be lost.
        """
        signal.signal(signal.SIGINT, self._interrupt)

    def start(self, name: str, command: Sequence[str], *, log: Path | None = None) -> None:
        """Start a child; what it says goes to our own output, or to the end of `log`."""
        output = log.open("ab") if log is not None else None
        self.children[name] = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )

    def watch(self) -> int:
        """Until a signal or until a child ends. Returns 0 after a signal, else the child's status or 1."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        status = 0
        while not self._stopping:
            for name, child in self.children.items():
                if (ended := child.poll()) is not None:
                    print(f"{name} ended with status {ended}; stopping everything.", file=sys.stderr)
                    status, self._stopping = ended or 1, True
                    break
            else:
                time.sleep(0.1)
        self.stop()
        return status

    def stop(self) -> None:
        """End all children, politely first. Safe to call twice."""
        running = [child for child in self.children.values() if child.poll() is None]
        for child in running:
            with suppress(ProcessLookupError):
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for child in running:
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
        for child in running:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True
        raise KeyboardInterrupt

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def koalendar(*words: str) -> list[str]:
    """The command line of one of our own commands, under the same Python."""
    return [sys.executable, "-m", "koalendar.config.cli", *words]


def granian(host: str, port: int, workers: int) -> list[str]:
    """The web server. Its own default would be hundreds of threads, each with a database connection."""
    return [
        *(sys.executable, "-m", "granian", "koalendar.config.wsgi:application"),
        *("--interface", "wsgi", "--host", host, "--port", str(port), "--no-ws"),
        *("--workers", str(workers), "--blocking-threads", "4", "--workers-kill-timeout", "3"),
        *("--http", "1", "--log-level", "warning", "--respawn-failed-workers"),
    ]

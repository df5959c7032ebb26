"""`koalendar demo` as a newcomer meets it: quick to start, quick to start again, gone after Ctrl-C."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest

from tests.house import free_port, outer_environment

# It brings its own SQLite, whatever DATABASE_URL says.
pytestmark = [pytest.mark.journey, pytest.mark.looks]


class Demo:
    """A running demo and what it has printed."""

    def __init__(self, folder: Path, port: int) -> None:
        environment = outer_environment() | {"KOALENDAR_DATA_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "koalendar.config.cli", "demo", "--port", str(port)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.printed: list[str] = []
        self.ready_after: float | None = None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.printed.append(line)
                if "Ctrl-C ends everything" in line:
                    self.ready_after = time.monotonic() - self.began

    @property
    def text(self) -> str:
        return "".join(self.printed)

    def wait(self, seconds: float = 60) -> None:
        while self.ready_after is None:
            assert time.monotonic() - self.began < seconds, self.text
            assert self.process.poll() is None, self.text
            time.sleep(0.05)

    def interrupt(self) -> int:
        """Ctrl-C, as a terminal sends it: to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        status = self.process.wait(30)
        self.reader.join(10)
        return status


def children_of(folder: Path) -> list[str]:
    """The processes that were started with this data folder."""
    found = []
    for environ in Path("/proc").glob("[0-9]*/environ"):
        try:
            if str(folder).encode() in environ.read_bytes():
                found.append(environ.parent.joinpath("cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_a_newcomer_starts_the_demo_twice_and_ends_it_by_ctrl_c(tmp_path: Path) -> None:
    port = free_port()
    demo = Demo(tmp_path, port)
    try:
        demo.wait()
        page = httpx2.get(f"http://localhost:{port}/ada/intro-call/")
        assert page.status_code == 200
        assert "Intro call" in page.text
        for word in ("ada@example.com", "koalendar-demo", "/mail/", "/zoom/", "/google/", "/dashboard/"):
            assert word in demo.text
        assert len(children_of(tmp_path)) >= 4
    finally:
        assert demo.interrupt() == 0, demo.text
    assert children_of(tmp_path) == []

    again = Demo(tmp_path, port)
    try:
        again.wait()
        assert "Making the demo host" not in again.text
        assert "Connecting the demo host" not in again.text
    finally:
        assert again.interrupt() == 0


def test_a_port_that_is_taken_is_said_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        demo = Demo(tmp_path, port)
        assert demo.process.wait(30) != 0
        demo.reader.join(10)
    assert f"Port {port} is in use" in demo.text
    assert "--port" in demo.text
    assert "Traceback" not in demo.text

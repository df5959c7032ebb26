"""The product as it runs: sandbox, web and worker as processes, on the database that DATABASE_URL names."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import psycopg

from koalendar.ops.demo import wait_for

HOST_EMAIL, HOST_PASSWORD = "ada@example.com", "correct horse battery staple"
ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def outer_environment() -> dict[str, str]:
    """Ours, without any setting of the product and of these tests."""
    settings = (
        "KOALENDAR_",
        "ZOOM_",
        "GOOGLE_",
        "EMAIL_",
        "SECRET_KEY",
        "DATABASE_URL",
        "DEFAULT_FROM",
        "DJANGO_",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(settings)}
    return kept | {"PYTHONPATH": str(ROOT)}


@dataclass
class House:
    """Everything that runs, and where to reach it."""

    site: str
    sandbox: str
    environment: dict[str, str]
    processes: list["subprocess.Popen[bytes]"]
    folder: Path

    def koalendar(self, *words: str) -> str:
        """Run one of the product's commands to its end; gives what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "koalendar.config.cli", *words],
            env=self.environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout

    def python(self, code: str) -> str:
        """Run a few lines inside the product, to set up what no page offers yet."""
        lines = f"import django; django.setup()\n{code}"
        done = subprocess.run(
            [sys.executable, "-c", lines],
            env=self.environment | {"DJANGO_SETTINGS_MODULE": "koalendar.config.settings"},
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout

    def state(self) -> dict[str, Any]:
        """What the sandbox knows: users, meetings, calls, mails."""
        answer: dict[str, Any] = httpx2.get(f"{self.sandbox}/_control/state").json()
        return answer

    def order(self, what: str, **facts: object) -> dict[str, Any]:
        """Tell the sandbox to do something, such as to fail the next call."""
        answer = httpx2.post(f"{self.sandbox}/_control/{what}", json=facts)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result

    def withdraw(self, what: str) -> None:
        """Take back orders of the sandbox: the armed faults, or the mails."""
        assert httpx2.delete(f"{self.sandbox}/_control/{what}").status_code == 200

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        with (self.folder / f"log-{len(self.processes)}").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *words],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def stop(self) -> None:
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait(30)

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace") for path in sorted(self.folder.glob("log-*")))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def eventually(what: Any, seconds: float = 20) -> Any:
    """What `what()` gives as soon as it gives something true; it is asked again until then."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} never came true")
        time.sleep(0.05)
    return found


@contextmanager
def running_house(
    *, settings: dict[str, str] | None = None, run: Sequence[str] = ("serve",)
) -> Iterator[House]:
    """A house with one host, ada, whose Zoom is connected and who offers `/ada/intro-call/` all day long."""
    with tempfile.TemporaryDirectory(prefix="koalendar-house-") as name, database(name) as url:
        port, sandbox_port, smtp_port = free_port(), free_port(), free_port()
        sandbox = f"http://127.0.0.1:{sandbox_port}"
        environment = {
            **{
                key: value
                for key, value in os.environ.items()
                if not key.startswith(("KOALENDAR_", "ZOOM_", "GOOGLE_"))
            },
            "KOALENDAR_BASE_URL": f"http://localhost:{port}",
            "KOALENDAR_DATA_DIR": name,
            "DATABASE_URL": url,
            "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
            "DEFAULT_FROM_EMAIL": "bookings@koalendar.example",
            "ZOOM_CLIENT_ID": "sandbox-zoom-client",
            "ZOOM_CLIENT_SECRET": "sandbox-zoom-secret",
            "ZOOM_WEBHOOK_SECRET_TOKEN": "sandbox-zoom-webhook-secret",
            "ZOOM_BASE_URL": f"{sandbox}/zoom",
            "ZOOM_API_URL": f"{sandbox}/zoom/v2",
            "GOOGLE_CLIENT_ID": "sandbox-google-client",
            "GOOGLE_CLIENT_SECRET": "sandbox-google-secret",
            "GOOGLE_AUTH_URL": f"{sandbox}/google/o/oauth2/v2/auth",
            "GOOGLE_TOKEN_URL": f"{sandbox}/google/token",
            "GOOGLE_REVOKE_URL": f"{sandbox}/google/revoke",
            "GOOGLE_API_URL": f"{sandbox}/google/calendar/v3",
            "KOALENDAR_RATE_BOOKINGS": "off",
            "KOALENDAR_RATE_SLOTS": "off",
            "KOALENDAR_RATE_MAIL": "off",
            "KOALENDAR_RETRY_BASE": "0.5",
            **(settings or {}),
        }
        site = environment["KOALENDAR_BASE_URL"]
        house = House(site, sandbox, environment, [], Path(name))
        with house:
            words = ("--port", str(sandbox_port), "--smtp-port", str(smtp_port), "--product-url", site)
            hook = f"{site}/integrations/zoom/webhook"
            house.start("koalendar.sandbox", *words, "--webhook-url", hook)
            assert wait_for(f"{sandbox}/_control/state", seconds=START_SECONDS)
            house.koalendar("migrate")
            house.koalendar(
                "createuser", "--email", HOST_EMAIL, "--password", HOST_PASSWORD, "--username", "ada"
            )
            house.python(_FURNISH)
            for command in run:
                extra = ("--port", str(port)) if command in ("serve", "web") else ()
                house.start("koalendar.config.cli", command, *extra)
            assert wait_for(f"{site}/readyz", seconds=START_SECONDS)
            try:
                yield house
            except BaseException:
                print(house.logs(), file=sys.stderr)
                raise


_FURNISH = """
from types import SimpleNamespace
from django.conf import settings
from koalendar.accounts.models import Host
from koalendar.booking.setting_up import add_event_type
from tests.people import connect_zoom

host = Host.objects.get(email="ada@example.com")
host.name = "Ada Lovelace"
host.save()
week = {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
host.schedules.update(weekly=week)
add_event_type(host, title="Intro call", slug="intro-call", minimum_notice=0, description="A first talk.")
connect_zoom(SimpleNamespace(url=settings.ZOOM_BASE_URL.removesuffix("/zoom")), host)
"""


@contextmanager
def database(folder: str) -> Iterator[str]:
    """A fresh database beside the one that DATABASE_URL names; an SQLite file without it."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        yield ""
        return
    name = f"house_{os.getpid()}_{time.monotonic_ns()}"
    with psycopg.connect(urlsplit(url)._replace(path="/postgres").geturl(), autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

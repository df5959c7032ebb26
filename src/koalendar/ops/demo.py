"""`koalendar demo`: the whole product on one machine, against the sandbox, with nothing to configure.

`environment` comes first, before Django reads its settings; the rest runs after it.
"""

import os
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import httpx2

if TYPE_CHECKING:
    from koalendar.accounts.models import Host

HOST_EMAIL = "ada@example.com"
HOST_PASSWORD = "koalendar-demo"  # noqa: S105  Printed at each start, for a site that only this machine reaches.
HOST_NAME = "Ada Lovelace"
HOST_ZONE = "Europe/London"
HOST_SLUG = "ada"

_PORTS = {"sandbox": 9000, "mail": 9025}


def environment(*, port: int, data_dir: Path) -> dict[str, str]:
    """The demo's settings; `port` is where the site will be. Raises SystemExit if that is taken."""
    if not _is_free(port):
        raise SystemExit(f"Port {port} is in use. Choose another one: koalendar demo --port {port + 1}")
    folder = data_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sandbox, mail = (_free_port(number) for number in _PORTS.values())
    return {
        "KOALENDAR_DEMO": "on",
        "KOALENDAR_BASE_URL": f"http://localhost:{port}",
        "KOALENDAR_DATA_DIR": str(folder),
        "KOALENDAR_SUPPORT_EMAIL": "support@example.com",
        "KOALENDAR_RATE_MAIL": os.environ.get("KOALENDAR_RATE_MAIL", "60/h"),
        "DATABASE_URL": "",
        "EMAIL_URL": f"smtp://127.0.0.1:{mail}",
        "DEFAULT_FROM_EMAIL": "bookings@koalendar.example",
        "ZOOM_CLIENT_ID": "sandbox-zoom-client",
        "ZOOM_CLIENT_SECRET": "sandbox-zoom-secret",
        "ZOOM_WEBHOOK_SECRET_TOKEN": "sandbox-zoom-webhook-secret",
        "ZOOM_BASE_URL": f"http://127.0.0.1:{sandbox}/zoom",
        "ZOOM_API_URL": f"http://127.0.0.1:{sandbox}/zoom/v2",
        "GOOGLE_CLIENT_ID": "sandbox-google-client",
        "GOOGLE_CLIENT_SECRET": "sandbox-google-secret",
        "GOOGLE_AUTH_URL": f"http://127.0.0.1:{sandbox}/google/o/oauth2/v2/auth",
        "GOOGLE_TOKEN_URL": f"http://127.0.0.1:{sandbox}/google/token",
        "GOOGLE_REVOKE_URL": f"http://127.0.0.1:{sandbox}/google/revoke",
        "GOOGLE_API_URL": f"http://127.0.0.1:{sandbox}/google/calendar/v3",
    }


def sandbox_command(values: dict[str, str]) -> list[str]:
    sandbox, mail = urlsplit(values["ZOOM_BASE_URL"]), urlsplit(values["EMAIL_URL"])
    return [
        *(
            sys.executable,
            "-m",
            "koalendar.sandbox",
            "--port",
            str(sandbox.port),
            "--smtp-port",
            str(mail.port),
        ),
        *("--state", str(Path(values["KOALENDAR_DATA_DIR"]) / "sandbox.json")),
        *("--product-url", values["KOALENDAR_BASE_URL"]),
        *("--webhook-url", f"{values['KOALENDAR_BASE_URL']}/integrations/zoom/webhook"),
    ]


def prepare(values: dict[str, str], say: Callable[[str], None]) -> None:
    """The demo host with his event types, connected to the sandbox's Zoom and Google. Does what
    is missing, no more.
    """
    from koalendar.accounts.models import Host
    from koalendar.booking.setting_up import add_event_type
    from koalendar.ops.hosts import create_host

    host = Host.objects.filter(email=HOST_EMAIL).first()
    if host is None:
        say("Making the demo host and the event types …")
        host = create_host(
            email=HOST_EMAIL, password=HOST_PASSWORD, name=HOST_NAME, slug=HOST_SLUG, zone=HOST_ZONE
        )
        add_event_type(
            host,
            title="Intro call",
            slug="intro-call",
            description="A first talk: what you need, what I can do, what comes next.",
        )
        add_event_type(
            host,
            title="Consultation",
            slug="consultation",
            description="We look at your question in depth. Send what I should read beforehand.",
            durations=[30, 60, 90],
            buffer_after=15,
            questions=[
                {
                    "code": "topic",
                    "label": "What is it about?",
                    "kind": "long_text",
                    "required": True,
                    "choices": [],
                }
            ],
        )
    for provider, name in (("zoom", "Zoom"), ("google", "Google")):
        if not _is_connected(host, provider, values):
            say(f"Connecting the demo host to the sandbox's {name} …")
            _connect(host, provider, values)


def _is_connected(host: "Host", provider: str, values: dict[str, str]) -> bool:
    """Whether to the sandbox of today, whose port may be another one."""
    from koalendar.connections.queries import connection_for

    connection = connection_for(host, provider)
    if connection is None or not connection.is_live:
        return False
    return provider != "zoom" or connection.credential.api_url == values["ZOOM_API_URL"]


def _connect(host: "Host", provider: str, values: dict[str, str]) -> None:
    """As in a browser, with Allow pressed on the sandbox's consent page."""
    from koalendar import clock
    from koalendar.booking import connecting
    from koalendar.connections import registry
    from koalendar.connections.models import Consent
    from koalendar.connections.pkce import challenge_of, new_verifier

    verifier = new_verifier()
    redirect_uri = f"{values['KOALENDAR_BASE_URL']}/integrations/{provider}/callback"
    oauth = registry.get(provider).oauth()
    url = oauth.authorize_url(redirect_uri=redirect_uri, state="demo", challenge=challenge_of(verifier))
    control = f"{_sandbox(values)}/_control/{'google/' if provider == 'google' else ''}authorize"
    answer = httpx2.post(control, json={"url": url, "user": HOST_EMAIL}).raise_for_status().json()
    received = connecting.receive(
        host=host,
        provider=provider,
        code=parse_qs(urlsplit(answer["location"]).query)["code"][0],
        verifier=verifier,
        redirect_uri=redirect_uri,
        now=clock.now(),
    )
    if isinstance(received, Consent):
        connecting.confirm(received, now=clock.now())


def _sandbox(values: dict[str, str]) -> str:
    return values["ZOOM_BASE_URL"].removesuffix("/zoom")


def wait_for(url: str, *, seconds: float = 30) -> bool:
    """Whether `url` answers well within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx2.HTTPError):
            if httpx2.get(url, timeout=2).is_success:
                return True
        time.sleep(0.05)
    return False


def welcome(values: dict[str, str], log: Path) -> str:
    """What a newcomer needs to know, in the order of the first five minutes."""
    site, sandbox = values["KOALENDAR_BASE_URL"], _sandbox(values)
    return f"""
  Koalendar is running. Open

    {site}/{HOST_SLUG}/intro-call/   the booking page: book a time as an invitee

  Then look at

    {sandbox}/mail/   the mailbox: what invitee and host were sent
    {sandbox}/zoom/   the sandbox's Zoom: the meeting appears, moves and goes
    {sandbox}/google/   Google Calendar: bookings stand there; add busy time, and it is not offered
    {site}/dashboard/   the host's side: sign in as {HOST_EMAIL} with {HOST_PASSWORD}
    {site}/styleguide   every component of the pages

  Nothing leaves this machine. What happens is told in {log}. Ctrl-C ends everything.
"""


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _free_port(wanted: int) -> int:
    """`wanted` if nobody has it, so that addresses stay the same from start to start; else any free one."""
    if _is_free(wanted):
        return wanted
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""The sandbox as a whole: one HTTP server, one SMTP server, one state file, and the command line."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

from koalendar.sandbox.base import World
from koalendar.sandbox.control import Control
from koalendar.sandbox.courier import Courier
from koalendar.sandbox.events import Announcer
from koalendar.sandbox.faults import Fault
from koalendar.sandbox.google import oauth as google_oauth
from koalendar.sandbox.google.rest import RestApi as CalendarApi
from koalendar.sandbox.google.world import GoogleApp, GoogleWorld, Push
from koalendar.sandbox.mail import Mailbox, MailServer
from koalendar.sandbox.oauth import revoke_endpoint, token_endpoint
from koalendar.sandbox.pages import Pages
from koalendar.sandbox.rest import RestApi
from koalendar.sandbox.wire import DroppedError, Exchange, Json, Request, Response, json_answer
from koalendar.sandbox.world import ZoomApp, ZoomWorld, iso

BODY_LIMIT = 1_000_000
RECORDED_BODY = 64_000
JUDGED_BODY = 1_000_000
HUGE_BODY = 8_000_000
IDLE_SECONDS = 75
SAVE_PAUSE_SECONDS = 0.1


class Sandbox:
    """Zoom, Google and a mail server on loopback, for tests in the same process and for the command line.

    ``validator`` sees every API exchange; the texts of its AssertionErrors are kept in ``violations`` and
    raised when the sandbox is left as a context manager.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        smtp_port: int = 0,
        host: str = "127.0.0.1",
        state_file: Path | None = None,
        now: Callable[[], datetime] | None = None,
        validator: Callable[[Exchange], None] | None = None,
        app: ZoomApp | None = None,
        google_app: GoogleApp | None = None,
    ) -> None:
        self.zoom = ZoomWorld(app=app, now=now)
        self.google = GoogleWorld(app=google_app, now=now)
        self.mailbox = Mailbox()
        self.announcer = Announcer(self.zoom)
        self.zoom.announce = self.announcer.announce
        self._pusher: Courier[Push] = Courier(lambda push: push.headers, lambda: self.google.on_change())
        self.google.push = self._pusher.send
        self.violations: list[str] = []
        self._validator = validator
        self._stopping = threading.Event()
        self._rest = RestApi(self.zoom)
        self._calendar = CalendarApi(self.google)
        self._control = Control(self)
        self._mail_server = MailServer(self.mailbox, host=host, port=smtp_port)
        self._store = StateFile(state_file, self._dump) if state_file else None
        if self._store:
            self._load(self._store.read())
            self.zoom.on_change = self.google.on_change = self.mailbox.on_change = self._store.changed
        self._http = _Server((host, port), self.respond, lambda: self.zoom.now())
        self.port = self._http.server_address[1]
        self.url = f"http://{'127.0.0.1' if host in ('', '0.0.0.0') else host}:{self.port}"  # noqa: S104
        self.zoom.app.api_url = self.zoom.app.api_url or f"{self.url}/zoom"
        self.google.url = self.url
        self._pages = Pages(self)

    @property
    def smtp_port(self) -> int:
        return self._mail_server.port

    def start(self) -> None:
        self._mail_server.start()
        self.announcer.start()
        self._pusher.start()
        if self._store:
            self._store.start()
        threading.Thread(
            target=self._http.serve_forever, args=(0.05,), name="sandbox-http", daemon=True
        ).start()

    def stop(self) -> None:
        """Ends at once: open connections are cut, pauses of slow answers end, the state is written."""
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._http.cut_connections()
        self._mail_server.stop()
        self.announcer.stop()
        self._pusher.stop()
        if self._store:
            self._store.stop()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if kind is None and self.violations:
            raise AssertionError("\n".join(self.violations))

    def reset(self) -> None:
        """Back to the first minute: two users of each, no tokens, meetings, mails or faults."""
        self.announcer.forget_held()
        self.zoom.reset()
        self.google.reset()
        self.mailbox.clear()
        self.mailbox.set_trouble("none")
        self.violations.clear()

    # -- answering ------------------------------------------------------------------------------------------

    def respond(self, request: Request) -> Response:
        """The answer to any request that was well-formed HTTP."""
        if request.method not in ("GET", "HEAD") and not _same_origin(request):
            return json_answer(403, {"error": "Orders from pages of another origin are refused."})
        if request.path.startswith("/zoom/v2/") or request.path in (
            "/zoom/oauth/token",
            "/zoom/oauth/revoke",
        ):
            return self._answer_api(self.zoom, replace(request, path=request.path.removeprefix("/zoom")))
        if request.path.startswith("/google/calendar/v3/") or request.path in (
            "/google/token",
            "/google/revoke",
        ):
            return self._answer_api(self.google, replace(request, path=request.path.removeprefix("/google")))
        if request.path.startswith("/_control/"):
            return self._control.answer(request)
        return self._pages.answer(request)

    def _answer_api(self, world: ZoomWorld | GoogleWorld, request: Request) -> Response:
        fault = world.take_fault(request.method, request.path)
        token = world.tokens.get(request.headers.get("authorization", "").partition(" ")[2])
        user = world.users[token.user_id].email if token else ""
        try:
            response = self._with_fault(world, request, fault)
        except DroppedError:
            self._record(world, request, Response(0), fault, user)
            raise
        self._record(world, request, response, fault, user)
        return response

    def _with_fault(self, world: World, request: Request, fault: Fault | None) -> Response:
        if fault is None:
            return self._act(request)
        if fault.kind != "hide_from_lists":
            self._stopping.wait(fault.seconds)
        if fault.kind == "answer" and fault.answer is not None:
            return fault.answer.response(request, world.now())
        if fault.kind == "drop":
            raise DroppedError
        response = self._act(request)
        if fault.kind == "store_then_drop":
            raise DroppedError
        return self._spoiled(response, fault)

    def _act(self, request: Request) -> Response:
        if request.path.startswith("/v2/"):
            return self._rest.answer(request)
        if request.path.startswith("/calendar/v3/"):
            return self._calendar.answer(request)
        if request.method != "POST":
            return json_answer(405, {"reason": "Method not allowed.", "error": "invalid_request"})
        if request.path == "/oauth/token":
            return token_endpoint(self.zoom, request)
        if request.path == "/oauth/revoke":
            return revoke_endpoint(self.zoom, request)
        if request.path == "/token":
            return google_oauth.token_endpoint(self.google, request)
        return google_oauth.revoke_endpoint(self.google, request)

    def _spoiled(self, response: Response, fault: Fault) -> Response:
        """The true answer, changed as the fault wants it."""
        status = 200 if response.status == 204 else response.status
        if fault.kind == "empty_body":
            return Response(status)
        if fault.kind == "huge_body":
            return Response(status, b" " * HUGE_BODY + response.body, response.headers)
        if fault.kind == "not_json":
            return Response(status, b"<html><body>Sorry</body></html>", {"Content-Type": "text/html"})
        if response.status >= 300 or fault.kind == "slow":
            return response
        body: Json = json.loads(response.body)
        if fault.kind == "hide_from_lists":
            meeting = self.zoom.meetings[body["id"]]
            meeting.hidden_until = self.zoom.now().timestamp() + fault.seconds
        elif fault.kind == "no_password":
            for name in ("password", "encrypted_password", "pstn_password", "h323_password"):
                body.pop(name, None)
        elif fault.kind == "absurd_expiry":
            body["expires_in"] = 10**15
        return json_answer(response.status, body, response.headers)

    def _record(
        self, world: World, request: Request, response: Response, fault: Fault | None, user: str
    ) -> None:
        exchange = Exchange(
            method=request.method,
            path=request.path,
            query=request.query_string,
            request_headers=dict(request.headers),
            request_body=request.body.decode("utf-8", "replace"),
            status=response.status,
            response_headers=dict(response.headers),
            response_body=response.body[:JUDGED_BODY].decode("utf-8", "replace"),
            at=iso(world.now()),
            fault=fault.name if fault else "",
        )
        self._judge(exchange)
        kept = replace(
            exchange,
            request_body=exchange.request_body[:RECORDED_BODY],
            response_body=exchange.response_body[:RECORDED_BODY],
        )
        world.log_call(kept, user=user)

    def _judge(self, exchange: Exchange) -> None:
        if self._validator is None:
            return
        try:
            self._validator(exchange)
        except AssertionError as violation:
            self.violations.append(str(violation))

    # -- state ----------------------------------------------------------------------------------------------

    def _dump(self) -> Json:
        return {"zoom": self.zoom.dump(), "google": self.google.dump(), "mail": self.mailbox.dump()}

    def _load(self, state: Json | None) -> None:
        if state is not None:
            self.zoom.load(state["zoom"])
            self.mailbox.load(state["mail"])
            if "google" in state:  # Files of earlier versions lack it.
                self.google.load(state["google"])


class StateFile:
    """Keeps the state in one JSON file: a thread writes it soon after a change, by atomic replacement."""

    def __init__(self, path: Path, dump: Callable[[], Json]) -> None:
        self.path = path
        self._dump = dump
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._save_when_changed, name="sandbox-state", daemon=True)

    def read(self) -> Json | None:
        """The stored state, or None when there is no file yet. ValueError when it is not JSON."""
        if not self.path.exists():
            return None
        state: Json = json.loads(self.path.read_text("utf-8"))
        return state

    def changed(self) -> None:
        self._changed.set()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._changed.set()
        self._thread.join(10)

    def _save_when_changed(self) -> None:
        while not self._stopping.is_set():
            self._changed.wait()
            # One write covers a burst of changes.
            self._stopping.wait(SAVE_PAUSE_SECONDS)
            self._changed.clear()
            self._save()
        if self._changed.is_set():
            self._save()

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._dump())
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", dir=self.path.parent, prefix=self.path.name, delete=False
        ) as file:
            file.write(text)
        os.replace(file.name, self.path)


def _same_origin(request: Request) -> bool:
    """Whether a changing request comes from a program or from the sandbox's own pages."""
    origin = request.headers.get("origin")
    return origin is None or origin == f"http://{request.headers.get('host')}"


# -- HTTP ---------------------------------------------------------------------------------------------------


class _Server(ThreadingHTTPServer):
    """A threading server that can cut its open connections, as a real outage does."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], respond: Callable[[Request], Response], now: Callable[[], datetime]
    ) -> None:
        self.respond = respond
        self.now = now
        self._open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is no news; all else is a bug of the sandbox and is shown."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def cut_connections(self) -> None:
        for connection in list(self._open):
            with contextlib.suppress(OSError):  # It may have closed by itself meanwhile.
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.1 with kept connections; every refusal is JSON."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        body = self._read_body()
        if body is None:
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(self.command, unquote(path), query, headers, body)
        try:
            self._send(self.server.respond(request))
        except DroppedError:
            self.close_connection = True

    do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_GET  # noqa: N815

    def _read_body(self) -> bytes | None:
        """The request's body; None after a refusal, which also ends the connection."""
        refusal = self._length_refusal()
        if refusal:
            self._refuse(*refusal)
            return None
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        if len(body) == length:
            return body
        self._refuse(400, "The body is shorter than announced.")
        return None

    def _length_refusal(self) -> tuple[int, str] | None:
        if "transfer-encoding" in self.headers:
            return 411, "Send a Content-Length."
        length = self.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return 400, "Content-Length is not a number."
        if len(length) > 9 or int(length) > BODY_LIMIT:
            return 413, "The body is too long."
        return None

    def _refuse(self, status: int, message: str) -> None:
        self.close_connection = True
        self._send(json_answer(status, {"error": message}))

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The ``Date`` of an answer is of Zoom's clock, as all else that it says."""
        return super().date_time_string(self.server.now().timestamp() if timestamp is None else timestamp)

    def _send(self, response: Response) -> None:
        self.send_response(response.status)
        for name, value in (_COMMON_HEADERS | response.headers).items():
            self.send_header(name, value)
        bodiless = response.status in (204, 304)
        if not bodiless:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and not bodiless:
            self.wfile.write(response.body)
        self.wfile.flush()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the base class refuses (bad request lines, unknown methods), as a 4xx in JSON."""
        status = code if 400 <= code < 500 else 405 if code == 501 else 400
        # The request line may not have been read: answer as for a plain GET.
        self.requestline, self.request_version = "", self.protocol_version
        self.command = getattr(self, "command", None) or "GET"
        self._refuse(status, "This is not a request the sandbox understands.")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Calls are on the pages and under ``/_control/calls``; the terminal stays quiet."""


_COMMON_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}


# -- command line -------------------------------------------------------------------------------------------


def main(argv: Sequence[str]) -> int:
    """Runs until Ctrl-C or SIGTERM; prints the pages to open."""
    options = _arguments().parse_args(argv)
    app = ZoomApp(
        client_id=options.client_id,
        client_secret=options.client_secret,
        webhook_secret=options.webhook_secret,
        redirect_uris=tuple(options.redirect_uri),
        product_url=options.product_url,
        webhook_url=options.webhook_url,
        published=options.published,
        api_url=options.api_url,
    )
    google_app = GoogleApp(
        client_id=options.google_client_id,
        client_secret=options.google_client_secret,
        redirect_uris=tuple(options.google_redirect_uri),
    )
    try:
        sandbox = Sandbox(
            port=options.port,
            smtp_port=options.smtp_port,
            host=options.host,
            state_file=options.state,
            app=app,
            google_app=google_app,
        )
        sandbox.start()
    except OSError as error:
        print(f"The sandbox cannot start: {error}", file=sys.stderr)
        return 1
    except (ValueError, KeyError, TypeError) as error:
        print(
            f"The state file {options.state} cannot be read ({error}). Delete it to start anew.",
            file=sys.stderr,
        )
        return 1
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    print(_welcome(sandbox), flush=True)
    done.wait()
    sandbox.stop()
    return 0


def _welcome(sandbox: Sandbox) -> str:
    return (
        f"Sandbox: not Zoom, not Google. Nothing leaves this machine.\n"
        f"  All pages   {sandbox.url}/\n"
        f"  Zoom        {sandbox.url}/zoom/\n"
        f"  Google      {sandbox.url}/google/\n"
        f"  Mailbox     {sandbox.url}/mail/\n"
        f"  SMTP        port {sandbox.smtp_port}\n"
        f"Ctrl-C ends it."
    )


def _arguments() -> argparse.ArgumentParser:
    defaults = ZoomApp()
    parser = argparse.ArgumentParser(
        prog="koalendar sandbox", description="A stand-in for Zoom, Google and a mail server."
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=9000, help="port of the pages and the API (0: any)")
    parser.add_argument("--smtp-port", type=int, default=9025, help="port that takes mail (0: any)")
    parser.add_argument("--state", type=Path, help="JSON file that keeps the state between runs")
    parser.add_argument("--client-id", default=defaults.client_id)
    parser.add_argument("--client-secret", default=defaults.client_secret)
    google = GoogleApp()
    parser.add_argument("--google-client-id", default=google.client_id)
    parser.add_argument("--google-client-secret", default=google.client_secret)
    parser.add_argument(
        "--google-redirect-uri", action="append", default=[], help="registered at Google; may be repeated"
    )
    parser.add_argument("--webhook-secret", default=defaults.webhook_secret)
    parser.add_argument(
        "--redirect-uri", action="append", default=[], help="a registered redirect address; may be repeated"
    )
    parser.add_argument("--product-url", default=defaults.product_url, help="where the product answers")
    parser.add_argument("--webhook-url", default="", help="where meeting events go; none are sent without it")
    parser.add_argument(
        "--published", action="store_true", help="the app counts as published in the marketplace"
    )
    parser.add_argument("--api-url", default="", help="api_url of token answers (default: this server)")
    return parser

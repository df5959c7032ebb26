"""An SMTP server that keeps what it is given in a mailbox, and can be told to misbehave."""

from __future__ import annotations

# ruff: noqa: ARG002 - aiosmtpd and asyncio prescribe the arguments of their callbacks.
import asyncio
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default as email_policy
from typing import Any, Literal, get_args

from aiosmtpd.smtp import SMTP, Envelope, Session

from koalendar.sandbox.wire import Json

Trouble = Literal[
    "none", "refuse", "temporary", "reject", "black_hole", "store_then_drop", "accept_then_drop"
]
TROUBLES: dict[Trouble, str] = {
    "none": "Accept all mail.",
    "refuse": "Refuse connections: nothing listens.",
    "temporary": "Answer 451: try again later.",
    "reject": "Answer 550: no such mailbox.",
    "black_hole": "Accept the connection and say nothing.",
    "store_then_drop": "Keep the mail, then hang up instead of saying 250.",
    "accept_then_drop": "Say 250 and throw the mail away.",
}
SIZE_LIMIT = 5_000_000
KEPT_MAILS = 1000


@dataclass
class Mail:
    """One mail as it arrived. ``to`` are the envelope's recipients; parts that are missing are empty."""

    n: int
    at: str
    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    calendar: str
    raw: str
    headers: dict[str, str] = field(default_factory=dict)


class Mailbox:
    """All mail since the last clearing, oldest first."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.messages: list[Mail] = []
        self.trouble: Trouble = "none"
        self.on_change: Callable[[], None] = lambda: None
        self.on_trouble: Callable[[], None] = lambda: None
        self._count = 0

    def clear(self) -> None:
        with self.lock:
            self.messages.clear()
            self.on_change()

    def set_trouble(self, trouble: str) -> None:
        """Switches the server's behaviour; ValueError for a name that is not in TROUBLES."""
        for known in get_args(Trouble):
            if trouble == known:
                self.trouble = known
                self.on_trouble()
                return
        raise ValueError(f"There is no mail trouble {trouble!r}.")

    def find(self, n: int) -> Mail | None:
        with self.lock:
            return next((mail for mail in self.messages if mail.n == n), None)

    def to(self, address: str) -> list[Mail]:
        """The mails for one address, oldest first."""
        with self.lock:
            return [mail for mail in self.messages if address in mail.to]

    def add(self, raw: bytes, *, sender: str, recipients: list[str]) -> Mail:
        message = BytesParser(policy=email_policy).parsebytes(raw)
        with self.lock:
            self._count += 1
            mail = Mail(
                n=self._count,
                at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
                sender=sender,
                to=list(recipients),
                subject=str(message.get("Subject", "")),
                text=_part(message, "text/plain"),
                html=_part(message, "text/html"),
                calendar=_part(message, "text/calendar"),
                raw=raw.decode("utf-8", "replace"),
                headers={name: str(value) for name, value in message.items()},
            )
            self.messages.append(mail)
            del self.messages[:-KEPT_MAILS]
            self.on_change()
        return mail

    def dump(self) -> Json:
        with self.lock:
            return {"count": self._count, "messages": [asdict(mail) for mail in self.messages]}

    def load(self, state: Json) -> None:
        with self.lock:
            self._count = state["count"]
            self.messages = [Mail(**item) for item in state["messages"]]


def _part(message: EmailMessage, content_type: str) -> str:
    for part in message.walk():
        if part.get_content_type() == content_type and not part.is_multipart():
            payload = part.get_payload(decode=True)
            return _decoded(payload, part.get_content_charset()) if isinstance(payload, bytes) else ""
    return ""


def _decoded(payload: bytes, charset: str | None) -> str:
    try:
        return payload.decode(charset or "utf-8", "replace")
    except LookupError:  # A charset that Python does not know.
        return payload.decode("utf-8", "replace")


class _Handler:
    """aiosmtpd's callbacks; each answers by the mailbox's trouble of the moment."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.mailbox = mailbox

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mailbox.trouble == "reject":
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        trouble = self.mailbox.trouble
        if trouble == "temporary":
            return "451 4.3.0 Try again later"
        if trouble != "accept_then_drop":
            content = envelope.content
            raw = content.encode() if isinstance(content, str) else content or b""
            self.mailbox.add(raw, sender=envelope.mail_from or "", recipients=list(envelope.rcpt_tos))
        if trouble == "store_then_drop" and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return "250 Message accepted"


class MailServer:
    """Listens on one port in a thread of its own; the port stays the same when it closes and opens again."""

    def __init__(self, mailbox: Mailbox, *, host: str, port: int) -> None:
        self.mailbox = mailbox
        self.host = host
        self.port = port
        self._loop: asyncio.AbstractEventLoop  # Exists from start to stop.
        self._thread = threading.Thread(target=self._run, name="sandbox-smtp", daemon=True)
        self._server: asyncio.Server | None = None
        self._transports: set[asyncio.BaseTransport] = set()
        mailbox.on_trouble = self.follow_trouble

    def start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread.start()
        self._call(self._open())
        self.follow_trouble()

    def stop(self) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def follow_trouble(self) -> None:
        """Opens or closes the port, as the mailbox's trouble wants it."""
        if self._thread.is_alive():
            self._call(self._close() if self.mailbox.trouble == "refuse" else self._open())

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, step: Any) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result(10)

    async def _open(self) -> None:
        if self._server is None:
            self._server = await self._loop.create_server(self._protocol, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            for transport in list(self._transports):
                if isinstance(transport, asyncio.Transport):
                    transport.abort()
            await asyncio.sleep(0)
            self._server = None

    def _protocol(self) -> asyncio.BaseProtocol:
        if self.mailbox.trouble == "black_hole":
            return _Silence(self._transports)
        return _Conversation(
            self._transports,
            _Handler(self.mailbox),
            hostname="sandbox.invalid",
            ident="Sandbox mail server",
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            loop=self._loop,
        )


class _Silence(asyncio.Protocol):
    """A connection on which nothing is ever said."""

    def __init__(self, transports: set[asyncio.BaseTransport]) -> None:
        self._transports = transports
        self._transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transports.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is not None:
            self._transports.discard(self._transport)


class _Conversation(SMTP):
    """aiosmtpd's SMTP, its connections known to the server so that they can be cut."""

    def __init__(self, transports: set[asyncio.BaseTransport], handler: _Handler, **options: Any) -> None:
        super().__init__(handler, **options)
        self._open_transports = transports
        self._own_transport: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own_transport = transport
        self._open_transports.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._own_transport is not None:
            self._open_transports.discard(self._own_transport)
        super().connection_lost(error)

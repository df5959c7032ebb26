"""The mailbox, and a mail server that misbehaves."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage

import httpx2 as httpx
import pytest

from koalendar.sandbox.server import Sandbox


def send(sandbox: Sandbox, *, subject: str = "You are booked", timeout: float = 2) -> None:
    message = EmailMessage()
    message["From"] = "Koalendar <no-reply@example.com>"
    message["To"] = "ina@example.com"
    message["Subject"] = subject
    message.set_content("Plain words – with a dash\n")
    message.add_alternative("<p>Words <a href='https://us05web.zoom.us/j/8'>Join</a></p>", subtype="html")
    message.add_alternative(
        "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", subtype="calendar", params={"method": "REQUEST"}
    )
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=timeout) as server:
        server.send_message(message)


def test_a_mail_is_kept_with_all_its_parts(sandbox: Sandbox) -> None:
    send(sandbox)
    (mail,) = sandbox.mailbox.to("ina@example.com")
    assert mail.subject == "You are booked"
    assert mail.text.strip() == "Plain words – with a dash"
    assert "Join</a>" in mail.html
    assert mail.calendar.startswith("BEGIN:VCALENDAR")
    assert 'method="REQUEST"' in mail.raw
    assert sandbox.mailbox.to("ben@example.com") == []


@pytest.mark.parametrize(
    ("trouble", "error", "kept"),
    [
        ("refuse", ConnectionRefusedError, 0),
        ("temporary", smtplib.SMTPDataError, 0),
        ("reject", smtplib.SMTPRecipientsRefused, 0),
        ("store_then_drop", smtplib.SMTPServerDisconnected, 1),
    ],
)
def test_the_mail_server_misbehaves_until_it_is_back_to_normal(
    sandbox: Sandbox, trouble: str, error: type[Exception], kept: int
) -> None:
    sandbox.mailbox.set_trouble(trouble)
    with pytest.raises(error):
        send(sandbox)
    assert len(sandbox.mailbox.messages) == kept
    sandbox.mailbox.set_trouble("none")
    send(sandbox)
    assert len(sandbox.mailbox.messages) == kept + 1


def test_a_black_hole_never_greets(sandbox: Sandbox) -> None:
    sandbox.mailbox.set_trouble("black_hole")
    with pytest.raises(smtplib.SMTPServerDisconnected, match="timed out"):
        send(sandbox, timeout=0.1)


def test_accept_then_drop_loses_the_mail_politely(sandbox: Sandbox) -> None:
    sandbox.mailbox.set_trouble("accept_then_drop")
    send(sandbox)
    assert sandbox.mailbox.messages == []


def test_the_mail_page_shows_html_in_a_frame_that_may_do_nothing(
    sandbox: Sandbox, http: httpx.Client
) -> None:
    send(sandbox, subject="<script>alert(1)</script>")
    page = http.get(f"{sandbox.url}/mail/1")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text
    inner = http.get(f"{sandbox.url}/mail/1/html")
    assert "Join</a>" in inner.text
    policy = inner.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "default-src 'none'" in policy
    assert "allow-scripts" not in policy


def test_clearing_empties_the_mailbox(sandbox: Sandbox, http: httpx.Client) -> None:
    send(sandbox)
    assert http.post(f"{sandbox.url}/mail/clear").status_code == 303
    assert sandbox.mailbox.messages == []
    assert http.get(f"{sandbox.url}/mail/1").status_code == 404


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Content-Type: text/plain; charset=klingon\r\n\r\nnuqneH",
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Subject: =?utf-8?q?=ff?=\r\nTo: <<<>>\r\n\r\n",
    ],
)
def test_malformed_mail_is_kept_too(sandbox: Sandbox, raw: bytes) -> None:
    mail = sandbox.mailbox.add(raw, sender="", recipients=["ina@example.com"])
    assert sandbox.mailbox.find(mail.n) is mail

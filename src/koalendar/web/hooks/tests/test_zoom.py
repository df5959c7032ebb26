"""Where Zoom calls us: only what Zoom signed is taken, whole, once, and answered at once."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from koalendar import clock
from koalendar.booking import inbox
from koalendar.connections.models import WebhookIn
from koalendar.outbox.models import Entry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

PATHS = ["/integrations/zoom/webhook", "/integrations/zoom/deauthorize"]
SECRET = b"sandbox-zoom-webhook-secret"

either = pytest.mark.parametrize("path", PATHS)


def body_of(event: str = "meeting.updated", **payload: object) -> bytes:
    return json.dumps({"event": event, "payload": payload or {"object": {"id": 85412345678}}}).encode()


def post(
    body: bytes,
    *,
    path: str = PATHS[0],
    late: timedelta = timedelta(),
    signs: bytes | None = None,
    client: Client | None = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Deliver as Zoom does; `signs` is what the signature is really of."""
    stamp = str(int((clock.now() - late).timestamp()))
    signed = b"v0:" + stamp.encode() + b":" + (body if signs is None else signs)
    told = {
        "x-zm-request-timestamp": stamp,
        "x-zm-signature": "v0=" + hmac.new(SECRET, signed, hashlib.sha256).hexdigest(),
    }
    client = client or Client(enforce_csrf_checks=True)
    return client.post(path, body, content_type="application/json", headers=told | dict(headers or {}))  # type: ignore[return-value]


# ── What is taken ──


@either
def test_a_signed_notification_is_stored_as_it_came_and_owed(path: str) -> None:
    body = body_of()
    answer = post(body, path=path)
    assert (answer.status_code, answer.content) == (200, b"")
    row = WebhookIn.objects.get()
    assert (row.provider, bytes(row.body), row.worked_at) == ("zoom", body, None)
    assert Entry.objects.get(kind="notification", subject=str(row.pk)).due_at is not None


@either
def test_the_challenge_is_answered_at_either_address_and_not_stored(path: str) -> None:
    answer = post(body_of("endpoint.url_validation", plainToken="qgg8vlvZRS6UYooatFL8Aw"), path=path)
    proof = hmac.new(SECRET, b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest()
    assert json.loads(answer.content) == {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": proof}
    assert answer.headers["Content-Type"] == "application/json"
    assert not WebhookIn.objects.exists()


def test_a_duplicate_is_stored_once_and_answered_alike() -> None:
    answers = [post(body_of(), late=timedelta(minutes=minutes)) for minutes in (0, 5, 25, 85)]
    assert [answer.status_code for answer in answers] == [200] * 4
    assert (WebhookIn.objects.count(), Entry.objects.count()) == (1, 1)


def test_a_duplicate_writes_nothing() -> None:
    post(body_of())
    with CaptureQueriesContext(connection) as made:
        post(body_of())
    assert [query["sql"].split()[0] for query in made] == ["SELECT"]


def test_duplicates_at_the_same_moment_are_stored_once() -> None:
    bodies = [body_of("meeting.updated", object={"id": number}) for number in range(5)] * 5

    def deliver(body: bytes) -> int:
        try:
            return post(body).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(deliver, bodies)) == [200] * 25
    assert (WebhookIn.objects.count(), Entry.objects.count()) == (5, 5)


@pytest.mark.parametrize("event", ["meeting.started", "recording.completed", "no.such_event", "", "é\0"])
def test_an_event_that_we_make_nothing_of_is_answered_well_and_dropped(event: str) -> None:
    assert post(body_of(event)).status_code == 200
    assert not WebhookIn.objects.exists()


def test_an_answer_sets_no_cookie_and_leads_nowhere(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^integrations/zoom/(webhook|deauthorize)$"]
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = "somebody"
    with CaptureQueriesContext(connection) as made:
        answer = post(body_of("meeting.started"), client=client)
    assert answer.status_code == 200
    assert not answer.cookies
    assert len(made) == 0, "a session was looked for"


# ── What is refused ──


def test_without_a_secret_token_there_is_nothing_here(settings: Any) -> None:
    settings.ZOOM_WEBHOOK_SECRET_TOKEN = ""
    for path in PATHS:
        assert post(body_of(), path=path).status_code == 404
        assert Client().get(path).status_code == 404


@either
def test_looking_is_not_allowed(path: str) -> None:
    assert Client().get(path).status_code == 405


@pytest.mark.parametrize(
    "headers",
    [
        {"x-zm-signature": "v0=" + "0" * 64},
        {"x-zm-signature": ""},
        {"x-zm-signature": "v0=\xe9"},
        {"x-zm-request-timestamp": ""},
        {"x-zm-request-timestamp": "soon"},
    ],
)
@pytest.mark.parametrize("event", ["meeting.updated", "endpoint.url_validation", "app_deauthorized"])
def test_a_wrong_signature_gets_nothing(event: str, headers: dict[str, str]) -> None:
    answer = post(body_of(event, plainToken="abc", user_id="ada"), headers=headers)
    assert (answer.status_code, answer.content) == (401, b"")
    assert not WebhookIn.objects.exists()


def test_a_signature_over_another_body_gets_nothing() -> None:
    assert post(body_of("meeting.deleted"), signs=body_of()).status_code == 401


def test_an_old_signature_gets_nothing_although_it_was_true_once() -> None:
    assert post(body_of(), late=timedelta(hours=2, seconds=5)).status_code == 401
    assert post(body_of(), late=-timedelta(minutes=6)).status_code == 401


def test_the_challenge_signs_no_notification() -> None:
    forged = body_of("app_deauthorized", user_id="ada")
    stamp = int(clock.now().timestamp())
    for token in (f"v0:{stamp}:{forged.decode()}", "a:b", "a" * 65):
        answer = post(body_of("endpoint.url_validation", plainToken=token))
        assert (answer.status_code, answer.content) == (400, b"")


def test_an_unsigned_challenge_is_not_answered() -> None:
    body = body_of("endpoint.url_validation", plainToken="qgg8vlvZRS6UYooatFL8Aw")
    answer = post(body, signs=b"another")
    assert (answer.status_code, answer.content) == (401, b"")


def test_a_body_beyond_the_cap_is_not_read_to_its_end() -> None:
    assert post(b'{"a":"' + b"x" * 256 * 1024 + b'"}').status_code == 413
    assert post(b" " * (256 * 1024 - len(body_of())) + body_of()).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe",
        b"\0",
        b'{"event":"meeting.updated\0"}',
        b"[" * 100_000,
        b'{"a":' * 30 + b"1" + b"}" * 30,
    ],
)
def test_what_is_signed_but_no_notification_is_dropped(body: bytes) -> None:
    assert post(body).status_code == 200
    assert post(body, signs=b"another").status_code == 401
    assert not WebhookIn.objects.exists()


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""])
def test_the_body_counts_whatever_kind_it_is_said_to_be(kind: str) -> None:
    assert post(body_of(), headers={"content-type": kind}).status_code == 200
    assert bytes(WebhookIn.objects.get().body) == body_of()


def test_what_cannot_be_stored_is_answered_so_that_zoom_tries_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> bool:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(WebhookIn.objects, "filter", fail)
        assert post(body_of()).status_code == 503
    assert post(body_of()).status_code == 200
    assert inbox.keep("zoom", body_of(), now=clock.now()) is False


def test_the_addresses_are_those_of_the_operators_guide() -> None:
    assert [reverse("zoom-webhook"), reverse("zoom-deauthorize")] == PATHS

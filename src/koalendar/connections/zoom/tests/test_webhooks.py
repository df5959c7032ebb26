"""Zoom's notifications: which are Zoom's, what its challenge gets, and what one is about."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from koalendar.connections.provider import Notice, NoticeKind
from koalendar.connections.zoom import webhooks

NOW = datetime(2026, 12, 1, 8, 0, tzinfo=UTC)
SECRET = "a-secret-token"
BODY = b'{"event":"meeting.updated","payload":{"object":{"id":85412345678}}}'


def signature(body: bytes = BODY, *, timestamp: str, secret: str = SECRET) -> str:
    signed = b"v0:" + timestamp.encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def stamp(after: timedelta = timedelta()) -> str:
    return str(int((NOW + after).timestamp()))


def is_from_zoom(body: bytes = BODY, *, timestamp: str = "", signed: str = "") -> bool:
    timestamp = timestamp or stamp()
    signed = signed or signature(timestamp=timestamp)
    return webhooks.is_from_zoom(body, timestamp=timestamp, signature=signed, secret=SECRET, now=NOW)


def about(event: str, **payload: object) -> Notice | None:
    return webhooks.notice_of({"event": event, "event_ts": 1_796_112_000_000, "payload": payload})


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        (timedelta(hours=-2), True),
        (timedelta(hours=-2, seconds=-1), False),
        (timedelta(minutes=-85), True),
        (timedelta(minutes=5), True),
        (timedelta(minutes=5, seconds=1), False),
    ],
)
def test_a_signature_counts_for_two_hours_and_five_minutes_ahead(after: timedelta, counts: bool) -> None:
    assert is_from_zoom(timestamp=stamp(after)) is counts


def test_a_timestamp_in_milliseconds_is_understood() -> None:
    assert is_from_zoom(timestamp=stamp() + "123")


@pytest.mark.parametrize(
    "timestamp", ["0", "1", stamp()[:9], stamp() + "1", "-" + stamp(), "١٧٩٦١١٢٠٠٠", "x"]
)
def test_a_timestamp_of_another_form_is_refused_though_signed(timestamp: str) -> None:
    assert not is_from_zoom(timestamp=timestamp)


@pytest.mark.parametrize(
    "signed",
    [
        "v0=",
        "v0=" + "0" * 64,
        signature(timestamp=stamp())[3:],
        signature(timestamp=stamp()).upper(),
        signature(timestamp=stamp(timedelta(seconds=1))),
        signature(BODY + b" ", timestamp=stamp()),
        signature(timestamp=stamp(), secret="another"),
        signature(timestamp=stamp(), secret=""),
        "v0=\xe9",
    ],
)
def test_any_other_signature_is_refused(signed: str) -> None:
    assert not is_from_zoom(signed=signed)


def test_the_challenge_is_answered_as_zoom_describes_it() -> None:
    message: webhooks.Json = {
        "event": webhooks.CHALLENGE,
        "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"},
    }
    assert webhooks.answer_to_challenge(message, secret=SECRET) == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", hashlib.sha256).hexdigest(),
    }


@pytest.mark.parametrize(
    "token", [f"v0:{stamp()}:{BODY.decode()}", "a:b", "", "a" * 65, "a\n", "é", 5, None, ["a"], {"a": "b"}]
)
def test_nothing_but_a_short_plain_token_is_signed(token: object) -> None:
    assert webhooks.answer_to_challenge({"payload": {"plainToken": token}}, secret=SECRET) is None


@pytest.mark.parametrize("payload", [None, [], "text", 5])
def test_a_challenge_without_a_payload_is_none(payload: object) -> None:
    assert webhooks.answer_to_challenge({"payload": payload}, secret=SECRET) is None


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"5", b"{", b"\xff\xfe", "{}".encode("utf-16"), b'{"a":"\x00"}', b"[" * 100_000]
    + [b'{"a":' * depth + b"1" + b"}" * depth for depth in (21, 900, 40_000)]
    + [b'{"a":' + b"1" * 5000 + b"}"],
)
def test_what_is_no_plain_object_is_not_read(body: bytes) -> None:
    assert webhooks.decode(body) is None


def test_what_zoom_nests_is_read() -> None:
    body = b'{"a":' * 20 + b"1" + b"}" * 20
    assert webhooks.decode(body) == json.loads(body)


@pytest.mark.parametrize("number", [85412345678, "85412345678"])
@pytest.mark.parametrize(
    "event", ["meeting.updated", "meeting.deleted", "meeting.permanently_deleted", "meeting.recovered"]
)
def test_a_change_names_the_meeting_whatever_form_its_id_has(event: str, number: object) -> None:
    notice = about(event, account_id="account", object={"id": number, "host_id": "ada"})
    assert notice is not None
    assert (notice.kind, notice.remote_id) == (NoticeKind.MEETING_CHANGED, "85412345678")
    assert (notice.remote_user_id, notice.account_id) == ("ada", "account")
    assert notice.at == datetime.fromtimestamp(1_796_112_000, UTC)


def test_a_removal_names_the_user_and_when_it_happened() -> None:
    notice = about(
        "app_deauthorized",
        user_id="ada",
        account_id="account",
        client_id="client",
        deauthorization_time="2026-11-30T07:41:00.000Z",
        user_data_retention="false",
    )
    assert notice == Notice(
        kind=NoticeKind.ACCESS_REMOVED,
        at=datetime(2026, 11, 30, 7, 41, tzinfo=UTC),
        remote_id="",
        remote_user_id="ada",
        account_id="account",
        client_id="client",
    )


@pytest.mark.parametrize("told", ["never", "0000-00-00T00:00:00Z", "0001-01-01T00:00:00+23:59", 5, None])
def test_a_removal_without_a_readable_time_has_that_of_its_event(told: object) -> None:
    notice = about("app_deauthorized", user_id="ada", deauthorization_time=told)
    assert notice is not None
    assert notice.at == datetime.fromtimestamp(1_796_112_000, UTC)


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("meeting.started", {"object": {"id": "85412345678"}}),
        ("recording.completed", {"object": {"id": 85412345678}}),
        ("meeting.updated", {}),
        ("meeting.updated", {"object": []}),
        *[
            ("meeting.updated", {"object": {"id": number}})
            for number in (True, 1.5, -1, "x", "1" * 21, None, "")
        ],
        *[("app_deauthorized", {"user_id": user}) for user in (None, 5, "", "a\0", "é", "a" * 129, "\ud800")],
    ],
)
def test_what_we_make_nothing_of_is_no_notice(event: str, payload: dict[str, object]) -> None:
    assert about(event, **payload) is None

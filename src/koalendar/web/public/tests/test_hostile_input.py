"""Whatever strangers put into an address, a form, a cookie or a header, no public page falls over."""

from typing import Any

import pytest
from django.conf import settings
from django.core.cache import caches
from django.test import Client

from koalendar.booking.links import token_for
from tests.people import make_booking, make_event_type

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present", "no_limits")]

HOSTILE: list[str | bytes] = [
    "\x00",
    "ina\x00@example.com",
    "2026-12-01T09:00+00:00\x00",
    "2026-12-01T09:00+01:00:30",
    "2026-12-01T09:00:30+01:00:30",
    "2026-12-01T09:00+01:00:00.000001",
    "0001-01-01T00:00+14:00",
    "0001-01-01T00:00-14:00",
    "9999-12-31T23:59-23:59",
    "9999-12-31T23:59+00:00",
    "9000-12-31T23:59+00:00",
    "0001-01",
    "9999-12-31",
    "9" * 5000,
    "-1",
    "٣",
    "²",
    b"\xff",
    '"\x01"@example.com',
    "\r\nSet-Cookie: a=b",
    "../../etc/passwd",
    "{{ 7|add:1 }}%s%(n)d{0}",
]
PICKER = ("month", "date", "duration", "tz", "clock", "slot", "zones", "q", "keep")
# Names that a template or a call might take for something of its own.
OTHERS = ("name", "email", "answer-topic", "self", "items", "path", "")
FIELDS = ("slot", "duration", "tz", "key", "name", "email", "location", "phone", "guests")
ANSWERS = tuple(f"answer-{kind}" for kind in ("short_text", "long_text", "choice", "choices", "checkbox"))

_DJANGOS_OWN = ("CSRF", "LANGUAGE", "SESSION")


@pytest.fixture
def no_limits(settings: Any) -> None:
    settings.KOALENDAR_RATE_BOOKINGS = settings.KOALENDAR_RATE_SLOTS = settings.KOALENDAR_RATE_MAIL = None
    for name in ("default", "memory"):
        caches[name].clear()


@pytest.fixture
def paths() -> dict[str, str]:
    questions = [
        {"code": kind, "label": kind, "kind": kind, "required": False, "choices": ["Yes", "No"]}
        for kind in ("short_text", "long_text", "choice", "choices", "checkbox")
    ]
    places = [{"kind": "zoom", "connection": None}, {"kind": "phone", "who_calls": "host"}]
    event_type = make_event_type(questions=questions, locations=places, guests_allowed=True)
    own = f"/b/{token_for(make_booking(event_type))}/"
    return {"host": "/ada/", "booking": "/ada/intro-call/", "own": own}


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_parameter_of_an_address_makes_a_public_page_fail(
    client: Client, paths: dict[str, str], value: str | bytes
) -> None:
    for path in (paths["booking"], f"{paths['own']}reschedule/"):
        for name in PICKER + OTHERS:
            for more in ({"date": "2026-12-01"}, {"zones": "1"}, {"keep": "1"}):
                assert client.get(path, {**more, name: value}).status_code < 500, (path, more, name)
    for path in (paths["host"], paths["own"], f"{paths['own']}invite.ics", f"{paths['own']}cancel/"):
        for name in ("tz", "clock", "n"):
            assert client.get(path, {name: value}).status_code < 500, (path, name)
    assert client.get(f"{paths['own']}link/", {"n": value}).status_code == 200


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_no_field_of_a_form_makes_a_public_page_fail(
    client: Client, paths: dict[str, str], value: str | bytes
) -> None:
    usual = {"slot": "2026-12-01T10:00+00:00", "tz": "UTC", "duration": "30", "location": "0"}
    usual |= {"name": "Ina Berg", "email": "ina@example.com"}
    for name in FIELDS + ANSWERS:
        assert client.post(paths["booking"], {**usual, name: value}).status_code < 500, name
    for name in ("slot", "tz", "duration", "reason"):
        answer = client.post(f"{paths['own']}reschedule/", {**usual, name: value})
        assert answer.status_code < 500, name
    assert client.post(f"{paths['own']}cancel/", {"reason": value}).status_code < 500


@pytest.mark.parametrize("value", ["%00", "%ff", "a%00b", "9" * 5000, "%0d%0a", "İſ", "..", "%2e%2e"])
def test_no_word_of_an_address_makes_a_public_page_fail(
    client: Client, paths: dict[str, str], value: str
) -> None:
    for path in (f"/{value}/", f"/ada/{value}/", f"/b/{value}/", f"{paths['own'][:-1]}{value}/"):
        assert client.get(path).status_code < 500, path
    for part in ("link/", "invite.ics", "reschedule/", "cancel/"):
        assert client.get(f"/b/{value}/{part}").status_code < 500, part


@pytest.mark.parametrize("value", ["\\000", "\\377", "9" * 3000, "../..", "en-" + "x" * 300])
def test_no_cookie_or_header_makes_a_public_page_fail(
    client: Client, paths: dict[str, str], value: str
) -> None:
    names = ("tz", "clock", "messages", *(getattr(settings, f"{kind}_COOKIE_NAME") for kind in _DJANGOS_OWN))
    for path in (paths["host"], paths["booking"], paths["own"], f"{paths['own']}reschedule/"):
        for name in names:
            # In quotes an octal escape is a byte of its own: a NUL gets as far as the cookie's reader.
            assert client.get(path, headers={"Cookie": f'{name}="{value}"'}).status_code < 500, (path, name)
        for name in ("Accept-Language", "HX-Request", "HX-Target", "HX-Trigger", "X-Forwarded-For"):
            assert client.get(path, headers={name: value}).status_code < 500, (path, name)

"""Whatever is typed into an address or a form of the dashboard, it never answers with an error of its own."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from koalendar import clock
from koalendar.accounts.keys import keys_of, make_key
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import ada, make_booking, make_connection, make_event_type

pytestmark = pytest.mark.django_db

HOSTILE = [
    "\0",
    "a\0b",
    "",
    " ",
    "-1",
    "0",
    "9" * 30,
    "9" * 5000,
    "²",
    "\ud800",
    "\u202e<script>alert(1)</script>",
    "' OR 1=1 --",
    "0001-01-01T00:00+00:00",
    "0001-01-01T00:00+14:00",
    "9999-12-31T23:59+00:00",
    "9999-12-31T23:59-14:00",
    "2026-12-01T09:00:30+00:00",
    "2026-12-01T09:00+00:00:30",
    "2026-12-01T09:00",
    "2026-W49-2",
    "https://[",
    "//evil.example",
]
# A form has so many fields that each is tried with the worst of them only.
WORST = ["\0", "", "-1", "9" * 5000, "\ud800", "9999-12-31T23:59-14:00", "https://["]


def cursor(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


CURSORS = [
    cursor(f"{instant}|{pk}")
    for instant in (
        "0001-01-01T00:00+14:00",
        "0001-01-02T00:00+00:00",
        "9999-12-31T23:59+00:00",
        "9999-12-31T23:59-14:00",
        "2026-12-01T09:00+00:00",
    )
    for pk in ("1", "-1", "9" * 30, "9" * 5000, "\0")
]

# Every page that can be looked at, with all that its address may say.
LOOKED_AT = [
    ("/dashboard/", ("tab", "q", "cursor")),
    ("/dashboard/bookings/export", ("tab", "q")),
    ("/dashboard/bookings/new/", ()),
    (
        "/dashboard/bookings/new/{event_type}/",
        ("month", "date", "duration", "tz", "clock", "slot", "zones", "q", "keep", "name"),
    ),
    ("/dashboard/week/", ("from",)),
    ("/dashboard/figures/", ()),
    ("/dashboard/bookings/{booking}/", ("start_problem",)),
    ("/dashboard/bookings/{booking}/copies", ("look",)),
    ("/dashboard/bookings/{booking}/start", ()),
    ("/dashboard/bookings/{booking}/cancel", ()),
    ("/dashboard/bookings/{booking}/reschedule", ("start", "page")),
    ("/dashboard/event-types/", ()),
    ("/dashboard/event-types/new", ()),
    ("/dashboard/event-types/{event_type}/", ()),
    ("/dashboard/event-types/{event_type}/delete", ()),
    ("/dashboard/availability/", ()),
    ("/dashboard/availability/new", ()),
    ("/dashboard/availability/zones", ("q",)),
    ("/dashboard/availability/away", ()),
    ("/dashboard/availability/{schedule}/", ()),
    ("/dashboard/availability/{schedule}/dates", ("month", "day")),
    ("/dashboard/availability/{schedule}/delete", ()),
    ("/dashboard/integrations/", ("failed", "tested", "outcome")),
    ("/dashboard/integrations/zoom/{connection}/disconnect", ()),
    ("/dashboard/settings/", ()),
    ("/dashboard/settings/keys/", ()),
    ("/dashboard/settings/keys/new", ()),
    ("/dashboard/settings/keys/{key}/revoke", ()),
    ("/dashboard/settings/keys/99999999999999999999999/revoke", ()),
    ("/dashboard/support/", ()),
    ("/dashboard/start/", ()),
    ("/dashboard/start/you/", ()),
    ("/dashboard/start/address", ("slug",)),
    ("/dashboard/start/hours/", ("preset",)),
    ("/dashboard/start/place/", ()),
    ("/dashboard/start/link/", ()),
    ("/integrations/zoom/install", ("next",)),
    ("/integrations/zoom/connect", ("next",)),
    ("/integrations/zoom/callback", ("state", "code", "error")),
]

# Every form, with all that it may say.
POSTED = [
    (
        "/dashboard/bookings/new/{event_type}/",
        ("slot", "duration", "tz", "key", "name", "email", "zone", "guests", "location"),
    ),
    ("/dashboard/bookings/{booking}/note", ("note",)),
    ("/dashboard/bookings/{booking}/no-show", ("came", "back")),
    ("/dashboard/bookings/{booking}/cancel", ("reason",)),
    ("/dashboard/bookings/{booking}/reschedule", ("start", "reason")),
    (
        "/dashboard/event-types/new",
        (
            "title", "slug", "description", "durations", "places", "who_calls", "number", "address", "url",
            "schedule", "notice", "notice_unit", "booking_window_days", "slot_step", "buffer_before",
            "max_per_day", "reminders", "cutoff", "cutoff_unit", "revision", "questions-TOTAL_FORMS",
            "questions-INITIAL_FORMS", "questions-0-code", "questions-0-label", "questions-0-kind",
        ),
    ),
    ("/dashboard/event-types/{event_type}/", ("title", "slug", "revision", "schedule", "questions-0-code")),
    ("/dashboard/settings/keys/new", ("name", "scope", "expires", "mark")),
    ("/dashboard/settings/keys/{key}/revoke", ("unknown",)),
    (
        "/dashboard/availability/{schedule}/",
        ("name", "zone", "q", "revision", "do", "mon-start", "mon-end", "mon-open"),
    ),
    (
        "/dashboard/availability/{schedule}/dates",
        ("month", "day", "kind", "revision", "do", "hours-start", "hours-end"),
    ),
    ("/dashboard/availability/new", ("name",)),
    ("/dashboard/availability/away", ("first", "last", "message")),
    ("/dashboard/settings/", ("name", "slug", "welcome", "zone", "locale", "language")),
    ("/dashboard/start/you/", ("name", "slug", "take", "zone")),
    ("/dashboard/start/hours/", ("days", "start", "end")),
    ("/dashboard/start/place/", ("places", "number", "address", "url")),
]  # fmt: skip


@pytest.fixture
def names() -> dict[str, str]:
    start = clock.now().replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=7)
    start += timedelta(days=(1 - start.weekday()) % 7)
    event_type = make_event_type()
    booking = make_booking(event_type, now=clock.now(), start=start)
    make_key(ada(), name="script", now=clock.now())
    return {
        "key": str(keys_of(ada()).get().pk),
        "booking": str(booking.uid),
        "event_type": event_type.public_id,
        "schedule": ada().schedules.get().public_id,
        "connection": make_connection().public_id,
    }


@pytest.fixture
def browser(client: Client) -> Client:
    client.raise_request_exception = False
    return sign_in(client, ada())


def encoded(text: str) -> str:
    """As UTF-8, lone surrogates as the bytes that nobody should send."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


def failures(browser: Client, method: str, address: str, sent: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was answered with a 5xx."""
    send = getattr(browser, method)
    return [data for data in sent if send(address, data).status_code >= 500]


@pytest.mark.parametrize(("address", "fields"), LOOKED_AT)
def test_no_address_makes_a_page_fail(
    browser: Client, names: dict[str, str], address: str, fields: tuple[str, ...]
) -> None:
    sent = [
        {field: encoded(text)}
        for field in fields or ("unknown",)
        for text in [*HOSTILE, *(CURSORS if field == "cursor" else ())]
    ]

    assert failures(browser, "get", address.format(**names), sent) == []


@pytest.mark.parametrize(("address", "fields"), POSTED)
def test_nothing_typed_makes_a_form_fail(
    browser: Client, names: dict[str, str], address: str, fields: tuple[str, ...]
) -> None:
    good = {
        "title": "Coffee", "durations": "30", "places": "zoom", "who_calls": "host", "notice": "2",
        "notice_unit": "60", "booking_window_days": "60", "slot_step": "30", "buffer_before": "0",
        "buffer_after": "15", "cutoff": "1", "cutoff_unit": "1440", "questions-TOTAL_FORMS": "1",
        "questions-INITIAL_FORMS": "0", "schedule": str(ada().schedules.get().pk), "name": "Ada",
        "slug": "ada", "zone": "UTC", "locale": "en-GB", "language": "en", "scope": "read", "expires": "30",
        "kind": "hours", "day": clock.now().date().isoformat(), "hours-start": "09:00", "hours-end": "10:00",
        "mon-open": "on", "mon-start": "09:00", "mon-end": "10:00", "q": "kath",
        "first": "2030-01-01", "last": "2030-01-02", "message": "",
        "slot": f"{clock.now() + timedelta(days=8):%Y-%m-%d}T09:00+00:00", "email": "ina@example.com",
    }  # fmt: skip
    sent = [
        good | {field: encoded(text)} | button
        for field in fields
        for text in (HOSTILE if field == "start" else WORST)
        for button in ({}, {"add_question": "1"})[: 2 if field.startswith("questions") else 1]
    ]

    assert failures(browser, "post", address.format(**names), sent) == []


@pytest.mark.parametrize("name", ["%00", "a%00b", "%ED%A0%80", "%FF", "9" * 400, "..%2f..", "%E2%80%AE"])
@pytest.mark.parametrize(
    "address",
    [
        "/dashboard/bookings/{}/",
        "/dashboard/event-types/{}/",
        "/dashboard/event-types/{}/delete",
        "/dashboard/event-types/{}/bookable",
        "/dashboard/availability/{}/",
        "/dashboard/availability/{}/dates",
        "/dashboard/availability/{}/delete",
        "/dashboard/availability/{}/duplicate",
        "/dashboard/availability/{}/default",
        "/dashboard/integrations/zoom/{}/test",
        "/dashboard/integrations/zoom/{}/disconnect",
    ],
)
def test_no_invented_id_makes_a_page_fail(browser: Client, address: str, name: str) -> None:
    for method in (browser.get, browser.post):
        assert 400 <= method(address.format(name)).status_code < 500


def test_a_cookie_with_a_nul_is_refused(client: Client) -> None:
    client.raise_request_exception = False

    answer = client.get("/dashboard/", headers={"cookie": r'sessionid="a\000b"'})

    assert answer.status_code == 400

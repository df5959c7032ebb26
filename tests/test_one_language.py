"""No page and no mail of an invitee has a sentence of ours that was forgotten.

All is shown in Japanese, where every word in Latin letters stands out. What people typed and the names of
products are the exceptions.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.shortcuts import render
from django.test import Client, RequestFactory
from django.utils import translation

from koalendar.booking.actions import cancel, confirm, decline, expire, reschedule
from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, Message
from koalendar.booking.revising import add_away
from koalendar.delivery.tests.letterbox import arrived, full_booking, give_link, html_of, owe, owed, text_of
from koalendar.outbox.models import Entry
from tests.people import INA, NOW, ada, make_booking, make_event_type, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present", "fresh_counters")]

PAGE = "/ada/intro-call/"
SLOT = "2026-12-01T09:00%2B00:00"
READER = replace(INA, locale="ja")
SENT = {"slot": "2026-12-01T09:00+00:00", "tz": "UTC", "duration": "30", "key": "a-key-of-this-form"}
GOOD = SENT | {"name": "Ina Berg", "email": "ina@example.com"}
ASKED = [
    {"code": "a", "label": "問", "kind": "long_text", "required": True, "choices": []},
    {"code": "b", "label": "問", "kind": "choice", "required": True, "choices": ["甲", "乙"]},
    {"code": "c", "label": "問", "kind": "choices", "required": True, "choices": ["甲", "乙"]},
    {"code": "d", "label": "問", "kind": "checkbox", "required": True, "choices": []},
    {"code": "e", "label": "問", "kind": "phone", "required": False, "choices": []},
]
PLACES = [
    {"kind": "zoom", "connection": None},
    {"kind": "phone", "who_calls": "host", "number": ""},
    {"kind": "phone", "who_calls": "invitee", "number": "+33 1 23 45"},
    {"kind": "link", "url": "https://call.example/ada"},
]
_NAMES = re.compile(
    r"Ada Lovelace|Ina Berg|Intro call|Koalendar|Zoom|Google|Outlook|Microsoft 365|Cookie|UTC"
    r"|[\w.+-]+@[\w.-]+|https?://\S+|\S+\.example\S*|\b(?:ID|AL|US|ics|k4x&Zq|x3Kd9a)\b"
)
_SPOKEN = ("aria-label", "placeholder", "alt", "title", "data-busy", "data-copied")

Shown = Callable[[Client], Any]


@pytest.fixture
def browser() -> Client:
    return Client(headers={"Accept-Language": "ja"})


class _Words(HTMLParser):
    """What is seen and heard of a page; not what was typed, nor zones and languages to choose from."""

    _SILENT = ("style", "script", "option", "code", "textarea")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.found += [given[name] or "" for name in _SPOKEN if name in given]
        if given.get("property") in ("og:title", "og:description"):
            self.found.append(given["content"] or "")
        if tag in self._SILENT or given.get("hreflang"):
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.found.append(data)


def forgotten(text: str) -> list[str]:
    return re.findall(r"[A-Za-z][A-Za-z ’']*[A-Za-z]", _NAMES.sub(" ", text))


def forgotten_in(html: str) -> list[str]:
    words = _Words()
    words.feed(html)
    return forgotten("\n".join(words.found))


# ── Pages ──


def event(**fields: Any) -> None:
    make_event_type(**({"questions": ASKED, "locations": PLACES, "durations": [15, 30]} | fields))


def own(booking: Booking, part: str = "") -> str:
    return f"/b/{token_for(booking)}/{part}"


def a_booking(event_type: Any = None, **wish: Any) -> Booking:
    return make_booking(event_type, invitee=READER, **wish)


def looked_at(path: str, **fields: Any) -> Shown:
    def show(browser: Client) -> Any:
        event(**fields)
        return browser.get(path)

    return show


def swapped(path: str, target: str = "picker", pressed: str = "") -> Shown:
    def show(browser: Client) -> Any:
        event()
        return browser.get(path, headers={"HX-Request": "true", "HX-Target": target, "HX-Trigger": pressed})

    return show


def sent(changes: dict[str, Any], **fields: Any) -> Shown:
    def show(browser: Client) -> Any:
        event(**fields)
        return browser.post(PAGE, GOOD | changes)

    return show


def taken(*, fields: dict[str, Any] | None = None) -> Shown:
    def show(browser: Client) -> Any:
        a_booking(make_event_type(**(fields or {})))
        return browser.post(PAGE, GOOD)

    return show


def inactive(browser: Client) -> Any:
    make_event_type(active=False)
    return browser.get(PAGE)


def away(path: str = "", **form: str) -> Shown:
    def show(browser: Client) -> Any:
        make_event_type(questions=[])
        add_away(ada(), first="2026-12-01", last="2026-12-02", message="", today=NOW.date())
        return browser.post(PAGE, GOOD | form) if form else browser.get(path)

    return show


def nothing_to_book(browser: Client) -> Any:
    make_host()
    return browser.get("/ada/")


def owned(part: str = "", then: Callable[[Booking], object] = lambda _booking: None, **fields: Any) -> Shown:
    def show(browser: Client) -> Any:
        booking = a_booking(make_event_type(**fields))
        then(booking)
        return browser.get(own(booking, part))

    return show


def late(booking: Booking) -> None:
    booking.appointment.meetings.update(problem="authorization_refused")
    Entry.objects.filter(kind="meeting").update(needs_person=True)


def deleted_there(booking: Booking) -> None:
    booking.appointment.meetings.update(problem="deleted_there", state="failed")
    Entry.objects.filter(kind="meeting").update(needs_person=True)


def by_invitee(booking: Booking) -> None:
    cancel(booking, by=Booking.By.INVITEE, now=NOW, reason="")


def by_host(booking: Booking) -> None:
    cancel(booking, by=Booking.By.HOST, now=NOW, reason="")


REQUEST = {"requires_confirmation": True}
PAGES: dict[str, Shown] = {
    "pick": looked_at(PAGE),
    "pick, unknown zone": looked_at(f"{PAGE}?tz=Mars/Base"),
    "pick, clocks change": looked_at(f"{PAGE}?month=2026-12&tz=Europe/Paris", booking_window_days=200),
    "pick, spring": looked_at(f"{PAGE}?month=2027-03&tz=Europe/Paris", booking_window_days=200),
    "pick, day without times": looked_at(f"{PAGE}?date=2026-12-05"),
    "pick, zone locked": looked_at(f"{PAGE}?date=2026-12-01", zone_locked=True),
    "form, zone locked": looked_at(f"{PAGE}?slot={SLOT}&tz=Asia/Tokyo", zone_locked=True),
    "booked, zone locked": owned(zone_locked=True),
    "pick, no times at all": looked_at(PAGE, booking_window_days=1, minimum_notice=3 * 1440),
    "month swapped": swapped(f"{PAGE}?month=2027-01", pressed="following"),
    "day swapped": swapped(f"{PAGE}?date=2026-12-02", pressed="d-2026-12-02"),
    "clock swapped": swapped(f"{PAGE}?clock=12", pressed="clock-1"),
    "zone swapped": swapped(f"{PAGE}?tz=UTC", target="booking", pressed="zone-1"),
    "zone search": swapped(f"{PAGE}?zones=1", target="zone"),
    "no zone found": swapped(f"{PAGE}?zones=1&q=xyzzy", target="zone-results"),
    "all zones": looked_at(f"{PAGE}?zones=1"),
    "form": looked_at(f"{PAGE}?slot={SLOT}&tz=UTC"),
    "form of a request": looked_at(f"{PAGE}?slot={SLOT}&tz=UTC", **REQUEST),
    "form, stale slot": looked_at(f"{PAGE}?slot=2026-11-30T07:00%2B00:00"),
    "form, nothing filled in": sent({"name": "", "email": ""}),
    "form, all wrong": sent(
        {"name": "x" * 200, "email": "ina@example,com", "guests": "nobody", "location": "1", "phone": "?"}
    ),
    "form, other wrongs": sent(
        {
            "email": "ina",
            "guests": "a@x.example\n" * 3 + "b@x.example",
            "answer-e": "?",
            "answer-a": "x" * 9999,
        }
    ),
    "form, too many guests": sent({"guests": "\n".join(f"g{n}@x.example" for n in range(20))}),
    "form, guests without end": sent({"guests": "g" * 4000}),
    "taken": taken(),
    "taken request": taken(fields=REQUEST),
    "away": away(f"{PAGE}?date=2026-12-01"),
    "away, booked all the same": away(tz="UTC"),
    "over": sent({"slot": "2026-11-30T07:00+00:00", "answer-a": ""}, questions=[], locations=PLACES[:1]),
    "no event type": inactive,
    "host page": looked_at("/ada/"),
    "empty host page": nothing_to_book,
    "booked": owned(),
    "link ready": owned(then=give_link),
    "link late": owned(then=late),
    "link deleted": owned(then=deleted_there),
    "link swapped": owned("link/?n=2", give_link),
    "requested": owned(**REQUEST),
    "confirmed": owned(then=lambda booking: confirm(booking, now=NOW), **REQUEST),
    "declined": owned(then=lambda booking: decline(booking, now=NOW, reason=""), **REQUEST),
    "expired": owned(then=lambda booking: expire(booking, now=NOW + timedelta(days=1)), **REQUEST),
    "cancelled": owned(then=by_invitee),
    "cancelled by the host": owned(then=by_host),
    "cut-off": owned(change_cutoff=90),
    "reschedule": owned("reschedule/"),
    "reschedule, form": owned("reschedule/?slot=2026-12-02T09:00%2B00:00"),
    "reschedule a request": owned("reschedule/?slot=2026-12-02T09:00%2B00:00", **REQUEST),
    "cancel": owned("cancel/"),
    "cancel a request": owned("cancel/", **REQUEST),
    "closed": owned("cancel/", change_cutoff=48 * 60),
    "closed, minutes": owned("reschedule/", change_cutoff=48 * 60 + 30),
    "closed for good": owned("reschedule/", by_host),
    "gone": lambda browser: browser.get(f"/b/{'x' * 43}/"),
    "not found": lambda browser: browser.get("/a/b/c/d/"),
    "led on": sent({}, redirect_url="https://thanks.example/", questions=[], locations=PLACES[:1]),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_speaks_one_language(browser: Client, name: str) -> None:
    answer = PAGES[name](browser)
    if answer.status_code == 303:
        answer = browser.get(answer.headers["Location"])
    assert answer.headers["Content-Language"] == "ja"
    assert forgotten_in(answer.content.decode()) == []


@pytest.mark.parametrize("where", ["slots", "bookings", "address"])
def test_a_refusal_for_too_much_speaks_it_too(browser: Client, settings: Any, where: str) -> None:
    if where == "slots":
        settings.KOALENDAR_RATE_SLOTS = (1, 60)
    elif where == "bookings":
        settings.KOALENDAR_RATE_BOOKINGS = (1, 60)
    else:
        settings.KOALENDAR_RATE_MAIL = (1, 3600)
    make_event_type()
    if where == "slots":
        browser.get(PAGE)
        answer = browser.get(PAGE)
    else:
        browser.post(PAGE, GOOD)
        answer = browser.post(PAGE, GOOD | {"slot": "2026-12-02T09:00+00:00"})
    assert answer.status_code == 429
    assert forgotten_in(answer.content.decode()) == []


def test_a_form_that_was_open_for_too_long_speaks_it_too() -> None:
    make_event_type()
    answer = Client(enforce_csrf_checks=True, headers={"Accept-Language": "ja"}).post(PAGE, GOOD)
    assert answer.status_code == 403
    assert forgotten_in(answer.content.decode()) == []


@pytest.mark.parametrize("name", ["400", "403", "404", "500"])
def test_a_page_about_an_error_speaks_it_too(rf: RequestFactory, settings: Any, name: str) -> None:
    settings.KOALENDAR_SUPPORT_EMAIL = "help@koalendar.example"
    request = rf.get("/")
    request.user = ada()
    with translation.override("ja"):
        assert forgotten_in(render(request, f"{name}.html").content.decode()) == []


def test_the_calendar_file_speaks_it_too(browser: Client) -> None:
    booking = a_booking()
    text = browser.get(own(booking, "invite.ics")).content.decode()
    said = re.findall(r"^(?:SUMMARY|DESCRIPTION|LOCATION)[^:]*:(.*)$", text, re.MULTILINE)
    assert said
    assert forgotten("\n".join(said)) == []


# ── Mails ──


def mails() -> Iterator[tuple[str, str, Callable[[], Message]]]:
    for audience in ("invitee", "guest"):
        for kind in ("booked", "rescheduled", "cancelled", "link_here", "reminder"):
            yield f"{kind}, {audience}", audience, lambda k=kind, a=audience: owe(ready(), k, a)
        yield f"link follows, {audience}", audience, lambda a=audience: owe(_told_already(), "rescheduled", a)
    yield "by host", "invitee", lambda: owe(ready(), "cancelled", "invitee", by="host", reason="")
    yield "requested", "invitee", lambda: owed(asked(), "requested", "invitee")
    yield "request moved", "invitee", _request_moved
    yield "declined", "invitee", lambda: owed(decline(asked(), now=NOW, reason=""), "declined", "invitee")
    yield (
        "expired",
        "invitee",
        lambda: owed(expire(asked(), now=NOW + timedelta(days=1)), "expired", "invitee"),
    )
    for number, place in enumerate(PLACES[1:]):
        yield f"place {number}", "invitee", lambda p=place: owed(_elsewhere(p), "booked", "invitee")


def _elsewhere(place: dict[str, Any]) -> Booking:
    return full_booking(invitee=READER, location=place, event_type=_plain())


def _plain(**fields: Any) -> Any:
    host = ada()
    host.zone = "America/New_York"
    host.save(update_fields=["zone"])
    return make_event_type(host, **fields)


def ready() -> Booking:
    booking = full_booking(invitee=READER, event_type=_plain(reminders=[60]), answers={})
    give_link(booking)
    return booking


def _told_already() -> Booking:
    return full_booking(invitee=READER, event_type=_plain(), answers={})


def asked() -> Booking:
    return full_booking(invitee=READER, event_type=_plain(requires_confirmation=True), answers={}, guests=[])


def _request_moved() -> Message:
    booking = asked()
    reschedule(booking, start=booking.appointment.start + timedelta(days=1), by="invitee", now=NOW)
    return booking.messages.get(kind="rescheduled", audience="invitee")


MAILS = {name: make for name, _audience, make in mails()}


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_speaks_one_language(name: str) -> None:
    message = MAILS[name]()
    Message.objects.filter(booking=message.booking, state="waiting").exclude(pk=message.pk).update(
        state="sent"
    )
    came = arrived(message)
    assert forgotten(came["Subject"]) == []
    assert forgotten(text_of(came)) == []
    assert forgotten_in(html_of(came)) == []
    assert '<html lang="ja"' in html_of(came)

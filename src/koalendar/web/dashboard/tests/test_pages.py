"""Every page of the dashboard: there for its host, closed to strangers, and unknown to other hosts."""

import pytest
from django.test import Client
from django.urls import reverse

from koalendar.accounts.keys import keys_of, make_key
from koalendar.booking.models import Booking, EventType, Schedule
from koalendar.booking.revising import add_away
from koalendar.connections.models import Calendar, Connection
from koalendar.web.dashboard import integration_urls, urls
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import NOW, ada, make_booking, make_connection, make_host

pytestmark = pytest.mark.django_db

# Pages that must not ask a stranger to sign in: the address to come back to would carry a code; and where
# Zoom's marketplace sends people who may have no account yet.
OPEN = {"zoom-callback", "zoom-install", "google-callback"}
# What leads away from a booking that is confirmed and has no meeting.
ELSEWHERE = {
    "away",
    "setup",
    "zoom-connect",
    "google-connect",
    "dashboard-booking-start",
    "dashboard-booking-decline",
}
# What only posts.
POSTED = {
    "dashboard-booking-retry",
    "dashboard-booking-confirm",
    "dashboard-booking-take-time",
    "dashboard-booking-restore-time",
    "dashboard-booking-restore-event",
    "dashboard-booking-new-link",
    "dashboard-booking-note",
    "dashboard-booking-no-show",
    "event-type-bookable",
    "event-type-duplicate",
    "schedule-duplicate",
    "schedule-default",
    "setup-dismiss",
    "account-test",
    "account-default",
    "calendars",
    "calendar-ignore",
    "calendar-wait",
    "zoom-hide-trouble",
}
AWAY = "2027-01-04"
# Named by a date, which every host has; posting to it twice is as good as once.
OWN_BY_NAME = {"away-remove"}
# Not there without a consent that waits.
PASSING = {"zoom-finish", "google-finish"}


def addresses(*, only_of_things: bool = False) -> dict[str, str]:
    """Each address of the dashboard, filled in with what is Ada's; or only those of one thing of hers."""
    booking = make_booking()
    Calendar.objects.create(connection=make_connection(), host=ada(), remote_id="own", blocks=True)
    add_away(ada(), first=AWAY, last=AWAY, message="", today=NOW.date())
    make_key(ada(), name="script", now=NOW)
    key = keys_of(ada()).get()
    found = {}
    for pattern in [*urls.urlpatterns, *integration_urls.urlpatterns]:
        name, needed = str(pattern.name), pattern.pattern.converters
        ids = {
            "uid": booking.uid,
            "public_id": _thing(name, booking).public_id,
            "pk": key.pk,
            "first": AWAY,
            "provider": "zoom",
        }
        if needed or not only_of_things:
            found[name] = reverse(name, kwargs={key: ids[key] for key in needed})
    return found


def _thing(name: str, booking: Booking) -> Calendar | Connection | Schedule | EventType:
    """What the address of this name is about."""
    if name.startswith(("zoom-", "account-")):
        return Connection.objects.get()
    if name.startswith("calendar-"):
        return Calendar.objects.get()
    return ada().schedules.get() if name.startswith("schedule") else booking.appointment.event_type


def test_a_stranger_is_asked_to_sign_in_at_every_address(client: Client) -> None:
    for name, address in addresses().items():
        if name in OPEN:
            continue
        answer = client.post(address) if name in POSTED else client.get(address)
        assert answer.status_code == 302, name
        assert answer.headers["Location"].startswith("/accounts/login/?next="), name


def test_what_is_adas_is_unknown_to_ben(client: Client) -> None:
    hers = addresses(only_of_things=True)
    sign_in(client, make_host("Ben Adida"))

    for name, address in hers.items():
        if name not in OWN_BY_NAME:
            assert client.post(address).status_code in (404, 405), name
        if name not in POSTED:
            assert client.get(address).status_code == 404, name


def test_each_page_answers_its_host_and_is_kept_nowhere(client: Client) -> None:
    pages = addresses()
    client.force_login(ada())

    for name, address in pages.items():
        if name in POSTED | OPEN | PASSING | ELSEWHERE:
            continue
        answer = client.get(address)
        assert answer.status_code == 200, name
        assert "no-store" in answer.headers["Cache-Control"], name


def test_nothing_is_changed_by_get(client: Client) -> None:
    pages = addresses()
    client.force_login(ada())

    for name in POSTED:
        assert client.get(pages[name]).status_code == 405, name

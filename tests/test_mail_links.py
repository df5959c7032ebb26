"""Mails write the paths of pages by hand, since they don't know the web room: each leads where it says."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import resolve

from koalendar.booking.models import Booking
from koalendar.booking.problems import NOT_CONNECTED
from koalendar.delivery.tests.letterbox import (
    AUDIENCES,
    KINDS,
    arrived,
    everything_in,
    full_booking,
    give_link,
    owe,
)
from koalendar.outbox.models import Entry
from tests.people import ada

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

OWN = {"invitee-booking", "invitee-reschedule", "invitee-cancel"}
PAGES = {
    "invitee": OWN,
    "host": {"dashboard-booking"},
    "guest": set(),
}
PAGES_OF_CANCELLED = {
    "invitee": {"booking-page", "invitee-booking"},
    "host": {"dashboard-booking"},
    "guest": {"booking-page"},
}


def paths_in(mail: Any, site: str) -> set[str]:
    """The paths of our own pages in any part of the mail, calendar objects too."""
    unfolded = everything_in(mail).replace("\r\n ", "").replace("\n ", "")
    return {urlsplit(address).path for address in re.findall(re.escape(site) + r"/[\w/.-]*", unfolded)}


def names_of(paths: set[str]) -> set[str]:
    return {str(resolve(path).url_name) for path in paths}


def fetch_all(paths: set[str]) -> dict[str, int]:
    browser = Client()
    browser.force_login(ada())
    return {path: browser.get(path).status_code for path in paths}


@pytest.mark.parametrize("audience", AUDIENCES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_link_of_a_mail_opens_the_page_that_it_names(settings: Any, kind: str, audience: str) -> None:
    booking = full_booking()
    give_link(booking)

    paths = paths_in(arrived(owe(booking, kind, audience)), settings.KOALENDAR_BASE_URL)

    assert names_of(paths) == (PAGES_OF_CANCELLED if kind == "cancelled" else PAGES)[audience]
    assert set(fetch_all(paths).values()) <= {200}


def test_a_host_without_zoom_is_led_to_the_integrations(settings: Any) -> None:
    booking: Booking = full_booking()
    booking.appointment.meetings.update(problem=NOT_CONNECTED)
    Entry.objects.filter(kind="meeting").update(needs_person=True, due_at=None)

    paths = paths_in(arrived(owe(booking, "booked", "host")), settings.KOALENDAR_BASE_URL)

    assert names_of(paths) == {"dashboard-booking", "integrations"}
    assert set(fetch_all(paths).values()) == {200}

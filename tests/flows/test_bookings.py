"""The host's bookings in a real browser: searching, booking for somebody, noting, looking back and ahead."""

import csv
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from koalendar import clock
from koalendar.booking import keeping, story
from koalendar.booking.actions import Invitee, cancel
from koalendar.booking.models import Booking, EventType, Happening, Note
from koalendar.outbox.models import Entry
from tests.flows.looks import IN_EVERY_LOOK
from tests.flows.test_dashboard import sign_in
from tests.people import ada, make_booking, make_event_type

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]


def tuesday(hour: int = 9) -> datetime:
    start = clock.now().replace(hour=hour, minute=0, second=0, microsecond=0)
    return start + timedelta(days=(1 - start.weekday()) % 7 + 7)


def book(event_type: EventType, name: str, hour: int, **options: Any) -> Booking:
    invitee = Invitee(name, f"{name.split()[0].lower()}@example.com", "UTC")
    return make_booking(event_type, now=clock.now(), start=tuesday(hour), invitee=invitee, **options)


def begun(event_type: EventType) -> Booking:
    """One whose time was yesterday."""
    booking = book(event_type, "Paul Past", 16)
    appointment = booking.appointment
    appointment.start = (clock.now() - timedelta(days=1)).replace(second=0, microsecond=0)
    appointment.end = appointment.start + timedelta(minutes=30)
    appointment.save()
    appointment.holds.update(blocks_from=appointment.start, blocks_until=appointment.end)
    return booking


def test_typing_searches_and_says_how_many_were_found(visit: Visit, live_server: Any) -> None:
    event_type = make_event_type()
    book(event_type, "Ina Berg", 9)
    cancel(book(event_type, "Bo Oz", 10), by=Booking.By.HOST, now=clock.now())
    page = sign_in(visit(), ada(), site=live_server.url)

    page.get_by_label("Search by name").fill("bo")

    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    expect(page.locator("#say")).to_have_text("0 bookings found on Upcoming")
    expect(page).to_have_url(re.compile(r"\?q=bo$"))
    page.get_by_role("navigation", name="Bookings").get_by_role("link", name="Cancelled 1").click()
    expect(page.get_by_role("link", name="Bo Oz")).to_be_visible()
    expect(page.get_by_label("Search by name")).to_have_value("bo")


def test_searching_and_exporting_work_without_script(visit: Visit, live_server: Any) -> None:
    event_type = make_event_type()
    book(event_type, "Ina Berg", 9)
    book(event_type, "Bo Oz", 10)
    page = sign_in(visit(java_script_enabled=False), ada(), site=live_server.url)
    page.get_by_label("Search by name").fill("ina")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("link", name="Bo Oz")).to_have_count(0)

    with page.expect_download() as download:
        page.get_by_role("link", name="Export what was found (CSV)").click()

    text = download.value.path().read_text(encoding="utf-8-sig")
    assert [row["invitee_name"] for row in csv.DictReader(StringIO(text))] == ["Ina Berg"]


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_host_books_for_somebody(visit: Visit, live_server: Any, script: bool) -> None:
    make_event_type(minimum_notice=5 * 1440)
    page = sign_in(visit(java_script_enabled=script, width=390), ada(), site=live_server.url)
    page.get_by_role("link", name="New booking").click()
    page.get_by_role("link", name="Intro call").click()
    page.locator(".times a").first.click()
    page.get_by_role("button", name=re.compile("^Book ")).click()
    expect(page.get_by_role("alert")).to_contain_text("Enter their name")
    page.get_by_label("Their name").fill("Ina Berg")
    page.get_by_label("Their e-mail address").fill("ina@example.com")
    page.get_by_label("Their time zone").select_option("Europe/Paris")
    page.get_by_role("button", name=re.compile("^Book ")).click()

    expect(page.get_by_role("heading", name="Ina Berg")).to_be_visible()
    expect(page.get_by_text("You booked for Ina Berg")).to_be_visible()
    assert Booking.objects.get().booked_by == "host"


def test_a_note_and_a_no_show_are_kept(visit: Visit, live_server: Any) -> None:
    booking = begun(make_event_type())
    page = sign_in(visit(), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/?tab=past")
    page.get_by_role("link", name="Paul Past").click()
    page.get_by_role("textbox", name="Private note").fill("Send the slides")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_role("textbox", name="Private note")).to_have_value("Send the slides")
    assert Note.objects.get().booking == booking

    page.get_by_role("button", name="Mark as no-show").click()
    expect(page.get_by_text("You noted that Paul Past did not come")).to_be_visible()
    page.goto(f"{live_server.url}/dashboard/?tab=past")
    expect(page.locator(".chip", has_text="No-show")).to_be_visible()
    page.goto(f"{live_server.url}/dashboard/figures/")
    expect(page.locator(".totals > div", has_text="No-shows")).to_contain_text("1")
    page.get_by_text("The numbers by day").click()
    expect(page.get_by_role("row", name=re.compile("1 0 1$")).first).to_be_visible()


def test_the_story_goes_on_while_something_is_under_way(visit: Visit, live_server: Any) -> None:
    booking = book(make_event_type(), "Ina Berg", 9)
    page = sign_in(visit(), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/bookings/{booking.uid}/")
    expect(page.get_by_text("Zoom meeting made")).to_have_count(0)

    story.tell(booking.appointment, Happening.Kind.MEETING_MADE, at=clock.now())

    expect(page.get_by_text("Zoom meeting made")).to_be_visible()
    expect(page.get_by_role("heading", name="What happened")).to_have_count(1)
    expect(page.get_by_role("heading", name="Outside copies")).to_have_count(1)
    expect(page.get_by_text("Link is being made")).to_be_visible()
    page.locator("#id_note").fill("Half a sent")

    link = "https://zoom.example/j/85412345678"
    booking.appointment.meetings.update(state="present", remote_id="85412345678", join_url=link)
    Entry.objects.filter(kind="meeting").update(due_at=None)
    booking.messages.update(state="sent", sent_at=clock.now())

    expect(page.get_by_text(link)).to_be_visible()
    expect(page.get_by_text("Link is being made")).to_be_hidden()
    expect(page.get_by_text("Why is there no link?")).to_be_hidden()
    expect(page.locator("#id_note")).to_have_value("Half a sent")


def test_the_week_leads_to_a_booking_and_on_to_other_weeks(visit: Visit, live_server: Any) -> None:
    book(make_event_type(durations=[15], buffer_after=15), "Ina Berg", 9, duration=15)
    page = sign_in(visit(), ada(), site=live_server.url)
    page.get_by_role("link", name="Week", exact=True).click()
    for _ in range((tuesday().date() - clock.now().date()).days // 7):
        page.get_by_role("link", name="Next week").click()
    if not page.get_by_role("link", name="Ina Berg").count():
        page.get_by_role("link", name="Next week").click()
    page.get_by_role("link", name="Ina Berg").click()
    expect(page.get_by_role("heading", name="Ina Berg")).to_be_visible()


@pytest.mark.looks
@IN_EVERY_LOOK
def test_these_pages_are_accessible(
    visit: Visit,
    live_server: Any,
    is_accessible: Callable[[Page], None],
    settings: Any,
    width: int,
    scheme: str,
) -> None:
    settings.KOALENDAR_RATE_SLOTS = None
    event_type = make_event_type(durations=[15, 30], buffer_after=15)
    for hour, name in ((9, "Ina Berg"), (10, "Maximilian von Hohenstein-Sonnenschein")):
        book(event_type, name, hour, duration=15)
    past = begun(event_type)
    keeping.note_no_show(past, now=clock.now())
    cancel(book(event_type, "Bo Oz", 11), by=Booking.By.HOST, now=clock.now())
    book(make_event_type(title="Advice", slug="advice", requires_confirmation=True), "Rita Asks", 12)
    page = sign_in(visit(width=width, color_scheme=scheme), ada(), site=live_server.url)

    for path in (
        "/dashboard/?q=bo",
        "/dashboard/?tab=past",
        f"/dashboard/bookings/{past.uid}/",
        f"/dashboard/week/?from={tuesday().date()}",
        "/dashboard/figures/",
        "/dashboard/bookings/new/",
        f"/dashboard/bookings/new/{event_type.public_id}/",
        f"/dashboard/bookings/new/{event_type.public_id}/?slot={tuesday(14):%Y-%m-%dT%H:%M}%2B00:00",
    ):
        page.goto(f"{live_server.url}{path}")
        is_accessible(page)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    expect(page.get_by_role("alert")).to_be_visible()
    is_accessible(page)

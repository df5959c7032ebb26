"""All pages one after the other: those that no walk reaches, and all enlarged, printed, in few hues."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.http import HttpResponse
from django.test import RequestFactory
from playwright.sync_api import Page, Route, expect

from koalendar.booking import story
from koalendar.booking.actions import cancel, decline
from koalendar.booking.links import answer_token_for, token_for
from koalendar.booking.models import Booking, Happening
from koalendar.connections.models import Calendar, Connection
from koalendar.delivery.tests.letterbox import arrived, full_booking, owed, parts
from koalendar.delivery.tests.letterbox import give_link as give_link_of_mails
from koalendar.outbox.models import Entry
from koalendar.scheduling.zones import to_minutes
from koalendar.web.pages import bad_request, csrf_failure, server_error
from tests.flows.conftest import AXE_TAGS
from tests.flows.looks import IN_EVERY_LOOK
from tests.flows.test_booking_page import fill_in, give_link
from tests.flows.test_dashboard import host_pages, sign_in
from tests.people import (
    NOW,
    TUESDAY_NINE,
    ada,
    make_booking,
    make_calendar,
    make_connection,
    make_event_type,
    make_host,
)

pytestmark = [
    pytest.mark.looks,
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("present", "unlimited"),
]

Visit = Callable[..., Page]
Check = Callable[[Page], None]
# Colours don't depend on the width, nor sizes on the colours: two looks show both widths and both themes.
LONG = "Maximilian Freiherr von Hohenstein-Sonne"
FORM = "?slot=2026-12-02T15:00%2B00:00"
MORE_PUBLIC_PAGES = [
    "/ada/",
    f"/ada/locked/{FORM}&language=de",
    "/ada/locked/?zones=1",
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/help/zoom/",
    "/help/google/",
    "/help/support/",
    "/privacy/",
    "/terms/",
]
MORE_HOST_PAGES = [
    "/dashboard/week/",
    "/dashboard/figures/",
    "/dashboard/bookings/new/",
    "/dashboard/start/you/",
    "/dashboard/start/hours/",
    "/dashboard/start/place/",
    "/dashboard/start/link/",
    "/dashboard/settings/keys/",
    "/dashboard/settings/keys/new",
    "/accounts/2fa/",
    "/accounts/email/",
    "/accounts/password/change/",
]
FAILURES: dict[str, Callable[[Any], HttpResponse]] = {
    "/failed/400": lambda request: bad_request(request, ValueError()),
    "/failed/403": csrf_failure,
    "/failed/500": server_error,
}


@pytest.fixture
def unlimited(settings: Any) -> None:
    settings.KOALENDAR_RATE_SLOTS = settings.KOALENDAR_RATE_BOOKINGS = settings.KOALENDAR_RATE_MAIL = None


def own(booking: Booking, part: str = "") -> str:
    return f"/b/{token_for(booking)}/{part}"


def states_of_bookings() -> list[str]:
    """The own pages of bookings in the states that take something out of the common to reach."""
    host = make_host(LONG, slug="max", email="max@example.com", zone="America/New_York")

    def asked(hour: int, **fields: Any) -> Booking:
        place = fields.pop("location", {"kind": "zoom", "connection": None})
        number = host.profile.event_types.count()
        made = make_event_type(
            host, title=f"Talk {number}", slug=f"talk-{number}", locations=[place], **fields
        )
        return make_booking(made, start=TUESDAY_NINE + timedelta(hours=5 + hour), location=place)

    by_phone = asked(0, location={"kind": "phone", "who_calls": "invitee", "number": "+33 1 70 37 22 46"})
    in_person = asked(1, location={"kind": "in_person", "address": "12 St James's Square, London"})
    waiting, declined = asked(2, requires_confirmation=True), asked(3, requires_confirmation=True)
    decline(declined, now=NOW, reason="On a train")
    late, removed, past = asked(4), asked(5), asked(6)
    late.appointment.meetings.update(created_at=NOW - timedelta(hours=1), problem="unavailable")
    removed.appointment.meetings.update(state="gone", problem="deleted_there")
    past.appointment.start, past.appointment.end = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    past.appointment.save()
    closed = asked(7, change_cutoff=7 * 1440)
    return [
        own(by_phone),
        own(in_person),
        own(waiting),
        own(declined),
        own(late),
        own(removed),
        own(past),
        own(closed),
        own(closed, "reschedule/"),
        own(closed, "cancel/"),
        f"/b/{answer_token_for(waiting)}/answer/",
        f"/b/{answer_token_for(declined)}/answer/",
    ]


def public_pages() -> list[str]:
    """What no sign-in guards and no other walk comes to."""
    make_host("Bo Oz")
    make_event_type(title="Locked", slug="locked", zone_locked=True, durations=[15, 30, 60])
    return [
        "/",
        "/bo/",
        "/nobody/",
        "/offline.html",
        "/styleguide",
        "/ada/locked/?tz=Asia/Kathmandu",
        f"/ada/locked/{FORM}&tz=Asia/Kathmandu",
        "/ada/locked/?month=2027-03",
        "/ada/locked/?date=2026-12-04&clock=12",
        *FAILURES,
        *states_of_bookings(),
    ]


def failing(page: Page) -> Page:
    """A page whose browser gets our answers to failures where we do not fail on purpose."""

    def answer(route: Route) -> None:
        made = FAILURES[urlsplit(route.request.url).path](RequestFactory().get("/"))
        route.fulfill(body=made.content, content_type="text/html; charset=utf-8")

    page.route("**/failed/*", answer)
    return page


# ── For everybody ──


@IN_EVERY_LOOK
def test_pages_that_no_walk_reaches_are_accessible(
    visit: Visit, live_server: Any, is_accessible: Check, width: int, scheme: str
) -> None:
    page = failing(visit(width=width, color_scheme=scheme, service_workers="block"))
    for path in public_pages():
        page.goto(f"{live_server.url}{path}")
        is_accessible(page)


@IN_EVERY_LOOK
def test_what_goes_wrong_with_a_hosts_zoom_or_forms_is_accessible(
    visit: Visit, live_server: Any, is_accessible: Check, width: int, scheme: str
) -> None:
    booking = make_booking(make_event_type(change_cutoff=60))
    page = sign_in(visit(width=width, color_scheme=scheme), ada(), site=live_server.url)
    is_accessible(page)
    connection = make_connection(problem_since=NOW)
    for state, problem in (
        ("attention", "scopes_missing"),
        ("broken", "authorization_refused"),
        ("revoked", "removed_at_provider"),
    ):
        connection.state, connection.problem = state, problem
        connection.save()
        page.goto(f"{live_server.url}/dashboard/integrations/")
        is_accessible(page)
    page.goto(f"{live_server.url}/dashboard/")
    is_accessible(page)
    for path, field in (
        ("/dashboard/event-types/new", "title"),
        (f"/dashboard/event-types/{booking.appointment.event_type.public_id}/", "title"),
        ("/dashboard/settings/", "name"),
        ("/dashboard/availability/new", "name"),
    ):
        page.goto(f"{live_server.url}{path}")
        page.locator(f"main [name={field}]").fill("")
        page.locator("main form button:not([aria-hidden], .side *)").last.click()
        expect(page.locator("#error-summary")).to_be_focused()
        is_accessible(page)
    cancel(booking, by=Booking.By.INVITEE, now=NOW, reason="A cold")
    page.goto(f"{live_server.url}/dashboard/bookings/{booking.uid}/")
    is_accessible(page)


@IN_EVERY_LOOK
def test_pages_that_lean_on_calendars_are_accessible(
    visit: Visit, live_server: Any, is_accessible: Check, width: int, scheme: str
) -> None:
    event_type = make_event_type()
    booking, calendar = make_booking(event_type), make_calendar()
    story.tell(booking.appointment, Happening.Kind.CONFLICT, at=NOW, start=booking.appointment.start)
    minute = to_minutes(TUESDAY_NINE)
    calendar.busy = [minute, minute + 60, minute + 180, minute + 300]
    calendar.save()
    page = sign_in(visit(width=width, color_scheme=scheme), ada(), site=live_server.url)
    for path in ("/dashboard/week/?from=2026-12-01", f"/dashboard/bookings/{booking.uid}/"):
        page.goto(f"{live_server.url}{path}")
        is_accessible(page)
    expect(page.get_by_role("heading", name="Your calendar has something else")).to_be_visible()
    Calendar.objects.update(read_at=NOW - timedelta(hours=1))
    for path in ("/dashboard/", f"/dashboard/bookings/{booking.uid}/reschedule", "/ada/intro-call/"):
        page.goto(f"{live_server.url}{path}")
        is_accessible(page)
    expect(page.get_by_text("The calendar of Ada Lovelace cannot be read at the moment.")).to_be_visible()


@IN_EVERY_LOOK
def test_what_was_done_to_an_event_in_google_and_rooms_at_meet_are_accessible(
    visit: Visit, live_server: Any, is_accessible: Check, width: int, scheme: str
) -> None:
    meet = {"kind": "google_meet"}
    make_calendar(is_target=True, is_writable=True)
    event_type = make_event_type(locations=[meet])
    moved, deleted = (
        make_booking(event_type, start=TUESDAY_NINE + timedelta(hours=hour), location=meet) for hour in (0, 1)
    )
    there = TUESDAY_NINE + timedelta(hours=3)
    moved.appointment.calendar_copies.update(state="present", seen_start=there, seen_at=NOW)
    moved.appointment.meetings.update(state="present", join_url="https://meet.google.com/abc-defg-hij")
    deleted.appointment.calendar_copies.update(state="gone", problem="deleted_there")
    deleted.appointment.meetings.update(state="gone", problem="deleted_there")
    Entry.objects.filter(kind="event").update(due_at=None)
    page = sign_in(visit(width=width, color_scheme=scheme), ada(), site=live_server.url)
    for booking, heading in ((moved, "is now at"), (deleted, "was deleted in Google Calendar")):
        page.goto(f"{live_server.url}/dashboard/bookings/{booking.uid}/")
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        is_accessible(page)
        page.goto(f"{live_server.url}{own(booking)}")
        is_accessible(page)
    for path in ("/dashboard/", f"/dashboard/event-types/{event_type.public_id}/"):
        page.goto(f"{live_server.url}{path}")
        is_accessible(page)


@IN_EVERY_LOOK
def test_calendars_that_are_being_read_or_cannot_be_are_accessible(
    visit: Visit, live_server: Any, is_accessible: Check, width: int, scheme: str
) -> None:
    made = make_event_type(locations=[{"kind": "google_meet"}])
    calendar = make_calendar(read_at=None, is_primary=True, role="owner")
    make_calendar(remote_id="team", name="Team", blocks=False, role="writer")
    page = sign_in(visit(width=width, color_scheme=scheme), ada(), site=live_server.url)

    def look(path: str, words: str) -> None:
        page.goto(f"{live_server.url}{path}")
        expect(page.get_by_text(words).first).to_be_visible()
        is_accessible(page)

    integrations = "/dashboard/integrations/"
    look(integrations, "It is being read for the first time")
    look("/dashboard/event-types/", "those at Google Meet get no link")
    look(f"/dashboard/event-types/{made.public_id}/", "those at Google Meet get no link")
    look("/help/google/", "Your Google Calendar")
    Calendar.objects.filter(pk=calendar.pk).update(problem="server_error", problem_since=NOW)
    look(integrations, "We keep asking.")
    Calendar.objects.filter(pk=calendar.pk).update(ignored_at=NOW)
    look(integrations, "You do not wait for this calendar.")
    Calendar.objects.update(blocks=False)
    Connection.objects.update(is_default=True)
    look("/dashboard/start/hours/", "none of its calendars blocks your time")


def test_too_many_tries_are_told_accessibly(visit: Visit, settings: Any, is_accessible: Check) -> None:
    make_event_type()
    settings.KOALENDAR_RATE_BOOKINGS = (1, 300)
    page = visit(f"/ada/intro-call/{FORM}", width=390)
    again = page.url.replace("T15", "T16")
    fill_in(page)
    page.locator("form button.primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    page.goto(again)
    fill_in(page)
    page.locator("form button.primary").click()
    expect(page.locator("#error-summary")).to_contain_text("Too many bookings")
    is_accessible(page)


@pytest.mark.parametrize("locale", ["en", "ar"])
def test_mails_are_accessible_and_fit_a_phone(visit: Visit, locale: str) -> None:
    booking = full_booking()
    Booking.objects.update(invitee_locale=locale)
    booking.refresh_from_db()
    give_link_of_mails(booking)
    page = visit(width=390)
    for audience in ("invitee", "host"):
        [letter] = parts(arrived(owed(booking, "booked", audience)), "text/html")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.set_content(letter.get_content())
            # Landmarks are those of the program that shows the mail.
            found = Axe().run(page, options={"runOnly": AXE_TAGS[:-1]})
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate(LOST) == []


# ── Enlarged ──

# Each page is looked at in all of these, one after the other; returns what of it is lost.
ENLARGED = {
    "400 %, with the wide spacing that a reader may set": (
        320,
        256,
        """
        const wide = new CSSStyleSheet();
        wide.replaceSync('*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}');
        document.adoptedStyleSheets = [wide];""",
    ),
    "200 %": (640, 400, "document.adoptedStyleSheets = [];"),
    "text of 200 %": (1280, 800, "document.documentElement.style.fontSize = '200%';"),
}
LOST = """() => {
    const lost = [];
    const wide = document.scrollingElement.scrollWidth;
    if (wide > innerWidth) lost.push(`scrolls to ${wide}`);
    for (const each of document.querySelectorAll('body, body *')) {
        const style = getComputedStyle(each), box = each.getBoundingClientRect();
        const name = `${each.tagName}.${each.className} ${each.textContent.trim().slice(0, 40)}`;
        if (!box.width || each.closest('.vh, svg') || style.visibility === 'hidden') continue;
        if (style.position === 'sticky' && box.width > innerWidth / 2 && box.height > innerHeight / 4)
            lost.push(`${box.height} high: ${name}`);
        if (/hidden|clip/.test(style.overflowX) && each.scrollWidth > each.clientWidth + 1)
            lost.push(`cut: ${name}`);
    }
    return lost;
}"""


@pytest.mark.parametrize("whose", ["public", "host"])
def test_enlarged_nothing_is_lost_and_nothing_scrolls_sideways(
    visit: Visit, live_server: Any, whose: str
) -> None:
    page = failing(visit(service_workers="block"))
    if whose == "host":
        paths = [*host_pages(), *MORE_HOST_PAGES]
        sign_in(page, ada(), site=live_server.url)
    else:
        paths = [*public_pages(), *MORE_PUBLIC_PAGES]
    lost = {}
    for path in paths:
        page.goto(f"{live_server.url}{path}")
        for name, (width, height, change) in ENLARGED.items():
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(f"() => {{ {change} }}")
            if found := page.evaluate(LOST):
                lost[f"{path} at {name}"] = found
    assert lost == {}


# ── On paper ──


def test_a_booking_on_paper_has_all_that_one_needs_there_and_nothing_to_press(
    visit: Visit, live_server: Any
) -> None:
    booking = make_booking()
    give_link(booking)
    page = sign_in(visit(width=794, color_scheme="dark"), ada(), site=live_server.url)
    page.emulate_media(media="print")

    page.goto(f"{live_server.url}{own(booking)}")
    for words in (
        "Tuesday 1 December, 10:00–10:30",
        "https://zoom.example/j/85412345678",
        "+33 1 70 37 22 46",
    ):
        expect(page.locator("main").get_by_text(words)).to_be_visible()
    expect(page.get_by_role("heading", level=2)).to_have_count(0)
    for path in (own(booking), f"/dashboard/bookings/{booking.uid}/"):
        page.goto(f"{live_server.url}{path}")
        expect(page.get_by_role("heading", level=1)).to_have_css("color", "rgb(0, 0, 0)")
        expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
        for pressed in page.locator("a, button").all():
            expect(pressed).to_be_hidden()


# ── In few colours ──


def test_in_forced_colours_states_are_told_apart_by_more_than_colour(visit: Visit, live_server: Any) -> None:
    make_event_type()
    schedule = ada().schedules.get()
    schedule.overrides = {"2026-12-03": [["10:00", "12:00"]]}
    schedule.save()
    page = sign_in(visit(forced_colors="active"), ada(), site=live_server.url)

    def drawn(css: str) -> tuple[str, str]:
        look = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).border]"
        ground, border = page.locator(css).evaluate(look)
        return ground, border

    page.goto(f"{live_server.url}/ada/intro-call/?date=2026-12-02")
    free, chosen, closed = (drawn(f"#d-2026-12-0{day}") for day in (1, 2, 5))
    assert len({free, chosen, closed}) == 3
    page.goto(f"{live_server.url}/ada/intro-call/{FORM}")
    before = drawn("#id_name")
    page.locator("form button.primary").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert drawn("#id_name") != before
    page.goto(f"{live_server.url}/dashboard/availability/{schedule.public_id}/dates?month=2026-12")
    page.locator(".month label.day").nth(8).click()
    days = [drawn(f".month td:has([value='2026-12-0{day}']) .day") for day in (1, 3, 5, 9)]
    assert len(set(days)) == 4
    page.goto(f"{live_server.url}/dashboard/")
    assert drawn(".side-nav a[aria-current]") != drawn(".side-nav a:not([aria-current]) >> nth=0")

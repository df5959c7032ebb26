"""An invitee in a real browser: by keyboard, without script, in another zone, on a phone."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from koalendar.booking.actions import cancel
from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, Meeting
from koalendar.outbox.models import Entry
from tests.flows.keys import focused, go, press, settled_on, tab_to
from tests.flows.looks import IN_EVERY_LOOK
from tests.people import NOW, TUESDAY_NINE, make_booking, make_event_type, make_host

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("present", "unlimited"),
]

Visit = Callable[..., Page]
Check = Callable[[Page], None]
EVERY_KIND = [
    {"code": "topic", "label": "What is it about?", "kind": "long_text", "required": True, "choices": []},
    {"code": "nick", "label": "Nickname", "kind": "short_text", "required": False, "choices": []},
    {
        "code": "lang",
        "label": "Language",
        "kind": "choice",
        "required": True,
        "choices": ["English", "French"],
    },
    {"code": "parts", "label": "Parts", "kind": "choices", "required": False, "choices": ["Mill", "Store"]},
    {"code": "read", "label": "I have read it", "kind": "checkbox", "required": True, "choices": []},
    {"code": "desk", "label": "Desk phone", "kind": "phone", "required": False, "choices": []},
]
PLACES = [
    {"kind": "zoom", "connection": None},
    {"kind": "phone", "who_calls": "host", "number": ""},
    {"kind": "in_person", "address": "12 St James's Square"},
]


@pytest.fixture
def unlimited(settings: Any) -> None:
    settings.KOALENDAR_RATE_SLOTS = settings.KOALENDAR_RATE_BOOKINGS = settings.KOALENDAR_RATE_MAIL = None


def fill_in(page: Page) -> None:
    page.get_by_label("Name").fill("Ina Berg")
    page.get_by_label("E-mail").fill("ina@example.com")


# ── Walks by keyboard ──


def test_a_time_is_booked_with_keys_alone(visit: Visit) -> None:
    make_event_type()
    page = visit("/ada/intro-call/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    settled_on(page, "day-heading")
    page.reload()
    tab_to(page, "d-2026-11-30", most=12)
    page.keyboard.press("ArrowRight")
    settled_on(page, "d-2026-12-01")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "d-2026-12-08"
    page.keyboard.press("Home")
    assert focused(page) == "d-2026-12-07"
    page.keyboard.press("PageDown")
    settled_on(page, "d-2027-01-07")
    page.keyboard.press("Enter")
    settled_on(page, "day-heading")
    expect(page.locator("#day-heading")).to_have_text("Thursday 7 January")
    expect(page.locator("#say")).to_have_text("16 times on Thursday 7 January.")
    tab_to(page, "d-2027-01-07", key="Shift+Tab", most=6)
    tab_to(page, "clock-2")
    page.keyboard.press("Tab")
    assert focused(page).startswith("09:00 to 09:30, Thursday 7 January")
    page.keyboard.press("Enter")
    page.wait_for_url("**slot=**")
    go(page, "Book Thursday 7 January, 09:00")
    settled_on(page, "error-summary")
    assert page.title().startswith("Error:")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    settled_on(page, "id_name")
    page.keyboard.type("Ina Berg")
    page.keyboard.press("Tab")
    page.keyboard.type("ina@example.com")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    assert Booking.objects.get().invitee_name == "Ina Berg"


def test_the_zone_is_changed_with_keys_and_the_focus_comes_back(visit: Visit) -> None:
    make_event_type()
    page = visit("/ada/intro-call/")
    press(page, "zone-change")
    settled_on(page, "zone-search")
    page.keyboard.type("kath")
    expect(page.locator("#say")).to_have_text("1 zone found")
    page.keyboard.press("Tab")
    assert focused(page) == "zone-1"
    page.keyboard.press("Enter")
    settled_on(page, "zone-change")
    expect(page.locator("#say")).to_have_text("Times are now in Kathmandu time.")
    expect(page.locator(".time").first).to_contain_text("14:45")
    page.goto(page.url.split("?")[0])
    expect(page.locator("#zone")).to_contain_text("Kathmandu time")


def test_escape_leaves_the_zone_as_it_was(visit: Visit) -> None:
    make_event_type()
    page = visit("/ada/intro-call/")
    page.locator("#zone-change").click()
    settled_on(page, "zone-search")
    page.keyboard.press("Escape")
    settled_on(page, "zone-change")
    expect(page.locator("#zone")).to_contain_text("UTC")


def test_escape_closes_the_list_of_languages(visit: Visit) -> None:
    make_event_type()
    page = visit("/ada/intro-call/")
    tab_to(page, "Language: English", key="Shift+Tab")
    page.keyboard.press("Enter")
    tab_to(page, "Deutsch")
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Deutsch")).to_be_hidden()
    assert focused(page) == "Language: English"


def test_a_taken_time_is_mended_by_one_press(visit: Visit) -> None:
    event_type = make_event_type()
    page = visit("/ada/intro-call/?slot=2026-12-01T09:00%2B00:00")
    tab_to(page, "id_name")
    page.keyboard.type("Ina Berg")
    page.keyboard.press("Tab")
    page.keyboard.type("ina@example.com")
    make_booking(event_type)
    page.keyboard.press("Enter")
    settled_on(page, "error-summary")
    expect(page.locator("#error-summary h2")).to_have_text("09:00 has just been taken")
    assert page.get_by_label("Name").input_value() == "Ina Berg"
    page.keyboard.press("Tab")
    assert focused(page) == "Book 09:30 instead"
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    assert Booking.objects.filter(appointment__start=TUESDAY_NINE + timedelta(minutes=30)).exists()


def test_enter_in_a_field_never_books_another_time(visit: Visit) -> None:
    event_type = make_event_type()
    page = visit("/ada/intro-call/?slot=2026-12-01T09:00%2B00:00")
    fill_in(page)
    make_booking(event_type)
    page.get_by_label("E-mail").press("Enter")
    settled_on(page, "error-summary")
    page.get_by_label("E-mail").press("Enter")
    expect(page.locator("#error-summary")).to_be_visible()
    assert Booking.objects.count() == 1


def test_a_booking_is_rescheduled_and_cancelled_from_the_mails_link(visit: Visit) -> None:
    booking = make_booking()
    page = visit(f"/b/{token_for(booking)}/")
    go(page, "Reschedule")
    expect(page.locator(".info")).to_contain_text("Now: Tuesday 1 December, 10:00")
    tab_to(page, "d-2026-11-30")
    page.keyboard.press("ArrowRight")
    settled_on(page, "d-2026-12-01")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    settled_on(page, "day-heading")
    go(page, "10:00 to 10:30, Wednesday 2 December")
    go(page, "Reschedule to Wednesday 2 December, 10:00")
    expect(page.locator("dl")).to_contain_text("Wednesday 2 December, 10:00")
    go(page, "Cancel")
    tab_to(page, "id_reason")
    page.keyboard.type("A cold")
    go(page, "Cancel booking")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancelled")
    booking.refresh_from_db()
    assert (booking.status, booking.sequence, booking.reason) == ("cancelled", 2, "A cold")


# ── Without script ──


def test_the_whole_way_works_without_script(visit: Visit) -> None:
    make_event_type(durations=[30, 60])
    page = visit("/ada/", java_script_enabled=False, timezone_id="Europe/Paris")
    page.get_by_role("link", name="Intro call").click()
    page.get_by_role("link", name="Change time zone").click()
    page.get_by_label("Time zone").select_option("Asia/Kathmandu")
    page.get_by_role("button", name="Show times").click()
    expect(page.locator("#zone")).to_contain_text("Kathmandu time")
    page.locator("#following").click()
    page.get_by_role("link", name="60 min").click()
    page.locator("#d-2026-12-03").click()
    page.get_by_role("link", name="14:45 to 15:45, Thursday 3 December").click()
    page.get_by_role("button", name="Book Thursday 3 December, 14:45").click()
    expect(page.locator("#error-summary")).to_contain_text("Enter your name")
    fill_in(page)
    page.get_by_role("button", name="Book Thursday 3 December, 14:45").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You are booked")
    page.get_by_role("link", name="Reschedule").click()
    page.locator("#following").click()
    page.locator("#d-2026-12-04").click()
    page.locator(".time").first.click()
    page.get_by_role("button", name="Reschedule to Friday 4 December, 14:45").click()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_role("button", name="Cancel booking").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancelled")
    assert Booking.objects.get().invitee_zone == "Asia/Kathmandu"


# ── The reader's zone ──


def test_the_browsers_zone_is_used_from_the_first_visit_on(visit: Visit) -> None:
    make_event_type()
    page = visit("/ada/intro-call/", timezone_id="Asia/Calcutta")
    expect(page.locator("#zone")).to_contain_text("Kolkata time")
    expect(page.locator(".time").first).to_contain_text("14:30")
    expect(page.locator("html")).not_to_have_class("zone-wait")
    again = page.goto(page.url)
    assert again is not None
    assert "Kolkata time" in again.text()


def test_where_cookies_are_blocked_the_zone_is_used_all_the_same(visit: Visit, live_server: Any) -> None:
    make_event_type()
    page = visit(timezone_id="Europe/Paris")
    page.add_init_script("Object.defineProperty(document, 'cookie', {set() {}, get() { return ''; }})")
    page.goto(f"{live_server.url}/ada/intro-call/")
    expect(page.locator("#zone")).to_contain_text("Paris time")
    assert "tz=Europe%2FParis" in str(page.locator("a.time").first.get_attribute("href"))


def test_what_was_typed_outlasts_a_late_change_of_zone(visit: Visit, live_server: Any) -> None:
    make_event_type()
    page = visit(timezone_id="Europe/Paris")
    waiting: list[Any] = []
    page.route("**/*tz=*", lambda route: waiting.append(route))
    page.goto(f"{live_server.url}/ada/intro-call/?slot=2026-12-02T09:00%2B00:00")
    fill_in(page)  # The form shows after three seconds, whatever is still awaited.
    waiting[0].continue_()
    expect(page.locator("html")).not_to_have_class("zone-wait")
    assert page.get_by_label("Name").input_value() == "Ina Berg"


# ── The link ──


def test_the_link_appears_on_the_page_by_itself(visit: Visit) -> None:
    booking = make_booking()
    page = visit(f"/b/{token_for(booking)}/")
    expect(page.locator("#link")).to_contain_text("Your Zoom link is being made")
    give_link(booking)
    expect(page.get_by_role("link", name="Join Zoom meeting")).to_have_attribute(
        "href", "https://zoom.example/j/85412345678"
    )
    expect(page.locator("#say")).to_have_text("Your Zoom link is ready")
    expect(page.locator("#link")).to_contain_text("854 1234 5678")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#say")).to_have_text("Copied")


def give_link(booking: Booking) -> None:
    Meeting.objects.filter(appointment=booking.appointment).update(
        state=Meeting.State.PRESENT,
        remote_id="85412345678",
        join_url="https://zoom.example/j/85412345678",
        passcode="x3Kd9a",
        dial_in=[{"country": "FR", "number": "+33 1 70 37 22 46"}],
    )
    Entry.objects.update(due_at=None)


# ── Every state, for everybody ──


@pytest.mark.looks
@IN_EVERY_LOOK
def test_picking_and_the_form_are_accessible(
    visit: Visit, is_accessible: Check, width: int, scheme: str
) -> None:
    host = make_host(zone="Europe/London")
    make_event_type(host, description="A first talk.")
    make_event_type(
        host,
        title="All",
        slug="all",
        questions=EVERY_KIND,
        locations=PLACES,
        durations=[30, 60],
        slot_step=15,
    )
    make_event_type(host, title="Nothing", slug="nothing", minimum_notice=43_200, booking_window_days=29)
    look = {"width": width, "color_scheme": scheme}
    for path in (
        "/ada/",
        "/ada/intro-call/",
        "/ada/all/?month=2027-01&clock=12",
        "/ada/all/?zones=1",
        "/ada/nothing/",
        "/ada/intro-call/?date=2026-12-05",
    ):
        is_accessible(visit(path, **look))
    page = visit("/ada/all/", **look)
    page.locator("#zone-change").click()
    page.locator("#zone-search").fill("par")
    expect(page.locator("#zone-results a").first).to_be_visible()
    is_accessible(page)
    page = visit("/ada/all/?slot=2026-12-02T09:00%2B00:00", **look)
    is_accessible(page)
    page.locator("form button.primary").click()
    is_accessible(page)
    page = visit("/ada/intro-call/?slot=2026-12-01T09:00%2B00:00", **look)
    fill_in(page)
    make_booking(host.profile.event_types.get(slug="intro-call"))
    page.locator("form button.primary").click()
    expect(page.locator("#error-summary")).to_contain_text("has just been taken")
    is_accessible(page)


@pytest.mark.looks
@IN_EVERY_LOOK
def test_the_bookings_own_pages_are_accessible(
    visit: Visit, is_accessible: Check, width: int, scheme: str
) -> None:
    booking = make_booking(make_event_type(make_host(zone="Asia/Dubai"), description="A first talk."))
    own, look = f"/b/{token_for(booking)}/", {"width": width, "color_scheme": scheme}
    for path in (
        own,
        f"{own}reschedule/",
        f"{own}reschedule/?slot=2026-12-02T09:30%2B00:00",
        f"{own}cancel/",
        "/b/x/",
    ):
        is_accessible(visit(path, **look))
    give_link(booking)
    is_accessible(visit(own, **look))
    cancel(booking, by=Booking.By.INVITEE, now=NOW)
    is_accessible(visit(own, **look))


@pytest.mark.looks
def test_text_of_twice_the_size_and_wide_spacing_cut_nothing(visit: Visit) -> None:
    make_event_type(description="A first talk.", durations=[30, 60])
    page = visit("/ada/intro-call/", width=320, height=480)
    page.evaluate(
        """document.documentElement.style.fontSize = '150%';
        for (const e of document.querySelectorAll('p, li, a, h1, h2, label')) {
          e.style.lineHeight = '1.5'; e.style.letterSpacing = '.12em'; e.style.wordSpacing = '.16em'; }"""
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# ── What it costs ──


@pytest.mark.looks
@pytest.mark.parametrize("locale", ["en-GB", "ar", "ja"])
def test_a_first_visit_is_small_and_nothing_moves(visit: Visit, live_server: Any, locale: str) -> None:
    make_event_type(durations=[30, 60])
    page = visit(timezone_id="UTC", locale=locale)
    answers: list[Response] = []
    page.context.on("response", lambda answer: answers.append(answer))
    page.add_init_script(
        """window.moved = 0;
        new PerformanceObserver(list => { for (const e of list.getEntries()) window.moved += e.value; })
          .observe({type: 'layout-shift', buffered: true});
        const register = ServiceWorkerContainer.prototype.register;
        ServiceWorkerContainer.prototype.register = function (...all) {
          window.registered = document.readyState;
          return register.apply(this, all);
        };"""
    )
    page.goto(f"{live_server.url}/ada/intro-call/?month=2026-12", wait_until="networkidle")
    # What is kept for the day without a connection is fetched when the page is there already.
    assert page.evaluate("window.registered") == "complete"
    asked_for = [answer for answer in answers if "favicon" not in answer.url and _is_of(answer, page)]
    sizes = {answer.url: len(gzip.compress(answer.body())) for answer in asked_for}
    assert len(sizes) <= 5, list(sizes)
    assert sum(sizes.values()) <= 44_000, sizes
    page.locator("#d-2026-12-04").click()
    settled_on(page, "day-heading")
    page.locator("#following").click()
    expect(page.locator("#d-2027-01-04")).to_be_visible()
    page.locator("#clock-1").click()
    expect(page.locator("#clock-1")).to_have_attribute("aria-current", "true")
    page.locator("#zone-change").click()
    page.locator("#zone-search").fill("Asia/Tokyo")
    page.locator("#zone-1").click()
    settled_on(page, "zone-change")
    assert page.evaluate("window.moved") == 0


def _is_of(answer: Response, page: Page) -> bool:
    """Whether the page asked for it, and not its service worker."""
    return answer.request.service_worker is None and answer.frame == page.main_frame

"""Hours, dates and times away in a real browser: set by the host, seen by whoever books."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from koalendar import clock
from koalendar.booking.models import Profile, Schedule
from tests.flows.looks import IN_EVERY_LOOK
from tests.flows.test_dashboard import sign_in
from tests.people import ada, make_event_type

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
Check = Callable[[Page], None]


def in_days(many: int) -> date:
    return clock.now().date() + timedelta(days=many)


@pytest.mark.parametrize("script", [True, False])
def test_dates_are_closed_on_the_month_and_taken_back_from_the_list(
    visit: Visit, live_server: Any, script: bool
) -> None:
    page = sign_in(visit(java_script_enabled=script), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/availability/")
    page.get_by_role("link", name="Dates Working hours").click()
    here = page.locator("#month-heading").inner_text()
    page.locator(".month label.day").last.click()
    page.get_by_role("button", name="Next month").click()
    expect(page.locator("#month-heading")).not_to_have_text(here)
    expect(page.get_by_text("1 date of another month is chosen too")).to_be_visible()
    if script:
        expect(page.get_by_role("button", name="Next month")).to_be_focused()
        page.locator(".month input").first.focus()
        page.keyboard.press("ArrowDown")
        expect(page.locator(".month input").nth(7)).to_be_focused()
    page.locator(".month label.day").nth(2).click()
    page.get_by_label("Not available").check()
    page.locator("form#dates .btn.primary").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_role("checkbox", name=re.compile("differs: not available"))).to_have_count(1)
    assert len(Schedule.objects.get().overrides) == 2
    remove = page.locator(".differing button")
    remove.first.click()
    expect(remove).to_have_count(1)
    remove.first.click()
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_a_schedules_zone_is_found_while_one_types(visit: Visit, live_server: Any) -> None:
    page = sign_in(visit(), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/availability/")
    page.get_by_role("link", name="Edit Working hours").click()
    page.locator("#tue-start-0").fill("10:00")
    page.locator("#zone-change").click()
    page.locator("#zone-search").press_sequentially("kath")
    page.get_by_role("button", name="Kathmandu, Nepal").click()

    expect(page.get_by_text("Hours are in Kathmandu time")).to_be_visible()
    expect(page.locator("#zone-change")).to_be_focused()
    expect(page.locator("#tue-start-0")).to_have_value("10:00")
    page.locator(".save-bar button").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    schedule = Schedule.objects.get()
    assert (schedule.zone, schedule.weekly["tue"]) == ("Asia/Kathmandu", [["10:00", "17:00"]])


def test_hours_that_overlap_are_said_and_joined_by_one_press(
    visit: Visit, live_server: Any, is_accessible: Check
) -> None:
    page = sign_in(visit(width=390), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/availability/")
    page.get_by_role("link", name="Edit Working hours").click()
    page.locator("#mon-add").click()
    page.locator("#mon-start-1").fill("16:00")
    page.locator("#mon-end-1").fill("18:00")
    page.locator(".save-bar button").click()
    expect(page.locator("#error-summary")).to_be_focused()
    is_accessible(page)
    page.get_by_role("button", name="Join to 09:00–18:00").click()
    expect(page.locator("#mon-end-0")).to_have_value("18:00")
    page.locator(".save-bar button").click()

    expect(page.get_by_text("Saved.")).to_be_visible()
    assert Schedule.objects.get().weekly["mon"] == [["09:00", "18:00"]]


@IN_EVERY_LOOK
def test_whoever_is_away_cannot_be_booked_and_his_pages_say_until_when(
    visit: Visit, live_server: Any, is_accessible: Check, width: int, scheme: str
) -> None:
    make_event_type()
    page = sign_in(visit(width=width, color_scheme=scheme), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/availability/")
    page.get_by_role("button", name="Be away").click()
    expect(page.locator("#error-summary")).to_be_focused()
    page.get_by_label("First day away").fill(in_days(0).isoformat())
    page.get_by_label("Last day away").fill(in_days(20).isoformat())
    page.get_by_label("Message").fill("I am in the mountains.")
    page.get_by_role("button", name="Be away").click()
    expect(page.get_by_text("Your pages say:")).to_be_visible()
    is_accessible(page)

    invitee = visit("/ada/intro-call/", width=width, color_scheme=scheme)
    expect(invitee.locator("#away")).to_contain_text("Ada Lovelace is away until")
    expect(invitee.locator("#away")).to_contain_text("I am in the mountains.")
    first = invitee.locator("#first-free").get_attribute("href") or ""
    assert f"date={in_days(21).isoformat()}" <= first[first.index("date=") :]
    is_accessible(invitee)

    page.get_by_role("link", name=re.compile("^Remove")).click()
    is_accessible(page)
    page.get_by_role("button", name="Take it back").click()
    assert Profile.objects.get().away == []


def test_looking_around_asks_nothing_on_leaving_and_choosing_does(visit: Visit, live_server: Any) -> None:
    page = sign_in(visit(), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/availability/")
    page.get_by_role("link", name="Dates Working hours").click()
    page.get_by_role("button", name="Next month").click()
    expect(page.get_by_role("button", name="Previous month")).to_be_enabled()
    expect(page.get_by_text("Unsaved changes")).to_be_hidden()

    page.locator(".month label.day").first.click()
    page.get_by_role("button", name="Next month").click()
    expect(page.get_by_text("1 date of another month is chosen too")).to_be_visible()
    expect(page.get_by_text("Unsaved changes")).to_be_visible()


@pytest.mark.looks
@IN_EVERY_LOOK
def test_every_state_of_hours_and_dates_is_accessible(
    visit: Visit, live_server: Any, is_accessible: Check, width: int, scheme: str
) -> None:
    schedule = ada().schedules.get()
    schedule.overrides = {in_days(n).isoformat(): [["10:00", "12:00"]] for n in range(3)}
    schedule.save()
    page = sign_in(visit(width=width, color_scheme=scheme), ada(), site=live_server.url)
    page.goto(f"{live_server.url}/dashboard/availability/{schedule.public_id}/")
    page.locator("#zone-change").click()
    page.locator("#zone-search").press_sequentially("new")
    expect(page.get_by_role("button", name="New York")).to_be_visible()
    page.locator("#day-mon summary").click()
    is_accessible(page)
    page.locator("#name").fill("")
    page.locator("#mon-start-0").fill("18:00")
    page.locator(".save-bar button").click()
    expect(page.locator("#error-summary")).to_be_focused()
    is_accessible(page)

    page.goto(f"{live_server.url}/dashboard/availability/{schedule.public_id}/dates")
    is_accessible(page)
    page.get_by_label("These hours:").check()
    page.locator("#hours-end-0").fill("08:00")
    page.locator("form#dates .btn.primary").click()
    expect(page.locator("#error-summary")).to_be_focused()
    is_accessible(page)

"""An invitee whose browser speaks German, Arabic or Japanese: from the picker to the mail."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from koalendar.booking.links import token_for
from koalendar.booking.models import Booking
from koalendar.delivery.tests.letterbox import arrived, give_link, owed, text_of
from tests.people import make_booking, make_event_type

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("present", "unlimited"),
]

Visit = Callable[..., Page]
Check = Callable[[Page], None]
PAGE = "/ada/intro-call/"


@pytest.fixture
def unlimited(settings: Any) -> None:
    settings.KOALENDAR_RATE_SLOTS = settings.KOALENDAR_RATE_BOOKINGS = settings.KOALENDAR_RATE_MAIL = None


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id"))


def is_whole(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_time_is_booked_in_german_and_the_mail_is_german(visit: Visit) -> None:
    make_event_type()
    page = visit(f"{PAGE}?date=2026-12-03", locale="de-DE")
    expect(page.locator("#day-heading")).to_have_text("Donnerstag, 3. Dezember")
    page.get_by_role("link", name="09:00 bis 09:30, Donnerstag, 3. Dezember").click()
    page.get_by_role("button", name="Donnerstag, 3. Dezember, 09:00 buchen").click()
    expect(page.locator("#error-summary")).to_contain_text("Geben Sie Ihren Namen ein")
    page.get_by_label("Name").fill("Ina Berg")
    page.get_by_label("E-Mail").fill("ina@example.com")
    page.get_by_role("button", name="Donnerstag, 3. Dezember, 09:00 buchen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ihr Termin ist gebucht")
    booking = Booking.objects.get()
    give_link(booking)
    came = arrived(owed(booking, "booked", "invitee"))
    assert came["Subject"] == "Intro call mit Ada Lovelace, Do., 3. Dez. 09:00"
    assert "Donnerstag, 3. Dezember, 09:00–09:30 Uhr, UTC" in text_of(came)


def test_a_time_is_booked_in_arabic_on_a_small_phone(visit: Visit, is_accessible: Check) -> None:
    make_event_type(description="Bring your drawings.")
    page = visit(f"{PAGE}?date=2026-12-01", locale="ar", width=320, height=640)
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    following, previous = page.locator("#following").bounding_box(), page.locator("#previous").bounding_box()
    assert following is not None
    assert previous is not None
    assert following["x"] < previous["x"]
    assert is_whole(page)
    is_accessible(page)
    page.locator("#d-2026-12-01").focus()
    page.keyboard.press("ArrowLeft")
    assert focused(page) == "d-2026-12-02"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "d-2026-12-08"
    page.keyboard.press("Enter")
    expect(page.locator("#day-heading")).to_have_text("الثلاثاء، 8 ديسمبر")
    page.locator(".time").first.click()
    page.locator("button.primary").click()
    expect(page.locator("#error-summary")).to_contain_text("أدخل اسمك")
    assert is_whole(page)
    is_accessible(page)
    page.get_by_label("الاسم").fill("إينا بيرغ")
    page.get_by_label("البريد الإلكتروني").fill("ina@example.com")
    assert (
        page.get_by_label("البريد الإلكتروني").evaluate("field => getComputedStyle(field).direction") == "ltr"
    )
    page.locator("button.primary").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("تم الحجز")
    assert is_whole(page)
    is_accessible(page)
    assert Booking.objects.get().invitee_locale == "ar"


def test_another_language_is_chosen_in_the_foot_and_the_day_is_kept(visit: Visit) -> None:
    make_event_type()
    page = visit(f"{PAGE}?month=2026-12")
    page.locator("#d-2026-12-04").click()
    expect(page.locator("#day-heading")).to_have_text("Friday 4 December")
    page.get_by_text("Language: English").click()
    page.get_by_role("link", name="Français").click()
    expect(page.locator("#day-heading")).to_have_text("vendredi 4 décembre")
    assert "language=" not in page.url
    page.goto(page.url.split("?")[0])
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_a_zone_is_found_by_its_name_in_the_readers_language(visit: Visit) -> None:
    make_event_type()
    page = visit(PAGE, locale="fr")
    page.locator("#zone-change").click()
    page.locator("#zone-search").fill("Londr")
    page.locator("#zone-1").click()
    expect(page.locator("#say")).to_have_text(
        "Les heures affichées sont maintenant : heure locale à Londres."
    )


def test_a_language_is_chosen_without_script(visit: Visit) -> None:
    make_event_type()
    page = visit(f"{PAGE}?date=2026-12-04", java_script_enabled=False, locale="fi")
    page.get_by_text("Language: English").click()
    page.get_by_role("link", name="Nederlands").click()
    expect(page.locator("#day-heading")).to_have_text("vrijdag 4 december")


@pytest.mark.looks
@pytest.mark.parametrize("locale", ["de", "es", "fr", "it", "ja", "nl", "pl", "pt-BR"])
def test_every_language_fits_a_small_phone(visit: Visit, is_accessible: Check, locale: str) -> None:
    booking = make_booking(make_event_type(durations=[30, 60], change_cutoff=120))
    give_link(booking)
    own = f"/b/{token_for(booking)}/"
    page = visit(f"{PAGE}?date=2026-12-03", locale=locale, width=320, height=640)
    host = page.url.split("/ada/")[0]
    for path in ("", f"{PAGE}?slot=2026-12-03T09:00%2B00:00", own, f"{own}cancel/", "/nobody/"):
        if path:
            page.goto(host + path)
        assert is_whole(page), path
    page.goto(host + own)
    page.locator(".languages summary").click()
    is_accessible(page)

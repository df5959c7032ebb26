"""Pictures of the pages in their states, at two widths and in two themes: `make shots` writes them to shots/.

`shots/index.html` shows them side by side, to be looked at by people.
"""

import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.house import HOST_EMAIL, HOST_PASSWORD, ROOT, House, eventually, running_house

FOLDER = ROOT / "shots"
WIDTHS = {390: 844, 1280: 900}
THEMES = ("light", "dark")


@dataclass(frozen=True)
class Shot:
    """One state of a page: who looks, and what is done until it shows."""

    name: str
    go: Callable[[Page, House], object]
    signed_in: bool = False


_ADVICE = f"""
from koalendar.accounts.models import Host
from koalendar.booking.setting_up import add_event_type
host = Host.objects.get(email="{HOST_EMAIL}")
add_event_type(host, title="Advice", slug="advice", minimum_notice=0, requires_confirmation=True)
"""


_SETTING_UP = f"""
from koalendar.booking.models import Profile
Profile.objects.filter(host__email="{HOST_EMAIL}").update(setup_left=["you", "hours"])
"""

_UNREADABLE = """
from datetime import timedelta
from koalendar import clock
from koalendar.connections.models import Calendar
old = clock.now() - timedelta(hours=2)
Calendar.objects.filter(blocks=True).update(read_at=old, problem="server_error", problem_since=old)
"""

_BOOKING_OF = """
from koalendar.booking.models import Booking
print(Booking.objects.get(appointment__meetings__remote_id="%s").uid)
"""


def day(ahead: int) -> str:
    return (datetime.now(UTC) + timedelta(days=ahead)).date().isoformat()


def open_form(page: Page, house: House) -> None:
    page.goto(f"{house.site}/ada/intro-call/?date={day(9)}")
    page.locator(".times a").first.click()
    page.get_by_label("Name").wait_for()


def press_empty(page: Page, house: House) -> None:
    open_form(page, house)
    page.get_by_role("button", name=re.compile("^Book ")).click()
    page.get_by_role("heading", name="There is a problem").wait_for()


def book(page: Page, house: House, name: str = "Ina Berg") -> None:
    open_form(page, house)
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill("ina@example.com")
    page.get_by_role("button", name=re.compile("^Book ")).click()
    page.wait_for_url("**/b/**")


def booked(page: Page, house: House) -> None:
    book(page, house)
    page.get_by_role("link", name="Join Zoom meeting").wait_for()


def follows(page: Page, house: House) -> None:
    house.order("faults", preset="unavailable", times=100)
    book(page, house, "Max Holm")
    page.get_by_text("Your booking stands").wait_for(timeout=20_000)
    house.withdraw("faults")


def to_link(name: str) -> Callable[[Page, House], None]:
    def go(page: Page, house: House) -> None:
        booked(page, house)
        page.get_by_role("link", name=name).click()
        page.wait_for_load_state()

    return go


def cancelled(page: Page, house: House) -> None:
    to_link("Cancel")(page, house)
    page.get_by_role("button", name="Cancel booking").click()
    page.get_by_text("Book again").wait_for()


def ask_form(page: Page, house: House) -> None:
    page.goto(f"{house.site}/ada/advice/?date={day(9)}")
    page.locator(".times a").first.click()
    page.get_by_label("Name").wait_for()


def requested(page: Page, house: House) -> None:
    ask_form(page, house)
    page.get_by_label("Name").fill("Ina Berg")
    page.get_by_label("E-mail").fill("ina@example.com")
    page.get_by_role("button", name=re.compile("^Ask for ")).click()
    page.get_by_text("Your request is sent").wait_for()


def asked_by_mail(page: Page, house: House) -> str:
    """The page at which the host answers the newest request."""
    many = len(asking(house))
    requested(page, house)
    mail = eventually(lambda: len(mails := asking(house)) > many and mails[-1])
    [address] = set(re.findall(r"http\S+/answer/(?=\s)", mail["text"]))
    return str(address)


def asking(house: House) -> list[dict[str, Any]]:
    return [mail for mail in house.state()["mails"] if mail["subject"].startswith("Please answer")]


def answering(page: Page, house: House) -> None:
    page.goto(asked_by_mail(page, house))


def declined(page: Page, house: House) -> None:
    address = asked_by_mail(page, house)
    own_page = page.url
    page.goto(address)
    page.get_by_label("Reason").fill("I am on a train that day.")
    page.get_by_role("button", name="Decline").click()
    page.get_by_role("heading", name="Declined").wait_for()
    page.goto(own_page)


def answered(page: Page, house: House) -> None:
    page.goto(asked_by_mail(page, house))
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("heading", name="Confirmed").wait_for()


def asking_mail(page: Page, house: House) -> None:
    asked_by_mail(page, house)
    page.goto(f"{house.sandbox}/mail/{asking(house)[-1]['n']}/html")


def request_page(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/?tab=pending")
    page.get_by_role("link", name="Ina Berg", exact=True).first.click()
    page.get_by_text("waits for your answer").wait_for()


def decline_page(page: Page, house: House) -> None:
    request_page(page, house)
    page.get_by_role("link", name="Decline").first.click()
    page.get_by_text("Decline this request?").wait_for()


def approval_editor(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/event-types/")
    page.get_by_role("link", name="Advice").first.click()
    for name in ("Approval", "More"):
        page.locator("summary", has_text=name).click()


def at(path: str) -> Callable[[Page, House], None]:
    return lambda page, house: page.goto(f"{house.site}{path}") and None


def detail(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/")
    page.get_by_role("link", name="Ina Berg").first.click()
    page.get_by_role("heading", name="Outside copies").wait_for()


def book_for(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/bookings/new/")
    page.get_by_role("link", name="Intro call").click()
    page.locator(".times a").first.click()
    page.get_by_label("Their name").wait_for()


def by_hand(what: str, heading: str, **facts: str) -> Callable[[Page, House], None]:
    """The page of a new booking whose meeting was moved or deleted in Zoom."""

    def go(page: Page, house: House) -> None:
        booked(page, house)
        meeting = next(row["body"] for row in house.state()["meetings"][::-1] if not row["deleted"])
        uid = house.python(_BOOKING_OF % meeting["id"]).strip()
        house.order(f"meetings/{what}", id=meeting["id"], **facts)

        def is_shown() -> bool:
            page.goto(f"{house.site}/dashboard/bookings/{uid}/")
            page.get_by_role("heading", name="Outside copies").wait_for()
            return page.get_by_role("heading", name=heading).count() > 0

        eventually(is_shown)

    return go


def editor(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/event-types/")
    page.get_by_role("link", name="Intro call").first.click()
    page.wait_for_load_state()


def share(page: Page, house: House) -> None:
    editor(page, house)
    page.get_by_role("link", name="Share").click()
    page.get_by_label("Name").fill("Ina Berg")
    page.get_by_role("button", name="Make the link").click()
    page.get_by_text("name=Ina+Berg").wait_for()


def schedule(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/availability/")
    page.get_by_role("link", name="Edit ").first.click()
    page.get_by_role("heading", name="Every week").wait_for()


def overlapping(page: Page, house: House) -> None:
    schedule(page, house)
    page.locator("#mon-add").click()
    page.locator("#mon-start-1").fill("12:00")
    page.locator("#mon-end-1").fill("18:00")
    page.locator("#zone-change").click()
    page.locator(".save-bar button").click()
    page.get_by_role("heading", name="There is a problem").wait_for()


def dates(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/availability/")
    page.get_by_role("link", name="Dates ").first.click()
    page.locator("#following").click()
    for place in (23, 24):
        page.locator(".month label.day").nth(place).click()
    page.locator("#kind-off").check()
    page.locator("form#dates .btn.primary").click()
    page.get_by_role("link", name=re.compile(" December| January")).first.wait_for()
    page.locator(".month label.day").nth(8).click()


def setup_card(page: Page, house: House) -> None:
    house.python(_SETTING_UP)
    page.goto(f"{house.site}/dashboard/")
    page.get_by_role("heading", name="Finish setting up").wait_for()


def away(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/availability/")
    page.get_by_label("First day away").fill(day(0))
    page.get_by_label("Last day away").fill(day(20))
    page.get_by_label("Message").fill("I am in the mountains, without a telephone.")
    page.get_by_role("button", name="Be away").click()
    page.get_by_text("Your pages say").wait_for()


def back(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/")
    page.goto(f"{house.site}/dashboard/availability/away/{day(0)}/remove")
    page.get_by_role("button", name="Take it back").click()
    page.get_by_text("You can be booked again").wait_for()


def new_key(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/settings/keys/new")
    page.get_by_label("Name").fill("Shop of the city library")
    page.get_by_role("button", name="Make key").click()
    page.get_by_role("heading", name="Your new key").wait_for()


def revoke_key(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/settings/keys/")
    page.get_by_role("link", name="Revoke").first.click()
    page.get_by_role("button", name="Revoke key").wait_for()


def connect_account(page: Page, house: House) -> None:
    page.goto(f"{house.site}/integrations/zoom/install")
    page.get_by_role("link", name="Continue to Zoom").click()
    page.get_by_label("Another person").check()
    page.get_by_label("E-mail address of the other person").fill("cleo@example.com")
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("heading", name="Connect this Zoom account?").wait_for()


def connect_google(page: Page, house: House, *, ticked: bool = True) -> None:
    """What is shown before an account of Google's is connected, with the box for busy times or without."""
    page.goto(f"{house.site}/integrations/google/connect")
    if not ticked:
        page.locator("input[name=granted][value$=freebusy]").uncheck()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", name="Connect this Google Calendar account?").wait_for()


def google_without_a_box(page: Page, house: House) -> None:
    connect_google(page, house, ticked=False)


def calendars(page: Page, house: House) -> None:
    connect_google(page, house)
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_role("heading", name="Your calendars").wait_for()


def unreadable(page: Page, house: House) -> None:
    """Google answers for no calendar, and what is known of Ada's is too old: after `calendars`."""
    house.python(_UNREADABLE)
    page.goto(f"{house.site}/dashboard/integrations/")
    page.get_by_role("button", name="Ignore this calendar for now").wait_for()


def google_disconnect(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/integrations/")
    page.get_by_role("link", name="Disconnect").last.click()
    page.get_by_role("heading", name="Disconnect Google Calendar?").wait_for()


def google_is_off_again(page: Page, house: House) -> None:
    """The other pictures are taken without it."""
    google_disconnect(page, house)
    page.get_by_role("button", name="Disconnect Google Calendar").click()
    page.get_by_text("We erased our access").wait_for()


def disconnect(page: Page, house: House) -> None:
    page.goto(f"{house.site}/dashboard/integrations/")
    page.get_by_role("link", name="Disconnect").first.click()
    page.get_by_role("heading", name="Disconnect Zoom?").wait_for()


def last_mail(page: Page, house: House) -> None:
    mails = eventually(lambda: house.state()["mails"])
    page.goto(f"{house.sandbox}/mail/{mails[-1]['n']}/html")


def in_language(code: str, *, until: str) -> Callable[[Page, House], None]:
    """The way of an invitee who reads `code`, until "pick", "form" or "booked"."""

    def go(page: Page, house: House) -> None:
        page.goto(f"{house.site}/ada/intro-call/?date={day(9)}&language={code}")
        page.locator(".times a").first.wait_for()
        if until == "pick":
            return
        page.locator(".times a").first.click()
        page.locator("#id_name").fill("Ina Berg")
        if until == "form":
            return
        page.locator("#id_email").fill("ina@example.com")
        page.locator(".details button.primary").click()
        page.locator(".link-box[data-state=ready]").wait_for()

    return go


LANGUAGES_TO_LOOK_AT = [
    Shot(f"{until}-{code}", in_language(code, until=until))
    for code, until in product(("de", "ar", "ja"), ("pick", "form", "booked"))
]
SHOTS = [
    *LANGUAGES_TO_LOOK_AT,
    Shot("home", at("/")),
    Shot("install-signed-out", at("/integrations/zoom/install")),
    Shot("install-start-again", at("/integrations/zoom/callback?code=stray")),
    Shot("sign-up", at("/accounts/signup/")),
    Shot("sign-in", at("/accounts/login/")),
    Shot("host-page", at("/ada/")),
    Shot("pick", at("/ada/intro-call/")),
    Shot("zones", at("/ada/intro-call/?zones=1")),
    Shot("form", open_form),
    Shot("form-errors", press_empty),
    Shot("booked", booked),
    Shot("follows", follows),
    Shot("reschedule", to_link("Reschedule")),
    Shot("cancel", to_link("Cancel")),
    Shot("cancelled", cancelled),
    Shot("ask-form", ask_form),
    Shot("requested", requested),
    Shot("answering", answering),
    Shot("answered", answered),
    Shot("declined", declined),
    Shot("asking-mail", asking_mail),
    Shot("gone", at("/b/nothing/")),
    Shot("unknown", at("/nobody-here/")),
    Shot("help-zoom", at("/help/zoom/")),
    Shot("help-google", at("/help/google/")),
    Shot("help-support", at("/help/support/")),
    Shot("privacy", at("/privacy/")),
    Shot("terms", at("/terms/")),
    Shot("mail", last_mail),
    Shot("sandbox-marketplace", lambda page, house: page.goto(f"{house.sandbox}/zoom/marketplace") and None),
    Shot("sandbox-zoom", lambda page, house: page.goto(f"{house.sandbox}/zoom/") and None),
    Shot("sandbox-mailbox", lambda page, house: page.goto(f"{house.sandbox}/mail/") and None),
    Shot("bookings", at("/dashboard/"), signed_in=True),
    Shot("booking", detail, signed_in=True),
    Shot("requests", at("/dashboard/?tab=pending"), signed_in=True),
    Shot("search-in-vain", at("/dashboard/?q=nobody"), signed_in=True),
    Shot("week", at(f"/dashboard/week/?from={day(9)}"), signed_in=True),
    Shot("figures", at("/dashboard/figures/"), signed_in=True),
    Shot("book-for-choose", at("/dashboard/bookings/new/"), signed_in=True),
    Shot("book-for", book_for, signed_in=True),
    Shot("request", request_page, signed_in=True),
    Shot("decline", decline_page, signed_in=True),
    Shot("event-type-approval", approval_editor, signed_in=True),
    Shot(
        "booking-moved",
        by_hand("move", "In Zoom this meeting", start_time=f"{day(10)}T19:30:00Z"),
        signed_in=True,
    ),
    Shot("booking-deleted", by_hand("delete", "was deleted in Zoom"), signed_in=True),
    Shot("sandbox-installed", lambda page, house: page.goto(f"{house.sandbox}/zoom/installed") and None),
    Shot("event-types", at("/dashboard/event-types/"), signed_in=True),
    Shot("event-type", editor, signed_in=True),
    Shot("share", share, signed_in=True),
    Shot("availability", at("/dashboard/availability/"), signed_in=True),
    Shot("schedule", schedule, signed_in=True),
    Shot("schedule-errors", overlapping, signed_in=True),
    Shot("dates", dates, signed_in=True),
    Shot("integrations", at("/dashboard/integrations/"), signed_in=True),
    Shot("install", at("/integrations/zoom/install?another=1"), signed_in=True),
    Shot("connect-account", connect_account, signed_in=True),
    Shot("zoom-trouble", at("/dashboard/integrations/?trouble=1"), signed_in=True),
    Shot("zoom-disconnect", disconnect, signed_in=True),
    Shot("google-start", at("/integrations/google/start?another=1"), signed_in=True),
    Shot("google-without-a-box", google_without_a_box, signed_in=True),
    Shot("calendars", calendars, signed_in=True),
    Shot("calendars-unreadable", unreadable, signed_in=True),
    Shot("calendars-unreadable-pick", at("/ada/intro-call/")),
    Shot("google-disconnect", google_disconnect, signed_in=True),
    Shot("google-removed", google_is_off_again, signed_in=True),
    Shot("settings", at("/dashboard/settings/"), signed_in=True),
    Shot("key-form", at("/dashboard/settings/keys/new"), signed_in=True),
    Shot("key-made", new_key, signed_in=True),
    Shot("keys", at("/dashboard/settings/keys/"), signed_in=True),
    Shot("key-revoke", revoke_key, signed_in=True),
    Shot("support", at("/dashboard/support/"), signed_in=True),
    Shot("setup-you", at("/dashboard/start/you/"), signed_in=True),
    Shot("setup-hours", at("/dashboard/start/hours/?preset=office"), signed_in=True),
    Shot("setup-place", at("/dashboard/start/place/"), signed_in=True),
    Shot("setup-link", at("/dashboard/start/link/"), signed_in=True),
    Shot("setup-card", setup_card, signed_in=True),
    Shot("away", away, signed_in=True),
    Shot("away-pick", at("/ada/intro-call/")),
    Shot("away-host-page", at("/ada/")),
    Shot("back", back, signed_in=True),
    Shot("help-zoom-own", at("/help/zoom/"), signed_in=True),
    Shot("help-google-own", at("/help/google/"), signed_in=True),
    Shot("styleguide", at("/styleguide")),
]


def sign_in(page: Page, house: House) -> None:
    page.goto(f"{house.site}/accounts/login/")
    page.locator("input[name=login]").fill(HOST_EMAIL)
    page.locator("input[name=password]").fill(HOST_PASSWORD)
    page.locator("main form button").last.click()
    page.wait_for_url("**/dashboard/")


def shoot(browser: Browser, house: House, width: int, theme: str, wanted: set[str]) -> None:
    options = {"viewport": {"width": width, "height": WIDTHS[width]}, "color_scheme": theme}
    contexts = [
        browser.new_context(timezone_id="Europe/Paris", locale="en-GB", reduced_motion="reduce", **options)
        for _ in range(2)
    ]
    guest, host = (context.new_page() for context in contexts)
    for page in (guest, host):
        page.set_default_timeout(10_000)
    sign_in(host, house)
    for shot in SHOTS:
        if wanted and shot.name not in wanted:
            continue
        page = host if shot.signed_in else guest
        shot.go(page, house)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / f"{shot.name}-{width}-{theme}.png", full_page=True)
        page.context.clear_cookies(name="language")
    for context in contexts:
        context.close()


def contact_sheet() -> str:
    rows = (
        f"<h2>{path.stem}</h2><img src='{path.name}' alt='' width='640'>"
        for path in sorted(FOLDER.glob("*.png"))
    )
    return f"<!doctype html><title>Shots</title><h1>Shots</h1>{''.join(rows)}"


def main(words: list[str]) -> int:
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    settings = {"KOALENDAR_DEMO": "on", "KOALENDAR_LINK_WAIT": "2", "KOALENDAR_RETRY_CAP": "2"}
    with running_house(settings=settings) as house, sync_playwright() as playwright:
        house.python(_ADVICE)
        chromium = shutil.which("chromium") or "chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for width, theme in product(WIDTHS, THEMES):
            shoot(browser, house, width, theme, set(words))
        browser.close()
    (FOLDER / "index.html").write_text(contact_sheet())
    print(f"{len(list(FOLDER.glob('*.png')))} pictures in {FOLDER}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

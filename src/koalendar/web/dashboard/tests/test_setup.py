"""Setting up in four steps: each saves, can be left for later, and leads on to a page that can be booked."""

import re
from typing import Any

import pytest
from django.test import Client

from koalendar.accounts.models import AccountMail, Host
from koalendar.booking import first_steps, queries
from koalendar.booking.models import EventType, Profile
from koalendar.booking.models.profile import SETUP_STEPS
from koalendar.booking.revising import change_schedule
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import PASSWORD, TUESDAY_NINE, ada, make_booking, make_connection, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

START = "/dashboard/start/"


@pytest.fixture
def grace() -> Host:
    host = make_host("Grace Hopper", zone="Europe/Paris", locale="en-GB")
    Profile.objects.filter(host=host).update(setup_left=list(SETUP_STEPS))
    return Host.objects.get(pk=host.pk)


@pytest.fixture
def browser(client: Client, grace: Host) -> Client:
    return sign_in(client, grace)


def left() -> list[str]:
    found: list[str] = Profile.objects.get(slug="grace").setup_left
    return found


def you(**fields: str) -> dict[str, str]:
    return {"name": "Grace Hopper", "slug": "grace", "zone": "Europe/Paris"} | fields


# ── The way there ──


def test_signing_up_leads_to_the_first_step_in_whatever_browser(client: Client) -> None:
    fields = {"name": "Ina Berg", "email": "ina@example.com", "password1": PASSWORD, "zone": "Asia/Kolkata"}
    client.post("/accounts/signup/", fields)
    path = re.search(r"/accounts/confirm-email/\S+", AccountMail.objects.get().text)
    assert path is not None
    assert client.post(path.group()).headers["Location"] == START
    assert client.get(START).headers["Location"] == f"{START}you/"

    other = Client()
    answer = other.post("/accounts/login/", {"login": "ina@example.com", "password": PASSWORD})
    assert answer.headers["Location"] == START


def test_whoever_has_begun_or_wanted_something_else_is_not_led_there(client: Client, grace: Host) -> None:
    answer = client.post(
        "/accounts/login/?next=/integrations/zoom/install", {"login": grace.email, "password": PASSWORD}
    )
    assert START not in answer.headers["Location"]
    first_steps.put_off(grace, "you")
    again = Client().post("/accounts/login/", {"login": grace.email, "password": PASSWORD})
    assert START not in again.headers["Location"]


def test_hosts_who_are_there_already_are_not_asked(client: Client) -> None:
    browser = sign_in(client, ada())

    assert browser.get(START).headers["Location"] == "/dashboard/"
    assert "Finish setting up" not in browser.get("/dashboard/").content.decode()


def test_a_stranger_signs_in_first(client: Client) -> None:
    for step in SETUP_STEPS:
        assert client.get(f"{START}{step}/").headers["Location"].startswith("/accounts/login/")


# ── All of it ──


def test_four_steps_end_on_a_page_that_is_booked(browser: Client, grace: Host) -> None:
    assert browser.post(f"{START}you/", you(slug="hopper")).headers["Location"] == f"{START}hours/"
    hours = {"days": ["mon", "tue"], "start": "08:00", "end": "12:00"}
    assert browser.post(f"{START}hours/", hours).headers["Location"] == f"{START}place/"
    assert browser.post(f"{START}place/", {"places": "phone"}).headers["Location"] == f"{START}link/"
    page = browser.get(f"{START}link/").content.decode()
    assert "/hopper/intro-call/" in page
    assert "First free: Monday 30 November, 11:30" in page
    assert browser.post(f"{START}link/").headers["Location"] == "/dashboard/"

    assert Profile.objects.get(host=grace).setup_left == []
    assert grace.schedules.get().weekly["mon"] == [["08:00", "12:00"]]
    made = EventType.objects.get()
    assert made.locations == [{"kind": "phone", "who_calls": "host", "number": ""}]
    assert Client().get("/hopper/intro-call/").status_code == 200
    assert "Finish setting up" not in browser.get("/dashboard/").content.decode()


def test_all_left_for_later_is_a_page_that_can_be_booked_and_a_card_that_leads_back(browser: Client) -> None:
    assert "4 steps are left: You, Hours, Place, Your link." in browser.get("/dashboard/").content.decode()
    for step, after in (("you", "hours"), ("hours", "place"), ("place", "link")):
        answer = browser.post(f"{START}{step}/", {"later": "1"})
        assert answer.headers["Location"] == f"{START}{after}/"

    page = browser.get(f"{START}link/").content.decode()
    assert "Your page is ready" in page
    assert "Left for later:" in page
    browser.post(f"{START}link/")
    assert left() == ["you", "hours", "place"]
    assert "3 steps are left" in browser.get("/dashboard/").content.decode()
    made = EventType.objects.get()
    assert make_booking(
        made, start=TUESDAY_NINE, location=made.locations[0] | {"number": "+33 6 12 34 56 78"}
    )


def test_the_card_is_dismissed_for_good(browser: Client) -> None:
    browser.post(f"{START}dismiss")

    assert left() == []
    assert "Finish setting up" not in browser.get("/dashboard/").content.decode()


def test_what_is_done_elsewhere_is_not_asked_for_again(browser: Client, grace: Host) -> None:
    change_schedule(grace.schedules.get(), weekly={})
    assert first_steps.steps_left(grace) == ["you", "place", "link"]
    first_steps.meet_at(grace, {"kind": "zoom", "connection": None})
    assert "place" in first_steps.steps_left(grace), "its bookings would have no link"
    make_connection(grace)
    assert first_steps.steps_left(grace) == ["you", "link"]


def test_going_back_shows_what_was_saved(browser: Client) -> None:
    browser.post(f"{START}you/", you(name="G. M. Hopper"))
    browser.post(f"{START}hours/", {"days": ["sat"], "start": "10:00", "end": "00:00"})
    browser.post(f"{START}place/", {"places": "in_person", "address": "12 Rue du Bac"})

    assert 'value="G. M. Hopper"' in browser.get(f"{START}you/").content.decode()
    hours = browser.get(f"{START}hours/").content.decode()
    assert 'value="10:00"' in hours
    assert 'value="00:00"' in hours
    assert "12 Rue du Bac" in browser.get(f"{START}place/").content.decode()


# ── You ──


def test_a_taken_address_is_refused_with_a_free_one_that_one_press_takes(browser: Client) -> None:
    make_host("Ada Lovelace")

    answer = browser.post(f"{START}you/", you(slug="ada", name="Grace M. Hopper"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This address is taken." in page
    assert "Take ada-2" in page
    assert 'value="Grace M. Hopper"' in page

    browser.post(f"{START}you/", you(slug="ada", take="ada-2"))
    host = Profile.objects.get(slug="ada-2").host
    assert host is not None
    assert host.audit.get(act="address_changed").facts["after"] == "ada-2"


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("grace", "/grace/ is free."),
        ("hopper", "/hopper/ is free."),
        ("ada", "Take ada-2"),
        ("api", "Take api-host"),
        ("Ada Lovelace", "Take ada-lovelace"),
        ("a", "Take a-host"),
        ("\0", "Take grace-hopper"),
        ("", "Take grace-hopper"),
    ],
)
def test_an_address_is_checked_while_one_types(browser: Client, slug: str, words: str) -> None:
    make_host("Ada Lovelace")

    page = browser.get(f"{START}address", {"slug": slug}).content.decode()

    assert words in re.sub(r"\s+", " ", page)


def test_untouched_hours_move_to_the_new_zone_and_touched_ones_stay(browser: Client, grace: Host) -> None:
    browser.post(f"{START}you/", you(zone="Asia/Tokyo"))
    assert grace.schedules.get().zone == "Asia/Tokyo"
    change_schedule(grace.schedules.get(), weekly={})
    browser.post(f"{START}you/", you(zone="Europe/Paris"))
    assert grace.schedules.get().zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Enter your name"),
        ({"slug": ""}, "Enter an address"),
        ({"slug": "no spaces!"}, "Use 2 to 60 small letters"),
        ({"zone": "Mars/Olympus"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_about_you_is_said_at_its_field(
    browser: Client, fields: dict[str, str], words: str
) -> None:
    answer = browser.post(f"{START}you/", you(**fields))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert left() == list(SETUP_STEPS)


# ── Hours ──


def test_a_preset_fills_in_and_stores_nothing(browser: Client, grace: Host) -> None:
    page = browser.get(f"{START}hours/?preset=evenings").content.decode()

    assert 'value="17:00"' in page
    assert 'value="20:00"' in page
    assert grace.schedules.get().revision == 1
    assert browser.get(f"{START}hours/?preset=nonsense").status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"days": []}, "Choose at least one day"),
        ({"start": ""}, "Enter times like 09:00"),
        ({"end": "08:00"}, "The end is before the start"),
        ({"end": "late"}, "Enter times like 09:00"),
    ],
)
def test_wrong_hours_are_said_at_their_field_and_the_rest_is_kept(
    browser: Client, grace: Host, fields: dict[str, Any], words: str
) -> None:
    answer = browser.post(f"{START}hours/", {"days": ["sat"], "start": "09:00", "end": "17:00"} | fields)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    if "days" not in fields:
        assert re.search(r'value="sat"[^>]* checked', page)
    assert grace.schedules.get().revision == 1


def test_hours_of_ones_own_are_shown_and_kept(browser: Client, grace: Host) -> None:
    own = {"mon": [["09:00", "12:00"], ["13:00", "15:00"]], "fri": [["10:00", "11:00"]]}
    change_schedule(grace.schedules.get(), weekly=own)

    page = browser.get(f"{START}hours/").content.decode()
    assert "09:00–12:00, 13:00–15:00" in page
    assert browser.post(f"{START}hours/").headers["Location"] == f"{START}place/"
    assert grace.schedules.get().weekly["mon"] == own["mon"]


# ── Place ──


def test_zoom_that_is_not_connected_is_connected_first_and_leads_back(browser: Client, grace: Host) -> None:
    page = browser.get(f"{START}place/").content.decode()
    assert 'href="/integrations/zoom/connect?next=/dashboard/start/place/"' in page.replace("%2F", "/")

    answer = browser.post(f"{START}place/", {"places": "zoom"})

    assert answer.headers["Location"].replace("%2F", "/").endswith("install?next=/dashboard/start/place/")
    assert "place" in left()
    make_connection(grace)
    assert "Zoom is connected" in browser.get(f"{START}place/").content.decode()
    browser.post(f"{START}place/", {"places": "zoom"})
    assert "place" not in left()


def test_a_site_without_zoom_says_so_and_offers_the_other_places(browser: Client, settings: Any) -> None:
    settings.ZOOM_CLIENT_ID = settings.ZOOM_CLIENT_SECRET = ""

    page = browser.get(f"{START}place/").content.decode()

    assert "Zoom is not set up on this site yet." in page
    assert 'value="zoom"' not in page
    assert browser.post(f"{START}place/", {"places": "zoom"}).status_code == 422


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "Choose where it happens"),
        ({"places": "call_me"}, "Enter the number that the invitee calls"),
        ({"places": "in_person"}, "Enter the place"),
        ({"places": "link", "url": "ftp://x"}, "Enter a link like"),
        ({"places": "link", "url": "x" * 501}, "500 characters"),
    ],
)
def test_a_place_that_is_none_is_refused(browser: Client, fields: dict[str, str], words: str) -> None:
    answer = browser.post(f"{START}place/", fields)

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not EventType.objects.exists()


def test_choosing_again_changes_the_one_event_type(browser: Client, grace: Host) -> None:
    browser.post(f"{START}place/", {"places": "phone"})
    browser.post(f"{START}place/", {"places": "call_me", "number": "+33 1 23 45 67 89"})

    assert EventType.objects.get().locations[0]["number"] == "+33 1 23 45 67 89"
    assert queries.first_event_type(grace) == EventType.objects.get()


# ── Link ──


def test_whoever_comes_straight_to_the_last_step_makes_the_page_there(browser: Client) -> None:
    assert "Make my page" in browser.get(f"{START}link/").content.decode()
    assert browser.post(f"{START}link/").headers["Location"] == f"{START}link/"
    assert "Your page is ready" in browser.get(f"{START}link/").content.decode()

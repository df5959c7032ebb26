"""The booking page over HTTP: pick, fill in, book, and every way in which that is refused."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from koalendar.booking.models import Booking, EventType
from koalendar.booking.setting_up import change_address
from tests.people import ada, make_booking, make_event_type, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present", "fresh_counters")]

PAGE = "/ada/intro-call/"
NINE = "2026-12-01T09:00+00:00"


def answers(**changes: Any) -> dict[str, Any]:
    usual = {"slot": NINE, "tz": "UTC", "duration": "30", "key": "a-key-of-this-form"}
    return {**usual, "name": "Ina Berg", "email": "ina@example.com", **changes}


def text_of(answer: Any) -> str:
    """What a reader sees of the page, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def get(client: Client, path: str = PAGE, **headers: str) -> Any:
    return client.get(path, headers={"Accept-Language": "en-GB", **headers})


# ── Picking ──


def test_a_slot_is_picked_and_booked_and_leads_to_its_own_page(client: Client) -> None:
    make_event_type()
    assert "slot=2026-12-01T09%3A00%2B00%3A00" in get(client, f"{PAGE}?date=2026-12-01").content.decode()
    form = get(client, f"{PAGE}?slot=2026-12-01T09:00%2B00:00")
    assert "Book Tuesday 1 December, 09:00" in text_of(form)
    answer = client.post(PAGE, answers())
    assert answer.status_code == 303
    assert Booking.objects.get().invitee_email == "ina@example.com"
    assert "You are booked" in text_of(client.get(answer.headers["Location"]))


def test_where_the_host_locks_the_zone_times_are_in_his_and_the_readers_own_stands_beside(
    client: Client,
) -> None:
    host = ada()
    host.zone = "America/New_York"
    host.save()
    made = make_event_type(host, zone_locked=True)
    client.cookies["tz"] = "Europe/Paris"
    picker = get(client, f"{PAGE}?date=2026-12-01&tz=Asia/Tokyo")
    assert "All times are in New York time" in text_of(picker)
    assert "slot=2026-12-01T09%3A00-05%3A00" in picker.content.decode(), "on the New York clock"
    assert "zone-change" not in get(client, f"{PAGE}?zones=1").content.decode()
    form = text_of(get(client, f"{PAGE}?slot=2026-12-01T09:00%2B00:00"))
    assert "Tuesday 1 December, 04:00–04:30, New York time" in form
    assert "For you: Tuesday 1 December, 10:00–10:30, Paris time" in form
    answer = client.post(PAGE, answers(tz="Europe/Paris"))
    booking = Booking.objects.get()
    assert booking.invitee_zone == "Europe/Paris"
    own = text_of(client.get(answer.headers["Location"]))
    assert "04:00–04:30, New York time" in own
    assert "For you Tuesday 1 December, 10:00–10:30, Paris time" in own
    made.zone_locked = False
    made.save()
    assert "10:00–10:30, Paris time" in text_of(client.get(answer.headers["Location"]))


def test_a_stranger_in_a_locked_zone_is_asked_nothing_and_told_one_time(client: Client) -> None:
    make_event_type(zone_locked=True)
    form = get(client, f"{PAGE}?slot=2026-12-01T09:00%2B00:00")
    assert "For you" not in text_of(form)
    client.post(PAGE, answers(tz=form.context["reader"].home_zone))
    assert Booking.objects.get().invitee_zone == "UTC"


def test_the_first_free_day_is_open_when_nothing_is_asked_for(client: Client) -> None:
    make_event_type(minimum_notice=3 * 1440)
    shown = text_of(get(client))
    assert "December 2026" in shown
    assert "First free: Thursday 3 December" in shown
    assert "09:00 to 09:30, Thursday 3 December" in shown


def test_what_makes_no_sense_in_an_address_is_as_if_it_were_not_there(client: Client) -> None:
    make_event_type()
    nonsense = "?month=x&date=2026-13-99&duration=-1&clock=7&slot=soon&slot=0001-01-01T00:00%2B14:00"
    assert "Monday 30 November" in text_of(get(client, PAGE + nonsense))
    assert get(client, PAGE + "?date=9999-12-31&month=9999-12").status_code == 200
    unknown = get(client, PAGE + "?tz=Mars/Phobos")
    assert "The time zone in this address is unknown. Times are in UTC." in text_of(unknown)


def test_an_old_zone_name_is_understood_and_shown_by_its_modern_one(client: Client) -> None:
    make_event_type()
    assert "Kolkata time (now 13:30)" in text_of(get(client, PAGE + "?tz=Asia/Calcutta"))
    client.cookies["tz"] = "Europe/Kiev"
    assert "Kyiv time (now 10:00)" in text_of(get(client))


def test_a_time_of_the_day_is_read_in_the_zone_of_the_address(client: Client) -> None:
    make_event_type()
    shown = text_of(get(client, PAGE + "?date=2026-12-01&slot=10:00&tz=Europe/Paris"))
    assert "Book Tuesday 1 December, 10:00" in shown
    assert "For Ada Lovelace: Tuesday 1 December, 09:00–09:30, UTC" in shown


def test_an_american_reads_the_twelve_hour_clock_and_a_week_from_sunday(client: Client) -> None:
    make_event_type()
    page = client.get(PAGE, headers={"Accept-Language": "en-US,en;q=0.9"})
    assert "9:00 AM to 9:30 AM, Monday, November 30" in text_of(page)
    assert text_of(page).index("Sunday") < text_of(page).index("Saturday")


def test_a_clock_change_in_the_month_is_said(client: Client) -> None:
    make_event_type(booking_window_days=150)
    shown = text_of(get(client, PAGE + "?month=2027-03&tz=Europe/Paris"))
    assert "Paris time: clocks go forward on Sunday 28 March. The times already allow for it." in shown


def test_a_clock_change_that_is_over_is_not_said(client: Client) -> None:
    make_event_type()
    shown = text_of(get(client, PAGE + "?month=2026-11&tz=America/New_York"))
    assert "November 2026" in shown
    assert "clocks go back" not in shown


def test_a_repeated_hour_is_offered_twice_and_told_apart(client: Client) -> None:
    host = make_host(zone="America/New_York")
    schedule = host.schedules.get()
    schedule.weekly = {"sun": [["00:00", "04:00"]]}
    schedule.save()
    make_event_type(host, booking_window_days=400, slot_step=30)
    shown = text_of(get(client, PAGE + "?date=2027-11-07&tz=America/New_York"))
    assert "01:30 (summer time)" in shown
    assert "01:30 (winter time)" in shown


def test_a_month_without_times_names_the_next_free_day(client: Client) -> None:
    host = ada()
    schedule = host.schedules.get()
    schedule.overrides = {f"2026-12-{day:02}": [] for day in range(1, 32)}
    schedule.save()
    make_event_type(host)
    shown = text_of(get(client, PAGE + "?month=2026-12"))
    assert "No times in December 2026. Next free: Friday 1 January" in shown


def test_a_window_without_any_time_says_so(client: Client) -> None:
    host = ada()
    host.schedules.update(weekly={})
    make_event_type(host, booking_window_days=30)
    assert "Ada Lovelace has no free times until Wednesday 30 December." in text_of(get(client))


def test_a_time_that_is_gone_is_said_and_the_others_are_shown(client: Client) -> None:
    make_booking(make_event_type())
    shown = text_of(get(client, PAGE + "?date=2026-12-01&slot=2026-12-01T09:00%2B00:00"))
    assert "That time is not free any more. Choose another one." in shown
    assert "09:30 to 10:00" in shown


def test_links_keep_what_the_form_shall_be_filled_with(client: Client) -> None:
    make_event_type()
    page = get(client, PAGE + "?name=Ina&email=ina@example.com&date=2026-12-01").content.decode()
    assert "name=Ina&amp;email=ina%40example.com" in page
    form = get(client, PAGE + "?name=Ina&slot=2026-12-01T09:00%2B00:00").content.decode()
    assert 'value="Ina"' in form


@pytest.mark.parametrize("path", ["/nobody/", "/nobody/intro-call/", "/ada/nothing/", "/ada/off/"])
def test_unknown_closed_and_hidden_look_the_same(client: Client, path: str) -> None:
    make_event_type(slug="off", active=False)
    answer = get(client, path)
    assert answer.status_code == 404
    assert "This page is not available" in text_of(answer)


def test_an_address_of_before_leads_to_the_present_one(client: Client) -> None:
    host = make_event_type().profile.host
    assert host is not None
    change_address(host.profile, "countess")
    answer = client.get(PAGE + "?date=2026-12-01")
    assert answer.headers["Location"] == "/countess/intro-call/?date=2026-12-01"


def test_the_hosts_page_lists_what_is_open(client: Client) -> None:
    make_event_type()
    make_event_type(title="Secret", slug="secret", hidden=True)
    shown = text_of(get(client, "/ada/"))
    assert "Intro call" in shown
    assert "Secret" not in shown
    make_host("Ben Babbage")
    assert "Ben Babbage has nothing to book at the moment." in text_of(get(client, "/ben/"))


# ── What a look costs ──


def test_looking_writes_nothing_and_costs_the_same_after_years(client: Client) -> None:
    event_type = make_event_type(max_per_day=3)
    get(client)
    with CaptureQueriesContext(connection) as few:
        answer = get(client)
    assert answer.cookies == {}
    years_ago = datetime(2020, 1, 6, 9, 0, tzinfo=UTC)
    for week in range(20):
        start = years_ago + timedelta(weeks=week)
        make_booking(event_type, now=start - timedelta(days=1), start=start)
    with CaptureQueriesContext(connection) as many:
        get(client, f"{PAGE}?month=2026-12&date=2026-12-03")
    assert len(many) == len(few) <= 6
    assert all(query["sql"].startswith("SELECT") for query in many.captured_queries)


def test_a_page_that_has_not_changed_is_not_sent_twice(client: Client) -> None:
    make_event_type()
    first = get(client)
    assert first.headers["Cache-Control"] == "private, no-cache"
    assert {"HX-Request", "HX-Target", "Cookie"} <= {
        name.strip() for name in first.headers["Vary"].split(",")
    }
    assert get(client, **{"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_htmx_gets_the_part_that_it_asked_for_and_a_sentence(client: Client) -> None:
    make_event_type()
    part = get(
        client,
        PAGE + "?date=2026-12-01",
        **{"HX-Request": "true", "HX-Target": "picker", "HX-Trigger": "d-2026-12-01"},
    )
    html = part.content.decode()
    assert "<html" not in html
    assert 'id="picker"' in html
    assert "16 times on Tuesday 1 December." in html
    assert part.headers["HX-Replace-Url"] == PAGE + "?month=2026-12&date=2026-12-01"


def test_what_changed_is_what_is_said(client: Client) -> None:
    make_event_type()

    def said(query: str, pressed: str) -> str:
        headers = {"HX-Request": "true", "HX-Target": "picker", "HX-Trigger": pressed}
        return text_of(get(client, PAGE + query, **{name: text for name, text in headers.items() if text}))

    assert "January 2027, 21 days with times. First: Friday 1 January." in said("?month=2027-01", "following")
    assert "16 times on Monday 30 November." in said("?date=2026-11-30", "first-free")
    assert "Times are now on the 12-hour clock." in said("?clock=12&keep=1", "clock-1")
    assert "Times are now in Paris time." in said("?tz=Europe/Paris", "")


def test_a_chosen_zone_is_kept_for_the_next_visit(client: Client) -> None:
    make_event_type()
    answer = get(client, PAGE + "?date=2026-12-01&tz=Asia/Katmandu&keep=1")
    assert answer.headers["Location"] == PAGE + "?tz=Asia%2FKathmandu&month=2026-12&date=2026-12-01"
    assert client.cookies["tz"].value == "Asia/Kathmandu"
    assert "Kathmandu time" in text_of(get(client))


# ── Booking ──


def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(client: Client) -> None:
    make_event_type()
    answer = client.post(PAGE, answers(name="", email="ina@example,com"))
    assert answer.status_code == 422
    assert "Enter your name" in text_of(answer)
    assert "Did you mean ina@example.com?" in text_of(answer)
    assert 'value="ina@example,com"' in answer.content.decode()
    assert "<title>Error:" in answer.content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "x" * 121}, "Name must be 120 characters or fewer"),
        ({"name": "Ina\x07Berg"}, "Use letters, digits and punctuation on one line"),
        ({"email": "ina"}, "Enter an e-mail address like ina@example.com"),
        ({"email": "i" * 64 + "@" + "ü" * 40 + ".example" * 18 + ".de"}, "Enter an e-mail address like"),
        ({"guests": "ben@example.com\nnobody"}, "Enter an e-mail address like ina@example.com"),
        ({"guests": "\n".join(f"g{n}@example.com" for n in range(11))}, "Guests must be 10 or fewer"),
        ({"answer-topic": ""}, "Answer “What is it about?”"),
        ({"answer-lang": "Latin"}, "Choose an answer to “Language”"),
        ({"answer-read": ""}, "Tick “I have read it”"),
        ({"answer-desk": "call me"}, "Enter a phone number like +33 6 12 34 56 78"),
        ({"location": ""}, "Choose where"),
        ({"location": "7"}, "Choose where"),
        ({"location": "1", "phone": ""}, "Enter your phone number"),
    ],
)
def test_the_server_judges_every_field_itself(client: Client, changes: dict[str, str], words: str) -> None:
    demanding()
    answer = client.post(PAGE, complete(**changes))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Booking.objects.exists()


@pytest.mark.parametrize("field", ["email", "guests"])
@pytest.mark.parametrize(
    "address",
    [
        '"\x01"@example.com',
        '"Ina Berg"@example.com',
        "ſ@example.com",
        "\N{KELVIN SIGN}@example.com",
        "jürgen@example.com",
        ".ina@example.com",
        "ina@" + "ü" * 64 + ".example",
        "ina@-.example",
    ],
)
def test_an_address_that_no_mail_can_go_to_is_refused(client: Client, field: str, address: str) -> None:
    make_event_type(guests_allowed=True)
    answer = client.post(PAGE, answers(**{field: address}))
    assert answer.status_code == 422
    assert "Enter an e-mail address like ina@example.com" in text_of(answer)
    assert not Booking.objects.exists()


def test_an_international_domain_is_kept_in_its_ascii_form(client: Client) -> None:
    make_event_type(guests_allowed=True)
    client.post(PAGE, answers(email="Ina@Bücher.example", guests="ben@BÜCHER.example"))
    booking = Booking.objects.get()
    assert booking.invitee_email == "ina@xn--bcher-kva.example"
    assert booking.guests == ["ben@xn--bcher-kva.example"]


LANGUAGES = ["English", "French"]


def demanding() -> EventType:
    return make_event_type(
        locations=[
            {"kind": "zoom", "connection": None},
            {"kind": "phone", "who_calls": "host", "number": ""},
        ],
        questions=[
            {
                "code": "topic",
                "label": "What is it about?",
                "kind": "long_text",
                "required": True,
                "choices": [],
            },
            {"code": "lang", "label": "Language", "kind": "choice", "required": True, "choices": LANGUAGES},
            {"code": "read", "label": "I have read it", "kind": "checkbox", "required": True, "choices": []},
            {"code": "desk", "label": "Desk phone", "kind": "phone", "required": False, "choices": []},
        ],
    )


def complete(**changes: str) -> dict[str, str]:
    filled = {"answer-topic": "Engines", "answer-lang": "English", "answer-read": "on", "location": "0"}
    return answers(**{**filled, **changes})


def test_answers_guests_place_and_number_are_kept_and_nothing_else(client: Client) -> None:
    demanding()
    sent = complete(
        location="1", phone="+33 6 12 34 56 78", guests="Ben@Example.com, ina@example.com", status="paid"
    )
    assert client.post(PAGE, sent).status_code == 303
    booking = Booking.objects.get()
    assert booking.answers == {"topic": "Engines", "lang": "English", "read": True}
    assert booking.guests == ["ben@example.com"]
    place = {"kind": "phone", "who_calls": "host", "number": "+33 6 12 34 56 78"}
    assert booking.appointment.location == place


def test_the_same_form_sent_twice_is_one_booking(client: Client) -> None:
    make_event_type()
    first, second = client.post(PAGE, answers()), client.post(PAGE, answers())
    assert first.headers["Location"] == second.headers["Location"]
    assert Booking.objects.count() == 1


def test_a_taken_time_offers_the_nearest_ones_and_keeps_the_answers(client: Client) -> None:
    make_booking(make_event_type())
    answer = client.post(PAGE, answers())
    assert answer.status_code == 409
    shown = text_of(answer)
    assert "09:00 has just been taken" in shown
    assert re.findall(r"Book (\S+) instead", shown) == ["09:30", "10:00", "10:30"]
    assert 'value="Ina Berg"' in answer.content.decode()
    assert "csrf" not in re.sub(r"<input[^>]*>", "", answer.content.decode())


def test_the_last_time_of_a_day_offers_the_next_day_with_its_date(client: Client) -> None:
    event_type = make_event_type(max_per_day=1)
    make_booking(event_type)
    sent = answers(slot="2026-12-01T10:00+00:00")
    answer = client.post(PAGE, sent, headers={"Accept-Language": "en-GB"})
    assert answer.status_code == 409
    assert "10:00 cannot be booked any more" in text_of(answer)
    assert "Book Wednesday 2 December, 09:00 instead" in text_of(answer)


def test_a_form_of_an_event_type_that_was_closed_meets_the_same_404(client: Client) -> None:
    make_event_type(active=False)
    assert client.post(PAGE, answers()).status_code == 404


def test_a_post_without_a_time_goes_back_to_the_times(client: Client) -> None:
    make_event_type()
    answer = client.post(PAGE, answers(slot="tomorrow"))
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)


def test_a_form_from_another_site_is_refused() -> None:
    make_event_type()
    assert Client(enforce_csrf_checks=True).post(PAGE, answers()).status_code == 403
    assert not Booking.objects.exists()


# ── Limits ──


def test_too_many_bookings_from_one_connection_wait_with_the_form_kept(client: Client, settings: Any) -> None:
    settings.KOALENDAR_RATE_BOOKINGS = (1, 300)
    make_event_type()
    client.post(PAGE, answers())
    answer = client.post(PAGE, answers(slot="2026-12-01T10:00+00:00", email="other@example.com"))
    assert answer.status_code == 429
    assert "Too many bookings from this connection" in text_of(answer)
    assert "Try again in 5 minutes." in text_of(answer)
    assert 'value="other@example.com"' in answer.content.decode()
    assert Booking.objects.count() == 1
    elsewhere = client.post(PAGE, answers(slot="2026-12-01T10:00+00:00"), REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 303


def test_too_many_confirmations_for_one_address_wait(client: Client, settings: Any) -> None:
    settings.KOALENDAR_RATE_MAIL = (1, 3600)
    make_event_type()
    client.post(PAGE, answers())
    answer = client.post(PAGE, answers(slot="2026-12-01T10:00+00:00", email="INA@example.com"))
    assert answer.status_code == 429
    assert "Too many bookings for this e-mail address" in text_of(answer)


def test_too_many_looks_are_answered_without_times_and_without_the_database(
    client: Client, settings: Any
) -> None:
    settings.KOALENDAR_RATE_SLOTS = (2, 60)
    make_event_type()
    get(client)
    get(client)
    answer = get(client)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert "Too many looks from this connection." in text_of(answer)


def test_nothing_that_was_typed_stands_in_the_page_as_markup(client: Client) -> None:
    make_event_type()
    answer = client.post(PAGE, answers(name="<script>alert(1)</script>", email=""))
    assert "<script>alert" not in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "title"),
    [(f"{PAGE}?date=2026-12-01&name=Ina", "Intro call with Ada Lovelace"), ("/ada/", "Book a time with Ada")],
)
def test_a_shared_link_unfolds_into_a_card_without_anybodys_details(
    client: Client, path: str, title: str
) -> None:
    make_event_type(description="A first <talk>.")
    page = get(client, path).content.decode()
    said = dict(re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page))
    assert said["og:title"].startswith(title)
    assert said["og:url"] == f"http://localhost:8000{path.partition('?')[0]}"
    assert said["og:image"].startswith("http://localhost:8000/static/koalendar/card")
    assert said.get("og:description", "A first &lt;talk&gt;.") == "A first &lt;talk&gt;."

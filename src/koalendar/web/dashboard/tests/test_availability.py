"""Schedules, their hours, zone and dates, and times away, in forms that work without script."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client

from koalendar.booking.models import Profile, Schedule
from koalendar.booking.revising import add_away, change_schedule
from koalendar.booking.setting_up import add_event_type, add_schedule
from koalendar.web.dashboard.hours import act, draft_from, draft_of, judge
from koalendar.web.dashboard.tests.browsers import sign_in
from tests.people import NOW, TUESDAY_NINE, ada, make_booking, make_event_type, make_host

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

LIST = "/dashboard/availability/"


@pytest.fixture
def browser(client: Client) -> Client:
    return sign_in(client, ada())


def page_of(schedule: Schedule | None = None, more: str = "/") -> str:
    return f"{LIST}{(schedule or ada().schedules.earliest('pk')).public_id}{more}"


def evenings(**fields: Any) -> Schedule:
    usual = {"name": "Evenings", "zone": "UTC", "weekly": {"mon": [["18:00", "20:00"]]}, "overrides": {}}
    return add_schedule(ada(), **(usual | fields))


# ── Several schedules ──


def test_a_schedule_is_made_by_its_name_and_edited_on_its_own_page(browser: Client) -> None:
    answer = browser.post(f"{LIST}new", {"name": "Evenings"})

    made = Schedule.objects.get(name="Evenings")
    assert answer.headers["Location"] == page_of(made)
    assert made.weekly["mon"] == [["09:00", "17:00"]]
    page = browser.get(LIST).content.decode()
    assert "Evenings" in page
    assert "Monday to Friday" in page
    refused = browser.post(f"{LIST}new", {"name": " "})
    assert refused.status_code == 422
    assert "Enter a name" in refused.content.decode()


def test_a_copy_has_the_same_hours_and_dates_and_goes_its_own_way(browser: Client) -> None:
    first = evenings(overrides={"2026-12-24": []})

    answer = browser.post(page_of(first, "/duplicate"))

    made = Schedule.objects.latest("pk")
    assert answer.headers["Location"] == page_of(made)
    assert (made.name, made.weekly, made.overrides) == ("Evenings, copy", first.weekly, first.overrides)
    change_schedule(made, weekly={})
    first.refresh_from_db()
    assert first.weekly["mon"] == [["18:00", "20:00"]]


def test_new_event_types_get_the_default_and_the_others_keep_theirs(browser: Client) -> None:
    before, late = make_event_type(), evenings()

    browser.post(page_of(late, "/default"))

    assert add_event_type(ada(), title="New").event_type_hosts.get().schedule == late
    assert before.event_type_hosts.get().schedule != late
    shown = browser.get("/dashboard/event-types/new").context["form"]["schedule"].value()
    assert shown == late.pk
    late.event_type_hosts.all().delete()
    late.delete()
    assert add_event_type(ada(), title="Newer").event_type_hosts.get().schedule == ada().schedules.get()


def test_what_is_used_or_the_last_one_stays_and_says_why(browser: Client) -> None:
    make_event_type()
    first, spare = ada().schedules.get(), evenings()

    for method in (browser.get, browser.post):
        page = method(page_of(first, "/delete")).content.decode()
        assert "Intro call" in page
        assert "cannot be deleted" in page
    assert browser.post(page_of(spare, "/delete")).status_code == 302
    assert Schedule.objects.get() == first
    ada().profile.event_types.all().delete()
    assert "your only schedule" in browser.post(page_of(first, "/delete")).content.decode()


def test_bens_schedules_are_unknown(browser: Client) -> None:
    foreign = make_host("Ben Adida").schedules.get()

    for more in ("/", "/dates", "/delete"):
        assert browser.get(page_of(foreign, more)).status_code == 404
    for more in ("/", "/dates", "/delete", "/duplicate", "/default"):
        assert browser.post(page_of(foreign, more)).status_code == 404
    assert Schedule.objects.filter(pk=foreign.pk).exists()


# ── The week ──


def posted(**fields: str | list[str]) -> QueryDict:
    data = QueryDict(mutable=True)
    data.update({"name": "Working hours", "zone": "Europe/Paris", "revision": "1"})
    for name, value in fields.items():
        data.setlist(name.replace("_", "-"), value if isinstance(value, list) else [value])
    return data


def send(browser: Client, data: QueryDict, **headers: str) -> Any:
    return browser.post(page_of(), dict(data.lists()), headers=headers)


MONDAY: dict[str, Any] = {"mon_open": "on", "mon_start": ["09:00", "13:00"], "mon_end": ["12:00", "17:00"]}


def test_saved_hours_are_those_that_were_typed(browser: Client) -> None:
    answer = send(browser, posted(**MONDAY, name="Office"))

    assert answer.status_code == 302
    schedule = Schedule.objects.get()
    assert (schedule.name, schedule.zone) == ("Office", "Europe/Paris")
    assert schedule.weekly["mon"] == [["09:00", "12:00"], ["13:00", "17:00"]]
    assert schedule.weekly["tue"] == []


def test_saving_says_that_bookings_stay_and_they_do(browser: Client) -> None:
    booking = make_booking()

    assert "1 upcoming booking stays as it is." in browser.get(page_of()).content.decode()
    send(browser, posted(**MONDAY))

    assert "Saved. 1 upcoming booking stays as it is." in browser.get(LIST).content.decode()
    booking.refresh_from_db()
    assert booking.appointment.start == TUESDAY_NINE


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"wed_open": "on", "wed_start": "17:00", "wed_end": "09:00"}, "Wednesday: The end is before"),
        ({"wed_open": "on", "wed_start": "", "wed_end": "09:00"}, "Wednesday: Enter times like 09:00"),
        ({"wed_open": "on"}, "Wednesday: Add hours, or untick the day"),
        (
            {"wed_open": "on", "wed_start": ["09:00", "12:00"], "wed_end": ["13:00", "17:00"]},
            "Wednesday: 09:00–13:00 and 12:00–17:00 overlap",
        ),
        ({"name": " "}, "Enter a name"),
        ({"name": "x" * 81}, "Name must be 80 characters or fewer"),
        ({"zone": "Mars/Olympus"}, "Choose a time zone"),
    ],
)
def test_what_is_wrong_is_said_at_its_place_and_nothing_is_lost(
    browser: Client, fields: dict[str, Any], words: str
) -> None:
    answer = send(browser, posted(**MONDAY, **fields) if "name" not in fields else posted(**MONDAY | fields))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'value="13:00"' in page
    assert Schedule.objects.get().zone == "UTC"


def test_ranges_that_overlap_are_joined_by_one_press() -> None:
    data = posted(wed_open="on", wed_start=["12:00", "09:00", "18:00"], wed_end=["17:00", "13:00", "19:00"])
    draft = draft_from(data)
    assert judge(draft) is None
    assert (draft.week[2].joined, draft.week[2].ranges[1].error[:8]) == ("09:00–17:00", "12:00–17")

    act(draft, "join:wed", data)

    assert [(each.start, each.end) for each in draft.week[2].ranges] == [
        ("09:00", "17:00"),
        ("18:00", "19:00"),
    ]


def test_an_end_at_midnight_is_the_end_of_the_day_and_reads_so_again() -> None:
    stored = judge(draft_from(posted(fri_open="on", fri_start="20:00", fri_end="00:00")))

    assert stored is not None
    assert stored["fri"] == [["20:00", "24:00"]]
    assert draft_of(Schedule(zone="UTC", weekly=stored, overrides={})).week[4].ranges[0].end == "00:00"


def test_a_button_changes_the_form_and_stores_nothing(browser: Client) -> None:
    answer = send(browser, posted(**MONDAY, do="add:mon"), **{"HX-Request": "true"})

    page = answer.content.decode()
    assert page.count('name="mon-start"') == 3
    assert "Monday: hours added." in page
    assert "<html" not in page
    assert Schedule.objects.get().zone == "UTC"


@pytest.mark.parametrize(
    "action", ["add:nosuchday", "remove:mon:99", "join:mon", "nonsense", "copy:mon", "zone:Mars/Olympus"]
)
def test_a_button_that_makes_no_sense_changes_nothing(action: str) -> None:
    draft, before = draft_from(posted(**MONDAY)), draft_from(posted(**MONDAY))

    act(draft, action, posted(**MONDAY))

    assert (draft.week, draft.zone) == (before.week, before.zone)


@pytest.mark.parametrize(
    ("action", "open_days"),
    [("copy:mon", [0, 1, 5]), ("copy-weekdays:mon", [0, 1, 2, 3, 4]), ("copy-all:mon", list(range(7)))],
)
def test_hours_are_copied_to_other_days_in_one_press(action: str, open_days: list[int]) -> None:
    data = posted(**MONDAY, mon_copy=["tue", "sat"])
    draft = draft_from(data)

    act(draft, action, data)

    assert [n for n, day in enumerate(draft.week) if day.is_open] == open_days
    assert [(each.start, each.end) for each in draft.week[1].ranges] == [
        ("09:00", "12:00"),
        ("13:00", "17:00"),
    ]


def test_hours_saved_in_another_window_are_not_overwritten_unasked(browser: Client) -> None:
    send(browser, posted(**MONDAY))

    answer = send(browser, posted(tue_open="on", tue_start="10:00", tue_end="11:00"))

    assert answer.status_code == 422
    assert "saved in another window" in answer.content.decode()
    assert 'name="revision" value="2"' in answer.content.decode()
    assert Schedule.objects.get().weekly["tue"] == []


# ── The zone ──


def test_a_zone_is_looked_for_chosen_and_saved(browser: Client) -> None:
    found = send(browser, posted(**MONDAY, do="zone-search", q="kath")).content.decode()
    assert "Kathmandu, Nepal, 13:45" in found

    chosen = send(browser, posted(**MONDAY, do="zone:Asia/Kathmandu")).content.decode()
    assert "Hours are in Kathmandu time (now 13:45)." in chosen
    assert Schedule.objects.get().zone == "UTC"

    send(browser, posted(**MONDAY, zone="Asia/Kathmandu"))
    assert Schedule.objects.get().zone == "Asia/Kathmandu"


def test_zones_are_found_while_one_types(browser: Client) -> None:
    page = browser.get(f"{LIST}zones?q=%2B5:45").content.decode()

    assert 'value="zone:Asia/Kathmandu"' in page
    assert "1 zone found" in page
    assert "No zone found" in browser.get(f"{LIST}zones?q=atlantis").content.decode()


def test_enter_in_the_search_field_searches_and_elsewhere_saves(browser: Client) -> None:
    assert send(browser, posted(**MONDAY, do="enter", q="kath")).status_code == 200
    assert send(browser, posted(**MONDAY, do="enter", q="")).status_code == 302


# ── Dates that differ ──

DATES: dict[str, Any] = {"revision": "1", "month": "2026-12"}


def choose(browser: Client, **fields: Any) -> Any:
    return browser.post(page_of(more="/dates"), DATES | fields)


def test_chosen_dates_are_closed_or_get_their_own_hours(browser: Client) -> None:
    make_booking()
    answer = choose(browser, day=["2026-12-24", "2026-12-25"], kind="off")
    assert answer.headers["Location"].endswith("/dates?month=2026-12")
    page = browser.get(answer.headers["Location"], headers={"Accept-Language": "en-GB"}).content.decode()
    assert "Saved. 1 upcoming booking stays as it is." in page
    assert "24 December, differs: not available" in page

    fields = {"hours-start": ["10:00", "14:00"], "hours-end": ["12:00", "15:00"]}
    choose(browser, revision="2", day=["2027-01-02"], kind="hours", **fields)

    assert Schedule.objects.get().overrides == {
        "2026-12-24": [],
        "2026-12-25": [],
        "2027-01-02": [["10:00", "12:00"], ["14:00", "15:00"]],
    }


def test_dates_become_as_every_week_again(browser: Client) -> None:
    ada().schedules.update(overrides={"2026-11-01": [], "2026-12-24": [], "2026-12-25": [], "2026-12-26": []})

    choose(browser, day=["2026-12-24"], kind="weekly")
    choose(browser, revision="2", do="forget:2026-12-25", day=["2026-12-31"])

    assert Schedule.objects.get().overrides == {"2026-12-26": []}, "one that has passed is forgotten too"


def test_turning_the_month_keeps_what_is_chosen_and_stores_nothing(browser: Client) -> None:
    page = choose(browser, day=["2026-12-24"], do="month:2027-01").content.decode()

    assert "January 2027" in page
    assert '<input type="hidden" name="day" value="2026-12-24">' in page
    assert "1 date of another month is chosen too" in page
    assert Schedule.objects.get().overrides == {}


def test_a_date_of_the_list_opens_with_what_it_is(browser: Client) -> None:
    ada().schedules.update(overrides={"2027-01-04": [["10:00", "12:00"]]})

    page = browser.get(page_of(more="/dates?day=2027-01-04")).content.decode()

    assert 'id="d-2027-01-04" checked' in page
    assert 'name="hours-start" value="10:00"' in page
    assert 'value="hours" checked' in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "off"}, "Choose at least one date"),
        ({"kind": "off", "day": "2026-11-29"}, "Choose at least one date"),
        ({"kind": "off", "day": "2031-01-01"}, "Choose at least one date"),
        ({"kind": "off", "day": "soon"}, "Choose at least one date"),
        ({"kind": "hours", "day": "2026-12-24"}, "Add hours, or choose “Not available”"),
        (
            {"kind": "hours", "day": "2026-12-24", "hours-start": "12:00", "hours-end": "10:00"},
            "The end is before the start",
        ),
        (
            {
                "kind": "hours",
                "day": "2026-12-24",
                "hours-start": ["09:00", "10:00"],
                "hours-end": ["11:00", "12:00"],
            },
            "Join to 09:00–12:00",
        ),
    ],
)
def test_wrong_dates_and_hours_are_said_and_the_choice_is_kept(
    browser: Client, fields: dict[str, Any], words: str
) -> None:
    answer = choose(browser, **fields)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    if fields.get("day") == "2026-12-24":
        assert 'id="d-2026-12-24" checked' in page
    assert Schedule.objects.get().overrides == {}


def test_dates_saved_in_another_window_are_not_overwritten_unasked(browser: Client) -> None:
    change_schedule(ada().schedules.get(), overrides={"2026-12-24": [["09:00", "10:00"]]})

    answer = choose(browser, day=["2026-12-24"], kind="off")
    again = choose(browser, revision="2", day=["2026-12-24"], kind="off")

    assert (answer.status_code, again.status_code) == (422, 302)
    assert "saved in another window" in answer.content.decode()
    assert 'id="d-2026-12-24" checked' in answer.content.decode()


def test_more_dates_than_there_may_be_are_refused(browser: Client) -> None:
    many = [(NOW.date() + timedelta(days=n)).isoformat() for n in range(101)]

    answer = choose(browser, day=many, kind="off")

    assert answer.status_code == 422
    assert "At most 100 dates" in answer.content.decode()


# ── Away ──


def test_being_away_says_what_pages_show_and_which_bookings_stay(browser: Client) -> None:
    make_booking()
    answer = browser.post(
        f"{LIST}away", {"first": "2026-12-01", "last": "2026-12-04", "message": "In the mountains."}
    )
    assert answer.status_code == 302

    page = browser.get(LIST).content.decode()

    assert "Ada Lovelace is away until" in page
    assert "In the mountains." in page
    assert page.count("1 booking in this time stays as it is.") == 2, "in the list and in what is told once"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"first": ""}, "Enter the first day away"),
        ({"last": "2026-11-20"}, "The last day is before the first"),
        ({"first": "2026-11-20", "last": "2026-11-21"}, "These days have passed"),
        ({"last": "tomorrow"}, "Enter a date like 2026-12-24"),
        ({"message": "x" * 201}, "200 characters"),
        ({"message": "a\0b"}, "Null characters are not allowed"),
    ],
)
def test_a_wrong_time_away_is_refused_at_its_field_and_the_rest_is_kept(
    browser: Client, fields: dict[str, str], words: str
) -> None:
    typed = {"first": "2026-12-01", "last": "2026-12-04", "message": "In the mountains."}

    answer = browser.post(f"{LIST}away", typed | fields)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    for name in typed.keys() - fields.keys():
        assert f'value="{typed[name]}"' in page
    assert Profile.objects.get().away == []


def test_being_away_is_taken_back_after_a_question(browser: Client) -> None:
    add_away(ada(), first="2026-12-01", last="2026-12-04", message="", today=NOW.date())
    address = f"{LIST}away/2026-12-01/remove"

    assert "Be bookable on these days again?" in browser.get(address).content.decode()
    assert Profile.objects.get().away != []
    for _time in range(2):
        assert browser.post(address).status_code == 302
    assert Profile.objects.get().away == []
    assert browser.get(address).status_code == 404


def test_every_page_of_a_host_who_is_away_says_so_until_he_is_back(browser: Client) -> None:
    today = NOW.date()
    add_away(ada(), first=today.isoformat(), last=today.isoformat(), message="", today=today)
    for path in ("/dashboard/", "/dashboard/event-types/", "/dashboard/settings/"):
        assert 'class="banner"' in browser.get(path).content.decode(), path
    # Its own page has the times themselves.
    assert 'class="banner"' not in browser.get(LIST).content.decode()

"""Times away: what they close, on pages, for programs and at booking alike, and what may be one."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from koalendar.accounts.models import Host
from koalendar.booking import actions, queries
from koalendar.booking.errors import OutsideRules
from koalendar.booking.models import Booking, Profile
from koalendar.booking.openings import open_minutes, open_slots
from koalendar.booking.revising import add_away, remove_away
from koalendar.booking.rules import MAX_AWAY
from tests.people import NOW, TUESDAY_NINE, ada, make_booking, make_event_type, make_host

pytestmark = pytest.mark.django_db

TODAY = NOW.date()  # Monday 30 November 2026.


def go_away(first: str, last: str, message: str = "", *, host: Host | None = None) -> Profile:
    return add_away(host or ada(), first=first, last=last, message=message, today=TODAY)


def days_of(event_type: Any, first: str = "2026-11-30", last: str = "2026-12-13") -> list[str]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    found = open_slots(event_type, duration=30, first=begin, last=end, zone="UTC", now=NOW)
    return [f"{day:%m-%d}" for day in found]


# ── What it closes ──


def test_nothing_is_offered_on_its_days_both_included() -> None:
    made = make_event_type()
    go_away("2026-12-02", "2026-12-07")

    assert days_of(made) == ["11-30", "12-01", "12-08", "12-09", "12-10", "12-11"]


def test_every_event_type_is_closed_whatever_its_schedule_says_of_the_date() -> None:
    ada().schedules.update(overrides={"2026-12-02": [["10:00", "11:00"]]})
    other = make_event_type(slug="other")
    go_away("2026-12-02", "2026-12-02")

    assert "12-02" not in days_of(make_event_type())
    assert "12-02" not in days_of(other)


def test_its_days_are_those_of_the_schedules_zone() -> None:
    host = make_host(zone="Asia/Tokyo")
    host.schedules.update(weekly={"wed": [["00:00", "24:00"]]})
    made = make_event_type(host, durations=[60], slot_step=60, booking_window_days=9)
    go_away("2026-12-02", "2026-12-02", host=host)

    found = open_slots(
        made, duration=60, first=date(2026, 11, 30), last=date(2026, 12, 9), zone="UTC", now=NOW
    )
    assert [day.isoformat() for day in found] == ["2026-12-08", "2026-12-09"]


def test_what_runs_on_past_midnight_ends_where_it_begins() -> None:
    ada().schedules.update(weekly={"tue": [["22:00", "24:00"]], "wed": [["00:00", "02:00"]]})
    made = make_event_type(durations=[60], slot_step=30)
    day: dict[str, Any] = {"first": date(2026, 12, 1), "last": date(2026, 12, 2), "zone": "UTC", "now": NOW}
    assert len(open_minutes(made, duration=60, **day)) == 7

    go_away("2026-12-02", "2026-12-02")

    assert len(open_minutes(made, duration=60, **day)) == 3


def test_buffers_may_reach_into_it() -> None:
    ada().schedules.update(weekly={"tue": [["23:00", "24:00"]]})
    made = make_event_type(buffer_after=60)
    go_away("2026-12-02", "2026-12-02")

    assert days_of(made) == ["12-01", "12-08"]


def test_booking_and_rescheduling_into_it_are_refused_and_what_is_booked_stays() -> None:
    made = make_event_type()
    stays = make_booking(made)
    outside = make_booking(made, start=TUESDAY_NINE + timedelta(days=7))
    go_away("2026-12-01", "2026-12-04")

    with pytest.raises(OutsideRules) as booking:
        make_booking(made, start=TUESDAY_NINE + timedelta(hours=2))
    with pytest.raises(OutsideRules) as moving:
        actions.reschedule(outside, start=TUESDAY_NINE + timedelta(days=1), by=Booking.By.INVITEE, now=NOW)

    assert (booking.value.which, moving.value.which) == ("away", "away")
    stays.refresh_from_db()
    assert stays.status == Booking.Status.CONFIRMED
    assert queries.booking_of(ada(), stays.uid) == stays


def test_outside_hours_is_said_of_what_would_not_be_open_anyway() -> None:
    made = make_event_type()
    go_away("2026-12-01", "2026-12-01")

    with pytest.raises(OutsideRules) as refused:
        make_booking(made, start=TUESDAY_NINE.replace(hour=5))
    assert refused.value.which == "hours"


def test_ben_is_there_while_ada_is_away() -> None:
    shared = make_event_type(hosts_needed="any")
    ben = make_host("Ben Adida")
    shared.event_type_hosts.create(host=ben, schedule=ben.schedules.get())
    go_away("2026-12-01", "2026-12-31")

    assert "12-01" in days_of(make_event_type(ben, slug="bens"))
    assert make_booking(shared).appointment.holds.get().host == ben


def test_the_slots_call_reads_it_along_with_the_hosts() -> None:
    made = make_event_type()
    go_away("2026-12-01", "2026-12-31")

    with CaptureQueriesContext(connection) as asked:
        seats = queries.seats_by_id(made.public_id)
        found = open_minutes(
            seats[0].event_type,
            duration=30,
            first=date(2026, 12, 1),
            last=date(2026, 12, 31),
            zone="UTC",
            now=NOW,
            seats=seats,
        )
    assert (found, len(asked)) == ([], 3)


# ── What may be one ──


@pytest.mark.parametrize(
    ("first", "last", "place", "code"),
    [
        ("", "2026-12-24", "first", "required"),
        ("2026-12-24", "", "last", "required"),
        ("24.12.2026", "2026-12-24", "first", "bad_date"),
        ("2026-12-32", "2027-01-01", "first", "bad_date"),
        ("2026-12-24", "2026-12-23", "last", "end_before_start"),
        ("2026-12-24", "2027-12-25", "last", "range"),
        ("2026-12-05", "2026-12-06", "first", "duplicate"),
        ("2026-11-01", "2026-11-29", "last", "past"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(first: str, last: str, place: str, code: str) -> None:
    if code == "duplicate":
        go_away("2026-12-01", "2026-12-05")
    before = Profile.objects.get(host=ada()).away

    with pytest.raises(ValidationError) as refused:
        go_away(first, last)

    assert {path: [each.code for each in errors] for path, errors in refused.value.error_dict.items()} == {
        place: [code]
    }
    assert Profile.objects.get().away == before


def test_they_stand_by_date_are_forgotten_once_past_and_are_taken_back_one_by_one() -> None:
    Profile.objects.filter(host=ada()).update(
        away=[{"first": "2026-11-01", "last": "2026-11-02", "message": ""}]
    )
    go_away("2027-01-01", "2027-01-02")
    go_away("2026-12-24", "2026-12-26", "Merry Christmas")
    assert [row["first"] for row in Profile.objects.get().away] == ["2026-12-24", "2027-01-01"]

    for _time in range(2):
        remove_away(ada(), first=date(2026, 12, 24), today=TODAY)
    assert [row["first"] for row in Profile.objects.get().away] == ["2027-01-01"]


def test_there_is_an_end_to_them() -> None:
    for n in range(MAX_AWAY):
        day = (TODAY + timedelta(days=2 * n)).isoformat()
        go_away(day, day)

    with pytest.raises(ValidationError):
        go_away("2027-12-24", "2027-12-24")


def test_two_that_follow_each_other_are_one_for_whoever_asks_when_the_host_is_back() -> None:
    go_away("2026-11-30", "2026-12-02", "In Rome")
    go_away("2026-12-03", "2026-12-06")
    profile = Profile.objects.get()

    found = queries.away_now(profile, now=NOW)

    assert found is not None
    assert (found.back, found.message) == (date(2026, 12, 7), "In Rome")
    assert profile.away_on(date(2026, 12, 7)) is None


def test_the_present_day_is_the_hosts() -> None:
    go_away("2026-12-01", "2026-12-01")
    profile = Profile.objects.select_related("host").get()
    assert profile.host is not None
    late = datetime.fromisoformat("2026-11-30T23:00+00:00")
    assert queries.away_now(profile, now=late) is None
    profile.host.zone = "Europe/Paris"
    assert queries.away_now(profile, now=late) is not None


# ── What invitees see ──


@pytest.mark.usefixtures("present")
def test_pages_and_programs_tell_until_when_and_what_is_free_after(client: Client) -> None:
    make_event_type()
    go_away("2026-11-30", "2026-12-06", "I am in the mountains.")
    english = {"Accept-Language": "en-GB"}

    page = client.get("/ada/intro-call/", headers=english).content.decode()
    own = client.get("/ada/", headers=english).content.decode()
    told = client.get("/api/v1/profiles/ada").json()

    for text in (page, own):
        assert "Ada Lovelace is away until Monday 7 December." in text
        assert "I am in the mountains." in text
    assert 'id="first-free" href="/ada/intro-call/?month=2026-12&amp;date=2026-12-07' in page
    assert told["away"] == {"until": "2026-12-07", "message": "I am in the mountains."}


@pytest.mark.usefixtures("present")
def test_a_day_in_it_says_so_instead_of_being_taken(client: Client) -> None:
    make_event_type()
    go_away("2026-12-07", "2026-12-11")

    page = client.get("/ada/intro-call/?date=2026-12-08", headers={"Accept-Language": "en-GB"})

    text = page.content.decode()
    assert "Ada Lovelace is away until Saturday 12 December." in text
    assert "Next free: Monday 14 December" in text
    assert "taken now" not in text
    assert client.get("/api/v1/profiles/ada").json()["away"] is None


@pytest.mark.usefixtures("present")
def test_a_window_that_lies_in_it_wholly_says_so(client: Client) -> None:
    make_event_type(booking_window_days=10)
    go_away("2026-11-30", "2027-01-31")

    text = client.get("/ada/intro-call/", headers={"Accept-Language": "en-GB"}).content.decode()

    assert "is away until Monday 1 February" in text
    assert "no free times until" not in text


@pytest.mark.usefixtures("present")
def test_a_form_that_was_open_when_the_host_went_away_says_so_and_offers_other_times(client: Client) -> None:
    make_event_type()
    go_away("2026-12-01", "2026-12-01")
    typed = {"slot": "2026-12-01T09:00+00:00", "tz": "UTC", "duration": "30", "key": "a-key-of-this-form"}

    answer = client.post("/ada/intro-call/", typed | {"name": "Ina Berg", "email": "ina@example.com"})

    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Ada Lovelace is away on this day" in page
    assert "2 December" in page or "December 2" in page
    assert not Booking.objects.exists()

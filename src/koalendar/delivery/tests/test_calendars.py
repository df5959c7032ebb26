"""Busy times come into the mirror, age there, and are never taken for free."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from koalendar import clock
from koalendar.accounts.models import AccountMail
from koalendar.booking import owed
from koalendar.booking.actions import cancel
from koalendar.booking.models import Booking, CalendarCopy, EventType
from koalendar.booking.openings import open_slots
from koalendar.connections.calendars import ignore, is_unknown
from koalendar.connections.mirror import keep
from koalendar.connections.models import Calendar, Connection, Credential
from koalendar.connections.provider import Reason
from koalendar.delivery import calendars
from koalendar.delivery.care import wake
from koalendar.delivery.outcomes import Done, Retry, Wait
from koalendar.delivery.worker import run_due
from koalendar.outbox.models import Entry
from koalendar.sandbox.server import Sandbox
from tests.busy import ADA, busy_calls, connect_calendars, primary, put, read
from tests.people import TUESDAY_NINE, ada, connect_google, make_booking, make_event_type, make_host, minutes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

DAY = timedelta(days=1)
TUESDAY = TUESDAY_NINE.date()


def shift_clock(settings: Any, by: timedelta) -> None:
    settings.KOALENDAR_CLOCK_OFFSET += by.total_seconds()


def offered(event_type: EventType, day: date = TUESDAY, *, now: datetime | None = None) -> list[str]:
    found = open_slots(event_type, duration=30, first=day, last=day, zone="UTC", now=now or clock.now())
    return [f"{start:%H:%M}" for start in found.get(day, [])]


# ── What blocks ──


def test_what_is_in_google_takes_its_time_and_nothing_else(sandbox: Sandbox) -> None:
    made = make_event_type()
    before = offered(made)
    put(sandbox, TUESDAY_NINE, minutes(60))
    connect_calendars(sandbox)
    assert offered(made) == [text for text in before if text not in ("09:00", "09:30")]


def test_it_is_widened_by_the_new_events_buffers_and_touching_is_free(sandbox: Sandbox) -> None:
    plain = make_event_type()
    buffered = make_event_type(slug="buffered", buffer_before=10, buffer_after=10)
    put(sandbox, TUESDAY_NINE + minutes(60), minutes(30))
    connect_calendars(sandbox)
    assert {"09:30", "10:30"} <= set(offered(plain))
    assert not {"09:30", "10:30"} & set(offered(buffered))
    assert {"09:00", "11:00"} <= set(offered(buffered))


def test_an_all_day_event_lasts_from_midnight_to_midnight_of_its_calendar(sandbox: Sandbox) -> None:
    made = make_event_type()
    ada().schedules.update(weekly={"tue": [["00:00", "24:00"]], "mon": [["00:00", "24:00"]]})
    # Ada's calendar is in Paris, an hour ahead of the UTC of her hours.
    sandbox.google.put_event(
        ADA, {"summary": "Off", "start": {"date": "2026-12-01"}, "end": {"date": "2026-12-02"}}, by="Ada"
    )
    connect_calendars(sandbox)
    assert offered(made, date(2026, 11, 30))[-1] == "22:30"
    assert offered(made) == ["23:00", "23:30"]


@pytest.mark.parametrize(
    ("zone", "day", "begin", "hours"),
    [
        ("Asia/Kathmandu", date(2026, 12, 1), datetime(2026, 11, 30, 18, 15, tzinfo=UTC), 24),
        ("America/New_York", date(2026, 12, 1), datetime(2026, 12, 1, 5, 0, tzinfo=UTC), 24),
        ("Europe/Paris", date(2027, 3, 28), datetime(2027, 3, 27, 23, 0, tzinfo=UTC), 23),
        ("America/New_York", date(2027, 11, 7), datetime(2027, 11, 7, 4, 0, tzinfo=UTC), 25),
    ],
)
def test_a_day_is_as_long_as_it_is_in_the_calendars_zone(
    sandbox: Sandbox, zone: str, day: date, begin: datetime, hours: int
) -> None:
    make_event_type(booking_window_days=365)
    connection = connect_calendars(sandbox)
    there = sandbox.google.add_calendar(ADA, "There", timezone=zone).calendar_id
    Connection.objects.update(listed_at=None)
    read(connection)
    Calendar.objects.filter(remote_id=there).update(blocks=True)
    times = {"start": {"date": day.isoformat()}, "end": {"date": (day + DAY).isoformat()}}
    sandbox.google.put_event(there, {"summary": "Off"} | times, by="Ada")
    read(connection)
    first = int(begin.timestamp()) // 60
    assert Calendar.objects.get(remote_id=there).busy == [first, first + hours * 60]


def test_pages_with_slots_call_nobody(sandbox: Sandbox, settings: Any, client: Client) -> None:
    make_event_type()
    connect_calendars(sandbox)
    before = len(sandbox.google.calls)
    for after in (0, 10, 60):
        shift_clock(settings, minutes(after))
        assert client.get("/ada/intro-call/").status_code == 200
        public_id = EventType.objects.get().public_id
        path = f"/api/v1/event-types/{public_id}/slots?start=2026-12-01&end=2026-12-02"
        assert client.get(path).status_code == 200
    assert len(sandbox.google.calls) == before


def test_what_is_shown_as_free_does_not_block(sandbox: Sandbox) -> None:
    put(sandbox, TUESDAY_NINE, transparency="transparent")
    connect_calendars(sandbox)
    assert primary().busy == []


def test_a_calendar_that_does_not_block_is_not_asked(sandbox: Sandbox) -> None:
    made = make_event_type()
    put(sandbox, TUESDAY_NINE)
    connection = connect_calendars(sandbox)
    Calendar.objects.update(blocks=False)
    asked = busy_calls(sandbox)
    read(connection)
    assert "09:00" in offered(made)
    assert busy_calls(sandbox) == asked


def test_another_hosts_calendar_takes_nothing_of_ada(sandbox: Sandbox) -> None:
    made = make_event_type()
    ben = make_host("Ben Blue")
    connect_calendars(sandbox, ben)
    put(sandbox, TUESDAY_NINE, calendar=ben.email)
    read(Connection.objects.get(host=ben))
    assert primary(ben).busy
    assert "09:00" in offered(made)


def test_any_of_several_hosts_leaves_out_who_is_busy_or_unknown(sandbox: Sandbox) -> None:
    shared = make_event_type(hosts_needed="any")
    ben = make_host("Ben Blue")
    shared.event_type_hosts.create(host=ben, schedule=ben.schedules.get())
    connect_calendars(sandbox)
    connect_calendars(sandbox, ben)
    put(sandbox, TUESDAY_NINE)
    read(Connection.objects.get(host=ada()))
    assert "09:00" in offered(shared)
    assert make_booking(shared).appointment.holds.get().host == ben

    Calendar.objects.filter(host=ben).update(read_at=None)
    assert "09:00" not in offered(shared)
    assert "10:00" in offered(shared)
    Calendar.objects.update(read_at=None)
    assert offered(shared) == []


def test_the_mirror_reaches_to_the_end_of_the_farthest_booking_window(sandbox: Sandbox) -> None:
    made = make_event_type(booking_window_days=200)
    ada().schedules.update(
        weekly={day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    )
    late = datetime(2027, 6, 15, 9, 0, tzinfo=UTC)
    put(sandbox, late)
    connect_calendars(sandbox)
    times = offered(made, late.date())
    assert "08:30" in times
    assert "09:00" not in times
    last = date(2027, 6, 18)
    assert offered(made, last)[-1] == "23:30"


def test_beyond_what_was_read_nothing_is_free(sandbox: Sandbox) -> None:
    made = make_event_type(booking_window_days=14)
    connection = connect_calendars(sandbox)
    EventType.objects.update(booking_window_days=200)
    made.refresh_from_db()
    late = date(2027, 6, 15)
    assert offered(made)
    assert offered(made, late) == []
    entry = Entry.objects.get(kind=owed.CALENDARS, subject=str(connection.pk))
    assert entry.due_at is not None
    assert entry.due_at <= clock.now(), "whoever looks beyond it has it read"
    run_due()
    assert offered(made, late)


# ── Our own events ──


def copy_of(booking: Booking, connection: Connection, **fields: Any) -> CalendarCopy:
    """An event of ours as it was told to Google."""
    told: dict[str, Any] = {
        "state": CalendarCopy.State.PRESENT,
        "told_start": booking.appointment.start,
        "told_end": booking.appointment.end,
    }
    calendar = Calendar.objects.get(connection=connection, is_primary=True)
    place = {
        "credential": connection.credential,
        "calendar": calendar,
        "remote_calendar_id": calendar.remote_id,
        "remote_id": "0123456789",
    }
    copy, _is_new = CalendarCopy.objects.update_or_create(
        appointment=booking.appointment, host=connection.host, defaults=place | told | fields
    )
    return copy


def test_our_event_never_blocks_twice(sandbox: Sandbox) -> None:
    made = make_event_type()
    connection = connect_calendars(sandbox)
    booking = make_booking(made)
    copy_of(booking, connection)
    put(sandbox, TUESDAY_NINE)
    put(sandbox, TUESDAY_NINE + minutes(30))
    read(connection)
    nine_thirty = (TUESDAY_NINE + minutes(30)).timestamp() // 60
    assert primary().busy == [nine_thirty, nine_thirty + 30], "Google tells both as one"

    cancel(booking, by=Booking.By.HOST, now=clock.now())
    read(connection)
    assert "09:00" in offered(made), "the time is free at once, although the event is still there"


def test_our_event_does_not_block_through_another_account_that_sees_its_calendar(sandbox: Sandbox) -> None:
    mine = connect_calendars(sandbox)
    copy_of(make_booking(), mine)
    sandbox.google.add_user("work@example.com", "Ada at work")
    sandbox.google.share(ADA, "work@example.com", "reader")
    work = connect_calendars(sandbox, user="work@example.com")
    work.calendars.filter(remote_id=ADA).update(blocks=True)
    put(sandbox, TUESDAY_NINE)
    read(work)
    seen = work.calendars.get(remote_id=ADA)
    assert (seen.read_at is not None, seen.busy) == (True, [])


def test_an_event_whose_insert_is_on_its_way_is_ours_already(sandbox: Sandbox) -> None:
    connection = connect_calendars(sandbox)
    state = CalendarCopy.State.INSERT_PENDING
    copy_of(make_booking(), connection, state=state, told_start=None, told_end=None)
    put(sandbox, TUESDAY_NINE)
    read(connection)
    assert primary().busy == []


def test_a_time_to_which_somebody_moved_our_event_is_busy(sandbox: Sandbox) -> None:
    connection = connect_calendars(sandbox)
    moved = TUESDAY_NINE + minutes(120)
    copy_of(make_booking(), connection, seen_start=moved, seen_end=moved + minutes(30))
    put(sandbox, moved)
    read(connection)
    assert len(primary().busy) == 2


def test_an_event_that_is_gone_is_not_ours_to_take_out(sandbox: Sandbox) -> None:
    connection = connect_calendars(sandbox)
    copy_of(make_booking(), connection, state=CalendarCopy.State.GONE)
    put(sandbox, TUESDAY_NINE)
    read(connection)
    assert len(primary().busy) == 2


def test_the_same_account_of_two_hosts_blocks_for_the_other_what_one_has_booked(sandbox: Sandbox) -> None:
    mine = connect_calendars(sandbox)
    ben = make_host("Ben Blue")
    bens = connect_calendars(sandbox, ben, user=ADA)
    copy_of(make_booking(), mine)
    put(sandbox, TUESDAY_NINE)
    for connection in (mine, bens):
        read(connection)
    assert primary().busy == []
    assert len(primary(ben).busy) == 2


# ── Unknown is not free ──


def test_never_read_offers_nothing_and_is_said(sandbox: Sandbox) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    Calendar.objects.update(read_at=None, read_from=None, read_until=None, busy=[])
    assert offered(made) == []


def test_a_mirror_counts_for_its_age_and_not_a_moment_longer(sandbox: Sandbox, settings: Any) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    read_at = primary().read_at
    assert read_at is not None
    oldest = read_at + timedelta(seconds=settings.KOALENDAR_BUSY_MAX_AGE)
    assert offered(made, now=oldest)
    assert offered(made, now=oldest + timedelta(seconds=1)) == []


def test_one_calendar_that_does_not_tell_is_unknown_and_the_others_are_read(
    sandbox: Sandbox, settings: Any
) -> None:
    made = make_event_type()
    extra = sandbox.google.add_calendar(ADA, "Band")
    connection = connect_calendars(sandbox)
    Calendar.objects.filter(remote_id=extra.calendar_id).update(blocks=True)
    read(connection)
    sandbox.google.set_trouble(extra.calendar_id, "internalError")
    put(sandbox, TUESDAY_NINE)
    shift_clock(settings, minutes(10))
    assert isinstance(read(connection), Wait)
    row = Calendar.objects.get(remote_id=extra.calendar_id)
    assert row.problem == Reason.SERVER_ERROR
    assert row.problem_since is not None
    assert len(primary().busy) == 2
    assert offered(made), "what was read before counts for its age"
    shift_clock(settings, minutes(25))
    read(connection)
    assert offered(made) == []


def test_what_lasts_is_told_once_and_ends_by_itself(sandbox: Sandbox, settings: Any) -> None:
    make_event_type()
    connection = connect_calendars(sandbox)
    sandbox.google.set_trouble(ADA, "internalError")
    for _ in range(6):
        shift_clock(settings, minutes(10))
        read(connection)
        run_due()
    connection.refresh_from_db()
    assert (connection.state, connection.problem) == ("attention", Reason.CALENDAR_UNREADABLE)
    assert AccountMail.objects.count() == 1

    sandbox.google.set_trouble(ADA, "")
    shift_clock(settings, minutes(1))
    read(connection)
    connection.refresh_from_db()
    assert (connection.state, connection.problem, primary().problem) == ("active", "", "")


def test_the_host_may_go_on_without_it_until_it_is_read_again(sandbox: Sandbox, settings: Any) -> None:
    made = make_event_type()
    connection = connect_calendars(sandbox)
    put(sandbox, TUESDAY_NINE)
    shift_clock(settings, minutes(40))
    assert offered(made) == []
    assert ignore(primary(), clock.now())
    assert "09:00" in offered(made)
    shift_clock(settings, minutes(1))
    read(connection)
    assert "09:00" not in offered(made)
    assert offered(made)


def test_a_calendar_that_is_gone_is_looked_for_in_the_list_and_blocks(
    sandbox: Sandbox, settings: Any
) -> None:
    made = make_event_type()
    extra = sandbox.google.add_calendar(ADA, "Band")
    connection = connect_calendars(sandbox)
    Calendar.objects.filter(remote_id=extra.calendar_id).update(blocks=True)
    read(connection)
    assert offered(made)
    sandbox.google.set_trouble(extra.calendar_id, "notFound")
    user = sandbox.google.user(ADA)
    del sandbox.google.lists[user.id][extra.calendar_id]
    read(connection)
    row = Calendar.objects.get(remote_id=extra.calendar_id)
    assert row.gone_at is not None
    assert is_unknown(row, clock.now())
    assert offered(made) == []


def test_an_older_answer_never_replaces_a_newer_one(sandbox: Sandbox) -> None:
    connect_calendars(sandbox)
    calendar, now = primary(), clock.now()
    assert keep(calendar, [1, 2], read_at=now + minutes(2), begin=now, end=now + DAY)
    assert not keep(calendar, [3, 4], read_at=now + minutes(1), begin=now, end=now + DAY)
    assert primary().busy == [1, 2]


# ── When it is read ──


def test_it_comes_again_soon_only_while_somebody_looks(sandbox: Sandbox, settings: Any) -> None:
    connection = connect_calendars(sandbox)
    now = clock.now()
    assert calendars._pause(connection, now) == minutes(20)
    Connection.objects.update(asked_at=now - minutes(14))
    assert calendars._pause(connection, now) == minutes(5)
    Connection.objects.update(asked_at=now - minutes(16))
    assert calendars._pause(connection, now) == minutes(20)
    settings.KOALENDAR_BUSY_MAX_AGE = 300
    assert calendars._pause(connection, now) == timedelta(seconds=200)


def test_whoever_looks_has_an_old_mirror_read_and_is_noted_now_and_then(
    sandbox: Sandbox, settings: Any, django_assert_num_queries: Any
) -> None:
    made = make_event_type()
    connection = connect_calendars(sandbox)
    run_due()
    asked = busy_calls(sandbox)
    offered(made)
    assert Connection.objects.get().asked_at is None, "what is fresh needs nobody"

    shift_clock(settings, minutes(6))
    offered(made)
    noted = Connection.objects.get().asked_at
    assert noted is not None
    run_due()
    assert busy_calls(sandbox) > asked

    sandbox.google.fail_next("server_error", path="/freeBusy", times=50)
    shift_clock(settings, minutes(6))
    offered(made)
    run_due()
    shift_clock(settings, minutes(1))
    seats = tuple(made.event_type_hosts.select_related("schedule", "host__profile"))
    assert seats
    with django_assert_num_queries(3):
        offered(made)
    assert connection.pk == Connection.objects.get().pk


def test_whoever_looks_at_a_broken_account_writes_nothing(
    sandbox: Sandbox, settings: Any, django_assert_num_queries: Any
) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    Connection.objects.update(state=Connection.State.BROKEN)
    for passed in (minutes(6), minutes(60)):
        shift_clock(settings, passed)
        with django_assert_num_queries(3):
            offered(made)


def test_trouble_is_tried_again_no_later_than_usual(sandbox: Sandbox) -> None:
    connection = connect_calendars(sandbox)
    Entry.objects.update(attempts=30)
    sandbox.google.fail_next("server_error", path="/freeBusy", times=50)
    outcome = read(connection)
    assert isinstance(outcome, Retry)
    assert outcome.after is not None
    assert outcome.after <= calendars.SELDOM
    assert primary().problem == Reason.SERVER_ERROR


def test_a_permission_that_is_missing_is_known_of_the_connection(sandbox: Sandbox) -> None:
    connection = connect_calendars(sandbox)
    sandbox.google.fail_next("insufficient_scopes", path="/freeBusy")
    assert isinstance(read(connection), Wait)
    connection.refresh_from_db()
    assert connection.problem == Reason.MISSING_SCOPE
    assert primary().problem == Reason.MISSING_SCOPE


def test_a_list_that_is_refused_keeps_no_calendar_from_being_read(sandbox: Sandbox, settings: Any) -> None:
    connection = connect_calendars(sandbox)
    put(sandbox, TUESDAY_NINE)
    shift_clock(settings, DAY)
    asked = sum("calendarList" in call.path for call in sandbox.google.calls)
    sandbox.google.fail_next("insufficient_scopes", path="/calendarList$")
    for _ in range(2):
        assert isinstance(read(connection), Wait)
        connection.refresh_from_db()
    assert sum("calendarList" in call.path for call in sandbox.google.calls) == asked + 1
    assert connection.problem == Reason.MISSING_SCOPE
    assert (len(primary().busy), primary().problem) == (2, "")


def test_a_list_that_could_not_be_read_is_read_next_time(sandbox: Sandbox) -> None:
    connection = connect_google(sandbox)
    sandbox.google.fail_next("server_error", path="/calendarList$")
    assert isinstance(read(connection), Retry)
    assert not Calendar.objects.exists()
    assert isinstance(read(connection), Wait)
    assert primary().read_at is not None

    put(sandbox, TUESDAY_NINE)
    Connection.objects.update(listed_at=None)
    sandbox.google.fail_next("server_error", path="/calendarList$")
    assert isinstance(read(connection), Retry)
    assert (len(primary().busy), primary().problem) == (2, ""), "the known ones are read all the same"


def test_an_account_that_was_removed_is_told_and_asked_no_more(sandbox: Sandbox) -> None:
    made = make_event_type()
    connection = connect_calendars(sandbox)
    sandbox.google.revoke_user(ADA)
    assert isinstance(read(connection), Done)
    connection.refresh_from_db()
    assert connection.state == Connection.State.BROKEN
    assert offered(made), "what was read counts for its age"
    assert isinstance(read(connection), Done)
    run_due()
    assert AccountMail.objects.count() == 1


def test_entries_that_are_missing_are_made_and_others_left(sandbox: Sandbox) -> None:
    connection = connect_calendars(sandbox)
    Entry.objects.all().delete()
    wake(now=clock.now())
    assert Entry.objects.filter(kind=owed.CALENDARS, subject=str(connection.pk)).exists()
    version = Entry.objects.get(kind=owed.CALENDARS).version
    wake(now=clock.now())
    assert Entry.objects.get(kind=owed.CALENDARS).version == version


def test_the_token_outlasts_the_time_to_the_next_visit(sandbox: Sandbox) -> None:
    """Bookings ask with the token that is there."""
    connection = connect_calendars(sandbox)
    fence = Credential.objects.get().fence
    read(connection)
    assert Credential.objects.get().fence == fence, "an hour is long enough"
    Credential.objects.update(expires_at=clock.now() + minutes(30))
    sandbox.google.fail_next("oauth_unavailable", path="/token$", times=1)
    assert isinstance(read(connection), Wait), "no trouble while it lives"
    assert primary().problem == ""
    read(connection)
    expires_at = Credential.objects.get().expires_at
    assert expires_at is not None
    assert expires_at > clock.now() + minutes(40)


def test_an_expired_token_is_renewed_by_the_worker(sandbox: Sandbox) -> None:
    connection = connect_calendars(sandbox)
    sandbox.google.expire_access(ADA)
    Credential.objects.update(expires_at=clock.now() - minutes(1))
    put(sandbox, TUESDAY_NINE)
    read(connection)
    assert len(primary().busy) == 2

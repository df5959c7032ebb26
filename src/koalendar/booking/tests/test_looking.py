"""Before a booking the calendars are asked; what they don't answer, the mirror does, by its age."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from koalendar import clock
from koalendar.booking import looking, owed
from koalendar.booking.actions import Wish, book, cancel, owe_meetings, reschedule
from koalendar.booking.busy import NO_LOOK
from koalendar.booking.errors import OutsideRules, SlotTaken
from koalendar.booking.models import Booking, EventType, Happening, Message
from koalendar.booking.openings import open_slots
from koalendar.booking.queries import is_in_conflict
from koalendar.booking.tests.test_races import at_once
from koalendar.connections.calendars import ignore
from koalendar.connections.glance import glance
from koalendar.connections.models import Calendar, Connection, Credential
from koalendar.delivery.conflict import look_for_conflict
from koalendar.delivery.outcomes import Done, Retry
from koalendar.delivery.worker import run_due
from koalendar.outbox.models import Entry
from koalendar.sandbox.server import Sandbox
from tests.busy import ADA, busy_calls, connect_calendars, primary, put, read
from tests.people import TUESDAY_NINE, ada, connect_google, make_event_type, make_host, make_wish, minutes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]


def asked(event_type: EventType, **wish: Any) -> Booking:
    """As every page and program books."""
    wanted: Wish = make_wish(**wish)
    now = clock.now()
    seen = looking.look(event_type, start=wanted.start, duration=wanted.duration, now=now)
    return book(event_type, wanted, now=now, seen=seen)


def moved(booking: Booking, start: Any) -> Booking:
    now = clock.now()
    seen = looking.look_for(booking.appointment, start=start, now=now)
    return reschedule(booking, start=start, by=Booking.By.HOST, now=now, seen=seen)


def is_offered(event_type: EventType, start: Any = TUESDAY_NINE) -> bool:
    day = start.date()
    found = open_slots(event_type, duration=30, first=day, last=day, zone="UTC", now=clock.now())
    return start in found.get(day, [])


def conflict_entry() -> Entry | None:
    return Entry.objects.filter(kind=owed.CONFLICT).first()


def conflict_subject() -> str:
    entry = conflict_entry()
    assert entry is not None
    return entry.subject


# ── Answered ──


def test_what_was_typed_into_google_a_moment_ago_is_not_booked_over(sandbox: Sandbox) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    put(sandbox, TUESDAY_NINE)
    assert is_offered(made), "nobody has read it yet"
    with pytest.raises(SlotTaken):
        asked(made)
    assert not Booking.objects.exists()
    assert not is_offered(made), "what the look has found is kept"


def test_what_has_just_gone_from_google_is_free(sandbox: Sandbox) -> None:
    made = make_event_type()
    event = put(sandbox, TUESDAY_NINE)
    connect_calendars(sandbox)
    assert not is_offered(made)
    sandbox.google.delete_event(ADA, event.id, by="Ada")
    assert asked(made).is_live


def test_it_asks_about_exactly_what_the_appointment_would_take(sandbox: Sandbox) -> None:
    made = make_event_type(buffer_before=15, buffer_after=10)
    connect_calendars(sandbox)
    before = len(sandbox.google.exchanges)
    asked(made)
    told = [each for each in list(sandbox.google.exchanges)[before:] if each.path.endswith("/freeBusy")]
    assert len(told) == 1
    assert "2026-12-01T08:45:00Z" in told[0].request_body
    assert "2026-12-01T09:40:00Z" in told[0].request_body


def test_a_buffer_counts_as_for_the_slots(sandbox: Sandbox) -> None:
    made = make_event_type(buffer_after=15)
    connect_calendars(sandbox)
    put(sandbox, TUESDAY_NINE + minutes(40))
    with pytest.raises(SlotTaken):
        asked(made)
    assert asked(make_event_type(slug="plain")).is_live


def test_an_answer_counts_although_the_mirror_is_too_old(sandbox: Sandbox) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    Calendar.objects.update(read_at=clock.now() - minutes(40))
    assert not is_offered(made)
    assert asked(made).is_live
    assert conflict_entry() is None


def test_a_booking_that_is_moved_is_not_in_its_own_way(sandbox: Sandbox) -> None:
    made = make_event_type(durations=[60])
    connection = connect_calendars(sandbox)
    booking = asked(made, duration=60)
    there = {
        "credential": connection.credential,
        "calendar": primary(),
        "remote_calendar_id": ADA,
        "remote_id": "0123456789",
        "state": "present",
        "told_start": booking.appointment.start,
        "told_end": booking.appointment.end,
    }
    booking.appointment.calendar_copies.update_or_create(host=ada(), defaults=there)
    put(sandbox, TUESDAY_NINE, minutes(60))
    assert moved(booking, TUESDAY_NINE + minutes(30)).appointment.start == TUESDAY_NINE + minutes(30)
    put(sandbox, TUESDAY_NINE + minutes(180))
    with pytest.raises(SlotTaken):
        moved(booking, TUESDAY_NINE + minutes(150))


def test_all_accounts_are_asked_at_once(sandbox: Sandbox, settings: Any) -> None:
    settings.KOALENDAR_BUSY_LOOK = 5
    shared = make_event_type()
    connect_calendars(sandbox)
    for name in ("Ben Blue", "Cleo Cyan"):
        host = make_host(name)
        shared.event_type_hosts.create(host=host, schedule=host.schedules.get())
        sandbox.google.add_user(host.email, name)
        connect_calendars(sandbox, host)
    sandbox.google.fail_next(kind="slow", path="/freeBusy$", seconds=0.6, times=3)
    began = time.monotonic()
    found = looking.look(shared, start=TUESDAY_NINE, duration=30, now=clock.now())
    assert (len(found.answered), found.unanswered) == (3, frozenset())
    assert time.monotonic() - began < 1.8, "one after another would take longer"


# ── Nobody to ask ──


def test_without_a_calendar_it_costs_one_small_query(
    sandbox: Sandbox, django_assert_num_queries: Callable[..., Any]
) -> None:
    made = make_event_type()
    threads = threading.active_count()
    with django_assert_num_queries(1):
        found = looking.look(made, start=TUESDAY_NINE, duration=30, now=clock.now())
    assert found == NO_LOOK
    assert threading.active_count() == threads
    assert not sandbox.google.calls


@pytest.mark.parametrize("after", [-1, 0, 60 * 24 * 90])
def test_what_cannot_be_booked_anyway_asks_nobody(sandbox: Sandbox, after: int) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    before = busy_calls(sandbox)
    now = clock.now()
    assert looking.look(made, start=now + minutes(after), duration=30, now=now) == NO_LOOK
    assert busy_calls(sandbox) == before


def test_a_calendar_that_the_host_does_not_wait_for_is_not_asked(sandbox: Sandbox) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    Calendar.objects.update(read_at=clock.now() - minutes(40))
    assert ignore(primary(), clock.now())
    before = busy_calls(sandbox)
    assert asked(made).is_live
    assert busy_calls(sandbox) == before
    assert conflict_entry() is None


# ── Unanswered ──


def silent(sandbox: Sandbox, *, times: int = 50) -> None:
    sandbox.google.fail_next("drop", path="/freeBusy$", times=times)


def slow(sandbox: Sandbox) -> None:
    sandbox.google.fail_next(kind="slow", path="/freeBusy$", seconds=1.5, times=1)


def refused(sandbox: Sandbox) -> None:
    sandbox.google.fail_next("server_error", path="/freeBusy$", times=50)


def garbled(sandbox: Sandbox) -> None:
    sandbox.google.fail_next("not_json", path="/freeBusy$", times=50)


def untold(sandbox: Sandbox) -> None:
    sandbox.google.set_trouble(ADA, "internalError")


def expired(sandbox: Sandbox) -> None:
    Credential.objects.update(expires_at=clock.now())


def broken(sandbox: Sandbox) -> None:
    Connection.objects.update(state=Connection.State.BROKEN)


@pytest.mark.parametrize("trouble", [silent, slow, refused, garbled, untold, expired, broken])
def test_unanswered_the_mirror_decides_and_a_conflict_is_looked_for(
    sandbox: Sandbox, settings: Any, trouble: Callable[[Sandbox], None]
) -> None:
    settings.KOALENDAR_BUSY_LOOK = 0.5
    made = make_event_type()
    put(sandbox, TUESDAY_NINE + minutes(60))
    connect_calendars(sandbox)
    trouble(sandbox)
    began = time.monotonic()
    assert asked(made).is_live
    assert time.monotonic() - began < 1.3
    assert conflict_entry() is not None
    with pytest.raises(SlotTaken):
        asked(make_event_type(slug="other"), start=TUESDAY_NINE + minutes(60))


def test_a_refused_token_is_neither_renewed_nor_marked_by_a_look(sandbox: Sandbox) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    sandbox.google.expire_access(ADA)
    fence = Credential.objects.get().fence
    asked(made)
    assert Credential.objects.get().fence == fence
    assert Connection.objects.get().state == Connection.State.ACTIVE


def test_unanswered_and_too_old_is_refused_and_said(sandbox: Sandbox) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    Calendar.objects.update(read_at=clock.now() - minutes(40))
    silent(sandbox)
    with pytest.raises(OutsideRules) as refusal:
        asked(made)
    assert refusal.value.which == "calendar"


def test_moving_is_the_same(sandbox: Sandbox) -> None:
    made = make_event_type()
    connect_calendars(sandbox)
    booking = asked(made)
    silent(sandbox)
    moved(booking, TUESDAY_NINE + minutes(60))
    assert conflict_entry() is not None


# ── The conflict ──


def doubtful(sandbox: Sandbox, **event_type: Any) -> Booking:
    """A booking that was taken while Google did not answer."""
    connect_calendars(sandbox)
    sandbox.google.fail_next("drop", path="/freeBusy$", times=1)
    return asked(make_event_type(**event_type))


def told() -> list[Message]:
    return list(Message.objects.filter(kind=Message.Kind.CONFLICT))


def test_it_is_asked_until_google_answers_and_the_host_is_told_once(sandbox: Sandbox) -> None:
    booking = doubtful(sandbox)
    subject, now = conflict_subject(), clock.now()
    put(sandbox, TUESDAY_NINE + minutes(10))
    sandbox.google.fail_next("server_error", path="/freeBusy$", times=1)
    assert isinstance(look_for_conflict(subject, now=now), Retry)
    assert not told()
    for _ in range(2):
        assert isinstance(look_for_conflict(subject, now=now), Done)
    assert [message.recipient for message in told()] == [ada().email]
    assert Happening.objects.filter(kind=Happening.Kind.CONFLICT).count() == 1
    booking.refresh_from_db()
    assert booking.status == Booking.Status.CONFIRMED
    assert is_in_conflict(booking, now=now)


def test_what_is_ours_or_only_touches_is_no_conflict(sandbox: Sandbox) -> None:
    doubtful(sandbox, buffer_after=15)
    put(sandbox, TUESDAY_NINE + minutes(30))
    put(sandbox, TUESDAY_NINE - minutes(30))
    assert isinstance(look_for_conflict(conflict_subject(), now=clock.now()), Done)
    assert not told()


def test_a_calendar_that_says_nothing_is_asked_again(sandbox: Sandbox) -> None:
    doubtful(sandbox)
    sandbox.google.set_trouble(ADA, "internalError")
    assert isinstance(look_for_conflict(conflict_subject(), now=clock.now()), Retry)


def test_a_booking_that_has_ended_is_not_looked_into(sandbox: Sandbox) -> None:
    booking = doubtful(sandbox)
    put(sandbox, TUESDAY_NINE)
    cancel(booking, by=Booking.By.HOST, now=clock.now())
    assert isinstance(look_for_conflict(conflict_subject(), now=clock.now()), Done)
    assert not told()


def test_an_account_that_is_broken_is_asked_once_it_is_connected_again(sandbox: Sandbox) -> None:
    booking = doubtful(sandbox)
    subject = conflict_subject()
    put(sandbox, TUESDAY_NINE)
    sandbox.google.revoke_user(ADA)
    assert isinstance(look_for_conflict(subject, now=clock.now()), Retry)
    assert Connection.objects.get().state == Connection.State.BROKEN
    run_due()
    run_due()
    account = Credential.objects.get()
    assert owed.is_looked_for(booking.appointment, account.pk)
    Entry.objects.filter(kind=owed.CONFLICT).update(due_at=clock.now() + timedelta(hours=1))
    connect_google(sandbox)
    owe_meetings(ada(), now=clock.now())
    run_due()
    assert len(told()) == 1


def test_the_mail_says_how_that_came_and_leads_to_the_booking(sandbox: Sandbox) -> None:
    booking = doubtful(sandbox)
    put(sandbox, TUESDAY_NINE)
    run_due()
    (mail,) = [row for row in sandbox.mailbox.messages if row.subject.startswith("Busy at the same time")]
    assert mail.to == [ada().email]
    assert "When Ina Berg took this time, your calendar did not answer" in " ".join(mail.text.split())
    assert f"/dashboard/bookings/{booking.uid}/" in mail.text
    assert "BEGIN:VCALENDAR" not in mail.calendar


def test_once_moved_it_is_in_conflict_no_more(sandbox: Sandbox) -> None:
    booking = doubtful(sandbox)
    put(sandbox, TUESDAY_NINE)
    look_for_conflict(conflict_subject(), now=clock.now())
    booking = moved(booking, TUESDAY_NINE + minutes(120))
    assert not is_in_conflict(booking, now=clock.now())


def test_no_event_of_ours_is_made_before_google_was_asked(sandbox: Sandbox) -> None:
    booking = doubtful(sandbox)
    account = Credential.objects.get().pk
    assert owed.is_looked_for(booking.appointment, account)
    run_due()
    assert not owed.is_looked_for(booking.appointment, account)


def test_an_account_that_does_not_answer_holds_up_no_event_in_another(sandbox: Sandbox) -> None:
    """Nor is that one asked less for it."""
    made = make_event_type()
    connect_calendars(sandbox)
    sandbox.google.add_user("work@example.com", "Ada at work")
    other = connect_calendars(sandbox, user="work@example.com")
    Connection.objects.filter(pk=other.pk).update(state=Connection.State.BROKEN)
    booking = asked(made)
    run_due()
    assert [event for event in sandbox.google.events[ADA].values() if not event.cancelled]
    assert owed.is_looked_for(booking.appointment, other.credential_id)


# ── Many at once ──


def test_of_many_who_ask_for_one_time_while_google_is_slow_one_wins(sandbox: Sandbox, settings: Any) -> None:
    settings.KOALENDAR_BUSY_LOOK = 3
    made = make_event_type()
    connect_calendars(sandbox)
    sandbox.google.fail_next(kind="slow", path="/freeBusy$", seconds=0.2, times=100)
    outcomes = at_once(8, lambda _number: asked(made))
    assert outcomes["SlotTaken"] == 7
    assert Booking.objects.filter(status=Booking.Status.CONFIRMED).count() == 1
    database.close()


def test_a_look_waits_in_no_transaction(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither without a key nor with one, which stores the answer with the work."""
    from koalendar.web.api.tests.conftest import Program, asks

    made = make_event_type()
    connect_calendars(sandbox)
    seen: list[bool] = []

    def watched(*args: Any, **how: Any) -> Any:
        seen.append(database.in_atomic_block)
        return glance(*args, **how)

    monkeypatch.setattr(looking, "glance", watched)
    stranger = Program()
    first = stranger.post("/bookings", asks(made.public_id))
    second = stranger.post(
        "/bookings", asks(made.public_id, "2026-12-01T10:00:00Z"), Idempotency_Key="a" * 16
    )
    assert (first.status, second.status) == (201, 201)
    token = {"X_Booking_Token": first.json["token"], "Idempotency_Key": "b" * 16}
    third = stranger.post(
        f"/bookings/{first.json['uid']}/reschedule", {"start": "2026-12-01T11:00:00Z"}, **token
    )
    assert third.status == 200
    assert seen == [False] * 3


def test_the_api_says_why(sandbox: Sandbox) -> None:
    from koalendar.web.api.tests.conftest import Program, asks

    made = make_event_type()
    connect_calendars(sandbox)
    stranger = Program()
    put(sandbox, TUESDAY_NINE)
    taken = stranger.post("/bookings", asks(made.public_id))
    assert (taken.code, taken.json["reason"]) == ("slot_unavailable", "taken")
    Calendar.objects.update(read_at=clock.now() - minutes(40))
    slots = stranger.get(f"/event-types/{made.public_id}/slots?start=2026-12-01&end=2026-12-02")
    assert slots.json["days"] == []
    sandbox.google.set_trouble(ADA, "internalError")
    unreadable = stranger.post("/bookings", asks(made.public_id, "2026-12-01T10:00:00Z"))
    assert (unreadable.code, unreadable.json["reason"]) == ("slot_unavailable", "calendar")


def test_what_a_read_has_found_stays_when_a_look_adds_to_it(sandbox: Sandbox) -> None:
    made = make_event_type()
    put(sandbox, TUESDAY_NINE + timedelta(days=1))
    connection = connect_calendars(sandbox)
    put(sandbox, TUESDAY_NINE)
    with pytest.raises(SlotTaken):
        asked(made)
    assert len(primary().busy) == 4
    entry = Entry.objects.get(kind=owed.CALENDARS, subject=str(connection.pk))
    assert entry.due_at is not None
    assert entry.due_at <= clock.now() + timedelta(seconds=2)
    read(connection)
    assert len(primary().busy) == 4

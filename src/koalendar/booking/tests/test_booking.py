"""Booking, rescheduling and cancelling: what changes, what is owed, and what is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from koalendar.booking.actions import Invitee, OnceOnly, book, cancel, owe_meetings, reschedule
from koalendar.booking.errors import KeyReused, OutsideRules, SlotTaken, TooManyMails, WrongState
from koalendar.booking.models import Booking, EventType, Hold, Meeting, Message
from koalendar.outbox.models import Entry
from tests.people import (
    NOW,
    TUESDAY_NINE,
    ada,
    make_booking,
    make_connection,
    make_event_type,
    make_host,
    make_wish,
    minutes,
)

pytestmark = pytest.mark.django_db

INVITEE, HOST = Booking.By.INVITEE, Booking.By.HOST


def due(kind: str) -> list[str]:
    return list(Entry.objects.filter(kind=kind, due_at__isnull=False).values_list("subject", flat=True))


def test_a_booking_owes_its_meeting_and_a_mail_to_each_side() -> None:
    booking = make_booking(guests=["max@example.com"])
    assert booking.status == Booking.Status.CONFIRMED
    assert due("meeting") == [str(booking.appointment.pk)]
    told = booking.messages.values_list("audience", "recipient", "kind")
    assert set(told) == {
        ("invitee", "ina@example.com", "booked"),
        ("host", "ada@example.com", "booked"),
        ("guest", "max@example.com", "booked"),
    }
    assert len(due("mail")) == 3


def test_a_guest_who_is_named_twice_is_told_once() -> None:
    booking = make_booking(guests=["max@example.com", "max@example.com"])
    assert booking.messages.filter(audience="guest").count() == 1


def test_a_booking_asks_the_database_little_however_many_are_told_of_it(
    django_assert_max_num_queries: Any,
) -> None:
    make_connection()
    event_type = EventType.objects.get(pk=make_event_type(reminders=[60, 120, 240]).pk)
    now = TUESDAY_NINE - timedelta(days=1)
    with django_assert_max_num_queries(20):  # Savepoints of the tests' own included.
        booking = make_booking(event_type, now=now, guests=["max@example.com", "eva@example.com"])
    assert booking.messages.count() == 4 * 4


def test_a_booking_at_no_provider_owes_no_meeting() -> None:
    booking = make_booking(location={"kind": "phone", "who_calls": "host", "number": "+33 1 23"})
    assert due("meeting") == []
    assert not booking.appointment.meetings.exists()


def test_the_meeting_of_a_booking_waits_in_the_lane_of_its_account() -> None:
    connection = make_connection()
    make_booking()
    assert Entry.objects.get(kind="meeting").lane == f"credential:{connection.credential_id}"


def test_the_same_time_cannot_be_booked_twice() -> None:
    event_type = make_event_type()
    make_booking(event_type)
    with pytest.raises(SlotTaken):
        make_booking(event_type)
    assert Booking.objects.count() == 1


def test_what_a_host_is_held_for_counts_for_all_event_types() -> None:
    make_booking(make_event_type(buffer_after=30))
    other = make_event_type(title="Other", slug="other", slot_step=15)
    with pytest.raises(SlotTaken):
        make_booking(other, start=TUESDAY_NINE + minutes(45))
    assert make_booking(other, start=TUESDAY_NINE + minutes(60))


@pytest.mark.parametrize(
    ("fields", "wish", "which"),
    [
        ({"minimum_notice": 60 * 26}, {}, "notice"),
        ({"booking_window_days": 1}, {"start": TUESDAY_NINE + timedelta(days=1)}, "window"),
        ({"max_per_day": 1}, {"start": TUESDAY_NINE + minutes(30)}, "limit"),
        ({}, {"start": TUESDAY_NINE - minutes(60)}, "hours"),
        ({}, {"start": TUESDAY_NINE + minutes(7)}, "hours"),
        ({}, {"start": TUESDAY_NINE + timedelta(seconds=20)}, "hours"),
        ({}, {"duration": 45}, "hours"),
        ({}, {"start": TUESDAY_NINE - timedelta(days=7)}, "notice"),
        ({"active": False}, {}, "inactive"),
    ],
)
def test_a_start_that_is_not_offered_is_refused_with_the_rule_that_forbids_it(
    fields: dict[str, Any], wish: dict[str, Any], which: str
) -> None:
    event_type = make_event_type(**fields)
    if which == "limit":
        make_booking(event_type)
    before = Booking.objects.count()
    with pytest.raises(OutsideRules) as refusal:
        make_booking(event_type, **wish)
    assert refusal.value.which == which
    assert Booking.objects.count() == before


def test_an_event_type_that_was_deleted_meanwhile_offers_nothing() -> None:
    event_type = make_event_type()
    wish = make_wish()
    EventType.objects.get().delete()
    with pytest.raises(OutsideRules) as refusal:
        book(event_type, wish, now=NOW)
    assert refusal.value.which == "inactive"


def test_a_request_sent_twice_gives_the_same_booking() -> None:
    event_type = make_event_type()
    once = OnceOnly(caller="form:x", key="k", request_hash="h")
    first = book(event_type, make_wish(), now=NOW, once=once)
    second = book(event_type, make_wish(), now=NOW, once=once)
    assert first.pk == second.pk
    assert Message.objects.filter(kind="booked").count() == 2


def test_a_key_that_came_with_another_request_is_refused() -> None:
    event_type = make_event_type()
    book(event_type, make_wish(), now=NOW, once=OnceOnly("form:x", "k", "h"))
    with pytest.raises(KeyReused):
        book(event_type, make_wish(), now=NOW, once=OnceOnly("form:x", "k", "other"))


def test_an_address_gets_only_so_many_first_confirmations_an_hour() -> None:
    event_type = make_event_type()
    for number in range(3):
        make_booking(event_type, start=TUESDAY_NINE + minutes(30 * number))
    with pytest.raises(TooManyMails) as refusal:
        make_booking(event_type, start=TUESDAY_NINE + minutes(120))
    assert refusal.value.after == timedelta(hours=1)
    later = make_booking(event_type, now=NOW + timedelta(hours=1), start=TUESDAY_NINE + minutes(120))
    assert later.status == Booking.Status.CONFIRMED


def test_one_guest_with_a_full_share_of_confirmations_refuses_the_booking() -> None:
    event_type = make_event_type()
    for number in range(3):
        guests = [f"max{number}@example.com", "eva@example.com"]
        wish = {"start": TUESDAY_NINE + minutes(30 * number), "guests": guests}
        ina = Invitee(f"Ina {number}", f"ina{number}@example.com", "UTC")
        make_booking(event_type, now=NOW + minutes(number), invitee=ina, **wish)
    with pytest.raises(TooManyMails) as refusal:
        make_booking(
            event_type,
            now=NOW + minutes(3),
            start=TUESDAY_NINE + minutes(120),
            guests=["max0@example.com", "eva@example.com"],
        )
    assert refusal.value.after == minutes(57)


def test_rescheduling_moves_the_hold_and_reopens_the_meeting() -> None:
    booking = make_booking(make_event_type(buffer_before=15, buffer_after=5))
    Entry.objects.update(due_at=None)
    moved = reschedule(booking, start=TUESDAY_NINE + minutes(120), by=INVITEE, now=NOW, reason="Train")
    hold = Hold.objects.get()
    assert (hold.blocks_from, hold.blocks_until) == (
        TUESDAY_NINE + minutes(105),
        TUESDAY_NINE + minutes(155),
    )
    assert (moved.uid, moved.sequence) == (booking.uid, 1)
    assert moved.appointment.end - moved.appointment.start == minutes(30)
    assert due("meeting") == [str(booking.appointment.pk)]
    facts = moved.messages.get(kind="rescheduled", audience="invitee").facts
    assert facts["before"]["start"] == TUESDAY_NINE.isoformat()
    assert facts["reason"] == "Train"


def test_a_booking_may_move_into_time_that_it_takes_itself() -> None:
    booking = make_booking(make_event_type(durations=[60], slot_step=30), duration=60)
    moved = reschedule(booking, start=TUESDAY_NINE + minutes(30), by=HOST, now=NOW)
    assert moved.appointment.start == TUESDAY_NINE + minutes(30)


def test_rescheduling_to_the_same_time_changes_nothing() -> None:
    booking = make_booking()
    same = reschedule(booking, start=TUESDAY_NINE, by=INVITEE, now=NOW)
    assert same.sequence == 0
    assert not same.messages.filter(kind="rescheduled").exists()


def test_rescheduling_into_a_taken_time_is_refused_and_keeps_the_old_one() -> None:
    event_type = make_event_type()
    booking = make_booking(event_type)
    make_booking(event_type, start=TUESDAY_NINE + minutes(30))
    with pytest.raises(SlotTaken):
        reschedule(booking, start=TUESDAY_NINE + minutes(30), by=INVITEE, now=NOW)
    booking.refresh_from_db()
    assert booking.sequence == 0
    assert Hold.objects.get(appointment=booking.appointment).blocks_from == TUESDAY_NINE


def test_cancelling_frees_the_time_and_reopens_the_meeting() -> None:
    event_type = make_event_type()
    booking = make_booking(event_type)
    Entry.objects.update(due_at=None)
    cancelled = cancel(booking, by=HOST, now=NOW, reason="Ill")
    assert (cancelled.status, cancelled.cancelled_by, cancelled.reason) == ("cancelled", "host", "Ill")
    assert due("meeting") == [str(booking.appointment.pk)]
    assert make_booking(event_type).pk != booking.pk


def test_cancelling_twice_tells_each_side_once() -> None:
    booking = make_booking()
    cancel(booking, by=HOST, now=NOW)
    cancel(booking, by=INVITEE, now=NOW)
    assert booking.messages.filter(kind="cancelled").count() == 2
    booking.refresh_from_db()
    assert (booking.sequence, booking.cancelled_by) == (1, "host")


def test_what_was_still_to_be_told_of_a_cancelled_booking_is_not_told() -> None:
    booking = make_booking(make_event_type(reminders=[60]))
    cancel(booking, by=HOST, now=NOW)
    waiting = booking.messages.filter(state="waiting")
    assert set(waiting.values_list("kind", flat=True)) == {"cancelled"}


def test_the_cut_off_binds_the_invitee_and_not_the_host() -> None:
    booking = make_booking(make_event_type(change_cutoff=60))
    late = TUESDAY_NINE - minutes(60)
    acts: list[Callable[[Booking.By], Booking]] = [
        lambda by: cancel(booking, by=by, now=late),
        lambda by: reschedule(booking, start=TUESDAY_NINE + minutes(60), by=by, now=late),
    ]
    for act in acts:
        with pytest.raises(OutsideRules) as refusal:
            act(INVITEE)
        assert refusal.value.which == "cutoff"
    assert reschedule(booking, start=TUESDAY_NINE + minutes(60), by=HOST, now=late).sequence == 1


def test_a_booking_that_is_over_cannot_be_changed() -> None:
    booking = make_booking()
    after = TUESDAY_NINE + minutes(30)
    with pytest.raises(WrongState) as refusal:
        cancel(booking, by=HOST, now=after)
    assert refusal.value.state == "past"


def test_a_cancelled_booking_cannot_be_rescheduled() -> None:
    booking = cancel(make_booking(), by=HOST, now=NOW)
    with pytest.raises(WrongState) as refusal:
        reschedule(booking, start=TUESDAY_NINE + minutes(60), by=HOST, now=NOW)
    assert refusal.value.state == "cancelled"


def test_reminders_move_with_the_booking_and_those_of_the_past_are_left_out() -> None:
    booking = make_booking(make_event_type(reminders=[60, 60 * 48]))
    reminders = booking.messages.filter(kind="reminder", audience="invitee")
    assert [(row.edition, row.sequence) for row in reminders] == [(60, 0)]
    reschedule(booking, start=TUESDAY_NINE + timedelta(days=2), by=HOST, now=NOW)
    live = reminders.filter(state="waiting").order_by("edition")
    assert [(row.edition, row.sequence) for row in live] == [(60, 1), (60 * 48, 1)]
    entry = Entry.objects.get(kind="mail", subject=str(live[0].pk))
    assert entry.due_at == TUESDAY_NINE + timedelta(days=2) - minutes(60)


def test_a_mended_connection_owes_coming_meetings_and_what_cancelled_ones_left_behind() -> None:
    make_connection()
    event_type = make_event_type()
    coming = make_booking(event_type)
    cancelled = make_booking(event_type, start=TUESDAY_NINE + minutes(60))
    clean = make_booking(event_type, start=TUESDAY_NINE + minutes(120))
    for booking in (cancelled, clean):
        cancel(booking, by=HOST, now=NOW)
    Meeting.objects.filter(appointment=clean.appointment).update(state=Meeting.State.GONE)
    Entry.objects.update(due_at=None)
    assert owe_meetings(ada(), now=NOW) == 2
    assert set(due("meeting")) == {str(coming.appointment.pk), str(cancelled.appointment.pk)}


def test_ben_is_free_while_ada_is_booked() -> None:
    make_booking()
    ben = make_host("Ben Katz")
    assert make_booking(make_event_type(ben), start=TUESDAY_NINE).appointment.holds.get().host == ben


def test_any_of_several_hosts_takes_the_next_one_who_is_free() -> None:
    event_type = make_event_type(hosts_needed="any")
    ben = make_host("Ben Katz")
    event_type.event_type_hosts.create(host=ben, schedule=ben.schedules.get())
    first, second = (make_booking(event_type) for _ in range(2))
    taken = [booking.appointment.holds.get().host.name for booking in (first, second)]
    assert taken == ["Ada Lovelace", "Ben Katz"]
    with pytest.raises(SlotTaken):
        make_booking(event_type)


def test_all_of_several_hosts_are_held() -> None:
    event_type = make_event_type()
    ben = make_host("Ben Katz")
    event_type.event_type_hosts.create(host=ben, schedule=ben.schedules.get())
    assert make_booking(event_type).appointment.holds.count() == 2
    with pytest.raises(SlotTaken):
        make_booking(make_event_type(ben))

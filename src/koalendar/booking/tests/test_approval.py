"""Bookings that the host has to agree to: asked for, answered, lapsed, moved, called off."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from koalendar.booking.actions import (
    book,
    cancel,
    confirm,
    decline,
    expire,
    may_change,
    owe_meetings,
    reschedule,
    retry_copies,
)
from koalendar.booking.errors import OutsideRules, SlotTaken, TooManyMails, WrongState
from koalendar.booking.models import Booking, EventType, Hold, Message
from koalendar.booking.openings import open_slots
from koalendar.booking.queries import CopyState, Tab, agenda, coming_without_link, tab_counts, whereabouts
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
DAY = timedelta(days=1)
TOMORROW = NOW + DAY  # When a request made now lapses.


def asked_type(**fields: Any) -> EventType:
    return make_event_type(requires_confirmation=True, **fields)


def ask(event_type: EventType | None = None, **wish: Any) -> Booking:
    return make_booking(event_type or asked_type(), **wish)


def told(booking: Booking, *kinds: str) -> set[tuple[str, str]]:
    """Who is owed which mail of these kinds; without kinds, of all that still wait."""
    rows = booking.messages.filter(kind__in=kinds) if kinds else booking.messages.filter(state="waiting")
    return set(rows.values_list("audience", "kind"))


def due(kind: str) -> list[datetime | None]:
    return list(Entry.objects.filter(kind=kind, due_at__isnull=False).values_list("due_at", flat=True))


# ── Asking ──


def test_a_request_holds_the_time_and_owes_no_meeting_and_no_reminder() -> None:
    event_type = asked_type(reminders=[60])
    booking = ask(event_type, guests=["max@example.com"])
    assert (booking.status, booking.appointment.status) == ("pending", "tentative")
    assert not booking.appointment.meetings.exists()
    assert due("meeting") == []
    assert told(booking) == {("invitee", "requested"), ("host", "requested")}
    with pytest.raises(SlotTaken):
        ask(event_type)


@pytest.mark.parametrize(
    ("minutes_given", "start", "until"),
    [
        (60, TUESDAY_NINE, NOW + minutes(60)),
        (1440, TUESDAY_NINE, TOMORROW),
        (5 * 1440, TUESDAY_NINE, TUESDAY_NINE),
    ],
)
def test_a_request_lapses_when_the_host_said_and_at_the_start_at_the_latest(
    minutes_given: int, start: datetime, until: datetime
) -> None:
    booking = ask(asked_type(request_expires_after=minutes_given), start=start)
    assert booking.expires_at == until
    assert due("expiry") == [until]
    assert booking.messages.get(audience="host").facts["until"] == until.isoformat()


def test_a_booking_that_needs_no_answer_never_lapses() -> None:
    booking = make_booking()
    assert booking.expires_at is None
    assert due("expiry") == []


@pytest.mark.parametrize("minutes_given", [4, 60 * 1440 + 1])
def test_a_request_can_wait_neither_too_short_nor_too_long(minutes_given: int) -> None:
    with pytest.raises(ValidationError):
        asked_type(request_expires_after=minutes_given)
    event_type = asked_type()
    with pytest.raises(IntegrityError), transaction.atomic():
        EventType.objects.filter(pk=event_type.pk).update(request_expires_after=minutes_given)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/thanks",
        "javascript:alert(1)",
        "//example.com",
        "https://ada:secret@example.com",
        "HTTPS://example.com",
        "https://example.com/a b",
    ],
)
def test_invitees_are_sent_on_over_https_alone(url: str) -> None:
    with pytest.raises(ValidationError):
        make_event_type(redirect_url=url)


def test_the_database_itself_refuses_an_unsafe_redirect_and_a_request_without_end() -> None:
    booking = ask()
    with pytest.raises(IntegrityError), transaction.atomic():
        EventType.objects.update(redirect_url="http://example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        Booking.objects.filter(pk=booking.pk).update(expires_at=None)


def test_requests_count_for_the_limit_of_first_mails_and_their_answers_do_not() -> None:
    event_type = asked_type()
    for number in range(3):
        confirm(ask(event_type, start=TUESDAY_NINE + minutes(30 * number)), now=NOW)
    with pytest.raises(TooManyMails):
        ask(event_type, start=TUESDAY_NINE + minutes(120))
    Message.objects.filter(kind="requested").update(created_at=NOW - minutes(60))
    assert ask(event_type, start=TUESDAY_NINE + minutes(120))


def test_requests_count_for_the_hosts_own_limits() -> None:
    event_type = asked_type(max_per_day=1)
    ask(event_type)
    with pytest.raises(OutsideRules) as refusal:
        ask(event_type, start=TUESDAY_NINE + minutes(60))
    assert refusal.value.which == "limit"


# ── Answering ──


def test_a_confirmed_request_owes_what_a_booking_owes() -> None:
    booking = ask(asked_type(reminders=[60]), guests=["max@example.com"])
    confirmed = confirm(booking, now=NOW + minutes(5))
    assert (confirmed.status, confirmed.sequence) == ("confirmed", 1)
    assert confirmed.appointment.status == "confirmed"
    assert due("meeting") == [NOW + minutes(5)]
    everybody = ("invitee", "host", "guest")
    assert told(booking, "booked", "reminder") == {
        (audience, kind) for audience in everybody for kind in ("booked", "reminder")
    }
    assert not confirmed.was_moved


def test_what_was_still_to_be_told_of_a_request_is_not_told_once_it_is_answered() -> None:
    booking = confirm(ask(), now=NOW)
    assert told(booking) == {("invitee", "booked"), ("host", "booked")}
    other = decline(
        ask(make_event_type(slug="b", requires_confirmation=True), start=TUESDAY_NINE + DAY), now=NOW
    )
    assert told(other) == {("invitee", "declined"), ("host", "declined")}


def test_confirming_twice_changes_nothing() -> None:
    booking = confirm(ask(), now=NOW)
    Entry.objects.update(due_at=None)
    again = confirm(booking, now=NOW + minutes(1))
    assert (again.sequence, again.changed_at) == (1, NOW)
    assert due("meeting") == due("mail") == []
    assert booking.messages.filter(kind="booked").count() == 2


def test_a_booking_that_needed_no_answer_is_confirmed_already() -> None:
    assert confirm(make_booking(), now=NOW).sequence == 0


def test_a_declined_request_frees_the_time_and_tells_both_sides_and_no_guest() -> None:
    event_type = asked_type()
    booking = decline(ask(event_type, guests=["max@example.com"]), now=NOW, reason="On a train")
    assert (booking.status, booking.reason, booking.cancelled_at) == ("declined", "On a train", None)
    assert booking.appointment.status == "cancelled"
    assert told(booking, "declined") == {("invitee", "declined"), ("host", "declined")}
    assert booking.messages.get(kind="declined", audience="invitee").facts["reason"] == "On a train"
    assert due("meeting") == []
    assert ask(event_type).pk != booking.pk


def test_declining_twice_tells_each_side_once() -> None:
    booking = decline(ask(), now=NOW)
    assert decline(booking, now=NOW, reason="Again").reason == ""
    assert booking.messages.filter(kind="declined").count() == 2


def test_the_hosts_answer_comes_too_late_from_the_very_instant_on() -> None:
    booking = ask()
    for act in (confirm, decline):
        with pytest.raises(WrongState) as refusal:
            act(booking, now=TOMORROW)
        assert refusal.value.state == "expired"
    assert confirm(booking, now=TOMORROW - timedelta(seconds=1)).status == "confirmed"


@pytest.mark.parametrize(
    ("end", "state"),
    [
        (lambda booking: cancel(booking, by=INVITEE, now=NOW), "cancelled"),
        (lambda booking: decline(booking, now=NOW), "declined"),
        (lambda booking: expire(booking, now=TOMORROW), "expired"),
    ],
)
def test_what_has_ended_is_confirmed_by_nobody(end: Callable[[Booking], Booking], state: str) -> None:
    booking = end(ask())
    with pytest.raises(WrongState) as refusal:
        confirm(booking, now=NOW)
    assert refusal.value.state == state


def test_a_confirmed_booking_is_cancelled_and_not_declined() -> None:
    booking = confirm(ask(), now=NOW)
    with pytest.raises(WrongState) as refusal:
        decline(booking, now=NOW)
    assert refusal.value.state == "confirmed"
    assert cancel(booking, by=HOST, now=NOW).status == "cancelled"


# ── Lapsing ──


def test_an_unanswered_request_lapses_frees_the_time_and_tells_both_sides_once() -> None:
    event_type = asked_type()
    booking = ask(event_type, guests=["max@example.com"], start=TUESDAY_NINE + DAY)
    for _time in range(2):
        booking = expire(booking, now=TOMORROW)
    assert (booking.status, booking.sequence) == ("expired", 1)
    assert booking.appointment.status == "cancelled"
    assert told(booking) == {("invitee", "expired"), ("host", "expired")}
    assert book(event_type, make_wish(TUESDAY_NINE + DAY), now=TOMORROW)


def test_a_request_lapses_neither_early_nor_once_it_is_answered() -> None:
    booking = ask()
    assert expire(booking, now=TOMORROW - timedelta(seconds=1)).status == "pending"
    confirm(booking, now=NOW)
    assert expire(booking, now=TOMORROW).status == "confirmed"


def test_the_time_of_an_overdue_request_is_offered_and_booked_before_anybody_noted_its_end() -> None:
    event_type = asked_type(max_per_day=1)
    wednesday = TUESDAY_NINE + DAY
    overdue = ask(event_type, start=wednesday)

    def offered(now: datetime) -> list[datetime]:
        day = wednesday.date()
        return open_slots(event_type, duration=30, first=day, last=day, zone="UTC", now=now).get(day, [])

    assert offered(TOMORROW - minutes(1)) == []
    assert wednesday in offered(TOMORROW)
    taken = book(event_type, make_wish(wednesday), now=TOMORROW)
    overdue.refresh_from_db()
    assert (overdue.status, taken.status) == ("expired", "pending")
    assert Hold.objects.filter(active=True).get().appointment == taken.appointment
    assert ("invitee", "expired") in told(overdue)


def test_a_booking_moves_into_the_time_of_an_overdue_request() -> None:
    event_type = make_event_type()
    moving = make_booking(event_type, start=TUESDAY_NINE + DAY)
    asked = make_event_type(slug="asked", requires_confirmation=True)
    overdue = ask(asked, start=TUESDAY_NINE + 2 * DAY)
    moved = reschedule(moving, start=TUESDAY_NINE + 2 * DAY, by=HOST, now=TOMORROW)
    overdue.refresh_from_db()
    assert (overdue.status, moved.sequence) == ("expired", 1)


def test_overdue_requests_of_other_hosts_are_left_to_their_own() -> None:
    bens = make_event_type(make_host("Ben Katz"), slug="asked", requires_confirmation=True)
    overdue = ask(bens, start=TUESDAY_NINE + DAY)
    book(make_event_type(), make_wish(TUESDAY_NINE + DAY), now=TOMORROW)
    overdue.refresh_from_db()
    assert overdue.status == "pending"


# ── Moving and calling off ──


@pytest.mark.parametrize("by", [INVITEE, HOST])
def test_a_request_that_is_moved_stays_one_and_asks_anew(by: Booking.By) -> None:
    booking = ask(asked_type(reminders=[60]), guests=["max@example.com"])
    later = NOW + minutes(30)
    moved = reschedule(booking, start=TUESDAY_NINE + DAY, by=by, now=later)
    assert (moved.status, moved.appointment.status, moved.sequence) == ("pending", "tentative", 1)
    assert moved.expires_at == later + DAY
    assert due("expiry") == [later + DAY]
    assert due("meeting") == []
    assert told(moved, "rescheduled", "reminder") == {("invitee", "rescheduled"), ("host", "rescheduled")}
    assert confirm(moved, now=later).was_moved


def test_a_request_that_is_moved_nearer_lapses_at_its_new_start() -> None:
    booking = ask(start=TUESDAY_NINE + DAY)
    soon = NOW.replace(hour=9)
    assert reschedule(booking, start=soon, by=HOST, now=NOW).expires_at == soon


@pytest.mark.parametrize("by", [INVITEE, HOST])
def test_a_request_that_is_called_off_frees_the_time_and_tells_no_guest(by: Booking.By) -> None:
    event_type = asked_type()
    booking = cancel(ask(event_type, guests=["max@example.com"]), by=by, now=NOW, reason="Ill")
    assert booking.status == "cancelled"
    assert told(booking) == {("invitee", "cancelled"), ("host", "cancelled")}
    assert "until" in booking.messages.get(kind="cancelled", audience="host").facts
    assert ask(event_type)


def test_a_confirmed_request_that_is_cancelled_tells_the_guest_too() -> None:
    booking = confirm(ask(guests=["max@example.com"]), now=NOW)
    cancel(booking, by=HOST, now=NOW)
    assert ("guest", "cancelled") in told(booking)


def test_an_overdue_request_is_neither_moved_nor_cancelled() -> None:
    booking = ask(start=TUESDAY_NINE + 2 * DAY)
    assert may_change(booking, now=TOMORROW - minutes(1))
    assert not may_change(booking, now=TOMORROW)
    acts: list[Callable[[], Booking]] = [
        lambda: reschedule(booking, start=TUESDAY_NINE + 3 * DAY, by=HOST, now=TOMORROW),
        lambda: cancel(booking, by=HOST, now=TOMORROW),
    ]
    for act in acts:
        with pytest.raises(WrongState) as refusal:
            act()
        assert refusal.value.state == "expired"


# ── Where everything else meets a request ──


def test_a_request_gets_no_meeting_by_trying_again_nor_by_a_mended_connection() -> None:
    make_connection()
    booking = ask()
    retry_copies(booking, now=NOW)
    assert owe_meetings(ada(), now=NOW) == 0
    assert not booking.appointment.meetings.exists()
    assert whereabouts(booking, now=NOW).state is CopyState.NONE
    assert coming_without_link(ada(), now=NOW) == 0


def test_each_booking_is_on_the_one_tab_of_its_state_by_the_clock() -> None:
    event_type = asked_type()
    starts = [TUESDAY_NINE + DAY + minutes(30 * number) for number in range(5)]
    waiting, confirmed, declined, cancelled, over = (
        ask(event_type, start=start, invitee=make_wish().invitee.__class__("Ina", f"i{n}@example.com", "UTC"))
        for n, start in enumerate(starts)
    )
    confirm(confirmed, now=NOW)
    decline(declined, now=NOW)
    cancel(cancelled, by=INVITEE, now=NOW)

    def shown(now: datetime) -> dict[Tab, set[Booking]]:
        return {tab: set(agenda(ada(), tab, now=now).bookings) for tab in Tab}

    assert shown(NOW) == {
        Tab.UPCOMING: {confirmed},
        Tab.PENDING: {waiting, over},
        Tab.PAST: set(),
        Tab.CANCELLED: {declined, cancelled},
    }
    assert shown(TOMORROW)[Tab.CANCELLED] == {declined, cancelled, waiting, over}
    assert shown(TOMORROW)[Tab.PENDING] == set()
    assert shown(TOMORROW + 2 * DAY)[Tab.PAST] == {confirmed}
    counts = tab_counts(ada(), now=NOW, search="@")
    assert [len(rows) for rows in shown(NOW).values()] == list(counts.values())

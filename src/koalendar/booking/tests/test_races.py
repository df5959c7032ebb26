"""Many at once: one winner, whatever the database."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from koalendar.booking.actions import OnceOnly, book, cancel, confirm, decline, expire, reschedule
from koalendar.booking.errors import BookingRefused, SlotTaken
from koalendar.booking.models import Appointment, Booking, Hold, Meeting
from tests.people import NOW, TUESDAY_NINE, ada, make_booking, make_event_type, make_wish, minutes

pytestmark = pytest.mark.django_db(transaction=True)


THREADS = 25  # Each has a database connection, and a PostgreSQL as installed has a hundred.


def at_once(many: int, act: Callable[[int], object]) -> Counter[str]:
    """Run `act` so often, by threads that are let go together; counts what came of it."""
    running = min(many, THREADS)
    gate, outcomes, lock = threading.Barrier(running), Counter[str](), threading.Lock()

    def run(first: int) -> None:
        gate.wait()
        for number in range(first, many, running):
            outcome = _outcome_of(act, number)
            with lock:
                outcomes[outcome] += 1
        connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(running)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def _outcome_of(act: Callable[[int], object], number: int) -> str:
    try:
        act(number)
    except BookingRefused as refusal:
        return type(refusal).__name__
    except Exception as error:
        return repr(error)
    return "done"


def test_of_a_hundred_who_book_one_slot_one_wins(settings: Any) -> None:
    settings.KOALENDAR_RATE_MAIL = None
    event_type = make_event_type()
    outcomes = at_once(100, lambda _: book(event_type, make_wish(), now=NOW))
    assert outcomes == {"done": 1, "SlotTaken": 99}
    assert Booking.objects.count() == Hold.objects.count() == 1


def test_overlapping_lengths_and_moves_never_hold_a_host_twice(settings: Any) -> None:
    settings.KOALENDAR_RATE_MAIL = None
    event_type = make_event_type(durations=[30, 60], slot_step=15, buffer_after=10)
    made = [make_booking(event_type, start=TUESDAY_NINE + minutes(60 * hour)) for hour in range(4)]

    def act(number: int) -> None:
        start = TUESDAY_NINE + minutes(15 * (number % 16))
        if number % 3 == 0:
            reschedule(made[number % 4], start=start, by=Booking.By.HOST, now=NOW)
        elif number % 7 == 0:
            cancel(made[number % 4], by=Booking.By.HOST, now=NOW)
        else:
            book(event_type, make_wish(start, duration=30 * (1 + number % 2)), now=NOW)

    outcomes = at_once(40, act)
    assert set(outcomes) <= {"done", "SlotTaken", "OutsideRules", "WrongState"}
    spans = sorted(Hold.objects.filter(active=True).values_list("blocks_from", "blocks_until"))
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    live = Booking.objects.filter(status__in=Booking.LIVE).count()
    assert live == len(spans)


def test_a_double_submit_at_the_same_moment_gives_one_booking() -> None:
    event_type = make_event_type()
    once = OnceOnly("form:x", "k", "h")
    found = set[int]()
    outcomes = at_once(8, lambda _: found.add(book(event_type, make_wish(), now=NOW, once=once).pk))
    assert outcomes == {"done": 8}
    assert len(found) == 1


def ask(**fields: Any) -> Booking:
    return make_booking(make_event_type(requires_confirmation=True, request_expires_after=60, **fields))


def test_of_many_who_confirm_one_request_one_changes_it() -> None:
    booking = ask()
    outcomes = at_once(12, lambda _: confirm(booking, now=NOW))
    assert outcomes == {"done": 12}
    booking.refresh_from_db()
    assert (booking.status, booking.sequence) == ("confirmed", 1)
    assert booking.messages.filter(kind="booked").count() == 2
    assert Meeting.objects.count() == 1


def test_a_request_that_is_answered_called_off_and_lapses_at_once_ends_in_one_way() -> None:
    """Each clock is right for its own act: the worker's says that the hour is over, the others' not yet."""
    booking = ask()
    over = NOW + minutes(60)
    acts: list[Callable[[], object]] = [
        lambda: confirm(booking, now=over - minutes(1)),
        lambda: expire(booking, now=over),
        lambda: decline(booking, now=over - minutes(1)),
        lambda: cancel(booking, by=Booking.By.INVITEE, now=over - minutes(1)),
    ]
    outcomes = at_once(16, lambda number: acts[number % 4]())
    assert set(outcomes) <= {"done", "WrongState"}
    booking.refresh_from_db()
    kinds = set(booking.messages.exclude(kind="requested").values_list("kind", flat=True))
    ends = {"confirmed": {"booked"}, "expired": {"expired"}, "declined": {"declined"}}
    # Whoever confirms first may be followed by whoever cancels, for that is allowed.
    ends["cancelled"] = {"cancelled"} if booking.sequence == 1 else {"booked", "cancelled"}
    assert kinds == ends[booking.status]
    assert Hold.objects.filter(active=True).count() == (booking.status == "confirmed")
    assert Meeting.objects.count() == ("booked" in kinds)
    waiting = booking.messages.filter(state="waiting")
    assert waiting.count() == len({audience for (audience,) in waiting.values_list("audience")}) == 2


def test_of_many_who_book_the_time_of_an_overdue_request_one_wins_and_it_lapses_once(settings: Any) -> None:
    settings.KOALENDAR_RATE_MAIL = None
    overdue = ask()
    event_type = make_event_type(slug="other")
    later = NOW + minutes(60)
    acts: list[Callable[[], object]] = [
        lambda: book(event_type, make_wish(), now=later),
        lambda: expire(overdue, now=later),
    ]
    outcomes = at_once(20, lambda number: acts[number % 2]())
    assert outcomes == {"done": 11, "SlotTaken": 9}
    overdue.refresh_from_db()
    assert (overdue.status, overdue.sequence) == ("expired", 1)
    assert overdue.messages.filter(kind="expired").count() == 2


def test_the_database_itself_refuses_holds_that_overlap() -> None:
    booking = make_booking()
    hold = Hold.objects.get()
    twin = Appointment.objects.create(
        event_type=booking.appointment.event_type,
        start=TUESDAY_NINE,
        end=TUESDAY_NINE + minutes(30),
        zone="UTC",
        location={"kind": "zoom"},
    )
    overlapping = {
        "blocks_from": hold.blocks_until - minutes(1),
        "blocks_until": hold.blocks_until + minutes(9),
    }
    with pytest.raises(IntegrityError, match="hold_no_overlap"), transaction.atomic():
        Hold.objects.create(appointment=twin, host=ada(), **overlapping)
    touching = Hold.objects.create(
        appointment=twin,
        host=ada(),
        blocks_from=hold.blocks_until,
        blocks_until=hold.blocks_until + minutes(9),
    )
    with pytest.raises(IntegrityError, match="hold_no_overlap"), transaction.atomic():
        Hold.objects.filter(pk=touching.pk).update(blocks_from=hold.blocks_until - minutes(1))


def test_a_refusal_by_the_database_alone_reads_as_a_taken_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the check ever wrong, the guard below would still say the same to the invitee."""
    from koalendar.booking import actions

    event_type = make_event_type()
    make_booking(event_type)
    seats = tuple(event_type.event_type_hosts.select_related("schedule", "host"))
    monkeypatch.setattr(actions, "_judge", lambda *_args, **_named: seats)
    with pytest.raises(SlotTaken):
        book(event_type, make_wish(TUESDAY_NINE + timedelta(minutes=15)), now=NOW)
    assert Booking.objects.count() == 1

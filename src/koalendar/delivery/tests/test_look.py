"""What somebody did to a meeting in Zoom: seen within a day, shown, and never set right without the host."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from koalendar.booking.actions import (
    cancel,
    follow,
    owe_meetings,
    remake_meeting,
    reschedule,
    restore_in_zoom,
    retry_copies,
)
from koalendar.booking.errors import OtherThere, OutsideRules, SlotTaken, WrongState
from koalendar.booking.models import Booking, Hold, Meeting, Message
from koalendar.booking.owed import look_now
from koalendar.booking.queries import CopyState
from koalendar.booking.story import happenings_of
from koalendar.connections.actions import disconnect
from koalendar.connections.models import Connection
from koalendar.delivery.tests.test_meeting import (
    READ,
    booked_and_made,
    calls,
    deliver,
    present,
    shift_clock,
    state_of,
)
from koalendar.outbox.models import Entry
from koalendar.sandbox.server import Sandbox
from tests.people import NOW, TUESDAY_NINE, ada, connect_zoom, make_booking, make_event_type, minutes

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

DAY = timedelta(days=1)
LATER = TUESDAY_NINE + 3 * DAY
IN_ZOOM = LATER + minutes(90)


def move(sandbox: Sandbox, booking: Booking, start: datetime = IN_ZOOM) -> None:
    sandbox.zoom.move_meeting(int(state_of(booking).meeting_id), start, by="host")


def far_booking(sandbox: Sandbox, **wish: Any) -> Booking:
    connect_zoom(sandbox)
    booking = make_booking(start=LATER, **wish)
    deliver()
    return booking


def moved(sandbox: Sandbox) -> Booking:
    """A booking whose meeting was moved in Zoom, and seen there."""
    booking = far_booking(sandbox)
    move(sandbox, booking)
    deliver(DAY)
    assert state_of(booking).problem == "moved_there"
    return booking


def deleted(sandbox: Sandbox) -> Booking:
    booking = far_booking(sandbox)
    sandbox.zoom.delete_meeting(int(state_of(booking).meeting_id), by="host")
    deliver(DAY)
    assert state_of(booking).problem == "deleted_there"
    return booking


def looks(sandbox: Sandbox) -> int:
    """Reads beyond the ones that follow an update."""
    return len(calls(sandbox, "GET")) - len(calls(sandbox, "PATCH"))


def kinds(booking: Booking) -> list[str]:
    return [row.kind for row in happenings_of(booking)]


# ── What is seen ──


def test_a_meeting_moved_in_zoom_is_seen_within_a_day_and_left_where_it_is(sandbox: Sandbox) -> None:
    booking = far_booking(sandbox)
    link = state_of(booking).join_url
    move(sandbox, booking)
    deliver(DAY)
    found = state_of(booking)
    assert (found.state, found.problem, found.seen_start) == (CopyState.FAILED, "moved_there", IN_ZOOM)
    assert (found.join_url, found.can_start, found.waits_for_host) == (link, True, True)
    assert [meeting.start for meeting in present(sandbox)] == [IN_ZOOM]
    assert calls(sandbox, "PATCH") == []
    assert Booking.objects.get(pk=booking.pk).appointment.start == LATER


def test_a_meeting_moved_back_by_hand_is_well_again(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    move(sandbox, booking, LATER)
    deliver(2 * DAY)
    assert state_of(booking).state == CopyState.READY
    assert kinds(booking) == ["meeting_made", "moved_there", "moved_back_there"]


def test_a_meeting_deleted_in_zoom_is_never_shown_as_ready(sandbox: Sandbox) -> None:
    booking = deleted(sandbox)
    found = state_of(booking)
    assert (found.state, found.join_url, found.meeting_id) == (CopyState.FAILED, "", "")
    assert found.waits_for_host
    deliver(2 * DAY)
    assert present(sandbox) == []
    assert kinds(booking) == ["meeting_made", "deleted_there"]
    assert Booking.objects.get(pk=booking.pk).status == Booking.Status.CONFIRMED


def test_another_link_in_zoom_is_taken_over_and_told_to_both(sandbox: Sandbox) -> None:
    booking = far_booking(sandbox)
    [meeting] = present(sandbox)
    meeting.body["join_url"] = meeting.body["join_url"].partition("?")[0] + "?pwd=another"
    meeting.body["password"] = "another"
    deliver(DAY)
    found = state_of(booking)
    assert (found.state, found.join_url) == (CopyState.READY, meeting.body["join_url"])
    assert found.passcode == "another"
    told = [mail.to[0] for mail in sandbox.mailbox.messages if found.join_url in mail.text]
    assert sorted(told) == ["ada@example.com", "ina@example.com"]


def test_a_meeting_taken_out_of_zooms_bin_is_well_again_and_told_to_nobody(sandbox: Sandbox) -> None:
    booking = deleted(sandbox)
    number = int(Meeting.objects.get().remote_id)
    deliver(DAY + minutes(1))
    mails = len(sandbox.mailbox.messages)
    sandbox.zoom.recover_meeting(number, by="host")
    deliver(2 * DAY)
    assert state_of(booking).state == CopyState.READY
    assert str(number) in state_of(booking).join_url
    assert len(sandbox.mailbox.messages) == mails


# ── Who is told ──


def told_of_zoom(sandbox: Sandbox) -> list[tuple[str, str]]:
    found = sandbox.mailbox.messages
    return [(mail.to[0], mail.subject) for mail in found if " in Zoom: " in mail.subject]


def test_the_host_hears_of_a_move_in_zoom_once_and_the_invitee_does_not(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    for hours in range(1, 50):
        deliver(DAY + timedelta(hours=hours))
    subject = "Moved in Zoom: Intro call with Ina Berg, Fri 4 Dec 09:00"
    assert told_of_zoom(sandbox) == [("ada@example.com", subject)]
    [mail] = [mail for mail in sandbox.mailbox.messages if mail.subject == subject]
    text = " ".join(mail.text.split())
    assert "In Zoom: Friday 4 December, 10:30–11:00, UTC" in text
    assert f"Choose the time: http://localhost:8000/dashboard/bookings/{booking.uid}/" in text
    assert booking.invitee_email not in mail.to


def test_the_host_hears_of_a_deletion_in_zoom(sandbox: Sandbox) -> None:
    deleted(sandbox)
    deliver(DAY + minutes(1))
    subject = "Deleted in Zoom: Intro call with Ina Berg, Fri 4 Dec 09:00"
    assert told_of_zoom(sandbox) == [("ada@example.com", subject)]
    [mail] = [mail for mail in sandbox.mailbox.messages if mail.subject == subject]
    assert "the link that Ina Berg has is dead" in " ".join(mail.text.split())


def test_a_host_who_moves_it_back_or_chooses_at_once_gets_no_mail(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    restore_in_zoom(booking, now=NOW)
    deliver(DAY)
    deliver(2 * DAY)
    assert state_of(booking).state == CopyState.READY
    assert told_of_zoom(sandbox) == []


def test_of_two_moves_only_the_last_is_told(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    move(sandbox, booking, IN_ZOOM + minutes(60))
    look_now(Meeting.objects.get(), now=NOW)
    deliver(DAY)
    deliver(DAY + minutes(2))
    assert [subject for _, subject in told_of_zoom(sandbox)] == [
        "Moved in Zoom: Intro call with Ina Berg, Fri 4 Dec 09:00"
    ]
    assert "11:30–12:00" in sandbox.mailbox.messages[-1].text


@pytest.mark.parametrize("does", ["moved", "deleted"])
def test_what_was_done_in_zoom_while_disconnected_is_seen_on_reconnecting(
    sandbox: Sandbox, does: str
) -> None:
    booking = far_booking(sandbox)
    number = int(state_of(booking).meeting_id)
    disconnect(Connection.objects.get(), now=NOW)
    if does == "moved":
        sandbox.zoom.move_meeting(number, IN_ZOOM, by="host")
    else:
        sandbox.zoom.delete_meeting(number, by="host")
    connect_zoom(sandbox)
    owe_meetings(ada(), now=NOW)
    deliver(minutes(1))
    found = state_of(booking)
    if does == "moved":
        assert (found.problem, found.seen_start) == ("moved_there", IN_ZOOM)
        assert calls(sandbox, "PATCH") == []
    else:  # Its link is dead and the host has just set things right: a new one is made and told to both.
        assert found.state == CopyState.READY
        assert str(number) not in found.join_url
        told = {mail.to[0] for mail in sandbox.mailbox.messages if found.join_url in mail.text}
        assert told == {"ada@example.com", "ina@example.com"}


def test_a_title_or_length_changed_in_zoom_is_the_host_s_own_affair(sandbox: Sandbox) -> None:
    booking = far_booking(sandbox)
    present(sandbox)[0].body |= {"topic": "Something else", "duration": 45}
    deliver(DAY)
    assert state_of(booking).state == CopyState.READY


def test_a_meeting_that_became_the_personal_room_gets_its_own_room_back(sandbox: Sandbox) -> None:
    booking = far_booking(sandbox)
    [meeting] = present(sandbox)
    meeting.body["settings"]["use_pmi"] = True
    deliver(DAY)
    assert meeting.body["settings"]["use_pmi"] is False
    assert state_of(booking).state == CopyState.READY


@pytest.mark.parametrize("preset", ["server_error", "per_second", "not_json", "shared_access_denied", "drop"])
def test_an_answer_that_is_no_news_changes_nothing(sandbox: Sandbox, preset: str) -> None:
    booking = far_booking(sandbox)
    sandbox.zoom.fail_next(preset, **READ)
    deliver(DAY)
    assert state_of(booking).state == CopyState.READY


# ── When it is looked for ──


def test_each_meeting_is_looked_at_about_daily_and_before_its_start_and_not_after_its_end(
    sandbox: Sandbox,
) -> None:
    far_booking(sandbox)
    for half_hours in range(1, 2 * 24 * 3):
        deliver(minutes(30 * half_hours))
    assert looks(sandbox) == 3  # NOW is on the day before, so the start is three days and an hour away.
    deliver(LATER - minutes(30) - NOW)
    assert 4 <= looks(sandbox) <= 5
    before = looks(sandbox)
    deliver(LATER + 2 * DAY - NOW)
    assert looks(sandbox) == before
    assert not Entry.objects.filter(kind="look", due_at__isnull=False).exists()


def test_meetings_made_together_are_not_looked_at_together(sandbox: Sandbox, settings: Any) -> None:
    settings.KOALENDAR_RATE_MAIL = None
    connect_zoom(sandbox)
    event_type = make_event_type()
    for number in range(8):
        make_booking(event_type, start=LATER + minutes(30 * number))
    deliver()
    due = sorted(entry.due_at for entry in Entry.objects.filter(kind="look") if entry.due_at)
    assert len(due) == 8
    assert due[-1] - due[0] > timedelta(hours=1)
    assert due[-1] <= NOW + DAY + minutes(1)


def test_no_look_is_made_for_a_cancelled_booking_or_a_host_who_has_disconnected(sandbox: Sandbox) -> None:
    booking = far_booking(sandbox)
    other = make_booking(booking.appointment.event_type, start=LATER + minutes(60))
    deliver()
    cancel(other, by=Booking.By.HOST, now=NOW)
    deliver()
    Connection.objects.update(state=Connection.State.REVOKED)
    before = len(sandbox.zoom.calls)
    deliver(DAY)
    assert len(sandbox.zoom.calls) == before


def test_an_id_that_zoom_forgot_after_the_meeting_is_no_deletion(sandbox: Sandbox, settings: Any) -> None:
    booking = far_booking(sandbox)
    shift_clock(settings, timedelta(days=60))
    Entry.objects.filter(kind="look").update(due_at=NOW)
    deliver()
    assert looks(sandbox) == 0
    assert state_of(booking).problem == ""


# ── The host decides ──


def test_taking_zooms_time_is_a_reschedule_like_any_other(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    link = state_of(booking).join_url
    follow(booking, start=IN_ZOOM, now=NOW)
    deliver(DAY)
    booking.refresh_from_db()
    found = state_of(booking)
    assert (found.state, found.join_url, found.seen_start) == (CopyState.READY, link, None)
    assert (booking.sequence, booking.appointment.start) == (1, IN_ZOOM)
    assert Hold.objects.get(appointment=booking.appointment).blocks_from == IN_ZOOM
    assert [meeting.start for meeting in present(sandbox)] == [IN_ZOOM]
    told = Message.objects.filter(kind="rescheduled", state="sent").values_list("recipient", flat=True)
    assert sorted(told) == ["ada@example.com", "ina@example.com"]


def test_a_host_may_follow_his_own_change_out_of_his_hours_and_off_the_grid(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    night = (LATER + DAY).replace(hour=22, minute=7)
    move(sandbox, booking, night)
    deliver(2 * DAY)
    follow(booking, start=night, now=NOW)
    booking.refresh_from_db()
    assert booking.appointment.start == night


def test_zooms_time_is_refused_where_the_host_is_booked_already(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    make_booking(booking.appointment.event_type, start=IN_ZOOM)
    with pytest.raises(SlotTaken):
        follow(booking, start=IN_ZOOM, now=NOW)
    booking.refresh_from_db()
    assert (booking.sequence, booking.appointment.start) == (0, LATER)
    assert state_of(booking).problem == "moved_there"


def test_zooms_time_is_refused_when_it_has_passed_or_changed_again(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    with pytest.raises(OtherThere):
        follow(booking, start=IN_ZOOM + minutes(30), now=NOW)
    Meeting.objects.update(seen_start=NOW - minutes(30))
    with pytest.raises(OutsideRules):
        follow(booking, start=NOW - minutes(30), now=NOW)


def test_restoring_gives_the_meeting_the_booked_time_and_mails_nobody(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    mails = len(sandbox.mailbox.messages)
    restore_in_zoom(booking, now=NOW)
    assert state_of(booking).state == CopyState.PENDING
    deliver(DAY)
    assert state_of(booking).state == CopyState.READY
    assert [meeting.start for meeting in present(sandbox)] == [LATER]
    assert len(sandbox.mailbox.messages) == mails


def test_a_restore_that_zoom_refuses_says_why_and_can_be_chosen_again(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    sandbox.zoom.fail_next("scope_missing", method="PATCH")
    restore_in_zoom(booking, now=NOW)
    deliver(DAY)
    assert state_of(booking).problem == "missing_scope"
    deliver(2 * DAY)
    found = state_of(booking)
    assert (found.problem, found.seen_start) == ("missing_scope", IN_ZOOM)
    restore_in_zoom(booking, now=NOW)
    deliver(2 * DAY)
    assert state_of(booking).state == CopyState.READY


def test_a_later_reschedule_here_wins(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    reschedule(booking, start=LATER + minutes(30), by=Booking.By.INVITEE, now=NOW)
    deliver(DAY)
    assert state_of(booking).state == CopyState.READY
    assert [meeting.start for meeting in present(sandbox)] == [LATER + minutes(30)]


def test_a_reschedule_there_and_back_before_zoom_heard_of_it_wins_too(sandbox: Sandbox) -> None:
    booking = moved(sandbox)
    for start in (LATER + minutes(30), LATER):
        reschedule(booking, start=start, by=Booking.By.HOST, now=NOW)
    deliver(DAY)
    assert state_of(booking).state == CopyState.READY
    assert [meeting.start for meeting in present(sandbox)] == [LATER]


@pytest.mark.parametrize("seen", [True, False])
def test_nothing_but_a_choice_overwrites_the_time_in_zoom(sandbox: Sandbox, seen: bool) -> None:
    booking = far_booking(sandbox)
    move(sandbox, booking)
    if seen:
        deliver(DAY)
    retry_copies(booking, now=NOW)
    deliver(DAY)
    host = ada()
    host.locale = "fr"
    host.save()
    connect_zoom(sandbox)
    owe_meetings(host, now=NOW)
    deliver(DAY)
    assert state_of(booking).problem == "moved_there"
    assert [meeting.start for meeting in present(sandbox)] == [IN_ZOOM]
    assert calls(sandbox, "PATCH") == []


def test_a_new_link_is_made_by_one_click_and_told_to_both(sandbox: Sandbox) -> None:
    booking = deleted(sandbox)
    remake_meeting(booking, now=NOW)
    remake_meeting(booking, now=NOW)
    deliver(DAY)
    found = state_of(booking)
    assert found.state == CopyState.READY
    assert [meeting.body["join_url"] for meeting in present(sandbox)] == [found.join_url]
    told = [mail.to[0] for mail in sandbox.mailbox.messages if found.join_url in mail.text]
    assert sorted(told) == ["ada@example.com", "ina@example.com"]


def test_a_meeting_that_is_well_is_not_remade(sandbox: Sandbox) -> None:
    booking = booked_and_made(sandbox)
    before = state_of(booking)
    remake_meeting(booking, now=NOW)
    deliver()
    assert state_of(booking).join_url == before.join_url
    assert len(calls(sandbox, "POST")) == 1


def test_moving_a_booking_whose_meeting_was_deleted_makes_a_new_one(sandbox: Sandbox) -> None:
    booking = deleted(sandbox)
    reschedule(booking, start=LATER + minutes(30), by=Booking.By.INVITEE, now=NOW)
    deliver(DAY)
    assert state_of(booking).state == CopyState.READY
    assert [meeting.start for meeting in present(sandbox)] == [LATER + minutes(30)]


def test_cancelling_what_was_deleted_or_moved_leaves_nothing_to_do(sandbox: Sandbox) -> None:
    booking = deleted(sandbox)
    cancel(booking, by=Booking.By.INVITEE, now=NOW)
    deliver(DAY)
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.REMOVED, "")
    with pytest.raises(WrongState):
        remake_meeting(booking, now=NOW)


def test_a_host_with_a_free_plan_is_shown_it_too(sandbox: Sandbox) -> None:
    connect_zoom(sandbox, user="ben@example.com")
    booking = make_booking(start=LATER)
    deliver()
    move(sandbox, booking)
    assert sandbox.zoom.user("ben@example.com").plan == "Basic"
    deliver(DAY)
    assert state_of(booking).seen_start == IN_ZOOM

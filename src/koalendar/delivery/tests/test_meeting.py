"""A booking's Zoom meeting, made, moved and deleted against the sandbox, whatever Zoom answers."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database

from koalendar import clock
from koalendar.booking.actions import cancel, owe_meetings, reschedule, retry_copies
from koalendar.booking.models import Booking, Meeting, Message
from koalendar.booking.problems import in_words
from koalendar.booking.queries import CopyState, Whereabouts, whereabouts
from koalendar.booking.story import happenings_of
from koalendar.connections.actions import disconnect
from koalendar.connections.models import Connection
from koalendar.delivery.worker import run_due
from koalendar.outbox.models import Entry
from koalendar.sandbox import faults
from koalendar.sandbox.server import Sandbox
from tests.people import (
    NOW,
    TUESDAY_NINE,
    ada,
    connect_zoom,
    make_booking,
    make_event_type,
    make_host,
    minutes,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

CREATE = {"method": "POST", "path": faults.NEW_MEETING}
READ = {"method": "GET", "path": faults.ONE_MEETING}
CHANGE = {"method": "PATCH", "path": faults.ONE_MEETING}
DELETE = {"method": "DELETE", "path": faults.ONE_MEETING}


def at(offset: timedelta) -> Any:
    """The worker's clock, so much later."""
    return lambda: clock.now() + offset


def deliver(after: timedelta = timedelta()) -> None:
    """Do all that is due by then, as a worker started only now would: it knows what the database knows."""
    database.close()
    run_due(now=at(after))


def state_of(booking: Booking) -> Whereabouts:
    return whereabouts(Booking.objects.get(pk=booking.pk), now=clock.now())


def present(sandbox: Sandbox) -> list[Any]:
    return sandbox.zoom.present_meetings()


def calls(sandbox: Sandbox, method: str) -> list[str]:
    return [call.path for call in sandbox.zoom.calls if call.method == method and "/meetings" in call.path]


def shift_clock(settings: Any, by: timedelta) -> None:
    settings.KOALENDAR_CLOCK_OFFSET += by.total_seconds()


# ── The main path ──


def test_a_booking_gets_one_meeting_of_its_own_and_keeps_what_zoom_answered(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    event_type = make_event_type()
    one, other = make_booking(event_type), make_booking(event_type, start=TUESDAY_NINE + minutes(30))
    deliver()
    first, second = state_of(one), state_of(other)
    assert first.state == second.state == CopyState.READY
    assert len({first.join_url, second.join_url, first.meeting_id, second.meeting_id}) == 4
    assert first.meeting_id in first.join_url
    assert first.passcode
    assert first.dial_in
    assert {str(meeting.body["id"]) for meeting in present(sandbox)} == {first.meeting_id, second.meeting_id}


def test_meetings_are_recorded_where_the_host_s_own_zoom_settings_say_so(sandbox: Sandbox) -> None:
    user = sandbox.zoom.user("ada@example.com")
    user.preferences["auto_recording"] = "cloud"
    connect_zoom(sandbox)
    make_booking()
    deliver()
    [meeting] = present(sandbox)
    assert meeting.body["settings"]["auto_recording"] == "cloud"
    meeting.body["settings"]["auto_recording"] = "none"  # The host's choice for this one meeting.
    reschedule(Booking.objects.get(), start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    assert meeting.body["settings"]["auto_recording"] == "none"


def test_the_meeting_is_told_only_what_it_needs(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking(make_event_type(title="T" * 120, description="D" * 1000))
    deliver()
    sent = next(call for call in sandbox.zoom.exchanges if call.method == "POST" and "meetings" in call.path)
    body = json.loads(sent.request_body)
    assert body["start_time"] == "2026-12-01T09:00:00Z"
    assert (body["timezone"], body["duration"], body["type"]) == ("UTC", 30, 2)
    assert body["settings"]["use_pmi"] is False
    assert "password" not in body
    assert body["agenda"].startswith(booking.appointment.meetings.get().marker)
    assert len(body["topic"]) <= 200
    assert "ina@example.com" not in str(body)


def test_rescheduling_moves_the_same_meeting_and_keeps_the_link(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    before = state_of(booking)
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.INVITEE, now=NOW)
    assert state_of(booking).state == CopyState.PENDING
    deliver()
    after = state_of(booking)
    assert (after.state, after.join_url, after.meeting_id) == (
        CopyState.READY,
        before.join_url,
        before.meeting_id,
    )
    [meeting] = present(sandbox)
    assert meeting.start == TUESDAY_NINE + minutes(60)
    assert [row.kind for row in happenings_of(booking)] == ["meeting_made", "meeting_moved"]


def test_two_quick_changes_become_one_call(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    for later in (60, 120):
        reschedule(booking, start=TUESDAY_NINE + minutes(later), by=Booking.By.HOST, now=NOW)
    deliver()
    assert len(calls(sandbox, "PATCH")) == 1
    assert present(sandbox)[0].start == TUESDAY_NINE + minutes(120)


def test_cancelling_deletes_the_meeting_once(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    cancel(booking, by=Booking.By.HOST, now=NOW)
    cancel(booking, by=Booking.By.HOST, now=NOW)
    deliver()
    deliver()
    assert present(sandbox) == []
    assert len(calls(sandbox, "DELETE")) == 1
    found = state_of(booking)
    assert (found.state, found.join_url) == (CopyState.REMOVED, "")
    assert Meeting.objects.get().join_url == ""
    assert [row.kind for row in happenings_of(booking)] == ["meeting_made", "meeting_removed"]


def test_a_booking_cancelled_before_its_meeting_was_made_makes_none(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    cancel(make_booking(), by=Booking.By.INVITEE, now=NOW)
    deliver()
    assert calls(sandbox, "POST") == []


def test_work_done_twice_calls_zoom_once(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    Entry.objects.filter(kind="meeting").update(due_at=NOW)
    deliver()
    assert len(calls(sandbox, "POST")) == 1
    assert calls(sandbox, "PATCH") == []
    assert state_of(booking).state == CopyState.READY


# ── An answer that was lost ──


@pytest.mark.parametrize("trouble", ["store_then_drop", "empty_body", "not_json", "huge_body"])
def test_a_create_whose_answer_was_lost_is_found_and_never_repeated(sandbox: Sandbox, trouble: str) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.fail_next(kind=trouble, **CREATE)
    deliver()
    assert len(calls(sandbox, "POST")) == 1
    assert len(present(sandbox)) == 1
    assert state_of(booking).state == CopyState.READY


@pytest.mark.parametrize("preset", ["server_error", "bad_gateway", "unavailable", "gateway_timeout"])
def test_a_server_error_on_create_is_looked_into_before_another_create(
    sandbox: Sandbox, settings: Any, preset: str
) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.fail_next(preset, **CREATE)
    deliver()
    found = state_of(booking)
    assert (found.state, found.join_url) == (CopyState.PENDING, "")
    assert found.problem == "uncertain"
    assert "look for it" in in_words(found.problem)
    for wait in (10, 60, 91):
        deliver(timedelta(seconds=wait))
        assert len(calls(sandbox, "POST")) == 1, f"only one create after {wait} s"
    deliver(timedelta(seconds=152))
    assert len(calls(sandbox, "POST")) == 2
    assert len(present(sandbox)) == 1
    assert state_of(booking).state == CopyState.READY


def test_a_meeting_that_lists_show_late_is_still_adopted(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.fail_next(kind="hide_from_lists", seconds=100, **CREATE)
    deliver()
    forget_the_answer()
    deliver()
    deliver(timedelta(seconds=95))
    assert state_of(booking).problem == "uncertain"
    sandbox.zoom.advance_clock(101)
    deliver(timedelta(seconds=160))
    assert state_of(booking).state == CopyState.READY
    assert len(calls(sandbox, "POST")) == 1


def forget_the_answer() -> None:
    """As a crash between Zoom's answer and our commit leaves it: the create is pending."""
    Meeting.objects.update(
        state=Meeting.State.CREATE_PENDING,
        attempted_at=NOW,
        looked_at=None,
        remote_id="",
        join_url="",
        applied_hash="",
    )
    Entry.objects.filter(kind="meeting").update(due_at=NOW)


def test_a_refused_look_does_not_make_us_forget_that_a_create_is_pending(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    forget_the_answer()
    sandbox.zoom.fail_next("scope_missing", method="GET", path=faults.NEW_MEETING)
    deliver()
    assert Meeting.objects.get().state == Meeting.State.CREATE_PENDING
    assert state_of(booking).problem == "missing_scope"
    connect_zoom(sandbox)
    owe_meetings(ada(), now=NOW)
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert len(calls(sandbox, "POST")) == len(present(sandbox)) == 1


def test_a_personal_room_that_cannot_be_taken_back_at_once_is_taken_back_later(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.user("ada@example.com").locked = {"use_pmi": True}
    sandbox.zoom.fail_next("server_error", times=2, **DELETE)
    deliver()
    for later in (1, 5, 30):
        deliver(timedelta(minutes=later))
    assert len(calls(sandbox, "POST")) == 1
    assert present(sandbox) == []
    assert state_of(booking).problem == "personal_room"


def test_an_uncertain_create_of_an_account_that_left_does_not_hold_up_another_account(
    sandbox: Sandbox,
) -> None:
    old = connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    forget_the_answer()
    disconnect(old, now=NOW)
    deliver()
    ada().connections.update(is_default=False)
    connect_zoom(sandbox, user="ben@example.com")
    owe_meetings(ada(), now=NOW)
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert [row.problem for row in Meeting.objects.order_by("generation")] == ["unresolved", ""]


def test_a_worker_that_died_after_the_create_leaves_no_second_meeting(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    made = state_of(booking)
    forget_the_answer()
    deliver()
    assert len(calls(sandbox, "POST")) == 1
    assert state_of(booking).join_url == made.join_url


def test_of_several_meetings_with_the_marker_the_oldest_is_kept(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    kept = state_of(booking)
    sandbox.zoom.advance_clock(5)
    Meeting.objects.update(state=Meeting.State.NEEDED, remote_id="", applied_hash="")
    Entry.objects.filter(kind="meeting").update(due_at=NOW)
    deliver()
    assert len(present(sandbox)) == 2
    Meeting.objects.update(
        state=Meeting.State.CREATE_PENDING, attempted_at=NOW, remote_id="", applied_hash=""
    )
    Entry.objects.filter(kind="meeting").update(due_at=NOW)
    deliver()
    [left] = present(sandbox)
    assert str(left.body["id"]) == kept.meeting_id == state_of(booking).meeting_id


def test_a_booking_cancelled_while_its_create_is_uncertain_leaves_nothing_behind(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.fail_next(kind="hide_from_lists", seconds=30, **CREATE)
    deliver()
    Meeting.objects.update(
        state=Meeting.State.CREATE_PENDING,
        attempted_at=NOW,
        looked_at=None,
        remote_id="",
        join_url="",
        applied_hash="",
    )
    cancel(booking, by=Booking.By.INVITEE, now=NOW)
    deliver()
    assert Meeting.objects.get().state == Meeting.State.CREATE_PENDING
    sandbox.zoom.advance_clock(31)
    deliver(timedelta(seconds=31))
    assert present(sandbox) == []
    assert Meeting.objects.get().state == Meeting.State.GONE


# ── What Zoom refuses, and how it heals ──

# Reading the tables: what the booking's page says after Zoom gave this answer to a create.
AFTER_CREATE = {
    "access_token_invalid": (CopyState.READY, ""),  # One refresh and one repeat mend it unseen.
    "access_token_expired": (CopyState.READY, ""),
    "scope_missing": (CopyState.FAILED, "missing_scope"),
    "scope_missing_401": (CopyState.FAILED, "missing_scope"),
    "paid_only": (CopyState.FAILED, "plan_limit"),
    "validation_failed": (CopyState.FAILED, "bad_request"),
    "schedule_for_invalid": (CopyState.FAILED, "bad_request"),
    "is_a_webinar": (CopyState.FAILED, "not_allowed"),
    "cannot_schedule_for": (CopyState.FAILED, "not_allowed"),
    "domain_blocked": (CopyState.FAILED, "not_allowed"),
    "may_not_host": (CopyState.FAILED, "cannot_host"),
    "invitation_expired": (CopyState.FAILED, "invitation_expired"),
    "shared_access_denied": (CopyState.FAILED, "forbidden"),
    "list_for_others_denied": (CopyState.FAILED, "forbidden"),
    "user_missing": (CopyState.FAILED, "user_gone"),
    "old_user_not_in_account": (CopyState.FAILED, "user_gone"),
    "old_not_host": (CopyState.FAILED, "not_host"),
    "server_error": (CopyState.PENDING, "uncertain"),
    "bad_gateway": (CopyState.PENDING, "uncertain"),
    "unavailable": (CopyState.PENDING, "uncertain"),
    "gateway_timeout": (CopyState.PENDING, "uncertain"),
}
# Answers that belong to a meeting that is there, or to calls that we don't make.
NOT_TO_A_CREATE = {
    "pmi_not_deletable",
    "pac_not_deletable",
    "meeting_missing",
    "recording_missing",
    "transcript_missing",
    "old_cannot_delete_in_progress",
    "old_meeting_ended",
    "old_meeting_missing_300",
}


def test_every_answer_that_zoom_documents_has_a_row() -> None:
    assert set(AFTER_CREATE) | NOT_TO_A_CREATE == set(faults.REST_ERRORS)


@pytest.mark.parametrize("preset", sorted(AFTER_CREATE))
def test_what_zoom_says_to_a_create_is_stored_and_said(sandbox: Sandbox, preset: str) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.fail_next(preset, **CREATE)
    deliver()
    state, problem = AFTER_CREATE[preset]
    database.close()  # What is stored survives the process that stored it.
    found = state_of(booking)
    assert (found.state, found.problem) == (state, problem)
    assert Booking.objects.get(pk=booking.pk).status == Booking.Status.CONFIRMED
    assert bool(found.join_url) == (state == CopyState.READY)
    assert bool(in_words(found.problem)) == bool(problem)
    assert found.waits_for_host == (state == CopyState.FAILED)
    if problem in ("missing_scope", "cannot_host"):
        assert Connection.objects.get().state == Connection.State.ATTENTION
    if state == CopyState.FAILED:
        deliver(timedelta(hours=2))
        assert len(calls(sandbox, "POST")) == 1, "a refusal is not repeated by itself"


@pytest.mark.parametrize("preset", ["scope_missing", "paid_only", "may_not_host", "cannot_schedule_for"])
def test_what_zoom_refused_is_made_when_the_host_has_mended_it_and_tries_again(
    sandbox: Sandbox, preset: str
) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.fail_next(preset, **CREATE)
    deliver()
    connect_zoom(sandbox)
    retry_copies(booking, now=NOW)
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert len(present(sandbox)) == 1


LIMITED = {
    "per_second": "rate_limited",
    "per_second_429": "rate_limited",
    "per_second_retry_after": "rate_limited",
    "concurrent": "rate_limited",
    "account_daily": "account_daily_limit",
    "host_daily": "host_daily_limit",
}


def test_every_limit_has_a_row() -> None:
    assert set(LIMITED) == set(faults.RATE_LIMITS)


@pytest.mark.parametrize("preset", sorted(LIMITED))
def test_a_limit_delays_the_link_and_loses_nothing(sandbox: Sandbox, preset: str) -> None:
    connect_zoom(sandbox)
    event_type = make_event_type()
    booking = make_booking(event_type)
    sandbox.zoom.fail_next(preset, **CREATE)
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.PENDING, LIMITED[preset])
    assert in_words(found.problem)
    assert found.next_try is not None
    midnight = datetime.combine(NOW.date() + timedelta(days=1), datetime.min.time(), NOW.tzinfo)
    if LIMITED[preset].endswith("daily_limit"):
        assert midnight <= found.next_try <= midnight + timedelta(hours=1)
    else:
        assert found.next_try < NOW + timedelta(minutes=1)
    deliver(found.next_try - clock.now() + timedelta(seconds=1))
    assert state_of(booking).state == CopyState.READY
    assert len(present(sandbox)) == 1


def test_a_daily_limit_holds_all_that_is_owed_to_the_account(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    event_type = make_event_type()
    for number in range(3):
        make_booking(event_type, start=TUESDAY_NINE + minutes(30 * number))
    sandbox.zoom.fail_next("host_daily", **CREATE)
    deliver()
    assert len(calls(sandbox, "POST")) == 1
    assert Entry.objects.filter(kind="meeting", due_at__gt=NOW + timedelta(hours=12)).count() == 3


@pytest.mark.parametrize("trouble", ["drop"])
def test_zoom_that_cannot_be_reached_is_tried_again(sandbox: Sandbox, trouble: str) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.fail_next(kind=trouble, **READ)
    sandbox.zoom.fail_next("unavailable", method="POST", path=faults.TOKEN_ENDPOINT)
    sandbox.zoom.expire_access("ada@example.com")
    deliver()
    found = state_of(booking)
    assert found.state == CopyState.PENDING
    assert found.problem
    deliver(timedelta(minutes=5))
    assert state_of(booking).state == CopyState.READY


def test_the_personal_room_is_never_a_booking_s_link(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    user = sandbox.zoom.user("ada@example.com")
    user.locked = {"use_pmi": True}
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem, found.join_url) == (CopyState.FAILED, "personal_room", "")


# ── Tokens ──

DEAD_TOKENS = {
    "refresh_token_dead": "authorization_refused",
    "refresh_token_dead_old_form": "authorization_refused",
    "4700": "authorization_refused",
    "4711": "scopes_changed",
    "4735": "user_gone",
    "4737": "authorization_refused",
    "4738": "admin_disabled",
    "4740": "authorization_replaced",
    "4741": "authorization_replaced",
}
OPERATORS = {
    "4702": "client_refused",
    "4704": "client_refused",
    "4705": "grant_unsupported",
    "4706": "grant_unsupported",
    "4709": "redirect_mismatch",
    "4717": "app_disabled",
}
PASSING = {"oauth_unavailable", "oauth_not_json"}
ONLY_WHILE_CONNECTING = {"4733", "4734"}


def test_every_oauth_answer_has_a_row() -> None:
    rows = set(DEAD_TOKENS) | set(OPERATORS) | PASSING | ONLY_WHILE_CONNECTING
    assert rows == set(faults.OAUTH_ERRORS)


@pytest.mark.parametrize("preset", sorted(DEAD_TOKENS))
def test_a_dead_token_breaks_the_connection_and_reconnecting_mends_all(sandbox: Sandbox, preset: str) -> None:
    connection = connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.expire_access("ada@example.com")
    sandbox.zoom.fail_next(preset, method="POST", path=faults.TOKEN_ENDPOINT)
    deliver()
    database.close()
    connection.refresh_from_db()
    assert connection.state == Connection.State.BROKEN
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.FAILED, DEAD_TOKENS[preset])
    assert "econnect" in in_words(found.problem) or "onnect another" in in_words(found.problem)
    connect_zoom(sandbox)
    assert owe_meetings(ada(), now=NOW) == 1
    deliver()
    connection.refresh_from_db()
    assert connection.state == Connection.State.ACTIVE
    assert state_of(booking).state == CopyState.READY


@pytest.mark.parametrize("preset", sorted(OPERATORS))
def test_what_only_the_operator_can_mend_disconnects_nobody(sandbox: Sandbox, preset: str) -> None:
    connection = connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.expire_access("ada@example.com")
    sandbox.zoom.fail_next(preset, method="POST", path=faults.TOKEN_ENDPOINT)
    deliver()
    database.close()
    connection.refresh_from_db()
    assert connection.state != Connection.State.BROKEN
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.PENDING, OPERATORS[preset])
    assert "Whoever runs the site" in in_words(found.problem)
    deliver(timedelta(hours=2))
    assert state_of(booking).state == CopyState.READY


@pytest.mark.parametrize("preset", sorted(PASSING))
def test_a_token_endpoint_in_trouble_is_tried_again(sandbox: Sandbox, preset: str) -> None:
    connection = connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.expire_access("ada@example.com")
    sandbox.zoom.fail_next(preset, times=2, method="POST", path=faults.TOKEN_ENDPOINT)
    deliver()
    found = state_of(booking)
    assert found.state == CopyState.PENDING
    assert in_words(found.problem)
    for later in (10, 30):
        deliver(timedelta(minutes=later))
    connection.refresh_from_db()
    assert connection.state == Connection.State.ACTIVE
    assert state_of(booking).state == CopyState.READY


def test_an_uninstalled_app_breaks_the_connection_at_the_next_call(sandbox: Sandbox) -> None:
    connection = connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.uninstall("ada@example.com")
    deliver()
    connection.refresh_from_db()
    assert connection.state == Connection.State.BROKEN
    assert connection.credential.tokens == ""
    assert state_of(booking).state == CopyState.FAILED


def test_the_host_is_mailed_once_that_the_connection_broke(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    event_type = make_event_type()
    for number in range(3):
        make_booking(event_type, start=TUESDAY_NINE + minutes(30 * number))
    sandbox.zoom.uninstall("ada@example.com")
    deliver()
    deliver(timedelta(hours=1))
    told = [mail for mail in sandbox.mailbox.messages if "no link" in mail.subject]
    assert [mail.subject for mail in told] == ["Zoom needs you: 3 bookings have no link"]
    assert "http://localhost:8000/dashboard/integrations/" in told[0].text
    assert "Reconnect" in told[0].text
    assert max(len(line) for line in told[0].text.splitlines()) <= 76


# ── A meeting that is there ──


def booked_and_made(sandbox: Sandbox) -> Booking:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    return booking


def test_a_meeting_that_is_gone_when_it_should_move_is_made_anew_and_the_new_link_told(
    sandbox: Sandbox,
) -> None:
    booking = booked_and_made(sandbox)
    before = state_of(booking)
    sandbox.zoom.delete_meeting(int(before.meeting_id), by="host")
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    after = state_of(booking)
    assert after.state == CopyState.READY
    assert after.join_url != before.join_url
    assert [meeting.start for meeting in present(sandbox)] == [TUESDAY_NINE + minutes(60)]
    assert Message.objects.filter(kind="link_here", state="sent").count() == 2


def test_after_a_new_link_each_later_change_is_told_once(sandbox: Sandbox) -> None:
    booking = booked_and_made(sandbox)
    sandbox.zoom.delete_meeting(int(state_of(booking).meeting_id), by="host")
    for later in (60, 120):
        reschedule(booking, start=TUESDAY_NINE + minutes(later), by=Booking.By.HOST, now=NOW)
        deliver()
    sent = Message.objects.filter(state="sent").values_list("kind", flat=True)
    assert sorted(sent) == ["booked"] * 2 + ["link_here"] * 2 + ["rescheduled"] * 4


def test_try_again_makes_a_meeting_anew_that_was_deleted_by_hand(sandbox: Sandbox) -> None:
    booking = booked_and_made(sandbox)
    before = state_of(booking)
    sandbox.zoom.delete_meeting(int(before.meeting_id), by="host")
    retry_copies(booking, now=NOW)
    deliver()
    after = state_of(booking)
    assert after.state == CopyState.READY
    assert after.join_url != before.join_url
    assert len(present(sandbox)) == 1


def test_a_change_that_zoom_accepts_and_ignores_is_not_called_done(sandbox: Sandbox) -> None:
    booking = booked_and_made(sandbox)
    number = int(state_of(booking).meeting_id)
    ignored = faults.Answer(204)
    sandbox.zoom.faults.append(
        faults.Fault("answer", answer=ignored, method="PATCH", path=faults.ONE_MEETING)
    )
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.PENDING, "time_differs")
    deliver(timedelta(minutes=5))
    assert state_of(booking).state == CopyState.READY
    assert [(meeting.id, meeting.start) for meeting in present(sandbox)] == [
        (number, TUESDAY_NINE + minutes(60))
    ]


def test_a_reconnected_account_mends_the_bookings_of_every_host_who_uses_it(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    ben = make_host("Ben Katz")
    connect_zoom(sandbox, ben, user="ada@example.com")
    bens = make_booking(make_event_type(ben))
    sandbox.zoom.uninstall("ada@example.com")
    deliver()
    assert state_of(bens).state == CopyState.FAILED
    connect_zoom(sandbox)
    owe_meetings(ada(), now=NOW)
    deliver()
    assert state_of(bens).state == CopyState.READY


def test_a_link_that_comes_after_the_start_is_made_for_what_is_left(sandbox: Sandbox, settings: Any) -> None:
    connect_zoom(sandbox)
    booking = make_booking(make_event_type(durations=[60]), duration=60)
    late = TUESDAY_NINE + minutes(10) + timedelta(seconds=59.9)
    settings.KOALENDAR_CLOCK_OFFSET += (late - clock.now()).total_seconds()
    deliver()
    assert state_of(booking).state == CopyState.READY


@pytest.mark.parametrize("preset", ["server_error", "unavailable", "per_second", "concurrent"])
def test_a_move_that_failed_for_now_is_made_later_and_the_link_stays(sandbox: Sandbox, preset: str) -> None:
    booking = booked_and_made(sandbox)
    before = state_of(booking)
    sandbox.zoom.fail_next(preset, **CHANGE)
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    found = state_of(booking)
    assert (found.state, found.join_url) == (CopyState.PENDING, before.join_url)
    deliver(timedelta(minutes=5))
    assert state_of(booking).state == CopyState.READY
    assert [meeting.start for meeting in present(sandbox)] == [TUESDAY_NINE + minutes(60)]
    assert len(calls(sandbox, "POST")) == 1


def test_a_missing_permission_to_move_is_said_and_the_old_link_stays(sandbox: Sandbox) -> None:
    booking = booked_and_made(sandbox)
    sandbox.zoom.fail_next("scope_missing", **CHANGE)
    reschedule(booking, start=TUESDAY_NINE + minutes(60), by=Booking.By.HOST, now=NOW)
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.FAILED, "missing_scope")
    assert found.join_url
    assert Connection.objects.get().state == Connection.State.ATTENTION


@pytest.mark.parametrize("preset", ["meeting_missing", "old_meeting_missing_300", "pmi_not_deletable"])
def test_a_meeting_that_cannot_be_there_any_more_counts_as_deleted(sandbox: Sandbox, preset: str) -> None:
    booking = booked_and_made(sandbox)
    sandbox.zoom.fail_next(preset, **DELETE)
    cancel(booking, by=Booking.By.HOST, now=NOW)
    deliver()
    assert state_of(booking).state == CopyState.REMOVED


@pytest.mark.parametrize("preset", ["server_error", "old_cannot_delete_in_progress", "per_second"])
def test_a_deletion_that_failed_for_now_is_made_later(sandbox: Sandbox, preset: str) -> None:
    booking = booked_and_made(sandbox)
    sandbox.zoom.fail_next(preset, **DELETE)
    cancel(booking, by=Booking.By.HOST, now=NOW)
    deliver()
    assert state_of(booking).state == CopyState.PENDING
    deliver(timedelta(minutes=30))
    assert state_of(booking).state == CopyState.REMOVED
    assert present(sandbox) == []


# ── Without a connection ──


def test_a_booking_without_zoom_stands_and_gets_its_link_when_zoom_is_connected(sandbox: Sandbox) -> None:
    booking = make_booking()
    deliver()
    found = state_of(booking)
    assert (found.state, found.problem) == (CopyState.FAILED, "not_connected")
    connect_zoom(sandbox)
    owe_meetings(ada(), now=NOW)
    deliver()
    assert state_of(booking).state == CopyState.READY


def test_no_call_is_made_for_a_host_who_has_disconnected(sandbox: Sandbox) -> None:
    booking = booked_and_made(sandbox)
    disconnect(Connection.objects.get(), now=NOW)
    before = len(sandbox.zoom.calls)
    cancel(booking, by=Booking.By.HOST, now=NOW)
    deliver()
    assert len(sandbox.zoom.calls) == before
    assert state_of(booking).problem == "not_connected"
    connect_zoom(sandbox)
    owe_meetings(ada(), now=NOW)
    deliver()
    assert state_of(booking).state == CopyState.REMOVED


# ── Mails that wait for the link ──


def test_the_confirmation_carries_the_link(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    deliver()
    link = state_of(booking).join_url
    mails = {mail.to[0] if isinstance(mail.to, list) else mail.to: mail for mail in sandbox.mailbox.messages}
    assert len(sandbox.mailbox.messages) == 2
    assert all(link in mail.text for mail in mails.values())


def test_when_the_link_takes_too_long_both_are_told_that_it_follows_and_it_does(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.zoom.fail_next("per_second", times=20, **CREATE)
    deliver()
    assert sandbox.mailbox.messages == []
    deliver(timedelta(seconds=121))
    assert len(sandbox.mailbox.messages) == 2
    assert all("follows" in mail.subject for mail in sandbox.mailbox.messages)
    sandbox.zoom.clear_faults()
    deliver(timedelta(hours=2))
    link = state_of(booking).join_url
    told = sandbox.mailbox.messages[2:]
    assert len(told) == 2
    assert all(link in mail.text for mail in told)


def test_a_mail_server_that_is_down_delays_the_mail_and_not_the_booking(sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    booking = make_booking()
    sandbox.mailbox.set_trouble("temporary")
    deliver()
    assert state_of(booking).state == CopyState.READY
    assert sandbox.mailbox.messages == []
    sandbox.mailbox.set_trouble("none")
    deliver(timedelta(minutes=5))
    assert len(sandbox.mailbox.messages) == 2
    deliver(timedelta(hours=3))
    assert len(sandbox.mailbox.messages) == 2

"""What a host is told of a connection, and why a booking has no link."""

from datetime import timedelta
from typing import Any

import pytest

from koalendar.booking import calendar_problems, problems
from koalendar.booking.actions import cancel
from koalendar.booking.conditions import Answer, condition_of, ending_for, why_no_link
from koalendar.booking.models import Booking, Meeting
from koalendar.connections import actions
from koalendar.connections.deletions import LINKS_STAY
from koalendar.connections.models import Connection, Credential
from koalendar.connections.provider import Reason
from koalendar.connections.zoom.oauth import SCOPES
from koalendar.outbox.models import Entry
from tests.people import NOW, ada, make_booking, make_connection, make_event_type

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

ATTENTION = [Reason.MISSING_SCOPE, Reason.CANNOT_HOST, Reason.FORBIDDEN, Reason.REFUSED]
BROKEN = [
    Reason.AUTHORIZATION_REFUSED,
    Reason.AUTHORIZATION_REPLACED,
    Reason.SCOPES_CHANGED,
    Reason.USER_GONE,
    Reason.INVITATION_EXPIRED,
    Reason.ADMIN_DISABLED,
]
ENDED = [Reason.REMOVED_AT_PROVIDER, Reason.OTHER_ACCOUNT, ""]


def connected(**fields: Any) -> Connection:
    connection = make_connection(**fields)
    all_scopes = " ".join(scope.name for scope in SCOPES)
    Credential.objects.update(scopes=all_scopes, account_email="ada@zoom.example", tokens="sealed")
    connection.refresh_from_db()
    return connection


def linked(booking: Booking, connection: Connection) -> Booking:
    Meeting.objects.filter(appointment=booking.appointment).update(
        state="present",
        remote_id=str(booking.pk),
        join_url="https://zoom.us/j/1",
        credential=connection.credential,
    )
    Entry.objects.filter(kind="meeting").update(due_at=None)
    return booking


def without_link(booking: Booking, problem: str, *, given_up: bool) -> Booking:
    Meeting.objects.update(problem=problem, problem_since=NOW)
    due = None if given_up else NOW + timedelta(minutes=4)
    Entry.objects.filter(kind="meeting").update(needs_person=given_up, problem=problem, due_at=due)
    return booking


def verdicts(answers: list[Answer]) -> list[bool | None]:
    return [answer.is_well for answer in answers]


# ── Conditions ──


@pytest.mark.parametrize(
    ("state", "reason"),
    [("attention", reason) for reason in ATTENTION]
    + [("broken", reason) for reason in BROKEN]
    + [("revoked", reason) for reason in ENDED],
)
def test_each_state_has_its_reason_in_words_and_one_step(state: str, reason: str) -> None:
    condition = condition_of(connected(state=state, problem=reason), now=NOW)
    assert condition.state == state
    assert condition.reason
    assert condition.reason != problems.in_words("a code that nobody knows") or reason == Reason.REFUSED
    assert condition.step is not None
    assert condition.step.url_name == "zoom-connect"


def test_a_connection_that_works_has_nothing_to_mend() -> None:
    condition = condition_of(connected(), now=NOW)
    assert (condition.state, condition.step, condition.kept_until) == ("active", None, None)


def test_what_a_missing_permission_disables_is_said() -> None:
    connection = connected(state="attention", problem="missing_scope")
    Credential.objects.update(scopes=" ".join(scope.name for scope in SCOPES if "delete" not in scope.name))
    connection = Connection.objects.get(pk=connection.pk)
    assert condition_of(connection, now=NOW).reason == "A cancelled booking leaves its Zoom meeting behind."


def test_an_end_says_until_when_how_many_links_are_kept() -> None:
    connection = connected()
    event_type = make_event_type()
    linked(make_booking(event_type), connection)
    gone = linked(make_booking(event_type, start=NOW + timedelta(hours=30)), connection)
    cancel(gone, by=Booking.By.HOST, now=NOW)
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    connection.refresh_from_db()
    condition = condition_of(connection, now=NOW)
    assert (condition.kept_until, condition.kept) == (NOW + LINKS_STAY, 1)


@pytest.mark.parametrize(("days", "near"), [(0, False), (6, False), (7, True), (9, True)])
def test_the_banner_warns_in_the_last_three_days(days: int, near: bool) -> None:
    connection = connected()
    linked(
        make_booking(make_event_type(booking_window_days=90), start=NOW + timedelta(days=21, hours=1)),
        connection,
    )
    actions.removed_at_provider("zoom", "zoom-ada", now=NOW)
    ending = ending_for(ada(), now=NOW + timedelta(days=days))
    assert ending is not None
    assert (ending.kept, ending.is_near, ending.until) == (1, near, NOW + LINKS_STAY)


def test_a_removal_is_news_without_links_too_but_an_own_disconnection_is_not() -> None:
    connected()
    actions.removed_at_provider("zoom", "zoom-ada", now=NOW)
    ending = ending_for(ada(), now=NOW)
    assert ending is not None
    assert ending.kept == 0
    make_connection(user="another-account", is_default=False)
    assert ending_for(ada(), now=NOW) is None


# ── Why there is no link ──


def test_a_booking_with_its_link_asks_no_questions() -> None:
    booking = linked(make_booking(), connected())
    assert why_no_link(booking, now=NOW) == []


def test_what_is_not_at_zoom_or_over_or_cancelled_asks_no_questions() -> None:
    connected()
    event_type = make_event_type(locations=[{"kind": "in_person", "address": "Here"}])
    elsewhere = make_booking(event_type, location={"kind": "in_person", "address": "Here"})
    assert why_no_link(elsewhere, now=NOW) == []
    at_zoom = make_booking(make_event_type(slug="other"), start=NOW + timedelta(hours=30))
    assert why_no_link(at_zoom, now=NOW)
    assert why_no_link(at_zoom, now=NOW + timedelta(days=3)) == []
    assert why_no_link(cancel(at_zoom, by=Booking.By.HOST, now=NOW), now=NOW) == []


def test_without_a_connection_the_first_question_says_so_and_leads_there() -> None:
    first, second, third = why_no_link(without_link(make_booking(), "not_connected", given_up=True), now=NOW)
    assert [first.is_well, second.is_well, third.is_well] == [False, None, None]
    assert first.step is not None
    assert first.step.label == "Connect Zoom"


def test_a_broken_connection_is_named_with_its_reason_and_its_day() -> None:
    connection = connected()
    booking = without_link(make_booking(), "authorization_refused", given_up=True)
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    first = why_no_link(booking, now=NOW)[0]
    assert (first.is_well, first.at) == (False, NOW)
    assert "no longer accepts our access" in first.text
    assert first.step is not None
    assert first.step.label == "Reconnect Zoom"


def test_zoom_that_is_silent_is_named_with_the_next_try() -> None:
    connected()
    booking = without_link(make_booking(), "unreachable", given_up=False)
    answers = why_no_link(booking, now=NOW)
    assert verdicts(answers) == [True, False, True]
    assert answers[0].text == "Yes, as ada@zoom.example."
    assert answers[1].at == NOW + timedelta(minutes=4)


@pytest.mark.parametrize("reason", ["plan_limit", "not_allowed", "cannot_host", "personal_room"])
def test_what_zoom_refuses_is_named_under_the_third_question(reason: str) -> None:
    connected()
    booking = without_link(make_booking(), reason, given_up=True)
    answers = why_no_link(booking, now=NOW)
    assert verdicts(answers) == [True, True, False]
    assert answers[2].text == problems.in_words(reason)


def test_a_missing_permission_is_named_under_the_third_question() -> None:
    connected(state="attention", problem="missing_scope")
    Credential.objects.update(scopes="user:read:user")
    answers = why_no_link(without_link(make_booking(), "missing_scope", given_up=True), now=NOW)
    assert answers[2].is_well is False
    assert "New bookings get no Zoom meeting." in answers[2].text


def test_a_link_that_is_just_being_made_is_no_trouble() -> None:
    connected()
    assert verdicts(why_no_link(make_booking(), now=NOW)) == [True, None, True]


def test_the_account_that_an_event_type_names_counts_and_not_the_default() -> None:
    connected()
    named = make_connection(user="another", is_default=False)
    place = {"kind": "zoom", "connection": named.public_id}
    booking = make_booking(make_event_type(locations=[place]), location=place)
    named.state = "revoked"
    named.save()
    first = why_no_link(booking, now=NOW)[0]
    assert first.is_well is False
    assert "not connected any more" in first.text


def test_a_zoom_that_is_switched_off_is_the_operators_matter(settings: Any) -> None:
    settings.ZOOM_CLIENT_ID = ""
    first = why_no_link(make_booking(), now=NOW)[0]
    assert (first.is_well, first.step) == (False, None)
    assert "Whoever runs the site" in first.text


def test_every_passing_trouble_has_words() -> None:
    unknown = problems.in_words("a code that nobody knows")
    assert all(problems.in_words(code) != unknown for code in problems.PASSING)


@pytest.mark.parametrize("code", sorted(problems.PASSING - {"time_differs", "host_daily_limit", "uncertain"}))
def test_what_passes_by_itself_at_google_is_never_called_a_refusal(code: str) -> None:
    for said in (problems.in_words(code, "google"), calendar_problems.in_words(code)):
        assert "refused" not in said
        assert "support" not in said

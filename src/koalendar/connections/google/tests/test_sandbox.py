"""The Google client and the stored connection against the sandbox; Google's own document judges both."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from koalendar.connections import actions
from koalendar.connections.google.oauth import BUSY, EVENTS, LIST
from koalendar.connections.models import Connection
from koalendar.connections.provider import (
    CalendarProvider,
    Changed,
    Conference,
    Disconnected,
    EventSpec,
    Gone,
    Misconfigured,
    Reason,
    Rejected,
    Temporary,
)
from koalendar.sandbox.google.world import FAMILY, TEAM
from koalendar.sandbox.server import Sandbox
from tests.people import NOW, connect_google, make_host, minutes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("present")]

ADA = "ada@example.com"
ID = "0f3a5c8e1b2d4f60a7c9e1b3d5f702461"
START = NOW + timedelta(days=1)
TWO_YEARS = timedelta(days=730)


def spec(**fields: Any) -> EventSpec:
    usual: dict[str, Any] = {
        "summary": "Intro call: Ina Berg and Ada Lovelace",
        "description": "<p>With &lt;Ina&gt;</p>",
        "location": "https://zoom.us/j/85412345678?pwd=x",
        "start": START,
        "end": START + minutes(30),
        "zone": "Europe/Paris",
        "is_tentative": False,
        "source_title": "Koalendar",
        "source_url": "https://book.example.com/dashboard/",
        "properties": {"koalendar": "book.example.com", "booking": "7"},
    }
    return EventSpec(**(usual | fields))


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    return connect_google(sandbox)


@pytest.fixture
def client(connection: Connection) -> CalendarProvider:
    return actions.open_calendars(connection.credential)


def calls(sandbox: Sandbox, name: str) -> list[Any]:
    return [call for call in sandbox.google.calls if name in call.path]


def put(sandbox: Sandbox, start: datetime, length: timedelta, calendar: str = ADA, **fields: Any) -> Any:
    times = {
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": (start + length).isoformat()},
    }
    return sandbox.google.put_event(calendar, {"summary": "Dentist"} | times | fields, by="Ada")


# ── The account ──


def test_the_answer_to_the_code_says_whose_account_it_is(connection: Connection) -> None:
    credential = connection.credential
    assert credential.account_email == ADA
    assert credential.remote_user_id.isdigit()
    assert credential.granted_scopes >= {LIST, BUSY, EVENTS, "openid"}
    assert connection.state == Connection.State.ACTIVE


def test_a_box_that_was_not_ticked_is_a_right_that_is_missing(sandbox: Sandbox) -> None:
    connection = connect_google(sandbox, scopes=["openid", "email", LIST, BUSY])
    assert (connection.state, connection.problem) == ("attention", Reason.MISSING_SCOPE)
    client = actions.open_calendars(connection.credential)
    assert client.calendars()
    with pytest.raises(Rejected) as error:
        client.insert_event(ADA, ID, spec())
    assert error.value.facts["scopes"] == (EVENTS,)


def test_choosing_again_adds_to_what_was_granted(sandbox: Sandbox) -> None:
    connect_google(sandbox, scopes=["openid", "email", LIST, BUSY])
    again = connect_google(sandbox, scopes=["openid", "email", EVENTS])
    assert again.state == Connection.State.ACTIVE


def test_access_is_renewed_and_the_refresh_token_stays(
    sandbox: Sandbox, connection: Connection, client: CalendarProvider
) -> None:
    sandbox.google.expire_access(ADA)
    assert client.me() is None
    sandbox.google.expire_access(ADA)
    assert client.me() is None
    assert Connection.objects.get(pk=connection.pk).state == Connection.State.ACTIVE


def test_access_taken_back_breaks_the_connection(
    sandbox: Sandbox, connection: Connection, client: CalendarProvider
) -> None:
    sandbox.google.revoke_user(ADA)
    with pytest.raises(Disconnected):
        client.calendars()
    connection.refresh_from_db()
    assert connection.state == Connection.State.BROKEN
    assert connection.credential.tokens == ""


def test_disconnecting_ends_the_grant_at_google(sandbox: Sandbox, connection: Connection) -> None:
    assert actions.disconnect(connection, now=NOW).revoked
    assert not sandbox.google.grants


# ── Calendars ──


@pytest.mark.parametrize("behaviour", [{}, {"largest_page": 1}, {"empty_pages": True}])
def test_the_list_is_whole_and_begins_with_the_primary_one(
    sandbox: Sandbox, client: CalendarProvider, behaviour: dict[str, Any]
) -> None:
    for name, value in behaviour.items():
        setattr(sandbox.google.behaviour, name, value)
    rows = client.calendars()
    assert [row.is_primary for row in rows] == [True, False, False, False, False]
    primary = rows[0]
    assert (primary.remote_id, primary.role, primary.is_writable, primary.zone) == (
        ADA,
        "owner",
        True,
        "Europe/Paris",
    )
    assert primary.color.startswith("#")
    assert {row.remote_id: row.is_writable for row in rows}[TEAM] is False


# ── Busy times ──


def test_busy_times_of_two_years_have_no_seam(sandbox: Sandbox, client: CalendarProvider) -> None:
    for day in range(0, 720, 3):
        put(sandbox, NOW + timedelta(days=day, hours=-2), timedelta(hours=4))
    told = client.busy([ADA, FAMILY], begin=NOW, end=NOW + TWO_YEARS)
    assert told[FAMILY] == ()
    stretches = told[ADA]
    assert not isinstance(stretches, Reason)
    assert len(stretches) == 240
    assert stretches[0] == (NOW, NOW + timedelta(hours=2))
    assert all(end - begin == timedelta(hours=4) for begin, end in stretches[1:])
    assert len(calls(sandbox, "freeBusy")) == 13


def test_an_all_day_event_is_a_day_of_its_calendar_s_zone(sandbox: Sandbox, client: CalendarProvider) -> None:
    far = sandbox.google.add_calendar(ADA, "Far", timezone="Pacific/Kiritimati").calendar_id
    sandbox.google.put_event(
        far,
        {"summary": "Holiday", "start": {"date": "2026-12-05"}, "end": {"date": "2026-12-06"}},
        by="Ada",
    )
    told = client.busy([far], begin=NOW, end=NOW + timedelta(days=30))
    assert told[far] == ((datetime(2026, 12, 4, 10, tzinfo=UTC), datetime(2026, 12, 5, 10, tzinfo=UTC)),)


@pytest.mark.parametrize(
    ("trouble", "reason"), [("notFound", Reason.NO_CALENDAR), ("internalError", Reason.SERVER_ERROR)]
)
def test_a_calendar_with_an_error_is_unknown_and_not_free(
    sandbox: Sandbox, client: CalendarProvider, trouble: str, reason: Reason
) -> None:
    sandbox.google.set_trouble(FAMILY, trouble)
    told = client.busy([ADA, FAMILY], begin=NOW, end=NOW + timedelta(days=90))
    assert told == {ADA: (), FAMILY: reason}


def test_more_than_fifty_calendars_are_asked_in_groups(sandbox: Sandbox, client: CalendarProvider) -> None:
    many = [sandbox.google.add_calendar(ADA, f"No {number}").calendar_id for number in range(51)]
    put(sandbox, START, minutes(30), calendar=many[-1])
    told = client.busy(many, begin=NOW, end=NOW + timedelta(days=2))
    assert told[many[-1]] == ((START, START + minutes(30)),)
    assert all(told[calendar] == () for calendar in many[:-1])


# ── Events ──


def test_an_event_is_made_moved_and_removed(sandbox: Sandbox, client: CalendarProvider) -> None:
    made = client.insert_event(ADA, ID, spec())
    assert (made.remote_id, made.start, made.end) == (ID, START, START + minutes(30))
    assert made.properties["booking"] == "7"
    assert made.web_url.startswith("https://www.google.com/calendar/")
    assert client.read_event(ADA, ID) == made
    later = spec(start=START + minutes(60), end=START + minutes(90), summary="Moved")
    moved = client.change_event(ADA, ID, later, etag=made.etag, keeps_time=False)
    assert moved.start == START + minutes(60)
    assert client.delete_event(ADA, ID, tells_invitees=False)
    assert not client.delete_event(ADA, ID, tells_invitees=False)
    with pytest.raises(Gone):
        client.read_event(ADA, ID)


def test_an_insert_that_is_repeated_gives_the_event_that_is_there(
    sandbox: Sandbox, client: CalendarProvider
) -> None:
    sandbox.google.fail_next("store_then_drop")
    with pytest.raises(Temporary):
        client.insert_event(ADA, ID, spec())
    assert client.insert_event(ADA, ID, spec()).remote_id == ID
    assert len(sandbox.google.events[ADA]) == 1


def test_an_id_of_a_deleted_event_is_spent(client: CalendarProvider) -> None:
    client.insert_event(ADA, ID, spec())
    client.delete_event(ADA, ID, tells_invitees=False)
    with pytest.raises(Gone):
        client.insert_event(ADA, ID, spec())


def test_a_change_leaves_what_the_host_did_and_minds_the_version(
    sandbox: Sandbox, client: CalendarProvider
) -> None:
    made = client.insert_event(ADA, ID, spec())
    event = sandbox.google.find_event(ADA, ID)
    sandbox.google.change_event(event, event.body | {"colorId": "5"}, "coloured", by="Ada")
    with pytest.raises(Changed):
        client.change_event(ADA, ID, spec(summary="New"), etag=made.etag, keeps_time=True)
    fresh = client.read_event(ADA, ID)
    client.change_event(ADA, ID, spec(summary="New"), etag=fresh.etag, keeps_time=True)
    after = sandbox.google.find_event(ADA, ID).body
    assert (after["colorId"], after["summary"]) == ("5", "New")


def test_a_change_may_keep_the_time_that_somebody_gave_it(sandbox: Sandbox, client: CalendarProvider) -> None:
    client.insert_event(ADA, ID, spec())
    there = {name: {"dateTime": (START + minutes(15 + add)).isoformat()} for name, add in _ENDS}
    sandbox.google.move_event(ADA, ID, there["start"], there["end"], by="Ada")
    fresh = client.read_event(ADA, ID)
    changed = client.change_event(ADA, ID, spec(location="Room 5"), etag=fresh.etag, keeps_time=True)
    assert changed.start == START + minutes(15)


_ENDS = (("start", 0), ("end", 30))


def test_guests_are_added_and_their_answers_stay(sandbox: Sandbox, client: CalendarProvider) -> None:
    made = client.insert_event(ADA, ID, spec(is_tentative=True))
    invited = client.change_event(
        ADA, ID, spec(invitees=("ina@example.com",)), etag=made.etag, keeps_time=True
    )
    event = sandbox.google.find_event(ADA, ID)
    answered = [guest | {"responseStatus": "accepted"} for guest in event.body["attendees"]]
    sandbox.google.change_event(event, event.body | {"attendees": answered}, "answered", by="Ina")
    with pytest.raises(Changed):
        client.change_event(ADA, ID, spec(invitees=("ina@example.com",)), etag=invited.etag, keeps_time=True)
    fresh = client.read_event(ADA, ID)
    both = ("Ina@example.com", "guest@example.com")
    client.change_event(ADA, ID, spec(invitees=both), etag=fresh.etag, keeps_time=True)
    guests = sandbox.google.find_event(ADA, ID).body["attendees"]
    assert {guest["email"]: guest["responseStatus"] for guest in guests if not guest.get("self")} == {
        "ina@example.com": "accepted",
        "guest@example.com": "needsAction",
    }
    assert {mail["wish"] for mail in sandbox.google.invitations} == {"all"}


def test_nobody_is_told_by_google_unless_google_invites(sandbox: Sandbox, client: CalendarProvider) -> None:
    client.insert_event(ADA, ID, spec())
    client.delete_event(ADA, ID, tells_invitees=False)
    assert not sandbox.google.invitations


def test_our_events_are_found_by_their_property(sandbox: Sandbox, client: CalendarProvider) -> None:
    client.insert_event(ADA, ID, spec())
    client.insert_event(ADA, ID + "2", spec(properties={"koalendar": "elsewhere.example.com"}))
    put(sandbox, START, minutes(30))
    found = client.events_with(ADA, "koalendar", "book.example.com", begin=NOW, end=NOW + timedelta(days=90))
    assert [event.remote_id for event in found] == [ID]


def test_a_meet_comes_a_moment_after_its_event_and_stays(sandbox: Sandbox, client: CalendarProvider) -> None:
    made = client.insert_event(ADA, ID, spec(conference="request-1"))
    assert (made.conference, made.join_url) == (Conference.PENDING, "")
    sandbox.google.advance_clock(60)
    ready = client.read_event(ADA, ID)
    assert ready.conference is Conference.READY
    assert ready.join_url.startswith("https://meet.google.com/")
    later = spec(start=START + minutes(60), end=START + minutes(90), conference="request-1")
    moved = client.change_event(ADA, ID, later, etag=ready.etag, keeps_time=False)
    assert moved.join_url == ready.join_url


def test_an_unknown_calendar_is_told_apart_from_an_unknown_event(client: CalendarProvider) -> None:
    for call in (
        lambda: client.insert_event("nobody@example.com", ID, spec()),
        lambda: client.events_with("nobody@example.com", "a", "b", begin=NOW, end=START),
    ):
        with pytest.raises(Rejected) as error:
            call()
        assert error.value.code == Reason.NO_CALENDAR
    with pytest.raises(Gone):
        client.read_event(ADA, ID)


# ── Channels ──


def test_a_channel_tells_of_changes_until_it_is_stopped(sandbox: Sandbox, client: CalendarProvider) -> None:
    address = "http://127.0.0.1:9/integrations/google/webhook"
    channel = client.watch(ADA, channel_id="channel-1", token="secret", address=address)
    assert channel.resource_id
    assert channel.expires_at > NOW
    client.stop(channel_id="channel-1", resource_id=channel.resource_id)
    client.stop(channel_id="channel-1", resource_id=channel.resource_id)


# ── Refusals ──


@pytest.mark.parametrize(
    ("preset", "kind", "reason"),
    [
        ("rate_limit", Temporary, Reason.RATE_LIMITED),
        ("user_rate_limit", Temporary, Reason.RATE_LIMITED),
        ("too_many_requests", Temporary, Reason.RATE_LIMITED),
        ("usage_limits", Temporary, Reason.USAGE_LIMIT),
        ("daily_limit", Temporary, Reason.ACCOUNT_DAILY_LIMIT),
        ("server_error", Temporary, Reason.SERVER_ERROR),
        ("bad_gateway", Temporary, Reason.SERVER_ERROR),
        ("conflict", Temporary, Reason.IN_PROGRESS),
        ("bad_request", Rejected, Reason.BAD_REQUEST),
        ("insufficient_scopes", Rejected, Reason.MISSING_SCOPE),
        ("not_organizer", Rejected, Reason.FORBIDDEN),
        ("access_not_configured", Misconfigured, Reason.APP_DISABLED),
        ("drop", Temporary, Reason.NO_ANSWER),
        ("empty_body", Temporary, Reason.BAD_ANSWER),
        ("huge_body", Temporary, Reason.NO_ANSWER),
        ("not_json", Temporary, Reason.BAD_ANSWER),
    ],
)
def test_what_google_refuses_becomes_the_error_that_says_what_to_do(
    sandbox: Sandbox, client: CalendarProvider, preset: str, kind: type[Exception], reason: Reason
) -> None:
    sandbox.google.fail_next(preset)
    with pytest.raises(kind) as error:
        client.busy([ADA], begin=NOW, end=START)
    assert getattr(error.value, "reason", None) == reason


def test_a_wait_that_google_asks_for_is_kept(sandbox: Sandbox, client: CalendarProvider) -> None:
    sandbox.google.fail_next("too_many_requests_retry_after")
    with pytest.raises(Temporary) as error:
        client.calendars()
    assert error.value.retry_after == 2
    sandbox.google.fail_next("usage_limits")
    with pytest.raises(Temporary) as spent:
        client.insert_event(ADA, ID, spec())
    assert spent.value.retry_after == 3600


def test_a_page_of_a_proxy_never_means_that_an_event_is_gone(
    sandbox: Sandbox, client: CalendarProvider
) -> None:
    client.insert_event(ADA, ID, spec())
    sandbox.google.fail_next(status=404, raw="<html>not here</html>")
    with pytest.raises(Temporary):
        client.read_event(ADA, ID)


def test_another_host_of_the_same_account_shares_its_tokens(sandbox: Sandbox, connection: Connection) -> None:
    other = connect_google(sandbox, make_host("Ben Blue"), user=ADA)
    assert other.credential_id == connection.credential_id

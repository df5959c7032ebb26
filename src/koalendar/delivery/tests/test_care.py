"""An account that was removed, refused or disconnected: what is erased when, who is told, what comes back."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection as database

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import connecting, owed
from koalendar.booking.actions import cancel, owe_meetings, reschedule
from koalendar.booking.models import Booking, Meeting, Message
from koalendar.booking.queries import CopyState, Whereabouts, whereabouts
from koalendar.connections import actions
from koalendar.connections.deletions import LINKS_STAY
from koalendar.connections.models import Connection, Credential, Deletion
from koalendar.connections.provider import Reason
from koalendar.delivery.care import look_after, wake
from koalendar.delivery.worker import run_due
from koalendar.outbox.models import Entry
from koalendar.sandbox import faults
from koalendar.sandbox.server import Sandbox
from tests.people import (
    TUESDAY_NINE,
    ada,
    connect_zoom,
    make_booking,
    make_event_type,
    make_host,
    minutes,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

DAY = timedelta(days=1)
FAR = TUESDAY_NINE + 27 * DAY
ADA = "ada@example.com"
READ = {"method": "GET", "path": faults.ONE_MEETING}


class Time:
    """The present, moved on by hand; all that came due on the way is done day by day, as a worker would."""

    def __init__(self, settings: Any, sandbox: Sandbox) -> None:
        self._settings = settings
        self._sandbox = sandbox

    def pass_by(self, span: timedelta = timedelta()) -> None:
        """Let so much time pass, for Zoom too, whose clock is ours."""
        while span > DAY:
            self._step(DAY)
            span -= DAY
        self._step(span)

    def _step(self, span: timedelta) -> None:
        self._settings.KOALENDAR_CLOCK_OFFSET += span.total_seconds()
        database.close()
        run_due()


@pytest.fixture
def time(settings: Any, sandbox: Sandbox) -> Time:
    settings.KOALENDAR_RATE_MAIL = None  # Ina books a lot.
    return Time(settings, sandbox)


def three_bookings(host: Host | None = None, start: datetime = FAR) -> list[Booking]:
    event_type = make_event_type(host, booking_window_days=90)
    return [make_booking(event_type, start=start + minutes(30 * number)) for number in range(3)]


def where(booking: Booking) -> Whereabouts:
    return whereabouts(Booking.objects.get(pk=booking.pk), now=clock.now())


def links(bookings: Iterable[Booking]) -> list[str]:
    return [where(booking).join_url for booking in bookings]


def states(bookings: Iterable[Booking]) -> set[CopyState]:
    return {where(booking).state for booking in bookings}


def removed(sandbox: Sandbox, user: str = ADA, **when: Any) -> list[Connection]:
    """The host removes the app, and Zoom's notification of it has arrived."""
    sandbox.zoom.uninstall(user)
    ended = actions.removed_at_provider("zoom", sandbox.zoom.user(user).id, now=clock.now(), **when)
    for connection in ended:
        owed.care(connection.credential, now=clock.now())
    return ended


def mails_to(sandbox: Sandbox, address: str, word: str = "") -> list[Any]:
    return [mail for mail in sandbox.mailbox.to(address) if word in mail.subject]


def account_mails(sandbox: Sandbox, address: str = ADA) -> list[str]:
    """Subjects of what an account is told, in their order."""
    words = ("Zoom needs you", "removed in Zoom", "Zoom is disconnected", "we erase the Zoom")
    subjects = [mail.subject for mail in sandbox.mailbox.to(address) if " booked " not in mail.subject]
    return [subject for subject in subjects if any(word in subject for word in words)]


def zoom_calls(sandbox: Sandbox) -> int:
    return len(sandbox.zoom.calls)


def post_calls(sandbox: Sandbox) -> int:
    return len([call for call in sandbox.zoom.calls if call.method == "POST" and "/meetings" in call.path])


# ── Removed in Zoom ──


def test_a_removal_erases_tokens_and_account_at_once_and_makes_no_call(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    kept, before = links(bookings), zoom_calls(sandbox)
    [ended] = removed(sandbox)
    row = Credential.objects.get()
    assert (row.tokens, row.scopes, row.account_name, row.account_email, row.account_plan) == ("",) * 5
    ended.refresh_from_db()
    assert (ended.state, ended.problem, ended.is_default) == ("revoked", "removed_at_provider", False)
    time.pass_by(9 * DAY)
    assert zoom_calls(sandbox) == before
    assert links(bookings) == kept
    assert states(bookings) == {CopyState.READY}
    assert len(sandbox.zoom.present_meetings()) == 3


def test_the_host_is_told_at_once_and_warned_three_days_before_and_never_again(
    sandbox: Sandbox, time: Time
) -> None:
    connect_zoom(sandbox)
    three_bookings()
    time.pass_by()
    removed(sandbox)
    time.pass_by()
    assert account_mails(sandbox) == ["Koalendar was removed in Zoom"]
    [mail] = mails_to(sandbox, ADA, "removed in Zoom")
    assert "links of 3 coming bookings go on working" in " ".join(mail.text.split())
    assert "until Thursday 10 December" in " ".join(mail.text.split())
    assert mail.text.count("http://localhost:8000/") == 1
    time.pass_by(6 * DAY)
    assert len(account_mails(sandbox)) == 1
    time.pass_by(DAY)
    assert account_mails(sandbox)[1:] == ["On Thursday 10 December we erase the Zoom links of 3 bookings"]
    time.pass_by(20 * DAY)
    assert len(account_mails(sandbox)) == 2


def test_after_ten_days_everything_is_erased_and_the_record_names_nobody(
    sandbox: Sandbox, time: Time
) -> None:
    connect_zoom(sandbox)
    bookings = three_bookings()
    soon = make_booking(bookings[0].appointment.event_type, start=TUESDAY_NINE)
    time.pass_by()
    zoom_id = Credential.objects.get().remote_user_id
    removed(sandbox)
    time.pass_by(LINKS_STAY - timedelta(hours=1))
    assert all(links([*bookings, soon]))
    time.pass_by(timedelta(hours=1))
    assert links([*bookings, soon]) == [""] * 4
    for row in Meeting.objects.all():
        assert (row.remote_id, row.join_url, row.passcode, row.dial_in) == ("", "", "", [])
    assert {(where(booking).state, where(booking).problem) for booking in bookings} == {
        (CopyState.FAILED, "not_connected")
    }
    credential = Credential.objects.get()
    assert zoom_id not in credential.remote_user_id
    assert (credential.account_id, credential.account_zone) == ("", "")
    record = Deletion.objects.get()
    assert (record.provider, record.how, record.ended, record.rows) == ("zoom", "notified", "erased", 5)
    assert record.connection is None
    assert record.finished_at is not None
    assert LINKS_STAY <= record.finished_at - record.began_at < LINKS_STAY + timedelta(minutes=1)
    assert len(sandbox.zoom.present_meetings()) == 4


def test_event_types_stay_bookable_and_the_link_follows_when_zoom_is_back(
    sandbox: Sandbox, time: Time
) -> None:
    connection = connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    removed(sandbox)
    time.pass_by(12 * DAY)
    late = make_booking(bookings[0].appointment.event_type, start=FAR + minutes(120), now=clock.now())
    time.pass_by()
    assert where(late).state == CopyState.FAILED
    again = connect_zoom(sandbox)
    assert again.public_id == connection.public_id
    owe_meetings(ada(), now=clock.now())
    time.pass_by()
    assert states([*bookings, late]) == {CopyState.READY}
    told = Message.objects.filter(kind="link_here", state="sent", audience="invitee")
    assert told.count() == 4


def test_a_booking_cancelled_meanwhile_asks_for_nobody_once_it_is_forgotten(
    sandbox: Sandbox, time: Time
) -> None:
    connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    removed(sandbox)
    cancel(bookings[0], by=Booking.By.HOST, now=clock.now())
    time.pass_by()
    assert where(bookings[0]).state == CopyState.FAILED
    time.pass_by(LINKS_STAY)
    assert where(bookings[0]).state == CopyState.REMOVED
    assert not Entry.objects.filter(
        kind="meeting", subject=str(bookings[0].appointment_id), needs_person=True
    ).exists()


def test_word_of_a_removal_that_comes_twice_or_late_changes_nothing(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    three_bookings()
    time.pass_by()
    long_ago = clock.now() - minutes(90)
    assert removed(sandbox, removed_at=long_ago) == []
    assert Connection.objects.get().state == Connection.State.ACTIVE
    assert len(removed(sandbox, removed_at=clock.now())) == 1
    assert removed(sandbox, removed_at=clock.now()) == []
    assert actions.removed_at_provider("zoom", "nobody-we-know", now=clock.now()) == []
    time.pass_by()
    assert account_mails(sandbox) == ["Koalendar was removed in Zoom"]
    assert Deletion.objects.count() == 1


def test_a_removal_known_before_its_notification_is_told_once(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    three_bookings()
    time.pass_by()
    sandbox.zoom.uninstall(ADA)
    time.pass_by(DAY)
    assert Connection.objects.get().state == Connection.State.BROKEN
    assert len(account_mails(sandbox)) == 1
    began = Deletion.objects.get().began_at
    assert len(removed(sandbox)) == 1
    time.pass_by()
    assert Connection.objects.get().state == Connection.State.REVOKED
    assert len(account_mails(sandbox)) == 1
    record = Deletion.objects.get()
    assert (record.how, record.began_at) == ("notified", began)


def test_both_hosts_who_share_an_account_are_told_and_each_comes_back_by_himself(
    sandbox: Sandbox, time: Time
) -> None:
    connect_zoom(sandbox)
    ben = make_host("Ben Katz")
    connect_zoom(sandbox, ben, user=ADA)
    adas, bens = three_bookings(), three_bookings(ben)
    time.pass_by()
    before = links(adas), links(bens)
    assert len(removed(sandbox)) == 2
    time.pass_by()
    assert account_mails(sandbox) == account_mails(sandbox, "ben@example.com")
    assert len(account_mails(sandbox)) == 1
    connect_zoom(sandbox)
    owe_meetings(ada(), now=clock.now())
    time.pass_by(LINKS_STAY + DAY)
    assert links(adas) == before[0]
    assert links(bens) == [""] * 3
    connect_zoom(sandbox, ben, user=ADA)
    owe_meetings(ben, now=clock.now())
    time.pass_by()
    assert states(bens) == {CopyState.READY}


# ── Private apps, which nobody notifies of ──


def test_a_removal_that_nobody_tells_of_is_found_within_a_day(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    time.pass_by()
    sandbox.zoom.uninstall(ADA)
    time.pass_by(timedelta(hours=24))
    connection = Connection.objects.select_related("credential").get()
    assert (connection.state, connection.problem) == ("broken", "authorization_refused")
    assert (connection.credential.tokens, connection.credential.account_email) == ("", "")
    assert Deletion.objects.get().how == "refused"
    assert account_mails(sandbox) == ["Zoom needs you"]


def test_zoom_in_trouble_at_the_daily_look_disconnects_nobody(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    time.pass_by()
    sandbox.zoom.fail_next("server_error", method="GET", path="^/v2/users/me$")
    time.pass_by(timedelta(hours=21))
    assert Connection.objects.get().state == Connection.State.ACTIVE
    before = Connection.objects.get().last_ok_at
    time.pass_by(timedelta(hours=1))
    after = Connection.objects.get().last_ok_at
    assert before is not None
    assert after is not None
    assert after > before
    assert Entry.objects.get(kind="connection").problem == ""


def test_the_daily_look_keeps_an_idle_account_alive_and_its_details_true(
    sandbox: Sandbox, time: Time
) -> None:
    connect_zoom(sandbox)
    time.pass_by()
    sandbox.zoom.user(ADA).type = 1
    time.pass_by(100 * DAY)
    connection = Connection.objects.select_related("credential").get()
    assert connection.state == Connection.State.ACTIVE
    assert connection.credential.account_plan == "basic"
    looks = [call for call in sandbox.zoom.calls if call.path == "/v2/users/me"]
    assert 95 <= len(looks) <= 125


def test_an_account_that_is_in_use_is_not_looked_at_besides(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    time.pass_by()
    before = len([call for call in sandbox.zoom.calls if call.path == "/v2/users/me"])
    Connection.objects.update(last_ok_at=clock.now() + timedelta(hours=19))
    time.pass_by(timedelta(hours=23))
    after = len([call for call in sandbox.zoom.calls if call.path == "/v2/users/me"])
    assert after == before


# ── Reminders ──


def test_trouble_is_told_at_once_and_after_1_3_7_and_14_days(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    event_type = make_event_type()
    sandbox.zoom.uninstall(ADA)
    make_booking(event_type, start=TUESDAY_NINE + 2 * DAY)
    told = {}
    for day in range(20):
        time.pass_by(timedelta() if day == 0 else DAY)
        told[day] = len(account_mails(sandbox))
    assert [day for day in told if day == 0 or told[day] > told[day - 1]] == [0, 1, 3, 7, 14]
    assert account_mails(sandbox)[:2] == [
        "Zoom needs you: 1 booking has no link",
        "Reminder: Zoom needs you: 1 booking has no link",
    ]


def test_reconnecting_ends_the_reminders(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    sandbox.zoom.uninstall(ADA)
    three_bookings()
    time.pass_by()
    connect_zoom(sandbox)
    owe_meetings(ada(), now=clock.now())
    time.pass_by(16 * DAY)
    assert len(account_mails(sandbox)) == 1
    assert Deletion.objects.get().ended == "reconnected"


def test_reminders_missed_while_no_worker_ran_are_one_mail(
    sandbox: Sandbox, time: Time, settings: Any
) -> None:
    connect_zoom(sandbox)
    sandbox.zoom.uninstall(ADA)
    three_bookings()
    time.pass_by()
    settings.KOALENDAR_CLOCK_OFFSET += (5 * DAY).total_seconds()
    time.pass_by()
    assert len(account_mails(sandbox)) == 2
    time.pass_by(DAY)
    assert len(account_mails(sandbox)) == 2


def test_a_step_that_died_after_telling_does_not_tell_again(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    sandbox.zoom.uninstall(ADA)
    three_bookings()
    time.pass_by()
    subject = str(Credential.objects.get().pk)
    for _ in range(3):
        look_after(subject, now=clock.now())
    Entry.objects.filter(kind="connection").update(due_at=clock.now())
    time.pass_by()
    assert len(account_mails(sandbox)) == 1


def test_what_a_crash_left_unsaid_is_said_by_the_next_worker(sandbox: Sandbox, time: Time) -> None:
    connection = connect_zoom(sandbox)
    time.pass_by()
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, clock.now())
    assert wake(now=clock.now()) == 1
    assert wake(now=clock.now()) == 0
    time.pass_by()
    assert account_mails(sandbox) == ["Zoom needs you"]
    assert wake(now=clock.now()) == 0


# ── Disconnected here ──


def test_disconnecting_here_keeps_links_for_ten_days_and_says_so(sandbox: Sandbox, time: Time) -> None:
    connection = connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    kept = links(bookings)
    connecting.disconnect(connection, now=clock.now())
    time.pass_by(LINKS_STAY - timedelta(hours=1))
    assert links(bookings) == kept
    assert {where(booking).kept_until for booking in bookings} == {Deletion.objects.get().due_at}
    assert account_mails(sandbox) == [
        "Zoom is disconnected",
        "On Thursday 10 December we erase the Zoom links of 3 bookings",
    ]
    time.pass_by(timedelta(hours=1))
    assert links(bookings) == [""] * 3
    record = Deletion.objects.get()
    assert (record.how, record.ended, record.rows) == ("disconnected", "erased", 4)


def test_who_disconnects_without_links_at_stake_is_told_once(sandbox: Sandbox, time: Time) -> None:
    connection = connect_zoom(sandbox)
    time.pass_by()
    actions.disconnect(connection, now=clock.now())
    time.pass_by(20 * DAY)
    assert account_mails(sandbox) == ["Zoom is disconnected"]


def test_who_disconnects_a_shared_account_loses_his_links_and_the_other_keeps_his(
    sandbox: Sandbox, time: Time
) -> None:
    first = connect_zoom(sandbox)
    ben = make_host("Ben Katz")
    connect_zoom(sandbox, ben, user=ADA)
    adas, bens = three_bookings(), three_bookings(ben)
    time.pass_by()
    kept = links(bens)
    first.refresh_from_db()
    assert actions.disconnect(first, now=clock.now()).is_shared
    time.pass_by(LINKS_STAY + DAY)
    assert links(adas) == [""] * 3
    assert links(bens) == kept
    credential = Credential.objects.get()
    assert credential.tokens
    assert credential.remote_user_id == sandbox.zoom.user(ADA).id


# ── Back again ──


def test_the_same_account_adopts_its_meetings_by_looking_and_makes_what_is_missing(
    sandbox: Sandbox, time: Time
) -> None:
    connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    before = links(bookings)
    removed(sandbox)
    sandbox.zoom.delete_meeting(int(where(bookings[1]).meeting_id), by="host")
    extra = make_booking(bookings[0].appointment.event_type, start=FAR + minutes(120))
    time.pass_by(2 * DAY)
    sandbox.mailbox.clear()
    made = post_calls(sandbox)
    connect_zoom(sandbox)
    owe_meetings(ada(), now=clock.now())
    time.pass_by()
    after = links(bookings)
    assert (after[0], after[2]) == (before[0], before[2])
    assert after[1] not in ("", before[1])
    assert states([*bookings, extra]) == {CopyState.READY}
    assert post_calls(sandbox) - made == 2
    assert not [call for call in sandbox.zoom.calls if call.method == "PATCH"]
    told = [mail.subject for mail in sandbox.mailbox.to("ina@example.com")]
    assert len([subject for subject in told if subject.startswith("Your Zoom link")]) == 2
    assert len(told) == 2
    time.pass_by(LINKS_STAY)
    assert links(bookings) == after


def test_a_booking_moved_meanwhile_moves_its_old_meeting_when_the_account_is_back(
    sandbox: Sandbox, time: Time
) -> None:
    connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    before = links(bookings)
    removed(sandbox)
    reschedule(bookings[0], start=FAR + minutes(180), by=Booking.By.HOST, now=clock.now())
    time.pass_by()
    assert where(bookings[0]).state == CopyState.FAILED
    connect_zoom(sandbox)
    owe_meetings(ada(), now=clock.now())
    time.pass_by()
    assert links(bookings) == before
    assert FAR + minutes(180) in [meeting.start for meeting in sandbox.zoom.present_meetings()]


def test_each_meeting_is_looked_at_once_after_reconnecting(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    three_bookings()
    time.pass_by()
    connect_zoom(sandbox)
    for _ in range(2):
        owe_meetings(ada(), now=clock.now())
        time.pass_by()
    looks = [call for call in sandbox.zoom.calls if call.method == "GET" and "/meetings/" in call.path]
    assert len(looks) == 3


def test_a_look_that_fails_for_now_keeps_the_link_and_is_repeated(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    before = links(bookings)
    connect_zoom(sandbox)
    sandbox.zoom.fail_next("server_error", times=3, **READ)
    owe_meetings(ada(), now=clock.now())
    time.pass_by()
    assert links(bookings) == before
    time.pass_by(timedelta(hours=1))
    assert states(bookings) == {CopyState.READY}
    assert links(bookings) == before


def test_a_crash_between_connecting_and_owing_is_made_up_for(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    removed(sandbox)
    time.pass_by()
    sandbox.zoom.delete_meeting(int(where(bookings[1]).meeting_id), by="host")
    late = make_booking(bookings[0].appointment.event_type, start=FAR + minutes(120))
    time.pass_by()
    connect_zoom(sandbox)
    time.pass_by(DAY)
    time.pass_by()
    assert states([*bookings, late]) == {CopyState.READY}
    assert len(set(links([*bookings, late]))) == 4
    assert len(sandbox.zoom.present_meetings()) == 4


@pytest.mark.parametrize("end", ["removed", "refused", "disconnected"])
def test_another_account_makes_new_meetings_and_sends_new_links(
    sandbox: Sandbox, time: Time, end: str
) -> None:
    connection = connect_zoom(sandbox)
    bookings = three_bookings()
    time.pass_by()
    before = links(bookings)
    if end == "removed":
        removed(sandbox)
    elif end == "disconnected":
        actions.disconnect(connection, now=clock.now())
    else:
        sandbox.zoom.uninstall(ADA)
        actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, clock.now())
    time.pass_by()
    sandbox.mailbox.clear()
    other = connect_zoom(sandbox, user="ben@example.com")
    other.refresh_from_db()
    assert other.is_default
    owe_meetings(ada(), now=clock.now())
    time.pass_by()
    after = links(bookings)
    assert states(bookings) == {CopyState.READY}
    assert not set(after) & set(before)
    assert len(mails_to(sandbox, "ina@example.com", "Your Zoom link")) == 3
    time.pass_by(LINKS_STAY + 5 * DAY)
    assert links(bookings) == after
    assert account_mails(sandbox) == []
    assert not Meeting.objects.filter(credential=connection.credential).exclude(remote_id="").exists()


def test_a_create_whose_answer_was_lost_is_adopted_when_the_account_is_back(
    sandbox: Sandbox, time: Time
) -> None:
    connect_zoom(sandbox)
    sandbox.zoom.fail_next("store_then_drop", method="POST", path=faults.NEW_MEETING)
    sandbox.zoom.fail_next("server_error", times=9, method="GET", path=faults.MEETINGS)
    booking = make_booking(make_event_type(booking_window_days=90), start=FAR)
    time.pass_by()
    assert Meeting.objects.get().state == Meeting.State.CREATE_PENDING
    sandbox.zoom.clear_faults()
    removed(sandbox)
    time.pass_by(DAY)
    connect_zoom(sandbox)
    owe_meetings(ada(), now=clock.now())
    time.pass_by(minutes(5))
    assert where(booking).state == CopyState.READY
    assert len(sandbox.zoom.present_meetings()) == 1


# ── Told of attention ──


def test_a_scope_that_shrank_is_told_and_reminded_of(sandbox: Sandbox, time: Time) -> None:
    connection = connect_zoom(sandbox)
    time.pass_by()
    actions.note_missing_scope(connection.credential, ["meeting:delete:meeting"], clock.now())
    time.pass_by()
    [mail] = mails_to(sandbox, ADA, "Zoom needs you")
    assert "leaves its Zoom meeting behind" in " ".join(mail.text.split())
    assert "Reconnect Zoom" in mail.text
    assert not Deletion.objects.exists()
    time.pass_by(DAY)
    assert len(account_mails(sandbox)) == 2


def test_at_the_daily_look_a_forbidden_account_asks_for_attention(sandbox: Sandbox, time: Time) -> None:
    connect_zoom(sandbox)
    time.pass_by()
    sandbox.zoom.fail_next(status=403, code=0, message="No.", method="GET", path="^/v2/users/me$")
    time.pass_by(timedelta(hours=21))
    connection = Connection.objects.get()
    assert (connection.state, connection.problem) == ("attention", "forbidden")

"""Google's word that a calendar has changed: believed from channels of ours alone, and a reason to read."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from koalendar import clock
from koalendar.booking import connecting, owed
from koalendar.booking.openings import open_slots
from koalendar.connections import channels
from koalendar.connections.google.app import Google
from koalendar.connections.models import Calendar, Channel, Connection
from koalendar.delivery.worker import run_due
from koalendar.outbox import queue
from koalendar.outbox.models import Entry
from koalendar.sandbox.server import Sandbox
from tests.busy import ADA, connect_calendars, primary, put, read
from tests.house import eventually
from tests.people import TUESDAY_NINE, make_event_type

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

PATH = "/integrations/google/webhook"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def public_site(settings: Any) -> None:
    """As if it were reached by https. The sandbox calls an address of this machine where nobody listens."""
    settings.HTTPS, settings.LOCAL = True, False
    settings.KOALENDAR_BASE_URL = "http://127.0.0.1:9"


@pytest.fixture
def connection(sandbox: Sandbox) -> Connection:
    """Connected, read, and told of changes; the entry is due in 20 minutes."""
    made = connect_calendars(sandbox)
    Entry.objects.filter(kind=owed.CALENDARS).update(due_at=clock.now() + timedelta(minutes=20))
    return made


def shift_clock(settings: Any, by: timedelta) -> None:
    settings.KOALENDAR_CLOCK_OFFSET += by.total_seconds()


def post(headers: dict[str, str], body: bytes = b"") -> HttpResponse:
    client = Client(enforce_csrf_checks=True)
    return client.post(PATH, body, content_type="application/json; utf-8", headers=headers)  # type: ignore[return-value]


def last_word(sandbox: Sandbox) -> dict[str, str]:
    return dict(sandbox.google.pushes[-1].headers)


def due_in(connection: Connection) -> float:
    entry = Entry.objects.get(kind=owed.CALENDARS, subject=str(connection.pk))
    assert entry.due_at is not None
    return (entry.due_at - clock.now()).total_seconds()


# ── What is taken ──


def test_a_change_has_the_calendars_read_in_a_moment(sandbox: Sandbox, connection: Connection) -> None:
    put(sandbox, TUESDAY_NINE)
    answer = post(last_word(sandbox))
    assert (answer.status_code, answer.content) == (200, b"")
    assert 0 < due_in(connection) <= 2
    assert Channel.objects.get().told_at is not None


def test_a_burst_of_words_is_one_read_that_is_not_put_off(sandbox: Sandbox, connection: Connection) -> None:
    for number in range(3):
        put(sandbox, TUESDAY_NINE + timedelta(hours=number))
        post(last_word(sandbox))
    entry = Entry.objects.get(kind=owed.CALENDARS)
    version, due = entry.version, entry.due_at
    post(last_word(sandbox))
    entry.refresh_from_db()
    assert (entry.version, entry.due_at) == (version, due)


def test_a_change_during_a_read_is_followed_by_another(sandbox: Sandbox, connection: Connection) -> None:
    now = clock.now()
    Entry.objects.exclude(kind=owed.CALENDARS).delete()
    Entry.objects.filter(kind=owed.CALENDARS).update(due_at=now)
    held = queue.lease("worker", now=now)
    assert held is not None
    put(sandbox, TUESDAY_NINE)
    post(last_word(sandbox))
    queue.wait(held, due=now + timedelta(minutes=20))
    assert due_in(connection) <= 2


def test_the_first_word_of_a_channel_is_acknowledged_and_no_more(
    sandbox: Sandbox, connection: Connection
) -> None:
    sync = dict(sandbox.google.pushes[0].headers)
    assert sync["X-Goog-Resource-State"] == "sync"
    assert post(sync).status_code == 200
    assert due_in(connection) > 60
    assert Channel.objects.get().told_at is None


def test_google_reaches_the_site_and_the_slot_goes(sandbox: Sandbox, live_server: Any, settings: Any) -> None:
    settings.KOALENDAR_BASE_URL = live_server.url
    event_type = make_event_type()
    connection = connect_calendars(sandbox)
    Entry.objects.filter(kind=owed.CALENDARS).update(due_at=clock.now() + timedelta(minutes=20))
    put(sandbox, TUESDAY_NINE)
    eventually(lambda: due_in(connection) <= 2)
    run_due(now=lambda: clock.now() + timedelta(seconds=3))
    day = TUESDAY_NINE.date()
    found = open_slots(event_type, duration=30, first=day, last=day, zone="UTC", now=clock.now())
    assert TUESDAY_NINE not in found[day]
    assert TUESDAY_NINE + timedelta(minutes=30) in found[day]


# ── What is not ──


@pytest.mark.parametrize(
    "changed",
    [
        {"X-Goog-Channel-Token": "guessed"},
        {"X-Goog-Channel-Token": ""},
        {"X-Goog-Channel-ID": "5b2b3a0a-6f0e-4f2e-9a61-0f2f3c1f6f11"},
        {"X-Goog-Channel-ID": "' OR 1=1"},
        {"X-Goog-Channel-ID": ""},
        {"X-Goog-Channel-Token": "a" * 300},
    ],
)
def test_whoever_is_not_ours_gets_one_answer(
    sandbox: Sandbox, connection: Connection, changed: dict[str, str]
) -> None:
    put(sandbox, TUESDAY_NINE)
    answer = post(last_word(sandbox) | changed)
    assert (answer.status_code, answer.content, answer.headers["Content-Type"]) == (404, b"", "text/plain")
    assert due_in(connection) > 60


def test_a_channel_that_has_ended_is_not_listened_to(
    sandbox: Sandbox, connection: Connection, settings: Any
) -> None:
    put(sandbox, TUESDAY_NINE)
    word = last_word(sandbox)
    shift_clock(settings, 8 * DAY)
    assert post(word).status_code == 404


def test_it_takes_posts_alone_and_reads_no_body(sandbox: Sandbox, connection: Connection) -> None:
    asked = Client().get(PATH)
    assert (asked.status_code, asked.headers["Allow"]) == (405, "POST")
    put(sandbox, TUESDAY_NINE)
    answer = post(last_word(sandbox), b"x" * 3_000_000)
    assert answer.status_code == 200
    assert not answer.cookies


def test_it_is_not_redirected(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^integrations/(zoom/(webhook|deauthorize)|google/webhook)$"]
    assert post({}).status_code == 404


# ── Channels ──


def test_the_token_is_stored_nowhere(sandbox: Sandbox, connection: Connection) -> None:
    (channel,) = sandbox.google.live_channels()
    row = Channel.objects.get()
    assert str(row.uid) == channel.id
    assert len(channel.token) >= 43
    assert channel.token not in str(vars(row))
    assert channels.told_by(channel.id, channel.token, now=clock.now()) == row


def test_one_that_is_about_to_end_is_replaced_before_it_is_stopped(
    sandbox: Sandbox, connection: Connection, settings: Any
) -> None:
    (old,) = sandbox.google.live_channels()
    shift_clock(settings, 5 * DAY)
    read(connection)
    assert [channel.id for channel in sandbox.google.live_channels()] == [old.id]
    shift_clock(settings, 1.5 * DAY)
    read(connection)
    (new,) = sandbox.google.live_channels()
    assert new.id != old.id
    assert [str(row.uid) for row in Channel.objects.all()] == [new.id]
    paths = [call.path for call in sandbox.google.calls if "watch" in call.path or "stop" in call.path]
    assert paths[-2].endswith("/watch")
    assert paths[-1].endswith("/channels/stop")


def test_an_old_one_that_cannot_be_stopped_is_stopped_next_time(
    sandbox: Sandbox, connection: Connection, settings: Any
) -> None:
    shift_clock(settings, 6.5 * DAY)
    sandbox.google.fail_next("server_error", path="/channels/stop$")
    read(connection)
    assert len(sandbox.google.live_channels()) == Channel.objects.count() == 2
    read(connection)
    assert len(sandbox.google.live_channels()) == Channel.objects.count() == 1


def test_a_calendar_that_is_used_no_more_is_not_told_of(sandbox: Sandbox, connection: Connection) -> None:
    Calendar.objects.update(blocks=False, is_target=False)
    read(connection)
    assert not sandbox.google.live_channels()
    assert not Channel.objects.exists()


def test_a_calendar_of_which_google_does_not_tell_is_asked_about_once_a_day(
    sandbox: Sandbox, connection: Connection, settings: Any
) -> None:
    Channel.objects.all().delete()
    sandbox.google.fail_next("bad_request", path="/watch$", times=2)
    for _ in range(3):
        read(connection)
    assert sum("watch" in call.path for call in sandbox.google.calls) == 2, "the first, and the refused one"
    assert primary().problem == ""
    shift_clock(settings, 1.1 * DAY)
    read(connection)
    assert sum("watch" in call.path for call in sandbox.google.calls) == 3


def test_trouble_with_a_channel_is_no_trouble_with_the_calendar(
    sandbox: Sandbox, connection: Connection
) -> None:
    Channel.objects.all().delete()
    sandbox.google.fail_next("server_error", path="/watch$")
    read(connection)
    assert not Channel.objects.exists()
    assert primary().problem == ""
    read(connection)
    assert Channel.objects.count() == 1


def test_a_site_that_google_cannot_reach_asks_for_none(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Google, "can_tell", False)
    connect_calendars(sandbox)
    assert not sandbox.google.live_channels()


@pytest.mark.parametrize(
    ("https", "local", "api", "can_tell"),
    [
        (True, False, "https://www.googleapis.com/calendar/v3", True),
        (False, True, "https://www.googleapis.com/calendar/v3", False),
        (False, True, "http://127.0.0.1:9000/google/calendar/v3", True),
    ],
)
def test_google_reaches_public_sites_and_its_stand_in_this_machine(
    settings: Any, https: bool, local: bool, api: str, can_tell: bool
) -> None:
    settings.HTTPS, settings.LOCAL, settings.GOOGLE_API_URL = https, local, api
    assert Google().can_tell is can_tell


def test_disconnecting_stops_them_while_the_token_is_there(sandbox: Sandbox, connection: Connection) -> None:
    connecting.disconnect(connection, now=clock.now())
    assert all(channel.stopped for channel in sandbox.google.channels)
    paths = [call.path for call in sandbox.google.calls]
    assert any(path.endswith("/channels/stop") for path in paths)
    assert not Channel.objects.exists()


def test_disconnecting_does_not_wait_for_google(sandbox: Sandbox, connection: Connection) -> None:
    sandbox.google.fail_next("server_error", path="/channels/stop$")
    done = connecting.disconnect(connection, now=clock.now())
    assert done.revoked
    assert not Channel.objects.exists()
    put(sandbox, TUESDAY_NINE, calendar=ADA)
    assert post(last_word(sandbox)).status_code == 404

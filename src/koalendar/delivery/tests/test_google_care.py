"""A Google account that ended, or a calendar that vanished: who is told by mail, and what is erased when."""

from datetime import timedelta
from typing import Any

import pytest

from koalendar import clock
from koalendar.accounts.models import AccountMail
from koalendar.booking import connecting, problems
from koalendar.connections import actions, calendars
from koalendar.connections.google.oauth import BUSY, EVENTS, LIST
from koalendar.connections.models import Calendar, Connection, Credential
from koalendar.connections.provider import Reason
from koalendar.delivery.care import LOOK_AFTER, look_after
from koalendar.sandbox.server import Sandbox
from tests.people import ada, connect_google, connect_zoom

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("present")]

ALL = [LIST, BUSY, EVENTS]


@pytest.fixture
def connection(settings: Any, sandbox: Sandbox) -> Connection:
    settings.GOOGLE_AUTH_URL = f"{sandbox.url}/google/o/oauth2/v2/auth"
    settings.GOOGLE_TOKEN_URL = f"{sandbox.url}/google/token"
    settings.GOOGLE_REVOKE_URL = f"{sandbox.url}/google/revoke"
    settings.GOOGLE_API_URL = f"{sandbox.url}/google/calendar/v3"
    made = connect_google(sandbox)
    calendars.refresh_list(made, clock.now())
    return made


def cared_for(connection: Connection, after: timedelta = timedelta()) -> Connection:
    """What the worker does for the account so much later."""
    look_after(str(connection.credential_id), now=clock.now() + after)
    return Connection.objects.select_related("credential").get(pk=connection.pk)


def last_mail() -> AccountMail:
    mail = AccountMail.objects.order_by("-pk").first()
    assert mail is not None
    return mail


def words(mail: AccountMail) -> str:
    return " ".join(mail.text.split())


def test_a_look_proves_the_access_and_leaves_whose_it_is(connection: Connection) -> None:
    later = cared_for(connection, LOOK_AFTER + timedelta(hours=1))
    assert later.state == "active"
    assert later.last_ok_at is not None
    assert connection.last_ok_at is None or later.last_ok_at > connection.last_ok_at
    assert later.credential.account_email == "ada@example.com"
    assert not AccountMail.objects.exists()


def test_a_removal_at_google_is_found_by_the_look_and_told_once(
    connection: Connection, sandbox: Sandbox
) -> None:
    sandbox.google.revoke_user("ada@example.com")
    ended = cared_for(connection, LOOK_AFTER + timedelta(hours=1))
    assert (ended.state, ended.problem) == ("broken", "authorization_refused")
    mail = last_mail()
    assert mail.subject == "Google Calendar needs you: nobody can book you"
    assert "Google no longer accepts our access." in words(mail)
    assert "no times are offered until you reconnect" in words(mail)
    assert "the name and e-mail of your Google account" in words(mail)
    assert "Zoom" not in mail.text
    assert "Testing" not in mail.text

    cared_for(connection, LOOK_AFTER + timedelta(hours=2))
    assert AccountMail.objects.count() == 1
    cared_for(connection, LOOK_AFTER + timedelta(days=1, hours=3))
    assert last_mail().subject == "Reminder: Google Calendar needs you: nobody can book you"


def test_the_mail_tells_of_a_project_in_testing(
    connection: Connection, sandbox: Sandbox, settings: Any
) -> None:
    sandbox.google.app.testing = True
    connect_google(sandbox)
    settings.KOALENDAR_CLOCK_OFFSET += timedelta(days=7, minutes=20).total_seconds()
    ended = cared_for(connection)
    assert (ended.state, ended.problem) == ("broken", "authorization_refused")
    assert "Whoever runs the site has to publish it" in words(last_mail())


@pytest.mark.parametrize("scope", ALL)
def test_a_permission_that_is_gone_is_known_by_its_own_name(
    connection: Connection, sandbox: Sandbox, scope: str
) -> None:
    actions.note_missing_scope(connection.credential, [scope], clock.now())
    told = cared_for(connection)
    assert (told.state, told.problem) == ("attention", "missing_scope")
    assert last_mail().subject == "Google Calendar needs you"


def test_a_look_that_is_refused_for_a_scope_names_googles(connection: Connection, sandbox: Sandbox) -> None:
    sandbox.google.revoke_user("ada@example.com")
    connect_google(sandbox, scopes=[BUSY, EVENTS])
    Connection.objects.update(state="active", problem="")
    Credential.objects.update(scopes=" ".join(ALL))
    later = cared_for(connection, LOOK_AFTER + timedelta(hours=1))
    assert later.problem == "missing_scope"
    assert later.credential.granted_scopes == {BUSY, EVENTS}
    assert "We cannot see which calendars you have" in words(last_mail())


def test_a_calendar_that_vanished_is_told_by_its_name_and_no_more_once_the_host_has_chosen(
    connection: Connection, sandbox: Sandbox
) -> None:
    own = Calendar.objects.get(is_primary=True)
    calendars.keep_list(connection, [], clock.now())
    cared_for(connection)
    assert f"The calendar “{own.name}” is not in your account any more." in words(last_mail())
    assert "Choose your calendars" in last_mail().text

    connecting.choose_calendars(ada(), blocks=set(), target=None, now=clock.now())
    cared_for(connection, timedelta(days=4))
    assert AccountMail.objects.count() == 1


def test_disconnecting_is_told_as_what_it_is(connection: Connection) -> None:
    connecting.disconnect(connection, now=clock.now())
    cared_for(connection)
    mail = last_mail()
    assert mail.subject == "Google Calendar is disconnected"
    assert "You disconnected Google Calendar here" in words(mail)
    assert "Its calendars block nothing any more" in words(mail)


def test_zoom_that_works_does_not_hide_that_google_ended(connection: Connection, sandbox: Sandbox) -> None:
    connect_zoom(sandbox)
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, clock.now())
    cared_for(connection)
    assert last_mail().subject.startswith("Google Calendar needs you")


def test_after_ten_days_the_calendars_are_forgotten_and_block_all_the_same(
    connection: Connection, sandbox: Sandbox
) -> None:
    own = Calendar.objects.get(is_primary=True)
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, clock.now())
    cared_for(connection, timedelta(days=10, hours=1))
    kept = Calendar.objects.get(pk=own.pk)
    assert (kept.name, kept.blocks) == ("", True)
    assert kept.remote_id.startswith("forgotten:")

    calendars.refresh_list(connect_google(sandbox), clock.now())
    back = Calendar.objects.get(pk=own.pk)
    assert (back.remote_id, back.name, back.is_target) == (own.remote_id, own.name, True)


def test_every_reason_has_words_that_speak_of_google() -> None:
    for reason in Reason:
        assert problems.in_words(reason, "google")
        assert "Zoom" not in problems.in_words(reason, "google"), reason

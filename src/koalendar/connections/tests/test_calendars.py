"""Which calendars block and where bookings go: by itself on connecting, by choice, and through trouble."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from koalendar.accounts.models import Host
from koalendar.booking.conditions import reason_of
from koalendar.connections import actions, calendars, deletions, registry
from koalendar.connections.calendars import NotWritable, choose, ignore, is_unknown, keep_list
from koalendar.connections.models import Calendar, Connection, Credential
from koalendar.connections.provider import (
    Ability,
    Account,
    Reason,
    RemoteCalendar,
    Tokens,
)
from koalendar.connections.tests.makers import NOW, make_host, reread
from koalendar.connections.tests.makers import make_account as make_zoom_account
from koalendar.connections.tests.makers import make_tokens as make_zoom_tokens

pytestmark = pytest.mark.django_db

State = Connection.State
LATER = NOW + timedelta(minutes=5)


def scopes(*abilities: Ability) -> frozenset[str]:
    wanted = registry.CALENDARS["google"].wanted_scopes
    return frozenset(scope.name for scope in wanted if scope.gives in abilities or scope.gives is None)


ALL = tuple(Ability)


def connect(host: Host, *abilities: Ability, user: str = "google-ada") -> Connection:
    tokens = Tokens("access", "refresh", NOW + timedelta(days=3), scopes(*(abilities or ALL)), "")
    account = Account(user, "", "Ada Lovelace", f"{user}@gmail.example", "", "Europe/Paris")
    return actions.connect(host=host, provider="google", tokens=tokens, account=account, now=NOW)


def listed(remote_id: str, **fields: object) -> RemoteCalendar:
    facts: dict[str, object] = {
        "name": remote_id.capitalize(),
        "color": "#3246c8",
        "role": "owner",
        "zone": "Europe/Paris",
        "is_primary": False,
        "is_writable": True,
    }
    return RemoteCalendar(remote_id, **(facts | fields))  # type: ignore[arg-type]  # a maker takes any field


OWN = listed("own", is_primary=True)
TEAM = listed("team", role="reader", is_writable=False)
CLUB = listed("club")


def row(remote_id: str) -> Calendar:
    return Calendar.objects.select_related("connection").get(remote_id=remote_id)


def read(remote_id: str) -> None:
    Calendar.objects.filter(remote_id=remote_id).update(read_at=NOW, busy=[1, 2], read_from=NOW)


# ── On connecting ──


def test_the_primary_calendar_blocks_and_receives_bookings() -> None:
    host = make_host()
    connection = connect(host)
    assert keep_list(connection, [OWN, TEAM, CLUB], NOW) == []
    assert [(one.remote_id, one.blocks, one.is_target) for one in calendars.calendars_of(host)] == [
        ("own", True, True),
        ("club", False, False),
        ("team", False, False),
    ]
    team = row("team")
    assert (team.name, team.color, team.role, team.zone) == ("Team", "#3246c8", "reader", "Europe/Paris")
    assert (team.is_primary, team.is_writable, team.host) == (False, False, host)
    assert calendars.target_of(host) == row("own")
    assert list(calendars.blocking(host)) == [row("own")]
    assert list(calendars.writable(host)) == [row("own"), row("club")]


def test_without_the_permission_for_busy_times_nothing_blocks_until_it_is_granted() -> None:
    host = make_host()
    keep_list(connect(host, Ability.LIST_CALENDARS, Ability.WRITE_EVENTS), [OWN], NOW)
    assert (row("own").blocks, row("own").is_target, row("own").problem) == (False, True, "missing_scope")

    keep_list(connect(host), [OWN], LATER)
    assert (row("own").blocks, row("own").problem) == (True, "")


def test_without_the_permission_for_events_nothing_receives_bookings_until_it_is_granted() -> None:
    host = make_host()
    keep_list(connect(host, Ability.LIST_CALENDARS, Ability.READ_BUSY), [OWN, CLUB], NOW)
    assert calendars.target_of(host) is None
    assert list(calendars.writable(host)) == []

    keep_list(connect(host), [OWN, CLUB], LATER)
    assert calendars.target_of(host) == row("own")


def test_a_second_account_blocks_too_and_does_not_take_the_bookings() -> None:
    host = make_host()
    keep_list(connect(host), [OWN], NOW)
    keep_list(connect(host, user="google-work"), [listed("work", is_primary=True)], NOW)
    assert [one.remote_id for one in calendars.blocking(host)] == ["own", "work"]
    assert calendars.target_of(host) == row("own")


def test_two_hosts_of_one_account_choose_for_themselves() -> None:
    ada, ben = make_host("Ada"), make_host("Ben")
    keep_list(connect(ada), [OWN], NOW)
    keep_list(connect(ben), [OWN], NOW)
    choose(ada, blocks=set(), target=None)
    assert calendars.target_of(ada) is None
    assert calendars.target_of(ben) is not None
    assert list(calendars.blocking(ada)) == []


def test_what_the_host_chose_is_not_undone_by_the_next_list_nor_by_reconnecting() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN, CLUB], NOW)
    choose(host, blocks=set(), target=None)

    keep_list(connection, [OWN, CLUB], LATER)
    keep_list(connect(host), [OWN, CLUB], LATER)
    assert calendars.target_of(host) is None
    assert list(calendars.blocking(host)) == []


def test_the_database_allows_one_target_per_host() -> None:
    keep_list(connect(make_host()), [OWN, CLUB], NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Calendar.objects.filter(remote_id="club").update(is_target=True)


def test_a_list_longer_than_our_columns_is_cut_and_an_id_that_long_left_out() -> None:
    keep_list(connect(make_host()), [listed("x" * 256), listed("own", name="n" * 300)], NOW)
    assert [len(one.name) for one in Calendar.objects.all()] == [255]


# ── Choosing ──


def test_choosing_erases_the_busy_times_of_what_blocks_no_longer() -> None:
    host = make_host()
    keep_list(connect(host), [OWN, CLUB], NOW)
    read("own")
    choose(host, blocks={row("club").public_id}, target=row("club").public_id)
    assert (row("own").blocks, row("own").busy, row("own").read_at) == (False, [], None)
    assert (row("club").blocks, row("club").is_target) == (True, True)
    assert is_unknown(row("club"), NOW)


def test_choosing_the_same_again_keeps_what_was_read() -> None:
    host = make_host()
    keep_list(connect(host), [OWN], NOW)
    read("own")
    choose(host, blocks={row("own").public_id}, target=row("own").public_id)
    assert row("own").busy == [1, 2]


@pytest.mark.parametrize("what", ["team", "bens", "nobody"])
def test_bookings_cannot_go_where_nobody_may_write(what: str) -> None:
    host = make_host()
    keep_list(connect(host), [OWN, TEAM], NOW)
    keep_list(connect(make_host("Ben"), user="google-ben"), [listed("bens")], NOW)
    found = Calendar.objects.filter(remote_id=what).first()
    with pytest.raises(NotWritable):
        choose(host, blocks=set(), target=found.public_id if found else "nobody")
    assert calendars.target_of(host) == row("own")
    assert row("own").blocks


def test_nobody_chooses_for_another_host() -> None:
    keep_list(connect(make_host()), [OWN], NOW)
    choose(make_host("Ben"), blocks=set(), target=None)
    assert row("own").blocks


# ── Unknown is not free ──


@pytest.mark.parametrize(("minutes", "unknown"), [(None, True), (29, False), (31, True)])
def test_a_calendar_is_unknown_until_it_is_read_and_when_that_is_long_ago(
    minutes: int | None, unknown: bool
) -> None:
    calendar = Calendar(read_at=None if minutes is None else NOW - timedelta(minutes=minutes))
    assert is_unknown(calendar, NOW) is unknown


def test_an_ignored_calendar_is_waited_for_again_once_it_has_been_read() -> None:
    host = make_host()
    keep_list(connect(host), [OWN], NOW)
    assert calendars.unknown_of(host, NOW) == [row("own")]
    assert ignore(row("own"), NOW)
    assert calendars.is_ignored(row("own"))
    assert calendars.unknown_of(host, NOW) == []

    Calendar.objects.update(read_at=LATER)
    assert not calendars.is_ignored(row("own"))
    assert is_unknown(row("own"), LATER + timedelta(hours=1))


def test_what_is_known_cannot_be_ignored_and_what_is_ignored_can_be_waited_for() -> None:
    keep_list(connect(make_host()), [OWN], NOW)
    assert ignore(row("own"), NOW)
    calendars.wait_again(row("own"))
    assert is_unknown(row("own"), NOW)
    read("own")
    assert not ignore(row("own"), NOW)
    assert row("own").ignored_at is None


# ── Gone from the list ──


def test_a_calendar_that_blocks_and_vanished_is_unknown_and_named_until_the_host_has_chosen() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN, CLUB], NOW)
    choose(host, blocks={row("club").public_id}, target=row("own").public_id)
    read("club")

    assert keep_list(connection, [OWN], NOW) == [row("club")]
    assert is_unknown(row("club"), NOW)
    assert row("club") in calendars.calendars_of(host)
    state = reread(connection)
    assert (state.state, state.problem, state.problem_told_at) == (State.ATTENTION, "calendar_gone", None)

    assert keep_list(connection, [OWN], LATER) == []
    assert reread(connection).problem_since == NOW
    choose(host, blocks=set(), target=row("own").public_id)
    assert (reread(connection).state, reread(connection).problem) == (State.ACTIVE, "")
    assert row("club") not in calendars.calendars_of(host)


def test_a_target_that_vanished_receives_nothing_and_is_the_target_again_when_it_is_back() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN, CLUB], NOW)
    choose(host, blocks=set(), target=row("club").public_id)
    keep_list(connection, [OWN], NOW)
    assert calendars.target_of(host) is None
    assert reread(connection).problem == Reason.CALENDAR_GONE

    keep_list(connection, [OWN, CLUB], LATER)
    assert calendars.target_of(host) == row("club")
    assert reread(connection).state == State.ACTIVE


def test_a_target_that_the_host_owns_no_longer_receives_nothing_and_is_named_until_he_has_chosen() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN, CLUB], NOW)
    choose(host, blocks=set(), target=row("club").public_id)
    keep_list(connection, [OWN, replace(CLUB, role="writer", is_writable=False)], NOW)
    assert calendars.target_of(host) is None
    assert (reread(connection).state, reread(connection).problem) == (State.ATTENTION, "calendar_closed")
    assert "You do not own the calendar “Club” any more" in reason_of(reread(connection))

    choose(host, blocks=set(), target=row("own").public_id)
    assert reread(connection).state == State.ACTIVE


def test_reconnecting_does_not_hide_that_a_calendar_is_missing() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN, CLUB], NOW)
    keep_list(connection, [CLUB], NOW)
    again = connect(host)
    assert again.state == State.ACTIVE
    assert keep_list(again, [CLUB], LATER) == []
    assert reread(connection).problem == Reason.CALENDAR_GONE


def test_a_calendar_that_nobody_uses_may_vanish() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN, CLUB], NOW)
    assert keep_list(connection, [OWN], LATER) == []
    assert reread(connection).state == State.ACTIVE
    assert list(calendars.calendars_of(host)) == [row("own")]


# ── When the access ends ──


def test_disconnecting_erases_the_calendars_of_this_account_alone() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN], NOW)
    keep_list(connect(host, user="google-work"), [listed("work", is_primary=True)], NOW)
    with_zoom = actions.connect(
        host=host, provider="zoom", tokens=make_zoom_tokens(), account=make_zoom_account(), now=NOW
    )
    actions.disconnect(connection, now=NOW)
    assert [one.remote_id for one in Calendar.objects.all()] == ["work"]
    assert calendars.target_of(host) is None
    assert reread(with_zoom).state == State.ACTIVE


def test_a_broken_account_keeps_what_the_host_chose() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN], NOW)
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    assert calendars.target_of(host) == row("own")
    assert list(calendars.blocking(host)) == [row("own")]
    assert keep_list(reread(connection), [], LATER) == []
    assert row("own").gone_at is None


def test_another_account_does_not_take_the_place_of_a_broken_one() -> None:
    host = make_host()
    connection = connect(host)
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    connect(host, user="google-work")
    assert reread(connection).state == State.BROKEN


def test_a_forgotten_account_forgets_its_calendars_which_go_on_blocking_and_are_found_again() -> None:
    host = make_host()
    connection = connect(host)
    keep_list(connection, [OWN, CLUB], NOW)
    read("own")
    before = row("own").pk
    actions.mark_broken(connection.credential, Reason.AUTHORIZATION_REFUSED, NOW)
    record = deletions.open_of(connection.credential).get()
    assert deletions.finish(record, NOW + timedelta(days=10))

    kept = Calendar.objects.get(pk=before)
    assert (kept.name, kept.color, kept.role, kept.zone, kept.busy) == ("", "", "", "", [])
    assert "own" not in kept.remote_id
    assert kept.blocks
    assert is_unknown(kept, NOW)
    assert "google-ada" not in Credential.objects.get().remote_user_id

    keep_list(connect(host), [OWN, CLUB], NOW + timedelta(days=11))
    again = Calendar.objects.get(pk=before)
    assert (again.remote_id, again.name, again.blocks, again.is_target) == ("own", "Own", True, True)
    assert Calendar.objects.count() == 2

"""Keys for programs: what they open, until when, and what is kept of them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections
from django.test.utils import CaptureQueriesContext

from koalendar.accounts.keys import (
    MOST_KEYS,
    ExpiresTooEarly,
    Scope,
    TooManyKeys,
    UnfitName,
    find_key,
    keys_of,
    live_keys,
    make_key,
    note_use,
    revoke_key,
)
from koalendar.accounts.models import ApiKey, Host
from tests.people import NOW, make_host, minutes

pytestmark = pytest.mark.django_db


def made(host: Host | None = None, **fields: Any) -> str:
    wanted: dict[str, Any] = {"name": "script", "now": NOW} | fields
    return make_key(host or make_host(), **wanted)


def found(text: str, now: datetime = NOW) -> ApiKey:
    key = find_key(text, now=now)
    assert key is not None
    return key


def test_a_key_opens_its_host_and_its_text_is_nowhere_in_the_database() -> None:
    host = make_host()
    text = made(host, scope=Scope.BOOKINGS)
    key = found(text)
    assert (key.host, key.name, Scope(key.scopes), key.created_at) == (host, "script", Scope.BOOKINGS, NOW)
    assert text.startswith("koa_")
    assert len(text) == len("koa_") + 43  # 256 bits in letters of six
    assert text.startswith(key.prefix)
    assert text[20:] not in str(ApiKey.objects.values().get())


def test_each_scope_allows_what_the_smaller_ones_do() -> None:
    allowed = {scope: [wanted.value for wanted in Scope if scope.allows(wanted)] for scope in Scope}
    assert allowed == {
        Scope.READ: ["read"],
        Scope.BOOKINGS: ["read", "bookings"],
        Scope.ALL: ["read", "bookings", "all"],
    }


@pytest.mark.parametrize(
    "text", ["", "koa_", "koa_" + "x" * 43, "Bearer x", "koa_" + "é" * 43, "koa_" * 10_000]
)
def test_what_is_no_key_finds_nothing(text: str) -> None:
    made()
    assert find_key(text, now=NOW) is None


def test_a_key_is_dead_from_the_instant_at_which_it_expires() -> None:
    text = made(expires_at=NOW + minutes(5))
    assert found(text, NOW + timedelta(seconds=299)).expires_at == NOW + minutes(5)
    assert find_key(text, now=NOW + minutes(5)) is None


def test_a_revoked_key_opens_nothing_at_once_and_stays_as_first_revoked() -> None:
    text = made()
    key = found(text)
    assert revoke_key(key, now=NOW) is True
    assert find_key(text, now=NOW) is None
    assert revoke_key(key, now=NOW + minutes(1)) is False
    assert key.revoked_at == NOW


def test_the_keys_of_a_host_who_is_shut_out_open_nothing() -> None:
    host = make_host()
    text = made(host)
    Host.objects.filter(pk=host.pk).update(is_active=False)
    assert find_key(text, now=NOW) is None


def test_finding_a_key_and_its_host_is_one_query() -> None:
    text = made()
    with CaptureQueriesContext(connection) as asked:
        assert found(text).host.email == "ada@example.com"
    assert len(asked) == 1


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "two\nlines", "nul\0", "bell\a", "half \ud83d"])
def test_a_name_that_is_not_one_line_of_80_characters_is_refused(name: str) -> None:
    with pytest.raises(UnfitName):
        made(name=name)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("name", ["x", "x" * 80, "  Büro 👩‍💻 "])
def test_a_name_may_be_in_any_language(name: str) -> None:
    assert found(made(name=name)).name == name.strip()


def test_a_key_that_would_be_dead_already_is_refused() -> None:
    with pytest.raises(ExpiresTooEarly):
        made(expires_at=NOW)


def test_only_so_many_keys_are_alive_at_once() -> None:
    host, ben = make_host(), make_host("Ben Moss")
    made(host, expires_at=NOW + minutes(1))
    for _time in range(MOST_KEYS - 1):
        made(host)
    with pytest.raises(TooManyKeys) as refused:
        made(host)
    assert refused.value.most == MOST_KEYS
    made(ben)

    made(host, now=NOW + minutes(1))  # The first has expired by then.
    with pytest.raises(TooManyKeys):
        made(host, now=NOW + minutes(1))
    revoke_key(keys_of(host)[0], now=NOW)
    made(host, now=NOW + minutes(1))
    assert live_keys(host, now=NOW + minutes(1)).count() == MOST_KEYS


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_do_not_both_get_the_last_key() -> None:
    host = make_host()
    for _time in range(MOST_KEYS - 1):
        made(host)

    def ask(_number: int) -> bool:
        try:
            made(host)
        except TooManyKeys:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sorted(threads.map(ask, range(4))) == [False, False, False, True]


def test_keys_are_listed_newest_first_and_only_the_hosts_own() -> None:
    host, ben = make_host(), make_host("Ben Moss")
    made(ben)
    for number in range(3):
        made(host, name=f"key {number}", now=NOW + minutes(number))
    assert [key.name for key in keys_of(host)] == ["key 2", "key 1", "key 0"]


def test_use_is_noted_at_most_once_a_minute() -> None:
    text = made()
    stale = found(text)  # As a second request of the same moment holds it.
    for after, noted in ((0, 0), (30, 0), (59, 0), (60, 60), (90, 60)):
        now = NOW + timedelta(seconds=after)
        note_use(found(text, now), now=now)
        note_use(stale, now=now)
        assert found(text).last_used_at == NOW + timedelta(seconds=noted)


def test_a_use_within_the_minute_writes_nothing() -> None:
    text = made()
    note_use(found(text), now=NOW)
    key = found(text)
    with CaptureQueriesContext(connection) as asked:
        note_use(key, now=NOW + timedelta(seconds=59))
    assert len(asked) == 0


def test_a_use_that_another_process_has_noted_is_not_noted_again() -> None:
    text = made()
    ApiKey.objects.update(last_used_at=NOW)
    key = found(text)
    with CaptureQueriesContext(connection) as asked:
        note_use(key, now=NOW + timedelta(seconds=30))
    assert len(asked) == 0


def test_a_database_that_takes_no_writes_fails_no_request(caplog: pytest.LogCaptureFixture) -> None:
    def locked(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE"):
            raise OperationalError("database is locked")
        return execute(sql, *rest)

    text = made()
    with connection.execute_wrapper(locked):
        note_use(found(text), now=NOW)
        note_use(found(text), now=NOW + timedelta(seconds=1))
    assert [record.message for record in caplog.records] == ["key_use_not_noted"]
    assert found(text).last_used_at is None

    note_use(found(text), now=NOW + minutes(1))
    assert found(text).last_used_at == NOW + minutes(1)

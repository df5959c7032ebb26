"""The commands of the `koalendar` program, as an operator runs them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from koalendar.accounts.keys import Scope
from koalendar.config.cli import _parser
from koalendar.config.tests.test_settings import run


def test_a_host_is_made_once_and_can_be_given_a_key(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    words = ("createuser", "--email", "Ada@Example.com", "--password", "correct horse battery")
    made = run(tmp_path, *words, "--username", "ada", "--timezone", "Asia/Calcutta")
    assert made.returncode == 0, made.stderr
    assert "/ada/" in made.stdout

    again = run(tmp_path, *words)
    assert again.returncode == 1
    assert again.stderr == "koalendar: ada@example.com already has an account\n"

    key = run(tmp_path, "apikey", "--email", "ada@example.com")
    assert key.returncode == 0
    assert key.stdout.startswith("koa_")
    assert key.stdout.count("\n") == 1
    assert len(key.stdout.strip()) >= 43
    other = run(tmp_path, "apikey", "--email", "ada@example.com")
    assert other.stdout != key.stdout

    assert run(tmp_path, "apikey", "--email", "ben@example.com").returncode == 1


def test_a_key_can_be_given_a_scope_and_an_end_and_what_cannot_be_is_refused(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    run(tmp_path, "createuser", "--email", "ada@example.com", "--password", "correct horse battery")
    words = ("apikey", "--email", "ada@example.com")
    key = run(tmp_path, *words, "--name", "shop", "--scope", "read", "--expires", "30")
    assert key.returncode == 0, key.stderr
    with closing(sqlite3.connect(tmp_path / "koalendar.sqlite3")) as database:
        query = "SELECT name, scopes, julianday(expires_at) - julianday(created_at) FROM accounts_apikey"
        assert database.execute(query).fetchall() == [("shop", "read", pytest.approx(30))]

    for refused in (("--scope", "write"), ("--expires", "0"), ("--expires", "9999999")):
        assert run(tmp_path, *words, *refused).returncode == 2
    nameless = run(tmp_path, *words, "--name", " ")
    assert (nameless.returncode, nameless.stdout) == (1, "")
    assert nameless.stderr == "koalendar: a key's name has 1 to 80 characters in one line\n"


def test_the_scopes_of_the_command_are_those_of_keys() -> None:
    for scope in Scope:
        options = _parser().parse_args(["apikey", "--email", "ada@example.com", "--scope", scope.value])
        assert options.scope == scope.value


def test_a_public_address_that_is_reserved_or_malformed_is_refused_in_words(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    for slug in ("dashboard", "Ada!"):
        done = run(
            tmp_path, "createuser", "--email", "ada@example.com", "--password", "x" * 12, "--username", slug
        )
        assert done.returncode == 1
        assert done.stderr.startswith(f"koalendar: {slug}: ")
        assert done.stderr.count("\n") == 1


def test_a_malformed_address_is_refused_and_a_weak_password_is_named(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    refused = run(tmp_path, "createuser", "--email", "ada", "--password", "x" * 12)
    assert refused.returncode == 1
    assert refused.stderr == "koalendar: 'ada' is no e-mail address; give one like ada@example.com\n"

    made = run(tmp_path, "createuser", "--email", "ada@example.com", "--password", "short")
    assert made.returncode == 0
    assert made.stderr.startswith("koalendar: the password is weak: ")
    assert made.stderr.count("\n") == 1


def test_an_unknown_time_zone_is_refused_in_words(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    done = run(
        tmp_path, "createuser", "--email", "a@example.com", "--password", "x" * 12, "--timezone", "Mars/Base"
    )
    assert done.returncode == 1
    assert "Europe/Paris" in done.stderr


def test_the_doctor_says_what_is_wrong_and_fails(tmp_path: Path) -> None:
    before = run(tmp_path, "doctor")
    assert before.returncode == 1
    assert "fail  migrations: lacks migrations; run koalendar migrate" in before.stdout
    run(tmp_path, "migrate")
    after = run(tmp_path, "doctor")
    assert after.returncode == 1
    assert "ok    migrations: well" in after.stdout
    assert "fail  worker: was never started" in after.stdout


def test_a_worker_told_to_work_once_does_what_is_due_and_ends(tmp_path: Path) -> None:
    run(tmp_path, "migrate")
    done = run(tmp_path, "worker", "--once")
    assert (done.returncode, done.stdout) == (0, "0\n")

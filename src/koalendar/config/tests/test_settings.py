"""A missing or malformed setting stops the program with one line that names it and says what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.cache import caches

from koalendar.config.environment import Environment, SettingError, parse_database, parse_email, parse_rate

PROGRAM = ("-m", "koalendar.config.cli")
PUBLIC = {
    "KOALENDAR_BASE_URL": "https://book.example.com",
    "SECRET_KEY": "0123456789abcdef" * 4,
    "KOALENDAR_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
}


def run(
    folder: Path, *words: str, program: tuple[str, ...] = PROGRAM, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run the program with these settings and no others."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KOALENDAR_", "ZOOM_", "EMAIL_", "SECRET_", "DATABASE_", "DJANGO_"))
    }
    return subprocess.run(
        [sys.executable, *program, *words],
        env=clean | {"KOALENDAR_DATA_DIR": str(folder)} | settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "name", "mend"),
    [
        ({"KOALENDAR_BASE_URL": "book.example.com"}, "KOALENDAR_BASE_URL", "https://example.com"),
        ({"KOALENDAR_BASE_URL": "http://book.example.com"}, "KOALENDAR_BASE_URL", "https://"),
        ({"KOALENDAR_BASE_URL": "https://example.com/book"}, "KOALENDAR_BASE_URL", "host name of its own"),
        (PUBLIC | {"SECRET_KEY": ""}, "SECRET_KEY", "is required"),
        (PUBLIC | {"SECRET_KEY": "short"}, "SECRET_KEY", "at least 32"),
        (PUBLIC | {"KOALENDAR_ENCRYPTION_KEYS": ""}, "KOALENDAR_ENCRYPTION_KEYS", "is required"),
        (PUBLIC | {"KOALENDAR_ENCRYPTION_KEYS": "nonsense"}, "KOALENDAR_ENCRYPTION_KEYS", "base64"),
        (PUBLIC | {"KOALENDAR_DEMO": "on"}, "KOALENDAR_DEMO", "this machine only"),
        (PUBLIC | {"KOALENDAR_CLOCK_OFFSET": "60"}, "KOALENDAR_CLOCK_OFFSET", "for tests"),
        ({"DATABASE_URL": "mysql://here/there"}, "DATABASE_URL", "postgresql://"),
        ({"EMAIL_URL": "sendmail"}, "EMAIL_URL", "smtp://"),
        ({"KOALENDAR_LEASE": "soon"}, "KOALENDAR_LEASE", "seconds"),
        ({"KOALENDAR_LEASE": "10"}, "KOALENDAR_LEASE", "longer than KOALENDAR_HTTP_TIMEOUT"),
        ({"KOALENDAR_RATE_MAIL": "many"}, "KOALENDAR_RATE_MAIL", "10/min"),
        ({"KOALENDAR_SIGNUP": "perhaps"}, "KOALENDAR_SIGNUP", "open, closed"),
        ({"KOALENDAR_TRUSTED_PROXIES": "proxy"}, "KOALENDAR_TRUSTED_PROXIES", "10.0.0.0/8"),
        ({"ZOOM_CLIENT_ID": "id"}, "ZOOM_CLIENT_SECRET", "belong together"),
        ({"SECRET_KEY_FILE": "/nowhere/at/all"}, "SECRET_KEY_FILE", "readable file"),
    ],
)
def test_nonsense_stops_the_start_with_one_line_that_names_the_setting(
    tmp_path: Path, settings: dict[str, str], name: str, mend: str
) -> None:
    done = run(tmp_path, "migrate", program=PROGRAM, **settings)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"koalendar: {name}")
    assert mend in done.stderr


def test_a_secret_may_come_from_a_file_and_not_from_both(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text("from the file\n")
    assert Environment({"KEY_FILE": str(path)}).text("KEY") == "from the file"
    with pytest.raises(SettingError, match="KEY: is set twice"):
        Environment({"KEY_FILE": str(path), "KEY": "direct"}).text("KEY")


def test_a_local_site_makes_its_secrets_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    files = sorted(tmp_path.glob("*.secret"))
    kept = [path.read_text() for path in files]
    assert [path.stat().st_mode & 0o777 for path in files] == [0o600, 0o600]
    assert run(tmp_path, "migrate").returncode == 0
    assert [path.read_text() for path in files] == kept


def test_a_public_site_passes_djangos_own_check_for_deployment(tmp_path: Path) -> None:
    done = run(
        tmp_path,
        "-W", "ignore", "-c",
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('check', deploy=True, fail_level='WARNING')",
        program=(),
        DJANGO_SETTINGS_MODULE="koalendar.config.settings",
        **PUBLIC,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("text", "rate"),
    [("10/min", (10, 60)), ("3/h", (3, 3600)), ("1/s", (1, 1)), ("5/day", (5, 86400)), ("off", None)],
)
def test_a_rate_is_so_many_in_so_many_seconds(text: str, rate: object) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["0/min", "10", "10/week", "-1/min", "1.5/min", ""])
def test_a_rate_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rate(text)


def test_an_address_of_a_database_keeps_what_was_escaped_in_it() -> None:
    found = parse_database("postgresql://u%40x:p%2Fw@db.example:6543/my%20db?sslmode=require", Path("/data"))
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "u@x",
        "p/w",
        "db.example",
        "6543",
        "my db",
    )
    assert found["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example", 25, False, False),
        ("smtp+tls://u:p@mail.example", 587, True, False),
        ("smtp+ssl://mail.example:4650", 4650, False, True),
    ],
)
def test_an_address_of_a_mail_server_says_how_it_is_encrypted(
    url: str, port: int, tls: bool, ssl: bool
) -> None:
    found = parse_email(url)
    assert (found["EMAIL_PORT"], found["EMAIL_USE_TLS"], found["EMAIL_USE_SSL"]) == (port, tls, ssl)


@pytest.mark.django_db
def test_the_counters_of_many_clients_outlive_each_other() -> None:
    shared = caches["default"]
    shared.set("first", 1)
    for number in range(350):  # Without a setting the cache forgets some beyond 300.
        shared.set(f"client-{number}", 1)

    assert shared.get("first") == 1
    assert len(shared.get_many([f"client-{number}" for number in range(350)])) == 350

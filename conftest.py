"""What every room's tests may ask for: a fixed day of the calendar, and the sandbox."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import hypothesis
import pytest
from django.core.cache import caches

from hatch_build import compile_catalogues
from koalendar import clock
from koalendar.sandbox.server import Sandbox
from tests import contracts

# How fast examples are drawn says how busy the machine is, and nothing of the code.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


def pytest_configure(config: pytest.Config) -> None:
    """A catalogue that was edited is read as it is now."""
    if not hasattr(config, "workerinput"):
        compile_catalogues()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL nothing is run for the second time that no database can change."""
    if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
        return
    same = [item for item in items if _is_the_same_anywhere(item)]
    config.hook.pytest_deselected(items=same)
    items[:] = [item for item in items if not _is_the_same_anywhere(item)]


def _is_the_same_anywhere(item: pytest.Item) -> bool:
    """Without the mark for it a test gets no database, unless it starts the product as processes."""
    if item.get_closest_marker("looks") is not None:
        return True
    asked = {"db", "transactional_db"} & set(getattr(item, "fixturenames", ()))
    names = ("django_db", "journey")
    return not asked and not any(item.get_closest_marker(name) for name in names)


@pytest.fixture(autouse=True)
def own_counts() -> None:
    """No test is refused for what others have asked of this process."""
    caches["memory"].clear()


@pytest.fixture
def fresh_counters() -> None:
    """Nor for what was asked of all processes, which the database keeps from test to test."""
    for name in ("default", "memory"):
        caches[name].clear()


@pytest.fixture
def present(settings: Any) -> None:
    """The clock says `tests.people.NOW`, whatever day the tests are run."""
    from tests.people import NOW

    settings.KOALENDAR_CLOCK_OFFSET = (NOW - datetime.now(UTC)).total_seconds()


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """Zoom, Google and a mail server in this process; the product's settings point there.

    Every exchange is held against Google's discovery document, and against Zoom's OpenAPI document where
    ZOOM_OPENAPI names it.
    """
    validator = contracts.judge(contracts.zoom_contract(), contracts.google_contract())
    with Sandbox(now=clock.now, validator=validator) as running:
        settings.ZOOM_BASE_URL = f"{running.url}/zoom"
        settings.ZOOM_API_URL = f"{running.url}/zoom/v2"
        settings.GOOGLE_AUTH_URL = f"{running.url}/google/o/oauth2/v2/auth"
        settings.GOOGLE_TOKEN_URL = f"{running.url}/google/token"
        settings.GOOGLE_REVOKE_URL = f"{running.url}/google/revoke"
        settings.GOOGLE_API_URL = f"{running.url}/google/calendar/v3"
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.smtp_port
        yield running

"""The probes answer whoever asks and however, and nothing else does."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from koalendar.ops import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _forget_readiness() -> Iterator[None]:
    caches["memory"].clear()
    yield
    caches["memory"].clear()


@pytest.fixture
def public(settings: Any) -> None:
    """A site on the internet, behind a proxy."""
    settings.ALLOWED_HOSTS = ["book.example.com"]
    settings.SECURE_SSL_REDIRECT = True


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("path", ["/livez", "/readyz"])
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "[::1]", "book.example.com", "no host at all"])
def test_a_probe_is_answered_over_plain_http_whatever_the_host(client: Client, path: str, host: str) -> None:
    answer = client.get(path, headers={"host": host})

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer["Cache-Control"]
    assert client.post(path, headers={"host": host}).status_code == 405


@pytest.mark.usefixtures("public")
@pytest.mark.parametrize("path", ["/", "/livez/", "/livez/..", "/dashboard/"])
def test_any_other_page_refuses_a_strangers_host_quietly(
    client: Client, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert client.get(path, headers={"host": "10.1.2.3"}).status_code == 400
    assert not caplog.records


@pytest.mark.usefixtures("public")
def test_the_way_to_https_carries_the_headers_of_every_page(client: Client) -> None:
    answer = client.get("/", headers={"host": "book.example.com"})

    assert (answer.status_code, answer["Location"]) == (301, "https://book.example.com/")
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert "camera=()" in answer["Permissions-Policy"]


def test_ready_is_remembered_for_a_moment_and_trouble_is_not(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = [["database"], []]
    monkeypatch.setattr(health, "problems", lambda: asked.pop(0))

    assert [client.get("/readyz").status_code for _ in range(4)] == [503, 200, 200, 200]

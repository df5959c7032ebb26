"""What `koalendar doctor` finds out about the providers' credentials."""

from typing import Any

import pytest

from koalendar.ops import doctor
from koalendar.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db


def findings(subject: str) -> list[doctor.Finding]:
    return [finding for finding in doctor.examine() if finding.subject == subject]


@pytest.mark.parametrize("kind", ["zoom", "google"])
def test_each_provider_is_asked_whether_it_knows_the_operators_app(kind: str, settings: Any) -> None:
    with Sandbox() as sandbox:
        settings.ZOOM_BASE_URL = f"{sandbox.url}/zoom"
        settings.GOOGLE_TOKEN_URL = f"{sandbox.url}/google/token"
        assert [found.level for found in findings(kind)] == ["ok"]

        settings.ZOOM_CLIENT_SECRET = settings.GOOGLE_CLIENT_SECRET = "wrong"
        assert [found.level for found in findings(kind)] == ["fail"]


@pytest.mark.parametrize("kind", ["zoom", "google"])
def test_a_provider_without_credentials_is_off(kind: str, settings: Any) -> None:
    settings.ZOOM_CLIENT_ID = settings.GOOGLE_CLIENT_ID = ""
    assert [str(found) for found in findings(kind)] == [f"ok    {kind}: off, since no credentials are set"]

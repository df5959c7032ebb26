"""Add-to-calendar links hold the appointment, encoded so that nothing can be added to them."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest

from koalendar.invitations.calendar import Event
from koalendar.invitations.links import google_link, office_link, outlook_link
from koalendar.invitations.tests.makers import ZOOM, make_event

BUILDERS = [google_link, outlook_link, office_link]

Builder = Callable[[Event], str]


def fields(link: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(link).query, strict_parsing=True).items()}


def test_google_gets_its_times_in_utc() -> None:
    link = google_link(make_event(conference=ZOOM, url="https://koalendar.example/b/token/"))
    assert link.startswith("https://calendar.google.com/calendar/render?action=TEMPLATE&")
    assert fields(link) == {
        "action": "TEMPLATE",
        "text": "Intro call",
        "dates": "20261203T080000Z/20261203T083000Z",
        "details": f"Zoom: {ZOOM.url}\n\nhttps://koalendar.example/b/token/",
        "location": ZOOM.url,
    }


@pytest.mark.parametrize(
    ("build", "host"), [(outlook_link, "outlook.live.com"), (office_link, "outlook.office.com")]
)
def test_microsoft_gets_the_form_for_a_new_event(build: Builder, host: str) -> None:
    link = build(make_event(location="Room 4", description="Bring questions."))
    assert link.startswith(f"https://{host}/calendar/0/deeplink/compose?")
    assert fields(link) == {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": "Intro call",
        "startdt": "2026-12-03T08:00:00Z",
        "enddt": "2026-12-03T08:30:00Z",
        "body": "Bring questions.",
        "location": "Room 4",
    }


@pytest.mark.parametrize("build", BUILDERS)
def test_spaces_are_not_written_as_plus(build: Builder) -> None:
    link = build(make_event(summary="Tea + talk"))
    assert "Tea%20%2B%20talk" in link
    assert "+" not in link


@pytest.mark.parametrize("build", BUILDERS)
def test_a_text_cannot_add_a_field(build: Builder) -> None:
    hostile = "x&dates=1&add=eve@example.com#y\r\nz\ud800"
    found = fields(build(make_event(summary=hostile, description=hostile, location=hostile)))
    assert "add" not in found
    assert "x&dates=1&add=eve@example.com#y z" in found.values()


@pytest.mark.parametrize("build", BUILDERS)
def test_a_long_description_is_cut_but_never_the_links(build: Builder) -> None:
    event = make_event(summary="🐨" * 300, description="ü" * 20_000, url="https://koalendar.example/b/token/")
    link = build(event)
    assert len(link) < 8000
    assert any(text.endswith("ü\n\nhttps://koalendar.example/b/token/") for text in fields(link).values())


@pytest.mark.parametrize("build", BUILDERS)
def test_what_the_event_does_not_have_is_left_out(build: Builder) -> None:
    assert not {"details", "body", "location"} & set(fields(build(make_event())))

"""What must never be in a log is taken out of it."""

import json
import logging

import pytest

from koalendar.ops.logs import JsonLines, Redact


def line(message: str, **fields: object) -> dict[str, object]:
    record = logging.makeLogRecord({"name": "koalendar.test", "msg": message, "levelname": "INFO", **fields})
    Redact().filter(record)
    answer: dict[str, object] = json.loads(JsonLines().format(record))
    return answer


@pytest.mark.parametrize(
    "text",
    [
        "GET https://us05web.zoom.us/j/85412345678?pwd=SECRET1",
        "Authorization: Bearer SECRET1.SECRET2",
        "mail to SECRET1@example.com",
        "/b/SECRET1SECRET1SECRET1SECRET1/cancel/",
        "callback?code=SECRET1&state=SECRET2",
    ],
)
def test_a_log_line_has_no_secret_and_no_address(text: str) -> None:
    assert "SECRET" not in json.dumps(line(text))
    assert "SECRET" not in json.dumps(line("event", detail=text))


def test_fields_stand_beside_the_event() -> None:
    found = line("meeting_in_place", appointment="7", ms=12)
    assert (found["event"], found["appointment"], found["ms"]) == ("meeting_in_place", "7", 12)


def test_a_line_break_cannot_forge_a_line() -> None:
    assert "\n" not in str(line("one\nERROR two")["event"])

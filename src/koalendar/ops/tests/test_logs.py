"""What must never be in a log is taken out of it."""

import json
import logging
import sys

import pytest

from koalendar.ops.logs import JsonLines, PlainLines


def line(message: str, **fields: object) -> dict[str, object]:
    answer: dict[str, object] = json.loads(JsonLines().format(record_of(message, **fields)))
    return answer


def record_of(message: str, **fields: object) -> logging.LogRecord:
    return logging.makeLogRecord({"name": "koalendar.test", "msg": message, "levelname": "INFO", **fields})


def failed(message: str) -> logging.LogRecord:
    """What `log.exception` makes of an exception that says `message`."""
    try:
        raise ValueError(message)  # noqa: TRY301 - for its trace.
    except ValueError:
        return record_of("it_failed", exc_info=sys.exc_info())


@pytest.mark.parametrize(
    "text",
    [
        "GET https://us05web.zoom.us/j/85412345678?pwd=SECRET1",
        "Authorization: Bearer SECRET1.SECRET2",
        "mail to SECRET1@example.com",
        "/b/SECRET1SECRET1SECRET1SECRET1/cancel/",
        "callback?code=SECRET1&state=SECRET2",
        "no such key: koa_SECRET1SECRET1SECRET1SECRET1SECRET1",
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


LEAK = "SECRET1@example.com, /b/SECRET1SECRET1SECRET1SECRET1/, Authorization: Bearer SECRET2.SECRET3"


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()])
def test_a_trace_has_no_secret_and_still_tells_where(formatter: logging.Formatter) -> None:
    text = formatter.format(failed(LEAK))
    assert "SECRET" not in text
    assert "ValueError" in text
    assert "test_logs.py" in text


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()])
@pytest.mark.parametrize("value", [[LEAK], {"to": {"all": (LEAK,)}}, {LEAK: 1}, ValueError(LEAK)])
def test_fields_of_any_shape_have_no_secret(formatter: logging.Formatter, value: object) -> None:
    assert "SECRET" not in formatter.format(record_of("event", detail=value))


def test_numbers_in_fields_stay_numbers() -> None:
    assert line("event", counts={"sent": 3, "ok": True, "late": None})["counts"] == {
        "sent": 3,
        "ok": True,
        "late": None,
    }


@pytest.mark.parametrize("formatter", [JsonLines(), PlainLines()])
def test_an_exceptions_line_break_cannot_forge_a_line(formatter: logging.Formatter) -> None:
    assert "\n12:00:00 ERROR" not in formatter.format(failed("one\n12:00:00 ERROR koalendar forged"))

"""Log lines: an event name and chosen fields, never a token, link or address."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from textwrap import indent

# What every record carries anyway; whatever else is on it was given as a field.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "request",
    "server_time",
}

_SECRETS = (
    (re.compile(r"(?i)bearer\s+[\w.~+/=-]+"), "bearer …"),
    (re.compile(r"(?i)\b(pwd|code|state|token|zak|tk|key|signature)=[^&\s\"']+"), r"\1=…"),
    (re.compile(r"\bkoa_[\w-]{20,}"), "koa_…"),
    (re.compile(r"/b/[\w-]{20,}"), "/b/…"),
    (re.compile(r"/accounts/(confirm-email|password/reset/key)/[^\s/\"']+"), r"/accounts/\1/…"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "…@…"),
)


def redact(text: str) -> str:
    """`text` without what must not be in a log; line breaks become visible characters."""
    return _without_secrets(text).replace("\r", "\\r").replace("\n", "\\n")


def _without_secrets(text: str) -> str:
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _redacted(value: object) -> object:
    """The same for a field: numbers as they are, lists and dicts with their contents, the rest as text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redact(str(name)): _redacted(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted(each) for each in value]
    return redact(str(value))


def fields(record: logging.LogRecord) -> dict[str, object]:
    """What was given beside the message, redacted."""
    return {name: _redacted(value) for name, value in vars(record).items() if name not in _STANDARD}


class JsonLines(logging.Formatter):
    """One JSON object a line, in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": redact(record.getMessage()),
        } | fields(record)
        if record.exc_info:
            line["trace"] = _without_secrets(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """The same for a person's eyes."""

    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {name}={value}" for name, value in fields(record).items())
        at = self.formatTime(record, "%H:%M:%S")
        line = f"{at} {record.levelname} {record.name} {redact(record.getMessage())}{extra}"
        if not record.exc_info:
            return line
        trace = _without_secrets(self.formatException(record.exc_info))
        return f"{line}\n{indent(trace, '    ')}"  # Set in, so that no line of it looks like an event.

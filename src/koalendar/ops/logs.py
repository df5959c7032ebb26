"""Log lines: an event name and chosen fields, never a token, link or address."""

import json
import logging
import re
from datetime import UTC, datetime

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
    (re.compile(r"/b/[\w-]{20,}"), "/b/…"),
    (re.compile(r"/accounts/(confirm-email|password/reset/key)/[^\s/\"']+"), r"/accounts/\1/…"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "…@…"),
)


def redact(text: str) -> str:
    """`text` without what must not be in a log; line breaks become visible characters."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text.replace("\r", "\\r").replace("\n", "\\n")


class Redact(logging.Filter):
    """Redacts the message and the text fields of each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        for name, value in fields(record).items():
            if isinstance(value, str):
                setattr(record, name, redact(value))
        return True


def fields(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class JsonLines(logging.Formatter):
    """One JSON object a line, in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "event": record.getMessage(),
        } | fields(record)
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


class PlainLines(logging.Formatter):
    """The same for a person's eyes."""

    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {name}={value}" for name, value in fields(record).items())
        at = self.formatTime(record, "%H:%M:%S")
        line = f"{at} {record.levelname} {record.name} {record.getMessage()}{extra}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line

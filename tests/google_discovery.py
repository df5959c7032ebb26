"""Compares calls to Google Calendar with Google's discovery document of the API.

The document comes with google-api-python-client, of which nothing else is used. It lists no error bodies and
requires almost nothing, so the contract here is stricter where that is safe: unknown fields and parameters
are violations.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from koalendar.sandbox.wire import Exchange

Schema = dict[str, Any]

BASE = "/calendar/v3/"
#: An error's fields: https://developers.google.com/workspace/calendar/api/guides/errors
ERROR_FIELDS = frozenset({"errors", "code", "message", "status", "details"})


@dataclass(frozen=True)
class Method:
    """One method of the document."""

    verb: str
    path: str
    pattern: re.Pattern[str]
    definition: Schema

    @property
    def scopes(self) -> frozenset[str]:
        return frozenset(self.definition["scopes"])


def find_document() -> Path | None:
    """The document's file, or None where the package is not installed. Nothing is imported."""
    package = importlib.util.find_spec("googleapiclient")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "discovery_cache" / "documents" / "calendar.v3.json"


class GoogleContract:
    """Google's published methods; ``check`` raises AssertionError for a call that breaks them."""

    def __init__(self, path: Path) -> None:
        document = json.loads(path.read_text("utf-8"))
        self._schemas: dict[str, Schema] = document["schemas"]
        self._common: Schema = document["parameters"]
        found = [
            Method(one["httpMethod"], one["path"], _pattern(one["path"]), one)
            for resource in document["resources"].values()
            for one in resource["methods"].values()
        ]
        # Literal paths win over templates.
        self.methods = sorted(found, key=lambda method: method.path.count("{"))

    def method(self, verb: str, path: str) -> Method | None:
        """The method for a verb and a path below the API's address."""
        for method in self.methods:
            if method.verb == verb and method.pattern.fullmatch(path):
                return method
        return None

    def check(self, exchange: Exchange) -> None:
        """Judges the request, and the answer unless a fault made it. Calls of other APIs pass."""
        if not exchange.path.startswith(BASE):
            return
        where = f"{exchange.method} {exchange.path}"
        method = self.method(exchange.method, exchange.path.removeprefix(BASE))
        assert method is not None, f"{where}: Google has no such method"
        if exchange.status != 400:
            # What the API refuses with 400 may well break the document.
            self._check_query(where, method, exchange.query)
            self._check_body(where, method, exchange.request_body)
        if exchange.status and not exchange.fault:
            self._check_answer(where, method, exchange.status, exchange.response_body)

    def _check_query(self, where: str, method: Method, query: str) -> None:
        known = self._common | method.definition.get("parameters", {})
        seen: set[str] = set()
        for name, value in parse_qsl(query, True):
            assert name in known, f"{where}: unknown query parameter {name}"
            assert name not in seen or known[name].get("repeated"), f"{where}: {name} given twice"
            seen.add(name)
            kind = known[name]["type"]
            proper = {
                "integer": value.isdigit(),
                "boolean": value in ("true", "false"),
            }.get(kind, value in known[name].get("enum", (value,)))
            assert proper, f"{where}: query parameter {name} cannot be {value!r}"
            if known[name].get("format") == "date-time":
                assert _is_instant(value), f"{where}: query parameter {name} is no instant with its offset"

    def _check_body(self, where: str, method: Method, text: str) -> None:
        wanted = method.definition.get("request")
        if wanted is None:
            assert not text, f"{where}: a body where Google expects none"
            return
        self._validate(f"{where}: request", wanted, _json(where, text))

    def _check_answer(self, where: str, method: Method, status: int, text: str) -> None:
        if status >= 400:
            body = _json(where, text)
            assert set(body) == {"error"}, f"{where}: an error has one field"
            assert set(body["error"]) <= ERROR_FIELDS, f"{where}: unknown field in the error"
            assert body["error"]["code"] == status, f"{where}: the code is not the status"
            assert body["error"]["errors"][0]["reason"], f"{where}: an error without a reason"
            return
        if status == 304 or "response" not in method.definition:
            assert not text, f"{where}: an answer where Google gives none"
            assert status in (204, 304), f"{where}: {status} is not among its answers"
            return
        assert status == 200, f"{where}: {status} is not among its answers"
        self._validate(f"{where}: answer", method.definition["response"], _json(where, text))

    def _validate(self, where: str, schema: Schema, value: Any) -> None:
        schema = self._schemas[schema["$ref"]] if "$ref" in schema else schema
        kind = schema["type"]
        assert _is_of(kind, value), f"{where} is not of type {kind}"
        assert value in schema.get("enum", (value,)), f"{where} cannot be {value!r}"
        form = schema.get("format", "")
        assert form not in _FORMATS or _FORMATS[form](value), f"{where} is no {form}: {value!r}"
        if kind == "array":
            for place, one in enumerate(value):
                self._validate(f"{where}[{place}]", schema["items"], one)
        if kind == "object":
            known = schema.get("properties", {})
            more = schema.get("additionalProperties")
            for name, one in value.items():
                found = known.get(name, more)
                assert found is not None, f"{where} has an unknown field {name}"
                if one is not None:  # In a patch, null takes the field away.
                    self._validate(f"{where}.{name}", found, one)


def _is_instant(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_date(value: str) -> bool:
    try:
        return date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_wall_time(value: str) -> bool:
    """An instant, or the local time of an event whose zone is named beside it."""
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?", value) is not None


_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
    "array": list,
    "any": object,
}
_FORMATS: dict[str, Callable[[Any], bool]] = {
    "date-time": _is_wall_time,
    "date": _is_date,
    "int64": lambda value: str(value).isdigit(),
}


def _is_of(kind: str, value: object) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind in ("boolean", "any") or not isinstance(value, bool))


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", "[^/]+", template))


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise AssertionError(f"{where}: not JSON") from None

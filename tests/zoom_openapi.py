"""Compares calls to Zoom with Zoom's OpenAPI document, which is Zoom's own and not part of this repository.

The document is named by the environment variable ZOOM_OPENAPI. It lists no error bodies and requires almost
nothing, so the contract here is stricter where that is safe: unknown fields and parameters are violations.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import FormatChecker  # type: ignore[import-untyped]  # jsonschema publishes no types.
from openapi_schema_validator import OAS30Validator

from koalendar.sandbox.wire import Exchange

Schema = dict[str, Any]

#: Zoom answers these everywhere; the document lists them for a few operations only.
ALWAYS_POSSIBLE = frozenset({400, 401, 403, 404, 405, 429, 500, 502, 503, 504})

_FORMATS = FormatChecker(formats=())


def _is_date_time(value: object) -> bool:
    """An instant, or the local wall time that Zoom takes together with a time zone."""
    pattern = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})?"
    return not isinstance(value, str) or re.fullmatch(pattern, value) is not None


_FORMATS.checks("date-time")(_is_date_time)


@dataclass(frozen=True)
class _Operation:
    method: str
    template: str
    pattern: re.Pattern[str]
    definition: Schema


class ZoomContract:
    """Zoom's published operations; ``check`` raises AssertionError for a call that breaks them."""

    def __init__(self, path: Path | str) -> None:
        document = json.loads(Path(path).read_text("utf-8"))
        found = [
            _Operation(method.upper(), template, _pattern(template), definition)
            for template, methods in document["paths"].items()
            for method, definition in methods.items()
        ]
        # Literal paths win over templates, as OpenAPI says.
        self._operations = sorted(found, key=lambda operation: operation.template.count("{"))
        self._document = document
        self._events: dict[str, Schema] = document["x-webhooks"]

    def check(self, exchange: Exchange) -> None:
        """Judges the request, and the answer unless a fault made it. Calls outside ``/v2`` pass."""
        if not exchange.path.startswith("/v2/"):
            return
        where = f"{exchange.method} {exchange.path}"
        operation = self._operation(exchange.method, exchange.path.removeprefix("/v2"))
        assert operation is not None, f"{where}: Zoom has no such operation"
        _check_query(where, operation.definition, exchange.query)
        if exchange.status != 400:
            # A body that the API refuses with 400 may well break the schema.
            _check_request_body(where, operation.definition, exchange.request_body)
        if exchange.status and not exchange.fault:
            _check_answer(where, operation.definition, exchange.status, exchange.response_body)

    def check_event(self, body: str) -> None:
        """Judges a webhook's body by the schema of its event."""
        event = json.loads(body)
        assert event["event"] in self._events, f"{event['event']}: Zoom has no such event"
        content = self._events[event["event"]]["post"]["requestBody"]["content"]["application/json"]
        _validate(f"event {event['event']}", self._without_references(content["schema"]), event)

    def _without_references(self, schema: Any) -> Any:
        """The schema with each ``$ref`` into the document replaced by what it points to."""
        if isinstance(schema, list):
            return [self._without_references(item) for item in schema]
        if not isinstance(schema, dict):
            return schema
        if "$ref" not in schema:
            return {key: self._without_references(value) for key, value in schema.items()}
        target: Any = self._document
        for step in schema["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        return self._without_references(target)

    def _operation(self, method: str, path: str) -> _Operation | None:
        for operation in self._operations:
            if operation.method == method and operation.pattern.fullmatch(path):
                return operation
        return None


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", lambda name: _SEGMENTS.get(name[1], r"[^/]+"), template))


_SEGMENTS = {"meetingId": r"\d{9,11}"}


def _check_query(where: str, definition: Schema, query: str) -> None:
    known = {
        item["name"]: item["schema"] for item in definition.get("parameters", []) if item["in"] == "query"
    }
    for name, text in parse_qsl(query, keep_blank_values=True):
        assert name in known, f"{where}: unknown query parameter {name!r}"
        _validate(f"{where}: query parameter {name}", known[name], _typed(text, known[name].get("type")))


def _typed(text: str, kind: str | None) -> object:
    if kind == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text


def _check_request_body(where: str, definition: Schema, body: str) -> None:
    if "requestBody" not in definition:
        assert not body, f"{where}: a body where Zoom expects none"
        return
    schema = definition["requestBody"]["content"]["application/json"]["schema"]
    try:
        value = json.loads(body)
    except ValueError:
        raise AssertionError(f"{where}: the request body is not JSON") from None
    assert isinstance(value, dict), f"{where}: the request body is not an object"
    _validate(f"{where}: request body", schema, value)
    _refuse_unknown(f"{where}: request body", schema, value)


def _check_answer(where: str, definition: Schema, status: int, body: str) -> None:
    answers = definition["responses"]
    assert str(status) in answers or status in ALWAYS_POSSIBLE, (
        f"{where}: {status} is not among Zoom's answers"
    )
    if status >= 400:
        _check_error(f"{where}: {status}", body)
        return
    content = answers[str(status)].get("content")
    if content is None:
        assert not body, f"{where}: {status} with a body"
        return
    value = json.loads(body)
    schema = content["application/json"]["schema"]
    _validate(f"{where}: {status}", schema, value)
    _refuse_unknown(f"{where}: {status}", schema, value)


def _check_error(where: str, body: str) -> None:
    """``{"code", "message", "errors"?}``: https://developers.zoom.us/docs/api/errors"""
    value = json.loads(body)
    assert isinstance(value["code"], int), f"{where}: code is not a number"
    assert isinstance(value["message"], str), f"{where}: message is not a text"
    assert set(value) <= {"code", "message", "errors"}, f"{where}: unknown fields in an error"


def _validate(where: str, schema: Schema, value: object) -> None:
    validator = OAS30Validator(_tolerant(schema), format_checker=_FORMATS)
    for error in validator.iter_errors(value):
        raise AssertionError(f"{where}: {error.json_path}: {error.message[:300]}")


def _tolerant(schema: Any) -> Any:
    """``oneOf`` as ``anyOf``: Zoom's alternatives require nothing, so each answer matches several of them."""
    if isinstance(schema, dict):
        return {("anyOf" if key == "oneOf" else key): _tolerant(value) for key, value in schema.items()}
    return [_tolerant(item) for item in schema] if isinstance(schema, list) else schema


def _refuse_unknown(where: str, schema: Schema, value: object) -> None:
    if isinstance(value, list):
        for item in value:
            _refuse_unknown(f"{where}[]", schema.get("items", {}), item)
    if not isinstance(value, dict):
        return
    known = _properties(schema)
    if not known:
        return
    unknown = set(value) - set(known)
    assert not unknown, f"{where}: unknown fields {', '.join(sorted(unknown))}"
    for name, part in value.items():
        _refuse_unknown(f"{where}.{name}", known[name], part)


def _properties(schema: Schema) -> dict[str, Schema]:
    known: dict[str, Schema] = dict(schema.get("properties", {}))
    for word in ("allOf", "oneOf", "anyOf"):
        for part in schema.get(word, []):
            known |= _properties(part)
    return known

"""The API's frame: how requests are read, how refusals are answered, and the OpenAPI document."""

import json
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError
from ninja.errors import ValidationError as WrongShape
from ninja.openapi.schema import OpenAPISchema
from ninja.parser import Parser

from koalendar.web.api import problems
from koalendar.web.api.examples import EXAMPLES
from koalendar.web.api.once import HEADER, LONGEST_KEY
from koalendar.web.api.problems import FieldError, Problem
from koalendar.web.api.shapes import ProblemDocument, Shape

Json = dict[str, Any]


def says(shape: type[Shape] | None, *refusals: int, status: int = 200) -> dict[int, Any]:
    """What an operation may answer: the shape, and these refusals. A body may be unreadable as well."""
    return {status: shape, **{code: None if code == 304 else ProblemDocument for code in refusals}}


# ── Reading ──


class StrictJson(Parser):
    """JSON as RFC 8259 says it, and no text that a database cannot store."""

    def parse_body(self, request: HttpRequest) -> Json:
        if request.content_type != "application/json":
            raise Problem("unsupported_media_type", _("Send JSON, with Content-Type: application/json."))
        try:
            parsed: Json = json.loads(request.body, parse_constant=_no_constant)
            if b"\\u" in request.body:  # The only way in for a NUL or half a surrogate pair.
                _judge_texts(parsed, "")
        except (ValueError, RecursionError) as error:
            raise Problem("malformed", _("The body is not JSON that can be read.")) from error
        return parsed


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _judge_texts(parsed: object, path: str) -> None:
    if isinstance(parsed, dict):
        for name, value in parsed.items():
            place = f"{path}.{name}".lstrip(".")
            _judge_texts(name, place)
            _judge_texts(value, place)
    elif isinstance(parsed, list):
        for number, value in enumerate(parsed):
            _judge_texts(value, f"{path}.{number}".lstrip("."))
    elif isinstance(parsed, str):
        parsed.encode()  # A ValueError where half a pair stands alone.
        if "\0" in parsed:
            raise problems.wrong(path.replace("\0", "�"), "null_character", _("Leave out NUL characters."))


# ── Refusing ──


class Api(NinjaAPI):
    """Answers every refusal as a problem, and says so in its document."""

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        schema = super().get_openapi_schema(**kwargs)
        schema["servers"] = [{"url": settings.KOALENDAR_BASE_URL}]
        for name, example in EXAMPLES.items():
            schema["components"]["schemas"][name]["examples"] = [example]
        for path in schema["paths"].values():
            for method, operation in path.items():
                _complete(method, operation)
        return schema


def listen(api: Api) -> None:
    """Register how refusals are answered."""
    for kind, answer in (
        (Exception, _refused),
        (Http404, lambda _request, _error: problems.not_found().response()),
        (AuthenticationError, lambda _request, _error: _unauthorized()),
        (HttpError, lambda _request, error: _unreadable(error)),
        (WrongShape, lambda _request, error: problems.invalid(_places(error)).response()),
    ):
        handler: Any = answer
        api.add_exception_handler(kind, handler)


def _refused(_request: HttpRequest, error: Exception) -> HttpResponse:
    problem = problems.of(error)
    if problem is None:
        raise error  # A bug: Django logs it, and the frame tells of it without details.
    return problem.response()


def _unreadable(error: HttpError) -> HttpResponse:
    """The framework wraps whatever a parser raises."""
    problem = error.__cause__
    return problem.response() if isinstance(problem, Problem) else problems.of_status(error.status_code)


def _unauthorized() -> HttpResponse:
    return Problem(
        "unauthorized",
        _("Send a valid key as “Authorization: Bearer …”, or a booking's token as “X-Booking-Token”."),
        headers={"WWW-Authenticate": "Bearer"},
    ).response()


def _places(error: WrongShape) -> list[FieldError]:
    """Where a request has another shape than it should: the path without where it was found."""
    return [
        FieldError(_path(row["loc"]), _code(str(row["type"])), str(row["msg"]).removeprefix("Value error, "))
        for row in error.errors
    ]


def _path(places: tuple[str | int, ...]) -> str:
    source, *rest = places
    # The body's own name in the function is nobody's business.
    return ".".join(str(place) for place in (rest[1:] if source == "body" else rest))


def _code(kind: str) -> str:
    return "required" if kind == "missing" else kind


# ── The document ──

_ANYWHERE = {400: "The body is not JSON", 415: "The body is not said to be JSON"}
_KEY_HEADER = {
    "in": "header",
    "name": HEADER,
    "required": False,
    "description": "Sent again with the same key, the request is answered again and done once, for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[ -~]+$"},
    "example": "5f0c7b2e-8a41-4c1d-9a57-2f6a4f0f6f1e",
}


def _complete(method: str, operation: Json) -> None:
    responses = operation["responses"]
    has_body = "requestBody" in operation
    if has_body:
        for status, words in _ANYWHERE.items():
            responses[status] = {"description": words, "content": _json_of(ProblemDocument)}
    if method == "post":
        operation.setdefault("parameters", []).append(_KEY_HEADER)
        for status in (409, 422):
            responses.setdefault(status, {"description": "", "content": _json_of(ProblemDocument)})
    for status, response in responses.items():
        _describe(int(status), response)
    operation["responses"] = {str(status): responses[status] for status in sorted(responses, key=int)}


def _describe(status: int, response: Json) -> None:
    if status < 400:
        return
    codes = [code for code, of in problems.CODES.items() if of == status]
    response["description"] = " or ".join(f"`{code}`" for code in codes)
    content = response.pop("content", {})
    [schema] = [each["schema"] for each in content.values()]
    response["content"] = {problems.MEDIA_TYPE: {"schema": schema, "example": _example(status, codes[0])}}


def _example(status: int, code: str) -> Json:
    response: Json = json.loads(problems.of_status(status).content)
    if code == "invalid":
        told = problems.wrong("invitee.email", "required", "Enter your e-mail address")
        response = json.loads(told.response().content)
    return response | {"code": code}


def _json_of(shape: type[Shape]) -> Mapping[str, Json]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{shape.__name__}"}}}

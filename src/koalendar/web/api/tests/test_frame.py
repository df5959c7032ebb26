"""Every answer below /api/: problems, HEAD, and whom browsers of other sites may ask."""

from typing import Any

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from koalendar.web.api import shapes
from koalendar.web.api.examples import EXAMPLES
from koalendar.web.api.frame import PUBLIC, ApiFrame
from koalendar.web.api.problems import CODES
from koalendar.web.api.tests.conftest import Program, asks
from koalendar.web.api.urls import api
from tests.people import make_event_type

pytestmark = pytest.mark.django_db


def test_an_address_that_is_none_is_a_problem(stranger: Program) -> None:
    assert (stranger.get("/nothing-here").status, stranger.get("/nothing-here").code) == (404, "not_found")


def test_another_method_is_a_problem_that_names_those_there_are(adas: Program) -> None:
    answer = adas.call("PUT", "/schedules")
    assert (answer.status, answer.code) == (405, "method_not_allowed")
    assert sorted(answer.headers["allow"].split(", ")) == ["GET", "POST"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"a": NaN}',
        b'{"start": "\\ud800"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_body_that_cannot_be_read_is_a_problem(stranger: Program, body: bytes) -> None:
    answer = stranger.send("POST", "/bookings", body, "application/json")
    assert (answer.status, answer.code) == (400, "malformed")


def test_a_body_that_is_too_large_is_a_problem(stranger: Program) -> None:
    answer = stranger.send("POST", "/bookings", b'"' + b"x" * 3_000_000 + b'"', "application/json")
    assert (answer.status, answer.code) == (400, "malformed")


def test_only_json_is_taken(stranger: Program) -> None:
    """A form of another site could send text, and so book from its reader's address."""
    answer = stranger.send("POST", "/bookings", b"{}", "text/plain")
    assert (answer.status, answer.code) == (415, "unsupported_media_type")


def test_a_text_that_no_database_takes_is_refused_at_its_place(stranger: Program) -> None:
    made = make_event_type()
    invitee = {"name": "a \0 b", "email": "ina@example.com"}
    assert stranger.post("/bookings", asks(made.public_id, invitee=invitee)).errors() == {
        "invitee.name": "null_character"
    }


def test_a_text_may_spell_what_a_nul_looks_like(stranger: Program) -> None:
    made = make_event_type()
    invitee = {"name": "a \\u0000 b", "email": "ina@example.com"}
    assert stranger.post("/bookings", asks(made.public_id, invitee=invitee)).status == 201


def test_what_fails_on_our_side_is_told_without_details(rf: RequestFactory) -> None:
    def failing(_request: Any) -> HttpResponse:
        return HttpResponse("<h1>Traceback of secrets</h1>", status=500)

    response = ApiFrame(failing)(rf.get("/api/v1/me"))
    assert response.headers["Content-Type"] == "application/problem+json"
    assert b"secrets" not in response.content


def test_pages_are_left_as_they_are(rf: RequestFactory) -> None:
    plain = HttpResponse("<h1>Not found</h1>", status=404)
    assert ApiFrame(lambda _request: plain)(rf.get("/ada/")) is plain


def test_head_is_get_without_the_body(adas: Program) -> None:
    whole, head = adas.get("/me"), adas.call("HEAD", "/me")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.body))


# ── Browsers of other sites ──


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    document = api.get_openapi_schema()
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.mark.parametrize(("path", "method", "operation"), operations(), ids=lambda part: str(part)[:40])
def test_public_reads_and_nothing_else_are_open(path: str, method: str, operation: dict[str, Any]) -> None:
    concrete = path.replace("{", "").replace("}", "")
    is_public_read = method == "get" and "security" not in operation
    assert bool(PUBLIC.fullmatch(concrete)) == is_public_read


def test_a_browser_may_ask_before_it_asks(stranger: Program) -> None:
    asking = {"Origin": "https://site.example", "Access-Control-Request-Method": "GET"}
    preflight = stranger.call("OPTIONS", "/profiles/ada", **asking)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "If-None-Match" in preflight.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in preflight.headers
    refused = stranger.call("OPTIONS", "/bookings", **asking | {"Access-Control-Request-Method": "POST"})
    assert "access-control-allow-origin" not in refused.headers


def test_a_problem_of_a_public_read_can_be_read_by_scripts_too(stranger: Program) -> None:
    answer = stranger.get("/profiles/nobody", Origin="https://site.example")
    assert answer.code == "not_found"
    assert answer.headers["access-control-allow-origin"] == "*"


# ── The document ──


def test_the_document_is_of_openapi_31_and_names_every_call_of_the_contract(stranger: Program) -> None:
    document = stranger.get("/openapi.json").json
    assert document["openapi"].startswith("3.1")
    calls = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert calls == {
        "GET /me",
        "GET /schedules", "POST /schedules", "GET /schedules/{id}", "PATCH /schedules/{id}",
        "DELETE /schedules/{id}",
        "GET /event-types", "POST /event-types", "GET /event-types/{id}", "PATCH /event-types/{id}",
        "DELETE /event-types/{id}", "GET /event-types/{id}/slots",
        "GET /profiles/{slug}", "GET /profiles/{slug}/{event_type_slug}",
        "GET /bookings", "POST /bookings", "GET /bookings/{uid}", "POST /bookings/{uid}/reschedule",
        "POST /bookings/{uid}/cancel", "POST /bookings/{uid}/confirm", "POST /bookings/{uid}/decline",
        "POST /bookings/{uid}/sync",
        "GET /connections", "DELETE /connections/{id}",
    }  # fmt: skip


@pytest.mark.parametrize(("path", "method", "operation"), operations(), ids=lambda part: str(part)[:40])
def test_every_error_is_documented_as_a_problem(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if int(status) >= 400:
            [media_type] = response["content"]
            assert media_type == "application/problem+json"
            example = response["content"][media_type]["example"]
            assert CODES[example["code"]] == int(status)
    if method == "post":
        assert "Idempotency-Key" in [parameter["name"] for parameter in operation["parameters"]]
    assert operation["summary"]
    assert operation["description"]


def test_every_shape_of_a_call_has_an_example_that_fits_it() -> None:
    named = {
        content["schema"]["$ref"].rpartition("/")[2]
        for _path, _method, operation in operations()
        for part in (operation.get("requestBody", {}), *operation["responses"].values())
        for content in part.get("content", {}).values()
        if "$ref" in content["schema"]
    }
    assert named - {"ProblemDocument"} == EXAMPLES.keys() - {"Reason"}
    for name, example in EXAMPLES.items():
        getattr(shapes, name).model_validate(example)


def test_the_guide_names_every_code(stranger: Program) -> None:
    from tests.test_api_examples import GUIDE

    guide = GUIDE.read_text(encoding="utf-8")
    assert [code for code in CODES if f"`{code}`" not in guide] == []


def test_the_readable_page_asks_no_other_host(stranger: Program) -> None:
    page = stranger.get("/docs")
    assert page.status == 200
    assert b"swagger-ui" in page.body
    assert b"//cdn" not in page.body

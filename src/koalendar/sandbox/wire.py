"""The values that travel between the HTTP server and the parts that answer: requests, answers, refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]

#: Strict policy of the sandbox's own pages: nothing inline, nothing from elsewhere.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "frame-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


class DroppedError(Exception):
    """A fault asked for the connection to close without an answer."""


class ConsentError(Exception):
    """The vendor stops on a page of its own and never calls the redirect address; these are its words."""

    def __init__(self, title: str, text: str) -> None:
        super().__init__(title)
        self.title = title
        self.text = text


@dataclass(frozen=True)
class Request:
    """One HTTP request, its body already read. Header names are lower case."""

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        """The last value of each query parameter."""
        return {name: values[-1] for name, values in parse_qs(self.query_string, True).items()}

    @property
    def form(self) -> dict[str, list[str]]:
        """The fields of a form body; undecodable bytes become replacement characters."""
        return parse_qs(self.body.decode("utf-8", "replace"), True)

    def field(self, name: str, default: str = "") -> str:
        return self.form.get(name, [default])[-1]

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json_object(self) -> Json | None:
        """The body as a JSON object, or None when it is something else."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


@dataclass
class Response:
    """One HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """One API call as it went over the wire; bodies are text cut to 64 kB."""

    method: str
    path: str
    query: str
    request_headers: dict[str, str]
    request_body: str
    status: int
    response_headers: dict[str, str]
    response_body: str
    at: str
    fault: str = ""


def json_answer(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """An answer the way Zoom writes JSON: UTF-8, compact."""
    encoded = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return Response(status, encoded, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})})


def page_answer(html: str, status: int = 200, *, form_targets: str = "") -> Response:
    """A page of the sandbox; ``form_targets`` are origins its forms may be redirected to."""
    policy = PAGE_POLICY + (f" {form_targets}" if form_targets else "")
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
    return Response(status, html.encode("utf-8", "replace"), headers)


def redirect(location: str, status: int = 303) -> Response:
    return Response(status, b"", {"Location": location})


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"

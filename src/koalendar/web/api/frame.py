"""What is true of every answer below /api/, whoever gave it."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from koalendar.web.api import problems

PREFIX = "/api/"

# What anyone may read may be read by scripts of any site (CORS), without credentials; nothing else may.
PUBLIC = re.compile(r"/api/v1/(?:openapi\.json|profiles/[^/]+(?:/[^/]+)?|event-types/[^/]+/slots)")
_SHARED = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, RateLimit, RateLimit-Policy, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
}


class ApiFrame:
    """Errors are problems, also those that Django itself finds; HEAD is GET without the body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PREFIX):
            return self.get_response(request)
        is_shared = PUBLIC.fullmatch(request.path_info) is not None
        if is_shared and _is_preflight(request):
            return HttpResponse(status=204, headers=_SHARED | _PREFLIGHT)
        response = self._answer(request)
        if response.status_code >= 400 and response.headers.get("Content-Type") != problems.MEDIA_TYPE:
            response = _as_problem(response)
        if is_shared:
            for name, value in _SHARED.items():
                response.headers[name] = value
        return response

    def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.method != "HEAD":
            return self.get_response(request)
        request.method = "GET"
        response = self.get_response(request)
        response.headers["Content-Length"] = str(len(response.content))
        response.content = b""
        return response


def _is_preflight(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _as_problem(plain: HttpResponse) -> HttpResponse:
    response = problems.of_status(plain.status_code)
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in plain.headers:
            response.headers[name] = plain.headers[name]
    return response

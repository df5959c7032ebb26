"""Headers that every answer carries, whatever made it."""

from collections.abc import Callable

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.http import HttpRequest, HttpResponse, HttpResponseBase

_CLOSED = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
    "microphone=(), midi=(), payment=(), usb=(), browsing-topics=()"
)


def keep_to_reader(response: HttpResponse, *, has_form: bool) -> None:
    """Keep a page behind a secret link out of caches, searches and other sites' logs."""
    response.headers["Cache-Control"] = "no-store"
    # Under no-referrer a browser sends a plain form with the origin "null", which no CSRF check accepts.
    response.headers["Referrer-Policy"] = "same-origin" if has_form else "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"


class SafetyHeaders:
    """Closes what our pages never use, and keeps what is personal out of caches."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", _CLOSED)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        user = getattr(request, "user", None)
        if "Cache-Control" not in response.headers and user is not None and user.is_authenticated:
            response.headers["Cache-Control"] = "no-store"
        return response


class Policy(CSPMiddleware):
    """The Content-Security-Policy by django-csp, worked out once for all answers that ask for none of their
    own: to work it out for each is a good part of the work of a small answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        super().__init__(get_response)
        self._ours = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if any(name.startswith("_csp_") for name in (*vars(request), *vars(response))):
            return super().process_response(request, response)
        response.headers.setdefault(HEADER, self._ours)
        return response

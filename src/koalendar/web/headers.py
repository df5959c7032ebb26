"""Headers that every answer carries, whatever made it."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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

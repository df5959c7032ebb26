"""Pages that belong to no room: the home page, and what is shown when something fails."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "home.html")


# Django's own answers to 403 and 404 already know the frame's variables; to 400 and 500 they do not.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001 - what Django calls.
    return render(request, "400.html", status=400)


def server_error(request: HttpRequest) -> HttpResponse:
    """The page asks neither session nor database, for they may be what failed."""
    return render(request, "500.html", status=500)


def csrf_failure(request: HttpRequest, **_why: object) -> HttpResponse:
    """The form was too old, came from another site, or cookies are off."""
    return render(request, "403_csrf.html", status=403)

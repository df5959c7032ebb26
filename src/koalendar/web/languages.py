"""Invitees read their own language, where we speak it; everybody else reads English, which is complete."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.translation.trans_real import parse_accept_lang_header

from koalendar.booking.languages import OF_HOSTS, supported

ASKED = "language"  # In an address: the choice is kept in the cookie, and the address goes on without it.
_FOR_INVITEES = "koalendar.web.public."
_ASKED_BY_QUERY = {"booking-page", "invitee-reschedule"}  # Of others no query is repeated.


@dataclass(frozen=True, slots=True)
class Language:
    """One choice, by its own name."""

    code: str
    name: str
    query: str
    is_here: bool


class ReadersLanguage:
    """Speaks to invitees as their cookie or browser asks, and as the host wants if it asks for nothing we
    have; in English on any other page.

    A page that was not found belongs to nobody: it is answered as if to an invitee.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with translation.override(asked_for(request) or OF_HOSTS):
            response = self.get_response(request)
            if is_for_invitees(request):
                patch_vary_headers(response, ["Accept-Language", "Cookie"])
            response.headers.setdefault("Content-Language", translation.get_language() or OF_HOSTS)
            return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_arguments: object
    ) -> HttpResponse | None:
        if not view.__module__.startswith(_FOR_INVITEES):
            translation.activate(OF_HOSTS)
            return None
        chosen = request.GET.get(ASKED, "")
        return _keep(request, chosen) if request.method == "GET" and _is_ours(chosen) else None


def speak(request: HttpRequest, default: str) -> None:
    """Answer in the language that the reader asks for, else in `default`, which is one of ours."""
    translation.activate(asked_for(request) or default)


def asked_for(request: HttpRequest) -> str:
    """The language that the reader chose, else the first of the browser's that we have; empty for none."""
    chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if _is_ours(chosen):
        return chosen
    tags = parse_accept_lang_header(request.headers.get("Accept-Language", ""))
    return next((found for tag, quality in tags if quality and (found := supported(tag))), "")


def is_for_invitees(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is None or match.func.__module__.startswith(_FOR_INVITEES)


def choices(request: HttpRequest) -> Sequence[Language]:
    """What the foot of an invitee's page offers; none on other pages."""
    match, here = request.resolver_match, translation.get_language()
    if match is None or not is_for_invitees(request):
        return ()
    query = request.GET.copy() if match.url_name in _ASKED_BY_QUERY else QueryDict(mutable=True)
    found = []
    for code, name in settings.LANGUAGES:
        query[ASKED] = code
        found.append(Language(code, str(name), query.urlencode(), is_here=code == here))
    return found


def _is_ours(code: str) -> bool:
    return code in dict(settings.LANGUAGES)


def _keep(request: HttpRequest, code: str) -> HttpResponse:
    query = request.GET.copy()
    del query[ASKED]
    rest = query.urlencode()
    response = HttpResponseRedirect(f"{request.path}?{rest}" if rest else request.path)
    response.headers["Cache-Control"] = "private, no-store"
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        samesite="Lax",
    )
    return response

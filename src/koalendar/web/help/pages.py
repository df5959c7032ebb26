"""The pages that explain the site. They work signed in or not, without JavaScript, and on paper."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.connections import queries as connections
from koalendar.web.dashboard.account_card import AccountCard, cards_for
from koalendar.web.help import contents
from koalendar.web.help.facts import WRITTEN, numbers
from koalendar.web.help.kept import OF_HOSTS, OF_INVITEES, Kept
from koalendar.web.help.plain import blocks_of
from koalendar.web.help.scopes import asked_for

_MINUTES_IN_CACHES = 5


@require_safe
def zoom(request: HttpRequest) -> HttpResponse:
    """The documentation that Zoom's marketplace requires of each app."""
    return _page(
        request,
        "help/zoom.html",
        contents=contents.ZOOM,
        scopes=asked_for("zoom"),
        own=_own(request, "zoom"),
    )


@require_safe
def google(request: HttpRequest) -> HttpResponse:
    return _page(
        request,
        "help/google.html",
        contents=contents.GOOGLE,
        scopes=asked_for("google"),
        own=_own(request, "google"),
    )


@require_safe
def support(request: HttpRequest) -> HttpResponse:
    return _page(request, "help/support.html", hours=settings.KOALENDAR_SUPPORT_HOURS)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    if settings.KOALENDAR_PRIVACY:
        return _page(request, "help/own_privacy.html", blocks=blocks_of(settings.KOALENDAR_PRIVACY))
    return _page(request, "help/privacy.html", of_invitees=_rows(OF_INVITEES), of_hosts=_rows(OF_HOSTS))


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    if settings.KOALENDAR_TERMS:
        return _page(request, "help/own_terms.html", blocks=blocks_of(settings.KOALENDAR_TERMS))
    return _page(request, "help/terms.html")


@require_safe
def zoom_verification(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - what Django calls.
    """What Zoom reads to believe that the host name is the operator's: exactly the setting."""
    if not settings.ZOOM_DOMAIN_VERIFICATION:
        raise Http404
    return HttpResponse(settings.ZOOM_DOMAIN_VERIFICATION, content_type="text/html; charset=utf-8")


def _page(request: HttpRequest, template: str, **variables: object) -> HttpResponse:
    """The page with what all of these know; one that shows a host's own facts is kept nowhere."""
    known = {
        "written": WRITTEN,
        "site_name": settings.HOSTNAME,
        "site_url": settings.KOALENDAR_BASE_URL,
        "zoom_is_on": connections.is_enabled("zoom"),
        "google_is_on": connections.is_enabled("google"),
        **numbers(),
    }
    response = render(request, template, known | variables)
    if not request.user.is_authenticated:
        response.headers["Cache-Control"] = f"private, max-age={_MINUTES_IN_CACHES * 60}"
    return response


def _own(request: HttpRequest, provider: str) -> AccountCard | None:
    """How the reader's own account there is, if he is signed in and there is anything to say."""
    if not isinstance(request.user, Host) or not connections.is_enabled(provider):
        return None
    return cards_for(request.user, provider, now=clock.now())[0]


def _rows(rows: tuple[Kept, ...]) -> list[dict[str, str]]:
    known = numbers()
    return [
        {"what": str(row.what), "why": str(row.why), "how_long": str(row.how_long) % known} for row in rows
    ]

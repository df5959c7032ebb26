"""The way to a provider and back: what it is about, consent, callback, and the last word here.

A form never leads to a provider: browsers hold all redirects after a form to the form-action of the CSP, and
a provider may send on to hosts that are not in it. So each step there is a link.
"""

from allauth.account.decorators import reauthentication_required
from allauth.core.exceptions import ReauthenticationRequired
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import connecting
from koalendar.booking import queries as bookings
from koalendar.connections import consents, queries, registry
from koalendar.connections.models import Connection, Consent
from koalendar.connections.provider import Ability, ProviderError
from koalendar.web import trail
from koalendar.web.dashboard import attempts
from koalendar.web.dashboard.account_card import account_words
from koalendar.web.dashboard.frame import for_host
from koalendar.web.dashboard.google_card import use_of_calendars
from koalendar.web.dashboard.zoom_trouble import trouble_for

ZOOM, GOOGLE = "zoom", "google"
# The page that says what connecting is about, with the link that leads on.
START = {ZOOM: "zoom-install", GOOGLE: "google-start"}


@require_GET
def install(request: HttpRequest) -> HttpResponse:
    """Where Zoom's marketplace sends people: says which account of ours it is about, and leads on."""
    wanted = _wanted(request)
    if not isinstance(request.user, Host):
        here = reverse("zoom-install", query={"next": wanted} if wanted else None)
        return render(
            request,
            "dashboard/zoom_welcome.html",
            {"zoom_is_on": queries.is_enabled(ZOOM), "here": here},
        )
    used = [row for row in queries.connections_of(request.user) if row.provider == ZOOM]
    return render(
        request,
        "dashboard/zoom_install.html",
        {
            "accounts": [account_words(row.credential) for row in used if row.is_live],
            "zoom_is_on": queries.is_enabled(ZOOM),
            "wants_another": "another" in request.GET,
            "next": wanted,
            "trouble": trouble_for(request, request.user),
            "zoom_url": settings.ZOOM_BASE_URL,
        },
    )


@require_GET
@for_host
def start(request: HttpRequest, host: Host) -> HttpResponse:
    """What connecting Google is about, for whoever comes from signing in, or wants another account."""
    used = [row for row in queries.connections_of(host) if row.provider == GOOGLE]
    return render(
        request,
        "dashboard/google_start.html",
        {
            "accounts": [account_words(row.credential) for row in used if row.is_live],
            "google_is_on": queries.is_enabled(GOOGLE),
            "wants_another": "another" in request.GET,
            "next": _wanted(request),
        },
    )


@require_GET
def connect(request: HttpRequest, provider: str) -> HttpResponse:
    """Begin an attempt and go to the provider's consent page.

    Who has to sign in, or to prove himself, comes back by a link.
    """
    wanted, host = _wanted(request), request.user
    if not isinstance(host, Host) or not _has_proved_who(request):
        before = "account_reauthenticate" if isinstance(host, Host) else "account_login"
        after = reverse(START[provider], query={"next": wanted} if wanted else None)
        return redirect(reverse(before, query={"next": after}))
    if not queries.is_enabled(provider):
        return redirect("integrations")
    back_to = wanted or reverse("integrations")
    attempt = attempts.begin(request.session, host, provider, back_to=back_to, now=clock.now())
    oauth = registry.get(provider).oauth()
    return _quietly(
        oauth.authorize_url(
            redirect_uri=redirect_uri(provider), state=attempt.state, challenge=attempt.challenge
        )
    )


def _has_proved_who(request: HttpRequest) -> bool:
    """Whether the host gave his password or code a moment ago."""
    try:
        _only_who_has_proved(request)
    except ReauthenticationRequired:
        return False
    return True


@reauthentication_required
def _only_who_has_proved(request: HttpRequest) -> None:
    """Allauth's rule and nothing else."""


@require_GET
def callback(request: HttpRequest, provider: str) -> HttpResponse:
    """Where the provider sends the browser back.

    A code without a state that this very session began proves nothing about who sends it, and binding it
    would let others link their account to this host; it is dropped unused. Zoom's own "Add" comes like that.
    Not behind the sign-in page, which would carry the code along in an address.
    """
    host = request.user if isinstance(request.user, Host) else None
    state = request.GET.get("state", "")
    attempt = attempts.take(request.session, host, provider, state, now=clock.now()) if host else None
    if host is None or attempt is None:
        return _bare(_start_again(request, provider))
    code = request.GET.get("code", "")
    if "error" in request.GET or not code:
        declined = request.GET.get("error") == "access_denied"
        return _failed(request, host, provider, "declined" if declined else "no_code", attempt.back_to)
    try:
        received = connecting.receive(
            host=host,
            provider=provider,
            code=code,
            verifier=attempt.verifier,
            redirect_uri=redirect_uri(provider),
            now=clock.now(),
        )
    except ProviderError as error:
        return _failed(request, host, provider, str(error.reason), attempt.back_to)
    if isinstance(received, Connection):
        return _connected(request, host, received, attempt.back_to)
    attempts.keep_consent(request.session, received.public_id, back_to=attempt.back_to)
    return _quietly(reverse(f"{provider}-finish", args=[received.public_id]))


def _start_again(request: HttpRequest, provider: str, *, is_too_old: bool = False) -> HttpResponse:
    known = {
        "name": queries.name_of(provider),
        "provider": provider,
        "start_url": reverse(START[provider]),
        "is_too_old": is_too_old,
    }
    return render(request, "dashboard/connect_again.html", known, status=400)


# ── The last word ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def finish(request: HttpRequest, host: Host, provider: str, public_id: str) -> HttpResponse:
    """Which account it is, before anything is connected; then yes, another one, or no."""
    back_to = attempts.back_to_of(request.session, public_id)
    if back_to is None:
        raise Http404
    consent = consents.waiting(host, public_id, now=clock.now())
    if consent is None or consent.provider != provider:
        return _too_late(request, host, provider)
    decision = request.POST.get("decision", "")
    if decision == "connect":
        return _confirm(request, host, consent, back_to)
    if decision in ("another", "no"):
        return _decline(request, host, consent, back_to, wants_another=decision == "another")
    return _ask(request, host, consent)


def _ask(request: HttpRequest, host: Host, consent: Consent) -> HttpResponse:
    try:
        account, missing = consents.opened(consent).account, consents.missing(consent)
    except ProviderError as error:
        return _failed(request, host, consent.provider, str(error.reason), "")
    others = [row for row in queries.connections_of(host) if row.provider == consent.provider and row.is_live]
    return render(
        request,
        "dashboard/connect_finish.html",
        {
            "name": queries.name_of(consent.provider),
            "keeps_calendars": queries.keeps_calendars(consent.provider),
            "account": account,
            "missing": [scope.disables for scope in missing],
            "will_block": not {Ability.LIST_CALENDARS, Ability.READ_BUSY}
            & {scope.gives for scope in missing},
            "in_use": account_words(others[0].credential) if others else "",
        },
    )


def _confirm(request: HttpRequest, host: Host, consent: Consent, back_to: str) -> HttpResponse:
    try:
        connection = connecting.confirm(consent, now=clock.now())
    except ProviderError as error:
        return _failed(request, host, consent.provider, str(error.reason), back_to)
    return _connected(request, host, connection, back_to)


def _decline(
    request: HttpRequest, host: Host, consent: Consent, back_to: str, *, wants_another: bool
) -> HttpResponse:
    is_done, provider = connecting.give_back(consent, now=clock.now()), consent.provider
    trail.record(host, "connect_failed", request, provider=provider, problem="not_confirmed")
    if wants_another:
        return redirect(reverse(START[provider], query={"another": "1", "next": back_to}))
    told = (
        _("Nothing is connected, and %(name)s has taken our access back.")
        if is_done
        else _("Nothing is connected. %(name)s has not taken our access back yet; we go on trying.")
    )
    messages.success(request, told % {"name": queries.name_of(provider)})
    return redirect(back_to)


def _too_late(request: HttpRequest, host: Host, provider: str) -> HttpResponse:
    """Confirmed in another window, declined, or too old: what is known of the connection says more."""
    connection = queries.connection_for(host, provider)
    if connection is not None and connection.is_live:
        return redirect("integrations")
    return _start_again(request, provider, is_too_old=True)


# ── What came of it ──


def _connected(request: HttpRequest, host: Host, connection: Connection, back_to: str) -> HttpResponse:
    trail.record(host, "connected", request, provider=connection.provider)
    if connection.state == Connection.State.ACTIVE:
        messages.success(request, _told_of_connection(connection, host))
    return _quietly(back_to)


def _told_of_connection(connection: Connection, host: Host) -> str:
    if queries.keeps_calendars(connection.provider):
        return _("%(name)s is connected. %(use)s") % {
            "name": queries.name_of(connection.provider),
            "use": use_of_calendars(connection),
        }
    missing = bookings.coming_without_link(host, now=clock.now())
    if not missing:
        return _("Zoom is connected. New bookings get a Zoom link.")
    return ngettext(
        "Zoom is connected. %(many)d missing link is being made and sent.",
        "Zoom is connected. %(many)d missing links are being made and sent.",
        missing,
    ) % {"many": missing}


def _failed(request: HttpRequest, host: Host, provider: str, problem: str, back_to: str) -> HttpResponse:
    trail.record(host, "connect_failed", request, provider=provider, problem=problem)
    query = {"failed": problem} | ({} if provider == ZOOM else {"at": provider})
    if back_to and back_to != reverse("integrations"):
        query["next"] = back_to
    return _quietly(reverse("integrations", query=query))


@require_POST
@for_host
def hide_trouble(request: HttpRequest, host: Host) -> HttpResponse:  # noqa: ARG001 - what for_host hands over.
    attempts.forget_unanswered(request.session, ZOOM, now=clock.now())
    return redirect("integrations")


def _quietly(address: str) -> HttpResponse:
    return _bare(HttpResponseRedirect(address))


def _bare(response: HttpResponse) -> HttpResponse:
    """An answer at an address that carried a code: kept nowhere, told to nobody."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def redirect_uri(provider: str) -> str:
    """As registered in the operator's app at the provider, to the letter."""
    return f"{settings.KOALENDAR_BASE_URL}{reverse(f'{provider}-callback')}"


def _wanted(request: HttpRequest) -> str:
    """The page of ours that asked for the connection, if one did."""
    wanted = request.GET.get("next", "")
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""

"""Integrations: what is connected, how it is, and connecting, testing and disconnecting it."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import queries as bookings
from koalendar.booking.actions import owe_care, owe_meetings
from koalendar.connections import actions, queries, registry
from koalendar.connections.models import Connection
from koalendar.connections.provider import ProviderError
from koalendar.web.dashboard import attempts, audit
from koalendar.web.dashboard.frame import for_host, own
from koalendar.web.dashboard.zoom_card import cards_for, coming_at_zoom, zoom_works

ZOOM = "zoom"


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:
    now = clock.now()
    if zoom_works(host) and bookings.waits_for_connection(host, now=now):
        # The process may have died between connecting and owing what had waited for it.
        owe_meetings(host, now=now)
    cards = cards_for(
        host,
        now=now,
        failed=request.GET.get("failed", ""),
        tested=request.GET.get("tested", ""),
        outcome=request.GET.get("outcome", ""),
    )
    return render(
        request,
        "dashboard/integrations.html",
        {
            "cards": cards,
            "zoom_is_on": queries.is_enabled(ZOOM),
            "sender": settings.DEFAULT_FROM_EMAIL,
        },
    )


# ── Connecting ──


@require_GET
@for_host
def install(request: HttpRequest, host: Host) -> HttpResponse:
    """Where Zoom's marketplace sends people: says which account of ours it is about, and leads on."""
    own_zoom = queries.connection_for(host, ZOOM)
    return render(
        request,
        "dashboard/zoom_install.html",
        {"connection": own_zoom, "zoom_is_on": queries.is_enabled(ZOOM)},
    )


@require_GET
@for_host
@reauthentication_required
def connect(request: HttpRequest, host: Host) -> HttpResponse:
    """Begin an attempt and go to Zoom's consent page. By GET: browsers hold forms' redirects to the CSP."""
    if not queries.is_enabled(ZOOM):
        return redirect("integrations")
    attempt = attempts.begin(request.session, host, back_to=_back_to(request), now=clock.now())
    oauth = registry.get(ZOOM).oauth()
    return _quietly(
        oauth.authorize_url(redirect_uri=redirect_uri(), state=attempt.state, challenge=attempt.challenge)
    )


@require_GET
def callback(request: HttpRequest) -> HttpResponse:
    """Where Zoom sends the browser back.

    A code without a state that this very session began proves nothing about who sends it, and binding it
    would let others link their account to this host; it is dropped unused. Not behind the sign-in page,
    which would carry the code along in an address.
    """
    host = request.user if isinstance(request.user, Host) else None
    state = request.GET.get("state", "")
    attempt = attempts.take(request.session, host, state, now=clock.now()) if host else None
    if host is None or attempt is None:
        return _bare(render(request, "dashboard/zoom_start_again.html", status=400))
    code = request.GET.get("code", "")
    if not code:
        declined = request.GET.get("error") == "access_denied"
        return _failed(request, host, "declined" if declined else "no_code")
    try:
        connection = actions.connect_with_code(
            host=host,
            provider=ZOOM,
            code=code,
            verifier=attempt.verifier,
            redirect_uri=redirect_uri(),
            now=clock.now(),
        )
    except ProviderError as error:
        return _failed(request, host, str(error.reason))
    return _connected(request, host, connection, attempt.back_to)


def _connected(request: HttpRequest, host: Host, connection: Connection, back_to: str) -> HttpResponse:
    audit.record(host, "connected", request, provider=ZOOM)
    missing = bookings.coming_without_link(host, now=clock.now())
    owe_meetings(host, now=clock.now())
    if connection.state == Connection.State.ACTIVE:
        messages.success(request, _told_of_connection(missing))
    return _quietly(back_to)


def _told_of_connection(missing: int) -> str:
    if not missing:
        return _("Zoom is connected. New bookings get a Zoom link.")
    return ngettext(
        "Zoom is connected. %(many)d missing link is being made and sent.",
        "Zoom is connected. %(many)d missing links are being made and sent.",
        missing,
    ) % {"many": missing}


def _failed(request: HttpRequest, host: Host, problem: str) -> HttpResponse:
    audit.record(host, "connect_failed", request, provider=ZOOM, problem=problem)
    return _quietly(reverse("integrations", query={"failed": problem}))


def _quietly(address: str) -> HttpResponse:
    return _bare(HttpResponseRedirect(address))


def _bare(response: HttpResponse) -> HttpResponse:
    """An answer at an address that carried a code: kept nowhere, told to nobody."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def redirect_uri() -> str:
    """As registered in the operator's Zoom app, to the letter."""
    return f"{settings.KOALENDAR_BASE_URL}{reverse('zoom-callback')}"


def _back_to(request: HttpRequest) -> str:
    """A page of ours that asked for the connection, else the integrations."""
    wanted = request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None):
        return wanted
    return reverse("integrations")


# ── Connected ──


@require_POST
@for_host
def test(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    """Ask Zoom whose account this is; the page then says what was done and what came of it."""
    connection = own(queries.connection_by_id(host, public_id))
    if queries.connection_to(host, connection.credential) is None:
        messages.warning(request, _("Zoom is not connected, so we did not ask. Connect it first."))
        return redirect("integrations")
    outcome = "well"
    try:
        actions.open_meetings(connection.credential).me()
        actions.note_success(connection.credential, clock.now())
    except ProviderError as error:
        outcome = str(error.reason)
    return redirect(reverse("integrations", query={"tested": connection.public_id, "outcome": outcome}))


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types.
def disconnect(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    connection = own(queries.connection_by_id(host, public_id))
    if connection.state == Connection.State.REVOKED:
        return redirect("integrations")
    if request.method != "POST":
        return render(
            request,
            "dashboard/zoom_disconnect.html",
            {"connection": connection, "coming": coming_at_zoom(host, now=clock.now())},
        )
    done = actions.disconnect(connection, now=clock.now())
    owe_care(connection, now=clock.now())
    audit.record(host, "disconnected", request, provider=ZOOM)
    if done.revoked or done.is_shared:
        messages.success(request, _("Zoom is disconnected. We erased our access."))
    else:
        messages.warning(
            request,
            _(
                "Zoom is disconnected and we erased our access, but Zoom did not confirm. "
                "Remove the app in Zoom too."
            ),
        )
    return redirect("integrations")

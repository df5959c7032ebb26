"""Integrations: what is connected, how it is, and testing, choosing and disconnecting it."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import connecting
from koalendar.booking import queries as bookings
from koalendar.booking.actions import owe_meetings
from koalendar.connections import actions, queries
from koalendar.connections.models import Connection
from koalendar.connections.provider import ProviderError
from koalendar.web import trail
from koalendar.web.dashboard.frame import for_host, own
from koalendar.web.dashboard.zoom_card import account_words, cards_for, event_types_over, zoom_works
from koalendar.web.dashboard.zoom_trouble import trouble_for

ZOOM = "zoom"


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:
    now = clock.now()
    if zoom_works(host) and bookings.waits_for_connection(host, now=now):
        # The process may have died between connecting and owing what had waited for it.
        owe_meetings(host, now=now)
    failed, wanted = request.GET.get("failed", ""), request.GET.get("next", "")
    cards = cards_for(
        host,
        now=now,
        failed=failed,
        tested=request.GET.get("tested", ""),
        outcome=request.GET.get("outcome", ""),
    )
    back_to = wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""
    return render(
        request,
        "dashboard/integrations.html",
        {
            "cards": cards,
            "has_account": any(card.is_live for card in cards),
            "connect_url": reverse("zoom-connect", query={"next": back_to} if back_to else None),
            "zoom_is_on": queries.is_enabled(ZOOM),
            "sender": settings.DEFAULT_FROM_EMAIL,
            "trouble": trouble_for(request, host, failed=failed),
            "next": back_to,
            "is_left_in_zoom": "left" in request.GET and not zoom_works(host),
            "installed_url": queries.installed_url(ZOOM),
        },
    )


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
        account = actions.open_account(connection.credential).me()
        actions.note_account(connection.credential, account, clock.now())
    except ProviderError as error:
        outcome = str(error.reason)
        actions.note_failure(connection.credential, outcome, clock.now())
    return redirect(reverse("integrations", query={"tested": connection.public_id, "outcome": outcome}))


@require_POST
@for_host
def make_default(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    connection = own(queries.connection_by_id(host, public_id))
    if connection.is_live:
        actions.make_default(connection)
        messages.success(
            request,
            _("New bookings use %(account)s.") % {"account": account_words(connection.credential)},
        )
    return redirect("integrations")


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types.
def disconnect(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    connection = own(queries.connection_by_id(host, public_id))
    if connection.state == Connection.State.REVOKED:
        return redirect("integrations")
    if request.method != "POST":
        return render(request, "dashboard/zoom_disconnect.html", _what_disconnecting_means(host, connection))
    done = connecting.disconnect(connection, now=clock.now())
    trail.record(host, "disconnected", request, provider=ZOOM)
    if done.revoked or done.is_shared:
        messages.success(request, _("Zoom is disconnected. We erased our access."))
        return redirect("integrations")
    messages.warning(request, _("Zoom is disconnected and we erased our access, but Zoom did not confirm."))
    return redirect(reverse("integrations", query={"left": "1"}))


def _what_disconnecting_means(host: Host, connection: Connection) -> dict[str, object]:
    others = [row for row in queries.connections_of(host) if row.is_live and row.pk != connection.pk]
    return {
        "connection": connection,
        "account": account_words(connection.credential),
        "coming": bookings.coming_over(connection, now=clock.now()).count(),
        "event_types": event_types_over(host, connection),
        "next_default": account_words(others[0].credential) if others and connection.is_default else "",
        "has_others": bool(others),
        "is_shared": queries.is_shared(connection),
    }

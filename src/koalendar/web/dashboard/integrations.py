"""Integrations: what is connected, how it is, and testing, choosing and disconnecting it."""

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
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
from koalendar.booking.connecting import read_list
from koalendar.connections import actions, calendars, queries
from koalendar.connections.models import Connection
from koalendar.connections.provider import ProviderError
from koalendar.web import trail
from koalendar.web.dashboard import calendar_form
from koalendar.web.dashboard.account_card import account_words, cards_for
from koalendar.web.dashboard.frame import for_host, own
from koalendar.web.dashboard.zoom_card import event_types_over, zoom_works
from koalendar.web.dashboard.zoom_trouble import trouble_for

ZOOM, GOOGLE = "zoom", "google"


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:
    now = clock.now()
    if zoom_works(host) and bookings.waits_for_connection(host, now=now):
        # The process may have died between connecting and owing what had waited for it.
        owe_meetings(host, now=now)
    wanted = request.GET.get("next", "")
    failed, failed_at = request.GET.get("failed", ""), request.GET.get("at", ZOOM)
    back_to = wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""
    left = request.GET.get("left", "")
    return render(
        request,
        "dashboard/integrations.html",
        {
            "zoom": _section(request, host, ZOOM, back_to) if queries.is_enabled(ZOOM) else None,
            "google": _section(request, host, GOOGLE, back_to) if queries.is_enabled(GOOGLE) else None,
            "calendars": calendar_form.form_for(host, now=now),
            "sender": settings.DEFAULT_FROM_EMAIL,
            "trouble": trouble_for(request, host, failed=failed if failed_at == ZOOM else ""),
            "next": back_to,
            "left": _left_behind(host, left) if left else None,
        },
    )


def _section(request: HttpRequest, host: Host, provider: str, back_to: str) -> dict[str, object]:
    """The cards of one provider, and where to connect."""
    is_about_it = request.GET.get("at", ZOOM) == provider
    cards = cards_for(
        host,
        provider,
        now=clock.now(),
        failed=request.GET.get("failed", "") if is_about_it else "",
        tested=request.GET.get("tested", ""),
        outcome=request.GET.get("outcome", ""),
    )
    query = {"next": back_to} if back_to else None
    return {
        "cards": cards,
        "has_account": any(card.is_in_use for card in cards),
        "connect_url": reverse(f"{provider}-connect", query=query),
    }


def _left_behind(host: Host, provider: str) -> dict[str, str] | None:
    """Where our access may still stand, because the provider did not confirm that it ended."""
    provider = GOOGLE if provider == GOOGLE else ZOOM
    connection = queries.connection_for(host, provider)
    if connection is not None and connection.is_live:
        return None
    return {"name": queries.name_of(provider), "url": queries.installed_url(provider)}


# ── Connected ──


def _own(host: Host, provider: str, public_id: str) -> Connection:
    connection = own(queries.connection_by_id(host, public_id))
    if connection.provider != provider:
        raise Http404
    return connection


@require_POST
@for_host
def test(request: HttpRequest, host: Host, provider: str, public_id: str) -> HttpResponse:
    """Ask the provider about this account; the page then says what was done and what came of it."""
    connection = _own(host, provider, public_id)
    if queries.connection_to(host, connection.credential) is None:
        told = _("%(name)s is not connected, so we did not ask. Connect it first.")
        messages.warning(request, told % {"name": queries.name_of(provider)})
        return redirect("integrations")
    outcome, now = "well", clock.now()
    try:
        account = actions.open_account(connection.credential).me()
        if queries.keeps_calendars(provider):
            read_list(connection, now=now)
        actions.note_account(connection.credential, account, now)
    except ProviderError as error:
        outcome = str(error.reason)
        actions.note_failure(connection.credential, outcome, clock.now())
    return redirect(reverse("integrations", query={"tested": connection.public_id, "outcome": outcome}))


@require_POST
@for_host
def make_default(request: HttpRequest, host: Host, provider: str, public_id: str) -> HttpResponse:
    connection = _own(host, provider, public_id)
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
def disconnect(request: HttpRequest, host: Host, provider: str, public_id: str) -> HttpResponse:
    connection = _own(host, provider, public_id)
    if connection.state == Connection.State.REVOKED:
        return redirect("integrations")
    if request.method != "POST":
        return render(request, "dashboard/disconnect.html", _what_disconnecting_means(host, connection))
    name = {"name": queries.name_of(provider)}
    done = connecting.disconnect(connection, now=clock.now())
    trail.record(host, "disconnected", request, provider=provider)
    if done.revoked or done.is_shared:
        messages.success(request, _("%(name)s is disconnected. We erased our access.") % name)
        return redirect("integrations")
    told = _("%(name)s is disconnected and we erased our access, but %(name)s did not confirm.")
    messages.warning(request, told % name)
    return redirect(reverse("integrations", query={"left": provider}))


def _what_disconnecting_means(host: Host, connection: Connection) -> dict[str, object]:
    used = [row for row in queries.connections_of(host) if row.provider == connection.provider]
    others = [row for row in used if row.is_live and row.pk != connection.pk]
    keeps_calendars = queries.keeps_calendars(connection.provider)
    return {
        "name": queries.name_of(connection.provider),
        "button": _("Disconnect Google Calendar") if keeps_calendars else _("Disconnect Zoom"),
        "keeps_calendars": keeps_calendars,
        "connection": connection,
        "account": account_words(connection.credential),
        "blocking": [row.name for row in connection.calendars.filter(blocks=True).order_by("name")],
        "target": connection.calendars.filter(is_target=True).first(),
        "coming": bookings.coming_over(connection, now=clock.now()).count(),
        "event_types": [] if keeps_calendars else event_types_over(host, connection),
        "next_default": account_words(others[0].credential)
        if others and connection.is_default and not keeps_calendars
        else "",
        "has_others": bool(others),
        "is_shared": queries.is_shared(connection),
    }


# ── Calendars ──


@require_POST
@for_host
def choose_calendars(request: HttpRequest, host: Host) -> HttpResponse:
    blocks, target = calendar_form.chosen_in(request.POST, host)
    try:
        connecting.choose_calendars(host, blocks=blocks, target=target, now=clock.now())
    except calendars.NotWritable:
        messages.warning(request, _("Bookings cannot go into that calendar any more. Choose another one."))
    else:
        messages.success(request, _("Your calendars are saved."))
    return _to_calendars()


@require_POST
@for_host
def ignore_calendar(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    row = own(calendars.calendar_by_id(host, public_id))
    if calendars.ignore(row, clock.now()):
        told = _("We do not wait for “%(name)s”. It blocks again as soon as it has been read.")
        messages.success(request, told % {"name": row.name})
    else:
        messages.success(request, _("“%(name)s” can be read, so it blocks.") % {"name": row.name})
    return _to_calendars()


@require_POST
@for_host
def wait_for_calendar(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    row = own(calendars.calendar_by_id(host, public_id))
    connecting.wait_again(row, now=clock.now())
    told = _("We wait for “%(name)s”: until it has been read, no times are offered.")
    messages.success(request, told % {"name": row.name})
    return _to_calendars()


def _to_calendars() -> HttpResponse:
    return redirect(f"{reverse('integrations')}#calendars")

"""The support page: whom to ask, and the facts that the answer begins with."""

from importlib.metadata import version

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import queries as bookings
from koalendar.connections import queries as connections
from koalendar.web.dashboard.account_card import cards_for
from koalendar.web.dashboard.frame import for_host
from koalendar.web.dashboard.wording import wording_for


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:
    now = clock.now()
    facts = [
        (_("Your page"), f"{settings.KOALENDAR_BASE_URL}/{host.profile.slug}/"),
        (_("Signed in as"), host.email),
        (_("Time zone"), wording_for(host, now=now).zone_now()),
    ]
    if connections.is_enabled("zoom"):
        facts.append((_("Zoom"), cards_for(host, "zoom", now=now)[0].chip))
        facts.append((_("Coming bookings without a link"), str(bookings.coming_without_link(host, now=now))))
    if connections.is_enabled("google"):
        facts.append((_("Google Calendar"), cards_for(host, "google", now=now)[0].chip))
    facts.append((_("Version"), version("koalendar")))
    known = {"facts": facts, "google_is_on": connections.is_enabled("google")}
    return render(request, "dashboard/support.html", known)

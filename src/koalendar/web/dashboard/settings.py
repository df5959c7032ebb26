"""Settings: name, address, zone, language; the ways into the account; what happened to it."""

from collections.abc import Mapping

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking.setting_up import change_address
from koalendar.web import trail
from koalendar.web.dashboard import audit
from koalendar.web.dashboard.forms import SettingsForm
from koalendar.web.dashboard.frame import for_host
from koalendar.web.dashboard.wording import HostWording, wording_for


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def edit(request: HttpRequest, host: Host) -> HttpResponse:
    before = host.profile.slug
    form = SettingsForm(host, request.POST or None)
    if request.method == "POST" and form.is_valid() and _save(host, form):
        if host.profile.slug != before:
            trail.record(host, "address_changed", request, before=before, after=host.profile.slug)
        messages.success(request, _("Saved."))
        return redirect("settings")
    words = wording_for(host, now=clock.now())
    context = {"form": form, "acts": _acts(host, words)}
    return render(request, "dashboard/settings.html", context, status=422 if form.errors else 200)


def _save(host: Host, form: SettingsForm) -> bool:
    """False, with an error in the form, if somebody else has just taken the address."""
    try:
        _store(host, form.cleaned_data)
    except ValidationError as error:
        form.add_error("slug", error)
        host.refresh_from_db()
        return False
    return True


def _store(host: Host, data: Mapping[str, str]) -> None:
    with transaction.atomic():
        host.name, host.zone, host.locale = data["name"], data["zone"], data["locale"]
        host.save(update_fields=["name", "zone", "locale"])
        profile = host.profile
        change_address(profile, data["slug"])
        profile.name, profile.welcome, profile.language = host.name, data["welcome"], data["language"]
        profile.save(update_fields=["name", "welcome", "language"])


def _acts(host: Host, words: HostWording) -> list[dict[str, str]]:
    return [
        {
            "what": audit.in_words(row.act, str(row.facts.get("provider", ""))),
            "when": words.exact(row.at),
            "from": str(row.facts.get("address", "")),
        }
        for row in host.audit.order_by("-at", "-pk")[: audit.SHOWN]
    ]

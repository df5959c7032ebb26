"""API keys: which there are, making one, whose text is shown once, and revoking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from koalendar import clock
from koalendar.accounts.keys import (
    Scope,
    TooManyKeys,
    UnfitName,
    beginning,
    keys_of,
    make_key,
    revoke_key,
)
from koalendar.accounts.models import ApiKey, Host
from koalendar.web import trail
from koalendar.web.dashboard.forms import KeyForm
from koalendar.web.dashboard.frame import for_host, own_of
from koalendar.web.dashboard.wording import HostWording, wording_for

_SENT = "key_forms_sent"  # In the session: the marks of the forms that made a key.
_SENT_KEPT = 20
_ENDED_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One key in the list. `state` is active, expired or revoked; `facts` are like "Made today 13:58"."""

    key: ApiKey
    state: str
    chip: str
    scope: str
    facts: list[str]


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:
    words = wording_for(host, now=clock.now())
    rows = [_row(key, words) for key in keys_of(host)]
    context = {
        "active": [row for row in rows if row.state == "active"],
        "ended": [row for row in rows if row.state != "active"][:_ENDED_SHOWN],
        "zone": words.zone_now(),
    }
    return render(request, "dashboard/api_keys.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types.
def new(request: HttpRequest, host: Host) -> HttpResponse:
    """The form; and in answer to it the key itself, which no address, message or session ever holds.

    Sending the same form again, as loading that answer anew does, makes no second key.
    """
    form = KeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if _was_sent(request, form.cleaned_data["mark"]):
            messages.info(request, _("That key was made already, and its text is shown only once."))
            return redirect("api-keys")
        text = _made(request, host, form)
        if text:
            return _shown(request, text, form.cleaned_data["name"])
    return render(request, "dashboard/api_key_new.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth has no types.
def revoke(request: HttpRequest, host: Host, pk: int) -> HttpResponse:
    key = own_of(keys_of(host), pk=pk)
    if key.revoked_at is not None:
        return redirect("api-keys")
    if request.method != "POST":
        row = _row(key, wording_for(host, now=clock.now()))
        return render(request, "dashboard/api_key_revoke.html", {"row": row})
    if revoke_key(key, now=clock.now()):
        trail.record(host, "key_revoked", request, name=key.name, prefix=key.prefix)
    messages.success(request, _("The key %(name)s is revoked.") % {"name": key.name})
    return redirect("api-keys")


def _made(request: HttpRequest, host: Host, form: KeyForm) -> str:
    """The text of a new key; empty, with an error in the form, if there can be none."""
    data, now = form.cleaned_data, clock.now()
    days = data["expires"]
    try:
        text = make_key(
            host,
            name=data["name"],
            now=now,
            scope=Scope(data["scope"]),
            expires_at=now + timedelta(days=days) if days else None,
        )
    except UnfitName:
        form.add_error("name", _("Use one line of at most 80 characters"))
        return ""
    except TooManyKeys as refusal:
        form.add_error(None, _too_many(refusal.most))
        return ""
    request.session[_SENT] = [*request.session.get(_SENT, []), data["mark"]][-_SENT_KEPT:]
    trail.record(host, "key_made", request, name=data["name"], scope=data["scope"], prefix=beginning(text))
    return text


def _was_sent(request: HttpRequest, mark: str) -> bool:
    return bool(mark) and mark in request.session.get(_SENT, [])


def _shown(request: HttpRequest, text: str, name: str) -> HttpResponse:
    response = render(request, "dashboard/api_key_made.html", {"text": text, "name": name})
    response.headers["Cache-Control"] = "no-store"
    return response


# ── Words ──


def _row(key: ApiKey, words: HostWording) -> Row:
    state = _state(key, words.now)
    return Row(
        key=key,
        state=state,
        chip={"active": _("Active"), "expired": _("Expired"), "revoked": _("Revoked")}[state],
        scope=scope_in_words(key.scopes),
        facts=_facts(key, state, words),
    )


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "expired" if key.expires_at is not None and key.expires_at <= now else "active"


def _facts(key: ApiKey, state: str, words: HostWording) -> list[str]:
    facts = [_("Made %(when)s") % {"when": words.moment(key.created_at)}]
    if key.last_used_at is None:
        facts.append(_("Never used"))
    else:
        facts.append(_("Last used %(when)s") % {"when": words.moment(key.last_used_at)})
    if key.revoked_at is not None:
        facts.append(_("Revoked %(when)s") % {"when": words.moment(key.revoked_at)})
    elif key.expires_at is None:
        facts.append(_("Does not expire"))
    else:
        template = _("Expired %(when)s") if state == "expired" else _("Expires %(when)s")
        facts.append(template % {"when": words.moment(key.expires_at)})
    return facts


def scope_in_words(scope: str) -> str:
    return {
        Scope.READ.value: _("Read only"),
        Scope.BOOKINGS.value: _("Bookings"),
        Scope.ALL.value: _("Everything"),
    }.get(scope, scope)


def _too_many(most: int) -> str:
    return ngettext(
        "You have %(many)d active key, the most there can be. Revoke it first.",
        "You have %(many)d active keys, the most there can be. Revoke one first.",
        most,
    ) % {"many": most}

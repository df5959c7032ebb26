"""What the trail of an account tells of signing in, and the words for all that stands in it.

Sign-in is Django's and allauth's, so what happens there is heard through their signals.
"""

from typing import Any

from allauth.account import signals as account
from allauth.account.models import EmailAddress
from allauth.mfa import signals as two_factor
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth
from django.dispatch import Signal
from django.http import HttpRequest
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host, normal_email
from koalendar.connections.queries import name_of
from koalendar.web.trail import record

SHOWN = 50


def listen() -> None:
    """Connect to what Django and allauth tell; called once, when the applications are ready."""
    auth.user_logged_in.connect(_signed_in, dispatch_uid="audit.signed_in")
    auth.user_logged_out.connect(_signed_out, dispatch_uid="audit.signed_out")
    auth.user_login_failed.connect(_failed, dispatch_uid="audit.failed")
    two_factor.authentication_failed.connect(_code_failed, dispatch_uid="audit.code_failed")
    for act, signal in _CHANGES.items():
        signal.connect(_CHANGED[act], dispatch_uid=f"audit.{act}")


_CHANGES: dict[str, Signal] = {
    "signed_up": account.user_signed_up,
    "password_changed": account.password_changed,
    "password_reset": account.password_reset,
    "email_changed": account.email_changed,
    "email_confirmed": account.email_confirmed,
    "two_factor_added": two_factor.authenticator_added,
    "two_factor_removed": two_factor.authenticator_removed,
    "recovery_codes_made": two_factor.authenticator_reset,
}


class _Change:
    """Records one kind of change to an account."""

    def __init__(self, act: str) -> None:
        self.act = act

    def __call__(self, request: HttpRequest, user: Host | None = None, **told: Any) -> None:
        facts = {}
        if isinstance(address := told.get("email_address"), EmailAddress):
            user, facts["email"] = address.user, address.email
        if isinstance(authenticator := told.get("authenticator"), Authenticator):
            facts["method"] = str(authenticator.type)
        if user is not None:
            record(user, self.act, request, **facts)


_CHANGED = {act: _Change(act) for act in _CHANGES}


def _signed_in(request: HttpRequest, user: Host, **_told: Any) -> None:
    record(user, "signed_in", request)


def _signed_out(request: HttpRequest, user: Host | None, **_told: Any) -> None:
    if user is not None:
        record(user, "signed_out", request)


def _failed(credentials: dict[str, Any], request: HttpRequest | None = None, **_told: Any) -> None:
    email = credentials.get("email") or credentials.get("username") or ""
    host = Host.objects.filter(email=normal_email(str(email))).first()
    if host is not None and request is not None:
        record(host, "sign_in_failed", request)


def _code_failed(request: HttpRequest, user: Host, **_told: Any) -> None:
    record(user, "code_failed", request)


def in_words(act: str, provider: str) -> str:
    """What was done; `provider` is the kind of account that it was done to, where it was one."""
    words = {
        "signed_up": _("Signed up"),
        "signed_in": _("Signed in"),
        "signed_out": _("Signed out"),
        "sign_in_failed": _("Sign-in failed: wrong password"),
        "code_failed": _("Sign-in failed: wrong two-factor code"),
        "password_changed": _("Password changed"),
        "password_reset": _("Password reset by mail"),
        "email_changed": _("E-mail address changed"),
        "email_confirmed": _("E-mail address confirmed"),
        "two_factor_added": _("Two-factor method added"),
        "two_factor_removed": _("Two-factor method removed"),
        "recovery_codes_made": _("New recovery codes made"),
        "address_changed": _("Public address changed"),
        "connected": _("%(name)s connected"),
        "connect_failed": _("%(name)s did not connect"),
        "disconnected": _("%(name)s disconnected"),
        "key_made": _("API key made"),
        "key_revoked": _("API key revoked"),
    }.get(act, act)
    return words % {"name": name_of(provider)} if provider else words

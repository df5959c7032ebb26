"""How allauth fits into the house: its mails go through the outbox, and signing up can be closed."""

import re
import time
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.account.utils import get_next_redirect_url
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.mail import EmailMultiAlternatives
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import owed
from koalendar.booking.first_steps import is_fresh
from koalendar.booking.languages import OF_HOSTS
from koalendar.connections.sealing import seal, unseal
from koalendar.web.limits import client_address

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})?")

_TOO_MANY = _("That failed too often. Wait a quarter of an hour, then try again.")

_SIGNED_UP_AT = "signed_up_at"

# What allauth puts into a mail's context as an absolute address.
_LINKS = ("activate_url", "password_reset_url", "signup_url")


class AccountAdapter(DefaultAccountAdapter):
    """Accounts by e-mail and password."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "duplicate_email": _("You sign in with this address already."),
        "email_password_mismatch": _("This e-mail address and this password do not belong together."),
        "enter_current_password": _("This is not your present password."),
        "incorrect_password": _("This is not your password."),
        "rate_limited": _TOO_MANY,
        "too_many_login_attempts": _TOO_MANY,
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return bool(settings.KOALENDAR_SIGNUP == "open")

    def get_client_ip(self, request: HttpRequest) -> str:
        """Whom the limits count: the client as our trusted proxies saw it."""
        return client_address(request)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever signed in a moment ago has just proved who they are, and is not asked again."""
        if _signed_in_lately(self.request):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **how: Any) -> HttpResponse:
        """A new host has just chosen his password and shown that the mailbox is his."""
        if how["signup"]:
            request.session[_SIGNED_UP_AT] = time.time()
        answer: HttpResponse = super().post_login(request, user, **how)
        return answer

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Whoever has just signed up is led through setting up, in whatever browser he comes first."""
        if isinstance(request.user, Host) and is_fresh(request.user):
            return reverse("setup")
        return str(super().get_login_redirect_url(request))

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return self.get_login_redirect_url(request)

    def save_user(
        self, request: HttpRequest, user: AbstractBaseUser, form: BaseForm, commit: bool = True
    ) -> AbstractBaseUser:
        assert isinstance(user, Host)
        user.name = form.cleaned_data["name"]
        user.zone = form.cleaned_data["zone"]
        user.locale = _first_language(request)
        return super().save_user(request, user, form, commit)

    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        """The link leads back to what signing up was for, in whatever browser and whenever opened."""
        url = str(super().get_email_confirmation_url(request, emailconfirmation))
        wanted = get_next_redirect_url(request)
        return f"{url}?{urlencode({'next': wanted})}" if wanted else url

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the mail down and owe it, so that no request waits for a mail server.

        A mail to an address that has no account costs the same, so timing tells nothing either.
        """
        request = allauth_context.request
        links = {name: at_base(context[name]) for name in _LINKS if name in context}
        base = {"request": request, "email": email, "current_site": _Site()}
        message = self.render_mail(template_prefix, email, base | context | links)
        alternatives = message.alternatives if isinstance(message, EmailMultiAlternatives) else []
        html = next((str(content) for content, _type in alternatives), "")
        owed.account_mail(
            email, subject=str(message.subject), text=str(message.body), html=html, now=clock.now()
        )


def _signed_in_lately(request: HttpRequest) -> bool:
    # allauth notes the wall time of each proof in the session.
    host = request.user if isinstance(request.user, Host) else None
    since = time.time() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    if request.session.get(_SIGNED_UP_AT, 0) > since:
        return True
    return any(proof.get("at", 0) > since for proof in get_authentication_records(request, host))


def _first_language(request: HttpRequest) -> str:
    """The tag that the browser puts first, if it is of the language that hosts' pages are in; else the one
    that writes dates as most of the world does, for two languages in one sentence read badly."""
    first = request.headers.get("Accept-Language", "").split(",")[0].split(";")[0].strip()
    return first if _TAG.fullmatch(first) and first.split("-")[0] == OF_HOSTS else "en-GB"


class _Site:
    """What allauth's texts call the site, from the settings and never from the request's Host header."""

    @property
    def name(self) -> str:
        return str(settings.KOALENDAR_BRAND)

    @property
    def domain(self) -> str:
        return urlsplit(settings.KOALENDAR_BASE_URL).netloc


def at_base(address: str) -> str:
    """The address with scheme and host of KOALENDAR_BASE_URL, whatever host the request came in by."""
    base, parts = urlsplit(settings.KOALENDAR_BASE_URL), urlsplit(address)
    return urlunsplit((base.scheme, base.netloc, parts.path, parts.query, parts.fragment))


class TwoFactorAdapter(DefaultMFAAdapter):
    """Two-factor secrets are sealed at rest; allauth does not tell whose they are, so to no row."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "add_email_blocked": _("Turn two-factor sign-in off before you change your address, then on again."),
        "cannot_delete_authenticator": _("Two-factor sign-in cannot be turned off."),
        "cannot_generate_recovery_codes": _("Turn two-factor sign-in on first."),
        "incorrect_code": _("This code does not fit. Enter the one that the app shows now."),
        "unverified_email": _("Confirm your e-mail address before you turn two-factor sign-in on."),
    }

    def encrypt(self, text: str) -> str:
        return seal(text, purpose="two-factor", row="")

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, purpose="two-factor", row="")

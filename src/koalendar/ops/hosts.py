"""Make a host without a browser."""

from allauth.account.models import EmailAddress
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from koalendar.accounts.models import Host, normal_email
from koalendar.booking.setting_up import move_in
from koalendar.scheduling.zones import canonical_zone

_LONGEST_EMAIL = 254


class HostRefused(Exception):
    """The host can't be made; the text is one line for the operator."""


def create_host(*, email: str, password: str, name: str = "", slug: str = "", zone: str = "UTC") -> Host:
    """A host who can sign in at once: the address counts as confirmed.

    Raises HostRefused for a malformed or known address, no password or an unknown zone, ValidationError for
    a slug that can't be. A weak password is the operator's choice; see `weakness`.
    """
    email = normal_email(email)
    if not _is_email(email):
        raise HostRefused(f"{email!r} is no e-mail address; give one like ada@example.com")
    if not password:
        raise HostRefused("the password is empty; give one of at least 12 characters")
    known = canonical_zone(zone)
    if known is None:
        raise HostRefused(f"{zone} is no time zone; give an IANA name like Europe/Paris")
    if Host.objects.filter(email=email).exists():
        raise HostRefused(f"{email} already has an account")
    with transaction.atomic():
        host = Host.objects.create_user(email, password, name=name or email.split("@")[0], zone=known)
        move_in(host, slug=slug)
        EmailAddress.objects.create(user=host, email=email, verified=True, primary=True)
        return host


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= _LONGEST_EMAIL


def weakness(password: str, host: Host) -> str:
    """Why this site's own sign-up would refuse the password, in a line; empty if it would not."""
    try:
        validate_password(password, host)
    except ValidationError as error:
        return " ".join(error.messages)
    return ""

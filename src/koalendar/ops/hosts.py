"""Make a host without a browser."""

from allauth.account.models import EmailAddress
from django.db import transaction

from koalendar.accounts.models import Host, normal_email
from koalendar.booking.setting_up import move_in
from koalendar.scheduling.zones import canonical_zone


class HostRefused(Exception):
    """The host can't be made; the text is one line for the operator."""


def create_host(*, email: str, password: str, name: str = "", slug: str = "", zone: str = "UTC") -> Host:
    """A host who can sign in at once: the address counts as confirmed.

    Raises HostRefused for a known address or an unknown zone, ValidationError for a slug that can't be.
    """
    email = normal_email(email)
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

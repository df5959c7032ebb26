"""Clients that have signed in as a person does, so that allauth knows how and when."""

from allauth.account.models import EmailAddress
from django.test import Client

from koalendar.accounts.models import Host
from tests.people import PASSWORD


def sign_in(client: Client, host: Host) -> Client:
    """Sign in by the page; the host's address counts as confirmed."""
    EmailAddress.objects.get_or_create(user=host, email=host.email, verified=True, primary=True)
    answer = client.post("/accounts/login/", {"login": host.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client

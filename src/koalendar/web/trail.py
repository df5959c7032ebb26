"""Acts that matter to an account's safety, written down for the host to read, whoever did them for him."""

from django.http import HttpRequest

from koalendar import clock
from koalendar.accounts.models import Audit, Host
from koalendar.web.limits import client_address


def record(host: Host, act: str, request: HttpRequest, **facts: str) -> None:
    """Add a row; `facts` are short texts and never secrets."""
    Audit.objects.create(
        host=host, at=clock.now(), act=act, facts={"address": client_address(request), **facts}
    )

"""Tell hosts by mail that their account at a provider needs them: once per trouble."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from koalendar.booking import owed
from koalendar.booking.problems import in_words
from koalendar.booking.queries import coming_without_link
from koalendar.connections.actions import take_untold
from koalendar.connections.models import Connection, Credential


def tell_hosts(credential: Credential, *, now: datetime) -> None:
    """Owe a mail to each host whose connection is in trouble and who has not been told of it."""
    with transaction.atomic():
        for connection in take_untold(credential, now):
            _mail_about(connection, now)


def _mail_about(connection: Connection, now: datetime) -> None:
    host = connection.host
    with override(host.locale):
        missing = coming_without_link(host, now=now)
        subject = _subject(missing)
        context = {
            "brand": settings.KOALENDAR_BRAND,
            "subject": subject,
            "problem": in_words(connection.problem),
            "missing": missing,
            "is_broken": connection.state == Connection.State.BROKEN,
            "url": settings.KOALENDAR_BASE_URL + reverse("integrations"),
        }
        owed.account_mail(
            host.email,
            subject=subject,
            text=render_to_string("mail/connection.txt", context),
            html=render_to_string("mail/connection.html", context),
            now=now,
        )


def _subject(missing: int) -> str:
    if not missing:
        return _("Zoom needs you")
    return ngettext(
        "Zoom needs you: %(count)d booking has no link",
        "Zoom needs you: %(count)d bookings have no link",
        missing,
    ) % {"count": missing}

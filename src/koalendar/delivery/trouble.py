"""Tell hosts by mail how their account at a provider is: of trouble until it is mended, of an end and what it
means, and before anything of theirs is erased here."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from koalendar.accounts.models import Host
from koalendar.booking import owed
from koalendar.booking.conditions import Condition, condition_of
from koalendar.booking.languages import OF_HOSTS
from koalendar.booking.queries import coming_without_link
from koalendar.connections.actions import take_untold
from koalendar.connections.deletions import WARNED_BEFORE
from koalendar.connections.models import Connection, Credential
from koalendar.connections.provider import Reason
from koalendar.connections.queries import keeps_calendars, name_of
from koalendar.invitations import when

_State = Connection.State


def tell_hosts(credential: Credential, *, now: datetime) -> None:
    """Owe a mail to each host of this account who has to be told now: once per occasion."""
    with transaction.atomic():
        for connection in take_untold(credential, now):
            with override(OF_HOSTS):
                _mail_about(connection, now)


def _mail_about(connection: Connection, now: datetime) -> None:
    host, condition = connection.host, condition_of(connection, now=now)
    if not _is_worth_a_mail(connection, condition):
        return
    assert condition.step is not None  # Only an active connection has none, and nobody is told of that.
    context = {
        "brand": settings.KOALENDAR_BRAND,
        "subject": _subject(connection, condition, now),
        "preheader": condition.reason,
        "paragraphs": _paragraphs(connection, condition, now),
        "button": condition.step.label,
        "url": settings.KOALENDAR_BASE_URL + reverse("integrations"),
        "why": _why(connection),
    }
    owed.account_mail(
        host.email,
        subject=str(context["subject"]),
        text=render_to_string("mail/connection.txt", context),
        html=render_to_string("mail/connection.html", context),
        now=now,
    )


def _is_worth_a_mail(connection: Connection, condition: Condition) -> bool:
    """An end is told once; after that, and of an account that was replaced, only while links are at stake."""
    if connection.state != _State.REVOKED or condition.kept:
        return True
    return connection.problem_told_at is None and connection.problem != Reason.OTHER_ACCOUNT


def _subject(connection: Connection, condition: Condition, now: datetime) -> str:
    name = name_of(connection.provider)
    if condition.kept and condition.kept_until and condition.kept_until - WARNED_BEFORE <= now:
        return ngettext(
            "On %(day)s we erase the %(name)s link of %(count)d booking",
            "On %(day)s we erase the %(name)s links of %(count)d bookings",
            condition.kept,
        ) % {
            "day": _day(condition.kept_until, connection.host, now),
            "count": condition.kept,
            "name": name,
        }
    if connection.state == _State.REVOKED:
        if connection.problem != Reason.REMOVED_AT_PROVIDER:
            return _("%(name)s is disconnected") % {"name": name}
        return _("%(brand)s was removed in %(name)s") % {"brand": settings.KOALENDAR_BRAND, "name": name}
    subject = _needs_you(connection, now)
    return subject if connection.problem_told_at is None else _("Reminder: %(what)s") % {"what": subject}


def _needs_you(connection: Connection, now: datetime) -> str:
    name = name_of(connection.provider)
    if keeps_calendars(connection.provider):
        if connection.state == _State.BROKEN and _blocks(connection):
            return _("%(name)s needs you: nobody can book you") % {"name": name}
        return _("%(name)s needs you") % {"name": name}
    missing = coming_without_link(connection.host, now=now)
    if not missing:
        return _("%(name)s needs you") % {"name": name}
    return ngettext(
        "%(name)s needs you: %(count)d booking has no link",
        "%(name)s needs you: %(count)d bookings have no link",
        missing,
    ) % {"count": missing, "name": name}


def _paragraphs(connection: Connection, condition: Condition, now: datetime) -> list[str]:
    """What is, what it means, what stays."""
    if condition.kept_until is None:
        return [condition.reason]
    day = _day(condition.kept_until, connection.host, now)
    if keeps_calendars(connection.provider):
        return [
            condition.reason,
            *_about_calendars(connection, day),
            *_about_kept_of_google(condition.kept, day),
        ]
    return [
        condition.reason,
        _(
            "Bookings are still taken. Those at Zoom get their link as soon as Zoom is connected, and "
            "everybody is told by mail."
        ),
        _("We have erased our access, and the name, e-mail and plan of your Zoom account."),
        *_about_kept(condition.kept, day),
    ]


def _about_calendars(connection: Connection, day: str) -> list[str]:
    """What an account means whose calendars cannot be read or written."""
    erased = _("We have erased our access, and the name and e-mail of your Google account.")
    if connection.state == _State.REVOKED:
        return [_("Its calendars block nothing any more, and bookings do not go into them."), erased]
    blocked = _(
        "We cannot see when you are busy there. So that nobody books you twice, no times are offered until "
        "you reconnect, or choose on the integrations page not to wait for a calendar."
    )
    kept = _(
        "What you chose for these calendars is kept, also after %(day)s, when we erase their names here."
    ) % {"day": day}
    return [*([blocked] if _blocks(connection) else []), erased, kept]


def _about_kept_of_google(kept: int, day: str) -> list[str]:
    if not kept:
        return []
    return [
        ngettext(
            "The Google Meet link of %(count)d coming booking goes on working. We keep it here until "
            "%(day)s, then we erase it.",
            "The Google Meet links of %(count)d coming bookings go on working. We keep them here until "
            "%(day)s, then we erase them.",
            kept,
        )
        % {"count": kept, "day": day}
    ]


def _blocks(connection: Connection) -> bool:
    return connection.calendars.filter(blocks=True).exists()


def _about_kept(kept: int, day: str) -> list[str]:
    if not kept:
        return [_("Meetings already made stay in Zoom.")]
    return [
        ngettext(
            "The link of %(count)d coming booking goes on working, because its meeting stays in Zoom. The "
            "meeting does not follow if you reschedule or cancel. We keep the link here until %(day)s, then "
            "we erase it.",
            "The links of %(count)d coming bookings go on working, because their meetings stay in Zoom. The "
            "meetings do not follow if you reschedule or cancel. We keep the links here until %(day)s, then "
            "we erase them.",
            kept,
        )
        % {"count": kept, "day": day},
        _(
            "Connect the same Zoom account before that day, and every link stays as it is. With another "
            "account, new meetings are made and their links sent."
        ),
    ]


def _why(connection: Connection) -> str:
    known = {"brand": settings.KOALENDAR_BRAND, "name": name_of(connection.provider)}
    if connection.state == _State.REVOKED:
        return _("You get this mail because %(name)s was connected to your account at %(brand)s.") % known
    return (
        _(
            "You get this mail because %(name)s is connected to your account at %(brand)s. While it needs "
            "you, we write again after 1, 3, 7 and 14 days."
        )
        % known
    )


def _day(at: datetime, host: Host, now: datetime) -> str:
    here = ZoneInfo(host.zone)
    return when.day(at.astimezone(here).date(), host.locale, today=now.astimezone(here).date())

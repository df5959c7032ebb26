"""Hands over the mails that are owed: when each may leave, what it says then, and what the server made of it.

A crash, or a connection that breaks, between the hand-over and our note of it sends the mail again with
the same Message-ID, by which mail programs tell a copy. SMTP offers nothing better, and the other order
would lose mails.
"""

import logging
import smtplib
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction
from django.db.models import QuerySet

from koalendar.accounts.models import AccountMail
from koalendar.booking import owed
from koalendar.booking.models import Booking, CalendarCopy, Meeting, Message
from koalendar.booking.problems import DELETED_THERE, MAIL_REFUSED, MAIL_UNREACHABLE
from koalendar.booking.queries import InCalendar, Whereabouts, calendar_copy, whereabouts
from koalendar.delivery.letters import compose, sender
from koalendar.delivery.outcomes import Done, GiveUp, Outcome, Retry, Wait
from koalendar.invitations.calendar import one_line
from koalendar.outbox.models import Entry

log = logging.getLogger(__name__)

_Kind = Message.Kind
_State = Message.State
_Copy = CalendarCopy.State
_A_MOMENT = timedelta(seconds=1)


class MailRefused(Exception):
    """The server will never take this mail."""


class MailUnreachable(Exception):
    """The server did not take this mail now."""


def deliver_message(subject: str, *, now: datetime) -> Outcome:
    """Hand over the booking mail with primary key `subject`, once its turn has come."""
    rows = Message.objects.select_related("booking__appointment__event_type__profile")
    message = rows.filter(pk=int(subject)).first()
    if message is None or message.state != _State.WAITING:
        return Done()
    place = whereabouts(message.booking, now=now)
    if _has_no_use(message, place, now):
        _turn(message, _State.SUPERSEDED)
        return Done()
    until = (
        _turn_of_earlier(message, place, now)
        or _time_of_link(message, place, now)
        or _time_of_invitation(message, now)
    )
    if until is not None:
        return Wait(until)
    try:
        _hand_over(compose(message, place, now=now).mail(message))
    except MailRefused:
        _turn(message, _State.FAILED)
        log.warning("mail_refused", extra={"mail": message.pk, "booking": str(message.booking)})
        return GiveUp(MAIL_REFUSED)
    except MailUnreachable:
        return Retry(MAIL_UNREACHABLE)
    _note_sent(message, place, now)
    return Done()


def deliver_account_mail(subject: str, *, now: datetime) -> Outcome:
    """Hand over the mail about an account with primary key `subject`; then forget its text, which holds links
    that sign people in."""
    row = AccountMail.objects.filter(pk=int(subject)).first()
    if row is None or not row.text:
        return Done()
    mail = EmailMultiAlternatives(
        subject=one_line(row.subject),
        body=row.text,
        from_email=sender(settings.KOALENDAR_BRAND),
        to=[row.recipient],
        headers={"Message-ID": row.message_id, "Auto-Submitted": "auto-generated"},
    )
    if row.html:
        mail.attach_alternative(row.html, "text/html")
    row_now = AccountMail.objects.filter(pk=row.pk)
    try:
        _hand_over(mail)
    except MailRefused:
        row_now.update(text="", html="")
        return GiveUp(MAIL_REFUSED)
    except MailUnreachable:
        return Retry(MAIL_UNREACHABLE)
    row_now.update(text="", html="", sent_at=now)
    log.info("account_mail_sent", extra={"mail": row.pk})
    return Done()


# ── Whether and when a mail may leave ──


def _has_no_use(message: Message, place: Whereabouts, now: datetime) -> bool:
    """Whether what the mail would tell is no longer so, or is told by a later one."""
    booking = message.booking
    start = datetime.fromisoformat(message.facts["start"])
    end = datetime.fromisoformat(message.facts["end"])
    match message.kind:
        case kind if kind in Message.ENDINGS:
            return False
        case _ if not booking.is_live:
            return True
        case _ if "until" in message.facts and booking.status_at(now) != Booking.Status.PENDING:
            return True  # The request was answered, or nobody can answer it any more.
        case _Kind.REMINDER:
            return message.sequence != booking.sequence or start <= now
        case _Kind.LINK_HERE:
            later = _to_same_reader(message).filter(
                pk__gt=message.pk, kind__in=[_Kind.RESCHEDULED, _Kind.LINK_HERE]
            )
            return end <= now or later.exists()
        case _Kind.IN_ZOOM:
            return end <= now or not _is_still_seen(message, place)
        case _Kind.CONFLICT:
            return end <= now or message.sequence != booking.sequence
        case _Kind.IN_CALENDAR:
            return end <= now or not _is_still_seen(message, calendar_copy(booking, now=now))
    return False


def _is_still_seen(message: Message, there: Whereabouts | InCalendar) -> bool:
    """Whether the meeting or event is still as somebody left it there, and the host has not chosen."""
    seen = message.facts["seen"]
    if seen is None:
        return there.problem == DELETED_THERE
    return there.seen_start is not None and there.seen_start.isoformat() == seen


def _turn_of_earlier(message: Message, place: Whereabouts, now: datetime) -> datetime | None:
    """When to look again, if an earlier mail to the same reader is on its way; else None.

    One that waits for a link that is not there holds nobody up, nor does one that nobody will try again,
    nor does one that belongs to no story: a reminder, or what was seen elsewhere.
    """
    earlier = _to_same_reader(message).filter(pk__lt=message.pk)
    earlier = earlier.exclude(kind__in=[_Kind.REMINDER, *Message.SEEN_THERE])
    if not place.join_url:
        earlier = earlier.exclude(kind=_Kind.LINK_HERE)
    entries = Entry.objects.filter(
        kind=owed.MAIL, subject__in=[str(pk) for pk in earlier.values_list("pk", flat=True)]
    )
    due = [entry.due_at for entry in entries if entry.due_at is not None]
    return max([now + _A_MOMENT, *due]) if due else None


def _to_same_reader(message: Message) -> QuerySet[Message]:
    return Message.objects.filter(
        booking=message.booking,
        audience=message.audience,
        recipient=message.recipient,
        state=_State.WAITING,
    )


def _time_of_link(message: Message, place: Whereabouts, now: datetime) -> datetime | None:
    """When to look again for the link, if the mail is to wait for it; else None.

    A meeting that gets ready hastens the mail. It is looked for all the same, in growing steps, because
    that may happen at the very moment in which the mail decides to wait.
    """
    if not place.has_room or place.join_url:
        return None
    waited = now - message.created_at
    step = now + max(_A_MOMENT, waited)
    if message.kind == _Kind.LINK_HERE:
        return step
    if message.kind != _Kind.BOOKED or place.waits_for_host:
        return None
    patience = message.created_at + timedelta(seconds=settings.KOALENDAR_LINK_WAIT)
    return min(step, patience) if now < patience else None


def _time_of_invitation(message: Message, now: datetime) -> datetime | None:
    """When to look again whether Google has invited, if that is still to come; else None.

    Where Google has not been asked after the time that a link gets, or will not be, our own mails invite.
    """
    if message.kind != _Kind.BOOKED or message.audience == Message.Audience.HOST:
        return None
    booking = message.booking
    copy = CalendarCopy.objects.filter(appointment=booking.appointment_id, is_inviting=True).last()
    if copy is None or copy.state in (_Copy.PRESENT, _Copy.GONE):
        return None
    is_owed = Entry.objects.filter(kind=owed.EVENT, subject=copy.subject, due_at__isnull=False).exists()
    patience = message.created_at + timedelta(seconds=settings.KOALENDAR_LINK_WAIT)
    if is_owed and now < patience:
        return min(now + max(_A_MOMENT, now - message.created_at), patience)
    if owed.invite_by_mail(booking.appointment):
        log.info("invited_by_mail", extra={"booking": str(booking)})
    return None


# ── What became of it ──


def _turn(message: Message, state: str, **values: object) -> bool:
    """Give a waiting message its end. False if it has got one from elsewhere meanwhile."""
    waiting = Message.objects.filter(pk=message.pk, state=_State.WAITING)
    return bool(waiting.update(state=state, **values))


def _note_sent(message: Message, place: Whereabouts, now: datetime) -> None:
    """Note the hand-over, and whether the link has to follow.

    The meeting may have become ready while the mail was leaving without it. The booking is locked, before
    its messages as everywhere, so either whoever stores the link sees that this reader waits for it, or we
    see the link here.
    """
    booking = message.booking
    without_link = (*Message.ENDINGS, *Message.SEEN_THERE)
    expects_link = place.has_room and message.kind not in without_link and "until" not in message.facts
    lacks_link = expects_link and not place.join_url
    with transaction.atomic():
        Booking.objects.select_for_update().get(pk=booking.pk)
        meetings = Meeting.objects.filter(appointment=booking.appointment)
        ready = next((meeting for meeting in meetings if meeting.join_url), None) if lacks_link else None
        if not _turn(message, _State.SENT, sent_at=now, link_owed=lacks_link and ready is None):
            log.warning("message_overtaken", extra={"mail": message.pk, "booking": str(booking)})
        elif ready is not None:
            owed.message(
                booking,
                message.audience,
                message.recipient,
                _Kind.LINK_HERE,
                facts=owed.times_of(booking.appointment),
                due=now,
                now=now,
                edition=ready.edition,
            )
    log.info("mail_sent", extra={"mail": message.pk, "kind": message.kind, "booking": str(booking)})


# ── The mail server ──


def _hand_over(mail: EmailMultiAlternatives) -> None:
    """Give one mail to the server over a connection of its own. Raises MailRefused or MailUnreachable."""
    server: BaseEmailBackend = get_connection()
    mail.connection = server
    try:
        server.open()
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _text in error.recipients.values()]
        raise _failure(min(codes)) from error
    except smtplib.SMTPDataError as error:
        raise _failure(error.smtp_code) from error
    except (smtplib.SMTPException, OSError) as error:
        # Also a refused sender or password: no mail's own fault, and mended by whoever runs the site.
        log.warning("mail_server_trouble", extra={"problem": type(error).__name__})
        raise MailUnreachable from error
    finally:
        _hang_up(server)


def _failure(code: int) -> MailRefused | MailUnreachable:
    """RFC 5321, section 4.2.1: 5yz is for good, 4yz for now."""
    return MailRefused(code) if code >= 500 else MailUnreachable(code)


def _hang_up(server: BaseEmailBackend) -> None:
    """What goes wrong after the hand-over must not send the mail twice."""
    try:
        server.close()
    except (smtplib.SMTPException, OSError) as error:
        log.info("mail_server_left", extra={"problem": type(error).__name__})

"""What happened to a booking, in words: who did what, what became of its meeting and of each mail."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from koalendar.booking import calendar_problems, problems, queries
from koalendar.booking.models import Booking, Happening, Message
from koalendar.booking.queries import CopyState, InCalendar, Whereabouts
from koalendar.booking.story import happenings_of
from koalendar.invitations import when
from koalendar.outbox.models import Entry
from koalendar.web.dashboard.booking_pages import mail_word
from koalendar.web.dashboard.wording import HostWording, how_soon


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the story; `shown` is the moment in words, `more` a reason or what comes next."""

    at: datetime
    text: str
    shown: str
    more: str = ""


_A_MINUTE = timedelta(minutes=1)
_Line = tuple[datetime, str, str]


def story_of(booking: Booking, place: Whereabouts, event: InCalendar, words: HostWording) -> Sequence[Event]:
    """Newest first; what is still to come stands on top."""
    lines = [
        (booking.created_at, _beginning(booking), ""),
        *_changes(booking, words),
        *_happenings(booking, words),
        *_trouble(place, problems.in_words(place.problem) if place.kind == "zoom" else "", words),
        *_trouble(event, calendar_problems.in_words(event.problem), words),
        *_mails(booking, words),
    ]
    # Of what happened in one moment, what was brought about stands above what brought it about.
    ordered = sorted(lines, key=lambda line: line[0])[::-1]
    return [Event(at, text, words.exact(at), more) for at, text, more in ordered]


def _beginning(booking: Booking) -> str:
    name = {"name": booking.invitee_name}
    if booking.booked_by == Booking.By.HOST:
        return _("You booked for %(name)s") % name
    return (_("%(name)s asked for this time") if booking.expires_at else _("%(name)s booked")) % name


def _changes(booking: Booking, words: HostWording) -> Iterator[_Line]:
    """Each change is told in the facts of the mail that the invitee was owed for it."""
    own = booking.messages.filter(audience=Message.Audience.INVITEE)
    answered = Q(kind=Message.Kind.BOOKED, booking__expires_at__isnull=False)
    for message in own.filter(answered | Q(kind__in=[Message.Kind.RESCHEDULED, *Message.ENDINGS])):
        reason = message.facts.get("reason", "")
        yield message.created_at, _change(booking, message, words), f"“{reason}”" if reason else ""


def _change(booking: Booking, message: Message, words: HostWording) -> str:
    actor = _("You") if message.facts.get("by") == Booking.By.HOST else booking.invitee_name
    if message.kind == Message.Kind.CANCELLED:
        return _("%(actor)s cancelled") % {"actor": actor}
    if message.kind == Message.Kind.BOOKED:
        return _("%(actor)s confirmed") % {"actor": actor}
    if message.kind == Message.Kind.DECLINED:
        return _("%(actor)s declined") % {"actor": actor}
    if message.kind == Message.Kind.EXPIRED:
        return _("The request lapsed without an answer")
    return _("%(actor)s rescheduled from %(before)s to %(after)s") % {
        "actor": actor,
        "before": _short(message.facts["before"]["start"], words),
        "after": _short(message.facts["start"], words),
    }


def _short(instant: str, words: HostWording) -> str:
    return when.short_when(datetime.fromisoformat(instant), words.zone, words.locale, today=words.today)


def _happenings(booking: Booking, words: HostWording) -> Iterator[_Line]:
    for row in happenings_of(booking):
        start = _short(row.facts["start"], words) if "start" in row.facts else ""
        yield row.at, _happening(row, booking, start), ""


def _happening(row: Happening, booking: Booking, start: str) -> str:
    told = {
        Happening.Kind.MEETING_MADE: _("%(room)s meeting made"),
        Happening.Kind.MEETING_MOVED: _("%(room)s meeting moved to %(start)s"),
        Happening.Kind.MEETING_REMOVED: _("%(room)s meeting removed"),
        Happening.Kind.LINK_CHANGED: _("New link from %(room)s"),
        Happening.Kind.LINK_ERASED: _("Link erased here; the meeting stays in %(room)s"),
        Happening.Kind.MOVED_THERE: _("Meeting moved in Zoom to %(start)s"),
        Happening.Kind.MOVED_BACK_THERE: _("Meeting moved back in Zoom"),
        Happening.Kind.DELETED_THERE: _("Meeting deleted in Zoom"),
        Happening.Kind.BROUGHT_BACK_THERE: _("Meeting brought back in Zoom"),
        Happening.Kind.CONFLICT: _("Your calendar has something else at this time"),
        Happening.Kind.EVENT_MADE: _("Put into Google Calendar"),
        Happening.Kind.EVENT_MOVED: _("Google Calendar told of %(start)s"),
        Happening.Kind.EVENT_REMOVED: _("Taken out of Google Calendar"),
        Happening.Kind.EVENT_MOVED_THERE: _("Event moved in Google Calendar to %(start)s"),
        Happening.Kind.EVENT_MOVED_BACK_THERE: _("Event moved back in Google Calendar"),
        Happening.Kind.EVENT_DELETED_THERE: _("Event deleted in Google Calendar"),
        Happening.Kind.NO_SHOW: _("You noted that %(name)s did not come"),
        Happening.Kind.NO_SHOW_TAKEN_BACK: _("You noted that %(name)s came after all"),
    }[Happening.Kind(row.kind)]
    return told % {"start": start, "name": booking.invitee_name, "room": booking.appointment.room}


def _trouble(copy: Whereabouts | InCalendar, text: str, words: HostWording) -> Iterator[_Line]:
    """Why meeting or event are not as they should be; what somebody did to one there has its own line."""
    known = (problems.MOVED_THERE, problems.DELETED_THERE)
    if not (text and copy.since) or copy.problem in known:
        return
    tries = ngettext("%(n)d try", "%(n)d tries", copy.attempts) % {"n": copy.attempts}
    is_retrying = copy.state is CopyState.PENDING and copy.next_try is not None
    following = how_soon(copy.next_try, now=words.now) if is_retrying and copy.next_try else ""
    yield copy.since, text, " ".join([f"{tries}.", following]).strip()


def _mails(booking: Booking, words: HostWording) -> Iterator[_Line]:
    """Each mail as far as it got, in one line with those of its kind that got as far within a minute. What a
    later change has made useless never left, and is left out.
    """
    entries = queries.mail_entries(booking)
    alike: dict[tuple[str, str, str], list[tuple[datetime, str]]] = defaultdict(list)
    for message in booking.messages.exclude(state=Message.State.SUPERSEDED).order_by("pk"):
        at, text, more = _mail(message, entries.get(message.pk), words)
        alike[text, mail_word(message), more].append((at, message.recipient))
    for (text, kind, more), mails in alike.items():
        for at, recipients in _together(mails):
            yield at, text % {"recipients": ", ".join(recipients), "kind": kind}, more


def _together(mails: Sequence[tuple[datetime, str]]) -> list[tuple[datetime, list[str]]]:
    """The recipients of mails that got somewhere within a minute, with the last moment of it."""
    groups: list[tuple[list[datetime], list[str]]] = []
    for at, recipient in sorted(mails, key=lambda mail: mail[0]):
        if not groups or at - groups[-1][0][0] > _A_MINUTE:
            groups.append(([], []))
        moments, recipients = groups[-1]
        moments.append(at)
        recipients.append(recipient)
    return [(moments[-1], recipients) for moments, recipients in groups]


def _mail(message: Message, entry: Entry | None, words: HostWording) -> _Line:
    """When the mail got how far, and what is wrong; recipients and kind have yet to be put in."""
    problem = problems.in_words(entry.problem) if entry and entry.problem else ""
    if message.state == Message.State.SENT:
        return message.sent_at or message.created_at, _("Mail handed over to %(recipients)s: %(kind)s"), ""
    if message.state == Message.State.FAILED:
        at = entry.settled_at if entry and entry.settled_at else message.created_at
        return at, _("Mail not delivered to %(recipients)s: %(kind)s"), problem
    if message.kind == Message.Kind.REMINDER and entry and entry.due_at and not problem:
        return entry.due_at, _("Reminder to %(recipients)s leaves"), ""
    following = how_soon(entry.due_at, now=words.now) if problem and entry and entry.due_at else ""
    return message.created_at, _("Mail to %(recipients)s waits: %(kind)s"), f"{problem} {following}".strip()

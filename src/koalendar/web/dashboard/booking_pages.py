"""What the pages show of a booking: its row, its facts and its outside copies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.booking import calendar_problems, problems, queries
from koalendar.booking.conditions import why_no_link
from koalendar.booking.keeping import may_be_no_show
from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, Message
from koalendar.booking.models.appointment import ROOMS
from koalendar.booking.openings import open_slots
from koalendar.booking.queries import CopyState, InCalendar, Whereabouts
from koalendar.invitations import when
from koalendar.scheduling.zones import load_zone
from koalendar.web.dashboard.wording import HostWording, how_soon

JOIN_FROM = timedelta(minutes=15)


# ── Its row in the list ──


@dataclass(frozen=True, slots=True)
class Chip:
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the agenda. `chip` is there only when something is not as it should be.

    Of a request, `answer_until` says when it lapses, `beside` what else the host has on that day (hours and
    name), and `more_beside` how much more that is.
    """

    booking: Booking
    day: str
    hours: str
    title: str
    location: str
    guests: int
    url: str
    invitee_url: str
    chip: Chip | None
    can_change: bool
    can_start: bool
    may_be_no_show: bool
    answer_until: str = ""
    beside: Sequence[tuple[str, str]] = ()
    more_beside: int = 0


def row_of(
    booking: Booking,
    place: Whereabouts | None,
    words: HostWording,
    beside: Sequence["Neighbour"] = (),
    *,
    event: InCalendar | None = None,
) -> Row:
    """Without `place` and `event` nothing is told of link and calendar: on lists of what is over. `beside` is
    for requests."""
    appointment = booking.appointment
    is_near = appointment.start - JOIN_FROM <= words.now < appointment.end
    return Row(
        booking=booking,
        day=words.day(words.local(appointment.start).date()),
        hours=words.hours(appointment.start, appointment.end),
        title=str(booking.snapshot.get("title", "")) or appointment.event_type.title,
        location=location_word(appointment.location),
        guests=len(booking.guests),
        url=reverse("dashboard-booking", kwargs={"uid": booking.uid}),
        invitee_url=f"{settings.KOALENDAR_BASE_URL}/b/{token_for(booking)}/",
        chip=_chip(booking, place, event, words.now),
        can_change=can_change(booking, now=words.now),
        can_start=is_near and place is not None and place.can_start,
        may_be_no_show=may_be_no_show(booking, now=words.now),
        answer_until=answer_until(booking, words),
        beside=[(one.hours, one.invitee) for one in beside[:_FEW]],
        more_beside=max(0, len(beside) - _FEW),
    )


def can_change(booking: Booking, *, now: datetime) -> bool:
    return booking.status_at(now) in Booking.LIVE and booking.appointment.end > now


def answer_until(booking: Booking, words: HostWording) -> str:
    """ "today 18:00"; empty for what waits for no answer."""
    if booking.expires_at is None or booking.status_at(words.now) != Booking.Status.PENDING:
        return ""
    return words.moment(booking.expires_at)


def _chip(
    booking: Booking, place: Whereabouts | None, event: InCalendar | None, now: datetime
) -> Chip | None:
    if (of_status := status_chip(booking, now)) is not None:
        return of_status
    if place is None:
        return None
    if place.seen_start is not None:
        return Chip(_("Moved in Zoom"), "warn")
    if event is not None and event.is_drifted:
        moved = event.seen_start is not None
        return Chip(_("Moved in calendar") if moved else _("Deleted in calendar"), "warn")
    if place.state is CopyState.FAILED or (place.late and not place.join_url):
        return Chip(_("No link"), "bad")
    if place.state is CopyState.PENDING and not place.join_url:
        return Chip(_("Link is being made"), "busy")
    if booking.was_moved:
        return Chip(_("New time"), "")
    return None


def status_chip(booking: Booking, now: datetime) -> Chip | None:
    """What the booking is unless it is confirmed, by the clock."""
    return {
        Booking.Status.PENDING: Chip(_("Waiting for you"), "warn"),
        Booking.Status.CANCELLED: Chip(_("Cancelled"), ""),
        Booking.Status.DECLINED: Chip(_("Declined"), ""),
        Booking.Status.EXPIRED: Chip(_("Not answered"), ""),
        Booking.Status.CONFIRMED: Chip(_("No-show"), "warn") if booking.no_show_at else None,
    }.get(Booking.Status(booking.status_at(now)))


def location_word(location: dict[str, object]) -> str:
    return {
        **ROOMS,
        "phone": _("Phone"),
        "in_person": _("In person"),
        "link": _("Link"),
    }.get(str(location.get("kind", "")), "")


# ── The day around it ──

_FEW = 3


@dataclass(frozen=True, slots=True)
class Neighbour:
    """What else takes the host's time on the day of a request."""

    hours: str
    title: str
    invitee: str
    url: str
    is_request: bool


def days_around(
    host: Host, requests: Sequence[Booking], words: HostWording
) -> dict[int, Sequence[Neighbour]]:
    """What else the host has on the day of each of these, by its id; in one query for all of them."""
    days = {booking.pk: _day_of(booking, words) for booking in requests}
    if not days:
        return {}
    others = queries.live_between(host, days.values(), now=words.now)
    return {
        pk: [
            _neighbour(other, words)
            for other in others
            if other.pk != pk and other.appointment.start < end and other.appointment.end > begin
        ]
        for pk, (begin, end) in days.items()
    }


def _day_of(booking: Booking, words: HostWording) -> tuple[datetime, datetime]:
    """From midnight to midnight of the host's zone."""
    day = words.local(booking.appointment.start).date()
    begin, end = (datetime.combine(at, time(), words.here) for at in (day, day + timedelta(days=1)))
    return begin, end


def _neighbour(booking: Booking, words: HostWording) -> Neighbour:
    appointment = booking.appointment
    return Neighbour(
        hours=words.hours(appointment.start, appointment.end),
        title=str(booking.snapshot.get("title", "")) or appointment.event_type.title,
        invitee=booking.invitee_name,
        url=reverse("dashboard-booking", kwargs={"uid": booking.uid}),
        is_request=booking.status == Booking.Status.PENDING,
    )


# ── Its facts ──


def facts_of(booking: Booking, words: HostWording) -> list[tuple[str, str]]:
    """Pairs of term and text, the invitee's clock after the host's where the two differ."""
    appointment = booking.appointment
    facts = [(_("When"), words.full(appointment.start, appointment.end))]
    theirs = _their_time(booking, words)
    if theirs:
        facts.append((_("For %(name)s") % {"name": booking.invitee_name}, theirs))
    facts += [
        (_("What"), str(booking.snapshot.get("title", "")) or appointment.event_type.title),
        (_("Where"), where(appointment.location)),
        (_("With"), f"{booking.invitee_name}, {booking.invitee_email}"),
    ]
    if booking.guests:
        facts.append((_("Guests"), ", ".join(booking.guests)))
    facts += answers_of(booking)
    if booking.status == Booking.Status.CANCELLED:
        facts.append((_("Cancelled"), _cancelled(booking, words)))
    if booking.reason:
        facts.append((_("Reason"), booking.reason))
    return facts


def _their_time(booking: Booking, words: HostWording) -> str:
    start = booking.appointment.start
    their_local = start.astimezone(load_zone(booking.invitee_zone))
    if their_local.replace(tzinfo=None) == words.local(start).replace(tzinfo=None):
        return ""
    return words.full(start, booking.appointment.end, zone=booking.invitee_zone)


def where(location: dict[str, object]) -> str:
    kind = location.get("kind")
    if kind == "phone":
        number = str(location.get("number") or "")
        calls_you = location.get("who_calls") == "invitee"
        return (
            _("Phone: they call you") if calls_you else _("Phone: you call %(number)s") % {"number": number}
        )
    if kind == "in_person":
        return str(location.get("address", ""))
    if kind == "link":
        return str(location.get("url", ""))
    return location_word(location)


def answers_of(booking: Booking) -> list[tuple[str, str]]:
    """The answers under the questions as they read when they were asked."""
    labels = {
        str(question["code"]): str(question["label"]) for question in booking.snapshot.get("questions", [])
    }
    return [
        (labels.get(code, code), text)
        for code, answer in booking.answers.items()
        if (text := _answer(answer))
    ]


def _answer(answer: object) -> str:
    """Empty if nothing was answered; a box that was left empty is an answer."""
    if isinstance(answer, bool):
        return _("Yes") if answer else _("No")
    if isinstance(answer, list):
        return ", ".join(str(part) for part in answer)
    return str(answer or "")


def _cancelled(booking: Booking, words: HostWording) -> str:
    day = words.moment(booking.cancelled_at or booking.changed_at)
    if booking.cancelled_by == Booking.By.HOST:
        return _("by you, %(day)s") % {"day": day}
    return _("by %(name)s, %(day)s") % {"name": booking.invitee_name, "day": day}


# ── Its outside copies ──


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One outside copy; `state` is that of a chip, `word` says it."""

    what: str
    state: str
    word: str
    since: str = ""
    problem: str = ""
    next_try: str = ""
    mend_url: str = ""
    mend: str = ""


def copies_of(booking: Booking, place: Whereabouts, event: InCalendar, words: HostWording) -> list[CopyRow]:
    rows = [_meeting_row(booking, place, words)] if place.has_room else []
    if event.state is not CopyState.NONE:
        rows.append(_event_row(booking, event, words))
    return rows + _mail_rows(booking, words)


def _event_row(booking: Booking, event: InCalendar, words: HostWording) -> CopyRow:
    state, word = {
        CopyState.PENDING: ("busy", _("Being updated") if event.url else _("Being made")),
        CopyState.READY: ("ok", _("Up to date")),
        CopyState.FAILED: ("bad", _("Needs you")),
        CopyState.REMOVED: ("", _("Removed")),
    }[event.state]
    if event.state is CopyState.PENDING and not booking.is_live:
        word = _("Being removed")
    is_retrying = event.state is CopyState.PENDING and event.next_try is not None and event.problem
    mends_in_integrations = event.state is CopyState.FAILED and not event.is_drifted
    shows = event.state is CopyState.READY and bool(event.url)
    url = reverse("integrations") if mends_in_integrations else event.url if shows else ""
    return CopyRow(
        what=_("Google Calendar"),
        state=state,
        word=word,
        since=words.moment(event.since) if event.since else "",
        problem=calendar_problems.in_words(event.problem),
        next_try=how_soon(event.next_try, now=words.now) if is_retrying and event.next_try else "",
        mend_url=url,
        mend=_("Go to integrations") if mends_in_integrations else _("Open in Google Calendar"),
    )


def _meeting_row(booking: Booking, place: Whereabouts, words: HostWording) -> CopyRow:
    state, word = {
        CopyState.NONE: ("", _("Not needed")),
        CopyState.PENDING: ("busy", _("Being updated") if place.join_url else _("Being made")),
        CopyState.READY: ("ok", _("Up to date")),
        CopyState.FAILED: ("bad", _("Needs you")),
        CopyState.REMOVED: ("", _("Removed")),
    }[place.state]
    if place.state is CopyState.PENDING and not booking.is_live:
        word = _("Being removed")
    if place.state is CopyState.NONE and booking.status_at(words.now) == Booking.Status.PENDING:
        word = _("Made when you confirm")
    is_retrying = place.state is CopyState.PENDING and place.next_try is not None and place.problem
    is_choice = place.problem in (problems.MOVED_THERE, problems.DELETED_THERE)
    needs_account = place.state is CopyState.FAILED and place.waits_for_host and not is_choice
    mends_in_integrations = bool(place.kept_until) or needs_account
    if place.kept_until and place.state is CopyState.READY:
        state, word = "warn", _("The link works; %(room)s is disconnected") % {"room": place.room}
    return CopyRow(
        what=place.room if place.kind == "google_meet" else _("%(room)s meeting") % {"room": place.room},
        state=state,
        word=word,
        since=words.moment(place.since) if place.since else "",
        problem=_kept_in_words(place.kept_until, words)
        or calendar_problems.about_link(place.kind, place.problem),
        next_try=how_soon(place.next_try, now=words.now) if is_retrying and place.next_try else "",
        mend_url=reverse("integrations") if mends_in_integrations else "",
        mend=_("Go to integrations") if mends_in_integrations else "",
    )


def _kept_in_words(until: datetime | None, words: HostWording) -> str:
    if until is None:
        return ""
    return _(
        "The meeting stays in Zoom but follows no change. We erase its link here on %(day)s, unless you "
        "connect the same account before."
    ) % {"day": words.date_of(until)}


# ── Why it has no link ──


@dataclass(frozen=True, slots=True)
class WhyRow:
    """One question about a missing link; `state` is ok, bad, or empty where nothing can be said yet."""

    question: str
    state: str
    text: str
    since: str
    url: str
    action: str


def why_rows(booking: Booking, words: HostWording) -> list[WhyRow]:
    return [
        WhyRow(
            question=answer.question,
            state={True: "ok", False: "bad", None: ""}[answer.is_well],
            text=answer.text,
            since=words.moment(answer.at) if answer.at else "",
            url=reverse(answer.step.url_name) if answer.step else "",
            action=answer.step.label if answer.step else "",
        )
        for answer in why_no_link(booking, now=words.now)
    ]


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody did to the meeting in Zoom, or the event in the calendar, for the host to decide about.

    `when` is the time that it has there, empty for one that was deleted; `start` is its instant.
    """

    when: str
    start: str
    booked: str


def in_zoom(booking: Booking, place: Whereabouts, words: HostWording) -> Choice | None:
    return _choice(booking, place.seen_start, place.problem, words)


def in_calendar(booking: Booking, event: InCalendar, words: HostWording) -> Choice | None:
    return _choice(booking, event.seen_start, event.problem, words)


def _choice(booking: Booking, seen_start: datetime | None, problem: str, words: HostWording) -> Choice | None:
    """The booking keeps its length, whatever the meeting or event has there."""
    appointment = booking.appointment
    booked = words.full(appointment.start, appointment.end)
    if seen_start is not None:
        seen_end = seen_start + (appointment.end - appointment.start)
        return Choice(words.full(seen_start, seen_end), seen_start.isoformat(), booked)
    return Choice("", "", booked) if problem == problems.DELETED_THERE else None


def _mail_rows(booking: Booking, words: HostWording) -> list[CopyRow]:
    """The latest mail to each person; a reminder that waits for its day is no news."""
    entries = queries.mail_entries(booking)
    latest: dict[str, Message] = {}
    mails = booking.messages.exclude(state=Message.State.SUPERSEDED)
    for message in mails.exclude(kind=Message.Kind.REMINDER, state=Message.State.WAITING).order_by("pk"):
        latest[message.recipient] = message
    rows = []
    for recipient, message in latest.items():
        entry = entries.get(message.pk)
        trouble = entry if entry is not None and entry.problem else None
        state, word = {
            Message.State.WAITING: ("busy", _("On its way")),
            Message.State.SENT: ("ok", _("Handed over")),
            Message.State.FAILED: ("bad", _("Not delivered")),
        }[Message.State(message.state)]
        rows.append(
            CopyRow(
                what=_("Mail to %(recipient)s") % {"recipient": recipient},
                state=state,
                word=f"{word}: {mail_word(message)}",
                since=words.moment(message.sent_at) if message.sent_at else "",
                problem=problems.in_words(trouble.problem) if trouble else "",
                next_try=how_soon(trouble.due_at, now=words.now) if trouble and trouble.due_at else "",
            )
        )
    return rows


def mail_word(message: Message) -> str:
    return {
        Message.Kind.REQUESTED: _("request"),
        Message.Kind.BOOKED: _("confirmation"),
        Message.Kind.RESCHEDULED: _("new time"),
        Message.Kind.CANCELLED: _("cancellation"),
        Message.Kind.DECLINED: _("declined"),
        Message.Kind.EXPIRED: _("not answered in time"),
        Message.Kind.LINK_HERE: _("the link"),
        Message.Kind.REMINDER: _("reminder"),
        Message.Kind.IN_ZOOM: _("change in Zoom"),
        Message.Kind.CONFLICT: _("busy at the same time"),
        Message.Kind.IN_CALENDAR: _("change in your calendar"),
    }[Message.Kind(message.kind)]


# ── Other times for it ──

OFFERED_DAYS = 7
_LAST_PAGE = 105


@dataclass(frozen=True, slots=True)
class Offer:
    """Some days of other times; `earlier` and `later` are numbers of pages, 0 for none."""

    days: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    earlier: int
    later: int
    page: int


def offer(booking: Booking, words: HostWording, *, page: str) -> Offer:
    """The free starts of the `page`th week from today (from 1), each as its words and its instant."""
    number = min(max(int(page), 1), _LAST_PAGE) if page.isdecimal() and len(page) < 4 else 1
    appointment = booking.appointment
    first = words.today + timedelta(days=OFFERED_DAYS * (number - 1))
    slots = open_slots(
        appointment.event_type,
        duration=(appointment.end - appointment.start) // timedelta(minutes=1),
        first=first,
        last=first + timedelta(days=OFFERED_DAYS - 1),
        zone=words.zone,
        now=words.now,
        without=appointment,
    )
    days = [
        (words.day(day), [(when.time(words.local(at), words.locale), at.isoformat()) for at in starts])
        for day, starts in slots.items()
    ]
    window = appointment.event_type.booking_window_days
    return Offer(
        days=days,
        earlier=number - 1,
        later=number + 1 if OFFERED_DAYS * number <= window else 0,
        page=number,
    )

"""The sentences of a booking's mails: subject, first line, heading, what happened, why it came.

Whole sentences, one for each case, so that they can be translated.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext as to_host  # What hosts alone read, in English.

from koalendar.booking.calendar_problems import about_link
from koalendar.booking.models import Booking, Message
from koalendar.booking.queries import Whereabouts
from koalendar.delivery.seen_there import Sentences, sentences
from koalendar.invitations import when

_Audience = Message.Audience
_Kind = Message.Kind

_TITLE_IN_SUBJECT = 40
_NAME_IN_SUBJECT = 30
_NAME_IN_TERM = 24

# An address of a page or of a person, which mail programs turn into a link.
_LINKABLE = re.compile(r"[/@]|www\.|[^\W\d_]{2,}\.[^\W\d_]{2,}", re.IGNORECASE)
_TELEPHONE = re.compile(r"[+\d][\d ()./-]{3,29}")


class Fact(NamedTuple):
    """A term and what belongs to it, one or several lines."""

    term: str
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What happened and who is told. `zone` and `locale` are the reader's; names and title are one line.

    `before` are the times that a rescheduled booking had; `by` says who changed it, in the words of
    `Booking.By`. `until` is there if this is a request that is not agreed: when it lapses, or lapsed. `seen`
    is the start to which the meeting was moved in Zoom, or the event in the calendar. `is_in_calendar` says
    that Google Calendar tells the reader of the time too.
    """

    booking: Booking
    kind: Message.Kind
    audience: Message.Audience
    recipient: str
    title: str
    host: str
    host_email: str
    host_zone: str
    invitee: str
    zone: str
    locale: str
    start: datetime
    end: datetime
    before: tuple[datetime, datetime] | None
    by: str
    reason: str
    until: datetime | None
    seen: datetime | None
    is_in_calendar: bool
    place: Whereabouts
    now: datetime

    @property
    def for_host(self) -> bool:
        return self.audience is _Audience.HOST

    @property
    def company(self) -> str:
        """Who is on the other side."""
        return self.invitee if self.for_host else self.host

    @property
    def has_ended(self) -> bool:
        return self.kind in Message.ENDINGS

    @property
    def is_request(self) -> bool:
        return self.until is not None

    @property
    def is_answer(self) -> bool:
        """What is booked was a request, and the host has agreed to it."""
        return self.kind is _Kind.BOOKED and self.by == Booking.By.HOST

    @property
    def was_booked_by_host(self) -> bool:
        """The host himself has booked this time for the invitee."""
        return self.booking.booked_by == Booking.By.HOST

    @property
    def is_withheld(self) -> bool:
        """Addresses to join and numbers to call are the host's, who has not agreed to give them yet."""
        return self.is_request and not self.for_host

    @property
    def has_link(self) -> bool:
        return bool(self.place.join_url) and not self.has_ended and not self.is_request

    @property
    def link_follows(self) -> bool:
        is_expected = self.place.has_room and not self.has_ended and not self.is_request
        return is_expected and not self.has_link

    @property
    def host_must_act(self) -> bool:
        """The reader is the host, and there is no link before he has mended something."""
        return self.for_host and self.link_follows and self.place.waits_for_host

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def short_when(self) -> str:
        return when.short_when(self.start, self.zone, self.locale, today=self.today)

    @property
    def until_when(self) -> str:
        """ "Tue 1 Dec 09:00, Paris time"; only of a request."""
        assert self.until is not None
        until = when.short_when(self.until, self.zone, self.locale, today=self.today)
        return _("%(when)s, %(zone)s") % {"when": until, "zone": when.zone_label(self.zone, self.locale)}


# ── Names ──


def invitee_as_shown(scene: Scene) -> str:
    """The invitee's name for others than the host, unless it is no name but something to press."""
    return "" if is_linkable(scene.invitee) else scene.invitee


def is_linkable(name: str) -> bool:
    """Whether mail programs would make a link of what somebody typed as a name."""
    return _LINKABLE.search(name) is not None


def with_company(scene: Scene) -> str:
    """ "Intro call with Ada Lovelace": how the reader's calendar calls it."""
    return _("%(title)s with %(company)s") % {"title": scene.title, "company": scene.company}


def _short_with_company(scene: Scene) -> str:
    title, company = cut(scene.title, _TITLE_IN_SUBJECT), cut(scene.company, _NAME_IN_SUBJECT)
    return _("%(title)s with %(company)s") % {"title": title, "company": company}


def cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


# ── Subject, first line, heading ──


def subject(scene: Scene) -> str:
    what = {
        "what": _short_with_company(scene),
        "when": scene.short_when,
        "host": cut(scene.host, _NAME_IN_SUBJECT),
        "invitee": cut(scene.invitee, _NAME_IN_SUBJECT),
        "title": cut(scene.title, _TITLE_IN_SUBJECT),
        "room": scene.place.room,
    }
    match scene.kind:
        case _Kind.REQUESTED if scene.for_host:
            return to_host("Please answer: %(invitee)s asks for %(title)s, %(when)s") % what
        case _Kind.REQUESTED:
            return _("Waiting for %(host)s: %(title)s, %(when)s") % what
        case _Kind.BOOKED:
            return _booked_subject(scene, what)
        case _Kind.RESCHEDULED if scene.is_request and scene.for_host:
            return to_host("Please answer: new time %(when)s, %(what)s") % what
        case _Kind.RESCHEDULED if scene.is_request:
            return _("New time %(when)s, waiting for %(host)s: %(title)s") % what
        case _Kind.RESCHEDULED:
            return _("New time %(when)s: %(what)s") % what
        case _Kind.CANCELLED:
            return _("Cancelled: %(what)s, %(when)s") % what
        case _Kind.DECLINED if scene.for_host:
            return to_host("Declined: %(what)s, %(when)s") % what
        case _Kind.DECLINED:
            return _("%(host)s cannot make it: %(title)s, %(when)s") % what
        case _Kind.EXPIRED if scene.for_host:
            return to_host("Not answered in time: %(what)s, %(when)s") % what
        case _Kind.EXPIRED:
            return _("No answer in time: %(what)s, %(when)s") % what
        case _Kind.LINK_HERE:
            return _("Your %(room)s link: %(what)s, %(when)s") % what
        case _Kind.IN_ZOOM | _Kind.IN_CALENDAR | _Kind.CONFLICT:
            return seen_there(scene).subject % what
        case _Kind.REMINDER:
            return _("%(soon)s: %(what)s") % (what | {"soon": _soon(scene)})


def _booked_subject(scene: Scene, what: Mapping[str, str]) -> str:
    if scene.host_must_act:
        return to_host("%(room)s needs you: %(invitee)s booked %(title)s, %(when)s") % what
    if scene.is_answer and scene.link_follows:
        return _("Confirmed; the %(room)s link follows: %(what)s, %(when)s") % what
    if scene.is_answer and scene.audience is not _Audience.GUEST:
        return _("Confirmed: %(what)s, %(when)s") % what
    if scene.link_follows and scene.for_host:
        return to_host("Booked; the %(room)s link follows: %(what)s, %(when)s") % what
    if scene.link_follows:
        return _("Booked; your %(room)s link follows: %(what)s, %(when)s") % what
    if scene.for_host and scene.was_booked_by_host:
        return to_host("You booked %(title)s for %(invitee)s, %(when)s") % what
    if scene.for_host:
        return to_host("%(invitee)s booked %(title)s, %(when)s") % what
    return _("%(what)s, %(when)s") % what


def _soon(scene: Scene) -> str:
    """ "Today 09:00", "Tomorrow 09:00", else day and time."""
    start = scene.start.astimezone(ZoneInfo(scene.zone))
    clock = {"time": when.time(start, scene.locale)}
    if start.date() == scene.today:
        return _("Today %(time)s") % clock
    if start.date() == scene.today + timedelta(days=1):
        return _("Tomorrow %(time)s") % clock
    return scene.short_when


def preheader(scene: Scene) -> str:
    """What a list of mails shows after the subject: the fact within its first 40 characters."""
    facts = {"when": scene.short_when, "zone": when.zone_label(scene.zone, scene.locale)}
    facts["room"] = scene.place.room
    if scene.has_ended:
        return _("%(when)s, %(zone)s, does not take place.") % facts
    if scene.is_request and scene.for_host:
        return to_host("%(when)s, %(zone)s. It waits for your answer.") % facts
    if scene.is_request:
        return _("%(when)s, %(zone)s. Not confirmed yet.") % facts
    if scene.kind in Message.SEEN_THERE:
        return seen_there(scene).preheader % facts
    if scene.has_link:
        return _("%(when)s, %(zone)s. %(room)s link inside.") % facts
    if scene.host_must_act:
        return to_host("%(when)s, %(zone)s. There is no %(room)s link yet.") % facts
    if scene.link_follows:
        return _("%(when)s, %(zone)s. The %(room)s link follows.") % facts
    return _("%(when)s, %(zone)s.") % facts


def heading(scene: Scene) -> str:
    names = {"host": scene.host, "invitee": scene.invitee, "room": scene.place.room}
    match scene.kind:
        case _Kind.REQUESTED if scene.for_host:
            return to_host("%(invitee)s asks for a time with you") % names
        case _Kind.REQUESTED:
            return _("Your request is with %(host)s") % names
        case _Kind.BOOKED if scene.is_answer and scene.for_host:
            return to_host("You confirmed this booking")
        case _Kind.BOOKED if scene.for_host and scene.was_booked_by_host:
            return to_host("You booked a time for %(invitee)s") % names
        case _Kind.BOOKED if scene.for_host:
            return to_host("%(invitee)s booked a time with you") % names
        case _Kind.BOOKED if scene.audience is _Audience.GUEST:
            return _("You are invited")
        case _Kind.BOOKED if scene.is_answer:
            return _("%(host)s has confirmed: you are booked") % names
        case _Kind.BOOKED:
            return _("You are booked")
        case _Kind.RESCHEDULED:
            return _("The time has changed")
        case _Kind.CANCELLED if scene.is_request:
            return _("This request is cancelled")
        case _Kind.CANCELLED:
            return _("This booking is cancelled")
        case _Kind.DECLINED if scene.for_host:
            return to_host("You declined this request")
        case _Kind.DECLINED:
            return _("%(host)s cannot make it") % names
        case _Kind.EXPIRED if scene.for_host:
            return to_host("This request was not answered in time")
        case _Kind.EXPIRED:
            return _("%(host)s did not answer in time") % names
        case _Kind.LINK_HERE:
            return _("Your %(room)s link is here") % names
        case _Kind.IN_ZOOM | _Kind.IN_CALENDAR | _Kind.CONFLICT:
            return seen_there(scene).heading
    return _("%(soon)s, %(day)s") % {"soon": _soon(scene), "day": _day(scene)}


def _day(scene: Scene) -> str:
    return when.day(scene.start.astimezone(ZoneInfo(scene.zone)).date(), scene.locale, today=scene.today)


# ── What happened ──


def lead(scene: Scene) -> list[str]:
    """One or two short paragraphs under the heading."""
    if scene.kind in Message.SEEN_THERE:
        return [seen_there(scene).lead % {"invitee": scene.invitee}]
    parts = (_who_did_what(scene), _about_request(scene), _about_link(scene), _about_invitation(scene))
    return [part for part in parts if part]


def seen_there(scene: Scene) -> Sentences:
    """What was seen elsewhere, what that means, and what the host can do."""
    return sentences(scene.kind, is_deleted=scene.seen is None)


def _who_did_what(scene: Scene) -> str:
    names = {"host": scene.host, "title": scene.title, "room": scene.place.room}
    if scene.kind is _Kind.BOOKED and scene.audience is _Audience.GUEST:
        return _("You were named as a guest of a time booked with %(host)s.") % names
    if scene.kind is _Kind.BOOKED and scene.was_booked_by_host and not scene.for_host:
        return _("%(host)s booked this time for you.") % names
    if scene.kind is _Kind.LINK_HERE:
        return _("The booking stands as it was, now with its %(room)s meeting.") % names
    if scene.kind not in (_Kind.RESCHEDULED, _Kind.CANCELLED):
        return ""
    if scene.by == (Booking.By.HOST if scene.for_host else Booking.By.INVITEE):
        return _own_change(scene)
    moved = scene.kind is _Kind.RESCHEDULED
    if scene.is_request:
        company = {"company": scene.company}
        return (
            _("%(company)s moved this request.") if moved else _("%(company)s cancelled this request.")
        ) % company
    if scene.for_host:
        person = {"invitee": scene.invitee}
        return (
            to_host("%(invitee)s moved this booking.")
            if moved
            else to_host("%(invitee)s cancelled this booking.")
        ) % person
    return (_("%(host)s moved this booking.") if moved else _("%(host)s cancelled this booking.")) % names


def _own_change(scene: Scene) -> str:
    moved = scene.kind is _Kind.RESCHEDULED
    if scene.audience is _Audience.GUEST:
        return _("The invitee moved this booking.") if moved else _("The invitee cancelled this booking.")
    if scene.is_request:
        return _("You moved this request.") if moved else _("You cancelled this request.")
    return _("You moved this booking.") if moved else _("You cancelled this booking.")


def _about_request(scene: Scene) -> str:
    """What follows from a request: that it waits and until when, or that nothing came of it."""
    if not scene.is_request:
        return ""
    facts = {"until": scene.until_when, "host": scene.host, "invitee": scene.invitee}
    facts["room"] = scene.place.room
    if not scene.has_ended and scene.for_host and scene.place.has_room:
        return (
            to_host(
                "Confirm or decline it until %(until)s. After that it lapses and the time is free again. "
                "The %(room)s meeting is made when you confirm."
            )
            % facts
        )
    if not scene.has_ended and scene.for_host:
        return (
            to_host("Confirm or decline it until %(until)s. After that it lapses and the time is free again.")
            % facts
        )
    if not scene.has_ended:
        return (
            _(
                "Nothing is agreed yet. The time is held for you until %(until)s, while %(host)s decides. "
                "You hear by e-mail."
            )
            % facts
        )
    if scene.for_host:
        return to_host("The time is free again.")
    return _("Nothing is booked, and the time is no longer held for you.")


def _about_link(scene: Scene) -> str:
    """What there is to know about the link. A trouble with Zoom is told to the host alone."""
    room = {"room": scene.place.room}
    if scene.kind is _Kind.RESCHEDULED and scene.has_link:
        return _("The %(room)s link stays the same.") % room
    if not scene.link_follows:
        return ""
    if scene.for_host and scene.place.problem:
        return about_link(scene.place.kind, scene.place.problem)
    if scene.for_host:
        return (
            to_host("The booking stands. %(room)s has not answered yet, so the link follows by e-mail.")
            % room
        )
    return _("Your booking stands. The %(room)s link follows by e-mail.") % room


def _about_invitation(scene: Scene) -> str:
    """Where to look for it: this mail carries none."""
    is_one = scene.kind in (_Kind.BOOKED, _Kind.RESCHEDULED) and not scene.is_request
    if not is_one or scene.for_host or not scene.is_in_calendar:
        return ""
    return _("The invitation for your calendar comes in a separate mail from Google Calendar.")


# ── When and where ──


def times(scene: Scene) -> Iterator[Fact]:
    """The time in the reader's zone, what it was, and the other side's clock where it shows another time."""
    yield Fact(_("When"), _in_zone(scene, scene.start, scene.end, scene.zone))
    other = scene.booking.invitee_zone if scene.for_host else scene.host_zone
    if _wall(scene.start, other) != _wall(scene.start, scene.zone):
        label = _("For %(name)s") % {"name": cut(scene.company, _NAME_IN_TERM)}
        yield Fact(label, _in_zone(scene, scene.start, scene.end, other))
    if scene.seen is not None:
        yield Fact(
            seen_there(scene).term,
            _in_zone(scene, scene.seen, scene.seen + (scene.end - scene.start), scene.zone),
        )
    if scene.before is not None:
        yield Fact(_("Before"), _in_zone(scene, *scene.before, scene.zone))


def _in_zone(scene: Scene, start: datetime, end: datetime, zone: str) -> str:
    return when.when(start, end, zone, scene.locale, today=scene.today)


def _wall(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def in_room(scene: Scene) -> str:
    if scene.has_link:
        return scene.place.room
    room = {"room": scene.place.room}
    if scene.is_request:
        return _("%(room)s; link comes with the confirmation") % room
    return (to_host("%(room)s, no link yet") if scene.host_must_act else _("%(room)s, link follows")) % room


def phone(scene: Scene, location: Mapping[str, Any]) -> str:
    """Who calls whom. A number that is none is left out: it may have been typed by anybody."""
    number = str(location.get("number", ""))
    names = {"company": scene.company, "number": number}
    reader_calls = (location.get("who_calls") == "host") == scene.for_host
    known = _TELEPHONE.fullmatch(number) is not None
    if reader_calls:
        return (_("You call %(company)s on %(number)s") if known else _("You call %(company)s")) % names
    return (_("%(company)s calls you on %(number)s") if known else _("%(company)s calls you")) % names


# ── Why it came ──


def why(scene: Scene) -> Sequence[str]:
    names = {"host": scene.host, "brand": settings.KOALENDAR_BRAND, "recipient": scene.recipient}
    match scene.audience:
        case _Audience.HOST:
            return [to_host("You get this mail because people book your time with %(brand)s.") % names]
        case _Audience.GUEST:
            return [
                _(
                    "You get this mail because %(recipient)s was named as a guest when a time with "
                    "%(host)s was booked."
                )
                % names,
                _("Reply to this mail to reach %(host)s.") % names,
            ]
        case _Audience.INVITEE if scene.is_request:
            return [
                _("You get this mail because a time with %(host)s was requested for %(recipient)s.") % names,
                _("Reply to this mail to reach %(host)s.") % names,
            ]
        case _Audience.INVITEE:
            return [
                _("You get this mail because a time with %(host)s was booked for %(recipient)s.") % names,
                _(
                    "Reply to this mail to reach %(host)s. An answer given in your calendar does not; "
                    "reschedule or cancel by the links above."
                )
                % names
                if not scene.has_ended and not scene.is_in_calendar
                else _("Reply to this mail to reach %(host)s.") % names,
            ]

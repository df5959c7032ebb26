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

from koalendar.booking.models import Booking, Message
from koalendar.booking.problems import in_words
from koalendar.booking.queries import Whereabouts
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
    `Booking.By`.
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
    def has_link(self) -> bool:
        return bool(self.place.join_url) and self.kind is not _Kind.CANCELLED

    @property
    def link_follows(self) -> bool:
        return self.place.kind == "zoom" and self.kind is not _Kind.CANCELLED and not self.has_link

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


# ── Names ──


def invitee_as_shown(scene: Scene) -> str:
    """The invitee's name for others than the host, unless it is no name but something to press."""
    return "" if _LINKABLE.search(scene.invitee) else scene.invitee


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
    what = {"what": _short_with_company(scene), "when": scene.short_when}
    match scene.kind:
        case _Kind.BOOKED:
            return _booked_subject(scene)
        case _Kind.RESCHEDULED:
            return _("New time %(when)s: %(what)s") % what
        case _Kind.CANCELLED:
            return _("Cancelled: %(what)s, %(when)s") % what
        case _Kind.LINK_HERE:
            return _("Your Zoom link: %(what)s, %(when)s") % what
        case _Kind.REMINDER:
            return _("%(soon)s: %(what)s") % (what | {"soon": _soon(scene)})


def _booked_subject(scene: Scene) -> str:
    what = {
        "what": _short_with_company(scene),
        "when": scene.short_when,
        "invitee": cut(scene.invitee, _NAME_IN_SUBJECT),
        "title": cut(scene.title, _TITLE_IN_SUBJECT),
    }
    if scene.host_must_act:
        return _("Zoom needs you: %(invitee)s booked %(title)s, %(when)s") % what
    if scene.link_follows and scene.for_host:
        return _("Booked; the Zoom link follows: %(what)s, %(when)s") % what
    if scene.link_follows:
        return _("Booked; your Zoom link follows: %(what)s, %(when)s") % what
    if scene.for_host:
        return _("%(invitee)s booked %(title)s, %(when)s") % what
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
    if scene.kind is _Kind.CANCELLED:
        return _("%(when)s, %(zone)s, does not take place.") % facts
    if scene.has_link:
        return _("%(when)s, %(zone)s. Zoom link inside.") % facts
    if scene.host_must_act:
        return _("%(when)s, %(zone)s. There is no Zoom link yet.") % facts
    if scene.link_follows:
        return _("%(when)s, %(zone)s. The Zoom link follows.") % facts
    return _("%(when)s, %(zone)s.") % facts


def heading(scene: Scene) -> str:
    match scene.kind:
        case _Kind.BOOKED if scene.for_host:
            return _("%(invitee)s booked a time with you") % {"invitee": scene.invitee}
        case _Kind.BOOKED if scene.audience is _Audience.GUEST:
            return _("You are invited")
        case _Kind.BOOKED:
            return _("You are booked")
        case _Kind.RESCHEDULED:
            return _("The time has changed")
        case _Kind.CANCELLED:
            return _("This booking is cancelled")
        case _Kind.LINK_HERE:
            return _("Your Zoom link is here")
    return _("%(soon)s, %(day)s") % {"soon": _soon(scene), "day": _day(scene)}


def _day(scene: Scene) -> str:
    return when.day(scene.start.astimezone(ZoneInfo(scene.zone)).date(), scene.locale, today=scene.today)


# ── What happened ──


def lead(scene: Scene) -> list[str]:
    """One or two short paragraphs under the heading."""
    return [part for part in (_who_did_what(scene), _about_link(scene)) if part]


def _who_did_what(scene: Scene) -> str:
    names = {"host": scene.host, "title": scene.title}
    if scene.kind is _Kind.BOOKED and scene.audience is _Audience.GUEST:
        return _("You were named as a guest of a time booked with %(host)s.") % names
    if scene.kind is _Kind.LINK_HERE:
        return _("The booking stands as it was, now with its Zoom meeting.")
    if scene.kind not in (_Kind.RESCHEDULED, _Kind.CANCELLED):
        return ""
    if scene.by == (Booking.By.HOST if scene.for_host else Booking.By.INVITEE):
        return _own_change(scene)
    moved = scene.kind is _Kind.RESCHEDULED
    if scene.for_host:
        person = {"invitee": scene.invitee}
        return (
            _("%(invitee)s moved this booking.") if moved else _("%(invitee)s cancelled this booking.")
        ) % person
    return (_("%(host)s moved this booking.") if moved else _("%(host)s cancelled this booking.")) % names


def _own_change(scene: Scene) -> str:
    moved = scene.kind is _Kind.RESCHEDULED
    if scene.audience is _Audience.GUEST:
        return _("The invitee moved this booking.") if moved else _("The invitee cancelled this booking.")
    return _("You moved this booking.") if moved else _("You cancelled this booking.")


def _about_link(scene: Scene) -> str:
    """What there is to know about the link. A trouble with Zoom is told to the host alone."""
    if scene.kind is _Kind.RESCHEDULED and scene.has_link:
        return _("The Zoom link stays the same.")
    if not scene.link_follows:
        return ""
    if scene.for_host and scene.place.problem:
        return in_words(scene.place.problem)
    if scene.for_host:
        return _("The booking stands. Zoom has not answered yet, so the link follows by e-mail.")
    return _("Your booking stands. The Zoom link follows by e-mail.")


# ── When and where ──


def times(scene: Scene) -> Iterator[Fact]:
    """The time in the reader's zone, what it was, and the other side's clock where it shows another time."""
    yield Fact(_("When"), _in_zone(scene, scene.start, scene.end, scene.zone))
    other = scene.booking.invitee_zone if scene.for_host else scene.host_zone
    if _wall(scene.start, other) != _wall(scene.start, scene.zone):
        label = _("For %(name)s") % {"name": cut(scene.company, _NAME_IN_TERM)}
        yield Fact(label, _in_zone(scene, scene.start, scene.end, other))
    if scene.before is not None:
        yield Fact(_("Before"), _in_zone(scene, *scene.before, scene.zone))


def _in_zone(scene: Scene, start: datetime, end: datetime, zone: str) -> str:
    return when.when(start, end, zone, scene.locale, today=scene.today)


def _wall(instant: datetime, zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def at_zoom(scene: Scene) -> str:
    if scene.has_link:
        return _("Zoom")
    return _("Zoom, no link yet") if scene.host_must_act else _("Zoom, link follows")


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
            return [_("You get this mail because people book your time with %(brand)s.") % names]
        case _Audience.GUEST:
            return [
                _(
                    "You get this mail because %(recipient)s was named as a guest when a time with "
                    "%(host)s was booked."
                )
                % names,
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
                if scene.kind is not _Kind.CANCELLED
                else _("Reply to this mail to reach %(host)s.") % names,
            ]

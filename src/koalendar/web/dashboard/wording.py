"""How dates and times read to the host: in his zone and language, seen from today."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from koalendar.accounts.models import Host
from koalendar.invitations import when
from koalendar.scheduling.zones import canonical_zone, load_zone


@dataclass(frozen=True, slots=True)
class HostWording:
    """Words for one host at `now`."""

    zone: str
    locale: str
    now: datetime

    @property
    def here(self) -> ZoneInfo:
        return load_zone(self.zone)

    @property
    def today(self) -> date:
        return self.now.astimezone(self.here).date()

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.here)

    def day(self, day: date) -> str:
        """ "Today, Monday 30 November" for a heading."""
        text = when.day(day, self.locale, today=self.today)
        if day == self.today:
            return _("Today, %(day)s") % {"day": text}
        if day == self.today + timedelta(days=1):
            return _("Tomorrow, %(day)s") % {"day": text}
        return text

    def hours(self, start: datetime, end: datetime) -> str:
        """ "09:00–09:30"; an end on another date says which."""
        first, last = self.local(start), self.local(end)
        if first.date() == last.date():
            return when.time_range(first, last, self.locale)
        until = when.short_when(end, self.zone, self.locale, today=self.today)
        return f"{when.time(first, self.locale)} – {until}"

    def full(self, start: datetime, end: datetime, *, zone: str = "") -> str:
        """ "Thursday 3 December, 09:00–09:30, Paris time"."""
        there = self.now.astimezone(load_zone(zone)).date() if zone else self.today
        return when.when(start, end, zone or self.zone, self.locale, today=there)

    def moment(self, at: datetime) -> str:
        """ "today 13:58", "Thu 3 Dec 09:00"."""
        if self.local(at).date() == self.today:
            return _("today %(time)s") % {"time": when.time(self.local(at), self.locale)}
        return when.short_when(at, self.zone, self.locale, today=self.today)

    def exact(self, at: datetime) -> str:
        """To the second, for what happened: "Mon 30 Nov, 14:02:11"."""
        here = self.local(at)
        return f"{when.short_day(here.date(), self.locale, today=self.today)}, {here:%H:%M:%S}"

    def date_of(self, at: datetime) -> str:
        """ "Monday 30 November"."""
        return when.day(self.local(at).date(), self.locale, today=self.today)

    def zone_now(self) -> str:
        """ "Paris time (now 14:32)"."""
        clock = when.time(self.local(self.now), self.locale)
        return _("%(zone)s (now %(time)s)") % {"zone": when.zone_label(self.zone, self.locale), "time": clock}


def wording_for(host: Host, *, now: datetime) -> HostWording:
    return HostWording(zone=host.zone, locale=host.locale, now=now)


def in_minutes(minutes: int) -> str:
    """A length: "45 minutes", "2 hours", "3 days"; in the largest unit that is whole."""
    if minutes and minutes % 1440 == 0:
        return ngettext("%(n)d day", "%(n)d days", minutes // 1440) % {"n": minutes // 1440}
    if minutes and minutes % 60 == 0:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


def how_soon(at: datetime, *, now: datetime) -> str:
    """ "in 4 min", "in 20 s", for the next try of something."""
    seconds = max(0, round((at - now).total_seconds()))
    if seconds < 1:
        return _("Next try now.")
    if seconds < 90:
        return _("Next try in %(n)d s.") % {"n": seconds}
    if seconds < 5400:
        return _("Next try in %(n)d min.") % {"n": round(seconds / 60)}
    return _("Next try in %(n)d h.") % {"n": round(seconds / 3600)}


def zone_now(zone: str, locale: str, *, now: datetime) -> str:
    """ "Kathmandu time (now 18:17)"."""
    known = canonical_zone(zone)
    return HostWording(zone=known, locale=locale, now=now).zone_now() if known else zone


def bookings_stay(many: int) -> str:
    """What a change of hours does to bookings, which is nothing; empty where there are none."""
    if not many:
        return ""
    return ngettext(
        "%(n)d upcoming booking stays as it is.", "%(n)d upcoming bookings stay as they are.", many
    ) % {"n": many}


def saved(many: int) -> str:
    """ "Saved. 3 upcoming bookings stay as they are." """
    return " ".join(filter(None, [_("Saved."), bookings_stay(many)]))

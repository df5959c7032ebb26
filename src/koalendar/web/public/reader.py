"""Whoever looks at a public page: time zone, clock and language, and dates said their way."""

from dataclasses import dataclass, field
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation.trans_real import parse_accept_lang_header

from koalendar.invitations import when
from koalendar.scheduling.zones import Place, canonical_zone, load_zone

ZONE_COOKIE, CLOCK_COOKIE = "tz", "clock"
_LONGEST_LOCALE = 16  # As the booking stores it.


@dataclass(frozen=True, slots=True)
class Reader:
    """`zone` is a modern IANA name and `locale` a language tag; `clock` is "12", "24" or the locale's own.

    `knows_zone`: the reader chose the zone or the browser told it; else it is the host's. Where the host
    wants all times in his own zone, `zone` is that, `is_locked` says so, and `own_zone` is the reader's if it
    is known. `asked` holds what of zone and clock stands in the address only, and so has to go with every
    link.
    """

    zone: str
    locale: str
    clock: when.Clock
    now: datetime
    knows_zone: bool = True
    is_locked: bool = False
    own_zone: str = ""
    asked_unknown_zone: bool = False
    asked: dict[str, str] = field(default_factory=dict)

    @property
    def rules(self) -> ZoneInfo:
        return load_zone(self.zone)

    @property
    def today(self) -> date:
        return self.local(self.now).date()

    @property
    def twelve_hours(self) -> bool:
        return when.uses_12_hours(self.locale) if self.clock is None else self.clock == "12"

    @property
    def zone_label(self) -> str:
        """ "Paris time"."""
        return when.zone_label(self.zone, self.locale)

    @property
    def zone_now(self) -> str:
        """ "Paris time (now 14:32)"."""
        return _("%(zone)s (now %(time)s)") % {"zone": self.zone_label, "time": self.time(self.now)}

    @property
    def home_zone(self) -> str:
        """The reader's own, as far as it is known."""
        return self.own_zone or self.zone

    @property
    def reads_english(self) -> bool:
        return self.locale.startswith("en")

    @property
    def comma(self) -> str:
        """What stands between the parts of a list: "، " in Arabic."""
        return when.comma(self.locale)

    def place_name(self, place: Place) -> tuple[str, str]:
        """City and country of a zone as the reader calls them; either may be empty."""
        if not place.code:
            return place.city, ""
        return when.place_name(place.zone, place.code, self.locale)

    def local(self, instant: datetime) -> datetime:
        return instant.astimezone(self.rules)

    def day(self, day: date) -> str:
        """ "Thursday 3 December"."""
        return when.day(day, self.locale, today=self.today)

    def time(self, instant: datetime) -> str:
        """ "09:00", and which of the two where the clock shows it twice: "02:30 (winter time)"."""
        local = self.local(instant)
        text, label = when.time(local, self.locale, self.clock), when.repeated_hour_label(local, self.locale)
        return f"{text} ({label})" if label else text

    def day_and_time(self, instant: datetime) -> str:
        """ "Thursday 3 December, 09:00"."""
        return _("%(day)s, %(time)s") % {
            "day": self.day(self.local(instant).date()),
            "time": self.time(instant),
        }

    def when(self, start: datetime, end: datetime) -> str:
        """ "Thursday 3 December, 09:00–09:30, Paris time"."""
        return when.when(start, end, self.zone, self.locale, clock=self.clock, today=self.today)

    def for_you(self, start: datetime, end: datetime) -> str:
        """The same on the reader's own clock, where that shows another time than the host's zone."""
        return self.elsewhere(start, end, self.own_zone) if self.own_zone else ""

    def elsewhere(self, start: datetime, end: datetime, zone: str) -> str:
        """The same in another zone; empty if clocks there show the same."""
        there = load_zone(zone)
        same = all(at.astimezone(there).utcoffset() == self.local(at).utcoffset() for at in (start, end))
        return "" if same else when.when(start, end, zone, self.locale, clock=self.clock, today=self.today)


def reader_of(
    request: HttpRequest,
    *,
    default_zone: str,
    now: datetime,
    knows_zone: bool = False,
    locked_zone: str = "",
) -> Reader:
    """The zone of the address, else of the cookie, else the default; the clock alike, else the locale's.

    `knows_zone` says that the default is the reader's own. With `locked_zone` times are shown in that one.
    """
    asked = request.GET.get("tz", "") or request.POST.get("tz", "")
    asked_zone = canonical_zone(asked) if asked else None
    cookie_zone = canonical_zone(request.COOKIES.get(ZONE_COOKIE, ""))
    asked_clock = _clock(request.GET.get("clock", ""))
    cookie_clock = _clock(request.COOKIES.get(CLOCK_COOKIE, ""))
    carried = {"tz": asked_zone} if asked_zone and asked_zone != cookie_zone else {}
    if asked_clock and asked_clock != cookie_clock:
        carried["clock"] = asked_clock
    known = asked_zone or cookie_zone or (canonical_zone(default_zone) if knows_zone else None)
    locked = canonical_zone(locked_zone) if locked_zone else None
    return Reader(
        zone=locked or known or canonical_zone(default_zone) or "UTC",
        locale=locale_of(request),
        clock=asked_clock or cookie_clock,
        now=now,
        knows_zone=known is not None,
        is_locked=locked is not None,
        own_zone=(known or "") if locked else "",
        asked_unknown_zone=bool(asked) and asked_zone is None and not locked,
        asked=carried,
    )


def locale_of(request: HttpRequest) -> str:
    """The reader's first language tag that is of the page's language ("en-GB"), for dates and clocks."""
    page = (get_language() or "en").split("-")[0]
    tags = [tag for tag, _quality in parse_accept_lang_header(request.headers.get("Accept-Language", ""))]
    fitting = [tag for tag in tags if tag.split("-")[0] == page and len(tag) <= _LONGEST_LOCALE]
    # A bare "en" says less than the "en-gb" that often follows it.
    return next((tag for tag in fitting if "-" in tag), page)


def _clock(text: str) -> when.Clock:
    return "12" if text == "12" else "24" if text == "24" else None

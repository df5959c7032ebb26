"""Time zones: wall time to instants and back, and the names people know zones by.

Instants are integers, UTC minutes since 1970-01-01 00:00. Names, cities and countries come from the files of
the `tzdata` package (`zones`, `tzdata.zi`, `zone.tab`, `zone1970.tab`, `zonenow.tab`, `iso3166.tab`), which
is tzdb.

Since 1972 every zone's offset from UTC is a whole number of minutes. For earlier dates an offset with
seconds is rounded down to the minute.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

DAY = 1440
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE = timedelta(minutes=1)
_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()

# Offsets are compared this far apart to find clock changes. In all of tzdb since 1900 no zone has changed
# its clocks twice within six days, so no pair of changes can hide between two looks.
_LOOK = 3 * DAY


def to_minutes(instant: datetime) -> int:
    """UTC minutes of an aware datetime. ValueError if it is naive or not on a whole minute."""
    if instant.utcoffset() is None:
        raise ValueError("the datetime has no time zone")
    since = instant - _EPOCH
    if since.seconds % 60 or since.microseconds:
        raise ValueError("the datetime is not on a whole minute")
    return since.days * DAY + since.seconds // 60


def floor_minutes(instant: datetime) -> int:
    """The UTC minute that an aware datetime lies in."""
    return (instant - _EPOCH) // _MINUTE


def to_datetime(minute: int) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(minutes=minute)


def wall_to_minutes(day: date, minute_of_day: int, zone: ZoneInfo) -> int:
    """The instant when clocks in `zone` show `minute_of_day` (0 to 1440; 1440 is the next date's midnight).

    A time that the clocks skip moves forward by the gap (02:30 becomes 03:30); of a time that they show
    twice it is the first.
    """
    wall = (day.toordinal() - _EPOCH_ORDINAL) * DAY + minute_of_day
    if minute_of_day == DAY:
        day, minute_of_day = day + timedelta(days=1), 0
    hour, minute = divmod(minute_of_day, 60)
    # PEP 495: with fold=0 the offset is the one before the change, in a gap and in a repeated hour alike.
    # That is just what moves a skipped time forward and chooses the first of a repeated one.
    local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone)
    return wall - _whole_minutes(local.utcoffset())


def day_of(minute: int, zone: ZoneInfo) -> date:
    """The local date at an instant."""
    return _local(minute, zone).date()


def days(begin: int, end: int, zone: ZoneInfo) -> Iterator[tuple[int, int, date]]:
    """Cuts `[begin, end)` into `(begin, end, local date)`, in order and without gaps.

    Where clocks go back across midnight a date comes up twice; a date that the zone skipped does not come up.
    """
    cuts = [change for change, _ in clock_change(zone, begin + 1, end)]
    for piece_begin, piece_end in zip([begin, *cuts], [*cuts, end], strict=True):
        offset = _offset(piece_begin, zone)
        at = piece_begin
        while at < piece_end:
            number = (at + offset) // DAY
            until = min((number + 1) * DAY - offset, piece_end)
            yield at, until, date.fromordinal(_EPOCH_ORDINAL + number)
            at = until


def clock_change(zone: ZoneInfo, begin: int, end: int) -> list[tuple[int, int]]:
    """`(instant, shift)` for each change of the zone's UTC offset with `begin <= instant < end`, in order.

    The shift is in minutes, positive when clocks go forward. The instant is the first minute of the new
    offset.
    """
    changes = []
    at = begin - 1
    if at + 1 < end:
        offset = _offset(at, zone)
    while at + 1 < end:
        look = min(at + _LOOK, end - 1)
        if _offset(look, zone) != offset:
            look = _first_change(at, look, zone)
            new_offset = _offset(look, zone)
            changes.append((look, new_offset - offset))
            offset = new_offset
        at = look
    return changes


def _first_change(before: int, after: int, zone: ZoneInfo) -> int:
    """The change between two instants whose offsets differ, by bisection."""
    offset = _offset(before, zone)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(middle, zone) == offset:
            before = middle
        else:
            after = middle
    return after


def local_texts(starts: Sequence[int], zone: ZoneInfo) -> list[str]:
    """What `isoformat` says of each start in `zone`: "2026-12-01T09:00:00+01:00". `starts` are sorted.

    For a month of slots this is ten times as fast as a datetime for each.
    """
    if not starts:
        return []
    cuts = [change for change, _ in clock_change(zone, starts[0] + 1, starts[-1] + 1)]
    texts: list[str] = []
    at = 0
    for cut in [*cuts, starts[-1] + 1]:
        offset = _offset(starts[at], zone)
        until = bisect_left(starts, cut, at)
        ending = f":00{_offset_text(offset)}"
        for start in starts[at:until]:
            day, minute = divmod(start + offset, DAY)
            texts.append(f"{_day_text(day)}T{_CLOCK[minute]}{ending}")
        at = until
    return texts


_CLOCK = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(DAY))


@lru_cache(maxsize=4096)
def _day_text(day: int) -> str:
    return date.fromordinal(_EPOCH_ORDINAL + day).isoformat()


def _offset_text(offset: int) -> str:
    hours, minutes = divmod(abs(offset), 60)
    return f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"


def _local(minute: int, zone: ZoneInfo) -> datetime:
    return to_datetime(minute).astimezone(zone)


def _offset(minute: int, zone: ZoneInfo) -> int:
    return _whole_minutes(_local(minute, zone).utcoffset())


def _whole_minutes(offset: timedelta | None) -> int:
    assert offset is not None, "a ZoneInfo always knows its offset"
    return offset.days * DAY + offset.seconds // 60


@cache
def load_zone(name: str) -> ZoneInfo:
    """The rules of a zone, read once per process. ZoneInfoNotFoundError (a KeyError) if the name is unknown,
    ValueError if it is no name at all (`../x`).

    `ZoneInfo` itself keeps only the eight zones last used; this keeps each one that was ever asked for, of
    about 600 that exist.
    """
    return ZoneInfo(name)


# tzdb joins these old names to a zone of another country that has kept the same time since 1970; the
# comments of its file `backward` (left out of tzdata.zi) say which name replaced them.
_RENAMED = {
    "Africa/Asmera": "Africa/Asmara",
    "Africa/Timbuktu": "Africa/Bamako",
    "America/Coral_Harbour": "America/Atikokan",
    "America/Virgin": "America/St_Thomas",
    "Antarctica/South_Pole": "Antarctica/McMurdo",
    "Atlantic/Jan_Mayen": "Arctic/Longyearbyen",
    "Iceland": "Atlantic/Reykjavik",
    "Pacific/Ponape": "Pacific/Pohnpei",
    "Pacific/Truk": "Pacific/Chuuk",
    "Pacific/Yap": "Pacific/Chuuk",
}
# Browsers and RFC 9557 call it UTC, though for tzdb that is the alias.
_UTC_NAMES = ("Etc/UTC", "UTC")


def canonical_zone(name: str) -> str | None:
    """The modern IANA id for any name that tzdb knows, in any letter case; None for an unknown one.

    Old spellings and abbreviations become the id that replaced them (`Europe/Kiev` is `Europe/Kyiv`,
    `US/Pacific` is `America/Los_Angeles`). A name of its own country stays (`Europe/Oslo`), although tzdb
    counts it as an alias too.
    """
    return _canonical().get(name.casefold())


@cache
def zone_names() -> tuple[str, ...]:
    """The modern ids of all zones with inhabitants, and UTC, sorted: for a select.

    Fixed offsets such as `Etc/GMT+5` are accepted by `canonical_zone` but left out here: their sign is
    reversed and misleads.
    """
    return tuple(sorted(["UTC", *(row[2] for row in _table("zone.tab"))]))


@dataclass(frozen=True, slots=True)
class Place:
    """A zone as people look for it: its id, its city, the country's English name and its code of two letters
    (both empty for UTC)."""

    zone: str
    city: str
    country: str
    code: str = ""


def search_zones(
    text: str, *, now: int, limit: int = 8, said: Callable[[Place], str] | None = None
) -> list[Place]:
    """Up to `limit` places whose time zone somebody may mean by `text`, best first.

    Matches beginnings of words in city, country, id, old names and tzdb's descriptions, whatever the accents
    and letter case; abbreviations, those in force at `now` first ("CET" means Tunis before Paris in summer);
    and offsets in force ("+5:45", "UTC-3"). Among equals the places that most people look for come first.
    `said` gives what a place is called in the reader's language, by which it is found as well.
    """
    query = _fold(text).strip()
    offset = _parse_offset(query)
    words = _words(query)
    if offset is not None:
        return [entry.place for entry in _entries() if _offset(now, load_zone(entry.place.zone)) == offset][
            :limit
        ]
    if not words:
        return []
    ranked = []
    for position, entry in enumerate(_entries()):
        rank = _rank(entry, query, words, now)
        if said is not None and rank != 0 and _begin(words, _words(_fold(said(entry.place)))):
            rank = 1
        if rank is not None:
            ranked.append((rank, position, entry.place))
    ranked.sort(key=lambda found: found[:2])
    return [place for _, _, place in ranked[:limit]]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A place with the folded words that it is found by."""

    place: Place
    city: str
    city_words: tuple[str, ...]
    country_words: tuple[str, ...]
    name_words: tuple[str, ...]
    description_words: tuple[str, ...]


def _rank(entry: _Entry, query: str, words: tuple[str, ...], now: int) -> int | None:
    """How well a place fits, 0 best; None if it does not."""
    if query in (entry.city, _fold(entry.place.country)):
        return 0
    if _begin(words, entry.city_words):
        return 1
    if query == _fold(_abbreviation(now, entry.place.zone)):
        return 2
    if _begin(words, entry.country_words):
        return 3
    if _begin(words, entry.city_words + entry.country_words + entry.name_words):
        return 4
    if _begin(words, entry.country_words + entry.description_words):
        return 5
    return None


def _begin(words: tuple[str, ...], of: tuple[str, ...]) -> bool:
    """Whether each word is the beginning of one of the others."""
    return all(any(other.startswith(word) for other in of) for word in words)


def _abbreviation(now: int, name: str) -> str:
    """ "CET" and the like. Empty where tzdb has only a number ("+0545")."""
    text = _local(now, load_zone(name)).tzname() or ""
    return text if text.isalpha() else ""


def _fold(text: str) -> str:
    """Lower case without accents; the typographic minus and apostrophe as the plain ones."""
    plain = text.replace("\N{MINUS SIGN}", "-").replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    decomposed = unicodedata.normalize("NFKD", plain)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def _words(folded: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", folded))


_OFFSET = re.compile(r"(?:utc|gmt)?\s*([+-])\s*([0-9]{1,2})(?::?([0-5][0-9]))?")


def _parse_offset(query: str) -> int | None:
    """Minutes of "+5:45", "-0330", "utc+1"; None for anything else."""
    match = _OFFSET.fullmatch(query)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return minutes if match[1] == "+" else -minutes


# What people type for countries that iso3166.tab names otherwise.
_OTHER_COUNTRY_NAMES = {
    "AE": "UAE",
    "CZ": "Czechia",
    "GB": "United Kingdom Great England Scotland Wales Northern Ireland",
    "NL": "Holland",
    "US": "USA America",
}


@cache
def _entries() -> tuple[_Entry, ...]:
    """All places, those that most people look for first."""
    countries = {code: name for code, name, *_ in _table("iso3166.tab")}
    by_name = {row[2]: row for row in _table("zone.tab")}
    # First one for each way of keeping time, then those that tzdb describes as most of a region ("most
    # areas"), then the others of zone1970.tab; among these by country, in zone.tab's order.
    now_distinct = {row[2] for row in _table("zonenow.tab")}
    most_of_a_region = {name for name, row in by_name.items() if "most " in " ".join(row[3:])}
    since_1970 = {row[2] for row in _table("zone1970.tab")}
    tiers = (now_distinct, most_of_a_region, since_1970)
    in_order = sorted(by_name, key=lambda name: [name not in tier for tier in tiers])
    # What tzdb says of a zone for the whole world ("Eastern (EST/EDT) - US & Canada"), and within its
    # country.
    descriptions: dict[str, str] = {}
    for table in ("zonenow.tab", "zone.tab"):
        for row in _table(table):
            descriptions[row[2]] = " ".join([descriptions.get(row[2], ""), *row[3:]])
    aliases: dict[str, list[str]] = {}
    for alias, name in _aliases().items():
        aliases.setdefault(name, []).append(alias)
    entries = []
    for name in in_order:
        code = by_name[name][0]
        place = Place(name, name.rpartition("/")[2].replace("_", " "), countries[code], code)
        other_names = " ".join([name, *aliases.get(name, ())])
        country = f"{place.country} {_OTHER_COUNTRY_NAMES.get(code, '')}"
        entries.append(_entry(place, country, other_names, descriptions.get(name, "")))
    entries.append(_entry(Place("UTC", "UTC", ""), "", "Universal GMT Zulu Greenwich", ""))
    return tuple(entries)


def _entry(place: Place, country: str, names: str, description: str) -> _Entry:
    city = _fold(place.city)
    return _Entry(
        place, city, _words(city), _words(_fold(country)), _words(_fold(names)), _words(_fold(description))
    )


@cache
def _canonical() -> dict[str, str]:
    """Each known name in lower case, with its modern id."""
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    aliases = _aliases()
    # "Factory" is tzdb's mark for a machine whose zone nobody has set.
    return {name.casefold(): aliases.get(name, name) for name in names if name != "Factory"}


@cache
def _aliases() -> dict[str, str]:
    """Each old name with the modern id, from the links of tzdata.zi (`L target alias`)."""
    own = {row[2] for row in _table("zone.tab")}
    aliases = {}
    for line in _read("tzdata.zi").splitlines():
        if line.startswith("L "):
            _, target, alias = line.split()
            if alias not in own:
                aliases[alias] = _RENAMED.get(alias, target)
    utc, short = _UTC_NAMES
    aliases = {alias: short if name == utc else name for alias, name in aliases.items()}
    return {**aliases, utc: short}


@cache
def _table(name: str) -> tuple[tuple[str, ...], ...]:
    """The rows of one of tzdb's tab-separated files."""
    lines = _read(name).splitlines()
    return tuple(tuple(line.split("\t")) for line in lines if line and not line.startswith("#"))


def _read(name: str) -> str:
    return files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")

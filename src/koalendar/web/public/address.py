"""What the address of a picker asks for, and the addresses of everything one can do on it."""

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from django.http import QueryDict

from koalendar.booking.asking import YEARS
from koalendar.scheduling.zones import to_datetime, wall_to_minutes
from koalendar.web.languages import ASKED
from koalendar.web.public.reader import Reader

# What the picker itself reads; every other name of the query may fill in a field of the form.
_OWN = frozenset({"month", "date", "duration", "tz", "clock", "slot", "zones", "q", "keep", ASKED})
LONGEST_CARRIED = 2000


@dataclass(frozen=True, slots=True)
class Address:
    """What is asked for, with anything that makes no sense left out.

    `month` is the first of a month. `carried` goes with every link: what the form shall be filled with, and
    what of zone, clock and duration would be something else without it.
    """

    path: str
    month: date | None = None
    day: date | None = None
    duration: int = 30
    slot: datetime | None = None
    carried: dict[str, str] = field(default_factory=dict)

    def to(self, **changes: str) -> str:
        """The address with these changes; an empty one leaves the name out."""
        query = {name: text for name, text in {**self.carried, **changes}.items() if text}
        return f"{self.path}?{urlencode(query)}" if query else self.path

    def to_month(self, first: date, **changes: str) -> str:
        return self.to(month=f"{first:%Y-%m}", **changes)

    def to_day(self, day: date, **changes: str) -> str:
        return self.to_month(day, date=day.isoformat(), **changes)

    def again(self, reader: Reader, **changes: str) -> str:
        """The same month, day and time once more, with these changes."""
        return self.to(**{**self.shown(reader), **changes})

    def shown(self, reader: Reader) -> dict[str, str]:
        """Month, day and time as the address says them."""
        return {
            "month": f"{self.month:%Y-%m}" if self.month else "",
            "date": self.day.isoformat() if self.day else "",
            "slot": slot_text(self.slot, reader) if self.slot else "",
        }

    def to_slot(self, start: datetime, reader: Reader) -> str:
        return self.to_day(reader.local(start).date(), slot=slot_text(start, reader)) + "#details"


def read_address(path: str, query: QueryDict, *, durations: list[int], reader: Reader) -> Address:
    duration = read_number(query.get("duration", ""))
    chosen = duration if duration in durations else durations[0]
    day = _day(query.get("date", ""))
    carried = {name: query.get(name, "") for name in query if name not in _OWN}
    if sum(len(name) + len(text) for name, text in carried.items()) > LONGEST_CARRIED:
        carried = {}
    if chosen != durations[0]:
        carried["duration"] = str(chosen)
    return Address(
        path=path,
        month=_day(query.get("month", "") + "-01") or (day.replace(day=1) if day else None),
        day=day,
        duration=chosen,
        slot=read_slot(query.get("slot", ""), day, reader),
        carried={**carried, **reader.asked},
    )


def picker_part(sent: QueryDict) -> QueryDict:
    """What a form sent of the picker's own, without anybody's answers."""
    query = QueryDict(mutable=True)
    query.update({name: sent.get(name, "") for name in sent if name in _OWN})
    return query


def slot_text(start: datetime, reader: Reader) -> str:
    """ "2026-12-03T09:00+01:00": the offset tells apart the two 02:30s of an autumn night."""
    return reader.local(start).isoformat(timespec="minutes")


def read_slot(text: str, day: date | None, reader: Reader) -> datetime | None:
    """The instant of "2026-12-03T09:00+01:00", or of "19:30" on `day`; None for anything else."""
    # A plus that was not encoded arrives as a space.
    text = text.strip().replace(" ", "+")
    if re.fullmatch(r"[0-2][0-9]:[0-5][0-9]", text) and day is not None:
        minute_of_day = int(text[:2]) * 60 + int(text[3:])
        return (
            to_datetime(wall_to_minutes(day, minute_of_day, reader.rules)) if minute_of_day < 1440 else None
        )
    try:
        said = datetime.fromisoformat(text)
        instant = said.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    # An offset may have seconds too, so it is the instant that has to be on a whole minute.
    if said.tzinfo is None or instant.second or instant.microsecond or instant.year not in YEARS:
        return None
    return reader.local(instant)


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if found.year in YEARS else None


def read_number(text: str) -> int:
    """A number of at most five digits; 0 for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,5}", text) else 0

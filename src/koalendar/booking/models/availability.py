"""When a host works: weekly hours and dates that differ, as wall time in one zone."""

from collections.abc import Collection

from django.conf import settings
from django.db import models
from django.utils.functional import cached_property

from koalendar.booking import rules
from koalendar.booking.ids import public_id
from koalendar.booking.judging import judge_row
from koalendar.scheduling.availability import Availability, parse_overrides, parse_weekly

WORKING_WEEK: dict[str, list[list[str]]] = {
    day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")
}


def working_week() -> dict[str, list[list[str]]]:
    return {day: [list(span) for span in spans] for day, spans in WORKING_WEEK.items()}


class Schedule(models.Model):
    """A host's availability, as local wall time in `zone`.

    `weekly` is like {"mon": [["09:00", "17:00"]]} and `overrides` like {"2026-12-24": []}; an override
    replaces the weekly hours of its date. `full_clean` judges them by `booking.rules`.
    """

    public_id = models.CharField(max_length=24, unique=True, default=public_id, editable=False)
    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="schedules")
    name = models.CharField(max_length=80)
    zone = models.CharField(max_length=64)
    weekly = models.JSONField(default=working_week)
    overrides = models.JSONField(default=dict)
    revision = models.PositiveIntegerField(default=1)

    def __str__(self) -> str:
        return self.name

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        without = set(exclude or ())
        found = judge_row(self, rules.SCHEDULE, without=without)
        with found.at(""):
            super().clean_fields(exclude=without | set(rules.SCHEDULE))
        found.refuse()

    @cached_property
    def availability(self) -> Availability:
        return Availability(
            zone=self.zone, weekly=parse_weekly(self.weekly), overrides=parse_overrides(self.overrides)
        )

"""The numbers that the texts name: from the code that keeps to them wherever there is such code."""

from datetime import date, timedelta

from django.conf import settings

from koalendar.booking.busy import FRESH
from koalendar.booking.links import LIFE_AFTER_END
from koalendar.booking.once import KEPT
from koalendar.connections import consents
from koalendar.connections.deletions import LINKS_STAY, WARNED_BEFORE
from koalendar.connections.models import WebhookIn
from koalendar.web.dashboard import attempts
from koalendar.web.dashboard.wording import in_minutes

# When the texts of this room were last changed in what they say.
WRITTEN = date(2026, 11, 26)

# How soon we notice what Zoom does not tell us.
NOTICED_WITHIN = timedelta(hours=24)

# How often the calendars are read of a host whose pages nobody looks at.
CALENDARS_SELDOM = timedelta(minutes=20)

# Zoom's own limits: new or changed meetings a day and user, minutes of a meeting on a free plan
# (developers.zoom.us/docs/api/rate-limits and zoom.us/pricing, read 2026-11-23).
MEETINGS_A_DAY = 100
FREE_PLAN_MINUTES = 40


def numbers() -> dict[str, str]:
    """The numbers in words, under the names by which the texts know them."""
    return {
        "kept": _in_words(LINKS_STAY),
        "warned": _in_words(WARNED_BEFORE),
        "noticed": _in_words(NOTICED_WITHIN),
        "attempt": _in_words(attempts.LIFE),
        "answers": _in_words(KEPT),
        "consents": _in_words(consents.LIFE),
        "notifications": _in_words(WebhookIn.KEPT),
        "link_wait": _in_words(timedelta(seconds=settings.KOALENDAR_LINK_WAIT)),
        "link_life": _in_words(LIFE_AFTER_END),
        "calendars_often": _in_words(FRESH),
        "calendars_seldom": _in_words(CALENDARS_SELDOM),
        "calendars_age": _in_words(timedelta(seconds=settings.KOALENDAR_BUSY_MAX_AGE)),
        "session_life": _in_words(timedelta(seconds=settings.SESSION_COOKIE_AGE)),
        "free_plan": in_minutes(FREE_PLAN_MINUTES),
        "meetings_a_day": str(MEETINGS_A_DAY),
    }


def _in_words(length: timedelta) -> str:
    """In the largest unit that is whole, a minute at least."""
    return in_minutes(max(1, round(length.total_seconds() / 60)))

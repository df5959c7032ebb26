"""The one clock: everything that needs the present asks here, or is told it as an argument."""

from datetime import UTC, datetime, timedelta

from django.conf import settings


def now() -> datetime:
    """The present as an aware UTC datetime, shifted by KOALENDAR_CLOCK_OFFSET seconds (for tests only)."""
    return datetime.now(UTC) + timedelta(seconds=settings.KOALENDAR_CLOCK_OFFSET)

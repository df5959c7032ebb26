"""What the worker throws away from time to time: rows that nobody may ask for any more."""

import logging
from datetime import datetime, timedelta

from koalendar.booking import once

log = logging.getLogger(__name__)

EVERY = timedelta(hours=1)


class Housekeeping:
    """Tidies up at once and then `EVERY` so often; several workers may do so at the same time."""

    def __init__(self) -> None:
        self._next: datetime | None = None

    def look(self, *, now: datetime) -> None:
        """Tidy up if it is time."""
        if self._next is not None and now < self._next:
            return
        self._next = now + EVERY
        log.info("tidied_up", extra={"answers": once.forget(now=now)})

"""What a delivery step says about its entry when it has done what it could."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from koalendar.connections.provider import Misconfigured, Temporary

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Done:
    """The outside is as it should be."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing failed; it is too early. Look again at `until`."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Retry:
    """The outside failed for now. Try again `after`, or after the next step of the backoff."""

    problem: str
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class HoldLane:
    """No call of this lane can succeed before `until`."""

    problem: str
    until: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The outside refuses for good; a person has to mend something."""

    problem: str


Outcome = Done | Wait | Retry | HoldLane | GiveUp


def later(error: Temporary) -> Outcome:
    """When to try again what a provider did not do for now."""
    if error.held_until is not None:
        return HoldLane(error.reason, until=error.held_until)
    after = None if error.retry_after is None else timedelta(seconds=error.retry_after)
    return Retry(error.reason, after=after)


def until_mended(error: Misconfigured, **facts: object) -> Outcome:
    """The operator has to mend something: he finds it in the log with these facts, and it is tried again."""
    log.error("provider_misconfigured", exc_info=error, extra={"reason": error.reason, **facts})
    return Retry(error.reason, after=timedelta(seconds=settings.KOALENDAR_RETRY_CAP))

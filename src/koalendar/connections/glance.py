"""A glance at busy times: all accounts at once, for so many seconds, with the tokens that are at hand.

For requests that somebody waits for. What does not answer in time is left out, and nothing is refreshed or
marked broken: the worker does that.
"""

import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from koalendar.connections.at_hand import calendars_at_hand
from koalendar.connections.mirror import Span
from koalendar.connections.models import Calendar
from koalendar.connections.provider import Busy, CalendarProvider, ProviderError, Reason

log = logging.getLogger(__name__)

_Answers = queue.SimpleQueue[tuple[int, Mapping[str, Busy]]]


def glance(
    calendars: Iterable[Calendar], *, begin: datetime, end: datetime, now: datetime, seconds: float
) -> dict[int, Sequence[Span]]:
    """When these calendars are busy in [begin, end), by primary key; those that did not tell are missing.

    `calendars` come with their connection and its credential.
    """
    deadline = time.monotonic() + seconds
    by_account: dict[int, list[Calendar]] = defaultdict(list)
    for calendar in calendars:
        by_account[calendar.connection.credential_id].append(calendar)
    answers: _Answers = queue.SimpleQueue()
    asked = 0
    for account, rows in by_account.items():
        client = calendars_at_hand(rows[0].connection.credential, now=now, seconds=seconds)
        if client is not None:
            names = list(dict.fromkeys(row.remote_id for row in rows))
            # Daemons: one that hangs beyond its time limit holds up neither the request nor a shutdown.
            threading.Thread(
                target=_ask, args=(client, account, names, begin, end, answers), daemon=True
            ).start()
            asked += 1
    told = _collect(answers, asked, deadline)
    found = {row.pk: told[account].get(row.remote_id) for account in told for row in by_account[account]}
    return {pk: busy for pk, busy in found.items() if busy is not None and not isinstance(busy, Reason)}


def _ask(
    client: CalendarProvider,
    account: int,
    names: Sequence[str],
    begin: datetime,
    end: datetime,
    answers: _Answers,
) -> None:
    """In a thread of its own, which touches no database."""
    told: Mapping[str, Busy] = {}
    try:
        told = client.busy(names, begin=begin, end=end)
    except ProviderError as error:
        log.info("glance_unanswered", extra={"credential": account, "reason": str(error.reason)})
    answers.put((account, told))


def _collect(answers: _Answers, asked: int, deadline: float) -> dict[int, Mapping[str, Busy]]:
    told: dict[int, Mapping[str, Busy]] = {}
    while len(told) < asked:
        try:
            account, answer = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        told[account] = answer
    return told

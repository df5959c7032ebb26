"""The cache of one process, which also counts: how many tickets each client took lately."""

from bisect import bisect_right
from collections import OrderedDict
from threading import Lock
from typing import Any, NamedTuple

from django.core.cache.backends.locmem import LocMemCache

# Of one policy in one process; about 30 MB at the very worst. At 60 a minute it would take 1,600 requests a
# second to forget a client early, which is more than a process can answer.
AT_MOST = 100_000


class Taken(NamedTuple):
    """What came of asking for a ticket: how many are out now, and when (s) the oldest of them is back."""

    granted: bool
    out: int
    back: float


class Window:
    """The tickets of one policy: each client has `many`, and one that was taken comes back after `seconds`.

    Any `seconds` on end see at most `many` grants for a client. Threads may share it. It holds at most
    `at_most` tickets; beyond that, the clients that were granted none for longest are forgotten.
    """

    def __init__(self, many: int, seconds: int, *, at_most: int = AT_MOST) -> None:
        self.many = many
        self.seconds = seconds
        self.held = 0
        self._at_most = max(many, at_most)
        self._lock = Lock()
        # Per client the times (s) of its grants, ascending; the client granted last stands last.
        self._times: OrderedDict[str, list[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._times)

    def take(self, client: str, now: float) -> Taken:
        """A ticket for `client` at `now` (s), if it has one left; a refusal costs it nothing."""
        with self._lock:
            times = self._times.setdefault(client, [])
            self._come_back(times, now)
            if len(times) == self.many:
                return Taken(False, self.many, times[0] + self.seconds)
            # Threads read the clock before they wait for the lock, so they may come in another order.
            times.append(max(now, times[-1]) if times else now)
            self.held += 1
            self._times.move_to_end(client)
            self._forget(now)
            return Taken(True, len(times), times[0] + self.seconds)

    def _come_back(self, times: list[float], now: float) -> None:
        back = bisect_right(times, now - self.seconds)
        if times and times[-1] > now + self.seconds:
            back = len(times)  # The clock was set back; what was taken in its future would stay out for long.
        del times[:back]
        self.held -= back

    def _forget(self, now: float) -> None:
        """Drop clients from the front: those with nothing out, two at a time, and whoever is too many."""
        spare = 2
        while self.held > self._at_most or spare:
            client, times = next(iter(self._times.items()))
            if self.held <= self._at_most and times and times[-1] + self.seconds > now:
                return
            del self._times[client]
            self.held -= len(times)
            spare = max(0, spare - 1)


class CountingCache(LocMemCache):
    """A cache in this process's memory with windows to count in. Reads count here: no database is asked."""

    def __init__(self, name: str, params: dict[str, Any]) -> None:
        super().__init__(name, params)
        # Each thread has a cache object of its own; what they hold is the process's, as in LocMemCache.
        self._windows = _windows.setdefault(name, {})

    def take(self, what: str, client: str, many: int, seconds: int, now: float) -> Taken:
        policy = (what, many, seconds)
        window = self._windows.get(policy)
        if window is None:
            window = self._windows.setdefault(policy, Window(many, seconds))
        return window.take(client, now)

    def clear(self) -> None:
        super().clear()
        self._windows.clear()


_windows: dict[str, dict[tuple[str, int, int], Window]] = {}

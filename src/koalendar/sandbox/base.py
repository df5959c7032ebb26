"""What every stand-in shares: a clock, armed faults, and the log of calls."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from koalendar.sandbox import faults
from koalendar.sandbox.faults import Fault
from koalendar.sandbox.wire import Exchange

CLOCK_REACH_SECONDS = 10 * 365 * 86_400


@dataclass
class Call:
    """One line of the log of calls."""

    n: int
    method: str
    path: str
    status: int
    at: str
    user: str = ""
    fault: str = ""


class World:
    """One vendor's side of the world, shared by all threads of the server."""

    #: The named faults of this vendor, and the paths that a fault without a path hits.
    presets: Mapping[str, Fault] = {}
    any_api = ""

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.lock = threading.RLock()
        self._clock = now or (lambda: datetime.now(UTC))
        self.on_change: Callable[[], None] = lambda: None
        self.exchanges: deque[Exchange] = deque(maxlen=2000)
        self._forget()

    def _forget(self) -> None:
        """Back to the true time, with no call logged and no fault armed."""
        self.clock_offset = 0.0
        self.calls: deque[Call] = deque(maxlen=1000)
        self.faults: list[Fault] = []
        self._call_count = 0
        self.exchanges.clear()

    def now(self) -> datetime:
        return self._clock() + timedelta(seconds=self.clock_offset)

    def advance_clock(self, seconds: float) -> None:
        """Moves the vendor's clock; ValueError beyond ten years from the true time."""
        with self.lock:
            if not abs(self.clock_offset + seconds) <= CLOCK_REACH_SECONDS:
                raise ValueError("The clock moves by ten years at most.")
            self.clock_offset += seconds
            self.on_change()

    def fail_next(self, preset: str = "", **order: Any) -> Fault:
        """Arms a fault: the name of a preset, or the fields that ``faults.fault_from`` takes."""
        if preset:
            order["preset"] = preset
        fault = faults.fault_from(order, self.presets, self.any_api)
        with self.lock:
            self.faults.append(fault)
        return fault

    def clear_faults(self) -> None:
        with self.lock:
            self.faults.clear()

    def take_fault(self, method: str, path: str) -> Fault | None:
        """The oldest armed fault that matches this call; it has one turn less afterwards."""
        with self.lock:
            for position, fault in enumerate(self.faults):
                if fault.matches(method, path):
                    if fault.times > 1:
                        self.faults[position] = replace(fault, times=fault.times - 1)
                    else:
                        del self.faults[position]
                    return fault
        return None

    def log_call(self, exchange: Exchange, *, user: str) -> None:
        with self.lock:
            self._call_count += 1
            self.calls.append(
                Call(
                    self._call_count,
                    exchange.method,
                    exchange.path,
                    exchange.status,
                    exchange.at,
                    user,
                    exchange.fault,
                )
            )
            self.exchanges.append(exchange)
            self.on_change()

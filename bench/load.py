"""A small load generator: keep-alive connections on loopback, each asking again once it is answered."""

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run came to: seconds of each answer, statuses, and the CPU seconds that both sides spent."""

    seconds: Sequence[float]
    statuses: Counter[int]
    elapsed: float
    web_cpu: float
    own_cpu: float

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.elapsed

    @property
    def per_core(self) -> float:
        """Requests that one core of the web process would answer in a second, were it never idle."""
        return len(self.seconds) / self.web_cpu

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    @property
    def p99(self) -> float:
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)]

    def with_status(self, *statuses: int) -> int:
        return sum(self.statuses[status] for status in statuses)


def get(site: str, path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {urlsplit(site).netloc}\r\n\r\n".encode()


def post(site: str, path: str, body: bytes, **headers: str) -> bytes:
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {urlsplit(site).netloc}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(site: str, queues: Sequence[Iterable[bytes]], *, web: int, at_most: float) -> Figures:
    """Send each queue over a connection of its own, until all are empty or `at_most` seconds are over.

    `web` is the process id of the web server, whose CPU time is counted with that of its children.
    """
    return asyncio.run(_run(site, queues, web, at_most))


async def _run(site: str, queues: Sequence[Iterable[bytes]], web: int, at_most: float) -> Figures:
    seconds: list[float] = []
    statuses = Counter[int]()
    port = urlsplit(site).port
    web_cpu, own_cpu, began = cpu_seconds(web), time.process_time(), time.perf_counter()

    async def send(queue: Iterable[bytes]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in queue:
            asked = time.perf_counter()
            if asked - began > at_most:
                break
            writer.write(request)
            statuses[await _status(reader)] += 1
            seconds.append(time.perf_counter() - asked)
        writer.close()

    await asyncio.gather(*map(send, queues))
    return Figures(
        seconds=seconds,
        statuses=statuses,
        elapsed=time.perf_counter() - began,
        web_cpu=cpu_seconds(web) - web_cpu,
        own_cpu=time.process_time() - own_cpu,
    )


async def _status(reader: asyncio.StreamReader) -> int:
    """The status of the next answer, which is read to its end."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    _, _, after = head.partition(b"content-length:")
    await reader.readexactly(int(after.partition(b"\r\n")[0]))
    return int(head[9:12])


# ── Processes and cores ──


def family(pid: int) -> Iterator[int]:
    """A process and all that descend from it."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from family(int(child))


def cpu_seconds(pid: int) -> float:
    """What a process and its descendants have spent, in user and system time together."""
    ticks = 0
    for each in family(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS


def pin(pid: int, core: int) -> None:
    """Keep a process, its descendants and all their threads on one core."""
    for each in family(pid):
        for thread in Path(f"/proc/{each}/task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})


@contextmanager
def kept_on(core: int) -> Iterator[None]:
    """This process, and whatever it starts meanwhile, stays on one core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)

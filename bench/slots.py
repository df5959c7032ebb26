"""Measures the slot engine beside its targets, and how its time grows: `python bench/slots.py`.

Warm is the median of many runs in one process. Cold forgets every time zone before each run, so it includes
reading the zone's file: what the first request after a start pays.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from koalendar.scheduling.availability import Availability, parse_weekly
from koalendar.scheduling.interval import Interval
from koalendar.scheduling.slots import HostTime, Need, Rules, is_open, open_starts
from koalendar.scheduling.zones import DAY, load_zone, to_minutes

NOW = to_minutes(
    datetime(2026, 10, 12, 7, 0, tzinfo=UTC)
)  # Both ends of summer time lie in the months after it.
ZONES = [
    "Europe/Paris", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "America/St_Johns",
    "Asia/Tokyo", "Africa/Cairo", "America/Sao_Paulo", "Pacific/Apia", "Europe/London",
]  # fmt: skip
WORKDAY: dict[str, object] = {
    day: [["09:00", "12:30"], ["13:30", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")
}

Scenario = Callable[[], object]


def busy_times(number: int, span_days: int, seed: int) -> list[Interval]:
    """`number` random busy times of 15 to 90 minutes in the days after NOW, in no order."""
    source = random.Random(seed)
    starts = [NOW + 5 * source.randrange(span_days * DAY // 5) for _ in range(number)]
    return [(start, start + 15 * source.randint(1, 6)) for start in starts]


def host(zone: str, busy: int, span_days: int, seed: int = 1) -> HostTime:
    return HostTime(Availability(zone, parse_weekly(WORKDAY), {}), busy_times(busy, span_days, seed))


def query(hosts: Sequence[HostTime], rules: Rules, span_days: int, need: Need = "all") -> Scenario:
    counted = [start for start, _ in hosts[0].taken]
    end = NOW + span_days * DAY
    return lambda: open_starts(hosts, rules, need=need, begin=NOW, end=end, now=NOW, counted=counted)


def median_ms(scenario: Scenario, runs: int, before: Callable[[], None] = lambda: None) -> float:
    times = []
    for _ in range(runs):
        before()
        begin = time.perf_counter_ns()
        scenario()
        times.append(time.perf_counter_ns() - begin)
    return statistics.median(times) / 1e6


def forget_zones() -> None:
    load_zone.cache_clear()
    ZoneInfo.clear_cache()


def compare_with_targets() -> None:
    plain = Rules(duration=30, step=30, window_days=400)
    buffered = Rules(duration=30, step=15, buffer_before=10, buffer_after=10, window_days=400)
    limited = Rules(duration=30, step=30, window_days=400, max_per_day=4, max_per_week=12)
    ten = [host(zone, 200, 30, seed) for seed, zone in enumerate(ZONES)]
    one = host("Europe/Paris", 60, 30)
    scenarios: list[tuple[str, float | None, Scenario]] = [
        ("one host, 30 days, 60 busy", 0.3, query([one], plain, 30)),
        (
            "60 days, 1000 busy, 15-minute step, buffers",
            1.5,
            query([host("Europe/Paris", 1000, 60)], buffered, 60),
        ),
        ("ten hosts, any, 200 busy each, 30 days", 3.0, query(ten, plain, 30, "any")),
        ("ten hosts, all, 200 busy each, 30 days", None, query(ten, plain, 30, "all")),
        ("one host, 30 days, 60 busy, daily and weekly limit", None, query([one], limited, 30)),
        (
            "is_open, one host, 60 busy",
            None,
            lambda: is_open([one], plain, need="all", start=NOW + DAY, now=NOW),
        ),
    ]
    print(f"{'median of 1000 runs warm, 100 cold':<52}{'target ms':>10}{'warm ms':>9}{'cold ms':>9}  met")
    for name, target, scenario in scenarios:
        warm, cold = median_ms(scenario, 1000), median_ms(scenario, 100, forget_zones)
        met = (
            ""
            if target is None
            else "yes"
            if max(warm, cold) <= target
            else "warm only"
            if warm <= target
            else "NO"
        )
        print(f"{name:<52}{target or '':>10}{warm:>9.3f}{cold:>9.3f}  {met}")


def show_growth() -> None:
    rules = Rules(duration=30, step=15, buffer_before=10, buffer_after=10, window_days=4000)

    def busy(n: int) -> Scenario:
        return query([host("Europe/Paris", 1000 * n, 60)], rules, 60)

    def span(n: int) -> Scenario:
        return query([host("Europe/Paris", 60 * n, 60 * n)], rules, 60 * n)

    def many(n: int) -> Scenario:
        return query([host(ZONES[i % 10], 200, 30, i) for i in range(10 * n)], rules, 30, "any")

    print(f"\n{'growth, warm':<52}{'n ms':>9}{'2n / n':>9}{'4n / 2n':>9}   (n log n: a little over 2)")
    rows: list[tuple[str, Callable[[int], Scenario]]] = [
        ("busy times, n = 1000 in 60 days", busy),
        ("days, n = 60 with one busy time each", span),
        ("hosts, any of them, n = 10 with 200 busy each", many),
    ]
    for name, make in rows:
        once, twice, four = (median_ms(make(n), 200) for n in (1, 2, 4))
        print(f"{name:<52}{once:>9.3f}{twice / once:>9.2f}{four / twice:>9.2f}")


if __name__ == "__main__":
    compare_with_targets()
    show_growth()

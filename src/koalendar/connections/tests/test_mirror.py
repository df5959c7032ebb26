"""What is kept of busy times, held against a set of minutes; and which of two answers counts."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koalendar.connections.mirror import between, flat, replaced

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = 90  # Minutes; few enough that spans meet.


def at(second: float) -> datetime:
    return EPOCH + timedelta(seconds=second)


def spans(step: int = 1) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Some [begin, end) in seconds, on multiples of `step`, in any order; they may meet."""
    instants = st.integers(0, LAST * 60 // step).map(lambda number: number * step)
    return st.lists(st.tuples(instants, instants).map(lambda pair: (min(pair), max(pair))), max_size=6)


def instants(seconds: list[tuple[int, int]]) -> list[tuple[datetime, datetime]]:
    return [(at(begin), at(end)) for begin, end in seconds]


def minutes_of(flat_list: list[int]) -> set[int]:
    pairs = zip(flat_list[::2], flat_list[1::2], strict=True)
    return {minute for begin, end in pairs for minute in range(begin, end)}


flat_lists = spans(60).map(lambda seconds: flat(instants(seconds)))


@given(busy=spans(), ours=spans())
def test_a_minute_is_busy_if_a_second_of_it_is_and_not_by_us(
    busy: list[tuple[int, int]], ours: list[tuple[int, int]]
) -> None:
    held = {second for begin, end in busy for second in range(begin, end)}
    own = {second for begin, end in ours for second in range(begin, end)}

    kept = flat(instants(busy), without=instants(ours))

    assert minutes_of(kept) == {second // 60 for second in held - own}
    assert all(earlier < later for earlier, later in pairwise(kept))


@given(minutes=flat_lists, begin=st.integers(-5, LAST + 5), length=st.integers(1, 40))
def test_what_is_near_is_found_whole(minutes: list[int], begin: int, length: int) -> None:
    end = begin + length
    pairs = zip(minutes[::2], minutes[1::2], strict=True)

    assert between(minutes, begin, end) == [pair for pair in pairs if pair[0] < end and pair[1] > begin]


@given(minutes=flat_lists, found=flat_lists, begin=st.integers(0, LAST), length=st.integers(1, 40))
def test_a_look_replaces_its_own_stretch_and_nothing_else(
    minutes: list[int], found: list[int], begin: int, length: int
) -> None:
    stretch = set(range(begin, begin + length))

    amended = replaced(minutes, found, begin, begin + length)

    assert minutes_of(amended) == (minutes_of(minutes) - stretch) | minutes_of(found)
    assert amended == sorted(set(amended))


@pytest.mark.parametrize(
    ("begin", "end", "kept"),
    [(0.5, 59.5, [0, 1]), (60, 60, []), (59.999, 60.001, [0, 2]), (60, 120, [1, 2]), (-0.5, 0, [-1, 0])],
)
def test_parts_of_a_minute_count_whole(begin: float, end: float, kept: list[int]) -> None:
    assert flat([(at(begin), at(end))]) == kept


def test_an_event_of_ours_is_taken_out_of_what_the_provider_has_merged_it_with() -> None:
    merged, ours = (at(0), at(5400)), (at(1800), at(3600))

    assert flat([merged], without=[ours]) == [0, 30, 60, 90]

"""Interval arithmetic against sets of minutes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from koalendar.scheduling.interval import Interval, intersect, merge, subtract

intervals = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)))


def minutes(of: list[Interval]) -> set[int]:
    return {minute for begin, end in of for minute in range(begin, end)}


def is_sorted_and_disjoint(result: list[Interval]) -> bool:
    edges = [edge for interval in result for edge in interval]
    return edges == sorted(edges) and all(begin < end for begin, end in result)


@pytest.mark.parametrize(
    ("given_intervals", "merged"),
    [
        ([], []),
        ([(5, 9), (1, 3)], [(1, 3), (5, 9)]),
        ([(1, 3), (2, 9)], [(1, 9)]),
        ([(1, 3), (3, 9)], [(1, 9)]),
        ([(1, 9), (2, 3)], [(1, 9)]),
        ([(4, 4), (9, 2)], []),
        ([(1, 2), (2, 2), (3, 4)], [(1, 2), (3, 4)]),
    ],
)
def test_merge_joins_what_overlaps_or_touches_and_ignores_the_empty(
    given_intervals: list[Interval], merged: list[Interval]
) -> None:
    assert merge(given_intervals) == merged


@given(intervals)
def test_merge_keeps_every_minute_and_leaves_gaps_between(some: list[Interval]) -> None:
    merged = merge(some)
    assert minutes(merged) == minutes(some)
    assert is_sorted_and_disjoint(merged)
    assert all(left[1] < right[0] for left, right in pairwise(merged))


@given(intervals, intervals)
def test_intersect_and_subtract_are_what_sets_of_minutes_say(
    some: list[Interval], others: list[Interval]
) -> None:
    left, right = merge(some), merge(others)
    common, rest = intersect(left, right), subtract(left, right)
    assert minutes(common) == minutes(left) & minutes(right)
    assert minutes(rest) == minutes(left) - minutes(right)
    assert is_sorted_and_disjoint(common)
    assert is_sorted_and_disjoint(rest)

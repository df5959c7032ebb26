"""Arithmetic with half-open intervals of integer minutes.

An interval `(begin, end)` holds every minute m with `begin <= m < end`; one whose end is not after its begin
holds none. A *sorted, disjoint* list is ordered by begin, has no empty interval, and no two of its intervals
overlap.
"""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same minutes as a sorted, disjoint list.

    Takes any order; intervals that overlap or touch are joined, and empty or reversed ones are ignored,
    because they hold no minute.
    """
    ordered = sorted([interval for interval in intervals if interval[0] < interval[1]])
    if len(ordered) < 2:
        return ordered
    merged = []
    begin, end = ordered[0]
    for next_begin, next_end in ordered:
        if next_begin > end:
            merged.append((begin, end))
            begin, end = next_begin, next_end
        elif next_end > end:
            end = next_end
    merged.append((begin, end))
    return merged


def intersect(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """The minutes in both, as a sorted, disjoint list. Both arguments are sorted and disjoint. Linear."""
    common = []
    i = j = 0
    while i < len(left) and j < len(right):
        begin = max(left[i][0], right[j][0])
        end = min(left[i][1], right[j][1])
        if begin < end:
            common.append((begin, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return common


def subtract(intervals: Sequence[Interval], holes: Sequence[Interval]) -> list[Interval]:
    """The minutes of `intervals` outside `holes`, sorted and disjoint. Both arguments are so too. Linear."""
    rest = []
    i = 0
    for begin, end in intervals:
        while i < len(holes) and holes[i][1] <= begin:
            i += 1
        # A hole may reach into the next interval, so the outer position stays at the first that could.
        j = i
        while j < len(holes) and holes[j][0] < end:
            if begin < holes[j][0]:
                rest.append((begin, holes[j][0]))
            begin = holes[j][1]
            j += 1
        if begin < end:
            rest.append((begin, end))
    return rest

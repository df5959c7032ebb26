"""What a mirror takes of a stretch of time: what it knows as busy, and all that it does not reach to."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from koalendar.booking.busy import _taken
from koalendar.connections.models import Calendar

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = 120

minutes = st.integers(0, LAST)
flat_lists = st.lists(minutes, unique=True, max_size=12).map(lambda found: sorted(found)[: len(found) & ~1])


@given(
    busy=flat_lists,
    seconds=st.tuples(st.integers(0, LAST * 60), st.integers(0, LAST * 60)),
    bounds=st.tuples(minutes, minutes),
)
def test_a_minute_is_free_only_if_it_was_read_whole_and_is_not_busy(
    busy: list[int], seconds: tuple[int, int], bounds: tuple[int, int]
) -> None:
    since, until = sorted(seconds)
    begin, end = sorted(bounds)
    calendar = Calendar(
        busy=busy,
        read_from=EPOCH + timedelta(seconds=since),
        read_until=EPOCH + timedelta(seconds=until),
    )

    taken = {minute for first, last in _taken(calendar, begin, end) for minute in range(first, last)}

    for minute in range(begin, end):
        is_busy = any(first <= minute < last for first, last in zip(busy[::2], busy[1::2], strict=True))
        is_read = since <= minute * 60 and minute * 60 + 60 <= until
        if is_busy or not is_read:
            assert minute in taken
        elif since < minute * 60:  # The first whole minute of a read is given away: no slot is in the past.
            assert minute not in taken

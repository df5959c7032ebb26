"""A query that is written once reads what the same queryset would read."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext

from koalendar.booking import queries
from koalendar.booking.models import EventType, Hold, Schedule
from koalendar.booking.prepared import Given, Prepared
from tests.people import make_booking, make_event_type, make_host

pytestmark = pytest.mark.django_db

_INSTANT = Hold._meta.get_field("blocks_from")


def holds_after() -> Prepared:
    rows = Hold.objects.filter(active=True, blocks_from__gt=Given("after", _INSTANT)).order_by("blocks_from")
    return Prepared(rows.values_list("blocks_from", "appointment__status"))


def test_rows_are_those_of_the_queryset() -> None:
    booking = make_booking()
    begin = Hold.objects.get().blocks_from
    prepared = holds_after()
    assert prepared(after=begin) == []
    assert prepared(after=begin - timedelta(minutes=1)) == [[begin, booking.appointment.status]]
    found: datetime = prepared(after=begin - timedelta(days=1))[0][0]
    assert found.utcoffset() == timedelta(0)


def test_json_and_nothing_are_read_as_the_fields_read_them() -> None:
    made = make_event_type(make_host(), durations=[15, 45], max_per_day=None)
    wanted = Given("id", EventType._meta.get_field("public_id"))
    prepared = Prepared(
        EventType.objects.filter(public_id=wanted).values_list("durations", "max_per_day", "active")
    )
    assert prepared(id=made.public_id) == [[[15, 45], None, True]]
    assert prepared(id="x' OR 1=1 --") == []


def test_sql_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    as_sql = SQLCompiler.as_sql

    def count(compiler: SQLCompiler, *args: Any, **kwargs: Any) -> Any:
        written.append("")
        return as_sql(compiler, *args, **kwargs)

    monkeypatch.setattr(SQLCompiler, "as_sql", count)
    prepared = holds_after()
    with CaptureQueriesContext(connection) as asked:
        for days in range(3):
            prepared(after=datetime.fromisoformat(f"2026-12-0{days + 1}T00:00Z"))
    assert (len(written), len(asked)) == (1, 3)


def test_seats_are_the_hosts_of_the_event_type_as_they_are_now() -> None:
    host = make_host()
    made = make_event_type(host, max_per_week=4)
    (seat,) = queries.seats_by_id(made.public_id)
    assert seat == made.event_type_hosts.get()
    with CaptureQueriesContext(connection) as asked:
        assert seat.event_type.rules(30) == made.rules(30)
        assert seat.schedule.availability == host.schedules.get().availability
        assert seat.event_type.profile.host == host
    assert len(asked) == 1, "the test's own"
    Schedule.objects.update(zone="Asia/Tokyo")
    assert queries.seats_by_id(made.public_id)[0].schedule.zone == "Asia/Tokyo"
    EventType.objects.update(active=False)
    assert queries.seats_by_id(made.public_id) == ()


def test_a_value_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError, match="after"):
        holds_after()()

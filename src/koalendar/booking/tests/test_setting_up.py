"""Event types and schedules as programs set them up: addresses, owners, revisions, what is in use."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import models

from koalendar.booking import queries, revising
from koalendar.booking.models import EventType, Schedule
from koalendar.booking.setting_up import add_event_type, add_schedule
from tests.people import ada, make_event_type, make_host

pytestmark = pytest.mark.django_db


def make_schedule(host: Any = None, **fields: Any) -> Schedule:
    usual = {"name": "Evenings", "zone": "UTC", "weekly": {"mon": [["18:00", "20:00"]]}, "overrides": {}}
    return add_schedule(host or ada(), **(usual | fields))


def codes_of(refusal: pytest.ExceptionInfo[ValidationError]) -> dict[str, list[str | None]]:
    return {path: [each.code for each in errors] for path, errors in refusal.value.error_dict.items()}


# ── Addresses ──


def test_an_address_that_we_make_is_made_free_and_one_that_is_given_is_not() -> None:
    host = ada()
    made = [add_event_type(host, title="Café & Büro") for _time in range(3)]

    assert [row.slug for row in made] == ["cafe-buro", "cafe-buro-2", "cafe-buro-3"]
    with pytest.raises(ValidationError) as refusal:
        add_event_type(host, title="Coffee", slug="cafe-buro")
    assert codes_of(refusal) == {"slug": ["taken_slug"]}


def test_long_and_foreign_titles_make_addresses_too() -> None:
    host = ada()
    long = [add_event_type(host, title="x" * 120).slug for _time in range(2)]

    assert (long[0], long[1]) == ("x" * 60, "x" * 58 + "-2")
    assert add_event_type(host, title="面談").slug == "event"


def test_another_host_may_have_the_same_address() -> None:
    make_event_type(slug="coffee")

    assert add_event_type(make_host("Ben Adida"), title="Coffee").slug == "coffee"


@pytest.mark.parametrize("is_new", [True, False])
def test_an_address_that_is_lost_in_a_race_is_refused_as_a_taken_one(
    monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    """Both look before either writes; the looking is switched off, so that the database itself refuses."""
    make_event_type(slug="coffee")
    other = make_event_type(slug="other")
    monkeypatch.setattr(models.Model, "validate_constraints", lambda *_args, **_options: None)

    def take() -> EventType:
        if is_new:
            return add_event_type(ada(), title="Coffee", slug="coffee")
        return revising.change_event_type(other, revision=None, slug="coffee")

    with pytest.raises(ValidationError) as refusal:
        take()

    assert codes_of(refusal) == {"slug": ["taken_slug"]}
    assert sorted(EventType.objects.values_list("slug", flat=True)) == ["coffee", "other"]


# ── Whose hours ──


def test_an_event_type_takes_the_hours_that_are_named_or_the_first() -> None:
    evenings = make_schedule()

    named, first = add_event_type(ada(), title="Late", schedule=evenings), add_event_type(ada(), title="Any")

    assert named.event_type_hosts.get().schedule == evenings
    assert first.event_type_hosts.get().schedule == queries.schedules_of(ada())[0] != evenings


def test_hours_of_another_host_are_refused_like_unknown_ones() -> None:
    foreign = make_schedule(make_host("Ben Adida"))
    gone = make_schedule()
    revising.delete_schedule(gone)
    own = make_event_type()

    for schedule in (foreign, gone):
        with pytest.raises(ValidationError) as adding:
            add_event_type(ada(), title="Coffee", schedule=schedule, durations=[])
        assert codes_of(adding) == {"schedule": ["unknown_schedule"], "durations": ["count"]}
        with pytest.raises(ValidationError) as changing:
            revising.change_event_type(own, revision=None, schedule=schedule, title="Changed")
        assert codes_of(changing) == {"schedule": ["unknown_schedule"]}
    assert EventType.objects.get().title == "Intro call"
    assert own.event_type_hosts.get().schedule.host == ada()


@pytest.mark.parametrize("public_id", ["", "\0", "x" * 22, "x" * 10_000, "../.."])
def test_only_own_hours_and_open_event_types_are_found_by_id(public_id: str) -> None:
    foreign = make_schedule(make_host("Ben Adida"))
    own = make_schedule()

    assert queries.schedule_by_id(ada(), own.public_id) == own
    assert queries.schedule_by_id(ada(), foreign.public_id) is None
    assert queries.schedule_by_id(ada(), public_id) is None
    assert queries.event_type_by_id(public_id) is None


def test_a_hidden_event_type_is_open_and_a_closed_one_or_one_of_a_host_who_left_is_not() -> None:
    hidden = make_event_type(slug="hidden", hidden=True)
    closed = make_event_type(slug="closed", active=False)

    assert queries.event_type_by_id(hidden.public_id) == hidden
    assert queries.event_type_by_id(closed.public_id) is None
    host = ada()
    host.is_active = False
    host.save()
    assert queries.event_type_by_id(hidden.public_id) is None


# ── Changing ──


def test_a_change_gives_the_fresh_row_and_leaves_alone_what_was_not_named() -> None:
    made = make_event_type(durations=[30, 60])

    changed = revising.change_event_type(made, revision=made.revision, title="  Renamed ")

    changed.refresh_from_db()
    assert (changed.title, changed.durations, changed.slug) == ("Renamed", [30, 60], "intro-call")
    assert changed.revision == made.revision + 1


def test_a_change_of_an_old_revision_is_refused_and_one_of_none_is_not() -> None:
    made = make_event_type()
    revising.change_event_type(made, revision=1, title="First")

    with pytest.raises(revising.ChangedMeanwhile):
        revising.change_event_type(made, revision=1, title="Second")
    assert revising.change_event_type(made, revision=None, title="Third").revision == 3


def test_a_refused_change_changes_nothing() -> None:
    made, evenings = make_event_type(), make_schedule()

    with pytest.raises(ValidationError):
        revising.change_event_type(made, revision=None, schedule=evenings, title="", hidden=True)

    made.refresh_from_db()
    assert (made.title, made.hidden, made.revision) == ("Intro call", False, 1)
    assert made.event_type_hosts.get().schedule != evenings


def test_changing_what_was_deleted_meanwhile_is_refused() -> None:
    made, hours = make_event_type(), make_schedule()
    EventType.objects.filter(pk=made.pk).delete()
    Schedule.objects.filter(pk=hours.pk).delete()

    with pytest.raises(revising.ChangedMeanwhile):
        revising.change_event_type(made, revision=None, title="Late")
    with pytest.raises(revising.ChangedMeanwhile):
        revising.change_schedule(hours, name="Late")


def test_a_part_of_the_hours_is_changed_alone() -> None:
    hours = make_schedule()

    changed = revising.change_schedule(hours, zone="Asia/Calcutta", overrides={"2026-12-24": []})

    changed.refresh_from_db()
    assert (changed.name, changed.zone, changed.revision) == ("Evenings", "Asia/Kolkata", 2)
    assert changed.weekly == hours.weekly
    assert changed.availability.overrides
    with pytest.raises(revising.ChangedMeanwhile):
        revising.change_schedule(hours, revision=1, name="Late")
    with pytest.raises(ValidationError) as refusal:
        revising.change_schedule(hours, weekly={"mon": [[9, 17]]})
    assert codes_of(refusal) == {"weekly.mon.0": ["bad_range"]}


# ── Deleting hours ──


def test_hours_in_use_and_the_last_ones_stay() -> None:
    first, evenings = ada().schedules.get(), make_schedule()
    late = add_event_type(ada(), title="Late", schedule=evenings)

    with pytest.raises(revising.InUse) as in_use:
        revising.delete_schedule(evenings)
    revising.delete_schedule(first)
    revising.delete_schedule(first)
    revising.delete_event_type(late)
    with pytest.raises(revising.InUse) as last:
        revising.delete_schedule(evenings)

    assert (in_use.value.by, last.value.by) == ("event_types", "host")
    assert Schedule.objects.get() == evenings

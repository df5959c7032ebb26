"""What an event type and a schedule may be, whatever is sent and in whatever shape."""

from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from django.core.exceptions import ValidationError

from koalendar.booking import revising, rules
from koalendar.booking.models import EventType, Schedule
from koalendar.booking.rules import EVENT_TYPE, SCHEDULE
from koalendar.booking.setting_up import add_event_type, add_schedule
from koalendar.connections.models import Connection
from tests.people import ada, make_connection, make_event_type, make_host

T = TypeVar("T")

pytestmark = pytest.mark.django_db

# Any JSON, and sizes that nobody means.
HOSTILE: list[Any] = [
    None,
    True,
    -1,
    10**30,
    1.5,
    "",
    "\0",
    "\ud800",
    "a\nb\x07",
    "x" * 100_000,
    [],
    ["x"] * 1000,
    [[[[]]]],
    [None],
    [True],
    {},
    {"kind": ["zoom"], "\0": {"\ud800": []}},
    [{"kind": {"zoom": 1}}],
    [{"kind": "link", "url": ["https://example.com"]}],
    [{"label": 5, "code": {}, "kind": [], "required": "yes", "choices": "ab"}],
    {"mon": {"09:00": "17:00"}},
    {"mon": [["09:00", 17]]},
    {"x" * 10_000: []},
    {"2026-12-24": "closed"},
]


def codes_of(error: ValidationError) -> dict[str, list[str | None]]:
    return {path: [each.code for each in errors] for path, errors in error.error_dict.items()}


def judged(make: Callable[[], T]) -> tuple[T | None, list[str]]:
    """What was made of hostile input, or the paths at which it was refused."""
    try:
        return make(), []
    except ValidationError as error:
        return None, list(error.error_dict)


def refused(**fields: Any) -> dict[str, list[str | None]]:
    with pytest.raises(ValidationError) as refusal:
        make_event_type(**fields)
    assert not EventType.objects.exists()
    return codes_of(refusal.value)


def refused_hours(**fields: Any) -> dict[str, list[str | None]]:
    usual = {"name": "Hours", "zone": "UTC", "weekly": {}, "overrides": {}}
    with pytest.raises(ValidationError) as refusal:
        add_schedule(ada(), **(usual | fields))
    return codes_of(refusal.value)


# ── Any value anywhere ──


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", EVENT_TYPE)
def test_whatever_is_sent_for_a_field_is_taken_in_its_shape_or_refused_at_it(name: str, value: Any) -> None:
    made, paths = judged(lambda: make_event_type(**{name: value}))

    assert {path.split(".")[0] for path in paths} <= {name}
    if made is not None:
        made.refresh_from_db()
        made.full_clean()
        assert (
            type(getattr(made, name)) is type(getattr(make_event_type(slug="usual"), name)) or value is None
        )


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", SCHEDULE)
def test_whatever_is_sent_for_hours_is_taken_in_its_shape_or_refused_at_it(name: str, value: Any) -> None:
    fields: dict[str, Any] = {"name": "Hours", "zone": "UTC", "weekly": {}, "overrides": {}} | {name: value}
    made, paths = judged(lambda: add_schedule(ada(), **fields))

    assert {path.split(".")[0] for path in paths} <= {name}
    if made is not None:
        assert Schedule.objects.get(pk=made.pk).availability.zone == "UTC"


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize(
    ("kind", "name"), [("zoom", "connection"), ("phone", "who_calls"), ("phone", "number"),
                       ("in_person", "address"), ("link", "url")]
)  # fmt: skip
def test_whatever_is_sent_of_a_place_is_a_text_or_refused_at_it(kind: str, name: str, value: Any) -> None:
    good = {"kind": kind, "who_calls": "host", "number": "", "address": "Here", "url": "https://example.com"}
    made, paths = judged(lambda: make_event_type(locations=[good | {name: value}]))

    assert set(paths) <= {f"locations.0.{name}"}
    if made is not None:
        assert isinstance(made.locations[0][name], str) or made.locations[0][name] is value is None


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("name", ["code", "label", "kind", "required", "choices"])
def test_whatever_is_sent_of_a_question_is_taken_in_its_shape_or_refused_at_it(name: str, value: Any) -> None:
    good = {"code": "lang", "label": "Language", "kind": "choice", "choices": ["English", "French"]}
    made, paths = judged(lambda: make_event_type(questions=[good | {name: value}]))

    assert all(path.startswith(f"questions.0.{name}") for path in paths)
    if made is not None:
        kept = made.questions[0]
        assert [type(kept[key]) for key in ("code", "label", "kind", "required", "choices")] == [
            str, str, str, bool, list,
        ]  # fmt: skip


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = refused(title="", durations=[3], locations=[{"kind": "link", "url": "ftp://x"}], max_per_day=0)

    assert found == {
        "title": ["required"],
        "durations": ["range"],
        "locations.0.url": ["url"],
        "max_per_day": ["range"],
    }


# ── Bounds ──


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("slot_step", 1, 1440),
        ("buffer_before", 0, 1440),
        ("buffer_after", 0, 1440),
        ("minimum_notice", 0, 43_200),
        ("change_cutoff", 0, 43_200),
        ("booking_window_days", 1, 730),
        ("max_per_day", 1, 500),
        ("max_per_week", 1, 500),
    ],
)
def test_a_number_is_taken_up_to_its_bounds_and_not_beyond(name: str, least: int, most: int) -> None:
    for wrong in (least - 1, most + 1):
        assert refused(**{name: wrong}) == {name: ["range"]}
    for position, right in enumerate((least, most)):
        fields: dict[str, Any] = {"slug": f"n{position}", name: right}
        assert getattr(make_event_type(**fields), name) == right


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"durations": []}, {"durations": ["count"]}),
        ({"durations": list(range(5, 14))}, {"durations": ["count"]}),
        ({"durations": [30, 30]}, {"durations": ["duplicate"]}),
        ({"durations": [True]}, {"durations": ["type"]}),
        ({"durations": [1441]}, {"durations": ["range"]}),
        ({"reminders": [60, 60]}, {"reminders": ["duplicate"]}),
        ({"reminders": [0]}, {"reminders": ["range"]}),
        ({"reminders": list(range(1, 10))}, {"reminders": ["count"]}),
        ({"title": "x" * 121}, {"title": ["max_length"]}),
        ({"title": "Two\nlines"}, {"title": ["control"]}),
        ({"description": "x" * 1001}, {"description": ["max_length"]}),
        ({"slug": "Not an address!"}, {"slug": ["invalid_slug"]}),
        ({"hosts_needed": ["all"]}, {"hosts_needed": ["invalid_choice"]}),
    ],
)
def test_what_no_event_type_may_have_is_refused_at_its_field(fields: Any, found: Any) -> None:
    assert refused(**fields) == found


def test_lengths_keep_their_order_for_the_first_is_offered_first() -> None:
    assert make_event_type(durations=[60, 15]).durations == [60, 15]


def test_a_description_may_have_lines_and_an_address_small_letters_only() -> None:
    made = make_event_type(description="One\n\nTwo", slug="Intro-Call")

    assert (made.description, made.slug) == ("One\n\nTwo", "intro-call")


# ── Places ──


def test_places_are_kept_in_their_own_shape_without_what_nobody_asked_for() -> None:
    made = make_event_type(
        locations=[
            {"kind": "zoom", "join_url": "https://evil.example"},
            {"kind": "phone", "who_calls": "host"},
            {"kind": "phone", "who_calls": "invitee", "number": " +44 20 7946 0000 ", "id": 1},
            {"kind": "in_person", "address": "12 St James's Square\nLondon"},
            {"kind": "link", "url": "https://meet.example.com/ada"},
        ]
    )

    assert made.locations == [
        {"kind": "zoom", "connection": None},
        {"kind": "phone", "who_calls": "host", "number": ""},
        {"kind": "phone", "who_calls": "invitee", "number": "+44 20 7946 0000"},
        {"kind": "in_person", "address": "12 St James's Square\nLondon"},
        {"kind": "link", "url": "https://meet.example.com/ada"},
    ]


def test_google_meet_is_offered_where_the_site_has_google(settings: Any) -> None:
    place = {"kind": "google_meet"}
    assert rules.location(place) == place
    settings.GOOGLE_CLIENT_ID = ""
    with pytest.raises(ValidationError) as refused:
        rules.location(place)
    assert [error.code for error in refused.value.error_dict["kind"]] == ["not_offered"]


@pytest.mark.parametrize(
    ("place", "found"),
    [
        ({}, {"locations.0.kind": ["invalid_choice"]}),
        ({"kind": "phone"}, {"locations.0.who_calls": ["invalid_choice"]}),
        ({"kind": "phone", "who_calls": "invitee"}, {"locations.0.number": ["required"]}),
        ({"kind": "in_person"}, {"locations.0.address": ["required"]}),
        ({"kind": "link"}, {"locations.0.url": ["required"]}),
        ({"kind": "link", "url": "javascript:alert(1)"}, {"locations.0.url": ["url"]}),
        ("zoom", {"locations.0": ["type"]}),
    ],
)
def test_a_place_that_is_none_is_refused_where_it_is_wrong(place: Any, found: Any) -> None:
    assert refused(locations=[place]) == found


def test_there_are_one_to_eight_places_and_no_two_alike() -> None:
    assert refused(locations=[]) == {"locations": ["required"]}
    assert refused(locations=[{"kind": "zoom"}, {"kind": "zoom"}]) == {"locations.1": ["duplicate"]}
    many = [{"kind": "in_person", "address": str(n)} for n in range(9)]
    assert refused(locations=many) == {"locations": ["count"]}


@pytest.mark.parametrize("state", ["broken", "revoked"])
def test_a_place_names_no_account_that_is_not_the_hosts_own_and_live(state: str) -> None:
    own, foreign = make_connection(), make_connection(make_host("Ben Adida"), user="zoom-ben")
    dead = make_connection(user="zoom-old", state=state, is_default=False)

    for connection in (foreign.public_id, dead.public_id, "never-was"):
        found = refused(locations=[{"kind": "zoom", "connection": connection}])
        assert found == {"locations.0.connection": ["unknown_connection"]}
    assert make_event_type(locations=[{"kind": "zoom", "connection": own.public_id}]).pk


def test_an_account_that_broke_later_does_not_keep_the_title_from_being_changed() -> None:
    connection = make_connection()
    places = [{"kind": "zoom", "connection": connection.public_id}]
    made = make_event_type(locations=places)
    Connection.objects.update(state="broken")

    changed = revising.change_event_type(made, revision=None, title="Another", locations=places)

    assert (changed.title, changed.locations) == ("Another", places)


# ── Questions ──


def test_a_question_without_a_code_gets_one_of_its_own_from_its_words() -> None:
    rows = [
        {"label": "What about?"},
        {"label": "What about?"},
        {"label": "質問", "code": None},
        {"label": "Given", "code": "what-about-2"},
    ]

    made = make_event_type(questions=rows)

    codes = [row["code"] for row in made.questions]
    assert codes == ["what-about", "what-about-3", "question", "what-about-2"]
    assert made.questions[0] == {
        "code": "what-about", "label": "What about?", "kind": "short_text", "required": False, "choices": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"label": "Q", "kind": "choice", "choices": ["One"]}, {"questions.0.choices": ["count"]}),
        ({"label": "Q", "kind": "choices", "choices": ["A", "A"]}, {"questions.0.choices": ["duplicate"]}),
        ({"label": "Q", "kind": "choice", "choices": ["A", ""]}, {"questions.0.choices.1": ["required"]}),
        (
            {"label": "Q", "kind": "choice", "choices": ["A", "x" * 201]},
            {"questions.0.choices.1": ["max_length"]},
        ),
        ({"label": "Q", "kind": "choice", "choices": ["A"] * 101}, {"questions.0.choices": ["count"]}),
        ({"label": "Q", "kind": "date"}, {"questions.0.kind": ["invalid_choice"]}),
        ({"label": "Q", "code": "a code"}, {"questions.0.code": ["invalid_code"]}),
        ({"kind": "phone"}, {"questions.0.label": ["required"]}),
    ],
)
def test_a_question_that_is_none_is_refused_where_it_is_wrong(row: Any, found: Any) -> None:
    assert refused(questions=[row]) == found


def test_no_two_questions_have_one_code_and_there_are_at_most_ten() -> None:
    twice = [{"label": "A", "code": "a"}, {"label": "B", "code": "a"}]
    assert refused(questions=twice) == {"questions.1.code": ["duplicate"]}
    assert refused(questions=[{"label": "A"}] * 11) == {"questions": ["count"]}


def test_choices_of_a_question_that_has_none_are_dropped() -> None:
    made = make_event_type(questions=[{"label": "Q", "kind": "phone", "choices": ["A", "B"]}])

    assert made.questions[0]["choices"] == []


# ── Hours ──


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"name": " "}, {"name": ["required"]}),
        ({"name": "x" * 81}, {"name": ["max_length"]}),
        ({"zone": "Mars/Phobos"}, {"zone": ["unknown_zone"]}),
        ({"zone": "../../etc/passwd"}, {"zone": ["unknown_zone"]}),
        ({"weekly": {"funday": []}}, {"weekly.funday": ["unknown_day"]}),
        ({"weekly": {"mon": [["17:00", "09:00"]]}}, {"weekly.mon.0": ["end_before_start"]}),
        ({"weekly": {"mon": [["09:00", "10:00"], ["9", "10"]]}}, {"weekly.mon.1": ["bad_time"]}),
        ({"weekly": {"mon": [["09:00"]]}}, {"weekly.mon.0": ["bad_range"]}),
        ({"weekly": {"mon": "09:00"}}, {"weekly.mon": ["type"]}),
        ({"weekly": {"mon": [["09:00", "10:00"]] * 9}}, {"weekly.mon": ["count"]}),
        ({"overrides": {"2026-02-30": []}}, {"overrides.2026-02-30": ["bad_date"]}),
        ({"overrides": {"2026-12-24": [["x", "y"]]}}, {"overrides.2026-12-24.0": ["bad_time"]}),
        ({"overrides": {f"{2000 + n}-01-01": [] for n in range(101)}}, {"overrides": ["count"]}),
        (
            {"zone": "", "weekly": {"tue": [[]]}, "overrides": {"soon": []}},
            {"zone": ["unknown_zone"], "weekly.tue.0": ["bad_range"], "overrides.soon": ["bad_date"]},
        ),
    ],
)
def test_hours_that_are_none_are_refused_where_they_are_wrong(fields: Any, found: Any) -> None:
    assert refused_hours(**fields) == found


def test_hours_are_kept_sorted_and_joined_in_the_modern_zone_with_all_days() -> None:
    made = add_schedule(
        ada(),
        name="Evenings",
        zone="europe/kiev",
        weekly={"fri": [["20:00", "24:00"], ["18:00", "20:00"]]},
        overrides={"2026-12-31": [["09:00", "12:00"]], "2026-12-24": []},
    )

    assert made.zone == "Europe/Kyiv"
    assert made.weekly["fri"] == [["18:00", "24:00"]]
    assert list(made.weekly) == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert list(made.overrides) == ["2026-12-24", "2026-12-31"]


def test_a_name_that_no_event_type_has_is_a_bug_and_not_overlooked() -> None:
    with pytest.raises(TypeError):
        add_event_type(ada(), title="Intro call", guest_allowed=False)

"""Bookings by program: make, read, list, move, cancel, answer, try again."""

from datetime import timedelta
from typing import Any

import pytest

from koalendar.booking.links import token_for
from koalendar.booking.models import Booking, Meeting, Message
from koalendar.delivery.worker import run_due
from koalendar.sandbox.server import Sandbox
from koalendar.web.api.tests.conftest import Program, asks
from tests.people import NOW, TUESDAY_NINE, connect_zoom, make_booking, make_event_type, minutes

pytestmark = pytest.mark.django_db


def test_a_booking_answers_itself_and_its_token(stranger: Program) -> None:
    answer = stranger.post("/bookings", asks(make_event_type().public_id, "2026-12-01T10:00:00+01:00"))
    assert answer.status == 201
    told = answer.json
    assert (told["status"], told["sequence"], told["cancelled"]) == ("confirmed", 0, None)
    assert (told["start"], told["end"]) == ("2026-12-01T09:00:00Z", "2026-12-01T09:30:00Z")
    assert told["invitee"] == {
        "name": "Ina Berg", "email": "ina@example.com", "timezone": "Europe/Paris", "locale": "en",
    }  # fmt: skip
    assert told["event_type"]["slug"] == "intro-call"
    assert told["location"]["state"] == "pending"
    assert told["calendar"] == {"state": "none", "problem": None}
    assert told["urls"]["manage"] == f"http://localhost:8000/b/{told['token']}/"
    assert told["urls"]["reschedule"] == f"http://localhost:8000/b/{told['token']}/reschedule/"
    booking = Booking.objects.get()
    assert (str(booking.uid), token_for(booking)) == (told["uid"], told["token"])


def test_both_sides_are_mailed_as_after_a_booking_on_the_page(stranger: Program) -> None:
    stranger.post("/bookings", asks(make_event_type().public_id))
    told = Message.objects.filter(kind="booked").values_list("recipient", flat=True)
    assert sorted(told) == ["ada@example.com", "ina@example.com"]


@pytest.mark.django_db(transaction=True)
def test_the_link_appears_and_stays_until_the_booking_is_cancelled(
    stranger: Program, adas: Program, sandbox: Sandbox
) -> None:
    connect_zoom(sandbox)
    told = stranger.post("/bookings", asks(make_event_type().public_id)).json
    path, token = f"/bookings/{told['uid']}", {"X_Booking_Token": told["token"]}
    run_due()
    ready = stranger.get(path, **token).json["location"]
    assert (ready["state"], ready["problem"]) == ("ready", None)
    assert ready["join_url"].startswith("https://")
    assert ready["meeting_id"] in ready["join_url"]
    assert ready["passcode"]

    moved = stranger.post(f"{path}/reschedule", {"start": "2026-12-01T11:00:00Z"}, **token).json
    assert (moved["sequence"], moved["location"]["state"]) == (1, "pending")
    run_due()
    after = adas.get(path).json["location"]
    assert (after["state"], after["join_url"]) == ("ready", ready["join_url"])

    assert adas.post(f"{path}/cancel", {"reason": "I am ill"}).json["cancelled"]["by"] == "host"
    run_due()
    gone = stranger.get(path, **token).json
    assert (gone["status"], gone["location"]["state"], gone["location"]["join_url"]) == (
        "cancelled",
        "removed",
        None,
    )


def test_the_host_is_told_what_is_wrong_and_the_invitee_is_not(stranger: Program, adas: Program) -> None:
    booking = make_booking()
    run_due()  # Zoom is not connected.
    told = adas.get(f"/bookings/{booking.uid}").json["location"]
    assert told["state"] == "failed"
    assert "Connect Zoom" in told["problem"]
    to_invitee = stranger.get(f"/bookings/{booking.uid}", X_Booking_Token=token_for(booking)).json["location"]
    assert (to_invitee["state"], to_invitee["problem"]) == ("failed", None)


def test_no_answer_holds_an_address_that_starts_the_meeting(adas: Program) -> None:
    booking = make_booking()
    Meeting.objects.update(state="present", join_url="https://zoom.example/j/1", remote_id="1")
    body = adas.get(f"/bookings/{booking.uid}").body
    assert b"start_url" not in body
    assert b"zak=" not in body


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": "tomorrow"}, "start"),
        ({"start": "2026-12-01T09:00:00"}, "start"),
        ({"start": "9999-12-31T23:59:59-23:59"}, "start"),
        ({"start": 1764579600}, "start"),
        ({"duration": 31}, "duration"),
        ({"duration": "30"}, "duration"),
        ({"duration": True}, "duration"),
        ({"invitee": {"name": "", "email": "ina@example.com"}}, "invitee.name"),
        ({"invitee": {"name": "Ina"}}, "invitee.email"),
        ({"invitee": {"name": "Ina", "email": "ina@"}}, "invitee.email"),
        (
            {"invitee": {"name": "Ina", "email": "ina@example.com", "timezone": "Mars/Base"}},
            "invitee.timezone",
        ),
        ({"invitee": "Ina"}, "invitee"),
        ({"guests": ["bo@example.com", "nobody"]}, "guests.1"),
        ({"guests": "bo@example.com"}, "guests"),
        ({"location": {"kind": "phone"}}, "location"),
        ({"location": {"kind": "nowhere"}}, "location.kind"),
        ({"answers": {}}, "answers.topic"),
        ({"answers": {"topic": 7}}, "answers.topic"),
        ({"answers": []}, "answers"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(stranger: Program, change: dict[str, Any], field: str) -> None:
    question = {"code": "topic", "label": "Topic", "kind": "short_text", "required": True, "choices": []}
    made = make_event_type(questions=[question])
    answer = stranger.post("/bookings", {**asks(made.public_id, answers={"topic": "Bees"}), **change})
    assert (answer.status, answer.code) == (422, "invalid")
    assert any(place == field or place.startswith(f"{field}.") for place in answer.errors()), answer.json
    assert not Booking.objects.exists()


def test_answers_guests_and_places_are_kept(stranger: Program) -> None:
    questions = [
        {"code": "topic", "label": "Topic", "kind": "choice", "required": True, "choices": ["Bees", "Ants"]},
        {"code": "tick", "label": "Sure?", "kind": "checkbox", "required": True, "choices": []},
    ]
    places = [{"kind": "zoom", "connection": None}, {"kind": "phone", "who_calls": "host", "number": ""}]
    made = make_event_type(questions=questions, locations=places)
    told = stranger.post(
        "/bookings",
        asks(
            made.public_id,
            answers={"topic": "Bees", "tick": True, "unknown": "x"},
            guests=["Bo@example.com", "ina@example.com"],
            location={"kind": "phone", "number": "+33 6 12 34 56 78"},
        ),
    ).json
    assert told["answers"] == {"topic": "Bees", "tick": True}
    assert told["guests"] == ["bo@example.com"]
    assert told["location"]["kind"] == "phone"
    assert told["location"]["state"] == "none"
    assert told["location"]["number"] == "+33 6 12 34 56 78"


def test_an_unknown_or_closed_event_type_is_not_there(stranger: Program) -> None:
    closed = make_event_type(active=False)
    assert stranger.post("/bookings", asks("unknown")).status == 404
    assert stranger.post("/bookings", asks(closed.public_id)).code == "not_found"


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        ("2026-12-01T09:00:00Z", "taken"),
        ("2026-12-01T07:00:00Z", "hours"),
        ("2026-12-01T10:10:00Z", "hours"),
        ("2026-12-01T10:00:30Z", "hours"),
        ("2026-11-30T09:00:00Z", "notice"),
        ("2027-06-01T09:00:00Z", "window"),
    ],
)
def test_a_start_that_is_not_offered_is_refused_with_its_reason(
    stranger: Program, start: str, reason: str
) -> None:
    made = make_event_type(minimum_notice=120)
    make_booking(made)
    answer = stranger.post("/bookings", asks(made.public_id, start))
    assert (answer.status, answer.code, answer.json["reason"]) == (409, "slot_unavailable", reason)


def test_bookings_are_limited_per_client(stranger: Program, settings: Any) -> None:
    settings.KOALENDAR_RATE_BOOKINGS = (1, 60)
    made = make_event_type()
    first = stranger.post("/bookings", asks(made.public_id))
    assert "r=0" in first.headers["ratelimit"]
    second = stranger.post("/bookings", asks(made.public_id, "2026-12-01T10:00:00Z"))
    assert second.code == "rate_limited"
    assert int(second.headers["retry-after"]) > 0


def test_one_address_gets_few_first_confirmations(stranger: Program, settings: Any) -> None:
    settings.KOALENDAR_RATE_MAIL = (1, 3600)
    made = make_event_type()
    stranger.post("/bookings", asks(made.public_id))
    second = stranger.post("/bookings", asks(made.public_id, "2026-12-01T10:00:00Z"))
    assert (second.status, second.code) == (429, "rate_limited")
    assert int(second.headers["retry-after"]) > 0


# ── Changing ──


def test_the_cut_off_holds_for_the_invitee_and_not_for_the_host(stranger: Program, adas: Program) -> None:
    booking = make_booking(make_event_type(change_cutoff=2880))
    token = {"X_Booking_Token": token_for(booking)}
    assert stranger.post(f"/bookings/{booking.uid}/cancel", **token).code == "too_late"
    later = {"start": "2026-12-01T11:00:00Z"}
    assert stranger.post(f"/bookings/{booking.uid}/reschedule", later, **token).code == "too_late"
    assert adas.post(f"/bookings/{booking.uid}/reschedule", later).status == 200


def test_an_invitees_changes_are_limited(stranger: Program, settings: Any) -> None:
    booking = make_booking()
    settings.KOALENDAR_RATE_BOOKINGS = (1, 60)
    path, token = f"/bookings/{booking.uid}/reschedule", {"X_Booking_Token": token_for(booking)}
    assert stranger.post(path, {"start": "2026-12-01T11:00:00Z"}, **token).status == 200
    assert stranger.post(path, {"start": "2026-12-01T12:00:00Z"}, **token).code == "rate_limited"


def test_what_is_over_cannot_be_changed(adas: Program, settings: Any) -> None:
    booking = make_booking()
    adas.post(f"/bookings/{booking.uid}/cancel")
    answer = adas.post(f"/bookings/{booking.uid}/reschedule", {"start": "2026-12-01T11:00:00Z"})
    assert (answer.code, answer.json["state"]) == ("wrong_state", "cancelled")
    assert adas.post(f"/bookings/{booking.uid}/cancel").json["sequence"] == 1


def test_a_reason_has_its_length(adas: Program) -> None:
    booking = make_booking()
    assert adas.post(f"/bookings/{booking.uid}/cancel", {"reason": "x" * 501}).errors() == {
        "reason": "string_too_long"
    }
    assert adas.post(f"/bookings/{booking.uid}/cancel", {"reason": "x" * 500}).status == 200


def test_a_request_is_confirmed_or_declined_by_its_host(stranger: Program, adas: Program) -> None:
    made = make_event_type(requires_confirmation=True)
    one, two = (
        stranger.post("/bookings", asks(made.public_id, f"2026-12-01T{hour}:00:00Z")).json
        for hour in ("09", "10")
    )
    assert (one["status"], one["location"]["state"]) == ("pending", "none")
    agreed = adas.post(f"/bookings/{one['uid']}/confirm").json
    assert (agreed["status"], agreed["location"]["state"]) == ("confirmed", "pending")
    declined = adas.post(f"/bookings/{two['uid']}/decline", {"reason": "Away"}).json
    assert declined["status"] == "declined"
    assert adas.post(f"/bookings/{two['uid']}/confirm").code == "wrong_state"
    assert adas.post(f"/bookings/{one['uid']}/decline").code == "wrong_state"


def test_a_request_that_is_overdue_has_expired_whether_or_not_that_is_noted(
    stranger: Program, adas: Program, settings: Any
) -> None:
    made = make_event_type(requires_confirmation=True, request_expires_after=60)
    uid = stranger.post("/bookings", asks(made.public_id)).json["uid"]
    settings.KOALENDAR_CLOCK_OFFSET += 3601
    assert adas.get(f"/bookings/{uid}").json["status"] == "expired"
    assert [row["uid"] for row in adas.get("/bookings?status=expired").json["items"]] == [uid]
    assert adas.get("/bookings?status=pending").json["items"] == []
    assert adas.post(f"/bookings/{uid}/confirm").json["state"] == "expired"


def test_sync_tries_again_now(adas: Program) -> None:
    booking = make_booking()
    run_due()
    assert adas.get(f"/bookings/{booking.uid}").json["location"]["state"] == "failed"
    assert adas.post(f"/bookings/{booking.uid}/sync").json["location"]["state"] == "pending"


# ── Lists ──


def test_the_hosts_bookings_come_by_their_start(adas: Program) -> None:
    made = make_event_type()
    starts = [TUESDAY_NINE + minutes(60 * n) for n in (2, 0, 1)]
    for start in starts:
        make_booking(made, start=start)
    Booking.objects.filter(appointment__start=starts[2]).update(status="cancelled")

    def listed(query: str) -> list[str]:
        return [row["start"][11:13] for row in adas.get(f"/bookings?{query}").json["items"]]

    assert listed("") == ["09", "10", "11"]
    assert listed("status=&from=&to=&cursor=") == ["09", "10", "11"]
    assert listed("status=cancelled") == ["10"]
    assert listed("from=2026-12-01T10:00:00Z") == ["10", "11"]
    assert listed("from=2026-12-01T10:00:00Z&to=2026-12-01T12:00:00%2B01:00") == ["10"]
    assert listed("from=2026-12-01&to=2026-12-02") == ["09", "10", "11"]
    assert listed("to=2026-12-01") == []


def test_pages_neither_skip_nor_double(adas: Program) -> None:
    made = make_event_type()
    for n in range(5):
        make_booking(made, start=TUESDAY_NINE + minutes(30 * n))
    seen: list[str] = []
    cursor = ""
    while True:
        page = adas.get(f"/bookings?limit=2&cursor={cursor}").json
        seen += [row["uid"] for row in page["items"]]
        if len(seen) == 2:  # What comes before the cursor changes nothing behind it.
            make_booking(made, start=TUESDAY_NINE + timedelta(minutes=240), now=NOW)
        if page["next_cursor"] is None:
            break
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 6


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=nonsense", "cursor"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("status=lost", "status"),
        ("from=yesterday", "from"),
        ("to=2026-13-01", "to"),
    ],
)
def test_a_wrong_filter_is_said_to_be(adas: Program, query: str, field: str) -> None:
    assert list(adas.get(f"/bookings?{query}").errors()) == [field]


def test_a_list_of_many_asks_no_more_than_a_list_of_few(
    adas: Program, django_assert_max_num_queries: Any
) -> None:
    made = make_event_type()
    for n in range(8):
        make_booking(made, start=TUESDAY_NINE + minutes(30 * n))
    adas.get("/me")
    with django_assert_max_num_queries(8):
        assert len(adas.get("/bookings").json["items"]) == 8

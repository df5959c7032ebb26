"""The Zoom client: what it sends, what it believes, and what each refusal means."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from koalendar.connections.provider import (
    DialIn,
    Disconnected,
    Gone,
    MeetingSpec,
    ProviderError,
    Reason,
    Rejected,
    RemoteMeeting,
    Temporary,
    Uncertain,
)
from koalendar.connections.reading import cut
from koalendar.connections.tests.makers import (
    MARKER,
    NOW,
    Purse,
    make_client,
    make_spec,
    meeting_body,
    sent_json,
)
from koalendar.connections.zoom.client import ZoomClient
from koalendar.sandbox.faults import RATE_LIMITS, REST_ERRORS, Answer
from koalendar.sandbox.wire import Request

Handler = Callable[[httpx2.Request], httpx2.Response]
MEETING_ID = "85412345678"
MIDNIGHT = datetime(2026, 12, 2, tzinfo=UTC)


class Recorder:
    """Answers call after call from a list, and keeps the requests."""

    def __init__(self, *answers: httpx2.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx2.Request] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self.answers.pop(0)

    @property
    def calls(self) -> list[str]:
        return [f"{request.method} {request.url.path}" for request in self.requests]


def says(status: int, body: object = None, **headers: str) -> httpx2.Response:
    return (
        httpx2.Response(status, json=body, headers=headers) if body is not None else httpx2.Response(status)
    )


def always(status: int, body: object = None) -> ZoomClient:
    return make_client(lambda _: says(status, body))


def raises(error: httpx2.TransportError) -> ZoomClient:
    def handler(_: httpx2.Request) -> httpx2.Response:
        raise error

    return make_client(handler)


def create(client: ZoomClient) -> object:
    return client.create(make_spec())


def read(client: ZoomClient) -> object:
    return client.read(MEETING_ID)


def update(client: ZoomClient) -> object:
    return client.update(MEETING_ID, make_spec())


def delete(client: ZoomClient) -> object:
    client.delete(MEETING_ID)
    return None


def find(client: ZoomClient) -> object:
    return client.find(MARKER)


CALLS = {"create": create, "read": read, "update": update, "delete": delete, "find": find}


# ── What is sent ──


def test_a_create_sends_utc_and_little_else() -> None:
    zoom = Recorder(says(201, meeting_body()))
    paris = datetime.fromisoformat("2026-12-02T09:00:00+01:00")
    make_client(zoom).create(make_spec(start=paris))
    assert zoom.calls == ["POST /v2/users/me/meetings"]
    assert zoom.requests[0].headers["Authorization"] == "Bearer token-1"
    assert sent_json(zoom.requests[0]) == {
        "type": 2,
        "topic": "Intro call with Ina",
        "agenda": f"{MARKER}\n\nBooked on Koalendar.",
        "start_time": "2026-12-02T08:00:00Z",
        "timezone": "Europe/Paris",
        "duration": 30,
        "settings": {"use_pmi": False, "approval_type": 2, "meeting_authentication": False},
    }


def test_long_texts_are_cut_and_the_marker_stays_first() -> None:
    zoom = Recorder(says(201, meeting_body()))
    make_client(zoom).create(make_spec(topic="x" * 500, agenda="y" * 5000))
    sent = sent_json(zoom.requests[0])
    agenda = str(sent["agenda"])
    assert len(str(sent["topic"])) == 200
    assert len(agenda) == 2000
    assert agenda.startswith(f"{MARKER}\n")


def test_a_topic_is_one_line() -> None:
    zoom = Recorder(says(201, meeting_body()))
    make_client(zoom).create(make_spec(topic=" Intro\r\n call\t"))
    assert sent_json(zoom.requests[0])["topic"] == "Intro call"


@pytest.mark.parametrize(
    ("text", "limit", "left"), [("abc", 2, "ab"), ("ab", 5, "ab"), ("a😀b", 2, "a"), ("a😀b", 3, "a😀")]
)
def test_texts_are_cut_between_characters(text: str, limit: int, left: str) -> None:
    assert cut(text, limit) == left


def test_a_delete_keeps_zoom_from_mailing_anybody() -> None:
    zoom = Recorder(says(204))
    make_client(zoom).delete(MEETING_ID)
    assert zoom.calls == [f"DELETE /v2/meetings/{MEETING_ID}"]
    query = zoom.requests[0].url.params
    assert (query["schedule_for_reminder"], query["cancel_meeting_reminder"]) == ("false", "false")


def test_an_update_is_followed_by_a_look_at_the_truth() -> None:
    zoom = Recorder(says(204), says(200, meeting_body(topic="As Zoom has it")))
    meeting = make_client(zoom).update(MEETING_ID, make_spec())
    assert zoom.calls == [f"PATCH /v2/meetings/{MEETING_ID}", f"GET /v2/meetings/{MEETING_ID}"]
    assert meeting.topic == "As Zoom has it"


@pytest.mark.parametrize("call", [create, update])
@pytest.mark.parametrize("start", [NOW, NOW - timedelta(minutes=1)])
def test_a_start_that_has_passed_is_refused_without_asking_zoom(
    call: Callable[[ZoomClient], object], start: datetime
) -> None:
    zoom = Recorder()
    spec = make_spec(start=start)
    client = make_client(zoom)
    with pytest.raises(Rejected) as error:
        client.create(spec) if call is create else client.update(MEETING_ID, spec)
    assert error.value.code == Reason.PAST_START
    assert zoom.requests == []


@pytest.mark.parametrize("remote_id", ["", "me", "1/../2", "1?x=1", "12 ", "٣٤٥"])
def test_an_id_that_is_no_number_never_becomes_an_address(remote_id: str) -> None:
    with pytest.raises(ValueError, match="id"):
        make_client(Recorder()).read(remote_id)


@pytest.mark.parametrize("marker", ["", "ref:", "ABCDEFGH", "ref:with space", f"{MARKER}\n"])
def test_a_marker_that_could_not_be_found_again_is_a_bug(marker: str) -> None:
    with pytest.raises(ValueError, match="marker"):
        make_client(Recorder()).create(make_spec(marker=marker))


# ── What is believed ──


def test_a_created_meeting_is_returned_as_zoom_has_it() -> None:
    assert always(201, meeting_body(duration=40)).create(make_spec()) == RemoteMeeting(
        remote_id=MEETING_ID,
        join_url="https://us05web.zoom.us/j/85412345678?pwd=abc.1",
        passcode="Ax7kq2",
        dial_in=(DialIn("US", "+1 646 558 8656"),),
        start=datetime(2026, 12, 2, 8, 0, tzinfo=UTC),
        duration=40,
        zone="Europe/Paris",
        topic="Intro call with Ina",
        marker=MARKER,
        created_at=datetime(2026, 12, 1, 8, 0, tzinfo=UTC),
    )


def test_a_meeting_without_passcode_and_numbers_is_fine() -> None:
    body = meeting_body(settings={"use_pmi": False})
    del body["password"]
    meeting = always(200, body).read(MEETING_ID)
    assert (meeting.passcode, meeting.dial_in) == ("", ())


@pytest.mark.parametrize("number", [85412345678, "85412345678"])
def test_an_id_may_be_a_number_or_a_text(number: object) -> None:
    assert always(200, meeting_body(id=number)).read(MEETING_ID).remote_id == MEETING_ID


def test_telephone_numbers_that_are_none_are_left_out() -> None:
    numbers = [
        {"country": "FR", "number": "+33 1 7095 0103"},
        {"country": "FR", "number": "<script>"},
        {"country": "France", "number": "+33 1 7095 0104"},
        "+33",
        {"country": "FR"},
    ]
    meeting = always(200, meeting_body(settings={"global_dial_in_numbers": numbers})).read(MEETING_ID)
    assert meeting.dial_in == (DialIn("FR", "+33 1 7095 0103"),)


def test_links_do_not_show_in_the_representation_of_a_meeting() -> None:
    shown = repr(always(200, meeting_body()).read(MEETING_ID))
    assert "pwd=" not in shown
    assert "Ax7kq2" not in shown
    assert "zak" not in shown


HOSTILE = [
    {"id": None},
    {"id": "1/2"},
    {"id": True},
    {"id": 1.5},
    {"id": "9" * 50},
    {"join_url": None},
    {"join_url": "http://us05web.zoom.us/j/1"},
    {"join_url": "https://evil.example/j/1"},
    {"join_url": "https://zoom.us.evil.example/j/1"},
    {"join_url": "https://zoom.us@evil.example/j/1"},
    {"join_url": "https://evil.example\\.zoom.us/j/1"},
    {"join_url": "https://zoom.us/j/1\n"},
    {"join_url": "https://[/j/1"},
    {"join_url": "javascript:alert(1)"},
    {"join_url": ["https://zoom.us/j/1"]},
    {"join_url": "https://zoom.us/j/" + "1" * 5000},
    {"topic": "x" * 2000},
    {"topic": 5},
    {"password": {"a": 1}},
    {"duration": "30"},
    {"duration": -1},
    {"start_time": "tomorrow"},
    {"start_time": "2026-12-02T08:00:00"},
    {"start_time": 5},
]


@pytest.mark.parametrize("change", HOSTILE, ids=str)
def test_a_hostile_answer_is_a_bad_answer_and_after_a_create_nobody_knows(change: dict[str, object]) -> None:
    body = meeting_body(**change)
    with pytest.raises(Temporary) as error:
        always(200, body).read(MEETING_ID)
    assert error.value.reason == Reason.BAD_ANSWER
    with pytest.raises(Uncertain):
        always(201, body).create(make_spec())


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b"5", b"[" * 100_000])
def test_a_success_that_cannot_be_read_is_uncertain_for_a_create_only(content: bytes) -> None:
    with pytest.raises(Uncertain):
        make_client(lambda _: httpx2.Response(201, content=content)).create(make_spec())
    with pytest.raises(Temporary):
        make_client(lambda _: httpx2.Response(200, content=content)).read(MEETING_ID)


def test_a_personal_room_is_removed_and_refused() -> None:
    zoom = Recorder(says(201, meeting_body(settings={"use_pmi": True})), says(204))
    with pytest.raises(Rejected) as error:
        make_client(zoom).create(make_spec())
    assert error.value.code == Reason.PERSONAL_ROOM
    assert zoom.calls[-1] == f"DELETE /v2/meetings/{MEETING_ID}"


def test_a_meeting_that_turned_into_a_personal_room_is_not_handed_out() -> None:
    with pytest.raises(Rejected) as error:
        always(200, meeting_body(settings={"use_pmi": True})).read(MEETING_ID)
    assert error.value.code == Reason.PERSONAL_ROOM


def test_the_start_link_is_handed_out_and_checked() -> None:
    assert always(200, meeting_body()).start_url(MEETING_ID).endswith("zak=host-secret")
    with pytest.raises(Temporary):
        always(200, meeting_body(start_url="https://evil.example/s/1")).start_url(MEETING_ID)


def test_the_account_is_read_with_its_plan() -> None:
    account = always(
        200,
        {
            "id": "u1",
            "account_id": "a1",
            "first_name": "Ada",
            "last_name": "L.",
            "type": 1,
            "email": "a@x.example",
        },
    ).me()
    assert (account.remote_user_id, account.name, account.plan, account.zone) == ("u1", "Ada L.", "basic", "")


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": 5}, {"id": "u1", "email": ["a"]}])
def test_an_account_without_a_usable_id_is_a_bad_answer(body: dict[str, object]) -> None:
    with pytest.raises(Temporary):
        always(200, body).me()


@pytest.mark.parametrize(
    ("status", "body", "known"),
    [
        (200, {"recording": {"auto_recording": "cloud"}}, "cloud"),
        (200, {"recording": {"auto_recording": "none"}}, "none"),
        (200, {"recording": {"auto_recording": "to the moon"}}, None),
        (200, {"recording": []}, None),
        (400, {"code": 4711, "message": "does not contain scopes:[user:read:settings]"}, None),
        (503, None, None),
        (429, {"code": 429, "message": "slow down"}, None),
    ],
)
def test_an_account_tells_how_it_records_unless_zoom_does_not(
    status: int, body: dict[str, object] | None, known: str | None
) -> None:
    zoom = Recorder(says(200, {"id": "u1", "email": "a@x.example"}), says(status, body))
    assert make_client(zoom).me().recording == known
    assert zoom.calls == ["GET /v2/users/me", "GET /v2/users/me/settings"]


@pytest.mark.parametrize(
    ("recording", "sent"), [("cloud", "cloud"), ("local", "local"), ("none", None), ("", None)]
)
def test_automatic_recording_is_said_when_a_meeting_is_made_and_never_again(
    recording: str, sent: str | None
) -> None:
    zoom = Recorder(says(201, meeting_body()), says(204), says(200, meeting_body()))
    client = make_client(zoom)
    client.create(make_spec(recording=recording))
    client.update(MEETING_ID, make_spec(recording=recording))
    made, changed = (sent_json(request)["settings"] for request in zoom.requests[:2])
    assert made.get("auto_recording") == sent  # type: ignore[attr-defined]
    assert "auto_recording" not in changed  # type: ignore[operator]


# ── Finding ──


def listed(number: int, marker: str = MARKER, created: str = "2026-12-01T08:00:00Z") -> dict[str, object]:
    body = meeting_body(id=number, created_at=created, agenda=f"{marker}\n\nBooked")
    return {name: body[name] for name in body if name not in ("password", "settings", "start_url")}


def test_finding_reads_every_page_and_matches_the_first_characters_of_the_agenda() -> None:
    other = listed(3, agenda_free())
    zoom = Recorder(
        says(200, {"meetings": [listed(1), other], "next_page_token": "p2"}),
        says(200, {"meetings": [], "next_page_token": "p3"}),
        says(200, {"meetings": [listed(2, created="2026-11-01T08:00:00Z")], "next_page_token": ""}),
    )
    assert [meeting.remote_id for meeting in make_client(zoom).find(MARKER)] == ["2", "1"]
    assert [request.url.params.get("next_page_token") for request in zoom.requests] == [None, "p2", "p3"]
    assert {request.url.params["type"] for request in zoom.requests} == {"scheduled"}
    assert {request.url.params["page_size"] for request in zoom.requests} == {"300"}


def agenda_free() -> str:
    return f"see {MARKER}"


def test_a_longer_marker_is_another_marker() -> None:
    assert always(200, {"meetings": [listed(1, MARKER + "X")]}).find(MARKER) == []


def test_a_strangers_odd_meeting_does_not_end_the_search() -> None:
    odd = [{"id": None, "agenda": None}, "text", None, {"agenda": 5}]
    found = always(200, {"meetings": [*odd, listed(1)]}).find(MARKER)
    assert [meeting.remote_id for meeting in found] == ["1"]


@pytest.mark.parametrize(
    "page",
    [
        {"meetings": None},
        {},
        {"meetings": [], "next_page_token": 5},
        {"meetings": [], "next_page_token": "the same again"},
    ],
    ids=str,
)
def test_a_search_that_cannot_be_finished_never_says_there_is_none(page: dict[str, object]) -> None:
    with pytest.raises(Temporary) as error:
        always(200, page).find(MARKER)
    assert error.value.reason == Reason.BAD_ANSWER


def test_a_list_without_end_is_given_up() -> None:
    pages = iter(range(10_000))
    client = make_client(lambda _: says(200, {"meetings": [], "next_page_token": str(next(pages))}))
    with pytest.raises(Temporary):
        client.find(MARKER)
    assert next(pages) == 200


# ── Tokens ──


def test_a_refused_token_is_renewed_once_and_the_call_repeated_once() -> None:
    zoom = Recorder(
        says(401, {"code": 124, "message": "Access token is expired."}), says(201, meeting_body())
    )
    purse = Purse()
    make_client(zoom, purse).create(make_spec())
    assert [request.headers["Authorization"] for request in zoom.requests] == [
        "Bearer token-1",
        "Bearer token-2",
    ]
    assert purse.ended_with == []


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_token_that_is_refused_twice_ends_the_authorisation(call: Callable[[ZoomClient], object]) -> None:
    refusal = says(401, {"code": 124, "message": "Invalid access token."})
    zoom, purse = Recorder(refusal, says(401)), Purse()
    with pytest.raises(Disconnected):
        call(make_client(zoom, purse))
    assert len(zoom.requests) == 2
    assert purse.ended_with == [Reason.AUTHORIZATION_REFUSED]


# ── What refusals mean ──

# Zoom: docs/api/errors, read 2026-11-23. Per answer: the error of a read, an update and a create.
OUTCOMES: dict[str, tuple[type[ProviderError], Reason]] = {
    "access_token_invalid": (Disconnected, Reason.AUTHORIZATION_REFUSED),
    "access_token_expired": (Disconnected, Reason.AUTHORIZATION_REFUSED),
    "scope_missing": (Rejected, Reason.MISSING_SCOPE),
    "scope_missing_401": (Rejected, Reason.MISSING_SCOPE),
    "paid_only": (Rejected, Reason.PLAN_LIMIT),
    "validation_failed": (Rejected, Reason.BAD_REQUEST),
    "schedule_for_invalid": (Rejected, Reason.BAD_REQUEST),
    "is_a_webinar": (Rejected, Reason.NOT_ALLOWED),
    "cannot_schedule_for": (Rejected, Reason.NOT_ALLOWED),
    "domain_blocked": (Rejected, Reason.NOT_ALLOWED),
    "may_not_host": (Rejected, Reason.CANNOT_HOST),
    "invitation_expired": (Disconnected, Reason.INVITATION_EXPIRED),
    "pmi_not_deletable": (Rejected, Reason.PERSONAL_ROOM),
    "pac_not_deletable": (Rejected, Reason.PERSONAL_ROOM),
    "shared_access_denied": (Rejected, Reason.FORBIDDEN),
    "list_for_others_denied": (Rejected, Reason.FORBIDDEN),
    "user_missing": (Disconnected, Reason.USER_GONE),
    "recording_missing": (Rejected, Reason.REFUSED),
    "transcript_missing": (Rejected, Reason.REFUSED),
    "old_cannot_delete_in_progress": (Temporary, Reason.IN_PROGRESS),
    "old_not_host": (Rejected, Reason.NOT_HOST),
    "old_meeting_ended": (Rejected, Reason.ENDED),
    "old_user_not_in_account": (Disconnected, Reason.USER_GONE),
    "old_meeting_missing_300": (Rejected, Reason.REFUSED),
    "server_error": (Temporary, Reason.SERVER_ERROR),
    "bad_gateway": (Temporary, Reason.SERVER_ERROR),
    "unavailable": (Temporary, Reason.SERVER_ERROR),
    "gateway_timeout": (Temporary, Reason.SERVER_ERROR),
}


def answering(answer: Answer, purse: Purse | None = None) -> ZoomClient:
    """A client whose every call is answered so, by the sandbox's own words."""

    def handler(request: httpx2.Request) -> httpx2.Response:
        asked = Request(request.method, request.url.path, "", {}, b"")
        said = answer.response(asked, NOW)
        return httpx2.Response(said.status, content=said.body, headers=dict(said.headers))

    return make_client(handler, purse)


def test_every_refusal_of_the_sandbox_has_a_meaning_here() -> None:
    assert set(OUTCOMES) | {"meeting_missing"} == set(REST_ERRORS)


@pytest.mark.parametrize("call", [read, update, find], ids=["read", "update", "find"])
@pytest.mark.parametrize("name", OUTCOMES)
def test_each_refusal_of_a_repeatable_call_has_its_meaning(
    name: str, call: Callable[[ZoomClient], object]
) -> None:
    kind, reason = OUTCOMES[name]
    with pytest.raises(kind) as error:
        call(answering(REST_ERRORS[name]))
    assert error.value.reason == reason


@pytest.mark.parametrize("name", OUTCOMES)
def test_each_refusal_of_a_create_has_its_meaning(name: str) -> None:
    kind, reason = OUTCOMES[name]
    expected = Uncertain if reason == Reason.SERVER_ERROR else kind
    with pytest.raises(expected) as error:
        create(answering(REST_ERRORS[name]))
    assert error.value.reason == reason


@pytest.mark.parametrize(
    "name", ["meeting_missing", "old_meeting_missing_300", "pmi_not_deletable", "pac_not_deletable"]
)
def test_deleting_what_is_not_there_or_was_never_ours_is_a_success(name: str) -> None:
    delete(answering(REST_ERRORS[name]))


@pytest.mark.parametrize(
    "name", sorted(set(OUTCOMES) - {"old_meeting_missing_300", "pmi_not_deletable", "pac_not_deletable"})
)
def test_every_other_refusal_of_a_delete_has_its_meaning(name: str) -> None:
    kind, reason = OUTCOMES[name]
    with pytest.raises(kind) as error:
        delete(answering(REST_ERRORS[name]))
    assert error.value.reason == reason


@pytest.mark.parametrize("call", [read, update], ids=["read", "update"])
def test_a_missing_meeting_is_gone(call: Callable[[ZoomClient], object]) -> None:
    with pytest.raises(Gone):
        call(answering(REST_ERRORS["meeting_missing"]))


@pytest.mark.parametrize("call", [read, update, delete], ids=["read", "update", "delete"])
def test_a_404_that_is_not_zooms_never_means_that_the_meeting_is_gone(
    call: Callable[[ZoomClient], object],
) -> None:
    with pytest.raises(Temporary):
        call(make_client(lambda _: httpx2.Response(404, text="<html>Not Found</html>")))


@pytest.mark.parametrize("name", ["user_missing", "invitation_expired", "old_user_not_in_account"])
def test_an_account_that_left_ends_the_authorisation(name: str) -> None:
    purse = Purse()
    with pytest.raises(Disconnected):
        create(answering(REST_ERRORS[name], purse))
    assert purse.ended_with == [OUTCOMES[name][1]]


@pytest.mark.parametrize("name", ["scope_missing", "scope_missing_401"])
def test_missing_scopes_are_named_and_cost_no_refresh(name: str) -> None:
    purse = Purse()
    with pytest.raises(Rejected) as error:
        create(answering(REST_ERRORS[name], purse))
    assert error.value.facts["scopes"] == ("meeting:write:meeting",)
    assert purse.number == 1


def test_a_refused_field_is_named() -> None:
    with pytest.raises(Rejected) as error:
        create(answering(REST_ERRORS["validation_failed"]))
    assert error.value.facts == {"status": 400, "code": 300, "fields": ("topic",)}


@pytest.mark.parametrize(
    "response",
    [
        httpx2.Response(302, headers={"Location": "https://evil.example/"}),
        httpx2.Response(404, text="nginx"),
        httpx2.Response(408),
        httpx2.Response(500, content=b"\xff\xfe"),
    ],
    ids=lambda response: str(response.status_code),
)
def test_after_a_create_an_answer_that_is_not_zooms_leaves_it_open(response: httpx2.Response) -> None:
    with pytest.raises(Uncertain):
        create(make_client(lambda _: response))


def test_a_wait_that_zoom_asks_for_is_passed_on() -> None:
    with pytest.raises(Temporary) as error:
        read(answering(REST_ERRORS["unavailable"]))
    assert error.value.retry_after == 5


# ── Limits. Zoom: docs/api/rate-limits, read 2026-11-23 ──

LIMITS = {
    "per_second": Reason.RATE_LIMITED,
    "per_second_429": Reason.RATE_LIMITED,
    "per_second_retry_after": Reason.RATE_LIMITED,
    "concurrent": Reason.RATE_LIMITED,
    "account_daily": Reason.ACCOUNT_DAILY_LIMIT,
    "host_daily": Reason.HOST_DAILY_LIMIT,
}


def test_every_limit_of_the_sandbox_has_a_meaning_here() -> None:
    assert set(LIMITS) == set(RATE_LIMITS)


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
@pytest.mark.parametrize("name", LIMITS)
def test_a_limit_was_certainly_not_carried_out_and_says_when_to_come_back(
    name: str, call: Callable[[ZoomClient], object]
) -> None:
    with pytest.raises(Temporary) as error:
        call(answering(RATE_LIMITS[name]))
    assert error.value.reason == LIMITS[name]
    if LIMITS[name] == Reason.RATE_LIMITED:
        assert (error.value.retry_after, error.value.held_until) == (1, None)
    else:
        held_until = error.value.held_until
        assert held_until is not None
        assert MIDNIGHT < held_until <= MIDNIGHT + timedelta(minutes=2)


def test_the_day_of_a_limit_ends_by_zooms_clock() -> None:
    """Where ours is wrong by hours we would come back too early, or leave hosts without links for a day."""
    limit = RATE_LIMITS["host_daily"]
    headers = {"Date": "Wed, 02 Dec 2026 04:00:00 GMT"}
    client = make_client(lambda _: httpx2.Response(limit.status, json=limit.body, headers=headers))
    with pytest.raises(Temporary) as error:
        client.create(make_spec())
    assert error.value.held_until is not None
    left = error.value.held_until - NOW
    assert timedelta(hours=20) < left <= timedelta(hours=20, minutes=2)


# ── The way ──


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_request_that_never_left_was_not_carried_out(call: Callable[[ZoomClient], object]) -> None:
    with pytest.raises(Temporary) as error:
        call(raises(httpx2.ConnectTimeout("slow")))
    assert error.value.reason == Reason.UNREACHABLE


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
@pytest.mark.parametrize(
    "failure",
    [httpx2.ReadTimeout("silent"), httpx2.WriteError("cut"), httpx2.RemoteProtocolError("cut")],
    ids=lambda failure: type(failure).__name__,
)
def test_a_lost_answer_is_uncertain_for_a_create_and_repeatable_for_the_rest(
    failure: httpx2.TransportError, call: Callable[[ZoomClient], object]
) -> None:
    with pytest.raises(Uncertain if call is create else Temporary) as error:
        call(raises(failure))
    assert error.value.reason == Reason.NO_ANSWER


def test_the_log_has_a_line_per_call_and_nothing_secret(caplog: pytest.LogCaptureFixture) -> None:
    spec: MeetingSpec = make_spec()
    zoom = Recorder(says(201, meeting_body()), says(404, {"code": 3001, "message": "Meeting does not exist"}))
    client = make_client(zoom)
    with caplog.at_level("DEBUG"):
        client.create(spec)
        client.delete(MEETING_ID)
    lines = [record.__dict__ for record in caplog.records if record.name.startswith("koalendar")]
    assert [(line["msg"], line["call"], line["outcome"]) for line in lines] == [
        ("zoom_call", "create", 201),
        ("zoom_call", "delete", 404),
    ]
    assert not any(word in str(lines) for word in ("token-", "pwd", "zak", "Ax7kq2", "Ina"))

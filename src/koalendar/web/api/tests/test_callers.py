"""Who may call what: keys and their scopes, tokens, and the line between hosts."""

from datetime import timedelta

import pytest

from koalendar.accounts.keys import Scope, find_key, make_key, revoke_key
from koalendar.accounts.models import Audit
from koalendar.booking.links import token_for
from koalendar.outbox.models import Entry
from koalendar.web.api.tests.conftest import Program, program_of
from tests.people import NOW, ada, make_booking, make_connection, make_event_type, minutes

pytestmark = pytest.mark.django_db


def test_without_a_key_there_is_nothing_of_a_host(stranger: Program) -> None:
    for path in ("/me", "/schedules", "/event-types", "/bookings", "/connections"):
        answer = stranger.get(path)
        assert (answer.status, answer.code) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "value", ["Bearer nonsense", "Bearer ", "Basic YTpi", "koa_x", "Bearer koa_" + "x" * 9999]
)
def test_what_is_no_key_opens_nothing(stranger: Program, value: str) -> None:
    assert stranger.get("/me", Authorization=value).code == "unauthorized"


def test_a_key_shows_its_host(adas: Program) -> None:
    me = adas.get("/me").json
    assert (me["name"], me["email"], me["slug"]) == ("Ada Lovelace", "ada@example.com", "ada")
    assert me["url"] == "http://localhost:8000/ada/"


def test_a_revoked_key_opens_nothing_from_that_moment_on(stranger: Program) -> None:
    text = make_key(ada(), name="phone", now=NOW)
    header = f"Bearer {text}"
    assert stranger.get("/me", Authorization=header).status == 200
    key = find_key(text, now=NOW)
    assert key is not None
    revoke_key(key, now=NOW)
    assert stranger.get("/me", Authorization=header).code == "unauthorized"


def test_a_key_that_has_expired_opens_nothing(stranger: Program) -> None:
    text = make_key(ada(), name="old", now=NOW - timedelta(days=2), expires_at=NOW - minutes(1))
    assert stranger.get("/me", Authorization=f"Bearer {text}").code == "unauthorized"


def test_a_key_of_a_host_who_is_closed_opens_nothing(adas: Program) -> None:
    host = ada()
    host.is_active = False
    host.save()
    assert adas.get("/me").code == "unauthorized"


def test_scopes_are_kept() -> None:
    booking = make_booking()
    reader, booker = program_of(ada(), Scope.READ), program_of(ada(), Scope.BOOKINGS)
    assert reader.get("/bookings").status == 200
    assert (reader.post(f"/bookings/{booking.uid}/cancel").status) == 403
    assert reader.post("/schedules", {"name": "x", "timezone": "UTC"}).code == "insufficient_scope"
    assert booker.post("/event-types", {"title": "x"}).code == "insufficient_scope"
    assert booker.post(f"/bookings/{booking.uid}/cancel").status == 200


def test_what_is_anothers_is_not_there(adas: Program, bens: Program) -> None:
    booking, connection = make_booking(), make_connection()
    event_type = booking.appointment.event_type
    schedule = ada().schedules.earliest("pk")
    paths = [
        ("GET", f"/bookings/{booking.uid}"),
        ("POST", f"/bookings/{booking.uid}/cancel"),
        ("POST", f"/bookings/{booking.uid}/confirm"),
        ("POST", f"/bookings/{booking.uid}/decline"),
        ("POST", f"/bookings/{booking.uid}/sync"),
        ("GET", f"/event-types/{event_type.public_id}"),
        ("DELETE", f"/event-types/{event_type.public_id}"),
        ("GET", f"/schedules/{schedule.public_id}"),
        ("DELETE", f"/schedules/{schedule.public_id}"),
        ("DELETE", f"/connections/{connection.public_id}"),
    ]
    for method, path in paths:
        assert (path, bens.call(method, path).status) == (path, 404)
    assert bens.patch(f"/event-types/{event_type.public_id}", {"title": "Mine"}).status == 404
    assert bens.patch(f"/schedules/{schedule.public_id}", {"name": "Mine"}).status == 404
    assert bens.post(f"/bookings/{booking.uid}/reschedule", {"start": "2026-12-01T10:00:00Z"}).status == 404
    for path in ("/bookings", "/event-types", "/connections"):
        assert bens.get(path).json["items"] == []
    assert adas.get(f"/bookings/{booking.uid}").json["status"] == "confirmed"


def test_anothers_schedule_cannot_be_used(bens: Program) -> None:
    schedule = ada().schedules.earliest("pk")
    answer = bens.post("/event-types", {"title": "Talk", "schedule": schedule.public_id})
    assert answer.errors() == {"schedule": "unknown"}


def test_a_token_opens_its_booking_and_no_other(stranger: Program) -> None:
    mine = make_booking()
    other = make_booking(mine.appointment.event_type, start=mine.appointment.start + minutes(60))
    token = token_for(mine)
    assert stranger.get(f"/bookings/{mine.uid}", X_Booking_Token=token).json["uid"] == str(mine.uid)
    assert stranger.get(f"/bookings/{other.uid}", X_Booking_Token=token).status == 404
    assert stranger.get(f"/bookings/{mine.uid}", X_Booking_Token=str(mine.uid)).status == 401
    assert stranger.get("/bookings", X_Booking_Token=token).status == 401
    assert stranger.post(f"/bookings/{mine.uid}/sync", X_Booking_Token=token).status == 401


def test_a_host_sees_no_secret_of_a_connection(adas: Program) -> None:
    connection = make_connection()
    connection.credential.tokens = "sealed-tokens"
    connection.credential.account_email = "ada@zoom.example"
    connection.credential.scopes = "user:read:user"
    connection.credential.save()
    [told] = adas.get("/connections").json["items"]
    assert told["account"]["email"] == "ada@zoom.example"
    assert (told["state"], told["scopes"]) == ("active", ["user:read:user"])
    assert "meeting:write:meeting" in told["missing_scopes"]
    assert "sealed-tokens" not in str(told)
    assert set(told) == {
        "id", "provider", "account", "state", "problem", "scopes", "missing_scopes", "last_ok_at",
    }  # fmt: skip


def test_a_closed_host_offers_nothing(stranger: Program) -> None:
    made = make_event_type()
    host = ada()
    host.is_active = False
    host.save()
    assert stranger.get("/profiles/ada").status == 404
    assert stranger.get(f"/event-types/{made.public_id}/slots?start=2026-12-01&end=2026-12-01").status == 404


def test_disconnecting_by_a_program_is_told_and_stands_in_the_trail_once(adas: Program) -> None:
    connection = make_connection()
    connection.credential.tokens = ""
    connection.credential.save()
    for _ in range(2):
        assert adas.delete(f"/connections/{connection.public_id}").status == 204
    [row] = Audit.objects.filter(act="disconnected")
    assert (row.host, row.facts["provider"]) == (ada(), "zoom")
    assert Entry.objects.filter(kind="connection", subject=str(connection.credential_id)).exists()

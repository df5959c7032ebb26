"""Meetings as Zoom keeps them, odd habits included."""

from __future__ import annotations

from typing import Any

import pytest

from koalendar.sandbox.tests.conftest import Clock, Integrator, meeting_order
from koalendar.sandbox.world import SCOPES


def test_a_created_meeting_has_a_large_unique_id_and_its_own_link(ada: Integrator) -> None:
    first, second = ada.create().json(), ada.create().json()
    assert first["id"] > 2**31
    assert first["id"] != second["id"]
    assert f"/j/{first['id']}?pwd=" in first["join_url"]
    assert first["status"] == "waiting"
    assert first["creation_source"] == "open_api"
    assert first["pstn_password"].isdigit()
    assert first["settings"]["global_dial_in_numbers"]


def test_forgetting_use_pmi_gives_everybody_adas_personal_room(ada: Integrator) -> None:
    first, second = ada.create(settings={}).json(), ada.create(settings={}).json()
    assert first["join_url"] == second["join_url"]
    assert first["pmi"] in first["join_url"]


def test_a_past_or_missing_start_silently_becomes_now(ada: Integrator) -> None:
    assert ada.create(start_time="2020-01-01T09:00:00Z").json()["start_time"] == "2026-12-01T12:00:00Z"
    order = meeting_order()
    del order["start_time"]
    answer = ada.call("POST", "/users/me/meetings", json=order)
    assert answer.json()["start_time"] == "2026-12-01T12:00:00Z"


def test_a_local_start_is_read_in_the_zone_beside_it(ada: Integrator) -> None:
    order = {"start_time": "2026-12-03T09:00:00", "timezone": "Asia/Kathmandu"}
    assert ada.create(**order).json()["start_time"] == "2026-12-03T03:15:00Z"


def test_an_update_answers_204_without_a_body_and_moves_the_meeting(ada: Integrator) -> None:
    meeting = ada.create().json()
    answer = ada.call("PATCH", f"/meetings/{meeting['id']}", json={"start_time": "2026-12-04T10:00:00Z"})
    assert (answer.status_code, answer.content) == (204, b"")
    moved = ada.call("GET", f"/meetings/{meeting['id']}").json()
    assert moved["start_time"] == "2026-12-04T10:00:00Z"
    assert moved["join_url"] == meeting["join_url"]


def test_an_update_ignores_a_past_start_without_a_word(ada: Integrator) -> None:
    meeting = ada.create().json()
    answer = ada.call("PATCH", f"/meetings/{meeting['id']}", json={"start_time": "2020-01-01T09:00:00Z"})
    assert answer.status_code == 204
    assert ada.call("GET", f"/meetings/{meeting['id']}").json()["start_time"] == meeting["start_time"]


def test_an_empty_time_zone_leaves_the_meeting_in_its_own(ada: Integrator) -> None:
    meeting = ada.create().json()
    ada.call("PATCH", f"/meetings/{meeting['id']}", json={"timezone": ""})
    assert ada.call("GET", f"/meetings/{meeting['id']}").json()["timezone"] == "Europe/Paris"


def test_a_new_passcode_changes_the_link(ada: Integrator) -> None:
    meeting = ada.create().json()
    ada.call("PATCH", f"/meetings/{meeting['id']}", json={"password": "new_one"})
    changed = ada.call("GET", f"/meetings/{meeting['id']}").json()
    assert changed["password"] == "new_one"
    assert changed["join_url"] != meeting["join_url"]


def test_an_update_takes_fewer_passcode_characters_than_a_create(ada: Integrator) -> None:
    meeting = ada.create(password="a!b#c").json()
    assert meeting["password"] == "a!b#c"
    answer = ada.call("PATCH", f"/meetings/{meeting['id']}", json={"password": "a!b#c"})
    assert answer.json()["errors"][0]["field"] == "password"


def test_deleting_twice_is_3001_the_second_time(ada: Integrator) -> None:
    path = f"/meetings/{ada.create().json()['id']}"
    first = ada.call("DELETE", f"{path}?schedule_for_reminder=false&cancel_meeting_reminder=false")
    assert (first.status_code, first.content) == (204, b"")
    for method in ("GET", "PATCH", "DELETE"):
        again = ada.call(method, path, **({"json": {"topic": "x"}} if method == "PATCH" else {}))
        assert (again.status_code, again.json()["code"]) == (404, 3001)


def test_a_meeting_expires_thirty_days_after_its_date(ada: Integrator, clock: Clock) -> None:
    path = f"/meetings/{ada.create().json()['id']}"
    clock.advance(days=33)
    ada.connect()
    assert ada.call("GET", path).json()["code"] == 3001
    assert ada.call("GET", "/users/me/meetings?type=scheduled").json()["meetings"] == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"topic": "t" * 201}, "topic"),
        ({"agenda": "a" * 2001}, "agenda"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"duration": 0}, "duration"),
        ({"duration": 1441}, "duration"),
        ({"duration": True}, "duration"),
        ({"start_time": "tomorrow"}, "start_time"),
        ({"start_time": "2026-12-03T09:00:00+01:00"}, "start_time"),
        ({"password": "longer than ten"}, "password"),
        ({"settings": {"waiting_room": "yes"}}, "settings.waiting_room"),
        ({"settings": {"auto_recording": "maybe"}}, "settings.auto_recording"),
        ({"settings": []}, "settings"),
    ],
)
def test_a_field_that_breaks_a_rule_is_named(ada: Integrator, changes: dict[str, Any], field: str) -> None:
    answer = ada.create(**changes)
    assert (answer.status_code, answer.json()["code"]) == (400, 300)
    assert [error["field"] for error in answer.json()["errors"]] == [field]


def test_lists_cut_the_agenda_to_250_characters(ada: Integrator) -> None:
    meeting = ada.create(agenda="é" * 400).json()
    listed = ada.call("GET", "/users/me/meetings").json()["meetings"][0]
    assert listed["agenda"] == "é" * 250
    assert ada.call("GET", f"/meetings/{meeting['id']}").json()["agenda"] == "é" * 400


def test_lists_come_in_pages_whose_token_lives_fifteen_minutes(ada: Integrator, clock: Clock) -> None:
    made = [ada.create(start_time=f"2026-12-0{day}T09:00:00Z").json()["id"] for day in (5, 3, 4)]
    first = ada.call("GET", "/users/me/meetings?type=upcoming&page_size=2").json()
    assert [one["id"] for one in first["meetings"]] == [made[1], made[2]]
    assert (first["total_records"], first["page_count"]) == (3, 2)
    following = f"/users/me/meetings?type=upcoming&page_size=2&next_page_token={first['next_page_token']}"
    second = ada.call("GET", following).json()
    assert [one["id"] for one in second["meetings"]] == [made[0]]
    assert second["next_page_token"] == ""
    clock.advance(minutes=16)
    assert ada.call("GET", following).json()["code"] == 300


def test_upcoming_lists_leave_out_what_has_ended(ada: Integrator, clock: Clock) -> None:
    ada.create(start_time="2026-12-01T12:10:00Z")
    clock.advance(minutes=45)
    assert ada.call("GET", "/users/me/meetings?type=upcoming").json()["total_records"] == 0
    assert ada.call("GET", "/users/me/meetings?type=previous_meetings").json()["total_records"] == 1
    assert ada.call("GET", "/users/me/meetings?type=scheduled").json()["total_records"] == 1


def test_a_host_has_a_hundred_writes_a_day_until_midnight_utc(ada: Integrator, clock: Clock) -> None:
    path = f"/meetings/{ada.create().json()['id']}"
    codes = {ada.call("PATCH", path, json={"agenda": str(n)}).status_code for n in range(99)}
    assert codes == {204}
    spent = ada.create()
    assert spent.status_code == 429
    assert "daily rate limit (100)" in spent.json()["message"]
    assert "retry-after" not in spent.headers
    assert ada.call("GET", path).status_code == 200
    clock.advance(hours=12)
    ada.tokens = ada.refresh(ada.tokens["refresh_token"]).json()
    assert ada.create().status_code == 201


def test_per_second_limits_follow_the_plan_when_switched_on(zoom: Integrator) -> None:
    zoom.connect("ben@example.com")
    zoom.sandbox.zoom.per_second_limits = True
    statuses = [zoom.call("GET", "/users/me").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 200, 429]


@pytest.mark.parametrize("missing", SCOPES)
def test_each_call_needs_its_scope(zoom: Integrator, missing: str) -> None:
    calls: dict[str, tuple[str, str]] = {
        "user:read:user": ("GET", "/users/me"),
        "user:read:settings": ("GET", "/users/me/settings"),
        "meeting:write:meeting": ("POST", "/users/me/meetings"),
        "meeting:read:meeting": ("GET", "/meetings/81234567890"),
        "meeting:update:meeting": ("PATCH", "/meetings/81234567890"),
        "meeting:delete:meeting": ("DELETE", "/meetings/81234567890"),
        "meeting:read:list_meetings": ("GET", "/users/me/meetings"),
    }
    zoom.connect(scopes=tuple(scope for scope in SCOPES if scope != missing))
    method, path = calls[missing]
    answer = zoom.call(method, path, json=meeting_order() if method in ("POST", "PATCH") else None)
    assert (answer.status_code, answer.json()["code"]) == (400, 4711)
    assert f"does not contain scopes:[{missing}]" in answer.json()["message"]


def test_only_me_is_a_user_for_a_user_managed_token(ada: Integrator) -> None:
    answer = ada.call("GET", "/users/ada@example.com")
    assert (answer.status_code, answer.json()["code"]) == (401, 4700)


def test_ben_sees_nothing_of_adas_meetings(ada: Integrator) -> None:
    path = f"/meetings/{ada.create().json()['id']}"
    ada.connect("ben@example.com")
    assert ada.call("GET", path).json()["code"] == 3001
    assert ada.call("GET", "/users/me/meetings").json()["meetings"] == []


def test_settings_locked_by_the_account_win_without_a_word(ada: Integrator) -> None:
    ada.sandbox.zoom.user("ada@example.com").locked = {"waiting_room": True}
    settings = ada.create(settings={"use_pmi": False, "waiting_room": False, "join_before_host": True}).json()
    assert settings["settings"]["waiting_room"] is True
    assert settings["settings"]["join_before_host"] is False


def test_a_meeting_without_any_protection_gets_a_waiting_room(ada: Integrator) -> None:
    meeting = ada.create(default_password=False).json()
    assert "password" not in meeting
    assert "?pwd=" not in meeting["join_url"]
    assert meeting["settings"]["waiting_room"] is True


def test_passcodes_follow_the_accounts_policy(ada: Integrator) -> None:
    policy = {"length": 8, "have_special_character": True}
    ada.sandbox.zoom.user("ada@example.com").passcode_policy = policy
    assert ada.create(password="Ab1").json()["errors"][0]["field"] == "password"
    generated = ada.create().json()["password"]
    assert len(generated) >= 8
    assert "@" in generated
    settings = ada.call("GET", "/users/me/settings").json()
    assert settings["schedule_meeting"]["meeting_password_requirement"]["length"] == 8


def test_basic_hosts_get_no_registration_and_alternative_hosts_must_be_licensed(zoom: Integrator) -> None:
    zoom.connect("ben@example.com")
    assert zoom.create(settings={"use_pmi": False, "approval_type": 0}).json()["code"] == 200
    answer = zoom.create(settings={"use_pmi": False, "alternative_hosts": "ada@example.com"})
    assert answer.status_code == 400


def test_the_profile_names_plan_zone_and_account(ada: Integrator) -> None:
    profile = ada.call("GET", "/users/me").json()
    assert (profile["type"], profile["timezone"], profile["status"]) == (2, "Europe/Paris", "active")
    assert profile["id"]
    assert profile["account_id"]

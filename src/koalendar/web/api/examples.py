"""One example of each shape that a call reads or answers, for the OpenAPI document."""

from typing import Any

_SCHEDULE = {
    "name": "Mornings",
    "timezone": "Europe/Paris",
    "weekly": {"mon": [["09:00", "12:00"]], "thu": [["09:00", "10:30"], ["11:00", "12:00"]]},
    "overrides": {"2026-12-24": []},
}
_EVENT_TYPE = {
    "title": "Intro call",
    "slug": "intro-call",
    "description": "A first talk: what you need, what comes next.",
    "durations": [30, 60],
    "locations": [{"kind": "zoom"}],
    "slot_step": 30,
    "buffer_after": 15,
    "minimum_notice": 120,
    "booking_window_days": 60,
    "max_per_day": 4,
    "questions": [
        {"code": "topic", "label": "What is it about?", "kind": "short_text", "required": True, "choices": []}
    ],
    "reminders": [1440],
}
_OFFER = {
    "id": "iTq0yP1pXK9h3F2mWc5Y7w",
    "title": "Intro call",
    "slug": "intro-call",
    "description": "A first talk: what you need, what comes next.",
    "durations": [30, 60],
    "locations": [{"kind": "zoom"}],
    "questions": _EVENT_TYPE["questions"],
    "guests_allowed": True,
    "requires_confirmation": False,
    "url": "https://meet.example.com/ada/intro-call/",
}
_HOST = {
    "slug": "ada",
    "name": "Ada Lovelace",
    "timezone": "Europe/London",
    "away": {"until": "2027-01-04", "message": "Back after the holidays."},
}
_SCHEDULE_SHOWN = {"id": "Zk3vJ0b1R8yQ5n2sTt6LxA", **_SCHEDULE}
_EVENT_TYPE_SHOWN = {
    **_EVENT_TYPE,
    "id": "iTq0yP1pXK9h3F2mWc5Y7w",
    "locations": [{"kind": "zoom", "connection": None}],
    "schedule": "Zk3vJ0b1R8yQ5n2sTt6LxA",
    "buffer_before": 0,
    "max_per_week": None,
    "guests_allowed": True,
    "requires_confirmation": False,
    "request_expires_after": 1440,
    "change_cutoff": 0,
    "redirect_url": None,
    "active": True,
    "hidden": False,
    "zone_locked": False,
    "google_invites": False,
    "url": "https://meet.example.com/ada/intro-call/",
}
_TOKEN = "kJm0uWq7T5y1d8oXcN2b3FvE6rGhL4iSaPzQYtU9eRw"  # noqa: S105  It opens nothing.
_BOOKING = {
    "uid": "6f9c1f0e-5d0a-4a0e-9b54-0f6c3a0f4a11",
    "status": "confirmed",
    "sequence": 0,
    "event_type": {"id": "iTq0yP1pXK9h3F2mWc5Y7w", "title": "Intro call", "slug": "intro-call"},
    "start": "2026-12-01T08:00:00Z",
    "end": "2026-12-01T08:30:00Z",
    "invitee": {"name": "Ina Berg", "email": "ina@example.com", "timezone": "Europe/Paris", "locale": "fr"},
    "guests": ["bo@example.com"],
    "answers": {"topic": "Bees"},
    "location": {
        "kind": "zoom",
        "state": "ready",
        "join_url": "https://zoom.us/j/85412345678?pwd=abc",
        "meeting_id": "85412345678",
        "passcode": "271828",
        "dial_in": [{"country": "GB", "number": "+44 330 088 5830"}],
        "problem": None,
    },
    "calendar": {"state": "none", "problem": None},
    "urls": {
        "manage": f"https://meet.example.com/b/{_TOKEN}/",
        "reschedule": f"https://meet.example.com/b/{_TOKEN}/reschedule/",
        "cancel": f"https://meet.example.com/b/{_TOKEN}/cancel/",
    },
    "created_at": "2026-11-25T17:18:24Z",
    "cancelled": None,
}
_CONNECTION = {
    "id": "Yx4Qm0cVw2Lk9TgB",
    "provider": "zoom",
    "account": {"name": "Ada Lovelace", "email": "ada@example.com"},
    "state": "active",
    "problem": None,
    "scopes": ["meeting:write:meeting", "user:read:user"],
    "missing_scopes": [],
    "last_ok_at": "2026-11-25T17:18:24Z",
}

# By the names of the shapes.
EXAMPLES: dict[str, Any] = {
    "Me": {
        "id": "ada",
        "name": "Ada Lovelace",
        "email": "ada@example.com",
        "timezone": "Europe/London",
        "locale": "en",
        "slug": "ada",
        "url": "https://meet.example.com/ada/",
    },
    "ScheduleAsked": _SCHEDULE,
    "ScheduleChanged": {"overrides": {"2026-12-24": []}},
    "ScheduleShown": _SCHEDULE_SHOWN,
    "ScheduleList": {"items": [_SCHEDULE_SHOWN], "next_cursor": None},
    "EventTypeAsked": _EVENT_TYPE,
    "EventTypeChanged": {"buffer_after": 15, "max_per_day": None},
    "EventTypeShown": _EVENT_TYPE_SHOWN,
    "EventTypeList": {"items": [_EVENT_TYPE_SHOWN], "next_cursor": None},
    "Slots": {
        "timezone": "Europe/Paris",
        "duration": 30,
        "days": [{"date": "2026-12-01", "slots": ["2026-12-01T09:00:00+01:00", "2026-12-01T09:30:00+01:00"]}],
    },
    "ProfileShown": {
        **_HOST,
        "welcome": "Pick a time that suits you.",
        "url": "https://meet.example.com/ada/",
        "event_types": [_OFFER],
    },
    "OfferOfHost": {**_OFFER, "host": _HOST},
    "BookingAsked": {
        "event_type": "iTq0yP1pXK9h3F2mWc5Y7w",
        "start": "2026-12-01T09:00:00+01:00",
        "duration": 30,
        "invitee": _BOOKING["invitee"],
        "guests": ["bo@example.com"],
        "answers": {"topic": "Bees"},
    },
    "BookingMade": {**_BOOKING, "token": _TOKEN},
    "BookingShown": _BOOKING,
    "BookingList": {"items": [_BOOKING], "next_cursor": "MjAyNi0xMi0wMVQwODowMDowMCswMDowMHw3"},
    "Reschedule": {"start": "2026-12-01T11:00:00+01:00", "reason": "The train is late"},
    "Reason": {"reason": "I am ill"},
    "ConnectionList": {"items": [_CONNECTION], "next_cursor": None},
}

"""Zoom's REST API below ``/v2``, as far as a scheduling product needs it.

Facts are from Zoom's API reference, read 2026-11-23, unless a line says otherwise:
https://developers.zoom.us/docs/api/meetings/ and https://developers.zoom.us/docs/api/users/
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from koalendar.sandbox.faults import HOST_DAILY_TEXT, PER_SECOND_TEXT
from koalendar.sandbox.wire import Json, Request, Response, json_answer
from koalendar.sandbox.world import BASIC, LICENSED, Meeting, Token, ZoomUser, ZoomWorld, from_to, iso

ZONES = frozenset(available_timezones())
JOIN_HOST = "https://us05web.zoom.us"
PAGE_TOKEN_LIFE = timedelta(minutes=15)
LIST_REACH = timedelta(days=183)

#: Settings that a request may carry, with the values they take. Zoom ignores what it does not know.
_FLAGS = (
    "allow_host_control_participant_mute_state allow_multiple_devices "
    "alternative_host_manage_cloud_recording alternative_host_manage_meeting_summary "
    "alternative_host_update_polls alternative_hosts_email_notification "
    "auto_start_ai_companion_questions auto_start_deepfake_detection auto_start_meeting_summary "
    "close_registration cn_meeting device_testing disable_participant_video email_in_attendee_report "
    "email_notification focus_mode host_pause_stop_recording host_save_video_order host_video "
    "in_meeting internal_meeting join_before_host meeting_authentication mute_upon_entry "
    "participant_focused_meeting participant_video private_meeting push_change_to_calendar "
    "registrants_confirmation_email registrants_email_notification "
    "request_permission_to_unmute_participants show_join_info show_share_button use_pmi waiting_room "
    "watermark"
).split()
_TEXTS = (
    "alternative_hosts audio_conference_info authentication_domains authentication_option contact_email "
    "contact_name summary_template_id"
).split()
_CHOICES: dict[str, tuple[Any, ...]] = {
    "approval_type": (0, 1, 2),
    "audio": ("both", "telephony", "voip", "thirdParty"),
    "auto_recording": ("local", "cloud", "none"),
    "calendar_type": (1, 2),
    "encryption_type": ("enhanced_encryption", "e2ee"),
    "jbh_time": (0, 5, 10, 15),
    "registration_type": (1, 2, 3),
    "who_will_receive_summary": (1, 2, 3, 4),
    "who_can_ask_questions": (1, 2, 3, 4, 5),
}
_OBJECTS = ("breakout_room", "continuous_meeting_chat", "question_and_answer", "waiting_room_options")
_LISTS = ("additional_data_center_regions", "global_dial_in_countries", "meeting_invitees")

DEFAULT_SETTINGS: Json = {
    "host_video": False,
    "participant_video": False,
    "cn_meeting": False,
    "in_meeting": False,
    "join_before_host": False,
    "jbh_time": 0,
    "mute_upon_entry": False,
    "watermark": False,
    "use_pmi": False,
    "approval_type": 2,
    "audio": "both",
    "auto_recording": "none",
    "alternative_hosts": "",
    "alternative_hosts_email_notification": True,
    "email_notification": True,
    "close_registration": False,
    "registrants_confirmation_email": True,
    "registrants_email_notification": True,
    "meeting_authentication": False,
    "show_share_button": False,
    "allow_multiple_devices": False,
    "encryption_type": "enhanced_encryption",
    "waiting_room": False,
    "private_meeting": False,
    "internal_meeting": False,
    "focus_mode": False,
    "push_change_to_calendar": False,
    "device_testing": False,
}
DIAL_IN_NUMBERS = [
    {
        "country": "FR",
        "country_name": "France",
        "city": "Paris",
        "number": "+33 1 7095 0103",
        "type": "toll",
    },
    {"country": "US", "country_name": "US", "city": "New York", "number": "+1 646 558 8656", "type": "toll"},
    {"country": "US", "country_name": "US", "city": "", "number": "+1 877 853 5257", "type": "tollfree"},
]


class ApiError(Exception):
    """An error answer in Zoom's shape: https://developers.zoom.us/docs/api/errors"""

    def __init__(
        self, status: int, code: int, message: str, errors: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(message)
        body: Json = {"code": code, "message": message}
        if errors:
            body["errors"] = errors
        self.response = json_answer(status, body)


def invalid(fields: dict[str, str]) -> ApiError:
    errors = [{"field": name, "message": message} for name, message in fields.items()]
    return ApiError(400, 300, "Validation Failed.", errors)


@dataclass(frozen=True)
class Operation:
    """A call of the API: who answers, the scope it needs, its rate limit label."""

    method: str
    path: re.Pattern[str]
    answer: Callable[[RestApi, Visit], Response]
    scope: str
    label: str


@dataclass(frozen=True)
class Visit:
    """One authorised call: the request, whose token it carries, and the number in the path (0: none)."""

    request: Request
    user: ZoomUser
    number: int


class RestApi:
    """Answers calls below ``/v2`` against a world."""

    def __init__(self, world: ZoomWorld) -> None:
        self.world = world

    def answer(self, request: Request) -> Response:
        """The answer to one call, errors included; never raises for what a client may send."""
        try:
            with self.world.lock:
                return self._authorised(request)
        except ApiError as refusal:
            return refusal.response

    def _authorised(self, request: Request) -> Response:
        token, user = self.caller(request)
        operation, found = self._operation(request)
        label = {"X-RateLimit-Category": operation.label}
        if "user" in found.groupdict() and found["user"] != "me":
            # A user-managed token may say `me` only: https://developers.zoom.us/docs/api/using-zoom-apis/
            raise ApiError(
                401, 4700, f"Invalid access token, does not contain scopes:[{operation.scope}:admin]."
            )
        if operation.scope not in token.scopes:
            # HTTP 400 with 4711: https://github.com/JubaerHossain/zoom-laravel/issues/15
            raise ApiError(400, 4711, f"Invalid access token, does not contain scopes:[{operation.scope}].")
        if not self.world.within_per_second_limit(user, operation.label):
            raise ApiError(429, 4001, PER_SECOND_TEXT)
        number = int(found["number"]) if "number" in found.groupdict() else 0
        response = operation.answer(self, Visit(request, user, number))
        response.headers |= label
        return response

    def caller(self, request: Request) -> tuple[Token, ZoomUser]:
        """Whose token the request carries; 401/124 for a missing, unknown or expired one."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        token = self.world.access(value.strip()) if scheme.lower() == "bearer" else None
        if token is None:
            known = self.world.tokens.get(value.strip())
            raise ApiError(401, 124, "Access token is expired." if known else "Invalid access token.")
        return token, self.world.users[token.user_id]

    def _operation(self, request: Request) -> tuple[Operation, re.Match[str]]:
        matches = [(entry, entry.path.fullmatch(request.path)) for entry in OPERATIONS]
        here = [(entry, found) for entry, found in matches if found]
        for entry, found in here:
            if entry.method == request.method:
                return entry, found
        if here:
            raise ApiError(405, 405, "Request method is not supported by this API.")
        raise ApiError(404, 404, "Unable to find this API; this stand-in for Zoom may not have it.")

    # -- users ----------------------------------------------------------------------------------------------

    def read_user(self, visit: Visit) -> Response:
        user = visit.user
        return json_answer(
            200,
            {
                "id": user.id,
                "first_name": user.first_name,
                "last_name": user.last_name,
                "display_name": user.name,
                "email": user.email,
                "type": user.type,
                "role_name": "Owner",
                "pmi": user.pmi,
                "use_pmi": bool(user.preferences.get("use_pmi", False)),
                "personal_meeting_url": f"{JOIN_HOST}/j/{user.pmi}?pwd={_pwd(user.pmi_passcode)}",
                "timezone": user.timezone,
                "verified": 1,
                "account_id": user.account_id,
                "status": user.status,
                "language": "en-US",
                "created_at": "2024-01-15T09:00:00Z",
            },
        )

    def read_settings(self, visit: Visit) -> Response:
        user = visit.user
        settings = DEFAULT_SETTINGS | user.preferences | user.locked
        if visit.request.query.get("option") == "meeting_security":
            security = {"waiting_room": settings["waiting_room"], "meeting_password": True}
            policy = {"meeting_password_requirement": _policy(user)}
            return json_answer(200, {"meeting_security": security | policy})
        return json_answer(
            200,
            {
                "schedule_meeting": {
                    "audio_type": settings["audio"],
                    "embed_password_in_join_link": settings.get("embed_password_in_join_link", True),
                    "host_video": settings["host_video"],
                    "participants_video": settings["participant_video"],
                    "join_before_host": settings["join_before_host"],
                    "meeting_password_requirement": _policy(user),
                    "pmi_password": user.pmi_passcode,
                    "require_password_for_scheduling_new_meetings": True,
                    "require_password_for_scheduled_meetings": True,
                    "require_password_for_pmi_meetings": "all",
                    "use_pmi_for_instant_meetings": False,
                    "use_pmi_for_scheduled_meetings": settings["use_pmi"],
                },
                "in_meeting": {"waiting_room": settings["waiting_room"], "chat": True},
                "recording": {"auto_recording": settings["auto_recording"]},
                "feature": {"meeting_capacity": 100 if user.type == BASIC else 300},
            },
        )

    # -- one meeting ----------------------------------------------------------------------------------------

    def create_meeting(self, visit: Visit) -> Response:
        user, now = visit.user, self.world.now()
        self._spend_write(user)
        fields = _checked_fields(visit.request, creating=True)
        number = self.world.new_meeting_id()
        # Automatic recording by the person's own settings was not followed by meetings that apps made without
        # saying so: https://github.com/calcom/cal.com/issues/15474
        own = {name: value for name, value in user.preferences.items() if name != "auto_recording"}
        settings = self._settings(user, fields.get("settings", {}), DEFAULT_SETTINGS | own)
        passcode = self._passcode(user, fields)
        body: Json = {
            "uuid": base64.b64encode(uuid.uuid4().bytes).decode(),
            "id": number,
            "host_id": user.id,
            "host_email": user.email,
            "topic": fields.get("topic") or "Zoom Meeting",
            "type": fields.get("type", 2),
            "status": "waiting",
            "start_time": iso(_create_start(fields, user, now)),
            "duration": fields.get("duration", 60),
            "timezone": fields.get("timezone") or user.timezone,
            "agenda": fields.get("agenda", ""),
            "created_at": iso(now),
            "pre_schedule": False,
            "creation_source": "open_api",
            "settings": settings,
        }
        body |= {name: fields[name] for name in ("tracking_fields",) if name in fields}
        meeting = Meeting(number, user.id, body)
        self._dress(meeting, user, passcode)
        meeting.remember("created", "API", now, body["start_time"])
        self.world.meetings[number] = meeting
        self.world.on_change()
        self.world.tell_about(meeting, "meeting.created")
        return json_answer(201, body)

    def read_meeting(self, visit: Visit) -> Response:
        return json_answer(200, self._meeting(visit).body)

    def update_meeting(self, visit: Visit) -> Response:
        """204 and no body whatever changed; a missing or past start is ignored without a word."""
        self._refuse_occurrence(visit)
        meeting, user, now = self._meeting(visit), visit.user, self.world.now()
        self._spend_write(user)
        fields = _checked_fields(visit.request, creating=False)
        before = {name: value for name, value in meeting.body.items() if name != "settings"}
        names = ("topic", "type", "duration", "timezone", "agenda", "tracking_fields")
        meeting.body |= {name: fields[name] for name in names if name in fields}
        meeting.body["timezone"] = meeting.body["timezone"] or before["timezone"]
        start = _start_instant(fields, user, meeting.body["timezone"])
        if start is not None and start >= now:
            meeting.body["start_time"] = iso(start)
        if "settings" in fields:
            meeting.body["settings"] = self._settings(user, fields["settings"], meeting.body["settings"])
        passcode = meeting.body.get("password", "")
        if "password" in fields:
            passcode = _acceptable_passcode(user, fields["password"])
        if meeting.body["settings"]["use_pmi"] and "password" in fields:
            # The personal room has one passcode: https://github.com/jrchamp/moodle-mod_zoom/issues/393
            user.pmi_passcode = passcode
        self._dress(meeting, user, passcode)
        self._note_update(meeting, before, now)
        return Response(204)

    def _note_update(self, meeting: Meeting, before: Json, now: datetime) -> None:
        old = {
            name: value
            for name, value in before.items()
            if meeting.body.get(name) != value and name != "start_url"
        }
        moved = "start_time" in old
        detail = ", ".join(sorted(old))
        if moved:
            detail = from_to(before["start_time"], meeting.body["start_time"])
        meeting.remember("moved" if moved else "changed", "API", now, detail or "nothing different")
        self.world.on_change()
        self.world.tell_about(meeting, "meeting.updated", old=old)

    def delete_meeting(self, visit: Visit) -> Response:
        self._refuse_occurrence(visit)
        meeting = self._meeting(visit)
        self.world.delete_meeting(meeting.id, by="API")
        return Response(204)

    def _refuse_occurrence(self, visit: Visit) -> None:
        if "occurrence_id" in visit.request.query:
            raise ApiError(400, 300, "Invalid parameter: occurrence_id.")

    def _meeting(self, visit: Visit) -> Meeting:
        meeting = self.world.find_meeting(visit.number, visit.user.id)
        if meeting is None:
            raise ApiError(404, 3001, f"Meeting does not exist: {visit.number}.")
        return meeting

    def _spend_write(self, user: ZoomUser) -> None:
        if not self.world.spend_daily_write(user):
            # No Retry-After with this one, and counters of another budget: https://devforum.zoom.us/t/18928
            raise ApiError(429, 429, HOST_DAILY_TEXT)

    def _settings(self, user: ZoomUser, sent: Json, base: Json) -> Json:
        """What the meeting gets: what was there, then what was sent, then what the account has locked.

        Locked settings win without a word: https://github.com/jrchamp/moodle-mod_zoom/issues/650
        """
        known = {*_FLAGS, *_TEXTS, *_CHOICES, *_OBJECTS, *_LISTS}
        settings = base | {name: value for name, value in sent.items() if name in known} | user.locked
        settings.pop("embed_password_in_join_link", None)
        self._check_plan(user, settings)
        if settings["waiting_room"]:
            settings["join_before_host"] = False
        settings["global_dial_in_numbers"] = DIAL_IN_NUMBERS
        return settings

    def _check_plan(self, user: ZoomUser, settings: Json) -> None:
        if settings["approval_type"] != 2 and user.type == BASIC:
            raise ApiError(400, 200, "Registration is only available for Paid account.")
        wanted = [address.strip() for address in settings["alternative_hosts"].split(";") if address.strip()]
        licensed = {
            other.email
            for other in self.world.users.values()
            if other.type == LICENSED and other.account_id == user.account_id
        }
        if not set(wanted) <= licensed:
            # https://github.com/jrchamp/moodle-mod_zoom/issues/302
            raise ApiError(400, 300, "Alternative hosts must be licensed users of the same account.")

    def _passcode(self, user: ZoomUser, fields: Json) -> str:
        if fields.get("password"):
            return _acceptable_passcode(user, fields["password"])
        if fields.get("default_password", True):
            return _generated_passcode(user)
        return ""

    def _dress(self, meeting: Meeting, user: ZoomUser, passcode: str) -> None:
        """The addresses and passcodes that follow from the meeting's room and passcode."""
        body, settings = meeting.body, meeting.body["settings"]
        room = meeting.id
        body.pop("pmi", None)
        if settings["use_pmi"]:
            # All such meetings share the host's one room and its passcode.
            room, passcode = user.pmi, user.pmi_passcode
            body["pmi"] = str(user.pmi)
        if not passcode and not settings["meeting_authentication"]:
            # Zoom forces a waiting room on the unprotected: https://github.com/gofractally/Eden/pull/351
            settings["waiting_room"] = True
            settings["join_before_host"] = False
        embed = passcode and user.preferences.get("embed_password_in_join_link", True)
        body["join_url"] = f"{JOIN_HOST}/j/{room}" + (f"?pwd={_pwd(passcode)}" if embed else "")
        body["start_url"] = f"{JOIN_HOST}/s/{room}?zak={secrets.token_urlsafe(120)}"
        for name in ("password", "encrypted_password", "pstn_password", "h323_password"):
            body.pop(name, None)
        if passcode:
            # Telephones get a passcode of their own, digits only.
            digits = f"{int.from_bytes(hashlib.sha256(passcode.encode()).digest()[:4], 'big') % 10**6:06d}"
            body |= {
                "password": passcode,
                "encrypted_password": _pwd(passcode),
                "pstn_password": digits,
                "h323_password": digits,
            }

    # -- lists ----------------------------------------------------------------------------------------------

    def list_meetings(self, visit: Visit) -> Response:
        """Unexpired meetings in order of their start, agenda cut to 250 characters, at most 300 a page."""
        query = visit.request.query
        size, offset = _page(query, self.world.now())
        kind = query.get("type", "scheduled")
        if kind not in _LIST_TYPES:
            raise invalid({"type": "Invalid field."})
        window = _window(query)
        now = self.world.now()
        chosen = sorted(
            (
                meeting
                for meeting in self.world.present_meetings()
                if meeting.host_id == visit.user.id
                and meeting.hidden_until <= now.timestamp()
                and _LIST_TYPES[kind](meeting, now)
                and window[0] <= meeting.start.date() <= window[1]
            ),
            key=lambda meeting: (meeting.start, meeting.id),
        )
        more = offset + size < len(chosen)
        answer: Json = {
            "page_count": max(1, -(-len(chosen) // size)),
            "page_number": offset // size + 1,
            "page_size": size,
            "total_records": len(chosen),
            "next_page_token": _page_token(offset + size, now) if more else "",
            "meetings": [_listed(meeting) for meeting in chosen[offset : offset + size]],
        }
        return json_answer(200, answer)


_LIST_TYPES: dict[str, Callable[[Meeting, datetime], bool]] = {
    "scheduled": lambda _meeting, _now: True,
    "live": lambda meeting, _now: meeting.body["status"] == "started",
    "upcoming": lambda meeting, now: now <= meeting.end and meeting.start <= now + LIST_REACH,
    "upcoming_meetings": lambda meeting, now: now <= meeting.end and meeting.start <= now + LIST_REACH,
    "previous_meetings": lambda meeting, now: now - LIST_REACH <= meeting.end < now,
}

_ME = r"/v2/users/(?P<user>[^/]+)"
_ONE = r"/v2/meetings/(?P<number>[0-9]{1,19})"
OPERATIONS = (
    Operation("GET", re.compile(_ME), RestApi.read_user, "user:read:user", "Light"),
    Operation("GET", re.compile(f"{_ME}/settings"), RestApi.read_settings, "user:read:settings", "Medium"),
    Operation(
        "GET", re.compile(f"{_ME}/meetings"), RestApi.list_meetings, "meeting:read:list_meetings", "Medium"
    ),
    Operation(
        "POST", re.compile(f"{_ME}/meetings"), RestApi.create_meeting, "meeting:write:meeting", "Light"
    ),
    Operation("GET", re.compile(_ONE), RestApi.read_meeting, "meeting:read:meeting", "Light"),
    Operation("PATCH", re.compile(_ONE), RestApi.update_meeting, "meeting:update:meeting", "Light"),
    Operation("DELETE", re.compile(_ONE), RestApi.delete_meeting, "meeting:delete:meeting", "Light"),
)


def _listed(meeting: Meeting) -> Json:
    names = "uuid id host_id topic type start_time duration timezone agenda created_at join_url pmi".split()
    entry = {name: meeting.body[name] for name in names if name in meeting.body}
    entry["agenda"] = entry["agenda"][:250]
    return entry


# -- pages of a list ----------------------------------------------------------------------------------------


def _page(query: dict[str, str], now: datetime) -> tuple[int, int]:
    size, number = _whole(query, "page_size", 30), _whole(query, "page_number", 1)
    if not 1 <= size <= 300:
        raise invalid({"page_size": "Invalid field."})
    if query.get("next_page_token"):
        return size, _page_offset(query["next_page_token"], now)
    return size, (max(1, number) - 1) * size


def _whole(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise invalid({name: "Invalid field."})
    return int(text)


def _page_token(offset: int, now: datetime) -> str:
    return base64.urlsafe_b64encode(json.dumps([offset, now.timestamp()]).encode()).decode()


def _page_offset(token: str, now: datetime) -> int:
    try:
        offset, issued = json.loads(base64.urlsafe_b64decode(token))
        fresh = now.timestamp() - PAGE_TOKEN_LIFE.total_seconds() <= float(issued)
        offset = int(offset)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error):
        fresh, offset = False, 0
    if not fresh or offset < 0:
        raise ApiError(400, 300, "The next page token is invalid or expired.")
    return offset


def _window(query: dict[str, str]) -> tuple[date, date]:
    try:
        return date.fromisoformat(query.get("from", "0001-01-01")), date.fromisoformat(
            query.get("to", "9999-12-31")
        )
    except ValueError:
        raise invalid({"from": "Invalid field.", "to": "Invalid field."}) from None


# -- fields of a request ------------------------------------------------------------------------------------


def _checked_fields(request: Request, *, creating: bool) -> Json:
    """The body's known fields, or the refusal that Zoom gives for wrong ones."""
    if request.content_type != "application/json":
        raise ApiError(400, 300, "Unsupported Content Type")
    fields = request.json_object()
    if fields is None:
        raise ApiError(400, 300, "Request Body should be a valid JSON object.")
    wrong = {
        name: "Invalid field."
        for name, fits in _FIELD_RULES.items()
        if name in fields and not fits(fields[name])
    }
    wrong |= wrong_settings(fields.get("settings", {}))
    if wrong:
        raise invalid(wrong)
    if fields.get("type", 2) != 2:
        raise ApiError(400, 300, "This stand-in for Zoom knows scheduled meetings (type 2) only.")
    if not creating and "password" in fields and not re.fullmatch(r"[A-Za-z0-9@_*-]*", fields["password"]):
        raise invalid({"password": "Invalid field."})
    return {name: value for name, value in fields.items() if creating or name != "default_password"}


def _is_text(limit: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and len(value) <= limit


def _is_whole(low: int, high: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_start(value: Any) -> bool:
    return value == "" or (isinstance(value, str) and _wall_or_instant(value) is not None)


_FIELD_RULES: dict[str, Callable[[Any], bool]] = {
    "topic": _is_text(200),
    "agenda": _is_text(2000),
    "type": lambda value: not isinstance(value, bool) and value in (1, 2, 3, 8, 10),
    "start_time": _is_start,
    "duration": _is_whole(1, 1440),
    "timezone": lambda value: isinstance(value, str) and (value == "" or value in ZONES),
    "password": lambda value: isinstance(value, str) and re.fullmatch(r"[!-~]{0,10}", value) is not None,
    "default_password": lambda value: isinstance(value, bool),
    "tracking_fields": lambda value: isinstance(value, list),
    "settings": lambda value: isinstance(value, dict),
}


def wrong_settings(settings: Any) -> dict[str, str]:
    if not isinstance(settings, dict):
        return {}
    rules: dict[str, Callable[[Any], bool]] = {name: lambda value: isinstance(value, bool) for name in _FLAGS}
    rules |= {name: lambda value: isinstance(value, str) for name in _TEXTS}
    rules |= {name: lambda value: isinstance(value, dict) for name in _OBJECTS}
    rules |= {name: lambda value: isinstance(value, list) for name in _LISTS}
    wrong = [name for name, fits in rules.items() if name in settings and not fits(settings[name])]
    wrong += [name for name in _CHOICES if name in settings and not _is_choice(name, settings[name])]
    return {f"settings.{name}": "Invalid field." for name in wrong}


def _is_choice(name: str, value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, (int, str)) and value in _CHOICES[name]


def _wall_or_instant(text: str) -> datetime | None:
    """``yyyy-MM-ddTHH:mm:ssZ`` as an aware time, the same without Z as a naive one; nothing else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z?", text, re.ASCII):
        return None
    try:
        wall = datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        return None
    if not 1900 <= wall.year <= 2999:
        return None
    return wall.replace(tzinfo=UTC) if text.endswith("Z") else wall


def _start_instant(fields: Json, user: ZoomUser, zone: str) -> datetime | None:
    moment = _wall_or_instant(fields.get("start_time", ""))
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=ZoneInfo(fields.get("timezone") or zone or user.timezone))


def _create_start(fields: Json, user: ZoomUser, now: datetime) -> datetime:
    """ "If start_time is not specified or is set to a past value, it defaults to the current time." """
    start = _start_instant(fields, user, user.timezone)
    return start if start is not None and start >= now else now


# -- passcodes ----------------------------------------------------------------------------------------------


def _pwd(passcode: str) -> str:
    return base64.urlsafe_b64encode(f"sandbox-{passcode}-encrypted".encode()).decode().rstrip("=") + ".1"


NO_PASSCODE_POLICY: Json = {
    "length": 0,
    "have_letter": False,
    "have_number": False,
    "have_special_character": False,
    "have_upper_and_lower_characters": False,
    "only_allow_numeric": False,
    "consecutive_characters_length": 0,
    "weak_enhance_detection": False,
}


def _policy(user: ZoomUser) -> Json:
    return NO_PASSCODE_POLICY | user.passcode_policy


def _acceptable_passcode(user: ZoomUser, passcode: str) -> str:
    """The passcode, if it meets the account's policy. Zoom names no code for a breach; 300 is a guess."""
    policy = _policy(user)
    wanted = [
        (policy["have_letter"], r"[A-Za-z]"),
        (policy["have_number"], r"[0-9]"),
        (policy["have_special_character"], r"[^A-Za-z0-9]"),
        (policy["have_upper_and_lower_characters"], r"(?=.*[a-z]).*[A-Z]"),
        (policy["only_allow_numeric"], r"^[0-9]+$"),
        (True, f"^.{{{policy['length']},}}$"),
    ]
    if passcode and any(on and not re.search(pattern, passcode) for on, pattern in wanted):
        raise invalid({"password": "The passcode does not meet the account's requirements."})
    return passcode


def _generated_passcode(user: ZoomUser) -> str:
    policy = _policy(user)
    if policy["only_allow_numeric"]:
        return "".join(secrets.choice("0123456789") for _ in range(max(6, policy["length"])))
    special = "@" if policy["have_special_character"] else ""
    filler = "".join(secrets.choice("abcdefghkmnpqrstuvwxyz23456789") for _ in range(6))
    return f"Ax7{special}{filler}"[: max(6, min(10, policy["length"]))]

"""What can be made to go wrong on Zoom's side: named answers of Zoom, and trouble on the wire.

``REST_ERRORS``, ``RATE_LIMITS`` and ``OAUTH_ERRORS`` hold one entry per answer that Zoom documents or that
integrators reported; tests iterate over them. ``TROUBLES`` holds what is no answer at all.

Sources, read 2026-11-23:
* Zoom "Error codes": https://developers.zoom.us/docs/api/errors
* Zoom "OAuth error messages": https://developers.zoom.us/docs/integrations/oauth-error-messages/
* Zoom "Rate limits": https://developers.zoom.us/docs/api/rate-limits/
* the per-operation error lists of Zoom's API reference, https://developers.zoom.us/docs/api/meetings/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args

from koalendar.sandbox.wire import Json, Request, Response, json_answer

Kind = Literal[
    "answer",  # say something else and do nothing
    "drop",  # close the connection before doing anything
    "store_then_drop",  # do it, then close the connection without an answer
    "slow",  # wait, then do it
    "empty_body",  # do it, answer its status with no body
    "huge_body",  # do it, answer with a body of 8 MB
    "not_json",  # do it, answer its status with an HTML page
    "hide_from_lists",  # do it; lists do not show the meeting for ``seconds``
    "no_password",  # do it; the answer lacks every passcode field
    "absurd_expiry",  # do it; expires_in is nonsense
]

ANY_API = "^/v2/"
TOKEN_ENDPOINT = "^/oauth/token$"  # noqa: S105 - a path, not a secret
MEETINGS = "^/v2/(users/me/meetings|meetings/[0-9]+)$"
ONE_MEETING = "^/v2/meetings/[0-9]+$"
NEW_MEETING = "^/v2/users/me/meetings$"


@dataclass(frozen=True)
class Answer:
    """What Zoom says: status, JSON body or raw text, headers, and when it says so.

    ``{meeting_id}`` and ``{next_midnight}`` in texts are filled in when the answer is given.
    """

    status: int
    body: Json | None = None
    raw: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    why: str = ""

    @property
    def code(self) -> int | None:
        """Zoom's own number in the body, which differs from the HTTP status."""
        value = (self.body or {}).get("code")
        return value if isinstance(value, int) else None

    def response(self, request: Request, now: datetime) -> Response:
        words = _placeholders(request, now)
        headers = {name: _fill(value, words) for name, value in self.headers.items()}
        if self.body is not None:
            return json_answer(self.status, json.loads(_fill(json.dumps(self.body), words)), headers)
        text = _fill(self.raw or "", words).encode("utf-8", "replace")
        return Response(self.status, text, {"Content-Type": "text/html;charset=UTF-8", **headers})


@dataclass(frozen=True)
class Fault:
    """Something to go wrong in the next ``times`` calls that match; ``path`` is a regular expression
    over the path below ``/zoom``, an empty ``method`` matches all."""

    kind: Kind
    name: str = ""
    method: str = ""
    path: str = ANY_API
    times: int = 1
    seconds: float = 0.0
    answer: Answer | None = None
    why: str = ""

    def matches(self, method: str, path: str) -> bool:
        return (not self.method or self.method == method) and re.search(self.path, path) is not None


def _placeholders(request: Request, now: datetime) -> dict[str, str]:
    number = re.search(r"/meetings/(\d+)", request.path)
    midnight = (now.astimezone(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "{meeting_id}": number.group(1) if number else "0",
        "{next_midnight}": midnight.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _fill(text: str, words: Mapping[str, str]) -> str:
    for placeholder, value in words.items():
        text = text.replace(placeholder, value)
    return text


def _error(
    status: int,
    code: int | None,
    message: str,
    why: str,
    *,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    body: Json = {"message": message} if code is None else {"code": code, "message": message}
    if errors:
        body["errors"] = errors
    return Answer(status, body, headers=headers or {}, why=why)


REST_ERRORS: dict[str, Answer] = {
    "access_token_invalid": _error(
        401, 124, "Invalid access token.", "Token unknown, or the app was removed."
    ),
    "access_token_expired": _error(401, 124, "Access token is expired.", "The hour of the token is over."),
    # Seen as HTTP 400 in the wild: https://github.com/JubaerHossain/zoom-laravel/issues/15
    "scope_missing": _error(
        400,
        4711,
        "Invalid access token, does not contain scopes:[meeting:write:meeting].",
        "The host did not grant a scope the call needs.",
    ),
    # Listed with 401 and 4700 on Zoom's error page.
    "scope_missing_401": _error(
        401,
        4700,
        "Invalid access token, does not contain scopes:[meeting:write:meeting].",
        "The same, in the form of Zoom's error page.",
    ),
    "paid_only": _error(400, 200, "Only available for Paid account.", "A limit of the host's plan."),
    "validation_failed": _error(
        400,
        300,
        "Validation Failed.",
        "A field of the body is not acceptable.",
        errors=[{"field": "topic", "message": "Invalid field."}],
    ),
    "schedule_for_invalid": _error(
        400,
        300,
        "The value that you entered in the schedule_for field is invalid. Enter a valid value and try again.",
        "schedule_for names nobody.",
    ),
    "is_a_webinar": _error(400, 3000, "Cannot access webinar info.", "The id is a webinar's, or became one."),
    "cannot_schedule_for": _error(
        400, 3000, "You cannot schedule a meeting for ben@example.com", "No scheduling privilege."
    ),
    "domain_blocked": _error(
        400,
        3000,
        "Users in 'example.com' have been blocked from joining meetings and webinars.",
        "The account blocks a domain.",
    ),
    "may_not_host": _error(
        400,
        3161,
        "Your user account is not allowed meeting hosting and scheduling capabilities.",
        "An admin took meetings from this user.",
    ),
    "invitation_expired": _error(
        400,
        1120,
        "A valid invitation to join the Zoom account was not found for this user.",
        "The user never accepted the invitation to the account.",
    ),
    "pmi_not_deletable": _error(400, 3018, "Not allowed to delete PMI.", "The id is a personal room."),
    "pac_not_deletable": _error(400, 3037, "Not allowed to delete PAC.", "The id is an audio conference."),
    "shared_access_denied": _error(
        403, None, "No permission.", "The user has not authorized shared access permissions."
    ),
    "list_for_others_denied": _error(
        403, 2306, "Not allowed to view meetings scheduled for others.", "Account setting."
    ),
    "user_missing": _error(404, 1001, "User does not exist: me.", "The user left the account."),
    "meeting_missing": _error(
        404, 3001, "Meeting does not exist: {meeting_id}.", "Missing, deleted or expired meeting."
    ),
    "recording_missing": _error(404, 3301, "There is no recording for this meeting.", "No recording."),
    "transcript_missing": _error(404, 3322, "The transcript does not exist.", "No transcript."),
    # The next five stand on Zoom's list of 2018 (github.com/zoom/api, errors/MeetingAPIs.md) only.
    "old_cannot_delete_in_progress": _error(
        400, 3002, "Meeting is in progress and cannot be deleted.", "Older list; may no longer happen."
    ),
    "old_not_host": _error(400, 3003, "You are not the meeting host.", "Older list; may no longer happen."),
    "old_meeting_ended": _error(400, 3007, "The meeting has ended.", "Older list; may no longer happen."),
    "old_user_not_in_account": _error(
        404, 1010, "User does not belong to this account.", "Older list; may no longer happen."
    ),
    "old_meeting_missing_300": _error(
        404, 300, "Meeting id {meeting_id} does not exist.", "Older list: 300 where 3001 is said today."
    ),
    "server_error": _error(500, 500, "Internal server error.", "Zoom has trouble."),
    # Bodies are not always JSON: https://github.com/calcom/cal.diy/issues/4793
    "bad_gateway": Answer(
        502, raw="<html><body><h1>502 Bad Gateway</h1></body></html>", why="A proxy of Zoom answers, in HTML."
    ),
    "unavailable": Answer(503, raw="", headers={"Retry-After": "5"}, why="Zoom has trouble; no body at all."),
    "gateway_timeout": Answer(
        504, raw="<html><body>Gateway Time-out</body></html>", why="Zoom may or may not have done it."
    ),
}

#: The wording for one host's hundred create and update calls a day: https://devforum.zoom.us/t/18928
HOST_DAILY_TEXT = (
    "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this "
    "particular user. You may resume these requests at GMT 00:00:00."
)
PER_SECOND_TEXT = "You have reached the maximum per-second rate limit for this API. Try again later."

# Header names and the ISO-8601 Retry-After of daily limits: Zoom's "rate limits" reference in
# https://github.com/zoom/skills; a call measured in October 2026 carried X-RateLimit-Category only.
RATE_LIMITS: dict[str, Answer] = {
    "per_second": _error(
        429,
        4001,
        PER_SECOND_TEXT,
        "Too many calls in this second.",
        headers={"X-RateLimit-Category": "Light", "X-RateLimit-Type": "QPS"},
    ),
    "per_second_429": _error(429, 429, PER_SECOND_TEXT, "The same with the number 429."),
    "per_second_retry_after": _error(
        429, 429, PER_SECOND_TEXT, "The same with a Retry-After in seconds.", headers={"Retry-After": "1"}
    ),
    "account_daily": _error(
        429,
        429,
        "You have reached the maximum daily rate limit for this API. Refer to the response header for "
        "details on when you can make another request.",
        "The account's calls of the day are spent.",
        headers={
            "X-RateLimit-Category": "Light",
            "X-RateLimit-Type": "Daily-limit",
            "X-RateLimit-Limit": "6000",
            "X-RateLimit-Remaining": "0",
            "Retry-After": "{next_midnight}",
        },
    ),
    # No Retry-After, and counters that look as if calls were left: https://devforum.zoom.us/t/18928
    "host_daily": _error(
        429,
        429,
        HOST_DAILY_TEXT,
        "This host's 100 creates and updates of the day are spent.",
        headers={
            "X-RateLimit-Category": "Light",
            "X-RateLimit-Limit": "6000",
            "X-RateLimit-Remaining": "5893",
        },
    ),
    "concurrent": _error(
        429,
        429,
        "Too many concurrent requests. A request to disassociate this user has already been made.",
        "Another write on the same user is under way.",
    ),
}


def _oauth(status: int, reason: str, error: str, why: str, description: str = "") -> Answer:
    body = {"reason": reason, "error": error}
    if description:
        body["error_description"] = description
    return Answer(status, body, why=why)


# Zoom documents the numbers, not the place where they stand in the body. The sandbox puts them in brackets
# behind the reason, as Zoom's error pages do; the two forms of a dead refresh token carry none, as reported
# in https://github.com/raycast/extensions/issues/10896 and https://github.com/calcom/cal.diy/pull/729.
OAUTH_ERRORS: dict[str, Answer] = {
    "refresh_token_dead": _oauth(400, "Invalid Token!", "invalid_grant", "Rotated, expired or revoked."),
    "refresh_token_dead_old_form": _oauth(
        400, "Invalid Token!", "invalid_request", "The same on older deployments."
    ),
    "4700": _oauth(400, "Token cannot be empty. (4700)", "invalid_request", "Catch-all of Zoom."),
    "4702": _oauth(400, "Invalid client. (4702)", "invalid_client", "Client id or secret is wrong."),
    "4704": _oauth(400, "Invalid client secret. (4704)", "invalid_client", "Client id or secret is wrong."),
    "4705": _oauth(
        400, "unsupported grant type (4705)", "unsupported_grant_type", "The grant type is not supported."
    ),
    "4706": _oauth(
        400,
        "Client ID or client secret is missing. (4706)",
        "invalid_request",
        "Credentials or grant type are missing.",
    ),
    "4709": _oauth(400, "Redirect URI mismatch. (4709)", "invalid_request", "Not the registered address."),
    "4711": _oauth(
        400,
        "Refresh token invalid. (4711)",
        "invalid_grant",
        "The token's scopes no longer match the app's.",
        "The scopes of the token do not match the scopes of the client.",
    ),
    "4717": _oauth(400, "The app has been disabled. (4717)", "invalid_client", "Zoom switched the app off."),
    "4733": _oauth(400, "Code is expired. (4733)", "invalid_grant", "More than 5 minutes after consent."),
    # The wording with `invalid_request`: https://github.com/Jericho/ZoomNet/issues/36
    "4734": _oauth(400, "Invalid authorization code. (4734)", "invalid_request", "Unknown or used code."),
    "4735": _oauth(
        400, "The owner of the token does not exist. (4735)", "invalid_grant", "The user left the account."
    ),
    "4737": _oauth(
        400, "The authentication for the token was not found. (4737)", "invalid_grant", "Consent is gone."
    ),
    "4738": _oauth(
        400,
        "The token has been disabled by an admin. (4738)",
        "invalid_grant",
        "Pre-approval was taken away.",
    ),
    "4740": _oauth(
        400, "The token is out of its tolerance. (4740)", "invalid_grant", "A newer token has been issued."
    ),
    "4741": _oauth(
        400, "The token has been revoked. (4741)", "invalid_grant", "A later authorisation replaced it."
    ),
    "oauth_unavailable": Answer(503, raw="", why="The token endpoint has trouble; no body."),
    "oauth_not_json": Answer(200, raw="<html><body>Maintenance</body></html>", why="200 with a web page."),
}

TROUBLES: dict[str, Fault] = {
    "drop": Fault("drop", why="The connection closes; nothing was done."),
    "store_then_drop": Fault(
        "store_then_drop", method="POST", path=NEW_MEETING, why="The meeting is made; no answer arrives."
    ),
    "slow": Fault("slow", seconds=5, why="The answer takes 5 seconds."),
    "slow_store_then_drop": Fault(
        "store_then_drop", method="POST", path=NEW_MEETING, seconds=5, why="Made, 5 s of silence, no answer."
    ),
    "empty_body": Fault("empty_body", path=MEETINGS, why="Done, but the answer has no body."),
    "huge_body": Fault("huge_body", path=MEETINGS, why="Done, but the answer is 8 MB long."),
    "not_json": Fault("not_json", path=MEETINGS, why="Done, but the answer is a web page."),
    "hide_from_lists": Fault(
        "hide_from_lists",
        method="POST",
        path=NEW_MEETING,
        seconds=30,
        why="The new meeting is missing from lists for 30 seconds.",
    ),
    # https://github.com/calcom/cal.diy/issues/3419
    "no_password": Fault(
        "no_password", method="POST", path=NEW_MEETING, why="The answer to a create lacks the passcode."
    ),
    "absurd_expiry": Fault(
        "absurd_expiry", path=TOKEN_ENDPOINT, why="expires_in of the token answer is nonsense."
    ),
    "token_store_then_drop": Fault(
        "store_then_drop", path=TOKEN_ENDPOINT, why="Tokens rotate, but the answer is lost."
    ),
    "token_drop": Fault("drop", path=TOKEN_ENDPOINT, why="The token endpoint hangs up; nothing rotates."),
}


def _presets() -> dict[str, Fault]:
    api = REST_ERRORS | RATE_LIMITS
    faults = {name: Fault("answer", name, answer=answer, why=answer.why) for name, answer in api.items()}
    faults |= {
        name: Fault("answer", name, path=TOKEN_ENDPOINT, answer=answer, why=answer.why)
        for name, answer in OAUTH_ERRORS.items()
    }
    return faults | {name: replace(fault, name=name) for name, fault in TROUBLES.items()}


#: Every named fault, ready to be armed.
PRESETS: dict[str, Fault] = _presets()

_KINDS = frozenset(get_args(Kind))
_FILTERS = frozenset({"method", "path", "times", "seconds"})
_ANSWER_FIELDS = frozenset({"status", "code", "message", "errors", "body", "raw", "headers"})


def fault_from(
    order: Mapping[str, Any], presets: Mapping[str, Fault] | None = None, any_api: str = ANY_API
) -> Fault:
    """The fault that an order describes: ``preset`` or ``kind``, filters, and for answers their content.

    Zoom's unless other ``presets`` are given. Raises ValueError with a sentence for whoever wrote the order.
    """
    presets = PRESETS if presets is None else presets
    unknown = set(order) - _FILTERS - _ANSWER_FIELDS - {"preset", "kind"}
    if unknown:
        raise ValueError(f"Unknown fields: {', '.join(sorted(unknown))}.")
    changes = {name: order[name] for name in _FILTERS if order.get(name) is not None}
    _check_filters(changes)
    if "preset" in order:
        if order["preset"] not in presets:
            raise ValueError(f"There is no preset {order['preset']!r}.")
        return replace(presets[order["preset"]], **changes)
    kind = order.get("kind", "answer")
    if kind not in _KINDS:
        raise ValueError(f"There is no kind {kind!r}.")
    answer = _answer_from(order) if kind == "answer" else None
    name = f"{kind} {answer.status}" if answer else kind
    return replace(Fault(kind, name=name, path=any_api, answer=answer), **changes)


def _check_filters(changes: Mapping[str, Any]) -> None:
    expected: dict[str, type | tuple[type, ...]] = {
        "method": str,
        "path": str,
        "times": int,
        "seconds": (int, float),
    }
    for name, value in changes.items():
        if isinstance(value, bool) or not isinstance(value, expected[name]):
            raise ValueError(f"{name} has the wrong type.")  # noqa: TRY004 - callers catch one kind
    if changes.get("times", 1) < 1:
        raise ValueError("times must be 1 or more.")
    if not 0 <= changes.get("seconds", 0) <= 600:
        raise ValueError("seconds must be between 0 and 600.")
    try:
        re.compile(changes.get("path", ""))
    except re.error as error:
        raise ValueError(f"path is not a regular expression: {error}.") from error


def _answer_from(order: Mapping[str, Any]) -> Answer:
    status, headers, raw = order.get("status"), order.get("headers") or {}, order.get("raw")
    if isinstance(status, bool) or not isinstance(status, int) or not 200 <= status <= 599:
        raise ValueError("status must be a number from 200 to 599.")
    if not isinstance(headers, dict) or not all(_is_header(*pair) for pair in headers.items()):
        raise ValueError("headers must map names to plain texts of one line.")
    if raw is not None:
        return Answer(status, raw=str(raw), headers=headers)
    if isinstance(order.get("body"), dict):
        return Answer(status, order["body"], headers=headers)
    if "code" not in order and "message" not in order:
        return Answer(status, raw="", headers=headers)
    body = {name: order[name] for name in ("code", "message", "errors") if order.get(name) is not None}
    return Answer(status, body, headers=headers)


def _is_header(name: object, value: object) -> bool:
    return (
        isinstance(name, str)
        and isinstance(value, str)
        and re.fullmatch(r"[A-Za-z0-9-]+", name) is not None
        and re.fullmatch(r"[ -~]*", value) is not None
    )


def describe(fault: Fault) -> Json:
    """The fault as JSON for the control address."""
    return asdict(fault)

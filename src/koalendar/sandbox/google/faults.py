"""What can be made to go wrong on Google's side: answers of Google, and trouble on the wire.

Sources, read 2026-11-23:
* https://developers.google.com/workspace/calendar/api/guides/errors
* https://developers.google.com/workspace/calendar/api/guides/quota
* https://developers.google.com/identity/protocols/oauth2
"""

from __future__ import annotations

from dataclasses import replace

from koalendar.sandbox.faults import Answer, Fault
from koalendar.sandbox.wire import Json

ANY_API = "^/calendar/v3/"
TOKEN_ENDPOINT = "^/token$"  # noqa: S105 - a path, not a secret
NEW_EVENT = "^/calendar/v3/calendars/[^/]+/events$"


def error_body(status: int, reason: str, message: str, *, domain: str = "global", **where: str) -> Json:
    """An error in the shape of Google's older APIs: number and text, then the list of reasons."""
    one = {"domain": domain, "reason": reason, "message": message, **where}
    return {"error": {"errors": [one], "code": status, "message": message}}


def _error(
    status: int, reason: str, message: str, why: str, *, domain: str = "global", **where: str
) -> Answer:
    return Answer(status, error_body(status, reason, message, domain=domain, **where), why=why)


API_ERRORS: dict[str, Answer] = {
    "bad_request": _error(400, "badRequest", "Bad Request", "Something in the request is not acceptable."),
    "invalid_credentials": _error(
        401,
        "authError",
        "Invalid Credentials",
        "Token unknown, over or revoked.",
        location="Authorization",
        locationType="header",
    ),
    "insufficient_scopes": _error(
        403, "insufficientPermissions", "Insufficient Permission", "The host did not tick a box."
    ),
    "access_not_configured": _error(
        403,
        "accessNotConfigured",
        "Google Calendar API has not been used in this project before or it is disabled.",
        "The operator did not switch the API on.",
        domain="usageLimits",
    ),
    "not_organizer": _error(
        403,
        "forbiddenForNonOrganizer",
        "Shared properties can only be changed by the organizer of the event.",
        "The event is somebody else's.",
        domain="calendar",
    ),
    "not_found": _error(404, "notFound", "Not Found", "Calendar or event is gone, or there is no access."),
    "duplicate": _error(
        409, "duplicate", "The requested identifier already exists.", "The id of the event is taken."
    ),
    "conflict": _error(409, "conflict", "Conflict", "Somebody else writes at the same time."),
    "gone": _error(410, "deleted", "Resource has been deleted", "The event is deleted already."),
    "full_sync": _error(
        410,
        "fullSyncRequired",
        "Sync token is no longer valid, a full sync is required.",
        "The sync token is dead.",
        domain="calendar",
        locationType="parameter",
        location="syncToken",
    ),
    "precondition": _error(
        412,
        "conditionNotMet",
        "Precondition Failed",
        "The event has changed since it was read.",
        locationType="header",
        location="If-Match",
    ),
    "server_error": _error(500, "backendError", "Backend Error", "Google has trouble."),
    "bad_gateway": Answer(502, raw="<html><title>Error 502</title></html>", why="A web page of Google."),
    "unavailable": _error(503, "backendError", "Backend Error", "Google has trouble."),
}

QUOTA_ERRORS: dict[str, Answer] = {
    "rate_limit": _error(
        403, "rateLimitExceeded", "Rate Limit Exceeded", "The project is too fast.", domain="usageLimits"
    ),
    "user_rate_limit": _error(
        403,
        "userRateLimitExceeded",
        "User Rate Limit Exceeded",
        "This user is too fast.",
        domain="usageLimits",
    ),
    "too_many_requests": _error(
        429, "rateLimitExceeded", "Rate Limit Exceeded", "Too fast, as 429.", domain="usageLimits"
    ),
    "too_many_requests_retry_after": replace(
        _error(429, "rateLimitExceeded", "Rate Limit Exceeded", "", domain="usageLimits"),
        headers={"Retry-After": "2"},
        why="The same, with a Retry-After in seconds.",
    ),
    "usage_limits": _error(
        403,
        "quotaExceeded",
        "Calendar usage limits exceeded.",
        "Too many invitations; lasts for hours.",
        domain="usageLimits",
    ),
    "daily_limit": _error(
        403, "dailyLimitExceeded", "Daily Limit Exceeded", "The project's day is spent.", domain="usageLimits"
    ),
}


def _oauth(status: int, error: str, description: str, why: str) -> Answer:
    return Answer(status, {"error": error, "error_description": description}, why=why)


OAUTH_ERRORS: dict[str, Answer] = {
    "invalid_grant": _oauth(
        400, "invalid_grant", "Token has been expired or revoked.", "The refresh token is dead."
    ),
    "invalid_grant_bare": _oauth(400, "invalid_grant", "Bad Request", "The same with fewer words."),
    "bad_code": _oauth(400, "invalid_grant", "Malformed auth code.", "Code unknown, used or too old."),
    "no_verifier": _oauth(400, "invalid_grant", "Missing code verifier.", "PKCE was begun, not ended."),
    "bad_verifier": _oauth(400, "invalid_grant", "Invalid code verifier.", "The verifier is another one's."),
    "redirect_mismatch": _oauth(400, "redirect_uri_mismatch", "Bad Request", "Not the address of the code."),
    "client_missing": _oauth(
        401, "invalid_client", "The OAuth client was not found.", "The client id is wrong."
    ),
    "client_secret": _oauth(401, "invalid_client", "Unauthorized", "The client secret is wrong."),
    "grant_type": _oauth(400, "unsupported_grant_type", "Invalid grant_type", "Not a known grant type."),
    "missing_field": _oauth(
        400, "invalid_request", "Missing required parameter", "The form lacks a field it needs."
    ),
    "admin_policy": _oauth(
        400, "admin_policy_enforced", "Access to the service is restricted.", "An administrator forbids it."
    ),
    "oauth_unavailable": Answer(503, raw="", why="The token endpoint has trouble; no body."),
    "oauth_not_json": Answer(200, raw="<html><body>Sorry</body></html>", why="200 with a web page."),
}

TROUBLES: dict[str, Fault] = {
    "drop": Fault("drop", path=ANY_API, why="The connection closes; nothing was done."),
    "store_then_drop": Fault(
        "store_then_drop", method="POST", path=NEW_EVENT, why="The event is made; no answer arrives."
    ),
    "write_then_drop": Fault(
        "store_then_drop", path="/events/[^/]+$", why="The change is made; no answer arrives."
    ),
    "slow": Fault("slow", path=ANY_API, seconds=5, why="The answer takes 5 seconds."),
    "slow_free_busy": Fault("slow", path="/freeBusy$", seconds=5, why="Free/busy takes 5 seconds."),
    "empty_body": Fault("empty_body", path=ANY_API, why="Done, but the answer has no body."),
    "huge_body": Fault("huge_body", path=ANY_API, why="Done, but the answer is 8 MB long."),
    "not_json": Fault("not_json", path=ANY_API, why="Done, but the answer is a web page."),
    "absurd_expiry": Fault("absurd_expiry", path=TOKEN_ENDPOINT, why="expires_in is nonsense."),
    "token_drop": Fault("drop", path=TOKEN_ENDPOINT, why="The token endpoint hangs up."),
    "token_store_then_drop": Fault(
        "store_then_drop", path=TOKEN_ENDPOINT, why="Tokens are given, but the answer is lost."
    ),
    "token_slow": Fault("slow", path=TOKEN_ENDPOINT, seconds=5, why="The token endpoint takes 5 seconds."),
}


def _presets() -> dict[str, Fault]:
    api = API_ERRORS | QUOTA_ERRORS
    named = {
        name: Fault("answer", name, path=ANY_API, answer=answer, why=answer.why)
        for name, answer in api.items()
    }
    named |= {
        name: Fault("answer", name, path=TOKEN_ENDPOINT, answer=answer, why=answer.why)
        for name, answer in OAUTH_ERRORS.items()
    }
    return named | {name: replace(fault, name=name) for name, fault in TROUBLES.items()}


#: Every named fault, ready to be armed.
PRESETS: dict[str, Fault] = _presets()

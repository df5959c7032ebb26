"""What goes wrong, as RFC 9457 problems: one shape and one list of stable codes for every error."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.utils.translation import gettext as _

from koalendar.booking.errors import BookingRefused, OutsideRules, SlotTaken, TooManyMails, WrongState
from koalendar.booking.revising import InUse

MEDIA_TYPE = "application/problem+json"

# Every code that an answer may carry, with its HTTP status. They are public: none changes its meaning.
CODES: Mapping[str, int] = {
    "malformed": 400,
    "unauthorized": 401,
    "insufficient_scope": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "slot_unavailable": 409,
    "too_late": 409,
    "wrong_state": 409,
    "in_use": 409,
    "idempotency_in_flight": 409,
    "unsupported_media_type": 415,
    "invalid": 422,
    "idempotency_key_reused": 422,
    "rate_limited": 429,
    "internal_error": 500,
    "unavailable": 503,
}
_CODE_OF_STATUS = {
    400: "malformed", 401: "unauthorized", 403: "insufficient_scope", 404: "not_found",
    405: "method_not_allowed", 415: "unsupported_media_type", 422: "invalid", 429: "rate_limited",
    503: "unavailable",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong at one place of a request: `field` is a path like `invitee.email` or `weekly.mon.0`."""

    field: str
    code: str
    message: str


@dataclass
class Problem(Exception):
    """An answer that says no. `more` are further members of the document, such as `reason`."""

    code: str
    detail: str
    errors: list[FieldError] = field(default_factory=list)
    more: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return CODES[self.code]

    def response(self) -> HttpResponse:
        response = _document(self.status, self.code, self.detail, errors=self.errors, **self.more)
        for name, value in self.headers.items():
            response.headers[name] = value
        return response


def _document(
    status: int, code: str, detail: str, *, errors: Iterable[FieldError] = (), **more: str
) -> HttpResponse:
    told: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    if rows := [{"field": row.field, "code": row.code, "message": row.message} for row in errors]:
        told["errors"] = rows
    headers = {"Cache-Control": "no-store"}
    body = json.dumps(told, ensure_ascii=False)
    return HttpResponse(body, status=status, content_type=MEDIA_TYPE, headers=headers)


def of_status(status: int) -> HttpResponse:
    """The problem of an answer that Django or the framework gave, which says nothing but its status."""
    code = _CODE_OF_STATUS.get(status, "internal_error" if status >= 500 else "malformed")
    words = {
        "not_found": _("There is nothing at this address, or it is not yours."),
        "method_not_allowed": _("This address does not take this method; see the Allow header."),
        "malformed": _("The request cannot be read."),
        "internal_error": _("Something failed on our side. It was logged; try again in a moment."),
        "unavailable": _("The site is not ready. Try again in a moment."),
    }
    return _document(status, code, words.get(code, HTTPStatus(status).phrase))


# ── What the domain says ──


def of(error: Exception) -> Problem | None:
    """The problem that a refusal of the domain is; None for anything else, which then is a bug."""
    match error:
        case Problem():
            return error
        case ValidationError():
            return invalid(fields_of(error))
        case TooManyMails():
            seconds = max(1, round(error.after.total_seconds()))
            return Problem(
                "rate_limited",
                _("This e-mail address got as many confirmations as it may for now."),
                headers={"Retry-After": str(seconds)},
            )
        case OutsideRules(which="cutoff"):
            return Problem("too_late", _("It is too late to change this booking."))
        case OutsideRules():
            return Problem("slot_unavailable", _outside(error.which), more={"reason": error.which})
        case SlotTaken():
            return Problem(
                "slot_unavailable",
                _("This time has just been taken. Choose another."),
                more={"reason": "taken"},
            )
        case WrongState():
            return Problem(
                "wrong_state",
                _("The booking is %(state)s, so this cannot be done.") % {"state": error.state},
                more={"state": error.state},
            )
        case InUse():
            return Problem("in_use", _("It is in use, so it cannot be deleted."))
        case BookingRefused():
            raise AssertionError(f"no words for {error!r}") from error
    return None


def _outside(which: str) -> str:
    return {
        "hours": _("This start is not one of those offered."),
        "away": _("The host is away on this day."),
        "notice": _("This start is too soon."),
        "window": _("This start is further ahead than can be booked."),
        "calendar": _("The host's calendar cannot be read at the moment. Try again in a few minutes."),
        "limit": _("This day or week has as many bookings as it may."),
    }.get(which, _("This is not offered any more."))


def not_found() -> Problem:
    return Problem("not_found", _("There is nothing at this address, or it is not yours."))


# ── What is wrong with a request ──


def invalid(errors: Iterable[FieldError]) -> Problem:
    return Problem("invalid", _("Some of what was sent cannot be used; see errors."), errors=list(errors))


def wrong(field: str, code: str, message: str) -> Problem:
    """One field is wrong."""
    return invalid([FieldError(field, code, message)])


def fields_of(error: ValidationError) -> Iterator[FieldError]:
    """What Django's ValidationError says, field by field."""
    if not hasattr(error, "error_dict"):
        for each in error.error_list:
            yield FieldError("", each.code or "invalid", _text(each))
        return
    for name, rows in error.error_dict.items():
        for row in rows:
            for each in row.error_list:
                yield FieldError("" if name == "__all__" else name, each.code or "invalid", _text(each))


def _text(error: ValidationError) -> str:
    return " ".join(str(message) for message in error.messages)

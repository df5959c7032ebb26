"""`Idempotency-Key`: a POST that is sent again is answered again, byte for byte, and done once.

The claim of a key is committed before the work, so that a second request that comes meanwhile is told to
wait; what the work answers is stored in the work's own transaction. Answers hold tokens, so they are sealed.
Refused input (4xx that says the request itself is wrong) frees the key: nothing was done, and the mended
request may use it again. What the domain said no to (409) is an answer like any other.
"""

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import partial, wraps
from typing import Any, TypeVar, cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from koalendar import clock
from koalendar.booking import once
from koalendar.booking.errors import KeyReused
from koalendar.connections.sealing import seal, unseal
from koalendar.web.api import problems
from koalendar.web.api.callers import HostCaller, InviteeCaller
from koalendar.web.api.problems import Problem

HEADER = "Idempotency-Key"
LONGEST_KEY = 128
_PURPOSE = "answer"
_View = TypeVar("_View", bound=Callable[..., HttpResponse])
Work = Callable[[], HttpResponse]


def once_only(view: _View) -> _View:
    """Answer the POST once for each key that it comes with; without a key, each time."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get(HEADER)
        if key is None:
            return view(request, *args, **kwargs)
        return _claimed(request, _judged(key), lambda: partial(view, request, *args, **kwargs))

    return cast(_View, answered)


def once_prepared(view: Callable[..., Work]) -> Callable[..., HttpResponse]:
    """As `once_only`, for a view that prepares its work in no transaction, since it waits for the outside."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        key = request.headers.get(HEADER)
        prepare = partial(view, request, *args, **kwargs)
        return prepare()() if key is None else _claimed(request, _judged(key), prepare)

    return answered


def _judged(key: str) -> str:
    if not (0 < len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
        raise problems.wrong(
            HEADER, "invalid", _("Give 1 to %(n)d plain characters, such as a UUID.") % {"n": LONGEST_KEY}
        )
    return key


def _claimed(request: HttpRequest, key: str, prepare: Callable[[], Work]) -> HttpResponse:
    now = clock.now()
    try:
        claim = once.claim(caller=_caller(request), key=key, request_hash=_hash_of(request), now=now)
    except once.InFlight as error:
        raise Problem(
            "idempotency_in_flight",
            _("The same request is being worked on. Ask again in a moment."),
            headers={"Retry-After": "1"},
        ) from error
    except KeyReused as error:
        raise Problem(
            "idempotency_key_reused", _("This key came with another request. Use a new one.")
        ) from error
    if claim.answer is not None:
        return _replayed(claim)
    return _worked(claim, prepare)


def _worked(claim: once.Claim, prepare: Callable[[], Work]) -> HttpResponse:
    try:
        work = prepare()
        with transaction.atomic():
            response = work()
            claim.keep(_sealed(claim, response))
    except Exception as error:
        # It is raised again or answered; in no case is the key left in flight.
        problem = problems.of(error)
        if problem is None or problem.status != 409:
            claim.release()
            raise
        response = problem.response()
        claim.keep(_sealed(claim, response))
    return response


def _caller(request: HttpRequest) -> str:
    caller = getattr(request, "auth", None)
    return caller.name if isinstance(caller, HostCaller | InviteeCaller) else "anyone"


def _hash_of(request: HttpRequest) -> str:
    """Of what is asked, not of how it is spelt: members may come in any order."""
    body = json.loads(request.body) if request.body else None
    asked = [request.method, request.path, body]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


_KEPT_HEADERS = ("Content-Type", "Cache-Control", "Location")


def _sealed(claim: once.Claim, response: HttpResponse) -> str:
    told = {
        "status": response.status_code,
        "headers": {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
        "body": b64encode(response.content).decode(),
    }
    return seal(json.dumps(told), purpose=_PURPOSE, row=claim.name)


def _replayed(claim: once.Claim) -> HttpResponse:
    told: dict[str, Any] = json.loads(unseal(claim.answer or "", purpose=_PURPOSE, row=claim.name))
    response = HttpResponse(b64decode(told["body"]), status=told["status"], headers=told["headers"])
    response.headers["Idempotency-Replayed"] = "true"
    return response

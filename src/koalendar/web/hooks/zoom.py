"""Zoom's notifications: verified, stored, answered; the worker does the rest.

Zoom grants three seconds, tries again after 5xx only, and follows no redirect. What is signed and of no use
to us is answered 200 like what is, so that an answer tells nobody what exists here.
"""

import logging

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt

from koalendar import clock
from koalendar.booking import inbox
from koalendar.connections.zoom import webhooks

log = logging.getLogger(__name__)


@csrf_exempt
def receive(request: HttpRequest) -> HttpResponse:
    secret = settings.ZOOM_WEBHOOK_SECRET_TOKEN
    if not secret:
        return _answer(404)
    if request.method != "POST":
        return _answer(405, Allow="POST")
    try:
        body = request.read(webhooks.MOST_BYTES + 1)
    except UnreadablePostError:
        return _answer(400)
    if len(body) > webhooks.MOST_BYTES:
        return _answer(413)
    if not _is_signed(request, body, secret):
        log.info("notification_refused")
        return _answer(401)
    return _take(body, secret)


def _is_signed(request: HttpRequest, body: bytes, secret: str) -> bool:
    return webhooks.is_from_zoom(
        body,
        timestamp=request.headers.get("x-zm-request-timestamp", ""),
        signature=request.headers.get("x-zm-signature", ""),
        secret=secret,
        now=clock.now(),
    )


def _take(body: bytes, secret: str) -> HttpResponse:
    """What Zoom has signed: a challenge is answered, what we have a use for is kept, all else is dropped."""
    message = webhooks.decode(body)
    if message is None:
        log.warning("notification_unreadable")
        return _answer(200)
    if message.get("event") == webhooks.CHALLENGE:
        proof = webhooks.answer_to_challenge(message, secret=secret)
        return _answer(400) if proof is None else JsonResponse(proof, headers=_HEADERS)
    if webhooks.notice_of(message) is None:
        return _answer(200)
    try:
        inbox.keep("zoom", body, now=clock.now())
    except DatabaseError:
        log.exception("notification_not_stored")
        return _answer(503)
    return _answer(200)


# Said here, so that nobody has to look for a session to decide it.
_HEADERS = {"Cache-Control": "no-store"}


def _answer(status: int, **headers: str) -> HttpResponse:
    return HttpResponse(status=status, content_type="text/plain", headers=_HEADERS | headers)

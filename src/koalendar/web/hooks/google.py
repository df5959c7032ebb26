"""Google's notifications: that something has changed in a calendar, and nothing about what.

Google: developers.google.com/workspace/calendar/api/guides/push, read 2026-11-23. There is no body and no
signature; a channel proves itself by the token that we gave it. What is not ours is answered alike, whether
the channel or the token is unknown.
"""

import logging

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from koalendar import clock
from koalendar.booking import owed
from koalendar.connections import channels

log = logging.getLogger(__name__)

_LONGEST = 256  # Google's own most, for a token.


@csrf_exempt
def receive(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _answer(405, Allow="POST")
    uid, token = (request.headers.get(f"x-goog-channel-{name}", "") for name in ("id", "token"))
    if max(len(uid), len(token)) > _LONGEST:
        return _answer(404)
    now = clock.now()
    try:
        channel = channels.told_by(uid, token, now=now)
        if channel is None:
            log.info("notification_refused")
            return _answer(404)
        # The first word of a channel says that it begins.
        if request.headers.get("x-goog-resource-state") != "sync":
            channels.note_told(channel, now=now)
            owed.calendars_changed(channel.calendar.connection, now=now)
    except DatabaseError:
        log.exception("notification_not_noted")
        return _answer(503)
    return _answer(200)


def _answer(status: int, **headers: str) -> HttpResponse:
    return HttpResponse(
        status=status, content_type="text/plain", headers={"Cache-Control": "no-store"} | headers
    )

"""Zoom's Meetings API for one account: find, create, read, update and delete meetings.

Zoom: docs/api/meetings (the reference), docs/api/errors and docs/api/rate-limits, read 2026-11-23. Answers
are treated as if a stranger had written them: types, lengths, ids and links are checked before they go any
further.
"""

import logging
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, TypeVar
from urllib.parse import urlsplit

import httpx2

from koalendar import clock
from koalendar.connections.calls import Ask, Caller, unclear
from koalendar.connections.provider import (
    Account,
    DialIn,
    Disconnected,
    Gone,
    MeetingSpec,
    ProviderError,
    Reason,
    Rejected,
    RemoteMeeting,
    Temporary,
    TokenSource,
    Uncertain,
)
from koalendar.connections.reading import Json, cut, instant, lenient, text
from koalendar.connections.wire import Answer, Wire, seconds_to_wait, senders_now
from koalendar.connections.zoom.oauth import is_zoom_host

logger = logging.getLogger(__name__)

TOPIC_LIMIT = 200
AGENDA_LIMIT = 2000
PAGE_SIZE = 300
# 60,000 meetings: more than a host can have, and an end for a list that never ends.
MOST_PAGES = 200
_RECORDINGS: Final = ("local", "cloud", "none")
_PLANS: Final = {1: "basic", 2: "licensed", 4: "unassigned"}
_MARKER = re.compile(r"ref:[A-Za-z0-9]{4,64}", re.ASCII)

_SETTINGS: Final[Json] = {"use_pmi": False, "approval_type": 2, "meeting_authentication": False}
Value = TypeVar("Value")


class ZoomClient:
    """The meetings of one Zoom user, through a user-managed app.

    `api_url` is the region's address with `/v2`, `web_url` an address whose links are believed besides
    Zoom's own (ZOOM_BASE_URL), `timeout` the total seconds of one HTTP call. Safe to share between threads.
    """

    chooses_id: ClassVar[bool] = False

    def __init__(
        self,
        *,
        api_url: str,
        tokens: TokenSource,
        timeout: float,
        web_url: str = "https://zoom.us",
        transport: httpx2.BaseTransport | None = None,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._tokens = tokens
        self._web = urlsplit(web_url)
        self._caller = Caller(
            api_url=api_url,
            tokens=tokens,
            wire=Wire(timeout=timeout, transport=transport),
            logger=logger,
            event="zoom_call",
            refuses=_refuses_token,
        )
        self._now = now

    # ── What it can do ──

    def me(self) -> Account:
        """Whose account this is. Zoom: GET /users/me, scope user:read:user, and what `_recording` asks."""
        account = self._read(_account, self._call(Ask("me", "GET", "/users/me")))
        return replace(account, recording=self._recording())

    def _recording(self) -> str | None:
        """Where the host's meetings are recorded by themselves; None if Zoom does not say.

        Zoom: GET /users/me/settings, scope user:read:settings. Whether a meeting that is made without
        `auto_recording` follows that setting is not documented, so it is read here and said there.
        """
        try:
            body = self._call(Ask("settings", "GET", "/users/me/settings"))
        except (Rejected, Temporary, Gone):
            return None
        recording = body.get("recording")
        known = recording.get("auto_recording") if isinstance(recording, dict) else None
        return known if known in _RECORDINGS else None

    def find(self, marker: str) -> list[RemoteMeeting]:
        """All meetings of the account whose agenda begins with the marker, oldest first.

        Zoom: GET /users/me/meetings. `type=scheduled` because `upcoming` reaches about six months only. Lists
        cut the agenda to 250 characters and leave out passcodes and telephone numbers.
        """
        _check_marker(marker)
        found = [meeting for item in self._listed() if (meeting := self._listed_meeting(item, marker))]
        return sorted(found, key=lambda meeting: (meeting.created_at or _LONG_AGO, meeting.remote_id))

    def create(self, spec: MeetingSpec) -> RemoteMeeting:
        """Make the meeting. Zoom: POST /users/me/meetings; there is no idempotency key.

        Raises Uncertain if it may exist all the same; Rejected(PAST_START) without asking, because Zoom would
        silently start it now; Rejected(PERSONAL_ROOM) if the account forces all meetings into one room.
        """
        _check_marker(spec.marker)
        self._refuse_past(spec)
        body = self._call(Ask("create", "POST", "/users/me/meetings", body=_new(spec), creates=True))
        try:
            meeting = self._meeting(body)
        except ValueError as error:
            raise Uncertain(Reason.BAD_ANSWER) from error
        if _is_personal_room(body):
            self._take_back(meeting.remote_id)
            raise Rejected(Reason.PERSONAL_ROOM)
        return meeting

    def _take_back(self, remote_id: str) -> None:
        """Delete what was just made. While that fails, what is there is as unknown as after a lost answer."""
        try:
            self.delete(remote_id)
        except ProviderError as error:
            raise Uncertain(Reason.PERSONAL_ROOM) from error

    def read(self, remote_id: str) -> RemoteMeeting:
        """The meeting as it is now. Zoom: GET /meetings/{id}. Raises Gone."""
        body = self._call(Ask("read", "GET", _path(remote_id)))
        if _is_personal_room(body):
            raise Rejected(Reason.PERSONAL_ROOM)
        return self._read(self._meeting, body)

    def update(self, remote_id: str, spec: MeetingSpec) -> RemoteMeeting:
        """Bring the meeting to the spec. Zoom: PATCH /meetings/{id}, answered 204 without a body.

        The meeting is read afterwards: Zoom ignores what it does not like and says 204 all the same. Raises
        Gone; Rejected(PAST_START) without asking, because Zoom would keep the old time.
        """
        self._refuse_past(spec)
        self._call(Ask("update", "PATCH", _path(remote_id), body=_request(spec)))
        return self.read(remote_id)

    def delete(self, remote_id: str) -> None:
        """Remove the meeting; our own mails tell the people, so Zoom's reminders stay off.

        Zoom: DELETE /meetings/{id}. Not there (404 with 3001, on an older list 300) is a success; so is a
        personal room, which cannot be deleted (3018, 3037) and was never ours.
        """
        query = {"schedule_for_reminder": "false", "cancel_meeting_reminder": "false"}
        try:
            self._call(Ask("delete", "DELETE", _path(remote_id), query=query))
        except Gone:
            return
        except Rejected as error:
            if error.code != Reason.PERSONAL_ROOM and _said(error) != (404, 300):
                raise

    def start_url(self, remote_id: str) -> str:
        """A fresh link that signs its bearer in as the host, good for two hours. Zoom: GET /meetings/{id}."""
        body = self._call(Ask("start_url", "GET", _path(remote_id)))
        return self._read(lambda answer: self._link(answer, "start_url"), body)

    # ── One call ──

    def _call(self, ask: Ask) -> Json:
        """The decoded answer, empty where there is none. Raises the errors of `provider`."""
        answer, token = self._caller.ask(ask)
        if 200 <= answer.status < 300:
            return _decoded(answer, creates=ask.creates)
        error = classify(answer, creates=ask.creates, now=self._now())
        raise self._tokens.ended(token, error.reason) if isinstance(error, Disconnected) else error

    def _listed(self) -> Iterator[object]:
        query = {"type": "scheduled", "page_size": str(PAGE_SIZE)}
        seen: set[str] = set()
        while len(seen) < MOST_PAGES:
            page = self._call(Ask("find", "GET", "/users/me/meetings", query=query))
            meetings, following = page.get("meetings"), page.get("next_page_token") or ""
            if not isinstance(meetings, list) or not isinstance(following, str) or following in seen:
                raise Temporary(Reason.BAD_ANSWER)
            yield from meetings
            if not following:
                return
            seen.add(following)
            query["next_page_token"] = following
        # An unfinished search must not look like "there is none".
        raise Temporary(Reason.BAD_ANSWER)

    # ── Reading answers ──

    def _read(self, parse: Callable[[Json], Value], body: Json) -> Value:
        try:
            return parse(body)
        except ValueError as error:
            raise Temporary(Reason.BAD_ANSWER) from error

    def _listed_meeting(self, item: object, marker: str) -> RemoteMeeting | None:
        """The meeting if it carries the marker; a stranger's that is odd must not end the search."""
        if not isinstance(item, dict) or _marker_in(item) != marker:
            return None
        return self._read(self._meeting, item)

    def _meeting(self, body: Json) -> RemoteMeeting:
        """Zoom: the meeting object. Raises ValueError for anything that cannot be trusted."""
        return RemoteMeeting(
            remote_id=_digits(body.get("id")),
            join_url=self._link(body, "join_url"),
            passcode=text(body, "password", 64),
            dial_in=_dial_in(body),
            start=instant(body.get("start_time")),
            duration=_minutes(body.get("duration")),
            zone=text(body, "timezone", 64),
            topic=text(body, "topic", 1000),
            marker=_marker_in(body),
            created_at=instant(body.get("created_at")),
        )

    def _link(self, body: Json, name: str) -> str:
        """A link that leads to Zoom: only such a one may reach a page or a mail.

        No backslash: browsers read it as a slash, and the host they see would be another one.
        """
        link = body.get(name)
        if not isinstance(link, str) or not re.fullmatch(r"[!-\[\]-~]{1,4096}", link):
            raise ValueError(name)
        parts = urlsplit(link)
        host = parts.hostname or ""
        ours = (parts.scheme, parts.netloc) == (self._web.scheme, self._web.netloc)
        zooms = parts.scheme == "https" and parts.netloc == host and is_zoom_host(host)
        if not (ours or zooms):
            raise ValueError(name)
        return link

    def _refuse_past(self, spec: MeetingSpec) -> None:
        if spec.start <= self._now():
            raise Rejected(Reason.PAST_START)


_LONG_AGO = datetime.min.replace(tzinfo=UTC)


# ── Requests ──


def _request(spec: MeetingSpec) -> Json:
    """The body of a create or update.

    Little is sent, so that the host's own settings rule: no passcode (Zoom makes one), no waiting room,
    nothing of mails. `use_pmi` is named because the host's default may be his personal room, and
    authentication because it would lock out people without a Zoom login.
    """
    return {
        "type": 2,
        "topic": cut(" ".join(spec.topic.split()), TOPIC_LIMIT),
        "agenda": cut(f"{spec.marker}\n\n{spec.agenda}".strip(), AGENDA_LIMIT),
        "start_time": spec.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "timezone": spec.zone,
        "duration": spec.duration,
        "settings": _SETTINGS,
    }


def _new(spec: MeetingSpec) -> Json:
    """The body of a create, which also follows the host's automatic recording."""
    body = _request(spec)
    if spec.recording in ("local", "cloud"):
        body["settings"] = {**_SETTINGS, "auto_recording": spec.recording}
    return body


def _check_marker(marker: str) -> None:
    if not _MARKER.fullmatch(marker):
        raise ValueError("a marker that could not be found again")


def _path(remote_id: str) -> str:
    return f"/meetings/{_digits(remote_id)}"


# ── What an answer means ──


def _refuses_token(answer: Answer) -> bool:
    """401 means a bad token, except with the numbers of a missing scope."""
    return answer.status == 401 and _code(lenient(answer)) not in _MISSING_SCOPE


_MISSING_SCOPE: Final = frozenset({4700, 4711})
_BY_CODE: Final[Mapping[tuple[int, int], Reason]] = {
    (400, 200): Reason.PLAN_LIMIT,
    (400, 300): Reason.BAD_REQUEST,
    (400, 3000): Reason.NOT_ALLOWED,
    (400, 3003): Reason.NOT_HOST,
    (400, 3007): Reason.ENDED,
    (400, 3018): Reason.PERSONAL_ROOM,
    (400, 3037): Reason.PERSONAL_ROOM,
    (400, 3161): Reason.CANNOT_HOST,
}
_ENDED: Final[Mapping[tuple[int, int], Reason]] = {
    (400, 1120): Reason.INVITATION_EXPIRED,
    (404, 1001): Reason.USER_GONE,
    (404, 1010): Reason.USER_GONE,
}


def classify(answer: Answer, *, creates: bool, now: datetime) -> ProviderError:
    """The error behind an answer: by HTTP status and Zoom's own number first, by message second."""
    body = lenient(answer)
    status, code, message = answer.status, _code(body), str(body.get("message", ""))
    if status == 429:
        return _limited(message, answer.headers, now)
    if status >= 500 or status < 400 or status == 408:
        reason = Reason.SERVER_ERROR if status >= 400 else Reason.BAD_ANSWER
        return unclear(reason, creates=creates, retry_after=seconds_to_wait(answer.headers, now))
    if code in _MISSING_SCOPE and status in (400, 401, 403):
        return Rejected(
            Reason.MISSING_SCOPE, {"status": status, "code": code, "scopes": _named_scopes(message)}
        )
    if (status, code) in _ENDED:
        return Disconnected(_ENDED[status, code])
    if status == 401:
        return Disconnected(Reason.AUTHORIZATION_REFUSED)
    if (status, code) == (404, 3001):
        return Gone()
    if (status, code) == (400, 3002):
        return Temporary(Reason.IN_PROGRESS, retry_after=600)
    if status == 404 and not code:
        # Not Zoom's way to say so: a proxy, or a wrong address. It must never count as "the meeting is gone".
        return unclear(Reason.BAD_ANSWER, creates=creates)
    reason = Reason.FORBIDDEN if status == 403 else _BY_CODE.get((status, code), Reason.REFUSED)
    return Rejected(reason, {"status": status, "code": code, "fields": _named_fields(body)})


def _limited(message: str, headers: Mapping[str, str], now: datetime) -> Temporary:
    """429: per second, per day of the account, or the hundred creates and updates a day of one host.

    Headers are hints, often missing. Days end at 00:00 UTC; not everybody should come back in that second.
    """
    said = message.lower()
    if "daily" not in said and headers.get("X-RateLimit-Type", "").lower() != "daily-limit":
        return Temporary(Reason.RATE_LIMITED, retry_after=seconds_to_wait(headers, now) or 1)
    theirs = senders_now(headers, now).astimezone(UTC)
    midnight = (theirs + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    spread = timedelta(seconds=random.uniform(1, 120))  # noqa: S311  spreads load, guards nothing
    held_until = now + (midnight - theirs) + spread
    is_hosts = "create/update" in said or "particular user" in said
    reason = Reason.HOST_DAILY_LIMIT if is_hosts else Reason.ACCOUNT_DAILY_LIMIT
    return Temporary(reason, held_until=held_until)


def _decoded(answer: Answer, *, creates: bool) -> Json:
    if not answer.body:
        if creates:
            raise Uncertain(Reason.BAD_ANSWER)
        return {}
    try:
        body = answer.json()
    except ValueError as error:
        raise unclear(Reason.BAD_ANSWER, creates=creates) from error
    if not isinstance(body, dict):
        raise unclear(Reason.BAD_ANSWER, creates=creates)
    return body


def _code(body: Json) -> int:
    code = body.get("code")
    return code if isinstance(code, int) and not isinstance(code, bool) else 0


def _said(error: Rejected) -> tuple[object, object]:
    return error.facts.get("status"), error.facts.get("code")


def _named_scopes(message: str) -> tuple[str, ...]:
    """The scopes in "…does not contain scopes:[a:b:c, d:e:f]."."""
    listed = re.search(r"scopes?:?\s*\[([^\]]{0,2000})\]", message)
    return tuple(re.findall(r"[a-z_]+(?::[a-z_]+)+", listed.group(1))) if listed else ()


def _named_fields(body: Json) -> tuple[str, ...]:
    errors = body.get("errors")
    named = (
        [error.get("field") for error in errors if isinstance(error, dict)]
        if isinstance(errors, list)
        else []
    )
    return tuple(name[:64] for name in named[:20] if isinstance(name, str))


# ── Values in an answer ──


def _account(body: Json) -> Account:
    """Zoom: the user object. Raises ValueError without an id."""
    remote_user_id = text(body, "id", 128)
    if not remote_user_id:
        raise ValueError("id")
    names = text(body, "first_name", 128), text(body, "last_name", 128)
    kind = body.get("type")
    return Account(
        remote_user_id=remote_user_id,
        account_id=text(body, "account_id", 128),
        name=text(body, "display_name", 255) or " ".join(name for name in names if name)[:255],
        email=text(body, "email", 320),
        plan=_PLANS.get(kind, "") if isinstance(kind, int) else "",
        zone=text(body, "timezone", 64),
    )


def _is_personal_room(body: Json) -> bool:
    settings = body.get("settings")
    return isinstance(settings, dict) and settings.get("use_pmi") is True


def _digits(value: object) -> str:
    """A meeting id: above 2^31, as a number or as text."""
    digits = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,20}", digits, re.ASCII):
        raise ValueError("id")
    return digits


def _minutes(value: object) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 100_000:
        raise ValueError("duration")
    return value


def _marker_in(body: Json) -> str:
    agenda = body.get("agenda")
    found = _MARKER.match(agenda) if isinstance(agenda, str) else None
    return found.group() if found else ""


def _dial_in(body: Json) -> tuple[DialIn, ...]:
    """The telephone numbers; one that does not look like one is left out."""
    settings = body.get("settings")
    numbers = settings.get("global_dial_in_numbers") if isinstance(settings, dict) else None
    if not isinstance(numbers, list):
        return ()
    read = (_dial_in_number(item) for item in numbers[:200])
    return tuple(number for number in read if number)


def _dial_in_number(item: object) -> DialIn | None:
    if not isinstance(item, dict):
        return None
    country, number = item.get("country"), item.get("number")
    if not isinstance(country, str) or not isinstance(number, str):
        return None
    if not re.fullmatch(r"[A-Z]{2}", country) or not re.fullmatch(r"[+]?[0-9 ()./-]{3,40}", number, re.ASCII):
        return None
    return DialIn(country, number)

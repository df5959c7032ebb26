"""Links that open a web calendar with the appointment filled in, for readers who got no invitation.

No vendor documents these addresses; they are what the vendors' own pages use, and may stop working. An
appointment added this way is a copy that later changes do not reach, so the link to our page goes with it.
"""

from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from koalendar.invitations.calendar import Event, one_line, plain

# Servers commonly refuse addresses beyond 8 kB, and percent-encoding triples to ninefolds the text.
_LONGEST_TITLE = 1000
_LONGEST_DETAILS = 4000


def google_link(event: Event) -> str:
    """Google Calendar's form for a new event, times in UTC; Google shows them in the reader's zone."""
    times = f"{_basic(event.start)}/{_basic(event.end)}"
    fields = {"action": "TEMPLATE", "text": _title(event), "dates": times, **_words(event, "details")}
    return "https://calendar.google.com/calendar/render?" + _query(fields)


def outlook_link(event: Event) -> str:
    """The same for personal accounts (outlook.com)."""
    return _microsoft_link("outlook.live.com", event)


def office_link(event: Event) -> str:
    """The same for work and school accounts (Microsoft 365)."""
    return _microsoft_link("outlook.office.com", event)


def _microsoft_link(host: str, event: Event) -> str:
    fields = {
        "path": "/calendar/action/compose",
        "rru": "addevent",
        "subject": _title(event),
        "startdt": _extended(event.start),
        "enddt": _extended(event.end),
        **_words(event, "body"),
    }
    return f"https://{host}/calendar/0/deeplink/compose?" + _query(fields)


def _title(event: Event) -> str:
    return _cut(one_line(event.summary), _LONGEST_TITLE)


def _words(event: Event, name_of_details: str) -> dict[str, str]:
    """Details and location, each only if there is one."""
    own_page = len(quote(event.url))
    details = _cut(plain(event.details), _LONGEST_DETAILS - own_page)
    if event.url and event.url not in details:
        details = f"{details}\n\n{event.url}".strip()
    words = {name_of_details: details, "location": _cut(one_line(event.place), _LONGEST_TITLE)}
    return {name: text for name, text in words.items() if text}


def _cut(text: str, limit: int) -> str:
    """The text, or as much of its beginning as takes at most `limit` characters once encoded."""
    while len(quote(text)) > limit:
        text = text[: min(len(text) - 1, len(text) * limit // len(quote(text)))]
    return text


def _query(fields: dict[str, str]) -> str:
    # Outlook shows the "+" of an ordinary form for what it is, so spaces are "%20".
    return urlencode(fields, quote_via=quote, safe="")


def _basic(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _extended(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

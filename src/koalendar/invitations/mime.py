"""How a calendar object travels in a mail: content types, and the two parts that mail programs look for.

Outlook and Gmail read the alternative, other programs offer the attachment. Both hold the same object
(RFC 6047; Microsoft: "RFC6047: iMIP", Outlook's conformance page).
"""

import re

# Without "charset": Django writes it by itself, and twice if it is here too.
CALENDAR_REQUEST = "text/calendar; method=REQUEST"
CALENDAR_CANCEL = "text/calendar; method=CANCEL"
CALENDAR_PUBLISH = "text/calendar; method=PUBLISH"

ATTACHMENT_NAME = "invite.ics"
ATTACHMENT_TYPE = "application/ics"

_TYPES = {"REQUEST": CALENDAR_REQUEST, "CANCEL": CALENDAR_CANCEL, "PUBLISH": CALENDAR_PUBLISH}
_METHOD = re.compile(rb"^METHOD:(.+)\r$", re.MULTILINE)


def alternative(calendar: bytes) -> tuple[str, str]:
    """Content and type for `EmailMultiAlternatives.attach_alternative`, to be the last alternative.

    The method in the type is read from the object: RFC 6047, section 2.4, wants the two equal. ValueError
    for an object without one of our methods.
    """
    found = _METHOD.search(calendar)
    method = found[1].decode() if found else ""
    if method not in _TYPES:
        raise ValueError("the calendar object has none of the methods REQUEST, CANCEL, PUBLISH")
    return calendar.decode(), _TYPES[method]


def attachment(calendar: bytes) -> tuple[str, bytes, str]:
    """Name, content and type for `EmailMessage.attach`."""
    return ATTACHMENT_NAME, calendar, ATTACHMENT_TYPE

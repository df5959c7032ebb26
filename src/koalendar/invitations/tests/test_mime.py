"""The parts of a mail agree with the calendar object that they carry."""

from email.message import EmailMessage
from typing import Any

import pytest

from koalendar.invitations import mime
from koalendar.invitations.calendar import cancel, publish, request
from koalendar.invitations.tests.makers import STAMP, make_event


@pytest.mark.parametrize(
    ("make", "content_type"),
    [(request, mime.CALENDAR_REQUEST), (cancel, mime.CALENDAR_CANCEL), (publish, mime.CALENDAR_PUBLISH)],
)
def test_the_method_of_the_part_is_the_method_of_the_object(make: Any, content_type: str) -> None:
    calendar = make(make_event(), stamp=STAMP)
    content, found = mime.alternative(calendar)
    assert found == content_type
    assert content.encode() == calendar
    header = EmailMessage()
    header["Content-Type"] = found
    assert f"METHOD:{header['Content-Type'].params['method']}\r\n".encode() in calendar


def test_the_method_cannot_be_faked_by_a_text() -> None:
    event = make_event(description="\r\nMETHOD:CANCEL\r\n", summary="METHOD:CANCEL")
    assert mime.alternative(request(event, stamp=STAMP))[1] == mime.CALENDAR_REQUEST


def test_the_attachment_holds_the_same_bytes_under_the_usual_name() -> None:
    calendar = request(make_event(), stamp=STAMP)
    assert mime.attachment(calendar) == ("invite.ics", calendar, "application/ics")


def test_what_is_no_invitation_is_refused() -> None:
    with pytest.raises(ValueError, match="methods"):
        mime.alternative(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")

"""A host's bookings as a file for spreadsheets: what the list shows with its tab and its search."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from django.http import HttpRequest, StreamingHttpResponse
from django.views.decorators.http import require_GET

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import queries
from koalendar.booking.keeping import notes_of
from koalendar.booking.models import Booking
from koalendar.web.dashboard.booking_pages import answers_of, where
from koalendar.web.dashboard.bookings import tab_and_search
from koalendar.web.dashboard.frame import for_host

# Programs read these names, so they are in no language, and new ones come at the end.
COLUMNS = (
    "uid",
    "status",
    "event_type",
    "start",
    "end",
    "zone",
    "invitee_name",
    "invitee_email",
    "invitee_zone",
    "guests",
    "location",
    "answers",
    "booked_by",
    "no_show",
    "created_at",
    "cancelled_at",
    "cancelled_by",
    "reason",
    "private_note",
)
BATCH = 500
_BYTE_ORDER_MARK = "\ufeff"  # Else Excel takes the file for one in the local code page.
# What spreadsheets take for the beginning of a formula, also in the width of East Asian letters
# (https://owasp.org/www-community/attacks/CSV_Injection).
_BEGINS_FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@require_GET
@for_host
def export(request: HttpRequest, host: Host) -> StreamingHttpResponse:
    now = clock.now()
    tab, search = tab_and_search(request)
    rows = queries.found_on(host, tab, now=now, search=search)
    response = StreamingHttpResponse(
        lines(queries.in_batches(rows, size=BATCH), host, now=now), content_type="text/csv; charset=utf-8"
    )
    name = f"bookings-{tab.value}-{now:%Y-%m-%d}.csv"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class _Echo:
    """A file for the writer of csv that gives each line back."""

    def write(self, line: str) -> str:
        return line


def lines(batches: Iterable[Sequence[Booking]], host: Host, *, now: datetime) -> Iterator[str]:
    """The file, a batch of lines at a time."""
    writer = csv.writer(_Echo())
    yield _BYTE_ORDER_MARK + writer.writerow(COLUMNS)
    for batch in batches:
        notes = notes_of(batch, host)
        cells = (_cells(booking, notes.get(booking.pk, ""), now) for booking in batch)
        yield "".join(writer.writerow([harmless(cell) for cell in row]) for row in cells)


def _cells(booking: Booking, note: str, now: datetime) -> Sequence[str]:
    """In the order of COLUMNS."""
    appointment = booking.appointment
    return (
        str(booking.uid),
        booking.status_at(now),
        str(booking.snapshot.get("title", "")) or appointment.event_type.title,
        _instant(appointment.start),
        _instant(appointment.end),
        appointment.zone,
        booking.invitee_name,
        booking.invitee_email,
        booking.invitee_zone,
        ", ".join(booking.guests),
        where(appointment.location),
        "\n".join(f"{question}: {answer}" for question, answer in answers_of(booking)),
        booking.booked_by,
        "yes" if booking.no_show_at else "no",
        _instant(booking.created_at),
        _instant(booking.cancelled_at),
        booking.cancelled_by,
        booking.reason,
        note,
    )


def _instant(at: datetime | None) -> str:
    """ "2026-12-01T08:00:00Z"."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""


def harmless(text: str) -> str:
    """The text so that no spreadsheet calculates with it: what strangers typed is in it."""
    begins = text.startswith(_BEGINS_FORMULA) or text.lstrip().startswith(_BEGINS_FORMULA)
    return f"'{text}" if begins else text

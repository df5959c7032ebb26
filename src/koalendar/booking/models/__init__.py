"""The tables of this room."""

from koalendar.booking.models.appointment import Appointment, Hold
from koalendar.booking.models.availability import Schedule
from koalendar.booking.models.booking import Booking, Idempotency
from koalendar.booking.models.copies import CalendarCopy, Meeting
from koalendar.booking.models.event_type import EventType, EventTypeHost
from koalendar.booking.models.message import Message
from koalendar.booking.models.profile import Profile, ProfileAlias
from koalendar.booking.models.story import Happening, Note

__all__ = [
    "Appointment",
    "Booking",
    "CalendarCopy",
    "EventType",
    "EventTypeHost",
    "Happening",
    "Hold",
    "Idempotency",
    "Meeting",
    "Message",
    "Note",
    "Profile",
    "ProfileAlias",
    "Schedule",
]

"""What a host is told of what was seen of his booking elsewhere, for him to decide; hosts read English."""

from dataclasses import dataclass

from django.utils.translation import gettext as to_host

from koalendar.booking.models import Message


@dataclass(frozen=True, slots=True)
class Sentences:
    """Of one such mail. All may name `what`, `when`, `zone` and `invitee`."""

    subject: str
    preheader: str
    heading: str
    lead: str
    button: str
    term: str = ""


def sentences(kind: str, *, is_deleted: bool) -> Sentences:
    """Of a mail of this kind, one of `Message.SEEN_THERE`."""
    if kind == Message.Kind.IN_ZOOM:
        return _deleted_in_zoom() if is_deleted else _moved_in_zoom()
    if kind == Message.Kind.CONFLICT:
        return _in_conflict()
    return _deleted_in_calendar() if is_deleted else _moved_in_calendar()


def _deleted_in_zoom() -> Sentences:
    return Sentences(
        subject=to_host("Deleted in Zoom: %(what)s, %(when)s"),
        preheader=to_host("%(when)s, %(zone)s. Its Zoom link is dead."),
        heading=to_host("The meeting was deleted in Zoom"),
        lead=to_host(
            "The booking stands, but the link that %(invitee)s has is dead. Make a new link: it is sent "
            "to both of you. If the call does not take place, cancel the booking."
        ),
        button=to_host("Make a new link"),
    )


def _moved_in_zoom() -> Sentences:
    return Sentences(
        subject=to_host("Moved in Zoom: %(what)s, %(when)s"),
        preheader=to_host("%(when)s, %(zone)s. Zoom has another time."),
        heading=to_host("The meeting was moved in Zoom"),
        lead=to_host(
            "%(invitee)s knows only of the booked time. Take the time that Zoom has, and %(invitee)s is told "
            "of it; or restore the booked one in Zoom."
        ),
        button=to_host("Choose the time"),
        term=to_host("In Zoom"),
    )


def _deleted_in_calendar() -> Sentences:
    return Sentences(
        subject=to_host("Deleted in your calendar: %(what)s, %(when)s"),
        preheader=to_host("%(when)s, %(zone)s. The booking stands."),
        heading=to_host("The event was deleted in Google Calendar"),
        lead=to_host(
            "The booking stands, and %(invitee)s knows of no change. If it does not take place, cancel the "
            "booking; else put the event back into your calendar."
        ),
        button=to_host("Cancel it or put it back"),
    )


def _moved_in_calendar() -> Sentences:
    return Sentences(
        subject=to_host("Moved in your calendar: %(what)s, %(when)s"),
        preheader=to_host("%(when)s, %(zone)s. Your calendar has another time."),
        heading=to_host("The event was moved in Google Calendar"),
        lead=to_host(
            "%(invitee)s knows only of the booked time. Follow the calendar, and the booking moves and "
            "%(invitee)s is told of it; or restore the booked time in your calendar."
        ),
        button=to_host("Choose the time"),
        term=to_host("In your calendar"),
    )


def _in_conflict() -> Sentences:
    return Sentences(
        subject=to_host("Busy at the same time: %(what)s, %(when)s"),
        preheader=to_host("%(when)s, %(zone)s. Your calendar has something else."),
        heading=to_host("You have something else at this time"),
        lead=to_host(
            "When %(invitee)s took this time, your calendar did not answer, and as far as we knew it was "
            "free. Now your calendar shows something else then. The booking stands: keep, reschedule or "
            "cancel it."
        ),
        button=to_host("Decide about the booking"),
    )

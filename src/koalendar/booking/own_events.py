"""When events of ours lie in a host's calendar, so that they don't count as busy there: their holds do."""

from datetime import datetime

from django.db.models import Q

from koalendar.booking.models import Appointment, CalendarCopy
from koalendar.connections.mirror import Span
from koalendar.connections.models import Calendar


def own_spans(calendar: Calendar, begin: datetime, end: datetime) -> list[Span]:
    """The times of our events in this calendar that have a moment in [begin, end), as far as we know of them.

    Where the provider was last told that one lies, and where it is to lie, which may be on its way. One that
    somebody moved there is where its host wants to be, and counts as busy. Another account of his may have
    written them, since a calendar that is shared has one name everywhere.
    """
    there = Q(calendar=calendar) | Q(
        credential__provider=calendar.connection.provider, remote_calendar_id=calendar.remote_id
    )
    copies = CalendarCopy.objects.filter(there, host=calendar.host_id).exclude(state=CalendarCopy.State.GONE)
    told = copies.filter(told_start__lt=end, told_end__gt=begin).values_list("told_start", "told_end")
    wanted = copies.filter(appointment__start__lt=end, appointment__end__gt=begin)
    live = wanted.exclude(appointment__status=Appointment.Status.CANCELLED)
    spans = [*told, *live.values_list("appointment__start", "appointment__end")]
    return [(since, until) for since, until in spans if since is not None and until is not None]

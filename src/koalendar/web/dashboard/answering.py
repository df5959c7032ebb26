"""A request answered from the mail that asks for it, without signing in.

The link is the host's own: an invitee's opens nothing here. GET shows and only POST changes, since mail
scanners follow links; once the request is answered or over, the link says so and does nothing more.
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from koalendar import clock
from koalendar.booking import actions
from koalendar.booking.errors import LinkExpired, WrongState
from koalendar.booking.links import request_for_token
from koalendar.booking.models import Booking
from koalendar.web.dashboard.booking_pages import answer_until, days_around, facts_of
from koalendar.web.dashboard.forms import ReasonForm
from koalendar.web.dashboard.wording import wording_for
from koalendar.web.headers import keep_to_reader
from koalendar.web.public.desk import SeeOther


@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, token: str) -> HttpResponse:
    try:
        booking = request_for_token(token, now=clock.now())
    except LinkExpired:
        response = render(request, "public/gone.html", status=404)
        keep_to_reader(response, has_form=False)
        return response
    waits = booking.status_at(clock.now()) == Booking.Status.PENDING
    response = _ask(request, booking) if waits else _answered(request, booking)
    keep_to_reader(response, has_form=waits)
    return response


def _ask(request: HttpRequest, booking: Booking) -> HttpResponse:
    given = request.POST.get("answer", "")
    form = ReasonForm(request.POST if given == "decline" else None)
    now = clock.now()
    try:
        if given == "confirm":
            actions.confirm(booking, now=now)
            return SeeOther(request.path)
        if given == "decline" and form.is_valid():
            actions.decline(booking, now=now, reason=form.cleaned_data["reason"])
            return SeeOther(request.path)
    except WrongState:
        booking.refresh_from_db()
        return _answered(request, booking)
    host = booking.appointment.holds.select_related("host").order_by("pk")[0].host
    words = wording_for(host, now=now)
    context = {
        "booking": booking,
        "form": form,
        "facts": facts_of(booking, words),
        "answer_until": answer_until(booking, words),
        "day": words.date_of(booking.appointment.start),
        "beside": days_around(host, [booking], words)[booking.pk],
        "zone": words.zone_now(),
    }
    return render(request, "dashboard/answer.html", context, status=422 if form.errors else 200)


def _answered(request: HttpRequest, booking: Booking) -> HttpResponse:
    """What became of it, and nothing about the invitee: the mail may lie about for long."""
    heading, text = {
        Booking.Status.CONFIRMED: (
            _("Confirmed"),
            _("This request is confirmed, and everybody concerned gets a mail."),
        ),
        Booking.Status.DECLINED: (
            _("Declined"),
            _("This request is declined, and the time is free again. The invitee gets a mail."),
        ),
        Booking.Status.EXPIRED: (
            _("Not answered in time"),
            _("This request has lapsed, and the time is free again."),
        ),
        Booking.Status.CANCELLED: (_("Cancelled"), _("This was cancelled, and the time is free again.")),
    }[Booking.Status(booking.status_at(clock.now()))]
    context = {"booking": booking, "heading": heading, "text": text}
    status = 409 if request.method == "POST" else 200
    return render(request, "dashboard/answered.html", context, status=status)

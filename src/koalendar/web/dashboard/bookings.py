"""Bookings: the agenda, one booking with its outside copies, and what a host does with it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import actions, keeping, problems, queries
from koalendar.booking.errors import OtherThere, OutsideRules, SlotTaken, WrongState
from koalendar.booking.looking import look_for
from koalendar.booking.models import Booking
from koalendar.booking.queries import Tab
from koalendar.connections.actions import open_meetings
from koalendar.connections.provider import Gone, ProviderError, Reason
from koalendar.connections.queries import connection_to
from koalendar.web.dashboard.booking_pages import (
    Choice,
    CopyRow,
    Row,
    answer_until,
    can_change,
    copies_of,
    days_around,
    facts_of,
    in_calendar,
    in_zoom,
    offer,
    row_of,
    why_rows,
)
from koalendar.web.dashboard.forms import NoteForm, ReasonForm
from koalendar.web.dashboard.frame import for_host, own
from koalendar.web.dashboard.setup import card_for
from koalendar.web.dashboard.stories import story_of
from koalendar.web.dashboard.wording import HostWording, wording_for

_GONE = "meeting_gone"
_FAR = timedelta(days=5 * 366)  # No page offers a time further away, and some cannot be written at all.
_LOOKS = 46  # 1, 2, 3 … 15, 15 … seconds apart: about ten minutes.

# ── The agenda ──


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:
    now = clock.now()
    tab, search = tab_and_search(request)
    page = queries.agenda(host, tab, now=now, search=search, cursor=request.GET.get("cursor", ""))
    words = wording_for(host, now=now)
    places = queries.whereabouts_of(page.bookings, now=now) if tab is Tab.UPCOMING else {}
    events = queries.calendar_copies_of(page.bookings, now=now) if tab is Tab.UPCOMING else {}
    beside = days_around(host, page.bookings, words) if tab is Tab.PENDING else {}
    rows = [
        row_of(
            booking,
            places.get(booking.pk),
            words,
            beside.get(booking.pk, ()),
            event=events.get(booking.pk),
        )
        for booking in page.bookings
    ]
    waiting = queries.waiting_for(host, now=now)
    tabs = _tabs(host, tab, search, {Tab.PENDING: waiting}, now=now)
    context = {
        "tab": tab.value,
        "pending_count": waiting,
        "tabs": tabs,
        "elsewhere": [other for other in tabs if search and other.count and not other.is_here],
        "first_url": _address(tab, search),
        "here_url": _address(tab, search, request.GET.get("cursor", "")),
        "export_url": _address(tab, search, page="booking-export"),
        "all_url": _address(tab),
        "search": search,
        "days": _by_day(rows),
        "more_url": _address(tab, search, page.next_cursor) if page.next_cursor else "",
        "is_continued": "cursor" in request.GET,
        "zone": words.zone_now(),
        "setup": card_for(host),
        "has_event_types": queries.event_types_of(host).exists(),
    }
    response = render(request, "dashboard/bookings.html", context)
    response.headers["Vary"] = "HX-Request"
    return response


def tab_and_search(request: HttpRequest) -> tuple[Tab, str]:
    """The tab, and what is searched for in it."""
    search = request.GET.get("q", "").replace("\0", "").strip()[:100]  # PostgreSQL takes no NUL.
    try:
        return Tab(request.GET.get("tab", "")), search
    except ValueError:
        return Tab.UPCOMING, search


@dataclass(frozen=True, slots=True)
class TabLink:
    """A tab, and how many bookings are on it where that is told."""

    label: str
    url: str
    count: int | None
    is_here: bool


def _tabs(host: Host, here: Tab, search: str, counts: Mapping[Tab, int], *, now: datetime) -> list[TabLink]:
    """All four, with these counts; of a search with the numbers that it found."""
    labels = {
        Tab.UPCOMING: _("Upcoming"),
        Tab.PENDING: _("Pending"),
        Tab.PAST: _("Past"),
        Tab.CANCELLED: _("Cancelled"),
    }
    if search:
        counts = queries.tab_counts(host, now=now, search=search)
    return [TabLink(labels[tab], _address(tab, search), counts.get(tab), is_here=tab is here) for tab in Tab]


def _address(tab: Tab, search: str = "", cursor: str = "", *, page: str = "dashboard") -> str:
    query = {"tab": "" if tab is Tab.UPCOMING else tab.value, "q": search, "cursor": cursor}
    return reverse(page, query={name: text for name, text in query.items() if text})


def _by_day(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    return [(heading, list(group)) for heading, group in groupby(rows, key=lambda row: row.day)]


# ── One booking ──


@require_GET
@for_host
def detail(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    booking = own(queries.booking_of(host, uid))
    note = NoteForm(keeping.note_of(booking, host))
    return render(request, "dashboard/booking.html", _detail_context(request, host, booking) | {"note": note})


@require_GET
@for_host
def copies(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """The panel of outside copies, which asks again by itself while something is under way, and the story."""
    booking = own(queries.booking_of(host, uid))
    return render(request, "dashboard/_copies_again.html", _detail_context(request, host, booking))


def _detail_context(request: HttpRequest, host: Host, booking: Booking) -> dict[str, object]:
    now = clock.now()
    words = wording_for(host, now=now)
    place = queries.whereabouts(booking, now=now)
    event = queries.calendar_copy(booking, now=now)
    rows = copies_of(booking, place, event, words)
    choices = {
        "in_zoom": in_zoom(booking, place, words),
        "in_calendar": in_calendar(booking, event, words),
    }
    return {
        "booking": booking,
        "row": row_of(booking, place, words, event=event),
        "facts": facts_of(booking, words),
        "place": place,
        "copies": rows,
        "why": why_rows(booking, words),
        "next_look": _next_look(request) if any(row.state == "busy" for row in rows) else None,
        "can_retry": _can_retry(rows, choices) or "start_problem" in request.GET,
        "events": story_of(booking, place, event, words),
        "can_change": can_change(booking, now=now),
        "may_be_no_show": keeping.may_be_no_show(booking, now=now),
        "answer_until": answer_until(booking, words),
        "day": words.date_of(booking.appointment.start),
        "beside": days_around(host, [booking], words)[booking.pk],
        "can_start": place.can_start and booking.appointment.end > now,
        "is_in_conflict": queries.is_in_conflict(booking, now=words.now),
        "start_problem": _start_problem(request.GET.get("start_problem", "")),
        **choices,
    }


def _can_retry(rows: Sequence[CopyRow], choices: Mapping[str, Choice | None]) -> bool:
    """Whether something has failed. What only takes its time needs no press, and a choice has its own."""
    return not any(choices.values()) and any(row.state == "bad" or row.next_try for row in rows)


@require_POST
@for_host
def retry(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    booking = own(queries.booking_of(host, uid))
    actions.retry_copies(booking, now=clock.now())
    messages.info(request, _("We are trying again now."))
    return redirect("dashboard-booking", uid=booking.uid)


@require_GET
@for_host
def start(_request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """Fetch the address that starts the meeting as its host, and go there.

    It signs its bearer in at Zoom, so it is asked for now, kept nowhere and told to nobody. By GET, because
    browsers hold a form's redirects to the content security policy; it changes nothing, but that a meeting
    that somebody deleted in Zoom is made anew.
    """
    booking = own(queries.booking_of(host, uid))
    meeting = own(queries.meeting_of(booking))
    if meeting.credential is None or connection_to(host, meeting.credential) is None:
        return _start_failed(booking, problems.NOT_CONNECTED)
    try:
        address = open_meetings(meeting.credential).start_url(meeting.remote_id)
    except Gone:
        if not booking.is_live or booking.appointment.end <= clock.now():
            return _start_failed(booking, Reason.ENDED)
        actions.remake_meeting(booking, now=clock.now(), gone=meeting.remote_id)
        return _start_failed(booking, _GONE)
    except ProviderError as error:
        return _start_failed(booking, str(error.reason))
    response = HttpResponseRedirect(address)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


def _start_failed(booking: Booking, problem: str) -> HttpResponse:
    address = reverse("dashboard-booking", kwargs={"uid": booking.uid}, query={"start_problem": problem})
    return HttpResponseRedirect(address)


def _next_look(request: HttpRequest) -> tuple[int, int] | None:
    """Which look comes next and after how many seconds: ever more slowly, and after ten minutes none."""
    text = request.GET.get("look", "0")
    looks = int(text) if text.isdecimal() and len(text) < 4 else _LOOKS
    return (looks + 1, min(looks + 1, 15)) if looks < _LOOKS else None


def _start_problem(code: str) -> str:
    if code == _GONE:
        return _("The meeting was deleted in Zoom; a new one is being made and its link sent.")
    return problems.in_words(code)


# ── What the host keeps of it ──


@require_POST
@for_host
def write_note(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    booking = own(queries.booking_of(host, uid))
    form = NoteForm(keeping.note_of(booking, host), request.POST)
    if not form.is_valid():
        context = _detail_context(request, host, booking) | {"note": form}
        return render(request, "dashboard/booking.html", context, status=422)
    keeping.write_note(booking, host, form.cleaned_data["note"], now=clock.now())
    messages.success(request, _("Saved."))
    return redirect("dashboard-booking", uid=booking.uid)


@require_POST
@for_host
def no_show(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """Whether the invitee came; the same button takes it back, so nothing is asked before."""
    booking = own(queries.booking_of(host, uid))
    came = request.POST.get("came") == "yes"
    list_page = request.POST.get("back", "")
    try:
        (keeping.take_back_no_show if came else keeping.note_no_show)(booking, now=clock.now())
    except WrongState:
        messages.info(request, _("That can be noted once a booking has begun, unless it was cancelled."))
    else:
        messages.success(request, _("Noted as attended.") if came else _("Noted as a no-show."))
    if list_page.startswith(f"{reverse('dashboard')}?"):
        return redirect(list_page)
    return redirect("dashboard-booking", uid=booking.uid)


# ── Answering a request ──


@require_POST
@for_host
def confirm(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    booking = own(queries.booking_of(host, uid))
    try:
        actions.confirm(booking, now=clock.now())
    except WrongState:
        return _too_late(request, booking)
    messages.success(request, _("Confirmed: %(name)s gets a mail.") % {"name": booking.invitee_name})
    return _to_next_request(host, booking)


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def decline(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """Asks first, and says what will be sent to whom."""
    booking = own(queries.booking_of(host, uid))
    now = clock.now()
    if booking.status_at(now) != Booking.Status.PENDING:
        return _too_late(request, booking)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.decline(booking, now=now, reason=form.cleaned_data["reason"])
        except WrongState:
            return _too_late(request, booking)
        messages.success(request, _("Declined: %(name)s gets a mail.") % {"name": booking.invitee_name})
        return _to_next_request(host, booking)
    when = wording_for(host, now=now).full(booking.appointment.start, booking.appointment.end)
    context = {"booking": booking, "form": form, "when": when}
    return render(request, "dashboard/booking_decline.html", context, status=422 if form.errors else 200)


def _too_late(request: HttpRequest, booking: Booking) -> HttpResponse:
    messages.info(request, _("This request was answered or had ended already."))
    return redirect("dashboard-booking", uid=booking.uid)


def _to_next_request(host: Host, booking: Booking) -> HttpResponse:
    """Back to the requests as long as there are any, at the row where this one was."""
    following = queries.request_after(host, booking, now=clock.now())
    if following is not None:
        return redirect(f"{_address(Tab.PENDING)}#b-{following.uid}")
    return redirect("dashboard-booking", uid=booking.uid)


# ── What was done to its meeting in Zoom, or to its event in the calendar ──


@require_POST
@for_host
def take_time(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """Let the booking follow its meeting, or its event, to the time that the page showed."""
    booking = own(queries.booking_of(host, uid))
    back = redirect("dashboard-booking", uid=booking.uid)
    now = clock.now()
    try:
        actions.follow(booking, start=_shown_instant(request.POST.get("start", ""), now=now), now=now)
    except OtherThere:
        messages.info(request, _("It has been changed there again. This is how it is now."))
    except SlotTaken:
        messages.warning(
            request,
            _(
                "You have another booking at that time, so this one was not moved. "
                "Move the other one first, or restore the booked time."
            ),
        )
    except OutsideRules:
        messages.warning(
            request, _("That time has passed, so the booking was not moved. Restore the booked time.")
        )
    except WrongState:
        messages.info(request, _("This booking had ended already."))
    else:
        messages.success(request, _("The booking is rescheduled."))
    return back


@require_POST
@for_host
def restore_time(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    told = _("We are telling Zoom the booked time again.")
    return _set_right(request, host, uid, actions.restore_in_zoom, told)


@require_POST
@for_host
def restore_event(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """Give the event in the calendar its time again, or put back one that was deleted there."""
    told = _("We are telling Google Calendar the booked time again.")
    return _set_right(request, host, uid, actions.restore_in_calendar, told)


@require_POST
@for_host
def new_link(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """Make a new meeting for one that was deleted in Zoom."""
    told = _("A new meeting is being made, and its link is sent to all.")
    return _set_right(request, host, uid, actions.remake_meeting, told)


def _set_right(
    request: HttpRequest, host: Host, uid: UUID, act: Callable[..., None], told: str
) -> HttpResponse:
    """Undo by `act` what was done there, and say so in the words of `told`."""
    booking = own(queries.booking_of(host, uid))
    try:
        act(booking, now=clock.now())
    except WrongState:
        messages.info(request, _("This booking had ended already."))
    else:
        messages.info(request, told)
    return redirect("dashboard-booking", uid=booking.uid)


def _shown_instant(text: str, *, now: datetime) -> datetime:
    """The instant that our own page put there. Raises OtherThere for what no page of ours could have."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise OtherThere from None
    if at.tzinfo is None or abs(at - now) > _FAR:
        raise OtherThere
    return at


# ── Cancelling ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def cancel(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """Asks first, and says what will be sent to whom."""
    booking = own(queries.booking_of(host, uid))
    back = redirect("dashboard-booking", uid=booking.uid)
    if not can_change(booking, now=clock.now()):
        return back
    if booking.status == Booking.Status.PENDING:
        return redirect("dashboard-booking-decline", uid=booking.uid)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.cancel(booking, by=Booking.By.HOST, now=clock.now(), reason=form.cleaned_data["reason"])
        except WrongState:
            messages.info(request, _("This booking had ended already."))
            return back
        messages.success(request, _("The booking is cancelled."))
        return back
    words = wording_for(host, now=clock.now())
    context = {
        "booking": booking,
        "form": form,
        "when": words.full(booking.appointment.start, booking.appointment.end),
    }
    return render(request, "dashboard/booking_cancel.html", context, status=422 if form.errors else 200)


# ── Rescheduling ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def reschedule(request: HttpRequest, host: Host, uid: UUID) -> HttpResponse:
    """Choose another time of the event type's own, then say why; what will be sent is said before."""
    booking = own(queries.booking_of(host, uid))
    now = clock.now()
    if not can_change(booking, now=now):
        return redirect("dashboard-booking", uid=booking.uid)
    wanted = _instant(request.POST.get("start") or request.GET.get("start", ""), now=now)
    form = ReasonForm(request.POST or None)
    problem = ""
    if request.method == "POST" and wanted and form.is_valid():
        reason = form.cleaned_data["reason"]
        seen = look_for(booking.appointment, start=wanted, now=now)
        try:
            actions.reschedule(booking, start=wanted, by=Booking.By.HOST, now=now, reason=reason, seen=seen)
        except WrongState:
            messages.info(request, _("This booking had ended already."))
            return redirect("dashboard-booking", uid=booking.uid)
        except (SlotTaken, OutsideRules) as error:
            problem, wanted = _not_free(error), None
        else:
            messages.success(request, _("The booking is rescheduled."))
            return redirect("dashboard-booking", uid=booking.uid)
    words = wording_for(host, now=now)
    context = {
        "booking": booking,
        "form": form,
        "problem": problem,
        "present": words.full(booking.appointment.start, booking.appointment.end),
        "wanted": wanted,
        "when": _new_time(booking, wanted, words) if wanted else "",
        "offer": None if wanted else offer(booking, words, page=request.GET.get("page", "")),
        "zone": words.zone_now(),
    }
    status = 409 if problem else 422 if form.errors else 200
    return render(request, "dashboard/booking_reschedule.html", context, status=status)


def _not_free(error: SlotTaken | OutsideRules) -> str:
    if isinstance(error, OutsideRules) and error.which == "calendar":
        return _("Your calendar cannot be read at the moment. Try again in a few minutes.")
    return _("This time is not free any more. Choose another one.")


def _instant(text: str, *, now: datetime) -> datetime | None:
    """A whole minute that some calendar page could have offered, in UTC; None for any other text."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    if at.tzinfo is None or abs(at - now) > _FAR:
        return None
    at = at.astimezone(UTC)
    return at if at == at.replace(second=0, microsecond=0) else None


def _new_time(booking: Booking, start: datetime, words: HostWording) -> str:
    return words.full(start, start + (booking.appointment.end - booking.appointment.start))

"""Event types: the cards, the editor, opening and closing, deleting."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from koalendar.accounts.models import Host
from koalendar.booking import queries, revising
from koalendar.booking.models import EventType
from koalendar.booking.owed import calendar_of_seat
from koalendar.booking.rules import MAX_QUESTIONS
from koalendar.booking.setting_up import add_event_type, duplicate_event_type
from koalendar.connections import queries as connections
from koalendar.connections.models import Calendar
from koalendar.web.dashboard import drafts
from koalendar.web.dashboard.booking_pages import location_word
from koalendar.web.dashboard.event_type_forms import (
    EventTypeForm,
    QuestionForm,
    Questions,
    leave_unjudged,
    question_set,
)
from koalendar.web.dashboard.frame import for_host, own_of
from koalendar.web.dashboard.wording import in_minutes
from koalendar.web.dashboard.zoom_card import is_at_zoom, zoom_works


@dataclass(frozen=True, slots=True)
class Card:
    """One event type in the list; `facts` is like "30 minutes · Zoom". `target` is the calendar that its
    bookings go into, looked for only where its place needs one.
    """

    event_type: EventType
    facts: str
    address: str
    lacks_zoom: bool
    lacks_meet: bool
    target: Calendar | None


@require_GET
@for_host
def index(request: HttpRequest, host: Host) -> HttpResponse:
    works = zoom_works(host)
    cards = [_card(row, host, works) for row in queries.event_types_of(host)]
    context = {"cards": cards, "zoom_is_on": connections.is_enabled("zoom")}
    return render(request, "dashboard/event_types.html", context)


def _card(event_type: EventType, host: Host, zoom_is_working: bool) -> Card:
    lengths = ", ".join(in_minutes(minutes) for minutes in event_type.durations)
    places = ", ".join(location_word(place) for place in event_type.locations)
    is_at_meet = any(place["kind"] == "google_meet" for place in event_type.locations)
    target = _target(event_type, host) if is_at_meet else None
    return Card(
        event_type=event_type,
        facts=f"{lengths} · {places}",
        address=address_of(event_type),
        lacks_zoom=is_at_zoom(event_type) and not zoom_is_working,
        # A room comes with an event, so it needs a calendar to write that into.
        lacks_meet=is_at_meet and (target is None or not target.connection.is_live),
        target=target,
    )


def _target(event_type: EventType | None, host: Host) -> Calendar | None:
    """Where its bookings go; those of one that is not stored yet go where the host's usually do."""
    stored = event_type is not None and event_type.pk
    seat = event_type.event_type_hosts.filter(host=host).first() if event_type and stored else None
    return calendar_of_seat(seat, host)


def address_of(event_type: EventType) -> str:
    return f"{settings.KOALENDAR_BASE_URL}/{event_type.profile.slug}/{event_type.slug}/"


# ── The editor ──


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def new(request: HttpRequest, host: Host) -> HttpResponse:
    return _editor(request, host, None)


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def edit(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    return _editor(request, host, own_of(queries.event_types_of(host), public_id=public_id))


def _editor(request: HttpRequest, host: Host, event_type: EventType | None) -> HttpResponse:
    if request.method != "POST":
        draft = drafts.find(request)
        if draft is not None:
            return _as_typed(request, host, event_type, draft, is_draft=True)
        return _show(request, host, event_type, EventTypeForm(host, event_type), question_set(event_type))
    if "connect_zoom" in request.POST:
        return redirect(reverse("zoom-install", query={"next": drafts.keep(request)}))
    if "add_question" in request.POST:
        return _with_another_question(request, host, event_type)
    if "move_question" in request.POST:
        return _with_question_moved(request, host, event_type)
    data = request.POST.copy()
    form = EventTypeForm(host, event_type, data)
    questions = question_set(event_type, data)
    if form.is_valid() & questions.is_valid():
        try:
            return _save(request, host, event_type, form, questions)
        except revising.ChangedMeanwhile:
            assert event_type is not None  # A new one has no other window.
            # With the present revision saving again is a decision and no accident.
            form.add_error(None, _("This was saved in another window meanwhile. Save again to replace that."))
            data["revision"] = str(own_of(queries.event_types_of(host), pk=event_type.pk).revision)
        except ValidationError as error:
            form.say(error)  # Such as an address that another window took after the form had looked for it.
    return _show(request, host, event_type, form, questions, status=422)


def _save(
    request: HttpRequest, host: Host, event_type: EventType | None, form: EventTypeForm, questions: Questions
) -> HttpResponse:
    fields = form.fields_of_event_type() | {"questions": questions.questions()}
    schedule, calendar = form.cleaned_data["schedule"], form.cleaned_data.get("calendar")
    if event_type is None:
        add_event_type(host, schedule=schedule, calendar=calendar or "", **fields)
    else:
        revising.change_event_type(
            event_type,
            revision=form.cleaned_data["revision"] or 0,
            schedule=schedule,
            calendar=calendar,
            **fields,
        )
    drafts.drop(request)
    messages.success(request, _("Saved."))
    return redirect("event-types")


def _with_another_question(request: HttpRequest, host: Host, event_type: EventType | None) -> HttpResponse:
    """The editor as it was typed, not judged yet, with one more empty row."""
    data = request.POST.copy()
    known = data.get("questions-TOTAL_FORMS", "")
    total = min((int(known) if known.isdecimal() and len(known) < 4 else 0) + 1, MAX_QUESTIONS)
    data["questions-TOTAL_FORMS"] = str(total)
    return _as_typed(request, host, event_type, data, newest=total - 1)


def _with_question_moved(request: HttpRequest, host: Host, event_type: EventType | None) -> HttpResponse:
    """The editor as it was typed, with the named question and the one before it changed about."""
    data = request.POST.copy()
    asked = data.get("move_question", "")
    at = int(asked) if asked.isdecimal() and len(asked) < 4 else 0
    if 0 < at < MAX_QUESTIONS:
        for name in QuestionForm.base_fields.keys() | {"DELETE"}:
            here, before = f"questions-{at}-{name}", f"questions-{at - 1}-{name}"
            values = data.getlist(here), data.getlist(before)
            data.setlist(before, values[0])
            data.setlist(here, values[1])
    return _as_typed(request, host, event_type, data, newest=max(at - 1, 0))


def _as_typed(
    request: HttpRequest,
    host: Host,
    event_type: EventType | None,
    data: QueryDict,
    *,
    newest: int | None = None,
    is_draft: bool = False,
) -> HttpResponse:
    """The editor with what was typed, not judged yet."""
    form = EventTypeForm(host, event_type, data)
    questions = question_set(event_type, data)
    for each in (form, *questions.forms):
        leave_unjudged(each)
    return _show(request, host, event_type, form, questions, newest=newest, is_draft=is_draft)


def _show(
    request: HttpRequest,
    host: Host,
    event_type: EventType | None,
    form: EventTypeForm,
    questions: Questions,
    *,
    status: int = 200,
    newest: int | None = None,
    is_draft: bool = False,
) -> HttpResponse:
    context = {
        "event_type": event_type,
        "address": address_of(event_type) if event_type else "",
        "form": form,
        "questions": questions,
        "newest": newest,
        "may_add": len(questions.forms) < MAX_QUESTIONS,
        "has_errors": bool(form.errors or any(row.errors for row in questions.forms)),
        "summaries": _summaries(event_type),
        "zoom_is_on": connections.is_enabled("zoom"),
        "zoom": connections.connection_for(host, "zoom"),
        "meet_is_on": connections.is_enabled("google"),
        "target": _target(event_type, host),
        "is_draft": is_draft,
    }
    return render(request, "dashboard/event_type.html", context, status=status)


def _summaries(event_type: EventType | None) -> dict[str, str]:
    """What a closed section of the editor says of its values."""
    shown = event_type or EventType()
    reminders = ", ".join(in_minutes(minutes) for minutes in shown.reminders)
    return {
        "limits": " · ".join(_limits(shown)),
        "questions": ngettext("%(n)d question", "%(n)d questions", len(shown.questions))
        % {"n": len(shown.questions)},
        "approval": _("Asked for, lapses after %(lapse)s")
        % {"lapse": in_minutes(shown.request_expires_after)}
        if shown.requires_confirmation
        else _("Not needed"),
        "messages": _("Reminders: %(leads)s before") % {"leads": reminders}
        if reminders
        else _("No reminders"),
        "more": _("Hidden") if shown.hidden else _("On your page") if shown.active else _("Not bookable"),
    }


def _limits(shown: EventType) -> Iterator[str]:
    yield (
        _("Booked at least %(length)s before") % {"length": in_minutes(shown.minimum_notice)}
        if shown.minimum_notice
        else _("No notice")
    )
    yield ngettext("%(n)d day ahead", "%(n)d days ahead", shown.booking_window_days) % {
        "n": shown.booking_window_days
    }
    before, after = shown.buffer_before, shown.buffer_after
    if before:
        yield _("%(length)s free before") % {"length": in_minutes(before)}
    if after:
        yield _("%(length)s free after") % {"length": in_minutes(after)}
    if not before and not after:
        yield _("nothing kept free around")


# ── Opening, closing, deleting ──


@require_POST
@for_host
def bookable(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    event_type = own_of(queries.event_types_of(host), public_id=public_id)
    revising.set_bookable(event_type, active="active" in request.POST)
    told = _("%(title)s is bookable.") if "active" in request.POST else _("%(title)s is closed.")
    messages.success(request, told % {"title": event_type.title})
    return redirect("event-types")


@require_POST
@for_host
def duplicate(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    event_type = own_of(queries.event_types_of(host), public_id=public_id)
    made = duplicate_event_type(event_type, title=_("%(title)s (copy)") % {"title": event_type.title})
    messages.success(request, _("This is the copy. It is closed until you make it bookable."))
    return redirect("event-type", made.public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@for_host
def delete(request: HttpRequest, host: Host, public_id: str) -> HttpResponse:
    """Only what was never booked is deleted; anything else can be closed, and keeps its history."""
    event_type = own_of(queries.event_types_of(host), public_id=public_id)
    was_booked = event_type.appointments.exists()
    if request.method == "POST" and not was_booked:
        try:
            revising.delete_event_type(event_type)
        except revising.InUse:
            was_booked = True
        else:
            messages.success(request, _("%(title)s is deleted.") % {"title": event_type.title})
            return redirect("event-types")
    context = {"event_type": event_type, "was_booked": was_booked}
    return render(request, "dashboard/event_type_delete.html", context)

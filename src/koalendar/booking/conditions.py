"""How a host's connections are, in words: what is, the step that mends it, what it means for links."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from koalendar.accounts.models import Host
from koalendar.booking import owed, problems
from koalendar.booking.models import Booking, Meeting
from koalendar.booking.queries import CopyState, Whereabouts, bookings_of, whereabouts
from koalendar.connections import calendars
from koalendar.connections import queries as connections
from koalendar.connections.deletions import WARNED_BEFORE
from koalendar.connections.models import Connection, Deletion
from koalendar.connections.provider import MENDED_BY_CHOICE, Reason

_State = Connection.State


@dataclass(frozen=True, slots=True)
class Step:
    """What a host can press; `url_name` is an address of the dashboard without arguments."""

    label: str
    url_name: str


@dataclass(frozen=True, slots=True)
class Condition:
    """How one connection is. `reason` is one or two sentences, `step` what mends it (None: nothing to mend).

    `kept_until` is when links of its meetings are erased here, with `kept` coming bookings that have one.
    """

    state: str
    reason: str
    step: Step | None
    since: datetime | None
    kept_until: datetime | None
    kept: int


def condition_of(connection: Connection, *, now: datetime) -> Condition:
    """How this connection is as of now, in the language that is set."""
    ending = connections.ending_of(connection)
    return Condition(
        state=connection.state,
        reason=reason_of(connection),
        step=step_of(connection),
        since=connection.problem_since,
        kept_until=ending.due_at if ending is not None else None,
        kept=kept_links(connection, now=now) if ending is not None else 0,
    )


def reason_of(connection: Connection) -> str:
    name = {"name": connections.name_of(connection.provider)}
    if connection.state == _State.ACTIVE:
        if connections.keeps_calendars(connection.provider):
            return _("%(name)s is connected.") % name
        return _("New bookings get a %(name)s link.") % name
    if connection.state == _State.ATTENTION:
        return " ".join([*lacks_of(connection), *_missing_calendars(connection)]) or _problem_of(connection)
    if connection.state == _State.REVOKED and not connection.problem:
        return _("You disconnected %(name)s here, and our access was erased.") % name
    return " ".join([_problem_of(connection), *hint_of_testing(connection)])


def lacks_of(connection: Connection) -> list[str]:
    """What does not work for want of a permission."""
    return [scope.disables for scope in connections.missing_scopes(connection)]


def _missing_calendars(connection: Connection) -> list[str]:
    """The calendars that the host chose and that are not in his account any more, or take no bookings any
    more, by their names."""
    gone = _("The calendar “%(calendar)s” is not in your account any more. Choose your calendars again.")
    closed = _("You do not own the calendar “%(calendar)s” any more. Choose another one for your bookings.")
    lost = [(gone, row) for row in calendars.gone_from(connection)]
    lost += [(closed, row) for row in calendars.closed_in(connection)]
    return [sentence % {"calendar": row.name or row.public_id} for sentence, row in lost]


def hint_of_testing(connection: Connection) -> list[str]:
    """Why the access ended after seven days, where that is how it looks, and what ends that for good."""
    if not connections.looks_like_testing(connection):
        return []
    return [
        _(
            "This happens 7 days after each consent while the Google project of this site is in “Testing”. "
            "Whoever runs the site has to publish it: in the Google Cloud console, Google Auth Platform, "
            "Audience, “Publish app”. Reconnect after that."
        )
    ]


def _problem_of(connection: Connection) -> str:
    return problems.in_words(connection.problem, connection.provider)


def step_of(connection: Connection) -> Step | None:
    if connection.state == _State.ACTIVE:
        return None
    if connection.problem in MENDED_BY_CHOICE:
        return Step(_("Choose your calendars"), "integrations")
    name, connect = {"name": connections.name_of(connection.provider)}, f"{connection.provider}-connect"
    if connection.problem in (Reason.USER_GONE, Reason.CANNOT_HOST):
        return Step(_("Connect another %(name)s account") % name, connect)
    if connection.state == _State.REVOKED:
        return Step(_("Connect %(name)s") % name, connect)
    return Step(_("Reconnect %(name)s") % name, connect)


def kept_links(connection: Connection, *, now: datetime) -> int:
    """How many coming bookings have a link made under this connection's account."""
    linked = Meeting.objects.filter(credential=connection.credential_id).exclude(join_url="")
    coming = bookings_of(connection.host).filter(status__in=Booking.LIVE, appointment__end__gt=now)
    return coming.filter(appointment__meetings__in=linked).distinct().count()


# ── What a banner says ──


@dataclass(frozen=True, slots=True)
class Ending:
    """An account that was removed or disconnected, whose links are erased here at `until`.

    `kept` counts the coming bookings concerned; `is_near` says that the host is being warned.
    """

    connection: Connection
    until: datetime
    kept: int
    is_near: bool


def ending_for(host: Host, *, now: datetime) -> Ending | None:
    """The end that concerns the host most: the earliest with links at stake, else one that left him without
    any account of that provider. None if there is nothing that he has to know on every visit."""
    records = Deletion.objects.filter(
        connection__host=host, connection__state=_State.REVOKED, finished_at=None
    )
    in_use = set(host.connections.filter(state__in=Connection.LIVE).values_list("provider", flat=True))
    found = [
        Ending(record.connection, record.due_at, kept, record.due_at - WARNED_BEFORE <= now)
        for record in records.select_related("connection__host", "connection__credential").order_by("due_at")
        if record.connection is not None
        and ((kept := kept_links(record.connection, now=now)) or _is_news(record, in_use))
    ]
    return min(found, key=lambda ending: ending.kept == 0, default=None)


def _is_news(record: Deletion, in_use: set[str]) -> bool:
    """Whoever disconnected here knows it."""
    return record.how != Deletion.How.DISCONNECTED and record.provider not in in_use


# ── Why has this booking no link? ──


@dataclass(frozen=True, slots=True)
class Answer:
    """One question and what the facts say: `is_well` is None where they cannot say it yet.

    `at` is the instant that `text` speaks of, for whoever shows it to put into words.
    """

    question: str
    is_well: bool | None
    text: str
    at: datetime | None = None
    step: Step | None = None


def why_no_link(booking: Booking, *, now: datetime) -> list[Answer]:
    """The three questions of the troubleshooting page, answered for this booking.

    Empty for one that has its link, needs none, or is over.
    """
    place = whereabouts(booking, now=now)
    is_over = not booking.is_live or booking.appointment.end <= now
    if place.kind != "zoom" or place.join_url or is_over or place.state is CopyState.NONE:
        return []
    connection = owed.connection_for(booking.appointment)
    is_live = connection is not None and connection.is_live
    live = connection if is_live else None
    return [_is_connected(booking, connection), _did_answer(place, live), _is_complete(place, live)]


def _is_connected(booking: Booking, connection: Connection | None) -> Answer:
    question = _("Is Zoom connected?")
    connect = Step(_("Connect Zoom"), "zoom-connect")
    if not connections.is_enabled("zoom"):
        return Answer(question, False, problems.in_words(Reason.PROVIDER_OFF))
    if connection is None and booking.appointment.location.get("connection"):
        text = _("No. This booking belongs to a Zoom account that is not connected any more.")
        return Answer(question, False, text, step=connect)
    if connection is None:
        return Answer(question, False, f"{_('No.')} {_erased(booking)}".strip(), step=connect)
    if not connection.is_live:
        return Answer(question, False, reason_of(connection), connection.problem_since, step_of(connection))
    account = connection.credential.account_email
    text = _("Yes, as %(account)s.") % {"account": account} if account else _("Yes.")
    return Answer(question, True, text)


def _erased(booking: Booking) -> str:
    """Why there was a link before, if there was."""
    erased = booking.appointment.meetings.filter(problem=problems.LINK_ERASED).exists()
    return problems.in_words(problems.LINK_ERASED) if erased else ""


def _did_answer(place: Whereabouts, connection: Connection | None) -> Answer:
    question = _("Did Zoom answer?")
    if connection is None:
        return Answer(question, None, _("We ask nothing while Zoom is not connected."))
    if place.problem in problems.PASSING:
        return Answer(question, False, problems.in_words(place.problem), place.next_try)
    if place.problem:
        return Answer(question, True, _("Yes, but it made no meeting."), place.since)
    return Answer(question, None, _("We are asking now. This takes a few seconds."))


def _is_complete(place: Whereabouts, connection: Connection | None) -> Answer:
    question = _("Are permissions, plan and approval there?")
    if connection is None:
        return Answer(question, None, _("That shows once Zoom is connected."))
    if lacks := lacks_of(connection):
        return Answer(question, False, " ".join(lacks), step=step_of(connection))
    if place.problem and place.problem not in problems.PASSING:
        return Answer(question, False, problems.in_words(place.problem), step=step_of(connection))
    return Answer(question, True, _("Yes, as far as Zoom has told us."))

"""Google's pages: the consent, a week of somebody's calendars, who gave access, calls and trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from koalendar.sandbox.google import faults
from koalendar.sandbox.google.oauth import allow, read_consent
from koalendar.sandbox.google.rest import SCOPE_PREFIX, check_by_hand
from koalendar.sandbox.google.world import (
    FREE_BUSY_ERRORS,
    WRITERS,
    Event,
    GoogleUser,
    GoogleWorld,
)
from koalendar.sandbox.markup import (
    button,
    calls_card,
    chip,
    choice,
    fact_list,
    h,
    hidden_field,
    message_page,
    moment,
    nothing,
    table_of,
    tone,
    trouble_card,
    whole_page,
)
from koalendar.sandbox.wire import ConsentError, Json, Request, Response, origin_of, redirect

if TYPE_CHECKING:
    from koalendar.sandbox.server import Sandbox

TROUBLE_GROUPS = (
    ("Trouble on the wire", faults.TROUBLES),
    ("Errors of the API", faults.API_ERRORS),
    ("Limits", faults.QUOTA_ERRORS),
    ("Errors of the token endpoint", faults.OAUTH_ERRORS),
)
SCOPE_WORDS = {
    "openid": "Associate you with your personal info on Google",
    "email": "See your primary Google Account email address",
    "profile": "See your personal info",
    "calendar": "See, edit, share, and permanently delete all the calendars you can access",
    "calendar.readonly": "See and download any calendar you can access",
    "calendar.events": "View and edit events on all your calendars",
    "calendar.events.owned": "See, create, change, and delete events on calendars you own",
    "calendar.events.readonly": "View events on all your calendars",
    "calendar.events.freebusy": "See the availability on calendars you have access to",
    "calendar.freebusy": "View your availability in your calendars",
    "calendar.calendarlist.readonly": "See the list of calendars you’re subscribed to",
    "calendar.calendarlist": "See, add, and remove calendars you’re subscribed to",
}
#: Pages on which Google stops: the redirect address is never called.
DEAD_ENDS = {
    "blocked": (
        "Access blocked",
        "The app has not completed the Google verification process, and you are not among its test users. "
        "Error 403: access_denied",
    ),
    "policy": (
        "Access blocked: your institution’s admin needs to review the app",
        "Error 400: access_not_configured",
    ),
}
AUTHORIZE_FIELDS = (
    "client_id response_type redirect_uri scope state access_type prompt include_granted_scopes login_hint "
    "code_challenge code_challenge_method"
).split()
#: Rows of the week are quarters of an hour; these are shown at least.
FIRST_ROW, LAST_ROW = 7 * 4, 20 * 4
SHORTEST_ROWS = 2


@dataclass(frozen=True)
class Block:
    """A part of an event that lies in one day: rows of the grid, its first lane and how many it takes."""

    event: Event
    top: int
    bottom: int
    lane: int
    lanes: int = 1


def week_sheet() -> Response:
    """Where the rows of the week's grid are: the pages' policy allows no styles in the markup."""
    rules = [
        f".from-{row}{{grid-row-start:{row + 1}}}.to-{row}{{grid-row-end:{row + 1}}}" for row in range(97)
    ]
    rules += [f".lane-{lane}{{grid-column-start:{lane + 1}}}" for lane in range(12)]
    rules += [f".over-{lanes}{{grid-column-end:span {lanes}}}" for lanes in range(1, 13)]
    return Response(200, "\n".join(rules).encode(), {"Content-Type": "text/css; charset=utf-8"})


class GooglePages:
    """The pages below ``/google``."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.world: GoogleWorld = sandbox.google
        self.url = sandbox.url
        self.routes: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/google/"): self.week,
            ("GET", "/google/o/oauth2/v2/auth"): self.consent,
            ("POST", "/google/o/oauth2/v2/auth"): self.decide,
            ("GET", "/google/access"): self.access,
            ("GET", "/google/calls"): self.calls,
            ("POST", "/google/events/add"): self.add_event,
            ("POST", "/google/events/move"): self.move_event,
            ("POST", "/google/events/delete"): self.delete_event,
            ("POST", "/google/access/remove"): self.revoke,
            ("POST", "/google/access/expire"): self.expire,
            ("POST", "/google/testing"): self.set_testing,
            ("POST", "/google/expire-sync"): self.expire_sync,
            ("POST", "/google/trouble"): self.set_trouble,
            ("POST", "/google/behaviour"): self.set_behaviour,
            ("POST", "/google/fail-next"): self.fail_next,
            ("POST", "/google/clear-faults"): self.clear_faults,
        }

    # -- consent --------------------------------------------------------------------------------------------

    def consent(self, request: Request) -> Response:
        try:
            consent = read_consent(self.world, request.query)
        except ConsentError as refusal:
            return message_page(refusal.title, refusal.text, 400)
        if "none" in request.query.get("prompt", "").split():
            return redirect(consent.returns(error="interaction_required"), 302)
        first = consent.login_hint or next(iter(self.world.users.values())).email
        users = "".join(
            choice("radio", "user", user.email, user.name, user.email, checked=user.email == first)
            for user in self.world.users.values()
        )
        users += choice("radio", "user", "another", "Use another account", "A new Google account")
        optional = consent.optional
        boxes = "".join(
            choice("checkbox", "granted", scope, _scope_words(scope), scope, checked=True)
            for scope in optional
        )
        certain = "".join(
            f"<li>{h(_scope_words(scope))}</li>" for scope in consent.scopes if scope not in optional
        )
        if certain:
            certain = f'<div><p>The app will be able to:</p><ul class="plain">{certain}</ul></div>'
        hidden = "".join(hidden_field(name, value) for name, value in request.query.items())
        select = (
            f"<fieldset><legend>Select what the app can access</legend>{boxes}</fieldset>" if boxes else ""
        )
        body = f"""
<form class="card consent" method="post" action="/google/o/oauth2/v2/auth">{hidden}
<h1>The app wants access to your Google Account</h1>
<p class="hint">It is at {h(origin_of(consent.redirect_uri))}.</p>
<fieldset><legend>Choose an account</legend>{users}
<label class="field"><span>E-mail address of the other account</span>
<input type="email" name="email" autocomplete="off" placeholder="cleo@example.com"></label></fieldset>
{certain}{select}
<div class="actions"><button class="primary" name="decision" value="allow">Continue</button>
<button name="decision" value="cancel">Cancel</button></div>
<details><summary>Let Google stand in the way</summary><div class="actions">
<button class="quiet" name="decision" value="blocked">In Testing, and I am no test user</button>
<button class="quiet" name="decision" value="policy">The institution’s admin has not reviewed the app</button>
</div></details>
</form>"""
        return whole_page("Sign in with Google", body, "", form_targets=origin_of(consent.redirect_uri))

    def decide(self, request: Request) -> Response:
        sent = {name: request.field(name) for name in AUTHORIZE_FIELDS if name in request.form}
        try:
            consent = read_consent(self.world, sent)
        except ConsentError as refusal:
            return message_page(refusal.title, refusal.text, 400)
        decision = request.field("decision", "allow")
        if decision == "cancel":
            return redirect(consent.returns(error="access_denied"), 302)
        if decision in DEAD_ENDS:
            return message_page(*DEAD_ENDS[decision], 400)
        who = request.field("user")
        user = self._another(request.field("email").strip()) if who == "another" else self.world.user(who)
        return redirect(allow(self.world, consent, user, request.form.get("granted", [])), 302)

    def _another(self, email: str) -> GoogleUser:
        local, _, domain = email.partition("@")
        if not local or not domain or any(letter.isspace() for letter in email):
            raise ValueError("Enter an e-mail address like cleo@example.com.")
        try:
            return self.world.user(email)
        except LookupError:
            return self.world.add_user(email)

    # -- the week -------------------------------------------------------------------------------------------

    def week(self, request: Request) -> Response:
        query = request.query
        user = self.world.user(query.get("user") or next(iter(self.world.users.values())).email)
        zone = ZoneInfo(user.timezone)
        today = self.world.now().astimezone(zone).date()
        day = date.fromisoformat(query["week"]) if query.get("week") else today
        if not 2000 <= day.year <= 2998:
            raise ValueError("The week must be between the years 2000 and 2998.")
        monday = day - timedelta(days=day.weekday())
        with self.world.lock:
            entries = [entry for entry in self.world.lists[user.id].values() if not entry.deleted]
            for entry in entries:
                self.world.settle_conferences(entry.calendar_id)
            events = [
                event
                for entry in entries
                for event in self.world.events[entry.calendar_id].values()
                if not event.cancelled
            ]
            chosen = next((event for event in events if _key(event) == query.get("event")), None)
            grid = _grid(events, monday, zone, today, user)
            card = self._event_card(user, chosen, monday) if chosen else ""
            add = self._add_card(user, monday if monday > today else today)
            legend = "".join(
                f"<li>{h(self.world.calendars[entry.calendar_id].summary)} "
                f'<span class="hint">{h(entry.role)}</span></li>'
                for entry in entries
            )
        people = "".join(
            f'<a href="{h(_week_link(one, monday))}"{" aria-current=page" if one is user else ""}>'
            f"{h(one.name)}</a>"
            for one in self.world.users.values()
        )
        steps = "".join(
            f'<a class="button" href="{h(_week_link(user, to))}">{text}</a>'
            for text, to in (
                ("Week before", monday - timedelta(days=7)),
                ("This week", today - timedelta(days=today.weekday())),
                ("Week after", monday + timedelta(days=7)),
            )
        )
        last = monday + timedelta(days=6)
        body = f"""
<h1>{monday.day} {monday:%B} to {last.day} {last:%B %Y}</h1>
<p class="lead">The calendars of {h(user.name)}, in the time of {h(user.timezone)}.</p>
<nav class="parts" aria-label="Accounts">{people}</nav>
<div class="actions">{steps}</div>{card}
<section class="card" data-live="week">{grid}</section>
{add}
<section class="card"><h2>Calendars</h2><ul class="plain">{legend}</ul></section>"""
        return whole_page(
            "Google calendar", body, "/google/", head='<link rel="stylesheet" href="/static/week.css">'
        )

    def _add_card(self, user: GoogleUser, day: date) -> str:
        writable = [
            entry
            for entry in self.world.lists[user.id].values()
            if entry.role in WRITERS and not entry.deleted
        ]
        options = "".join(
            f'<option value="{h(entry.calendar_id)}">'
            f"{h(self.world.calendars[entry.calendar_id].summary)}</option>"
            for entry in writable
        )
        kinds = "".join(
            f'<option value="{value}">{text}</option>'
            for value, text in (
                ("busy", "Busy"),
                ("free", "Free"),
                ("tentative", "Busy, tentative"),
                ("declined", "An invitation that was declined"),
                ("outOfOffice", "Out of office"),
                ("workingLocation", "Working location"),
            )
        )
        return f"""
<section class="card"><h2>Add busy time</h2><form method="post" action="/google/events/add">
{hidden_field("user", user.email)}
<div class="row"><label class="field grow"><span>Title</span>
<input name="summary" value="Busy" required></label>
<label class="field grow"><span>Calendar</span><select name="calendar">{options}</select></label>
<label class="field grow"><span>Shown as</span><select name="kind">{kinds}</select></label></div>
<div class="row"><label class="field"><span>From</span>
<input type="datetime-local" name="start" value="{day.isoformat()}T09:00" required></label>
<label class="field"><span>Until</span>
<input type="datetime-local" name="end" value="{day.isoformat()}T10:00" required></label></div>
{choice("checkbox", "all_day", "yes", "All day", "The days of both times, the last one included")}
<button class="primary">Add busy time</button></form></section>"""

    def _event_card(self, user: GoogleUser, event: Event, monday: date) -> str:
        zone = ZoneInfo(user.timezone)
        calendar = self.world.calendars[event.calendar_id]
        entry = self.world.lists[user.id][event.calendar_id]
        body = event.body
        if entry.role == "freeBusyReader":
            return f'<section class="card" id="event"><h2>Busy</h2><p>{h(calendar.summary)}</p></section>'
        start, end = event.span(ZoneInfo(calendar.timezone))
        facts = fact_list(
            ("Calendar", calendar.summary),
            ("When", _when(event, zone)),
            ("Where", body.get("location", "—")),
            ("Shown as", "free" if body.get("transparency") == "transparent" else "busy"),
            ("Meet", body.get("hangoutLink", "—")),
            ("Id", event.id),
            ("ETag", event.etag),
        )
        history = "".join(
            f"<li>{h(line['what'])} by {h(line['by'])}, {moment(line['at'])} "
            f'<span class="hint">{h(line["detail"])}</span></li>'
            for line in event.history[-5:]
        )
        forms = ""
        if entry.role in WRITERS:
            hidden = "".join(
                hidden_field(name, value)
                for name, value in (
                    ("user", user.email),
                    ("calendar", event.calendar_id),
                    ("id", event.id),
                )
            )
            inclusive = end - timedelta(days=1) if "date" in body["start"] else end
            whole = " checked" if "date" in body["start"] else ""
            forms = f"""
<form class="row" method="post" action="/google/events/move">{hidden}
<label class="field"><span>New start</span>
<input type="datetime-local" name="start" value="{_local(start, zone)}" required></label>
<label class="field"><span>New end</span>
<input type="datetime-local" name="end" value="{_local(inclusive, zone)}" required></label>
<label class="choice"><input type="checkbox" name="all_day" value="yes"{whole}><span>All day</span></label>
<button>Move event</button></form>""" + button(
                "/google/events/delete",
                "Delete event",
                tone="danger",
                user=user.email,
                calendar=event.calendar_id,
                id=event.id,
                week=monday.isoformat(),
            )
        text = f"<pre>{h(body['description'])}</pre>" if body.get("description") else ""
        return (
            f'<section class="card" id="event"><h2>{h(body.get("summary", "(No title)"))}</h2>{facts}{text}'
            f'<ol class="plain small">{history}</ol>{forms}</section>'
        )

    def add_event(self, request: Request) -> Response:
        user, calendar = self.world.user(request.field("user")), request.field("calendar")
        start, end = _span_from(request, user)
        content: Json = {"summary": request.field("summary") or "Busy", "start": start, "end": end}
        kind = request.field("kind", "busy")
        if kind == "free":
            content["transparency"] = "transparent"
        elif kind == "tentative":
            content["status"] = "tentative"
        elif kind == "declined":
            content["organizer"] = {"email": "somebody@example.org"}
            content["attendees"] = [{"email": calendar, "responseStatus": "declined"}]
        elif kind in ("outOfOffice", "workingLocation"):
            content["eventType"] = kind
        event = self.world.put_event(calendar, check_by_hand(self.world, calendar, content), by="host")
        return redirect(_week_link(user, _day_of(event, user)))

    def move_event(self, request: Request) -> Response:
        user, calendar = self.world.user(request.field("user")), request.field("calendar")
        start, end = _span_from(request, user)
        content = check_by_hand(self.world, calendar, {"start": start, "end": end})
        number = request.field("id")
        self.world.move_event(calendar, number, content["start"], content["end"], by="host")
        event = self.world.find_event(calendar, number)
        return redirect(f"{_week_link(user, _day_of(event, user))}&{urlencode({'event': _key(event)})}")

    def delete_event(self, request: Request) -> Response:
        self.world.delete_event(request.field("calendar"), request.field("id"), by="host")
        day = date.fromisoformat(request.field("week"))
        return redirect(_week_link(self.world.user(request.field("user")), day))

    # -- access ---------------------------------------------------------------------------------------------

    def access(self, _request: Request) -> Response:
        world = self.world
        with world.lock:
            rows = "".join(
                self._grant_row(world.users[user_id], grant.scopes) for user_id, grant in world.grants.items()
            )
            live = {channel.id for channel in world.live_channels()}
            channels = "".join(
                f'<tr><td data-label="Channel"><code>{h(one.id)}</code></td><td data-label="Calendar">'
                f'{h(world.calendars[one.calendar_id].summary)}</td><td data-label="State">'
                f"{chip('open', 'ok') if one.id in live else chip('over', 'warn')}</td></tr>"
                for one in world.channels[::-1][:40]
            )
            pushes = "".join(
                f'<tr><td data-label="At">{moment(one.at)}</td><td data-label="State">{h(one.state)} '
                f'<span class="hint">{one.number}</span></td><td data-label="Answer">'
                f"{chip(str(one.status or 'no answer'), tone(one.status))} "
                f'<span class="hint">{h(one.url)}</span></td></tr>'
                for one in list(world.pushes)[::-1][:40]
            )
            troubles = "".join(self._trouble_row(one.id) for one in world.calendars.values())
        people = (
            table_of(("Person", "Granted", ""), rows)
            if rows
            else nothing("Nobody has given access. Connect Google in the product.")
        )
        opened = (
            table_of(("Channel", "Calendar", "State"), channels) if channels else nothing("No channel yet.")
        )
        sent = table_of(("At", "State", "Answer"), pushes) if pushes else nothing("Nothing has been sent.")
        testing = world.app.testing
        words = "Publish to production" if testing else "Back to Testing"
        switch = button("/google/testing", words, testing="" if testing else "yes")
        state = chip("Testing", "warn") if testing else chip("In production", "ok")
        body = f"""
<h1>Google access</h1><p class="lead">Who gave the app access, and how this Google behaves.</p>
<section class="card" data-live="grants">{people}</section>
<section class="card"><h2>The project</h2><p>{state}</p>
<p class="hint">While a project is in Testing, what is granted ends seven days after the consent.</p>
{switch}
</section>
<section class="card" data-live="channels"><h2>Channels</h2>{opened}<h3>Notifications</h3>{sent}</section>
<section class="card"><h2>Calendars that do not tell</h2>
{table_of(("Calendar", "Free/busy", ""), troubles)}</section>
{self._behaviour_card()}"""
        return whole_page("Google access", body, "/google/access")

    def _behaviour_card(self) -> str:
        behaviour = self.world.behaviour
        outcomes = "".join(
            f'<option value="{value}"{" selected" if value == behaviour.meet else ""}>{value}</option>'
            for value in ("success", "failure", "pending")
        )
        flags = (
            ("restores_deleted", "A deleted event can be written again", "Otherwise 403."),
            ("empty_pages", "Lists begin with an empty page", "Allowed, and often forgotten."),
            ("loses_notifications", "Notifications get lost", "Google promises no delivery."),
        )
        boxes = "".join(
            choice("checkbox", name, "yes", text, hint, checked=getattr(behaviour, name))
            for name, text, hint in flags
        )
        return f"""
<section class="card"><h2>Behaviour</h2>
<p class="hint">After the sync tokens have expired, the next sync with one is answered by 410.</p>
{button("/google/expire-sync", "Expire all sync tokens")}
<form method="post" action="/google/behaviour">
<div class="row"><label class="field grow"><span>A Google Meet that is asked for ends as</span>
<select name="meet">{outcomes}</select></label>
<label class="field"><span>Events per page at most</span>
<input type="number" name="largest_page" value="{behaviour.largest_page}" min="1" max="2500"></label>
<label class="field"><span>Calls per minute (0: any)</span>
<input type="number" name="calls_per_minute" value="{behaviour.calls_per_minute}" min="0" max="10000">
</label></div>
{boxes}<button class="primary">Behave like this</button></form></section>"""

    def _grant_row(self, user: GoogleUser, scopes: Iterable[str]) -> str:
        alive = any(
            self.world.live_token(name, "refresh")
            for name, one in self.world.tokens.items()
            if one.user_id == user.id
        )
        state = chip("refresh token alive", "ok") if alive else chip("no refresh token", "warn")
        granted = ", ".join(scope.removeprefix(SCOPE_PREFIX) for scope in scopes)
        buttons = button("/google/access/expire", "Expire access token", user=user.email) + button(
            "/google/access/remove", "Remove access", tone="danger", user=user.email
        )
        return (
            f'<tr><td data-label="Person"><strong>{h(user.name)}</strong><br><span class="hint">'
            f'{h(user.email)}</span></td><td data-label="Granted">{state} {h(granted)}</td>'
            f'<td class="buttons">{buttons}</td></tr>'
        )

    def _trouble_row(self, calendar_id: str) -> str:
        calendar = self.world.calendars[calendar_id]
        state = chip(calendar.trouble, "bad") if calendar.trouble else chip("tells", "ok")
        buttons = (
            button("/google/trouble", "Tell again", calendar=calendar_id, reason="")
            if calendar.trouble
            else "".join(
                button("/google/trouble", reason, calendar=calendar_id, reason=reason)
                for reason in FREE_BUSY_ERRORS
            )
        )
        return (
            f'<tr><td data-label="Calendar">{h(calendar.summary)}</td><td data-label="Free/busy">{state}</td>'
            f'<td class="buttons">{buttons}</td></tr>'
        )

    def revoke(self, request: Request) -> Response:
        self.world.revoke_user(request.field("user"))
        return redirect("/google/access")

    def expire(self, request: Request) -> Response:
        self.world.expire_access(request.field("user"))
        return redirect("/google/access")

    def set_testing(self, request: Request) -> Response:
        self.world.app.testing = bool(request.field("testing"))
        self.world.on_change()
        return redirect("/google/access")

    def expire_sync(self, _request: Request) -> Response:
        self.world.expire_sync_tokens()
        return redirect("/google/access")

    def set_trouble(self, request: Request) -> Response:
        self.world.set_trouble(request.field("calendar"), request.field("reason"))
        return redirect("/google/access")

    def set_behaviour(self, request: Request) -> Response:
        meet, page = request.field("meet"), int(request.field("largest_page", "2500"))
        if meet not in ("success", "failure", "pending") or page < 1:
            raise ValueError("Choose an end of the Meet and at least one event per page.")
        flags = ("restores_deleted", "empty_pages", "loses_notifications")
        self.world.behaviour = replace(
            self.world.behaviour,
            meet=meet,
            largest_page=page,
            calls_per_minute=max(0, int(request.field("calls_per_minute", "0"))),
            **{name: bool(request.field(name)) for name in flags},
        )
        self.world.on_change()
        return redirect("/google/access")

    # -- calls ----------------------------------------------------------------------------------------------

    def calls(self, _request: Request) -> Response:
        body = f"""
<h1>Google calls</h1><p class="lead">What the product asked of Google, the newest first.</p>
{trouble_card(self.world, "/google", TROUBLE_GROUPS)}
{calls_card(self.world)}"""
        return whole_page("Google calls", body, "/google/calls")

    def fail_next(self, request: Request) -> Response:
        self.world.fail_next(request.field("preset"), times=int(request.field("times", "1")))
        return redirect("/google/calls")

    def clear_faults(self, _request: Request) -> Response:
        self.world.clear_faults()
        return redirect("/google/calls")


# -- the grid of a week -------------------------------------------------------------------------------------


def _grid(events: list[Event], monday: date, zone: ZoneInfo, today: date, user: GoogleUser) -> str:
    days = [monday + timedelta(days=offset) for offset in range(7)]
    timed = {day: _blocks(events, day, zone) for day in days}
    blocks = [block for several in timed.values() for block in several]
    first = min([FIRST_ROW, *(block.top // 4 * 4 for block in blocks)])
    last = max([LAST_ROW, *(-(-block.bottom // 4) * 4 for block in blocks)])
    hours = "".join(
        f'<span class="from-{row - first} to-{row - first + 4}">{row // 4:02d}:00</span>'
        for row in range(first, last, 4)
    )
    columns = "".join(
        f'<section class="day"><h2{" class=today" if day == today else ""}>{day:%a} {day.day}</h2>'
        f'<ul class="allday">{"".join(_pill(event, user, monday) for event in _whole_days(events, day))}</ul>'
        f'<ul class="slots">'
        f"{''.join(_slot(block, first, zone, user, monday) for block in timed[day])}</ul></section>"
        for day in days
    )
    return f'<div class="week"><div class="hours" aria-hidden="true">{hours}</div>{columns}</div>'


def _blocks(events: list[Event], day: date, zone: ZoneInfo) -> list[Block]:
    """The timed events of a day, those that overlap in lanes beside each other."""
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    following = day + timedelta(days=1)
    end = datetime(following.year, following.month, following.day, tzinfo=zone)
    found = []
    for event in events:
        if "date" in event.body["start"]:
            continue
        start, stop = (moment.astimezone(zone) for moment in event.span(zone))
        if start < end and stop > begin:
            top = 0 if start < begin else start.hour * 4 + start.minute // 15
            bottom = 96 if stop >= end else stop.hour * 4 + -(-stop.minute // 15)
            found.append((top, max(bottom, top + SHORTEST_ROWS), event))
    free_from: list[int] = []
    blocks = []
    for top, bottom, event in sorted(found, key=lambda one: (one[0], -one[1], one[2].number)):
        lane = next((n for n, free in enumerate(free_from) if free <= top), len(free_from))
        free_from[lane : lane + 1] = [bottom]
        blocks.append(Block(event, top, min(bottom, 96), min(lane, 11)))
    return [block if _crowded(block, blocks) else replace(block, lanes=len(free_from)) for block in blocks]


def _crowded(block: Block, others: Iterable[Block]) -> bool:
    return any(one is not block and one.top < block.bottom and block.top < one.bottom for one in others)


def _whole_days(events: Iterable[Event], day: date) -> list[Event]:
    return [
        event
        for event in events
        if "date" in event.body["start"]
        and event.body["start"]["date"] <= day.isoformat() < event.body["end"]["date"]
    ]


def _slot(block: Block, first: int, zone: ZoneInfo, user: GoogleUser, monday: date) -> str:
    place = f"from-{block.top - first} to-{block.bottom - first} lane-{block.lane} over-{block.lanes}"
    start, end = (moment.astimezone(zone) for moment in block.event.span(zone))
    times = f'<span class="nums">{start:%H:%M}–{end:%H:%M}</span>'
    return f'<li class="event {_look(block.event)} {place}">{_link(block.event, user, monday, times)}</li>'


def _pill(event: Event, user: GoogleUser, monday: date) -> str:
    return f'<li class="event {_look(event)}">{_link(event, user, monday, "")}</li>'


def _look(event: Event) -> str:
    declined = any(
        one.get("self") and one["responseStatus"] == "declined" for one in event.body.get("attendees", ())
    )
    free = event.body.get("transparency") == "transparent" or event.body["eventType"] == "workingLocation"
    return "free" if declined or free else "busy"


def _link(event: Event, user: GoogleUser, monday: date, times: str) -> str:
    address = f"{_week_link(user, monday)}&{urlencode({'event': _key(event)})}#event"
    return f'<a href="{h(address)}">{h(event.body.get("summary", "(No title)"))} {times}</a>'


def _key(event: Event) -> str:
    return f"{event.calendar_id}/{event.id}"


def _week_link(user: GoogleUser, day: date) -> str:
    return f"/google/?{urlencode({'user': user.email, 'week': day.isoformat()})}"


def _when(event: Event, zone: ZoneInfo) -> str:
    if "date" in event.body["start"]:
        return f"{event.body['start']['date']}, until before {event.body['end']['date']}"
    start, end = (moment.astimezone(zone) for moment in event.span(zone))
    return f"{start:%a} {start.day} {start:%b %Y, %H:%M}–{end:%H:%M} ({zone.key})"


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")


def _day_of(event: Event, user: GoogleUser) -> date:
    zone = ZoneInfo(user.timezone)
    return event.span(zone)[0].astimezone(zone).date()


def _span_from(request: Request, user: GoogleUser) -> tuple[Json, Json]:
    """Start and end of a form; those of whole days end with the next day, as Google wants it."""
    start, end = (datetime.fromisoformat(request.field(name)) for name in ("start", "end"))
    if request.field("all_day"):
        last = end.date() + timedelta(days=1)
        return {"date": start.date().isoformat()}, {"date": last.isoformat()}
    zone = {"timeZone": user.timezone}
    return (
        {"dateTime": start.isoformat(timespec="seconds")} | zone,
        {"dateTime": end.isoformat(timespec="seconds")} | zone,
    )


def _scope_words(scope: str) -> str:
    return SCOPE_WORDS.get(scope.removeprefix(SCOPE_PREFIX), scope)

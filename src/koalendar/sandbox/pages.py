"""The pages a person clicks through: consent, meetings, marketplace, mailbox, and the trouble buttons."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from koalendar.sandbox import faults, mail
from koalendar.sandbox.google.pages import GooglePages, week_sheet
from koalendar.sandbox.mail import Mail
from koalendar.sandbox.markup import (
    NAVIGATION,
    SHOWN_CALLS,
    button,
    calls_card,
    chip,
    choice,
    counted,
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
from koalendar.sandbox.oauth import Consent, allow, read_consent
from koalendar.sandbox.wire import ConsentError, Json, Request, Response, origin_of, redirect
from koalendar.sandbox.world import (
    ID_FORMS,
    MOST_COPIES,
    SCOPES,
    Meeting,
    Sending,
    ZoomUser,
    iso,
    parse_instant,
)

if TYPE_CHECKING:
    from koalendar.sandbox.server import Sandbox

STATIC = Path(__file__).parent / "static"
STATIC_TYPES = {"sandbox.css": "text/css; charset=utf-8", "live.js": "text/javascript; charset=utf-8"}
#: A mail's HTML runs no script and loads nothing; its links open in a new tab.
MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-ancestors 'self'"
)
SHOWN_MEETINGS = 200
SCOPE_WORDS = {
    "user:read:user": "See your name, e-mail address and time zone",
    "user:read:settings": "See your meeting settings",
    "meeting:write:meeting": "Create meetings for you",
    "meeting:read:meeting": "See your meetings",
    "meeting:update:meeting": "Change your meetings",
    "meeting:delete:meeting": "Delete your meetings",
    "meeting:read:list_meetings": "List your meetings",
}

#: Pages on which Zoom stops: the product's redirect address is never called, and hears nothing.
#: https://github.com/Calnode/calnode/issues/35 and https://github.com/simstudioai/sim/issues/5704
_DEAD_ENDS = {
    "unpublished": (
        "Application not found",
        "Unable to install this app without the developer's account. The app is not published.",
    ),
    "wrong": ("Something went wrong", "Unable to install this app. Try again later."),
    "lost": ("You may close this window", "Zoom thinks that all is done, and leads nowhere."),
}

TROUBLE_GROUPS = (
    ("Trouble on the wire", faults.TROUBLES),
    ("Errors of the API", faults.REST_ERRORS),
    ("Limits", faults.RATE_LIMITS),
    ("Errors of the token endpoint", faults.OAUTH_ERRORS),
)

Answerer = Callable[[Request], Response]


class Pages:
    """Answers every path that is neither the API nor the remote control."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.world = sandbox.zoom
        self._routes: dict[tuple[str, str], Answerer] = {
            ("GET", "/"): self.overview,
            ("GET", "/zoom/"): self.meetings,
            ("GET", "/zoom/oauth/authorize"): self.consent,
            ("POST", "/zoom/oauth/authorize"): self.decide,
            ("GET", "/zoom/marketplace"): self.marketplace,
            ("POST", "/zoom/marketplace/add"): self.add_from_marketplace,
            ("GET", "/zoom/installed"): self.installed,
            ("POST", "/zoom/installed/remove"): self.remove,
            ("POST", "/zoom/fail-next"): self.fail_next,
            ("POST", "/zoom/clear-faults"): self.clear_faults,
            ("POST", "/zoom/revoke"): self.revoke,
            ("POST", "/zoom/meetings/delete"): self.delete_meeting,
            ("POST", "/zoom/meetings/move"): self.move_meeting,
            ("POST", "/zoom/meetings/recover"): self.recover_meeting,
            ("POST", "/zoom/published"): self.publish,
            ("POST", "/zoom/pre-approved"): self.pre_approve,
            ("POST", "/zoom/validate-webhook"): self.validate_webhook,
            ("POST", "/zoom/sending"): self.change_sending,
            **GooglePages(sandbox).routes,
            ("GET", "/mail/"): self.mailbox,
            ("POST", "/mail/clear"): self.clear_mail,
            ("POST", "/mail/trouble"): self.mail_trouble,
        }

    def answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        route = self._routes.get((method, request.path))
        if route:
            try:
                return route(request)
            except (LookupError, ValueError, OverflowError) as error:
                return message_page("That did not work", str(error), 400)
        if method == "GET" and f"{request.path}/" in (path for path, _ in NAVIGATION):
            return redirect(f"{request.path}/", 301)
        if request.path == "/favicon.ico":
            return Response(204)  # Browsers ask by themselves; the sandbox has no icon.
        if method == "GET" and request.path == "/static/week.css":
            return week_sheet()
        if method == "GET" and request.path.startswith("/static/"):
            return _static(request.path.removeprefix("/static/"))
        found = re.fullmatch(r"/mail/([0-9]{1,9})(/html)?", request.path)
        if method == "GET" and found:
            return self.one_mail(int(found[1]), html_only=bool(found[2]))
        return message_page("Page not found", "The sandbox has no such page.", 404)

    # -- overview -------------------------------------------------------------------------------------------

    def overview(self, _request: Request) -> Response:
        meetings, mails = len(self.world.present_meetings()), len(self.sandbox.mailbox.messages)
        cards = (
            ("/zoom/", "Meetings", f"{counted(meetings, 'meeting')}. See them appear, move and go."),
            (
                "/google/",
                "Google calendar",
                "A week of a person’s calendars. Add, move and delete busy time.",
            ),
            ("/google/access", "Google access", "Who gave access, channels, and how Google behaves."),
            ("/mail/", "Mailbox", f"{counted(mails, 'mail')}. Everything the product sent."),
            ("/zoom/marketplace", "Marketplace", "Install the app from Zoom's side."),
            ("/zoom/installed", "Installed apps", "Who gave access, and removing it."),
            ("/_control/state", "State as JSON", "For programs. The room's README lists all orders."),
        )
        items = "".join(
            f'<a class="tile" href="{path}"><strong>{h(title)}</strong><span>{h(text)}</span></a>'
            for path, title, text in cards
        )
        app = self.world.app
        facts = fact_list(
            ("OAuth", f"{self.sandbox.url}/zoom/oauth/…"),
            ("REST", f"{self.sandbox.url}/zoom/v2/…"),
            ("Google OAuth", f"{self.sandbox.url}/google/o/oauth2/v2/auth, …/google/token, …/google/revoke"),
            ("Google Calendar", f"{self.sandbox.url}/google/calendar/v3"),
            ("SMTP", f"port {self.sandbox.smtp_port}"),
            ("Client ids", f"{app.client_id}, {self.sandbox.google.app.client_id}"),
            ("Product", app.product_url),
            ("Webhooks go to", app.webhook_url or "nowhere: no address given"),
        )
        body = (
            '<h1>Sandbox</h1><p class="lead">A stand-in for Zoom, for Google and for a mail server. Nothing '
            f'leaves this machine.</p><div class="tiles">{items}</div>'
            f'<section class="card"><h2>Addresses</h2>{facts}</section>'
        )
        return whole_page("Sandbox", body, "/")

    # -- consent --------------------------------------------------------------------------------------------

    def consent(self, request: Request) -> Response:
        try:
            consent = read_consent(self.world, request.query)
        except ConsentError as refusal:
            return _zoom_error(refusal.title, refusal.text)
        if not self.world.app.pre_approved:
            return _not_approved()
        users = "".join(
            choice("radio", "user", user.email, f"{user.name} — {user.plan}", user.email, checked=not place)
            for place, user in enumerate(self.world.users.values())
        )
        users += choice("radio", "user", "another", "Another person", "A new licensed Zoom user")
        scopes = "".join(
            choice("checkbox", "scope", scope, SCOPE_WORDS[scope], scope, checked=True) for scope in SCOPES
        )
        hidden = "".join(hidden_field(name, value) for name, value in request.query.items())
        body = f"""
<form class="card consent" method="post" action="/zoom/oauth/authorize">{hidden}
<h1>Allow this app to use Zoom?</h1>
<p class="hint">The app at {h(origin_of(consent.redirect_uri))} asks for access to a Zoom account.</p>
<fieldset><legend>Who are you</legend>{users}
<label class="field"><span>E-mail address of the other person</span>
<input type="email" name="email" autocomplete="off" placeholder="cleo@example.com"></label></fieldset>
<fieldset><legend>What it may do</legend>{scopes}</fieldset>
<div class="actions"><button class="primary" name="decision" value="allow">Allow</button>
<button name="decision" value="decline">Decline</button></div>
<details><summary>Let Zoom stand in the way</summary><div class="actions">
<button class="quiet" name="decision" value="admin">An admin has not approved the app</button>
<button class="quiet" name="decision" value="unpublished">The app is not published for this account</button>
<button class="quiet" name="decision" value="wrong">Something goes wrong</button>
<button class="quiet" name="decision" value="lost">Never come back, whatever is pressed</button>
<button class="quiet" name="decision" value="no_code">Come back with neither code nor error</button>
</div></details>
</form>"""
        # Browsers hold a form's redirects to form-action as well.
        return whole_page("Allow access", body, "", form_targets=origin_of(consent.redirect_uri))

    def decide(self, request: Request) -> Response:
        names = (
            "client_id",
            "response_type",
            "redirect_uri",
            "state",
            "code_challenge",
            "code_challenge_method",
        )
        sent = {name: request.field(name) for name in names if name in request.form}
        try:
            consent = read_consent(self.world, sent)
        except ConsentError as refusal:
            return _zoom_error(refusal.title, refusal.text)
        decision = request.field("decision", "allow")
        if decision == "decline":
            # What Zoom really sends on Decline is not documented; access_denied is OAuth's own answer.
            return redirect(consent.returns(error="access_denied"), 302)
        if decision == "no_code":
            return redirect(consent.returns(), 302)
        if decision == "admin" or not self.world.app.pre_approved:
            return _not_approved()
        if decision in _DEAD_ENDS:
            return _zoom_error(*_DEAD_ENDS[decision])
        return self._allow(consent, request)

    def _allow(self, consent: Consent, request: Request) -> Response:
        who = request.field("user")
        user = self._another(request.field("email").strip()) if who == "another" else self.world.user(who)
        return redirect(allow(self.world, consent, user, request.form.get("scope", [])), 302)

    def _another(self, email: str) -> ZoomUser:
        if not re.fullmatch(r"[^@\s]{1,64}@[^@\s]{1,190}", email):
            raise ValueError("Enter an e-mail address like cleo@example.com.")
        try:
            return self.world.user(email)
        except LookupError:
            return self.world.add_user(email, email.partition("@")[0].title())

    # -- marketplace and installed apps ---------------------------------------------------------------------

    def marketplace(self, _request: Request) -> Response:
        app = self.world.app
        landing = f"{app.product_url.rstrip('/')}/integrations/zoom/install"
        options = "".join(
            f'<option value="{h(user.email)}">{h(user.name)}</option>' for user in self.world.users.values()
        )
        listed = "Published" if app.published else "Not published"
        approval = "on" if app.pre_approved else "off"
        body = f"""
<h1>Marketplace</h1>
<p class="lead">The app as people find it in Zoom, who start there and not in the product.</p>
<section class="card"><h2>The scheduling app</h2>
<p>By the product at {h(app.product_url)}. {chip(listed, "ok" if app.published else "warn")}
{chip(f"Pre-Approve is {approval}", "ok" if app.pre_approved else "warn")}</p>
<p class="hint">It makes a Zoom meeting for each booking. Client ID {h(app.client_id)}.</p>
<div class="split">
<div><h3>Visit Site to Install</h3>
<p class="hint">The browser is sent to the product’s own page first, which leads to the consent.</p>
<p><a class="button primary" href="{h(landing)}">Visit Site to Install</a></p></div>
<form method="post" action="/zoom/marketplace/add"><h3>Add</h3>
<p class="hint">The browser arrives at the redirect address with a code and without any state.</p>
<label class="field"><span>Signed in to Zoom as</span><select name="user">{options}</select></label>
<button>Add</button></form>
</div></section>
<section class="card"><h2>As an admin of the Zoom account</h2>
<form method="post" action="/zoom/pre-approved">
{hidden_field("pre_approved", "" if app.pre_approved else "yes")}
<p class="hint">While Pre-Approve is off, nobody in the account can add the app.</p>
<button>Switch Pre-Approve {"off" if app.pre_approved else "on"}</button></form></section>
<section class="card"><h2>As the developer of the app</h2>
<form method="post" action="/zoom/published">{hidden_field("published", "" if app.published else "yes")}
<p class="hint">Only published apps are told by app_deauthorized when somebody removes them.</p>
<button>{"Take back publication" if app.published else "Publish the app"}</button></form></section>"""
        return whole_page(
            "Marketplace", body, "/zoom/marketplace", form_targets=origin_of(app.default_redirect)
        )

    def add_from_marketplace(self, request: Request) -> Response:
        """The install that starts at Zoom: a code, no state.

        https://github.com/mattermost/mattermost-plugin-zoom/issues/152
        """
        if not self.world.app.pre_approved:
            return _not_approved()
        address = self.world.app.default_redirect
        code = self.world.issue_code(self.world.user(request.field("user")), SCOPES, address)
        return redirect(f"{address}?{urlencode({'code': code})}", 302)

    def publish(self, request: Request) -> Response:
        self.world.app.published = bool(request.field("published"))
        self.world.on_change()
        return redirect("/zoom/marketplace")

    def pre_approve(self, request: Request) -> Response:
        self.world.app.pre_approved = bool(request.field("pre_approved"))
        self.world.on_change()
        return redirect("/zoom/marketplace")

    def installed(self, _request: Request) -> Response:
        with self.world.lock:
            rows = "".join(
                self._installed_row(self.world.users[user_id], scopes)
                for user_id, scopes in self.world.installed.items()
            )
            notes = list(self.world.notifications)[::-1][:SHOWN_CALLS]
        table = (
            table_of(("Person", "Granted", ""), rows)
            if rows
            else nothing("Nobody has installed the app. Connect Zoom in the product, or use the marketplace.")
        )
        log = "".join(
            f'<tr><td data-label="At">{moment(note.at)}</td><td data-label="Event">{h(note.event)}</td>'
            f'<td data-label="Answer">{chip(str(note.status or "no answer"), tone(note.status))} '
            f'<span class="hint">{h(note.url)}</span></td></tr>'
            for note in notes
        )
        sent = table_of(("At", "Event", "Answer"), log) if log else nothing("No notification has been sent.")
        validate = (
            button("/zoom/validate-webhook", "Validate the webhook address")
            if self.world.app.webhook_url
            else '<p class="hint">No webhook address was given, so meeting events are not sent.</p>'
        )
        body = (
            '<h1>Installed apps</h1><p class="lead">Who gave the app access to Zoom.</p>'
            f'<section class="card" data-live="installed">{table}</section>'
            f'<section class="card" data-live="notifications"><h2>Notifications to the product</h2>{sent}'
            f"{validate}</section>{self._sending_card()}"
        )
        return whole_page("Installed apps", body, "/zoom/installed")

    def _sending_card(self) -> str:
        sending = self.world.sending
        forms = "".join(
            f'<option value="{form}"{" selected" if form == sending.ids else ""}>{form}</option>'
            for form in ID_FORMS
        )
        flags = (
            ("held", "Hold them back", "They leave when this is off again."),
            ("shuffled", "Shuffle what was held", "It leaves in any order."),
            ("restamped", "Sign what was held anew", "Otherwise it bears the time at which it happened."),
        )
        boxes = "".join(
            choice("checkbox", name, "yes", text, hint, checked=getattr(sending, name))
            for name, text, hint in flags
        )
        return f"""
<section class="card"><h2>How notifications leave</h2><form method="post" action="/zoom/sending">
<div class="row"><label class="field"><span>Copies of each</span>
<input type="number" name="copies" value="{sending.copies}" min="1" max="{MOST_COPIES}"></label>
<label class="field grow"><span>Meeting ids as</span><select name="ids">{forms}</select></label></div>
{boxes}<button class="primary">Send like this</button></form></section>"""

    def change_sending(self, request: Request) -> Response:
        copies, ids = int(request.field("copies", "1")), request.field("ids", "documented")
        if not 1 <= copies <= MOST_COPIES or ids not in ID_FORMS:
            raise ValueError(f"Between 1 and {MOST_COPIES} copies can be sent.")
        flags = {name: bool(request.field(name)) for name in ("held", "shuffled", "restamped")}
        self.sandbox.announcer.change(Sending(copies=copies, ids=ids, **flags))
        return redirect("/zoom/installed")

    def _installed_row(self, user: ZoomUser, scopes: Sequence[str]) -> str:
        missing = [scope for scope in SCOPES if scope not in scopes]
        granted = f"all {len(SCOPES)} scopes" if not missing else f"without {', '.join(missing)}"
        live = any(token.user_id == user.id for token in self.world.tokens.values())
        state = chip("active", "ok") if live else chip("tokens revoked", "warn")
        buttons = button("/zoom/revoke", "Revoke access", user=user.email) + button(
            "/zoom/installed/remove", "Remove", tone="danger", user=user.email
        )
        return (
            f'<tr><td data-label="Person"><strong>{h(user.name)}</strong>'
            f'<br><span class="hint">{h(user.email)}'
            f'</span></td><td data-label="Granted">{state} {h(granted)}</td>'
            f'<td class="buttons">{buttons}</td></tr>'
        )

    def remove(self, request: Request) -> Response:
        self.world.uninstall(request.field("user"))
        return redirect("/zoom/installed")

    def revoke(self, request: Request) -> Response:
        self.world.revoke_user(request.field("user"))
        return redirect("/zoom/installed")

    def validate_webhook(self, _request: Request) -> Response:
        self.sandbox.announcer.validate_address()
        return redirect("/zoom/installed")

    # -- meetings -------------------------------------------------------------------------------------------

    def meetings(self, _request: Request) -> Response:
        with self.world.lock:
            newest = sorted(self.world.meetings.values(), key=lambda one: one.history[-1]["at"], reverse=True)
            rows = "".join(self._meeting_row(meeting) for meeting in newest[:SHOWN_MEETINGS])
        table = (
            table_of(("Meeting", "When", "Host", "State", "What happened", ""), rows, wide=True)
            if rows
            else nothing("No meetings yet. Connect Zoom in the product and book a time.")
        )
        body = f"""
<h1>Meetings</h1><p class="lead">What the product made in Zoom, the latest change first.</p>
<section class="card" data-live="meetings">{table}</section>
{trouble_card(self.world, "/zoom", TROUBLE_GROUPS)}
{calls_card(self.world)}"""
        return whole_page("Meetings", body, "/zoom/")

    def _meeting_row(self, meeting: Meeting) -> str:
        host = self.world.users[meeting.host_id]
        body = meeting.body
        if meeting.deleted:
            state = chip("deleted", "bad")
        elif meeting.expired(self.world.now()):
            state = chip("expired", "warn")
        else:
            state = chip("present", "ok")
        history = "".join(_history_line(entry) for entry in meeting.history[-5:])
        forms = (
            button("/zoom/meetings/recover", "Recover meeting", id=str(meeting.id))
            if meeting.deleted
            else self._meeting_forms(meeting, body["timezone"])
        )
        number = f"{meeting.id:,}".replace(",", " ")
        look = " class=gone" if meeting.deleted else ""
        return (
            f'<tr{look}><td data-label="Meeting"><strong>{h(body["topic"])}'
            f'</strong><br><span class="hint nums">{number}</span></td>'
            f'<td data-label="When" class="nums">{_when(meeting)}</td>'
            f'<td data-label="Host">{h(host.name)}</td><td data-label="State">{state}</td>'
            f'<td data-label="What happened"><ol class="plain small">{history}</ol></td>'
            f'<td class="buttons">{forms}</td></tr>'
        )

    def _meeting_forms(self, meeting: Meeting, zone: str) -> str:
        local = meeting.start.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
        return (
            f'<details class="menu"><summary>By hand</summary>'
            f'<form method="post" action="/zoom/meetings/move">{hidden_field("id", str(meeting.id))}'
            f'<label class="field"><span>New start, {h(zone)}</span>'
            f'<input type="datetime-local" name="start" value="{local}" required></label>'
            f"<button>Move meeting</button></form>"
            + button("/zoom/meetings/delete", "Delete meeting", tone="danger", id=str(meeting.id))
            + "</details>"
        )

    def delete_meeting(self, request: Request) -> Response:
        self.world.delete_meeting(int(request.field("id")), by="host")
        return redirect("/zoom/")

    def recover_meeting(self, request: Request) -> Response:
        self.world.recover_meeting(int(request.field("id")), by="host")
        return redirect("/zoom/")

    def move_meeting(self, request: Request) -> Response:
        number = int(request.field("id"))
        wall = datetime.strptime(request.field("start"), "%Y-%m-%dT%H:%M")  # noqa: DTZ007 - zone follows
        zone = ZoneInfo(self.world.meetings[number].body["timezone"])
        self.world.move_meeting(number, parse_instant(iso(wall.replace(tzinfo=zone))), by="host")
        return redirect("/zoom/")

    def fail_next(self, request: Request) -> Response:
        self.world.fail_next(request.field("preset"), times=int(request.field("times", "1")))
        return redirect("/zoom/")

    def clear_faults(self, _request: Request) -> Response:
        self.world.clear_faults()
        return redirect("/zoom/")

    # -- mail -----------------------------------------------------------------------------------------------

    def mailbox(self, _request: Request) -> Response:
        box = self.sandbox.mailbox
        with box.lock:
            rows = "".join(_mail_row(one) for one in box.messages[::-1])
        table = (
            table_of(("To", "Subject", "At"), rows)
            if rows
            else nothing("No mail yet. Book a time to see some.")
        )
        options = "".join(
            f'<option value="{name}"{" selected" if name == box.trouble else ""}>{h(text)}</option>'
            for name, text in mail.TROUBLES.items()
        )
        note = (
            ""
            if box.trouble == "none"
            else f"<p>{chip('Trouble', 'warn')} {h(mail.TROUBLES[box.trouble])}</p>"
        )
        clear = button("/mail/clear", "Clear mailbox") if rows else ""
        body = f"""
<h1>Mailbox</h1>
<p class="lead">Everything the product sent, the newest first. SMTP port {self.sandbox.smtp_port}.</p>
<section class="card" data-live="mails">{table}{clear}</section>
<section class="card"><h2>Mail trouble</h2>{note}<form class="row" method="post" action="/mail/trouble">
<label class="field grow"><span>How the mail server behaves</span>
<select name="trouble">{options}</select></label>
<button class="primary">Change behaviour</button></form>
{button("/mail/trouble", "Back to normal", trouble="none") if note else ""}</section>"""
        return whole_page("Mailbox", body, "/mail/")

    def one_mail(self, n: int, *, html_only: bool) -> Response:
        found = self.sandbox.mailbox.find(n)
        if found is None:
            return message_page("Mail not found", "It may have been cleared.", 404)
        if html_only:
            document = '<!doctype html><meta charset="utf-8"><base target="_blank">' + found.html
            headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": MAIL_POLICY}
            return Response(200, document.encode("utf-8", "replace"), headers)
        return whole_page(found.subject or "Mail", _mail_body(found), "/mail/")

    def clear_mail(self, _request: Request) -> Response:
        self.sandbox.mailbox.clear()
        return redirect("/mail/")

    def mail_trouble(self, request: Request) -> Response:
        self.sandbox.mailbox.set_trouble(request.field("trouble"))
        return redirect("/mail/")


# -- pieces of pages ----------------------------------------------------------------------------------------


def _zoom_error(title: str, text: str) -> Response:
    """Zoom's own error page: the redirect address is never called."""
    return message_page(title, text, 400)


def _not_approved() -> Response:
    """https://developers.zoom.us/docs/integrations/end-user-auth/, and Okta's "You cannot authorize"."""
    return _zoom_error(
        "You cannot authorize this app",
        "The admin of your account has to approve the app first. Ask for it in the marketplace.",
    )


def _static(name: str) -> Response:
    if name not in STATIC_TYPES:
        return message_page("Page not found", "The sandbox has no such file.", 404)
    return Response(200, (STATIC / name).read_bytes(), {"Content-Type": STATIC_TYPES[name]})


def _when(meeting: Meeting) -> str:
    zone = meeting.body["timezone"]
    start, end = meeting.start.astimezone(ZoneInfo(zone)), meeting.end.astimezone(ZoneInfo(zone))
    place = h(zone).replace("/", "/<wbr>")
    return (
        f'<span class="line">{start:%a} {start.day} {start:%b %Y},</span> '
        f'<span class="line">{start:%H:%M}–{end:%H:%M}</span><br><span class="hint">{place}</span>'
    )


def _history_line(entry: Json) -> str:
    detail = "" if entry["what"] == "created" else f'<br><span class="hint">{h(entry["detail"])}</span>'
    return f"<li>{h(entry['what'])} by {h(entry['by'])}, {moment(entry['at'])}{detail}</li>"


def _mail_row(one: Mail) -> str:
    return (
        f'<tr><td data-label="To">{h(", ".join(one.to))}</td><td data-label="Subject">'
        f'<a href="/mail/{one.n}">{h(one.subject or "(no subject)")}</a></td>'
        f'<td data-label="At" class="nums">{moment(one.at)}</td></tr>'
    )


def _mail_body(one: Mail) -> str:
    parts = [
        (
            "HTML",
            f'<iframe title="The mail as HTML" src="/mail/{one.n}/html" sandbox="allow-popups '
            f'allow-popups-to-escape-sandbox"></iframe>',
            one.html,
        ),
        ("Text", f"<pre>{h(one.text)}</pre>", one.text),
        ("Calendar", f"<pre>{h(one.calendar)}</pre>", one.calendar),
        ("Source", f"<pre>{h(one.raw)}</pre>", one.raw),
    ]
    present = [(name, content) for name, content, there in parts if there]
    links = "".join(f'<a href="#{name.lower()}">{name}</a>' for name, _ in present)
    sections = "".join(
        f'<section class="card" id="{name.lower()}"><h2>{name}</h2>{content}</section>'
        for name, content in present
    )
    facts = fact_list(
        ("From", one.headers.get("From", one.sender)), ("To", ", ".join(one.to)), ("At", one.at)
    )
    return (
        f'<p><a href="/mail/">Back to the mailbox</a></p><h1>{h(one.subject or "(no subject)")}</h1>{facts}'
        f'<nav class="parts" aria-label="Parts of the mail">{links}</nav>{sections}'
    )

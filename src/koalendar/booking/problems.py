"""What a stored problem code means to a host: what is wrong, and what mends it."""

from django.utils.translation import gettext as _

from koalendar.connections import queries as connections

NOT_CONNECTED = "not_connected"
LINK_ERASED = "link_erased"
MOVED_THERE = "moved_there"
DELETED_THERE = "deleted_there"
NO_ROOM = "no_room"
MAIL_REFUSED = "mail_refused"
MAIL_UNREACHABLE = "mail_unreachable"

# Trouble that ends by itself: the provider has not answered, or not yet as it should.
PASSING = frozenset(
    {
        "unreachable",
        "no_answer",
        "server_error",
        "bad_answer",
        "uncertain",
        "time_differs",
        "rate_limited",
        "account_daily_limit",
        "host_daily_limit",
        "in_progress",
        "refresh_busy",
        "usage_limit",
        "changed",
    }
)


def in_words(code: str, provider: str = "zoom") -> str:
    """One or two sentences for the host about what went wrong at this provider; empty for no problem."""
    if not code:
        return ""
    own = _of_google() if provider == "google" else _of_zoom()
    return own.get(code) or _of_any(connections.name_of(provider)).get(code) or own["refused"]


def _of_any(name: str) -> dict[str, str]:
    """What is said in the same words of every provider."""
    sentences = {
        MAIL_REFUSED: _("The mail server refused this address. Check it with the invitee."),
        MAIL_UNREACHABLE: _(
            "The mail server has not taken this mail yet. We keep trying; you need not do anything."
        ),
        "unreachable": _("%(name)s cannot be reached. We keep trying; you need not do anything."),
        "no_answer": _("%(name)s has not answered yet. We keep trying; you need not do anything."),
        "server_error": _("%(name)s has trouble of its own. We keep trying; you need not do anything."),
        "bad_answer": _(
            "%(name)s gave an answer that we could not read. We keep trying; you need not do anything."
        ),
        "rate_limited": _("%(name)s asks us to slow down. We go on in a moment; you need not do anything."),
        "refresh_busy": _("%(name)s is renewing our access. We go on in a moment."),
        "usage_limit": _(
            "%(name)s limits what this account may add. We go on when that is over, which can take hours; "
            "you need not do anything."
        ),
        "changed": _("Somebody changed this in %(name)s just now. We read it again and go on."),
        "missing_scope": _(
            "%(name)s did not give us every permission that this needs. Reconnect %(name)s and allow all."
        ),
        "other_account": _("You connected another %(name)s account in place of this one."),
        "client_refused": _(
            "%(name)s does not accept this site's app. Whoever runs the site has to check its settings."
        ),
        "redirect_mismatch": _(
            "%(name)s does not know this site's address. Whoever runs the site has to add it in %(name)s."
        ),
        "grant_unsupported": _(
            "%(name)s does not accept this site's app. Whoever runs the site has to check its settings."
        ),
        "provider_off": _("%(name)s is switched off on this site. Whoever runs the site has to set it up."),
        "app_disabled": _(
            "%(name)s has switched this site's app off. Whoever runs the site has to ask %(name)s."
        ),
        "encryption_key": _(
            "This site's encryption key has changed. Whoever runs the site has to restore it."
        ),
    }
    return {code: sentence % {"name": name} for code, sentence in sentences.items()}


def _of_zoom() -> dict[str, str]:
    return {
        NOT_CONNECTED: _("Zoom is not connected, so there is no link. Connect Zoom and it is made and sent."),
        LINK_ERASED: _("The link was erased here when Zoom had been disconnected for ten days."),
        MOVED_THERE: _(
            "The meeting was moved in Zoom. Take the time that Zoom has, or restore the booked one."
        ),
        DELETED_THERE: _("The meeting was deleted in Zoom, so its link is dead. Make a new link to go on."),
        "uncertain": _(
            "Zoom did not say whether it made the meeting. We look for it before we make another."
        ),
        "time_differs": _("Zoom still shows another time for this meeting. We keep telling it the new one."),
        "account_daily_limit": _(
            "Your Zoom account has used up its calls of today. We go on when the new day begins at 00:00 UTC."
        ),
        "host_daily_limit": _(
            "Zoom allows 100 new or changed meetings a day, and they are used up. "
            "We go on when the new day begins at 00:00 UTC."
        ),
        "in_progress": _("The meeting is running. We go on when it has ended."),
        "plan_limit": _("Your Zoom plan does not include this. Change the plan in Zoom, then try again."),
        "bad_request": _("Zoom did not accept this meeting's details. Shorten the title, then try again."),
        "not_allowed": _(
            "Zoom does not let this account schedule the meeting. Ask your Zoom admin, then try again."
        ),
        "cannot_host": _(
            "This Zoom user may not host meetings. Ask your Zoom admin, or connect another account."
        ),
        "forbidden": _(
            "Zoom does not let us use this account. Ask your Zoom admin, or connect another account."
        ),
        "not_host": _("The meeting belongs to another Zoom user. Connect the account that it was made with."),
        "ended": _("The meeting has ended in Zoom."),
        "personal_room": _(
            "Zoom gave your personal room instead of a meeting of its own, so we did not use it. "
            "Allow meetings with a generated id in your Zoom settings, then try again."
        ),
        "past_start": _("The time has passed, so Zoom makes no meeting for it any more."),
        "refused": _("Zoom refused this meeting. Try again; if it stays, ask for support."),
        "authorization_refused": _(
            "Zoom no longer accepts our access. Reconnect Zoom and the link is made and sent."
        ),
        "authorization_replaced": _(
            "A newer sign-in replaced our access. Reconnect Zoom and the link is made and sent."
        ),
        "scopes_changed": _(
            "The permissions of this app have changed. Reconnect Zoom and the link is made and sent."
        ),
        "user_gone": _("The Zoom user is no longer in its account. Connect another account."),
        "invitation_expired": _(
            "The Zoom user has not joined its account yet. Accept Zoom's invitation, then reconnect."
        ),
        "admin_disabled": _(
            "Your Zoom admin has switched this app off. Ask for its approval, then reconnect."
        ),
        "erased": _("Zoom is not connected any more. Connect Zoom and the link is made and sent."),
        "removed_at_provider": _("The app was removed in Zoom, so our access ended and was erased."),
        "client_changed": _(
            "This site uses another Zoom app now. Reconnect Zoom and the link is made and sent."
        ),
    }


def _of_google() -> dict[str, str]:
    return {
        "account_daily_limit": _(
            "This site has used up its calls to Google of today. We go on by ourselves; you need not do "
            "anything."
        ),
        "in_progress": _("Google is still busy with a change before this one. We go on in a moment."),
        "bad_request": _("Google did not accept this event's details. Shorten the title, then try again."),
        "not_allowed": _(
            "Google does not let this account write into the calendar. Choose another calendar for bookings."
        ),
        "forbidden": _(
            "Google does not let us use this calendar. Choose another calendar, or ask your Google admin."
        ),
        "not_host": _("The event belongs to somebody else in Google, so we cannot change it."),
        "gone": _("The event or its calendar is not there any more. Choose another calendar for bookings."),
        "calendar_gone": _(
            "A calendar that you chose is not in your Google account any more. Choose your calendars again."
        ),
        "calendar_closed": _(
            "You do not own the calendar for your bookings any more. Choose another one for your bookings."
        ),
        "calendar_unreadable": _(
            "Google does not tell when one of your calendars is busy, so nobody can book you. We keep "
            "asking; if you need not wait for that calendar, ignore it for now."
        ),
        "refused": _("Google refused this. Try again; if it stays, ask for support."),
        "authorization_refused": _(
            "Google no longer accepts our access. Reconnect Google Calendar, and everything is made up for."
        ),
        "authorization_replaced": _(
            "A newer sign-in replaced our access. Reconnect Google Calendar, and everything is made up for."
        ),
        "scopes_changed": _(
            "The permissions of this app have changed. Reconnect Google Calendar and allow all."
        ),
        "user_gone": _("The Google account is suspended or deleted. Connect another account."),
        "app_disabled": _(
            "Google has switched this site's app off. Whoever runs the site has to look into its Google "
            "project."
        ),
        "admin_disabled": _(
            "Your Google admin has blocked this app. Ask for its approval, then reconnect Google Calendar."
        ),
        "erased": _("Google Calendar is not connected any more. Connect it, and everything is made up for."),
        "removed_at_provider": _("The app was removed in Google, so our access ended and was erased."),
        "client_changed": _(
            "This site uses another Google project now. Reconnect Google Calendar, and everything is made up "
            "for."
        ),
    }

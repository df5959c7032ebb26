"""What a stored problem code means to a host where it is about the event in his Google Calendar."""

from django.utils.translation import gettext as _

from koalendar.booking import problems
from koalendar.booking.problems import DELETED_THERE, LINK_ERASED, MOVED_THERE, NO_ROOM, NOT_CONNECTED
from koalendar.connections.provider import Reason


def in_words(code: str) -> str:
    """One or two sentences for the host; empty for no problem."""
    if not code:
        return ""
    return _sentences().get(code) or _("Google refused this event. Try again; if it stays, ask for support.")


def about_link(kind: str, code: str) -> str:
    """As `in_words`, or as that of `problems`, about the link of a booking that happens there."""
    if kind != "google_meet":
        return problems.in_words(code)
    return _about_meet().get(code) or in_words(code)


def _about_meet() -> dict[str, str]:
    return {
        NOT_CONNECTED: _(
            "Google Calendar is not connected, so there is no link. Connect it and the link is made and sent."
        ),
        Reason.NO_CALENDAR: _(
            "The calendar is not there any more, so there is no link. Choose another one for your bookings."
        ),
        DELETED_THERE: _(
            "The event was deleted in Google Calendar, so its link is dead. Put it back for a new link."
        ),
        LINK_ERASED: _("The link was erased here when Google had been disconnected for ten days."),
    }


def _sentences() -> dict[str, str]:
    lost = _("Google no longer accepts our access. Reconnect Google and the event is brought up to date.")
    site = _("Google does not accept this site's app. Whoever runs the site has to check its settings.")
    return {
        NOT_CONNECTED: _(
            "Google is not connected, so the event cannot be made or changed. Connect Google and it is."
        ),
        Reason.NO_CALENDAR: _(
            "The calendar is not there any more. Choose another calendar for your bookings."
        ),
        MOVED_THERE: _(
            "The event was moved in Google Calendar. Follow the calendar, or restore the booked time."
        ),
        DELETED_THERE: _("The event was deleted in Google Calendar. Put it back, or cancel the booking."),
        "unreachable": _("Google cannot be reached. We keep trying; you need not do anything."),
        "no_answer": _("Google has not answered yet. We keep trying; you need not do anything."),
        "server_error": _("Google has trouble of its own. We keep trying; you need not do anything."),
        "bad_answer": _(
            "Google gave an answer that we could not read. We keep trying; you need not do anything."
        ),
        "uncertain": _("Google did not say whether it made the event. We make sure that none is left."),
        "rate_limited": _("Google asks us to slow down. We go on in a moment; you need not do anything."),
        "usage_limit": _(
            "Google takes no more changes of this account for some hours. We go on by ourselves then."
        ),
        "account_daily_limit": _(
            "This site has used up its calls to Google of today. We go on by ourselves; you need not do "
            "anything."
        ),
        "in_progress": _("Google is still busy with a change before this one. We go on in a moment."),
        "changed": _("The event is being changed in Google Calendar. We go on in a moment."),
        "gone": _("The event was not there any more. We make another."),
        NO_ROOM: _(
            "Google makes no Google Meet for this event. Check in Google that you may use Google Meet."
        ),
        "refresh_busy": _("Google is renewing our access. We go on in a moment."),
        "missing_scope": _(
            "Google did not give us the permission to write events. Reconnect Google and tick every box."
        ),
        "bad_request": _("Google did not accept this event's details. Shorten the title, then try again."),
        "forbidden": _("Google does not let us write into this calendar. Choose another for your bookings."),
        "authorization_refused": lost,
        "authorization_replaced": lost,
        "scopes_changed": lost,
        "user_gone": _("The Google account is not there any more. Connect another account."),
        "admin_disabled": _(
            "Your Google admin has switched this app off. Ask for its approval, then reconnect."
        ),
        "erased": lost,
        "removed_at_provider": lost,
        "client_refused": site,
        "redirect_mismatch": site,
        "grant_unsupported": site,
        "client_changed": _("This site uses another Google app now. Reconnect Google."),
        "provider_off": _("Google is switched off on this site. Whoever runs the site has to set it up."),
        "app_disabled": _(
            "The Calendar API of this site's Google project is off. Whoever runs the site has to enable it."
        ),
        "encryption_key": _(
            "This site's encryption key has changed. Whoever runs the site has to restore it."
        ),
    }

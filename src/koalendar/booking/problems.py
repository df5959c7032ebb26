"""What a stored problem code means to a host: what is wrong, and what mends it."""

from django.utils.translation import gettext as _

NOT_CONNECTED = "not_connected"
LINK_ERASED = "link_erased"
MOVED_THERE = "moved_there"
DELETED_THERE = "deleted_there"
MAIL_REFUSED = "mail_refused"
MAIL_UNREACHABLE = "mail_unreachable"

# Trouble that ends by itself: Zoom has not answered, or not yet as it should.
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
    }
)


def in_words(code: str) -> str:
    """One or two sentences for the host; empty for no problem."""
    if not code:
        return ""
    return _sentences().get(code) or _("Zoom refused this meeting. Try again; if it stays, ask for support.")


def _sentences() -> dict[str, str]:
    return {
        NOT_CONNECTED: _("Zoom is not connected, so there is no link. Connect Zoom and it is made and sent."),
        LINK_ERASED: _("The link was erased here when Zoom had been disconnected for ten days."),
        MAIL_REFUSED: _("The mail server refused this address. Check it with the invitee."),
        MAIL_UNREACHABLE: _(
            "The mail server has not taken this mail yet. We keep trying; you need not do anything."
        ),
        MOVED_THERE: _(
            "The meeting was moved in Zoom. Take the time that Zoom has, or restore the booked one."
        ),
        DELETED_THERE: _("The meeting was deleted in Zoom, so its link is dead. Make a new link to go on."),
        "unreachable": _("Zoom cannot be reached. We keep trying; you need not do anything."),
        "no_answer": _("Zoom has not answered yet. We keep trying; you need not do anything."),
        "server_error": _("Zoom has trouble of its own. We keep trying; you need not do anything."),
        "bad_answer": _(
            "Zoom gave an answer that we could not read. We keep trying; you need not do anything."
        ),
        "uncertain": _(
            "Zoom did not say whether it made the meeting. We look for it before we make another."
        ),
        "time_differs": _("Zoom still shows another time for this meeting. We keep telling it the new one."),
        "rate_limited": _("Zoom asks us to slow down. We go on in a moment; you need not do anything."),
        "account_daily_limit": _(
            "Your Zoom account has used up its calls of today. We go on when the new day begins at 00:00 UTC."
        ),
        "host_daily_limit": _(
            "Zoom allows 100 new or changed meetings a day, and they are used up. "
            "We go on when the new day begins at 00:00 UTC."
        ),
        "in_progress": _("The meeting is running. We go on when it has ended."),
        "refresh_busy": _("Zoom is renewing our access. We go on in a moment."),
        "missing_scope": _(
            "Zoom did not give us every permission that this needs. Reconnect Zoom and allow all."
        ),
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
        "other_account": _("You connected another Zoom account in place of this one."),
        "client_refused": _(
            "Zoom does not accept this site's app. Whoever runs the site has to check its settings."
        ),
        "redirect_mismatch": _(
            "Zoom does not know this site's address. Whoever runs the site has to add it in Zoom."
        ),
        "grant_unsupported": _(
            "Zoom does not accept this site's app. Whoever runs the site has to check its settings."
        ),
        "client_changed": _(
            "This site uses another Zoom app now. Reconnect Zoom and the link is made and sent."
        ),
        "provider_off": _("Zoom is switched off on this site. Whoever runs the site has to set it up."),
        "app_disabled": _("Zoom has switched this site's app off. Whoever runs the site has to ask Zoom."),
        "encryption_key": _(
            "This site's encryption key has changed. Whoever runs the site has to restore it."
        ),
    }

"""What is stored of people, why, and how long: the rows of the privacy page, one for every table."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Kept:
    """What `tables` hold of a person; `how_long` may name the numbers of `facts.numbers`."""

    tables: tuple[str, ...]
    what: Promise
    why: Promise
    how_long: Promise


_UNTIL_ASKED = _("Until it is erased on request; nothing ends by itself yet.")

OF_INVITEES = (
    Kept(
        ("booking.Appointment", "booking.Booking", "booking.Hold"),
        _(
            "Your name, e-mail address, time zone and language, what you answered, the guests you named, the "
            "reasons you gave, and the times."
        ),
        _("The booking itself: your host has to know who comes and when, and both of you get mails."),
        _("Until it is erased on request. Your own link to it ends %(link_life)s after the booking’s end."),
    ),
    Kept(
        ("booking.Meeting",),
        _("The Zoom meeting: its id, join link, passcode and telephone numbers."),
        _("They are shown and sent to both of you."),
        _(
            "Link, passcode and numbers until the meeting is removed. All of it, the id too, until %(kept)s "
            "after your host has removed Zoom."
        ),
    ),
    Kept(
        ("booking.CalendarCopy",),
        _(
            "Where the event of your booking lies in your host’s Google Calendar. The event itself, with "
            "your name, e-mail address, time zone, answers and guests, is kept there by Google and your host."
        ),
        _("So that it moves and goes with the booking."),
        _(
            "Until it is erased on request; its address at Google until %(kept)s after your host has "
            "disconnected."
        ),
    ),
    Kept(
        ("booking.Message",),
        _("Which mails were sent to you: address, kind and time. The text is not kept."),
        _("So that each mail is sent once."),
        _UNTIL_ASKED,
    ),
    Kept(
        ("booking.Happening",),
        _("What became of the Zoom meeting, and whether your host noted that you did not come; with times."),
        _("So that your host can see what happened to a booking."),
        _UNTIL_ASKED,
    ),
    Kept(
        ("booking.Note",),
        _("What your host noted about the booking for himself."),
        _("It is shown to that host alone."),
        _UNTIL_ASKED,
    ),
    Kept(
        ("booking.Idempotency",),
        _(
            "A random key of the form or call that you sent, a fingerprint of what it said and, encrypted, "
            "what a program was answered."
        ),
        _("So that pressing twice makes one booking."),
        _("%(answers)s."),
    ),
)

OF_HOSTS = (
    Kept(
        ("accounts.Host", "account.EmailAddress", "account.EmailConfirmation"),
        _("Your e-mail address, name, time zone and language, and a one-way hash of your password."),
        _("Signing in, and the mails that you get."),
        _UNTIL_ASKED,
    ),
    Kept(
        ("mfa.Authenticator",),
        _("The secret of your two-factor sign-in, encrypted."),
        _("Checking the codes that you type."),
        _("Until you switch it off."),
    ),
    Kept(
        ("sessions.Session",),
        _("Who is signed in, in which browser."),
        _("So that you stay signed in."),
        _("It counts for %(session_life)s, or until you sign out."),
    ),
    Kept(
        ("accounts.Audit",),
        _("What was done to your account, when, and from which network address."),
        _("So that you can see misuse, under Settings."),
        _UNTIL_ASKED,
    ),
    Kept(
        ("accounts.AccountMail",),
        _("Mails about your account: address, subject and text."),
        _("Handing them over to the mail server."),
        _("The text until the mail server has taken or refused it."),
    ),
    Kept(
        ("accounts.ApiKey",),
        _("Keys for programs of yours: name, first characters and a one-way hash."),
        _("Recognising those programs."),
        _UNTIL_ASKED,
    ),
    Kept(
        (
            "booking.Profile",
            "booking.ProfileAlias",
            "booking.Schedule",
            "booking.EventType",
            "booking.EventTypeHost",
        ),
        _("Your public page, your hours and your event types."),
        _("Offering your times."),
        _("Until you change or delete them; the rest until it is erased on request."),
    ),
    Kept(
        ("connections.Credential", "connections.Connection"),
        _(
            "Of your account at Zoom or Google: our access (encrypted), the permissions you gave, name, "
            "e-mail address, plan, time zone, and the numbers of user and account."
        ),
        _(
            "Making, moving and deleting the meetings and calendar events of your bookings, and showing "
            "which account does it."
        ),
        _(
            "Access, permissions, name, e-mail address and plan until you disconnect, take our access away "
            "there, or are refused. The rest for %(kept)s more, so that connecting again finds your meetings "
            "and events."
        ),
    ),
    Kept(
        ("connections.Calendar", "connections.Channel"),
        _(
            "Of your Google calendars: name, colour, zone, what you may do there, what you chose it for, and"
            " when it is busy. Never what an event says."
        ),
        _("So that nobody books a time at which you are busy, and bookings go where you want them."),
        _(
            "Until you disconnect, or %(kept)s after our access ended otherwise. Busy times are read anew "
            "each time."
        ),
    ),
    Kept(
        ("connections.Consent",),
        _("The access and account that Zoom or Google gave us and that you have yet to confirm, encrypted."),
        _("Showing you whose account it is before it is connected."),
        _("%(consents)s at most; what you do not confirm is given back and erased."),
    ),
    Kept(
        ("connections.WebhookIn",),
        _("What Zoom told us of your meetings and of a removal, as it came."),
        _("Seeing what was changed in Zoom, and recognising what comes twice."),
        _("%(notifications)s."),
    ),
)

# Tables that say nothing about a person: work that is owed names only the numbers of rows above.
IMPERSONAL = (
    "connections.Deletion",  # That something was erased and when; whose it was is let go of at its end.
    "auth.Group",
    "auth.Permission",
    "contenttypes.ContentType",
    "outbox.Entry",
    "outbox.Heartbeat",
)

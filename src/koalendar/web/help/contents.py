"""The contents lists of the long pages: each heading with the anchor that links may name for good."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Heading:
    """`anchor` stands in other people's bookmarks, in mails and in Zoom's marketplace: it never changes."""

    anchor: str
    text: Promise
    under: tuple["Heading", ...] = ()


ZOOM = (
    Heading(
        "adding",
        _("Adding Zoom"),
        (
            Heading("adding-needs", _("What you need")),
            Heading("adding-here", _("Starting here")),
            Heading("adding-marketplace", _("Starting in Zoom’s App Marketplace")),
            Heading("approval", _("When your Zoom admin has to approve")),
            Heading("scopes", _("What we ask Zoom for, and why")),
        ),
    ),
    Heading(
        "using",
        _("Using Zoom"),
        (
            Heading("using-why", _("What it is for")),
            Heading("using-needs", _("What has to be there")),
            Heading("using-how", _("Taking bookings at Zoom")),
            Heading("link", _("Where the link appears")),
            Heading("starting", _("Starting the meeting")),
            Heading("rescheduling", _("Rescheduling")),
            Heading("cancelling", _("Cancelling")),
            Heading("changed-in-zoom", _("Changes made in Zoom")),
        ),
    ),
    Heading(
        "trouble",
        _("Troubleshooting"),
        (
            Heading("cannot-add", _("Zoom did not send you back")),
            Heading("not-connected", _("Added in Zoom, but not connected here")),
            Heading("no-link", _("A booking has no Zoom link")),
            Heading("permission", _("A permission is missing")),
            Heading("limits", _("A limit of your Zoom plan")),
            Heading("moved", _("The meeting was moved or deleted in Zoom")),
            Heading("again", _("Zoom asks to be connected again and again")),
            Heading("invitee-waits", _("Your invitee cannot get in")),
        ),
    ),
    Heading(
        "removing",
        _("Removing Zoom"),
        (
            Heading("removing-means", _("What removing means")),
            Heading("removing-here", _("Disconnecting here")),
            Heading("removing-zoom", _("Removing the app in Zoom")),
            Heading("removing-data", _("How your data is removed")),
        ),
    ),
)

GOOGLE = (
    Heading("does", _("What it does")),
    Heading(
        "connecting",
        _("Connecting"),
        (Heading("scopes", _("What we ask Google for, and why")),),
    ),
    Heading(
        "blocking",
        _("What blocks your time"),
        (
            Heading("how-soon", _("How soon")),
            Heading("missing", _("A time is not offered")),
            Heading("nobody", _("Nobody can book you")),
        ),
    ),
    Heading("bookings", _("Where bookings go")),
    Heading("changed", _("Changes made in Google")),
    Heading("meet", _("Google Meet")),
    Heading(
        "disconnecting",
        _("Disconnecting"),
        (Heading("erased", _("What is erased")),),
    ),
)

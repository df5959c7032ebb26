"""What the domain says no to. These carry facts; pages, mails and the API choose the words."""

from datetime import timedelta


class BookingRefused(Exception):
    """The domain says no. Nothing was changed."""


class SlotTaken(BookingRefused):
    """The time would be offered, had not somebody else been faster."""


class OutsideRules(BookingRefused):
    """The rules don't allow it: `which` is `hours`, `away`, `notice`, `window`, `limit`, `cutoff`,
    `inactive`, or `calendar` while nobody can say when the host is free.
    """

    def __init__(self, which: str) -> None:
        super().__init__(which)
        self.which = which


class WrongState(BookingRefused):
    """The booking is `state` (a status by the clock, `past` or `upcoming`), in which this can't be done."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class OtherThere(BookingRefused):
    """What the host was shown of the meeting in Zoom, or the event in his calendar, is not so any more."""


class TooManyMails(BookingRefused):
    """This address got as many first confirmations as it may for now; try again `after`."""

    def __init__(self, after: timedelta) -> None:
        super().__init__(str(after))
        self.after = after


class KeyReused(BookingRefused):
    """The idempotency key came before, with another request."""


class LinkExpired(BookingRefused):
    """The invitee's link is unknown, replaced, or over."""

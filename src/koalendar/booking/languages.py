"""Which language a reader is spoken to in, of those that our texts exist in (`settings.LANGUAGES`)."""

from django.conf import settings
from django.utils.translation import get_supported_language_variant

from koalendar.booking.models import Booking, Profile

# Hosts' pages, their mails and the API exist in this one; see docs/decisions/0014-languages.md.
OF_HOSTS: str = settings.LANGUAGE_CODE


def supported(tag: str) -> str:
    """The language of our texts that is nearest to a tag ("pt-BR"); empty if there is none."""
    try:
        return get_supported_language_variant(tag.lower())
    except LookupError:
        return ""


def of_profile(profile: Profile) -> str:
    """What a host chose for those whose own language we do not speak."""
    return supported(profile.language) or OF_HOSTS


def locale_of_invitee(booking: Booking) -> str:
    """A tag for texts, dates and clocks alike: the invitee's own if we have its language, else the host's."""
    own = booking.invitee_locale
    return own if supported(own) else of_profile(booking.appointment.event_type.profile)

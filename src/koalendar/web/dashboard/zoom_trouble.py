"""What a host reads whom Zoom did not send back: why that may be, and what to send to his Zoom admin."""

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.connections import queries
from koalendar.web.dashboard import attempts

ASKED_FOR = "trouble"


@dataclass(frozen=True, slots=True)
class Trouble:
    """`is_shown` after two minutes, or when asked for; before that there is only a link to it.

    `retry_url` begins anew, `letter_url` opens the host's mail program with `letter`.
    """

    is_shown: bool
    retry_url: str
    letter: str = ""
    letter_url: str = ""
    marketplace_url: str = ""


def trouble_for(request: HttpRequest, host: Host, *, failed: str = "") -> Trouble | None:
    """For a host whose latest attempt came to nothing: Zoom never answered, or did so without saying why."""
    if not queries.is_enabled("zoom"):
        return None
    asked = ASKED_FOR in request.GET or failed == "no_code"
    open_attempt = attempts.unanswered(request.session, host, "zoom", now=clock.now())
    if open_attempt is None and not asked:
        return None
    wanted = open_attempt.back_to if open_attempt else ""
    retry_url = reverse("zoom-connect", query={"next": wanted} if wanted else None)
    if not asked and open_attempt is not None and not open_attempt.is_late:
        return Trouble(is_shown=False, retry_url=retry_url)
    letter = _letter(host)
    subject = quote(_("Please approve %(brand)s in Zoom") % {"brand": settings.KOALENDAR_BRAND})
    return Trouble(
        is_shown=True,
        retry_url=retry_url,
        letter=letter,
        letter_url=f"mailto:?subject={subject}&body={quote(letter)}",
        marketplace_url=queries.marketplace_url("zoom"),
    )


def _letter(host: Host) -> str:
    """A text for the admin of the host's Zoom account, who knows nothing of this site."""
    return _(
        "Hello,\n\n"
        "I would like to connect my Zoom account to %(brand)s (%(site)s), which makes a Zoom meeting for "
        "each booking. Zoom did not let me add the app: an admin of our Zoom account has to approve it "
        "first.\n\n"
        "Could you do this?\n"
        "1. Sign in at %(marketplace)s as an admin.\n"
        "2. Open the page of the app. Its Client ID is %(client_id)s.\n"
        "3. Switch on Pre-Approve, for me or for everybody, and save.\n\n"
        "The app acts only for people who connect it themselves. It sees their name, e-mail address and "
        "meeting settings, and makes, reads, changes and deletes meetings for them.\n"
        "What it does and how to remove it: %(site)s/help/zoom/\n\n"
        "Thank you\n%(name)s"
    ) % {
        "brand": settings.KOALENDAR_BRAND,
        "site": settings.KOALENDAR_BASE_URL,
        "marketplace": queries.marketplace_url("zoom"),
        "client_id": queries.client_id("zoom"),
        "name": host.name,
    }

"""What every page knows: the brand, the reader's theme, whom to ask, and the host's menu."""

from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from koalendar import clock
from koalendar.accounts.models import Host
from koalendar.booking import queries
from koalendar.web import languages
from koalendar.web.dashboard.banners import needs_attention, trouble_banner
from koalendar.web.dashboard.schedules import away_banner
from koalendar.web.dashboard.unreadable import unreadable_banner

THEMES = ("light", "dark")
_MENU = (
    ("dashboard", _("Bookings"), "calendar"),
    ("event-types", _("Event types"), "clock"),
    ("availability", _("Availability"), "check"),
    ("integrations", _("Integrations"), "link"),
    ("settings", _("Settings"), "settings"),
)
_BESIDE = ("support", "setup")


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One line of the host's menu; `name` is the name of its address."""

    name: str
    label: str
    icon: str
    url: str
    is_here: bool


def site(request: HttpRequest) -> dict[str, object]:
    """The variables of the frame: `brand`, `site_url` (no slash at its end), `support_email`, `theme`,
    `menu`, `needs_attention`, `host_banner` (what pages of the dashboard say until it is over), and
    `pending_count`, the requests that wait for the host; on invitees' pages
    `languages` to choose from."""
    theme = request.COOKIES.get("theme", "")
    return {
        "brand": settings.KOALENDAR_BRAND,
        "site_url": settings.KOALENDAR_BASE_URL,
        "support_email": settings.KOALENDAR_SUPPORT_EMAIL,
        "theme": theme if theme in THEMES else "",
        "signup_is_open": settings.KOALENDAR_SIGNUP == "open",
        "menu": menu(request.path),
        "languages": languages.choices(request),
        "needs_attention": SimpleLazyObject(partial(_needs_attention, request)),
        "host_banner": SimpleLazyObject(partial(_host_banner, request)),
        "pending_count": SimpleLazyObject(partial(_pending_count, request)),
    }


def _needs_attention(request: HttpRequest) -> bool:
    """Asked only by pages that show the host's menu."""
    return isinstance(request.user, Host) and needs_attention(request.user)


def _host_banner(request: HttpRequest) -> dict[str, str] | None:
    """The worst of what there is; asked only by pages of the dashboard."""
    if not isinstance(request.user, Host):
        return None
    now = clock.now()
    return (
        unreadable_banner(request.user, now=now)
        or trouble_banner(request.user, now=now)
        or away_banner(request.user, now=now)
    )


def _pending_count(request: HttpRequest) -> int:
    """Asked only by pages that show the host's menu."""
    return queries.waiting_for(request.user, now=clock.now()) if isinstance(request.user, Host) else 0


def menu(path: str) -> list[MenuItem]:
    """The host's menu as seen from `path`; the longest address that `path` begins with is "here".

    Pages that belong to none of its lines have addresses below the first one's all the same.
    """
    addresses = {name: _address(name) for name in (*(name for name, _label, _icon in _MENU), *_BESIDE)}
    here = max((url for url in addresses.values() if url and path.startswith(url)), key=len, default="")
    return [
        MenuItem(name, str(label), icon, url, is_here=url == here)
        for name, label, icon in _MENU
        if (url := addresses[name])
    ]


def _address(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""

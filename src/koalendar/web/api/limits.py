"""Limits per client address, told in every answer that they concern."""

from collections.abc import Mapping

from django.http import HttpRequest
from django.utils.translation import gettext as _

from koalendar.web.api.problems import Problem
from koalendar.web.limits import take


def within(
    request: HttpRequest, what: str, rate: tuple[int, int] | None, *, cache: str = "default"
) -> Mapping[str, str]:
    """Count this request; gives the headers that tell what is left. Raises the problem `rate_limited`."""
    allowance = take(request, what, rate, cache=cache)
    if allowance is None:
        return {}
    headers = allowance.headers()
    if allowance.wait:
        raise Problem("rate_limited", _("Too many requests from this connection."), headers=headers)
    return headers

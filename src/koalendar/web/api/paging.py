"""Lists in pages: opaque cursors that stay right while rows come and go."""

import base64
import binascii
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from koalendar.web.api import problems
from koalendar.web.api.problems import Problem

MOST = 100
Row = TypeVar("Row", bound=Model)


def page(rows: QuerySet[Row], *, cursor: str, limit: int) -> tuple[list[Row], str | None]:
    """At most `limit` rows in the order in which they were made, from `cursor` on, and the next cursor."""
    if cursor:
        rows = rows.filter(pk__gt=_read(cursor))
    found = list(rows.order_by("pk")[: limit + 1])
    more = len(found) > limit
    return found[:limit], _cursor(found[limit - 1]) if more else None


def unknown_cursor() -> Problem:
    return problems.wrong("cursor", "invalid", _("Give a next_cursor that this list answered."))


def _cursor(row: Model) -> str:
    return base64.urlsafe_b64encode(str(row.pk).encode()).rstrip(b"=").decode()


def _read(cursor: str) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError) as error:
        raise unknown_cursor() from error
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise unknown_cursor()
    return int(text)

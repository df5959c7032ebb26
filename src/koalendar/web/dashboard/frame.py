"""What every page of the dashboard shares: who is signed in, and what is his."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

from django.contrib.auth.decorators import login_required
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django_htmx.middleware import HtmxDetails

from koalendar.accounts.models import Host

P = ParamSpec("P")
M = TypeVar("M", bound=Model)


class HostRequest(HttpRequest):
    """What the middleware makes of a request; for types only."""

    htmx: HtmxDetails


HostView = Callable[Concatenate[HostRequest, Host, P], HttpResponseBase]
View = Callable[Concatenate[HostRequest, P], HttpResponseBase]


def for_host(view: HostView[P]) -> View[P]:
    """Only for whoever is signed in, who is handed to the view: what it loads, it loads through this host."""

    @wraps(view)
    def guarded(request: HostRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        host = request.user
        assert isinstance(host, Host)  # login_required saw to it.
        return view(request, host, *args, **kwargs)

    return cast(View[P], login_required(guarded))


def own(row: M | None) -> M:
    """The row that a tenant-scoped query gave; another host's is as unknown as one that never was."""
    if row is None:
        raise Http404
    return row


def own_of(rows: QuerySet[M], **key: object) -> M:
    return own(rows.filter(**key).first())

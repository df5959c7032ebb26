"""The host himself, and the accounts that he has linked."""

from django.http import HttpRequest, HttpResponse
from ninja import Router
from ninja.params.functions import Query

from koalendar import clock
from koalendar.booking import connecting
from koalendar.connections import queries
from koalendar.web import trail
from koalendar.web.api import paging, shown
from koalendar.web.api.callers import ALL, READ, host_of
from koalendar.web.api.document import says
from koalendar.web.api.problems import not_found
from koalendar.web.api.shapes import ConnectionList, Me, reply

router = Router()
CURSOR = Query("", description="`next_cursor` of the page before; empty for the first.")
LIMIT = Query(25, ge=1, le=paging.MOST, description="How many items a page has at most.")


@router.get("/me", auth=READ, response=says(Me, 401, 403), tags=["Host"], summary="Who am I?")
def me(request: HttpRequest) -> HttpResponse:
    """The host whose key it is."""
    return reply(Me, shown.me(host_of(request)))


@router.get(
    "/connections",
    auth=READ,
    response=says(ConnectionList, 401, 403, 422),
    tags=["Connections"],
    summary="List linked accounts",
)
def connections(request: HttpRequest, cursor: str = CURSOR, limit: int = LIMIT) -> HttpResponse:
    """The accounts that the host has linked, revoked ones too. Connecting needs a browser."""
    rows, next_cursor = paging.page(queries.connections_of(host_of(request)), cursor=cursor, limit=limit)
    return reply(
        ConnectionList, {"items": [shown.connection(row) for row in rows], "next_cursor": next_cursor}
    )


@router.delete(
    "/connections/{id}",
    auth=ALL,
    response=says(None, 401, 403, 404, status=204),
    tags=["Connections"],
    summary="Disconnect an account",
)
def disconnect(request: HttpRequest, id: str) -> HttpResponse:  # noqa: A002  The name in the contract's path.
    """Revokes our access at the provider and erases it here, which holds even if the provider does not
    answer. Meetings that were made stay. What is disconnected already stays so."""
    host = host_of(request)
    connection = queries.connection_by_id(host, id)
    if connection is None:
        raise not_found()
    if connecting.disconnect(connection, now=clock.now()).is_new:
        trail.record(host, "disconnected", request, provider=connection.provider)
    return HttpResponse(status=204)

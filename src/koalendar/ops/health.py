"""What load balancers ask: is the process up, and can it serve?"""

from collections.abc import Callable

from django.core.cache import caches
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from koalendar.connections.models import Credential
from koalendar.connections.sealing import SealError, unseal

# Seconds for which "ready" is remembered: whoever asks often does not have the migrations read each time.
_READY_FOR = 5
_READY = "koalendar.ready"


class Probes:
    """Answers /livez and /readyz whatever host name is asked for; they tell nothing of the site."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.answers = {"/livez": livez, "/readyz": readyz}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.answers.get(request.path_info, self.get_response)(request)


@require_safe
@never_cache
def livez(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def readyz(_request: HttpRequest) -> JsonResponse:
    """Database, migrations and encryption key; no details, for a stranger may ask."""
    well = bool(caches["memory"].get(_READY)) or not problems()
    if well:
        caches["memory"].add(_READY, True, _READY_FOR)
    return JsonResponse({"status": "ok" if well else "unavailable"}, status=200 if well else 503)


def problems() -> list[str]:
    """What keeps this installation from serving, in a word each."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return ["migrations"]
        return [] if key_fits() else ["encryption key"]
    except DatabaseError:
        return ["database"]


def key_fits() -> bool:
    """Whether our keys open what was sealed last."""
    row = Credential.objects.exclude(tokens="").order_by("-pk").first()
    if row is None:
        return True
    try:
        unseal(row.tokens, purpose="tokens", row=row.identity)
    except SealError:
        return False
    return True

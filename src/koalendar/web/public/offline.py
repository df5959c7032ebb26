"""What invitees see without a connection, and what makes their browsers show it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """What browsers that were here before show when they are not connected."""
    return render(request, "public/offline.html")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The script by which they can; at the root, since a worker rules no address above its own."""
    response = render(request, "public/service_worker.js", content_type="text/javascript; charset=utf-8")
    response.headers["Cache-Control"] = "no-cache"
    return response

"""Addresses under /api/v1/."""

from django.urls import path

from koalendar.web.api import bookings, event_types, hosts, profiles, schedules
from koalendar.web.api.document import Api, StrictJson, listen

api = Api(
    title="Koalendar",
    version="1",
    urls_namespace="api",
    parser=StrictJson(),
    description="Event types, schedules, slots and bookings for programs. Guide: docs/api.md in the source.",
)
listen(api)
api.add_router("", hosts.router)
api.add_router("/schedules", schedules.router)
api.add_router("/event-types", event_types.router)
api.add_router("/profiles", profiles.router)
api.add_router("/bookings", bookings.router)

urlpatterns = [path("v1/", api.urls)]

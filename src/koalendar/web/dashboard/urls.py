"""Addresses under /dashboard/."""

from django.urls import path

from koalendar.web.dashboard import (
    api_keys,
    availability,
    bookings,
    event_types,
    integrations,
    settings,
    sharing,
    support,
)

urlpatterns = [
    path("", bookings.index, name="dashboard"),
    path("bookings/<uuid:uid>/", bookings.detail, name="dashboard-booking"),
    path("bookings/<uuid:uid>/copies", bookings.copies, name="dashboard-booking-copies"),
    path("bookings/<uuid:uid>/retry", bookings.retry, name="dashboard-booking-retry"),
    path("bookings/<uuid:uid>/start", bookings.start, name="dashboard-booking-start"),
    path("bookings/<uuid:uid>/confirm", bookings.confirm, name="dashboard-booking-confirm"),
    path("bookings/<uuid:uid>/decline", bookings.decline, name="dashboard-booking-decline"),
    path("bookings/<uuid:uid>/take-time", bookings.take_time, name="dashboard-booking-take-time"),
    path("bookings/<uuid:uid>/restore-time", bookings.restore_time, name="dashboard-booking-restore-time"),
    path("bookings/<uuid:uid>/new-link", bookings.new_link, name="dashboard-booking-new-link"),
    path("bookings/<uuid:uid>/cancel", bookings.cancel, name="dashboard-booking-cancel"),
    path("bookings/<uuid:uid>/reschedule", bookings.reschedule, name="dashboard-booking-reschedule"),
    path("event-types/", event_types.index, name="event-types"),
    path("event-types/new", event_types.new, name="event-type-new"),
    path("event-types/<str:public_id>/", event_types.edit, name="event-type"),
    path("event-types/<str:public_id>/bookable", event_types.bookable, name="event-type-bookable"),
    path("event-types/<str:public_id>/duplicate", event_types.duplicate, name="event-type-duplicate"),
    path("event-types/<str:public_id>/share", sharing.share, name="event-type-share"),
    path("event-types/<str:public_id>/qr.svg", sharing.qr_code, name="event-type-qr"),
    path("event-types/<str:public_id>/delete", event_types.delete, name="event-type-delete"),
    path("availability/", availability.edit, name="availability"),
    path("integrations/", integrations.index, name="integrations"),
    path("integrations/zoom/<str:public_id>/test", integrations.test, name="zoom-test"),
    path("integrations/zoom/<str:public_id>/default", integrations.make_default, name="zoom-default"),
    path("integrations/zoom/<str:public_id>/disconnect", integrations.disconnect, name="zoom-disconnect"),
    path("settings/", settings.edit, name="settings"),
    path("settings/keys/", api_keys.index, name="api-keys"),
    path("settings/keys/new", api_keys.new, name="api-key-new"),
    path("settings/keys/<int:pk>/revoke", api_keys.revoke, name="api-key-revoke"),
    path("support/", support.index, name="support"),
]

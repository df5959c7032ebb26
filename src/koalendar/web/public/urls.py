"""Addresses for invitees. They come last of all: the first word of a host's page can be anything."""

from django.urls import path

from koalendar.web.public import booking_page, offline, own_page

urlpatterns = [
    path("offline.html", offline.offline, name="offline"),
    path("service-worker.js", offline.service_worker, name="service-worker"),
    path("b/<str:token>/", own_page.booking, name="invitee-booking"),
    path("b/<str:token>/link/", own_page.link, name="invitee-link"),
    path("b/<str:token>/invite.ics", own_page.invite, name="invitee-ics"),
    path("b/<str:token>/reschedule/", own_page.reschedule, name="invitee-reschedule"),
    path("b/<str:token>/cancel/", own_page.cancel, name="invitee-cancel"),
    path("<slug:username>/", booking_page.host_page, name="host-page"),
    path("<slug:username>/<slug:slug>/", booking_page.booking_page, name="booking-page"),
]

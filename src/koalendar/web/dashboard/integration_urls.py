"""Addresses under /integrations/ that a host's browser comes by on the way to a provider and back."""

from django.urls import path

from koalendar.web.dashboard import connecting

ZOOM, GOOGLE = {"provider": "zoom"}, {"provider": "google"}

urlpatterns = [
    path("zoom/install", connecting.install, name="zoom-install"),
    path("zoom/connect", connecting.connect, ZOOM, name="zoom-connect"),
    path("zoom/callback", connecting.callback, ZOOM, name="zoom-callback"),
    path("zoom/finish/<str:public_id>", connecting.finish, ZOOM, name="zoom-finish"),
    path("zoom/hide-trouble", connecting.hide_trouble, name="zoom-hide-trouble"),
    path("google/start", connecting.start, name="google-start"),
    path("google/connect", connecting.connect, GOOGLE, name="google-connect"),
    path("google/callback", connecting.callback, GOOGLE, name="google-callback"),
    path("google/finish/<str:public_id>", connecting.finish, GOOGLE, name="google-finish"),
]

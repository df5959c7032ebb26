"""Addresses under /integrations/ that a host's browser comes by on the way to a provider and back."""

from django.urls import path

from koalendar.web.dashboard import integrations

urlpatterns = [
    path("zoom/install", integrations.install, name="zoom-install"),
    path("zoom/connect", integrations.connect, name="zoom-connect"),
    path("zoom/callback", integrations.callback, name="zoom-callback"),
]

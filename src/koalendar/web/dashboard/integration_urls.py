"""Addresses under /integrations/ that a host's browser comes by on the way to a provider and back."""

from django.urls import path

from koalendar.web.dashboard import connecting

urlpatterns = [
    path("zoom/install", connecting.install, name="zoom-install"),
    path("zoom/connect", connecting.connect, name="zoom-connect"),
    path("zoom/callback", connecting.callback, name="zoom-callback"),
    path("zoom/finish/<str:public_id>", connecting.finish, name="zoom-finish"),
    path("zoom/hide-trouble", connecting.hide_trouble, name="zoom-hide-trouble"),
]

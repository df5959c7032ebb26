"""Addresses under /integrations/ that providers call. Each takes every kind of notification."""

from django.urls import path

from koalendar.web.hooks import google, zoom

urlpatterns = [
    path("zoom/webhook", zoom.receive, name="zoom-webhook"),
    path("zoom/deauthorize", zoom.receive, name="zoom-deauthorize"),
    path("google/webhook", google.receive, name="google-webhook"),
]

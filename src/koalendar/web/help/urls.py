"""Addresses that anybody may read, and Zoom's reviewers do."""

from django.urls import path

from koalendar.web.help import pages

urlpatterns = [
    path("help/zoom/", pages.zoom, name="help-zoom"),
    path("help/google/", pages.google, name="help-google"),
    path("help/support/", pages.support, name="help-support"),
    path("privacy/", pages.privacy, name="privacy"),
    path("terms/", pages.terms, name="terms"),
    path("zoomverify/verifyzoom.html", pages.zoom_verification, name="zoom-verification"),
]

"""Every address of the site. The public pages come last: they answer to any first word."""

from django.urls import URLPattern, URLResolver, include, path

from koalendar.ops import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("livez", health.livez, name="livez"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
]

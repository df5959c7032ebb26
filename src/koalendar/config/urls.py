"""Every address of the site but the probes. The public pages come last: they answer to any first word."""

from django.urls import URLPattern, URLResolver, include, path

from koalendar.web import pages, styleguide
from koalendar.web.dashboard import answering, signing_up

handler400 = pages.bad_request
handler500 = pages.server_error

urlpatterns: list[URLPattern | URLResolver] = [
    path("", pages.home, name="home"),
    path("styleguide", styleguide.styleguide, name="styleguide"),
    path("accounts/signup/", signing_up.SignupView.as_view(), name="account_signup"),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("dashboard/", include("koalendar.web.dashboard.urls")),
    path("b/<str:token>/answer/", answering.answer, name="answer-request"),
    path("integrations/", include("koalendar.web.hooks.urls")),
    path("integrations/", include("koalendar.web.dashboard.integration_urls")),
    path("api/", include("koalendar.web.api.urls")),
    path("", include("koalendar.web.help.urls")),
    path("", include("koalendar.web.public.urls")),
]

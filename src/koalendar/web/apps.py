"""Django's handle on this room."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "koalendar.web"
    label = "web"

    def ready(self) -> None:
        # Not at the top: allauth's signals come with its models, which Django loads before this.
        from koalendar.web.dashboard import audit

        audit.listen()

"""Django's handle on this room."""

from django.apps import AppConfig


class OpsConfig(AppConfig):
    name = "koalendar.ops"
    label = "ops"

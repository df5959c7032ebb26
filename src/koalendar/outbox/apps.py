"""Django's handle on this room."""

from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "koalendar.outbox"
    label = "outbox"

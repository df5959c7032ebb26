"""How Django finds this room."""

from django.apps import AppConfig


class ConnectionsConfig(AppConfig):
    name = "koalendar.connections"
    label = "connections"

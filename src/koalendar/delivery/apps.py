"""Django's handle on this room."""

from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "koalendar.delivery"
    label = "delivery"

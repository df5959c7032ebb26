"""Django's handle on this room."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from koalendar.booking.guards import install_guards


class BookingConfig(AppConfig):
    name = "koalendar.booking"
    label = "booking"

    def ready(self) -> None:
        post_migrate.connect(install_guards, sender=self, dispatch_uid="koalendar.booking.guards")

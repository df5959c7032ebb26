"""Wiring only: settings, addresses, the WSGI application and the `koalendar` program."""

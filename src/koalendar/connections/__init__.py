"""Accounts at providers that hosts have linked: credentials, connections and the providers' clients.

This room speaks to the outside and keeps what that takes: tokens, scopes, limits. It must not know bookings,
event types, mails or pages. A provider is one folder here and one line in `registry.py`.
"""

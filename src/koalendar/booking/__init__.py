"""The heart: profiles, event types, appointments, bookings, and what is promised about them.

Calls no provider and sends no mail: it writes down what is owed, in the same transaction.
"""

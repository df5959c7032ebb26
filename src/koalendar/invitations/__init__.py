"""Invitations as text: calendar objects, links that add an appointment to a calendar, and dates in words.

Everything here is a function of its arguments. This room must not know Django, the database, the network or
the clock: when an object was made, what today is and which language the reader speaks are arguments.
"""

"""Which times can be offered, computed from values alone.

This room holds time zones, weekly hours with date overrides, and the slots that follow from them. It must
not know Django, the database, the network or the clock: the present minute is an argument. Inside, every
instant is an integer, UTC minutes since 1970-01-01 00:00, and every interval is half-open.
"""

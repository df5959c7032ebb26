"""Zoom: its OAuth, its Meetings API, and nothing of other providers."""

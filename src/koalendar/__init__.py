"""Koalendar: open, self-hosted scheduling whose Zoom integration never loses a link."""

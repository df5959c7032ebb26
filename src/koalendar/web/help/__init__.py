"""Public pages about the site itself: help with Zoom, support, privacy, terms; they change nothing."""

"""Public pages about the site itself: help, support, privacy, terms; they change nothing."""

"""A stand-in for Google's OAuth and Google Calendar, spoken to over HTTP below ``/google``."""

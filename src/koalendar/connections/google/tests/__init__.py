"""Tests of the Google Calendar client and its OAuth."""

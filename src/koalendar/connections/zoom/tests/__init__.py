"""Tests of the Zoom client and its OAuth."""

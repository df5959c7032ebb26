"""What keeps the house running: health, logs, demo data, the `koalendar doctor`."""

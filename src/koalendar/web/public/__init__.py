"""What an invitee meets: host pages, booking pages, and a booking's own page."""

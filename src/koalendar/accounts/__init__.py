"""Who signs in: hosts, what they did that matters to safety, and mails about their accounts.

Knows nothing of bookings, connections or pages.
"""

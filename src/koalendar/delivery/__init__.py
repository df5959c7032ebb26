"""What happens after commit: meetings and mails are brought to where the bookings say."""

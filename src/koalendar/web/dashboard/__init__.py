"""The host's side, with the adapters that fit sign-in and its mails to our rooms."""

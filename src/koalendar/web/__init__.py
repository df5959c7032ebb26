"""Pages for invitees and hosts, and the doors that providers knock on."""

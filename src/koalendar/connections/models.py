"""What is kept of linked accounts: a Credential per account, a Connection per host who uses it.

A Consent is what came before a Connection, for minutes.
"""

import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q


def make_public_id() -> str:
    """An opaque id for addresses and the API; it tells nothing and cannot be guessed."""
    return secrets.token_urlsafe(12)


class Credential(models.Model):
    """The tokens of one account at a provider, shared by every host who linked that account.

    A provider that rotates refresh tokens kills the older copy, so there is one row and never a second.
    Whoever refreshes holds the lease; every write of tokens raises the fence, so that a late answer cannot
    overwrite a newer one.
    """

    provider = models.CharField(max_length=32)
    client_id = models.CharField(max_length=128)
    # The provider's own; what `deletions.forgotten_id` makes of it once the account is forgotten.
    remote_user_id = models.CharField(max_length=128)

    # Sealed; empty once erased. Nothing else in this row can be used to act for the host.
    tokens = models.TextField(blank=True, default="")
    expires_at = models.DateTimeField(null=True, blank=True)
    # As granted, separated by spaces.
    scopes = models.TextField(blank=True, default="")
    # The host of the account's region with the path of the API, no slash at the end.
    api_url = models.CharField(max_length=255, blank=True, default="")

    account_id = models.CharField(max_length=128, blank=True, default="")
    account_name = models.CharField(max_length=255, blank=True, default="")
    account_email = models.CharField(max_length=320, blank=True, default="")
    account_plan = models.CharField(max_length=32, blank=True, default="")
    account_zone = models.CharField(max_length=64, blank=True, default="")
    # "local", "cloud" or "none": how its meetings are recorded by themselves. Empty where nobody told.
    account_recording = models.CharField(max_length=8, blank=True, default="")
    # The latest consent. What was made before it may have been changed while nobody could look.
    connected_at = models.DateTimeField(null=True, blank=True)

    # The latest call that failed, whatever has worked since; a value of `provider.Reason`.
    failure = models.CharField(max_length=64, blank=True, default="")
    failed_at = models.DateTimeField(null=True, blank=True)

    lease_owner = models.CharField(max_length=64, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "client_id", "remote_user_id"], name="one_credential_per_account"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} credential {self.pk}"

    @property
    def identity(self) -> str:
        """What the sealed tokens are bound to; it never changes while there are any."""
        return f"{self.provider}/{self.client_id}/{self.remote_user_id}"

    @property
    def granted_scopes(self) -> frozenset[str]:
        return frozenset(self.scopes.split())


class Connection(models.Model):
    """One host's use of a credential."""

    class State(models.TextChoices):
        ACTIVE = "active"
        ATTENTION = "attention"  # Works, but a scope or setting is missing.
        BROKEN = "broken"  # Must be connected again.
        REVOKED = "revoked"  # Disconnected by the host, or removed at the provider.

    LIVE = (State.ACTIVE, State.ATTENTION)

    public_id = models.CharField(max_length=32, unique=True, editable=False, default=make_public_id)
    host = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="connections")
    credential = models.ForeignKey(Credential, on_delete=models.PROTECT, related_name="connections")
    # The credential's provider again: a constraint cannot look into another table.
    provider = models.CharField(max_length=32)
    is_default = models.BooleanField(default=False)

    state = models.CharField(max_length=16, choices=State, default=State.ACTIVE)
    # A value of `provider.Reason`, or empty; pages and mails choose the words for it.
    problem = models.CharField(max_length=64, blank=True, default="")
    problem_since = models.DateTimeField(null=True, blank=True)
    # When the host was last told of this problem; none while the first mail is still owed.
    problem_told_at = models.DateTimeField(null=True, blank=True)
    last_ok_at = models.DateTimeField(null=True, blank=True)
    # When somebody last looked at a page that needs the busy times of its calendars.
    asked_at = models.DateTimeField(null=True, blank=True)
    # When the list of its calendars was last read.
    listed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["host", "credential"], name="one_connection_per_host_and_credential"
            ),
            models.UniqueConstraint(
                fields=["host", "provider"],
                condition=Q(is_default=True),
                name="one_default_per_host_and_provider",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} connection {self.public_id}"

    @property
    def is_live(self) -> bool:
        """Whether calls may be made for this host."""
        return self.state in self.LIVE


class Calendar(models.Model):
    """One calendar of a connected account, what its host uses it for, and a mirror of its busy times.

    `blocks` says that its busy times are times at which the host cannot be booked; `is_target` that bookings
    are written into it, which one calendar of a host is. `ignored_at` is when the host chose not to wait for
    this calendar while it cannot be read: until it is read again, it blocks nothing.

    `busy` holds [from, until) in UTC minutes since 1970 as one flat rising list, merged, without the events
    that are ours; it is true as of `read_at`, for [`read_from`, `read_until`). Without a `read_at` it was
    never read, which is unknown and not free.
    """

    public_id = models.CharField(max_length=32, unique=True, editable=False, default=make_public_id)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="calendars")
    # The connection's host again: a constraint cannot look into another table, and slots are read by host.
    host = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendars")
    # The provider's own; what `deletions.forgotten_id` makes of it once the account is forgotten.
    remote_id = models.CharField(max_length=255)
    name = models.CharField(max_length=255, blank=True)
    color = models.CharField(max_length=7, blank=True)
    role = models.CharField(max_length=32, blank=True)
    zone = models.CharField(max_length=64, blank=True)
    is_primary = models.BooleanField(default=False)
    is_writable = models.BooleanField(default=False)
    # When it was missing from the account's list, or the account said that it is not there.
    gone_at = models.DateTimeField(null=True, blank=True)

    blocks = models.BooleanField(default=False)
    is_target = models.BooleanField(default=False)
    ignored_at = models.DateTimeField(null=True, blank=True)

    busy = models.JSONField(default=list)
    read_at = models.DateTimeField(null=True, blank=True)
    read_from = models.DateTimeField(null=True, blank=True)
    read_until = models.DateTimeField(null=True, blank=True)
    # A value of `provider.Reason`, or empty; why the latest read failed.
    problem = models.CharField(max_length=64, blank=True, default="")
    problem_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "remote_id"], name="calendar_once"),
            models.UniqueConstraint(
                fields=["host"], condition=Q(is_target=True), name="one_target_calendar_per_host"
            ),
        ]

    def __str__(self) -> str:
        return f"calendar {self.public_id}"


class Channel(models.Model):
    """Where a provider tells us that a calendar has changed. Kept until it has expired or was stopped.

    Its id and token are known to the provider and to us alone; of the token only a digest is stored.
    """

    uid = models.UUIDField(unique=True)
    calendar = models.ForeignKey(Calendar, on_delete=models.CASCADE, related_name="channels")
    token_digest = models.CharField(max_length=64)
    resource_id = models.CharField(max_length=255)
    expires_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"channel {self.uid}"


class Deletion(models.Model):
    """The record that what we had of an account was deleted, without a word about whose account it was.

    Tokens and account are erased when it begins; what is kept of the meetings is erased when it is `due_at`,
    unless the account is connected again before. `connection` says whose meetings those are, and is let go
    of at the end. `rows` counts the rows in which something was erased.
    """

    class How(models.TextChoices):
        NOTIFIED = "notified"  # The provider told us that the app was removed.
        REFUSED = "refused"  # A call, or the daily look, found our access refused.
        DISCONNECTED = "disconnected"  # The host disconnected here.

    class Ended(models.TextChoices):
        OPEN = ""
        ERASED = "erased"
        RECONNECTED = "reconnected"

    provider = models.CharField(max_length=32)
    connection = models.ForeignKey(Connection, models.SET_NULL, null=True, related_name="deletions")
    how = models.CharField(max_length=16, choices=How)
    began_at = models.DateTimeField()
    due_at = models.DateTimeField()
    rows = models.PositiveIntegerField(default=0)
    ended = models.CharField(max_length=16, choices=Ended, blank=True, default=Ended.OPEN)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], condition=Q(finished_at=None), name="one_open_deletion_per_connection"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} deletion {self.pk}"


class WebhookIn(models.Model):
    """A notification from a provider, as it came. It is deleted after `KEPT`.

    `digest` is the SHA-256 of the body: the same notification delivered again is the one that is here.
    """

    # So long one that is sent again is known, and trouble can be looked into.
    KEPT = timedelta(days=14)

    provider = models.CharField(max_length=32)
    digest = models.CharField(max_length=64, unique=True)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    worked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.provider} notification {self.pk}"


class Consent(models.Model):
    """What a host has allowed at a provider and not yet confirmed here.

    Kept for minutes: confirming makes a Connection of it; otherwise it is given back and erased. `sealed`
    holds tokens and account, and opens for this row alone.
    """

    public_id = models.CharField(max_length=32, unique=True, editable=False, default=make_public_id)
    host = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="consents")
    provider = models.CharField(max_length=32)
    client_id = models.CharField(max_length=128)
    remote_user_id = models.CharField(max_length=128)
    sealed = models.TextField()
    expires_at = models.DateTimeField()
    declined_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["provider", "client_id", "remote_user_id"], name="consent_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.provider} consent {self.public_id}"

    @property
    def identity(self) -> str:
        """What the sealed content is bound to."""
        return f"consent/{self.public_id}/{self.host_id}"

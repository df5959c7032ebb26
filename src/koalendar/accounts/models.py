"""Hosts, the audit trail, and mails about an account that wait to be handed over."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from koalendar import clock


class HostManager(BaseUserManager["Host"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Host":
        """A host who can sign in with `password`; with None, not by password."""
        host = self.model(email=normal_email(email), **fields)
        host.set_password(password)
        host.save(using=self._db)
        return host

    def get_by_natural_key(self, username: str | None) -> "Host":
        return self.get(email=normal_email(username or ""))


def normal_email(email: str) -> str:
    """Addresses are compared without regard to case, so they are stored in lower case."""
    return email.strip().lower()


class Host(AbstractBaseUser):
    """The person whose time is booked, and who signs in."""

    email = models.EmailField(_("e-mail"), max_length=254, unique=True)
    name = models.CharField(_("name"), max_length=80)
    zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    locale = models.CharField(_("language"), max_length=16, default="en")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = HostManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("email"), name="host_email_unique"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="host_email_lower"),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Audit(models.Model):
    """One act that matters to safety, for the host to read; rows are added and never changed."""

    host = models.ForeignKey(Host, models.CASCADE, related_name="audit")
    at = models.DateTimeField(default=clock.now)
    act = models.CharField(max_length=40)
    facts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["host", "-at"], name="audit_by_host")]

    def __str__(self) -> str:
        return f"{self.act} {self.at:%Y-%m-%d %H:%M}"


class AccountMail(models.Model):
    """A mail about an account (confirm, reset, …); its texts are blanked once it is handed over."""

    recipient = models.EmailField(max_length=254)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField(blank=True)
    message_id = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.message_id


class ApiKey(models.Model):
    """A key for programs. Only its hash is kept; `prefix` is shown so that people can tell keys apart."""

    host = models.ForeignKey(Host, models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.CharField(max_length=80, default="all")
    created_at = models.DateTimeField(default=clock.now)
    last_used_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.prefix}…"

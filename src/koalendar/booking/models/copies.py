"""What an appointment has outside: its meeting at a provider, and its event in each host's calendar."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from koalendar import clock
from koalendar.booking import ids
from koalendar.booking.models.appointment import Appointment
from koalendar.booking.problems import DELETED_THERE
from koalendar.connections.models import Calendar, Credential


class Meeting(models.Model):
    """The room at a provider that belongs to one appointment.

    One row is live per appointment; a row whose meeting is gone stays as history, and the next has a
    higher `generation`. `marker` is told to the provider with the meeting, so that a create whose answer
    was lost can be recognised; it derives from this row's own uid. `applied_hash` is what the
    provider was last told, to be compared with what shall be there. `credential` is the account that the
    meeting was made under: it alone can change or delete it. `looked_at` is when we saw the meeting
    last; while a create is pending, when we first looked for it in vain.

    `told_start` is the start that the provider last took over from us. `seen_start` is another one that
    it shows now, because somebody moved the meeting there, and `seen_at` when we saw that; nothing is
    told to the provider until the host has chosen between the two, or has made a newer change here.
    """

    class State(models.TextChoices):
        NEEDED = "needed"
        CREATE_PENDING = "create_pending"
        PRESENT = "present"
        GONE = "gone"
        BLOCKED = "blocked"

    uid = models.UUIDField(unique=True, default=ids.uid, editable=False)
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="meetings")
    generation = models.PositiveIntegerField(default=1)
    credential = models.ForeignKey(Credential, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=16, choices=State, default=State.NEEDED)
    marker = models.CharField(max_length=40, unique=True)
    remote_id = models.CharField(max_length=32, blank=True)
    join_url = models.CharField(max_length=1000, blank=True)
    passcode = models.CharField(max_length=64, blank=True)
    dial_in = models.JSONField(default=list)
    applied_hash = models.CharField(max_length=64, blank=True)
    attempted_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    told_start = models.DateTimeField(null=True)
    seen_start = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=60, blank=True)
    problem_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"], condition=~Q(state="gone"), name="meeting_one_live"
            ),
            models.UniqueConstraint(
                fields=["credential", "remote_id"], condition=~Q(remote_id=""), name="meeting_remote_unique"
            ),
        ]

    def __str__(self) -> str:
        return str(self.uid)

    @property
    def edition(self) -> int:
        """Rises with every record of this meeting and of those that replace it, for `Message.edition`."""
        return self.generation * 100_000 + self.fence

    @property
    def was_deleted_there(self) -> bool:
        """Whether somebody deleted this meeting at the provider, and not we."""
        return self.state == self.State.GONE and self.problem == DELETED_THERE


class CalendarCopy(models.Model):
    """The event in one host's calendar that shows an appointment.

    One row is live per appointment and host; a row whose event is gone stays as history, and the next has a
    higher `generation`. We choose `remote_id`, from the row's own uid and generation, so that an insert whose
    answer was lost can be repeated: a provider never gives the id of a deleted event to another. `credential`
    and `remote_calendar_id` (the provider's own) say where the event lies, whatever the host chooses for
    later ones.

    `etag` is the version that we saw last. `applied_hash` is what the provider was last told. `told_start`
    and `told_end` are the times that it last took over from us; `seen_start` and `seen_end` others that it
    shows now, because somebody moved the event there, and `seen_at` when we saw that; nothing is told to the
    provider until the host has chosen between the two, or has made a newer change here. `is_inviting` says
    that the provider invites, and not our own mail.
    """

    class State(models.TextChoices):
        NEEDED = "needed"
        INSERT_PENDING = "insert_pending"  # An insert has left; whether it arrived is not known.
        PRESENT = "present"
        GONE = "gone"
        BLOCKED = "blocked"

    uid = models.UUIDField(unique=True, default=ids.uid, editable=False)
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="calendar_copies")
    host = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    generation = models.PositiveIntegerField(default=1)
    credential = models.ForeignKey(Credential, models.PROTECT, null=True, related_name="+")
    calendar = models.ForeignKey(Calendar, models.SET_NULL, null=True, related_name="copies")
    remote_calendar_id = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=16, choices=State, default=State.NEEDED)
    remote_id = models.CharField(max_length=64, blank=True)
    etag = models.CharField(max_length=64, blank=True)
    web_url = models.CharField(max_length=1000, blank=True)
    is_inviting = models.BooleanField(default=False)
    applied_hash = models.CharField(max_length=64, blank=True)
    attempted_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    told_start = models.DateTimeField(null=True)
    told_end = models.DateTimeField(null=True)
    seen_start = models.DateTimeField(null=True)
    seen_end = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True)
    fence = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=60, blank=True)
    problem_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appointment", "host"], condition=~Q(state="gone"), name="calendar_copy_one_live"
            ),
            # Each calendar has ids of its own, so the id alone need not be unique.
            models.UniqueConstraint(
                fields=["credential", "remote_calendar_id", "remote_id"],
                condition=~Q(remote_id=""),
                name="calendar_copy_remote_unique",
            ),
        ]
        indexes = [
            models.Index(
                fields=["calendar", "told_start"], condition=Q(state="present"), name="calendar_copy_there"
            )
        ]

    def __str__(self) -> str:
        return str(self.uid)

    @property
    def subject(self) -> str:
        """Of its outbox entry: whichever event of this appointment and host is live, there is one."""
        return f"{self.appointment_id}/{self.host_id}"

    @property
    def edition(self) -> int:
        """As `Meeting.edition`."""
        return self.generation * 100_000 + self.fence

    @property
    def was_deleted_there(self) -> bool:
        """Whether somebody deleted this event at the provider, and not we."""
        return self.state == self.State.GONE and self.problem == DELETED_THERE

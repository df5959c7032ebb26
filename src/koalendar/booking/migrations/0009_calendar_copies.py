import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import koalendar.booking.ids
import koalendar.clock


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0008_story"),
        ("connections", "0006_calendars"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="eventtype",
            name="google_invites",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="eventtypehost",
            name="calendar",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="connections.calendar",
            ),
        ),
        migrations.AlterField(
            model_name="happening",
            name="kind",
            field=models.CharField(
                choices=[
                    ("meeting_made", "Meeting Made"),
                    ("meeting_moved", "Meeting Moved"),
                    ("meeting_removed", "Meeting Removed"),
                    ("link_changed", "Link Changed"),
                    ("link_erased", "Link Erased"),
                    ("moved_there", "Moved There"),
                    ("moved_back_there", "Moved Back There"),
                    ("deleted_there", "Deleted There"),
                    ("brought_back_there", "Brought Back There"),
                    ("event_made", "Event Made"),
                    ("event_moved", "Event Moved"),
                    ("event_removed", "Event Removed"),
                    ("event_moved_there", "Event Moved There"),
                    ("event_moved_back", "Event Moved Back There"),
                    ("event_deleted_there", "Event Deleted There"),
                    ("conflict", "Conflict"),
                    ("no_show", "No Show"),
                    ("no_show_taken_back", "No Show Taken Back"),
                ],
                max_length=20,
            ),
        ),
        migrations.CreateModel(
            name="CalendarCopy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(default=koalendar.booking.ids.uid, editable=False, unique=True)),
                ("generation", models.PositiveIntegerField(default=1)),
                ("remote_calendar_id", models.CharField(blank=True, max_length=255)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("needed", "Needed"),
                            ("insert_pending", "Insert Pending"),
                            ("present", "Present"),
                            ("gone", "Gone"),
                            ("blocked", "Blocked"),
                        ],
                        default="needed",
                        max_length=16,
                    ),
                ),
                ("remote_id", models.CharField(blank=True, max_length=64)),
                ("etag", models.CharField(blank=True, max_length=64)),
                ("web_url", models.CharField(blank=True, max_length=1000)),
                ("is_inviting", models.BooleanField(default=False)),
                ("applied_hash", models.CharField(blank=True, max_length=64)),
                ("attempted_at", models.DateTimeField(null=True)),
                ("looked_at", models.DateTimeField(null=True)),
                ("told_start", models.DateTimeField(null=True)),
                ("told_end", models.DateTimeField(null=True)),
                ("seen_start", models.DateTimeField(null=True)),
                ("seen_end", models.DateTimeField(null=True)),
                ("seen_at", models.DateTimeField(null=True)),
                ("fence", models.PositiveIntegerField(default=0)),
                ("problem", models.CharField(blank=True, max_length=60)),
                ("problem_since", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=koalendar.clock.now, editable=False)),
                ("changed_at", models.DateTimeField(default=koalendar.clock.now)),
                (
                    "appointment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calendar_copies",
                        to="booking.appointment",
                    ),
                ),
                (
                    "calendar",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="copies",
                        to="connections.calendar",
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="connections.credential",
                    ),
                ),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "present")),
                        fields=["calendar", "told_start"],
                        name="calendar_copy_there",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "gone"), _negated=True),
                        fields=("appointment", "host"),
                        name="calendar_copy_one_live",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("remote_id", ""), _negated=True),
                        fields=("credential", "remote_calendar_id", "remote_id"),
                        name="calendar_copy_remote_unique",
                    ),
                ],
            },
        ),
    ]

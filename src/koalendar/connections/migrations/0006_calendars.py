import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import koalendar.connections.models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0005_recording_failure"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="asked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Calendar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=koalendar.connections.models.make_public_id,
                        editable=False,
                        max_length=32,
                        unique=True,
                    ),
                ),
                ("remote_id", models.CharField(max_length=255)),
                ("name", models.CharField(blank=True, max_length=255)),
                ("color", models.CharField(blank=True, max_length=7)),
                ("role", models.CharField(blank=True, max_length=32)),
                ("zone", models.CharField(blank=True, max_length=64)),
                ("is_primary", models.BooleanField(default=False)),
                ("is_writable", models.BooleanField(default=False)),
                ("gone_at", models.DateTimeField(blank=True, null=True)),
                ("blocks", models.BooleanField(default=False)),
                ("is_target", models.BooleanField(default=False)),
                ("ignored_at", models.DateTimeField(blank=True, null=True)),
                ("busy", models.JSONField(default=list)),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                ("read_from", models.DateTimeField(blank=True, null=True)),
                ("read_until", models.DateTimeField(blank=True, null=True)),
                ("problem", models.CharField(blank=True, default="", max_length=64)),
                ("problem_since", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendars",
                        to="connections.connection",
                    ),
                ),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendars",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("uid", models.UUIDField(unique=True)),
                ("token_digest", models.CharField(max_length=64)),
                ("resource_id", models.CharField(max_length=255)),
                ("expires_at", models.DateTimeField()),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                (
                    "calendar",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="channels",
                        to="connections.calendar",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="calendar",
            constraint=models.UniqueConstraint(fields=("connection", "remote_id"), name="calendar_once"),
        ),
        migrations.AddConstraint(
            model_name="calendar",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_target", True)), fields=("host",), name="one_target_calendar_per_host"
            ),
        ),
    ]

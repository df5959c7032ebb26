import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0002_webhook_in"),
    ]

    operations = [
        migrations.AddField(
            model_name="credential",
            name="connected_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.CreateModel(
            name="Deletion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=32)),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("notified", "Notified"),
                            ("refused", "Refused"),
                            ("disconnected", "Disconnected"),
                        ],
                        max_length=16,
                    ),
                ),
                ("began_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("rows", models.PositiveIntegerField(default=0)),
                (
                    "ended",
                    models.CharField(
                        blank=True,
                        choices=[("", "Open"), ("erased", "Erased"), ("reconnected", "Reconnected")],
                        default="",
                        max_length=16,
                    ),
                ),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="deletions",
                        to="connections.connection",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("finished_at", None)),
                        fields=("connection",),
                        name="one_open_deletion_per_connection",
                    )
                ],
            },
        ),
    ]

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import koalendar.connections.models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0003_deletion"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Consent",
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
                ("provider", models.CharField(max_length=32)),
                ("client_id", models.CharField(max_length=128)),
                ("remote_user_id", models.CharField(max_length=128)),
                ("sealed", models.TextField()),
                ("expires_at", models.DateTimeField()),
                ("declined_at", models.DateTimeField(blank=True, null=True)),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["provider", "client_id", "remote_user_id"], name="consent_by_account"
                    )
                ],
            },
        ),
    ]

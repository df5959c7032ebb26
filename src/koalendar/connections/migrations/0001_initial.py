import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import koalendar.connections.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=32)),
                ("client_id", models.CharField(max_length=128)),
                ("remote_user_id", models.CharField(max_length=128)),
                ("tokens", models.TextField(blank=True, default="")),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("scopes", models.TextField(blank=True, default="")),
                ("api_url", models.CharField(blank=True, default="", max_length=255)),
                ("account_id", models.CharField(blank=True, default="", max_length=128)),
                ("account_name", models.CharField(blank=True, default="", max_length=255)),
                ("account_email", models.CharField(blank=True, default="", max_length=320)),
                ("account_plan", models.CharField(blank=True, default="", max_length=32)),
                ("account_zone", models.CharField(blank=True, default="", max_length=64)),
                ("lease_owner", models.CharField(blank=True, default="", max_length=64)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("fence", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("provider", "client_id", "remote_user_id"), name="one_credential_per_account"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Connection",
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
                ("is_default", models.BooleanField(default=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("active", "Active"),
                            ("attention", "Attention"),
                            ("broken", "Broken"),
                            ("revoked", "Revoked"),
                        ],
                        default="active",
                        max_length=16,
                    ),
                ),
                ("problem", models.CharField(blank=True, default="", max_length=64)),
                ("problem_since", models.DateTimeField(blank=True, null=True)),
                ("problem_told_at", models.DateTimeField(blank=True, null=True)),
                ("last_ok_at", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                (
                    "host",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="connections",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="connections",
                        to="connections.credential",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("host", "credential"), name="one_connection_per_host_and_credential"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_default", True)),
                        fields=("host", "provider"),
                        name="one_default_per_host_and_provider",
                    ),
                ],
            },
        ),
    ]

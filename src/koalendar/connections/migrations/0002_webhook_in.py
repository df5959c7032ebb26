from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookIn",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=32)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("body", models.BinaryField()),
                ("received_at", models.DateTimeField()),
                ("worked_at", models.DateTimeField(null=True)),
            ],
        ),
    ]

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0006_calendars"),
    ]

    operations = [
        migrations.AddField(
            model_name="connection",
            name="listed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]

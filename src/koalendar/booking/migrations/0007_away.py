import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0006_profile_language"),
    ]

    operations = [
        migrations.AddField(
            model_name="profile",
            name="away",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="profile",
            name="default_schedule",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="booking.schedule",
            ),
        ),
        migrations.AddField(
            model_name="profile",
            name="setup_left",
            field=models.JSONField(blank=True, default=list),
        ),
    ]

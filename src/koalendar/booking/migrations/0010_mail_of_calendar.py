from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0009_calendar_copies"),
    ]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("booked", "Booked"),
                    ("rescheduled", "Rescheduled"),
                    ("cancelled", "Cancelled"),
                    ("declined", "Declined"),
                    ("expired", "Expired"),
                    ("link_here", "Link Here"),
                    ("reminder", "Reminder"),
                    ("in_zoom", "In Zoom"),
                    ("in_calendar", "In Calendar"),
                ],
                max_length=12,
            ),
        ),
    ]

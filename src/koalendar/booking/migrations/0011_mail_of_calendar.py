from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0010_mail_of_conflict"),
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
                    ("conflict", "Conflict"),
                    ("in_calendar", "In Calendar"),
                ],
                max_length=12,
            ),
        ),
    ]

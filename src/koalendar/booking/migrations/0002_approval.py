from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="eventtype",
            name="redirect_url",
            field=models.CharField(blank=True, max_length=500),
        ),
        migrations.AddField(
            model_name="eventtype",
            name="request_expires_after",
            field=models.PositiveIntegerField(default=1440),
        ),
        migrations.AddField(
            model_name="eventtype",
            name="requires_confirmation",
            field=models.BooleanField(default=False),
        ),
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
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="booking",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "pending"), _negated=True),
                    ("expires_at__isnull", False),
                    _connector="OR",
                ),
                name="booking_request_lapses",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventtype",
            constraint=models.CheckConstraint(
                condition=models.Q(("request_expires_after__range", (5, 86400))),
                name="event_type_request_bounded",
            ),
        ),
        migrations.AddConstraint(
            model_name="eventtype",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("redirect_url", ""), ("redirect_url__startswith", "https://"), _connector="OR"
                ),
                name="event_type_redirect_safe",
            ),
        ),
    ]

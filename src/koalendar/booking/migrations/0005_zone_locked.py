from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0004_mail_of_zoom"),
    ]

    operations = [
        migrations.AddField(
            model_name="eventtype",
            name="zone_locked",
            field=models.BooleanField(default=False),
        ),
    ]

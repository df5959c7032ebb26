from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("connections", "0004_consent"),
    ]

    operations = [
        migrations.AddField(
            model_name="credential",
            name="account_recording",
            field=models.CharField(blank=True, default="", max_length=8),
        ),
    ]

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
        migrations.AddField(
            model_name="credential",
            name="failed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="credential",
            name="failure",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    ]

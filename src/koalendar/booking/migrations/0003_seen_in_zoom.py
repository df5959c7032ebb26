from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0002_approval"),
    ]

    operations = [
        migrations.AddField(
            model_name="meeting",
            name="seen_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="meeting",
            name="seen_start",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="meeting",
            name="told_start",
            field=models.DateTimeField(null=True),
        ),
    ]

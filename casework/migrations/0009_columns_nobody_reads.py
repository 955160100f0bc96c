"""An import keeps the headings of the columns nobody reads, for as long as its page is there."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("casework", "0008_items_nobody_has_looked_at")]

    operations = [
        migrations.AddField(
            model_name="import",
            name="unread",
            field=models.JSONField(blank=True, default=list, verbose_name="nicht gelesene Spalten"),
        ),
    ]

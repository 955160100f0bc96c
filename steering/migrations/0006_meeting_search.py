"""Meetings are found by the words of their title and place, however written."""

from django.db import migrations, models

from kim.trigrams import fold


def fold_all(apps, schema_editor):
    meetings = apps.get_model("steering", "Meeting").objects.all()
    for meeting in meetings:
        meeting.folded = fold(f"{meeting.title} {meeting.place}")
    meetings.model.objects.bulk_update(meetings, ["folded"], batch_size=500)


class Migration(migrations.Migration):
    dependencies = [("steering", "0005_known_choices")]

    operations = [
        migrations.AddField("meeting", "folded", models.TextField(blank=True, editable=False)),
        migrations.RunPython(fold_all, migrations.RunPython.noop),
    ]

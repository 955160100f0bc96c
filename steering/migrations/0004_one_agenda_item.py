from django.db import migrations, models


def drop_doubles(apps, schema_editor):
    """Of items that say the same of the same agenda, the first stays."""
    items = apps.get_model("steering", "AgendaItem").objects
    first = items.order_by().values("meeting", "issue", "kind").annotate(first=models.Min("pk")).values("first")
    items.exclude(pk__in=first).delete()


class Migration(migrations.Migration):

    dependencies = [
        ('steering', '0003_effect_and_indexes'),
    ]

    operations = [
        migrations.RunPython(drop_doubles, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='agendaitem',
            constraint=models.UniqueConstraint(fields=('meeting', 'issue', 'kind'), name='steering_on_an_agenda_once'),
        ),
        migrations.AddConstraint(
            model_name='agendaitem',
            constraint=models.UniqueConstraint(condition=models.Q(('meeting__isnull', True)), fields=('issue', 'kind'), name='steering_waits_for_an_agenda_once'),
        ),
    ]

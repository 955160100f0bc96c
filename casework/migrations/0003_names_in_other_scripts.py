"""What every name is found by is written anew, now with its consonants. A second run changes nothing."""

from django.db import migrations

from casework.spelling import kept

AT_ONCE = 1000


def write(apps, schema_editor):
    people = apps.get_model("casework", "Identity").objects.using(schema_editor.connection.alias)
    last = 0
    while rows := list(people.filter(pk__gt=last).order_by("pk").only("given_name", "family_name", "folded")[:AT_ONCE]):
        last, changed = rows[-1].pk, []
        for row in rows:
            folded = kept(f"{row.given_name} {row.family_name}".strip())
            if folded != row.folded:
                row.folded = folded
                changed.append(row)
        people.bulk_update(changed, ["folded"], batch_size=200)


class Migration(migrations.Migration):
    dependencies = [("casework", "0002_trigrams")]

    operations = [migrations.RunPython(write, migrations.RunPython.noop)]

"""A migration killed with -9 in the middle, on an engine of its own: the next one finishes it, nothing is half."""

import pytest

#: What an update brings: a table, rows in it, a column; each slow enough to die in, twice over.
UPDATE = """
import time
from django.db import migrations, models

def fill(apps, schema_editor):
    Note = apps.get_model("kim", "UpdateNote")
    for no in range(200):
        Note.objects.create(no=no)
        if no % 20 == 0:
            print("row", no, flush=True)
            time.sleep({pause})

class Migration(migrations.Migration):
    dependencies = [("kim", "{before}")]
    operations = [
        migrations.CreateModel("UpdateNote", [
            ("id", models.BigAutoField(primary_key=True)), ("no", models.IntegerField(unique=True)),
        ]),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddField("updatenote", "text", models.CharField(max_length=20, default="")),
    ]
"""
MIGRATE = """
import sys
sys.path.insert(0, {folder!r})
from django.conf import settings
settings.MIGRATION_MODULES = {{"kim": "updated"}}
from django.core.management import call_command
call_command("migrate", "kim", verbosity=0)
print("done", flush=True)
"""
FOUND = """
import json
from django.db import connection
with connection.cursor() as cursor:
    tables = connection.introspection.table_names(cursor)
    names = []
    if "kim_updatenote" in tables:
        columns = connection.introspection.get_table_description(cursor, "kim_updatenote")
        names = sorted(column.name for column in columns)
        cursor.execute("SELECT count(*) FROM kim_updatenote")
    rows = cursor.fetchone()[0] if names else 0
    cursor.execute("SELECT count(*) FROM django_migrations WHERE app = 'kim' AND name = '9999_update'")
    noted = cursor.fetchone()[0]
from kim.models import User
print(json.dumps([names, rows, noted, User.objects.count()]))
"""


@pytest.fixture
def update(tmp_path):
    """The migrations of kim as they are, and one more that takes its time; `write(pause)` says how much."""
    import shutil

    from django.conf import settings

    folder = tmp_path / "update" / "updated"
    shutil.copytree(settings.BASE_DIR / "kim" / "migrations", folder, ignore=shutil.ignore_patterns("__pycache__"))
    last = sorted(path.stem for path in folder.glob("0*.py"))[-1]

    def write(pause):
        (folder / "9999_update.py").write_text(UPDATE.format(pause=pause, before=last))
        return MIGRATE.format(folder=str(folder.parent))

    return write


def test_a_killed_migration_is_whole_or_not_at_all_and_goes_through_the_next_time(home, update):
    before = home.python(FOUND)
    assert before[:3] == [[], 0, 0]
    migrating = home.start_code(update(0.2))
    for _ in range(3):
        assert migrating.stdout.readline().startswith("row")
    home.kill(migrating)
    assert home.python(FOUND) == before
    home.python(update(0) + "print('[]')")
    assert home.python(FOUND) == [["id", "no", "text"], 200, 1, before[3]]


@pytest.mark.long
def test_two_that_migrate_at_once_do_it_once(home, update):
    """Two machines updated at the same moment: one of them may have to be started again, nothing is done twice."""
    code = update(0.02)
    both = [home.start_code(code), home.start_code(code)]
    for process in both:
        process.communicate(timeout=120)
    assert any(process.returncode == 0 for process in both)
    home.python(code + "print('[]')")
    found = home.python(FOUND)
    assert found[:3] == [["id", "no", "text"], 200, 1]

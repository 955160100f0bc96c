"""Citizenships become entries of a code list. What was written is read by code or by name; what cannot be read stays as
it is, in sight, until somebody chooses.
"""

import datetime as dt
import re

import yaml
from django.conf import settings
from django.db import migrations, models

from kim import workdays
from kim.trigrams import fold

AT_ONCE = 1000
LIST = "citizenship"
#: Until now „staatenlos oder ungeklärt“: kept under its name, and no longer offered once the two stand apart.
UNTOLD = {"code": "XX", "label": "staatenlos oder ungeklärt"}


def choose(apps, schema_editor):
    alias = schema_editor.connection.alias
    clients = apps.get_model("casework", "Client").objects.using(alias)
    entries = _Entries(apps.get_model("kim", "Code").objects.using(alias))
    last = 0
    while rows := list(clients.filter(pk__gt=last).exclude(citizenship_text="").order_by("pk")[:AT_ONCE]):
        last = rows[-1].pk
        for row in rows:
            found, row.citizenship_text = entries.read(row.citizenship_text)
            row.citizenships.add(*found)
            row.save(update_fields=["citizenship_text"])
    for draft in apps.get_model("kim", "Draft").objects.using(alias).filter(data__has_key=LIST):
        draft.data["citizenship_text"] = draft.data.pop(LIST)
        draft.save(update_fields=["data"])


class _Entries:
    """The entries of the list, each made when it is first needed; load_codes brings the others."""

    def __init__(self, codes):
        file = yaml.safe_load((settings.BASE_DIR / "data" / "codes.yaml").read_text(encoding="utf-8"))
        self.codes, self.valid_from = codes, file["valid_from"]
        self.known = {fold(word): row for row in [*file[LIST], UNTOLD] for word in (row["code"], row["label"])}
        self.positions = {row["code"]: position for position, row in enumerate(file[LIST], 1)}
        self.made = {}

    def read(self, text):
        """(entries, what could not be read): as a whole first, for a name may have several words."""
        if fold(text) in self.known:
            return [self._entry(self.known[fold(text)])], ""
        words = [word for word in re.split(r"[\s,;/]+", text) if word]
        found = [self._entry(self.known[fold(word)]) for word in words if fold(word) in self.known]
        return found, " ".join(word for word in words if fold(word) not in self.known)

    def _entry(self, row):
        code = row["code"]
        if code not in self.made:
            told = {"label": row["label"], "position": self.positions.get(code, 0)}
            if code not in self.positions:
                told["valid_until"] = workdays.today() + dt.timedelta(days=1)
            self.made[code] = self.codes.get_or_create(
                list=LIST, code=code, valid_from=self.valid_from, defaults=told
            )[0]
        return self.made[code]


def write_down(apps, schema_editor):
    """Back: the codes as text."""
    alias = schema_editor.connection.alias
    for row in apps.get_model("casework", "Client").objects.using(alias).filter(citizenships__isnull=False).distinct():
        codes = row.citizenships.order_by("position", "code").values_list("code", flat=True)
        words = " ".join([*codes, *row.citizenship_text.split()])
        row.citizenship_text = words[:40]
        row.save(update_fields=["citizenship_text"])


class Migration(migrations.Migration):
    dependencies = [("casework", "0006_a_consent_names_papers"), ("kim", "0004_citizenship_list")]

    operations = [
        migrations.RenameField("client", "citizenship", "citizenship_text"),
        migrations.AlterField(
            "client",
            "citizenship_text",
            models.CharField("Staatsangehörigkeit, frühere Angabe", max_length=40, blank=True),
        ),
        migrations.AddField(
            "client",
            "citizenships",
            models.ManyToManyField(
                "kim.code",
                blank=True,
                limit_choices_to={"list": LIST},
                related_name="+",
                verbose_name="Staatsangehörigkeiten",
            ),
        ),
        migrations.RunPython(choose, write_down),
    ]

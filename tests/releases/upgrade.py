"""Takes a database from the newest schema to that of a release and back, filled with the release's rows: a program of
its own, on the database its settings name. It fails with a sentence, or says as JSON what it did.

    python -m tests.releases.upgrade 0.1.0
"""

import json
import sys
from pathlib import Path

import django

django.setup()

from django.apps import apps as today  # noqa: E402
from django.core.management.color import no_style  # noqa: E402
from django.db import DatabaseError, connection, transaction  # noqa: E402
from django.db.migrations.executor import MigrationExecutor  # noqa: E402

from tests.releases import snapshot  # noqa: E402

#: What newer releases refuse and the old one never did: the trail has only ever been added to.
NEVER_UPDATED = {"kim.trailentry"}
#: So many rows of each table are written once more, as the old release would.
SOME = 3


class Upgrade:
    def __init__(self, version: str):
        self.release = snapshot.read(Path(__file__).with_name(f"{version}.json.gz"))
        self.tables = self.release["tables"]
        graph = MigrationExecutor(connection).loader.graph
        applied = {tuple(key) for key in self.release["migrations"]}
        self.nodes = [key for key in applied if not _later(graph, key) & applied]
        known = {app for app, _ in applied}
        self.targets = self.nodes + [(app, None) for app in sorted({app for app, _ in graph.nodes} - known)]
        self.leaves = graph.leaf_nodes()
        self.old = MigrationExecutor(connection).loader.project_state(self.nodes).apps

    def migrate(self, targets) -> int:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(targets)
        executor.migrate(targets, plan)
        return len(plan)

    def fill(self) -> None:
        """Everything the release wrote, by INSERTs that name its own columns only."""
        models = snapshot.models_of(self.old)
        with transaction.atomic():
            for model in reversed(models):  # rows migrations have made
                model._base_manager.all()._raw_delete(connection.alias)
        with transaction.atomic():
            snapshot.load(self.tables, self.old)
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(statement)

    def demand_equal(self, when: str) -> None:
        there = snapshot.found(self.tables, self.old)
        for label, table in self.tables.items():
            assert there[label] == table["rows"], f"{when}: {label} is not what it was"

    def demand_kept(self, when: str) -> None:
        """Every row of the release is there with what it said; migrations may have added rows."""
        there = snapshot.found(self.tables, self.old)
        for label, table in self.tables.items():
            left = {json.dumps(row, sort_keys=True) for row in there[label]}
            lost = [row[0] for row in table["rows"] if json.dumps(row, sort_keys=True) not in left]
            assert not lost, f"{when}: {label} lost {len(lost)} rows, the first was {lost[0]}"

    def refused_updates(self) -> set[str]:
        """Tables in which writing a row once more, every column of the release with it, is refused."""
        refused = set()
        models = {model._meta.label_lower: model for model in snapshot.models_of(self.old)}
        for label, table in self.tables.items():
            model = models[label]
            fields = [model._meta.get_field(name) for name in table["fields"]]
            for row in table["rows"][:SOME]:
                values = {field.attname: snapshot.back(field, value) for field, value in zip(fields, row, strict=True)}
                pk = values.pop(model._meta.pk.attname)
                try:
                    with transaction.atomic():
                        changed = model._base_manager.filter(pk=pk).update(**values) if values else 1
                except DatabaseError:
                    refused.add(label)
                else:
                    assert changed == 1, f"{label}: a row is gone"
        return refused

    @staticmethod
    def read_with_today() -> int:
        """Every row as the code of today reads it; how many."""
        number = 0
        for model in today.get_models(include_auto_created=True):
            if model._meta.managed:
                number += sum(1 for _ in model._base_manager.all().iterator(chunk_size=500))
        return number


def _later(graph, key) -> set[tuple[str, str]]:
    """The migrations of the same app that build on one."""
    return {child.key for child in graph.node_map[key].children if child.key[0] == key[0]}


def main(version: str) -> dict:
    upgrade = Upgrade(version)
    upgrade.fill()
    connection.check_constraints()
    upgrade.demand_equal("written by the old release into the new schema")

    steps = upgrade.migrate(upgrade.targets)
    upgrade.demand_equal("back at the release")
    connection.check_constraints()
    before = upgrade.refused_updates()
    triggers = snapshot.triggers(connection)
    if connection.vendor == "sqlite":
        lost = set(upgrade.release["triggers"]) ^ set(triggers)
        assert not lost, f"back at the release, its refusals are not what they were: {sorted(lost)}"

    upgrade.migrate(upgrade.leaves)
    upgrade.demand_kept("forward")
    connection.check_constraints()
    read = upgrade.read_with_today()
    newly = upgrade.refused_updates() - before - NEVER_UPDATED
    assert not newly, f"what the old release updates is refused by the new schema: {sorted(newly)}"

    return {"rows": sum(len(table["rows"]) for table in upgrade.tables.values()), "read": read, "steps": steps}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))  # noqa: T201

"""What the background does with an import: look its rows over, make what they say, take it back.

Every portion is a transaction of its own on the locked row of the import, so two workers never do the same row, a
worker that was killed loses nothing, and a second knock does no harm.
"""

import re
from functools import reduce
from operator import or_
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, models, transaction
from django.db.models import CharField, Count, Q
from django.db.models.functions import Cast

from casework import duplicates
from casework.columns import Lists, birth, read_row
from casework.models import Case, Client, Consultation, Identity, Import, ImportRow, LegalArea, ResidenceStatus
from kim import trail
from kim.models import Draft, Notice, TrailEntry
from kim.trigrams import fold
from kim.workflow import StepRefused

#: Rows looked over, and rows made or taken back, in one transaction.
CHECKED_AT_ONCE, MADE_AT_ONCE = 500, 50
#: What comes with a client from the sheet, and so is no sign that somebody worked on them.
COMES_ALONG = {Identity, ResidenceStatus, LegalArea, Case}

OF_A_CLIENT = ("municipality", "target_group", "gender", "interpreter_needed", "german_level")
WHO_IT_IS = ("given_name", "family_name", "phone", "email", "street", "postal_code", "town")


def work_on() -> int:
    """Do everything imports owe, oldest first; answers how many were brought to an end. Old ones nobody wanted go."""
    Import.objects.left_lying().delete()
    ImportRow.objects.filter(of__in=Import.objects.over().order_by().values("pk")).delete()
    ended = 0
    for pk in list(Import.objects.to_do().order_by("pk").values_list("pk", flat=True)):
        while (more := portion(pk)) is True:
            pass
        ended += more is False
    return ended


def portion(pk: int) -> bool | None:
    """One portion of an import: True while there is more to do, False at its end, None if nothing was owed."""
    with transaction.atomic():
        found = Import.objects.select_for_update(of=("self",)).select_related("by").filter(pk=pk).first()
        if found is None or not found.is_under_way:
            return None
        work = {Import.State.CHECKING: _check, Import.State.RUNNING: _make, Import.State.UNDOING: _take_back}
        state = Import.State(found.state)
        if rows := work[state](found):
            found.rows_handled += rows
            found.save()
            return True
        _end(found, state)
        return False


def _end(found: Import, state) -> None:
    after = {Import.State.CHECKING: Import.State.READY, Import.State.RUNNING: Import.State.DONE,
             Import.State.UNDOING: Import.State.UNDONE}  # fmt: skip
    if state == Import.State.RUNNING:
        found.rows.exclude(values={}).update(values={})
        found.rows.update(handled=False, likely=False)  # the next walk over them is the undoing
    if state == Import.State.UNDOING:
        found.rows_kept = found.rows.filter(made__isnull=False).count()
        found.rows.update(faults=[])
    found.arrive(after[state])


# Looking over


def _check(found: Import) -> int:
    rows = list(found.rows.filter(checked=False).order_by("line")[:CHECKED_AT_ONCE])
    if not rows:
        return 0
    lists = Lists.of(found.by)
    _know_earlier(found, rows[0].line, lists)
    for row in rows:
        given, row.faults = read_row(found.kind, row.values, lists)
        row.checked = True
        row.likely = bool(_elsewhere(found, row, given))
        _know(found, row, given, lists)
    found.rows_faulty += sum(bool(row.faults) for row in rows)
    ImportRow.objects.bulk_update(rows, ["faults", "checked", "likely"])
    return len(rows)


def _elsewhere(found, row, given) -> list[Case]:
    """Open cases of likely the same person with others; a hint to whoever imports, no fault."""
    if found.kind != Import.Kind.CASES or row.faults or not given["born"]:
        return []
    return duplicates.elsewhere(given["given_name"], given["family_name"], *given["born"], user=found.by)


def _know(found, row, given, lists) -> None:
    """A case may stand in a sheet once."""
    if found.kind == Import.Kind.CASES and not row.faults:
        _remember(given["family_name"], given["given_name"], given["born"], row.line, lists)


def _know_earlier(found, line, lists) -> None:
    if found.kind == Import.Kind.CASES:
        for row in found.rows.filter(line__lt=line, faults=[]):
            told = row.values
            _remember(told["family_name"], told.get("given_name"), birth(told.get("born", ""), lists), row.line, lists)


def _remember(family, given, born, line, lists) -> None:
    if born:
        name = ", ".join(part for part in (family, given) if part)
        lists.people.setdefault((fold(name), born[0]), f"Zeile {line}")


# Making


def _make(found: Import) -> int:
    rows = list(found.rows.filter(handled=False).order_by("line")[:MADE_AT_ONCE])
    if not rows:
        return 0
    lists = Lists.of(found.by)
    for row in rows:
        row.handled = True
        if not row.faults and not (row.likely and found.likely == Import.Likely.LEAVE):
            given, row.faults = read_row(found.kind, row.values, lists)
            if not row.faults:
                _make_one(found, row, given, lists)
            found.rows_faulty += bool(row.faults)
    ImportRow.objects.bulk_update(rows, ["faults", "handled", "made", "values"])
    return len(rows)


def _make_one(found, row, given, lists) -> None:
    try:
        with transaction.atomic():
            made = _MAKERS[Import.Kind(found.kind)](found.by, given)
            if isinstance(made, Case) and row.likely and found.likely == Import.Likely.TELL:
                duplicates.put_in_touch(_elsewhere(found, row, given), by=found.by, own=made)
    except (StepRefused, PermissionDenied) as refusal:
        row.faults = [{"column": "Zeile", "text": str(refusal)}]
    except ValidationError as error:
        row.faults = [{"column": "Zeile", "text": " ".join(error.messages)}]
    except DatabaseError:
        row.faults = [{"column": "Zeile", "text": "die Angaben passen nicht zueinander"}]
    else:
        row.made, row.values = made.pk, {}
        found.rows_made += 1


def _consultation(by, given) -> Consultation:
    given = {name: value for name, value in given.items() if value not in (None, "", [])}
    if lasted := given.pop("minutes", None):
        given["quarter_hours"] = lasted
    return Consultation.record(by=by, **given)


def _case(by, given) -> Case:
    client = Client(**{name: given[name] for name in OF_A_CLIENT})
    client.full_clean()
    client.save()
    client.languages.set(given["languages"])
    client.citizenships.set(given["citizenship"])
    who = {name: given[name] for name in WHO_IT_IS}
    if given["born"]:
        who["birth_date"], who["birth_precision"] = given["born"]
    Identity.objects.create(client=client, **who)
    fields = {name: given[name] for name in ("foreign_number", "access_route", "occasion", "opened_on")}
    case = Case.open(by=by, client=client, municipality=client.municipality, **fields)
    if given["status"]:
        client.residence_statuses.create(
            status=given["status"], valid_from=case.opened_on, expires_on=given["expires_on"]
        )
    if given["area"]:
        client.legal_areas.create(area=given["area"], valid_from=case.opened_on)
    return case


_MAKERS = {Import.Kind.CONSULTATIONS: _consultation, Import.Kind.CASES: _case}
MADE: dict[str, type[models.Model]] = {Import.Kind.CONSULTATIONS: Consultation, Import.Kind.CASES: Case}


# Taking back


def would_stay(found: Import) -> int:
    """How many of what was made somebody has worked on since: they stay when the import is taken back."""
    return len(worked_on(found, found.rows.all()))


def worked_on(found: Import, rows) -> set[int]:
    """Which of the cases or consultations `rows` made have since been changed, or had anything hung on to them.

    Told by the trail (any act but making and reading), and by rows that refer to them. Those already gone are not
    among them.
    """
    model = MADE[found.kind]
    there = model._base_manager.order_by().filter(pk__in=rows.filter(made__isnull=False).values("made"))
    touched = _acted_on(model, there) | _referred_to(model, there)
    if model is Case:
        people = Client._base_manager.order_by().filter(pk__in=there.values("client"))
        known = _acted_on(Client, people) | _referred_to(Client, people)
        of_them = Case._base_manager.order_by().filter(client__in=there.values("client"))
        several = of_them.values("client").annotate(number=Count("pk")).filter(number__gt=1)
        known |= set(several.values_list("client", flat=True))
        in_family = Q(client__household__isnull=False)  # no sheet brings a household
        given_away = there.filter(~Q(owner=found.by) | Q(client__in=known) | in_family)
        touched |= set(given_away.values_list("pk", flat=True))
    return touched


def _acted_on(model, there) -> set[int]:
    name = model._meta.model_name
    words = there.annotate(word=Cast("pk", CharField())).values("word")
    acts = TrailEntry.objects.filter(kind=model._meta.label_lower, object_id__in=words).order_by()
    acts = acts.exclude(act__in=[f"{name}.open", f"{name}.record", f"{name}.read"])
    return {int(pk) for pk in acts.values_list("object_id", flat=True).distinct()}


def _referred_to(model, there) -> set[int]:
    """Ids of `there` that any row of any table refers to, but for what came from the sheet; one query."""
    parts = []
    for relation in model._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or not relation.is_relation:
            continue
        other: Any = relation.related_model
        is_own = other._meta.auto_created is model or (model is Client and other in COMES_ALONG)
        if is_own or relation.many_to_many:
            continue  # several-to-several shows as the rows of its own table
        name = relation.field.name
        rows = other._base_manager.order_by().filter(**{f"{name}__in": there.values("pk")})
        parts.append(rows.values_list(name, flat=True))
    return set(parts[0].union(*parts[1:])) if parts else set()


def _take_back(found: Import) -> int:
    rows = list(found.rows.filter(handled=False).order_by("line")[:MADE_AT_ONCE])
    if not rows:
        return 0
    ids = {row.made for row in rows if row.made}
    stays = worked_on(found, found.rows.filter(pk__in=[row.pk for row in rows]))
    goes = MADE[found.kind]._base_manager.filter(pk__in=ids - stays)
    clients = list(goes.values_list("client", flat=True)) if found.kind == Import.Kind.CASES else []
    for one in goes:
        trail.record(f"{one._meta.model_name}.taken_back", one, by=found.by)
    begun = [f"case:{one.pk}:" for one in goes] + [f"client:{pk}:" for pk in clients]
    if clients:
        Draft.objects.filter(reduce(or_, (Q(key__startswith=key) for key in begun))).delete()
    Notice.objects.filter(url__in=[one.get_absolute_url() for one in goes if isinstance(one, Case)]).delete()
    goes.delete()
    Client._base_manager.filter(pk__in=clients).delete()
    for row in rows:
        row.handled = True
        if row.made not in stays:
            row.made = None
    ImportRow.objects.bulk_update(rows, ["handled", "made"])
    return len(rows)


def rows_of(lines, placed) -> list[tuple[int, dict[str, str]]]:
    """The lines of a sheet as they are kept: field → text, nothing of columns we do not know."""
    names = {position: column.name for position, column in placed.items()}
    return [
        (number, {name: _kept(cells[at]) for at, name in names.items() if at < len(cells) and cells[at]})
        for number, cells in lines
    ]


def _kept(text: str) -> str:
    """Without what no database keeps in JSON; a line with other hidden signs is found when it is looked over."""
    return re.sub("[\0\ud800-\udfff]", "", text)

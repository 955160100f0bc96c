"""What casework tells the privacy gate: the people of the case in question and of the author's whole caseload.

It is read anew at every check, by two queries, and kept nowhere.
"""

from collections.abc import Iterator

from django.db.models import Q

from casework import access
from casework.models import Case, CaseIssue, Identity
from kim.privacy_gate import Known
from steering.models import Issue


def known_people(author, context) -> Iterator[Known]:
    """Source of the gate. `context` is the issue or the case the text belongs to, or nothing."""
    cases = Case.objects.filter(access.kept_cases(author) | _in_question(context)).order_by()
    clients, households = set(), set()
    for number, foreign, client, household in cases.values_list(
        "number", "foreign_number", "client", "client__household"
    ):
        clients.add(client)
        households.update([household] if household else [])
        yield Known("number", number)
        if foreign:
            yield Known("number", foreign)
    family = Q(client__household__in=households, client__cases__isnull=True)
    rows = Identity.objects.filter(Q(client__in=clients) | family).order_by()
    told = rows.values_list(
        "given_name", "family_name", "birth_date", "birth_precision", "phone", "email", "street"
    ).distinct()
    for given, name, born, precision, phone, email, street in told:
        yield Known("name", f"{given} {name}".strip())
        # A rough birth date is the first of a month or year, a day much too common to be looked for.
        if born and precision == Identity.Precision.DAY:
            yield Known("birth_date", born)
        for kind, value in (("number", phone), ("email", email), ("street", street)):
            if value:
                yield Known(kind, value)


def _in_question(context) -> Q:
    if isinstance(context, Case):
        return Q(pk=context.pk)
    if isinstance(context, Issue) and context.pk:
        linked = CaseIssue.objects.filter(issue=context)
        return Q(pk__in=linked.filter(case__isnull=False).values("case"))
    return Q(pk__in=[])

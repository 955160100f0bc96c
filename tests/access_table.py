"""Tables of who may open what: one row per address of an app, one column per person (tests/*/test_access.py).

A table is rows of (address, object, the status for each of PEOPLE); acts are rows of (address, object, those who may).
What an object is, says a function of that name that makes it and answers with the arguments of the address.
"""

from django.urls import get_resolver, reverse

from kim.models import Role, TrailEntry
from tests.factories import county, steering_group, user

ROLES = {
    "case_manager": Role.CASE_MANAGER,
    "coordination": Role.COORDINATION,
    "office": Role.STRATEGIC_OFFICE,
    "member": Role.STEERING_GROUP,
    "lead": Role.PROJECT_GROUP,
    "authority": Role.AUTHORITY,
    "admin": Role.ADMIN,
    "audit": Role.AUDIT,
}
PEOPLE = tuple(ROLES)


#: Forms and tables to be filled in, which say nothing about anybody.
BLANK = {"casework:form_print", "casework:import_template", "funding:cost_import_template"}


def is_file(answer) -> bool:
    """Whether something leaves the house with it: a download, or what a browser opens in a window of its own."""
    return answer.status_code == 200 and (
        "Content-Disposition" in answer.headers or not answer.headers.get("Content-Type", "").startswith("text/html")
    )


def asked(client, who, address: str):
    """What `who`, who is signed in, gets from an address; a file is on the trail by then, under their name."""
    mine = TrailEntry.objects.filter(by=who)
    before = mine.count()
    answer = client.get(address)
    if is_file(answer) and answer.resolver_match.view_name not in BLANK:
        assert mine.count() > before, f"{address} handed out a file and nobody knows"
    return answer


def one_of_each() -> dict:
    """A county, its steering group, and somebody in each role."""
    county()
    steering_group()
    return {name: user(role) for name, role in ROLES.items()}


def named(row) -> str:
    """What a row is called in a run."""
    return f"{row[0]}-{row[1]}"


def opens_to_whom_the_row_says(client, people, app, objects, row) -> None:
    address, thing, *expected = row
    args = objects[thing](people)
    found = []
    for name in PEOPLE:
        client.force_login(people[name])
        found.append(asked(client, people[name], reverse(f"{app}:{address}", args=args)).status_code)
    assert dict(zip(PEOPLE, found, strict=True)) == dict(zip(PEOPLE, expected, strict=True))


def is_refused_to_everybody_else(client, people, app, objects, row) -> None:
    address, thing, may = row
    args = objects[thing](people)
    for name in PEOPLE:
        if name not in may:
            client.force_login(people[name])
            answer = client.post(reverse(f"{app}:{address}", args=args))
            assert answer.status_code in (403, 404), name


def every_address_has_a_row(app, rows) -> None:
    names = {pattern.name for pattern in get_resolver(f"{app}.urls").url_patterns}
    assert names == {row[0] for row in rows}


def nobody_gets_in_without_signing_in(client, people, app, objects, rows) -> None:
    for address, thing, *_ in rows:
        answer = client.get(reverse(f"{app}:{address}", args=objects[thing](people)))
        assert answer.status_code == 302, address
        assert "/konto/" in answer.headers["Location"]

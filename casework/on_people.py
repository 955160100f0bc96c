"""What of casework depends on people, for those who move them: how many open cases they lead, and no more."""

from django.db.models import Count
from django.urls import reverse

from casework.models import Case
from kim.models import Role
from kim.rehearsal import Dependent, depends_on_people

#: Who finds the hand-overs of cases.
HANDS_OVER = frozenset({Role.CASE_MANAGER, Role.COORDINATION})


@depends_on_people("casework")
def open_cases(users):
    """One query."""
    names = {user.pk: str(user) for user in users}
    rows = Case.objects.open().filter(owner__in=names).order_by().values("owner").annotate(number=Count("pk"))
    for row in sorted(rows, key=lambda row: names[row["owner"]]):
        number, name = row["number"], names[row["owner"]]
        words = f"{number} offene Fälle führt {name}; wechselt die Zuständigkeit, sind sie zu übergeben."
        if number == 1:
            words = f"1 offenen Fall führt {name}; wechselt die Zuständigkeit, ist er zu übergeben."
        yield Dependent(words, reverse("casework:handover_list"), HANDS_OVER)

"""What of posts depends on people, for those who move them: in how many municipalities they work."""

from django.db.models import Count
from django.urls import reverse

from kim.models import Assignment, Role
from kim.rehearsal import Dependent, depends_on_people

KEEPS_POSTS = frozenset({Role.ADMIN})


@depends_on_people("funding")
def places(users):
    """One query."""
    names = {user.pk: str(user) for user in users}
    rows = Assignment.objects.valid_on().filter(user__in=names, known_until__isnull=True, municipality__isnull=False)
    counted = rows.order_by().values("user").annotate(number=Count("municipality", distinct=True))
    for row in sorted(counted, key=lambda row: names[row["user"]]):
        number, name = row["number"], names[row["user"]]
        words = f"In {number} Kommune{'' if number == 1 else 'n'} arbeitet heute {name}."
        yield Dependent(words, reverse("funding:person_detail", args=[row["user"]]), KEEPS_POSTS)

"""Which issues: what somebody sees, holds or was told, and how much of each is read along."""

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch, Q, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat

from kim import workdays
from kim.addresses import address
from kim.models import Notice
from steering import access
from steering.escalation import OPEN, State
from steering.models.progress import Comment

#: What no line of a list shows.
LONG = (
    "situation", "impact", "tried", "idea", "workaround", "reach_reason", "proposal", "result", "feedback",
    "experience", "informed", "effect", "due_words", "folded", "folded_title",
)  # fmt: skip


class IssueQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(access.visible_issues(user))

    def parts_visible_to(self, user) -> list:
        """The same as sets for kim.paging, which overlap."""
        return [self.filter(part) for part in access.visible_parts(user)]

    def reported_by(self, user):
        return self.filter(access.reported_issues(user))

    def held_by(self, user):
        return self.filter(access.held_issues(user))

    def parts_held_by(self, user) -> list:
        return [self.filter(part) for part in access.held_parts(user)]

    def on_desk_of(self, user):
        return self.filter(access.desk_issues(user))

    def told_late_to(self, user):
        return self.filter(access.late_issues_told_to(user))

    def open(self):
        return self.filter(state__in=OPEN).exclude(state=State.DRAFT)

    def handed_back(self):
        """Reported once and back with those who reported them: drafts with a number."""
        return self.filter(state=State.DRAFT, number__isnull=False)

    def unended(self):
        """Drafts and all that is on its way, be it within its lead."""
        return self.filter(self._unended())

    def ended(self):
        return self.exclude(self._unended())

    def _unended(self):
        # Not by a join: PostgreSQL plans an OR across both tables longer than it runs.
        open_leads = self.model._base_manager.filter(pk=OuterRef("lead"), state__in=OPEN)
        return Q(state__in=OPEN) | Q(Exists(open_leads), state=State.MERGED)

    def with_last_word(self):
        """With `last_word` and `last_word_at`: what was last said publicly; of a bundled issue, in its lead."""
        said = Comment.objects.filter(public=True, issue=Coalesce(OuterRef("lead"), OuterRef("pk"))).order_by(
            "-at", "-pk"
        )
        return self.annotate(
            last_word=Subquery(said.values("text")[:1]),
            last_word_at=Subquery(said.values("at")[:1]),
        )

    def told_anew(self, user):
        """With `is_new`: `user` was told something about it and has not read that yet."""
        before, after = address("steering:issue_detail", 0).split("0")
        url = Concat(Value(before), Cast(OuterRef("pk"), models.CharField()), Value(after))
        unread = Notice.objects.filter(recipient=user, read_at=None, url=url)
        return self.annotate(is_new=Exists(unread))

    def with_effect_due(self, on):
        """Closed, and nobody has looked yet whether the solution still works."""
        return self.filter(effect_due_on__lte=on, effect_checked_on__isnull=True)

    def overdue(self, on=None):
        return self.filter(due_on__lt=on or workdays.today())

    def paused(self, on):
        """Their clock stands still on a day (which may be a slot)."""
        return self.filter(paused_until__gte=on)

    def going(self, on):
        """Not paused on that day: a pause whose last day has passed is over, whether or not that was noted yet."""
        return self.filter(Q(paused_until__isnull=True) | Q(paused_until__lt=on))

    def for_list(self):
        """With everything a line of a file or of an agenda shows."""
        return self.select_related("municipality", "topic", "life_domain", "body", "lead", "meeting")

    def for_lines(self, named=True):
        """With what a line of a list shows, and without the long texts.

        Lists that have read municipalities and topics for their selects hang them in themselves: `named=False`.
        """
        # Few lines have a lead; where none has, it is not asked for.
        lines = self.bare_lines().prefetch_related(Prefetch("lead", self.model._base_manager.defer(*LONG)))
        return lines.select_related("municipality", "topic") if named else lines

    def bare_lines(self):
        """The columns of a line alone; see Issue.hang_leads."""
        return self.defer(*LONG)

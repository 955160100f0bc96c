"""What the page of one issue shows to one person: everything read in one query, and what is not theirs left out."""

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, Value, When
from django.db.models.functions import Cast, Concat
from django.http import Http404
from django.utils import timezone

from kim import workdays
from kim.addresses import address, page
from kim.dated import valid_on
from kim.disclosure import few
from kim.models import Code, County, Draft, Municipality, Notice, Organisation, User
from kim.notices import mark_read
from kim.rules import allows
from kim.together import Slot, day, text, through, together
from steering import access, contacts, linked_cases, whereabouts
from steering.escalation import ESCALATION, HOLDER, NEXT_UP, Office, State
from steering.models import (
    AgendaItem,
    Body,
    Comment,
    Confirmation,
    Interface,
    InterimReport,
    Issue,
    IssueStep,
    Measure,
    Meeting,
    Pause,
    Reminder,
    Reporter,
    Resolution,
    Statement,
)
from steering.notices import key_of
from steering.offices import name_of

#: So many words are shown at once; the older ones open with a link.
WORDS = 60
#: So many people are named in one line of the trail.
NAMES = 12

#: A step as the trail tells it.
DONE = {
    "report": "Gemeldet an die Koordinierung Case Management",
    "report_directly": "Direkt an die Geschäftsstelle gemeldet",
    "withdraw": "Zurückgezogen",
    "forward": "Freigegeben und an die Geschäftsstelle weitergeleitet",
    "merge": "In einem anderen Knackpunkt gebündelt",
    "hand_back": "Zurückgegeben",
    "table": "Auf die Tagesordnung der Lenkungsgruppe gesetzt",
    "fast_track": "Auf kurzem Dienstweg einer Projektgruppe zugewiesen",
    "assign": "Einer Projektgruppe zugewiesen",
    "refer_up": "An Land oder Bund gemeldet",
    "defer": "Zurückgestellt",
    "propose": "Lösung vorgelegt",
    "solve": "Ergebnis festgehalten",
    "decline": "Nicht weiterverfolgt",
    "feed_back": "Rückgemeldet an alle Meldenden",
    "confirm": "Hilft in der Praxis – abgeschlossen",
    "reopen": "Wieder aufgenommen",
    "unmerge": "Bündelung gelöst",
}
REMINDED = {
    Reminder.Kind.EARLY: "Erinnerung: in zwei Arbeitstagen fällig",
    Reminder.Kind.DUE: "Erinnerung: heute fällig",
    Reminder.Kind.OVERDUE: "Erinnerung: überfällig",
    Reminder.Kind.ESCALATE: "Seit zehn Arbeitstagen überfällig: die nächste Ebene ist informiert",
}


@dataclass(frozen=True)
class Entry:
    """One line of the trail; `told` says who learned of it and who has read it."""

    at: dt.datetime
    title: str
    strong: bool = False
    office: str = ""
    note: str = ""
    told: str = ""


@dataclass(frozen=True)
class Word:
    comment: Comment
    read_by: str = ""


@dataclass
class Dossier:
    issue: Issue
    user: User
    read: dict = field(repr=False)
    all_words: bool = False

    @classmethod
    def of(cls, user, pk, *, drafts=(), all_words=False, more=()) -> "Dossier":
        """Everything about issue `pk` if `user` may see it, else Http404. One query beside that about the user.

        `drafts` are keys of forms on the page, `more` names of further sets to read along (see MORE).
        """
        sight = access.Sight.of(user)
        typed = {f"draft_{number}": key for number, key in enumerate(drafts)}
        read = _page(sight.shape, linked_cases.reads_interims(user), all_words, len(typed), tuple(more))(
            issue=pk, user=user.pk, url=address("steering:issue_detail", pk),
            today=workdays.today(), now=workdays.now(), **sight.values, **typed,
        )  # fmt: skip
        if not read["issue"]:
            raise Http404
        (issue,) = read["issue"]
        if issue.state != State.MERGED:
            read |= {"own_steps": read["steps"], "own_reports": read["reports"], "own_pauses": read["pauses"]}
        _relate([issue, *read["lead"]], read)
        issue.all_reporter_ids = issue.reporting_it(read["reporters"])
        return cls(issue, user, read, all_words)

    # Who looks

    @cached_property
    def whole(self) -> bool:
        return access.sees_whole(self.user, self.issue)

    @cached_property
    def names_reporters(self) -> bool:
        return access.sees_reporters(self.user)

    @cached_property
    def is_reporter(self) -> bool:
        return allows(access.reported_it, self.user, self.issue)

    @cached_property
    def offices(self) -> set[str]:
        return access.offices_for(self.user, self.issue)

    @cached_property
    def _readable(self) -> set[str]:
        return access.words_read_by(self.user, self.issue)

    @cached_property
    def may_join(self) -> bool:
        return allows(access.may_join, self.user, self.issue)

    @cached_property
    def may_edit(self) -> bool:
        return allows(access.may_edit, self.user, self.issue)

    @cached_property
    def may_comment(self) -> bool:
        return self.whole and allows(access.may_comment, self.user, self.issue)

    @cached_property
    def may_report_progress(self) -> bool:
        return allows(access.may_report_progress, self.user, self.issue)

    @cached_property
    def offers(self):
        return ESCALATION.offers(self.user, self.issue)

    # Where it is

    @property
    def county(self) -> County:
        return self.read["county"][0] if self.read["county"] else County(pk=1)

    @cached_property
    def around(self):
        return whereabouts.Around.of(self.shown, self.read)

    @property
    def shown(self) -> Issue:
        """The issue whose way is drawn: a bundled one goes the way of its lead."""
        lead = self.issue.lead if self.issue.state == State.MERGED else None
        return lead or self.issue

    @property
    def mini(self):
        return whereabouts.mini(self.issue)

    @cached_property
    def way(self):
        return whereabouts.way(self.issue, self.around)

    @cached_property
    def clock(self):
        return whereabouts.clock(self.issue, self.around)

    @property
    def next_up(self) -> str:
        return whereabouts.next_up(self.issue)

    @property
    def tone(self) -> str:
        return whereabouts.tone(self.issue)

    @property
    def countdown(self) -> str:
        return whereabouts.countdown(self.issue)

    @property
    def meetings(self):
        return self.read["meetings"]

    # The matter and its facts

    @property
    def legal_areas(self):
        return self.read["legal_areas"]

    @property
    def further(self):
        return self.read["further"]

    @property
    def organisations(self):
        return self.read["organisations"]

    @property
    def interface(self) -> Interface | None:
        """Where it jams; its page is not for everybody who sees the issue."""
        return next(iter(self.read["interface"]), None)

    @property
    def reads_interface(self) -> bool:
        return allows(access.reads_cooperation, self.user)

    @property
    def contacts(self) -> list[User]:
        """Who in the office answers for its municipality."""
        return contacts.among(self.read, self.issue.municipality) if self.issue.municipality else []

    @cached_property
    def reporters(self) -> list[Reporter]:
        """Names, for the coordination only."""
        return self.read["reporters"] if self.names_reporters else []

    @cached_property
    def reporter_count(self) -> int:
        return len(self.issue.all_reporter_ids)

    @property
    def reporter_words(self) -> str:
        """For those who do not see who reported."""
        return "1 Stelle" if self._few(self.reporter_count) == "1" else f"{self._few(self.reporter_count)} Stellen"

    @property
    def _counts_reporters(self) -> bool:
        """Whether how many reported, and how many of them read or said something, is told exactly."""
        return self.names_reporters or self.reporter_count >= self.county.small_cell_below

    def _few(self, number: int) -> str:
        return str(number) if self.names_reporters else few(number, self.county.small_cell_below)

    @property
    def helps(self) -> str:
        said = Counter(reporter.helps for reporter in self.read["reporters"])
        words = ((True, "„Hilft“"), (False, "„Hilft nicht“"))
        parts = [f"{word}: {self._few(said[answer])}" if said[answer] else "" for answer, word in words]
        return " · ".join(part for part in parts if part)

    @cached_property
    def _seen(self) -> linked_cases.Seen:
        return linked_cases.seen_in(self.read)

    @property
    def seen_words(self) -> str:
        return self._seen.words(self.county)

    @property
    def interims(self) -> tuple[str, ...]:
        """What case managers do meanwhile and let each other know."""
        return self._seen.interims

    @cached_property
    def confirmations(self):
        """What somebody vouched for at the gate; the coordination sees it when releasing."""
        return self.read["confirmations"] if self.names_reporters else []

    @cached_property
    def bundled(self):
        return self.read["bundled"] if self.whole else []

    # What was said and done

    @cached_property
    def words(self) -> list[Word]:
        if not self.whole:
            return []
        found = [one for one in self.read["words"] if one.public or one.office in self._readable]
        return [
            Word(one, self._receipts(key_of("speak", one), Office.REPORTERS) if one.public else "")
            for one in reversed(found[: len(found) if self.all_words else WORDS])
        ]

    @property
    def older_words(self) -> bool:
        return not self.all_words and self.whole and len(self.read["words"]) > WORDS

    @property
    def public_words(self) -> int:
        return sum(word.comment.public for word in self.words)

    @cached_property
    def reports(self) -> list[InterimReport]:
        return list(reversed(self.read["own_reports"])) if self.whole else []

    @cached_property
    def measures(self):
        return self.read["measures"] if self.whole else []

    @cached_property
    def statements(self) -> list[Statement]:
        """Who was asked about it early, with `organisation_name`."""
        return self.read["statements"] if self.whole else []

    @property
    def outstanding(self) -> str:
        """In words how many of them are still waited for; empty where none is."""
        number = sum(one.is_outstanding for one in self.statements)
        if not number:
            return ""
        return "1 Stellungnahme steht noch aus." if number == 1 else f"{number} Stellungnahmen stehen noch aus."

    @property
    def ask_url(self) -> str:
        """Where to ask for statements; empty for whom that is not to be done."""
        issue = self.issue
        may = self.whole and issue.is_open and issue.released_at is not None
        if not may or not allows(access.asks_for_statements, self.user, issue):
            return ""
        return f"{page('steering:statement_new')}?issue={issue.pk}"

    @cached_property
    def agenda(self):
        """Where it was dealt with; `open_to_user` says whether that meeting is one the user may see, `resolved` what
        came of it.
        """
        items = self.read["agenda"] if self.whole else []
        for item in items:
            item.open_to_user = item.body_id is not None and access.sees_meetings_of(self.user, item.body_id)
            item.resolved = next((one for one in self.resolutions if one.agenda_item_id == item.pk), None)
        return items

    @cached_property
    def resolutions(self) -> list[Resolution]:
        """What was resolved on it, as far as the user may read that; with `place`, the municipality."""
        reading, reporters = access.Reading.of(self.user), self.issue.all_reporter_ids
        return [one for one in self.read["resolutions"] if self.whole and reading.reads(one, reporters)]

    @property
    def municipal(self) -> list[Resolution]:
        return [one for one in self.resolutions if one.municipality_id]

    @cached_property
    def handed_back(self) -> IssueStep | None:
        """The step by which it came back to those who reported it, if it lies there and the user may read why."""
        if not self.whole or not self.issue.is_returned:
            return None
        last = next((step for step in reversed(self._steps) if step.name == "hand_back"), None)
        return last if last and self._reads_note(last) else None

    @property
    def feedback_read(self) -> str:
        """How many of those who reported have read the answer."""
        last = next((step for step in reversed(self._steps) if step.name == "feed_back"), None)
        return self._receipts(key_of("feed_back", last), Office.REPORTERS) if last else ""

    @property
    def _steps(self) -> list[IssueStep]:
        return self.read["own_steps"]

    @cached_property
    def trail(self) -> list[Entry]:
        """What happened, the latest first. Notes only for the offices between which the issue went."""
        if not self.whole:
            return []
        found = [Entry(self.issue.created_at, "Entwurf angelegt")]
        found += [self._step_entry(step) for step in self._steps]
        found += [
            Entry(one.at, "Öffentliches Wort an die Meldenden", told=self._told(key_of("speak", one)))
            for one in self.read["words"]
            if one.public
        ]
        found += [
            Entry(one.at, "Zwischenbericht", told=self._told(key_of("interim_report", one)))
            for one in self.read["own_reports"]
        ]
        found += [
            Entry(
                self._paused_at(one),
                f"Uhr angehalten bis {one.last_day:%d.%m.%Y}",
                note=one.reason,
                told=self._told(key_of("pause", one)),
            )
            for one in self.read["own_pauses"]
        ]
        found += [
            Entry(one.joined_at, self._joined(one), told=self._told(key_of("join", one))) for one in self._joiners()
        ]
        found += [
            Entry(one.bundled_at, f"{one.number} hierher gebündelt") for one in self.read["bundled"] if one.bundled_at
        ]
        found += [
            Entry(one.created_at, REMINDED[one.kind], office=self._reminded(one)) for one in self.read["reminders"]
        ]
        in_order = sorted(found, key=lambda entry: entry.at)
        return in_order[::-1]

    def _step_entry(self, step) -> Entry:
        target = HOLDER.get(State(step.target))
        title = DONE[step.name]
        if step.name == "hand_back" and target:
            title = "Zurückgegeben an die Meldenden" if target == Office.REPORTERS else f"Zurück an: {target.label}"
        due = f", fällig {step.due_on:%d.%m.%Y}" if step.due_on else ""
        office = step.office + (" (in Vertretung)" if step.on_behalf_of_id else "")
        told = self._told(key_of(step.name, step))
        return Entry(step.at, f"{title}{due}", True, office, step.note if self._reads_note(step) else "", told)

    def _reads_note(self, step) -> bool:
        between = {HOLDER.get(State(state)) for state in (step.source, step.target)}
        return any(office in self._readable for office in between if office)

    def _paused_at(self, pause) -> dt.datetime:
        """The moment its telling was written, or the noon of its first day: a pause knows only days."""
        told = self._notices.get(key_of("pause", pause))
        return told[0].created_at if told else dt.datetime.combine(pause.first_day, dt.time(12), workdays.BERLIN)

    def _joiners(self) -> list[Reporter]:
        """Only the last one where the number of entries would tell how few reported."""
        found = [one for one in self.read["reporters"] if not one.first and one.issue_id == self.issue.pk]
        return found if self._counts_reporters else sorted(found, key=lambda one: one.joined_at)[-1:]

    def _joined(self, reporter) -> str:
        if self.names_reporters:
            return f"{reporter.user_name} meldet mit"
        return "Eine weitere Stelle meldet mit" if self._counts_reporters else "Weitere Stellen melden mit"

    def _reminded(self, reminder) -> str:
        step = next((step for step in self._steps if step.no == reminder.stay), None)
        office = HOLDER.get(State(step.target)) if step else None
        if office and reminder.kind == Reminder.Kind.ESCALATE:
            office = NEXT_UP[office]
        return f"an: {name_of(office, self.issue)}" if office else ""

    # Who was told, and has read it

    @cached_property
    def _notices(self) -> dict[str, list]:
        """By key, each with `recipient_name` (see _sets)."""
        found: dict[str, list] = {}
        for notice in self.read["notices"]:
            found.setdefault(notice.key, []).append(notice)
        return found

    def _told(self, key) -> str:
        told = self._notices.get(key, [])
        if self.names_reporters:
            named = [f"{notice.recipient_name}, {_read_words(notice)}" for notice in told[:NAMES]]
            more = [f"und {len(told) - NAMES} weitere"] if len(told) > NAMES else []
            return " · ".join(named + more)
        groups: dict[str, list[Notice]] = {}
        for notice in told:
            groups.setdefault(notice.audience, []).append(notice)
        return " · ".join(
            f"{_audience(name, self.issue)}: {self._counted(name, group)}" for name, group in groups.items()
        )

    def _counted(self, audience: str, group) -> str:
        if audience == Office.REPORTERS and not self._counts_reporters:
            return _roughly(group)
        if len(group) == 1:
            return "gelesen" if group[0].read_at else "noch nicht gelesen"
        return f"gelesen von {sum(notice.read_at is not None for notice in group)} von {len(group)}"

    def _receipts(self, key, office) -> str:
        told = [notice for notice in self._notices.get(key, []) if notice.audience == office]
        if not told or self._counts_reporters:
            return f"gelesen von {sum(one.read_at is not None for one in told)} von {len(told)}" if told else ""
        return _roughly(told)

    @property
    def unread(self) -> list[int]:
        return [notice.pk for notice in self.read["unread"]]

    def mark_read(self) -> None:
        """What the user was told about this issue is read once they have opened it. No query if nothing is unread."""
        if self.unread:
            mark_read(self.user, Notice.objects.filter(pk__in=self.unread))
            for notice in self.read["notices"]:
                if notice.pk in self.unread:
                    notice.read_at = workdays.now()

    # What was being typed

    def draft(self, key) -> Draft | None:
        return next((draft for draft in self.read["drafts"] if draft.key == key), None)


@together
def _page(sight, interims, all_words, drafts, more):
    """The sets of the page, those of the way included. A merged issue is shown with its lead, whose way it goes."""
    issue, user = Slot("issue"), Slot("user")
    here = Issue.objects.filter(pk=issue)
    lead = Issue.objects.filter(pk__in=here.values("lead"))
    both = Issue.objects.filter(pk__in=here.order_by().values("pk").union(here.order_by().values("lead"), all=True))
    merged = here.filter(state=State.MERGED)
    shown = here.annotate(shown=Case(When(state=State.MERGED, then=F("lead")), default=F("pk"))).values("shown")
    meetings = Meeting.objects.filter(pk__in=both.values("meeting"))
    steering = Q(valid_on(day()), kind=Body.Kind.STEERING)
    words = Comment.objects.filter(issue=issue).order_by("-at", "-pk")
    merged_at = IssueStep.objects.filter(issue=OuterRef("pk"), name="merge").order_by("-no").values("at")[:1]
    return {
        "issue": here.filter(access.Sight.in_slots(*sight).issues()),
        **whereabouts.Around.sets(shown),
        # Of a merged issue alone: elsewhere they are those of the way.
        "own_steps": IssueStep.objects.filter(issue__in=merged).order_by("no"),
        "own_reports": InterimReport.objects.filter(issue__in=merged).order_by("at", "pk"),
        "own_pauses": Pause.objects.filter(issue__in=merged).order_by("pk"),
        "lead": lead,
        "municipality": Municipality.objects.filter(pk__in=both.values("municipality")),
        "code": Code.objects.filter(Q(pk__in=both.values("topic")) | Q(pk__in=both.values("life_domain"))),
        "meeting": meetings,
        "body": Body.objects.filter(
            steering | Q(pk__in=both.values("body")) | Q(pk__in=meetings.order_by().values("body"))
        ),
        "words": words if all_words else words[: WORDS * 3],
        "measures": Measure.objects.filter(issue=issue).order_by("due_on", "pk"),
        "agenda": AgendaItem.objects.filter(issue=issue).order_by("pk").annotate(
            starts_at=F("meeting__starts_at"), body_id=F("meeting__body"), body_name=F("meeting__body__name"),
            cancelled=F("meeting__cancelled_at"),
        ),
        "resolutions": Resolution.objects.filter(issue=issue).order_by("decided_on", "pk").annotate(
            place=F("municipality__name")
        ).only(
            "number", "verdict", "decided_on", "organ", "due_on", "done_on", "dropped_on", "agenda_item", "body",
            "owner_body", "municipality",
        ),
        "statements": Statement.objects.filter(issue=issue).named(),
        "reporters": Reporter.of(issue).order_by("-first", "joined_at", "pk").annotate(
            user_name=F("user__display_name"), number=F("issue__number")
        ),
        "bundled": Issue.objects.filter(lead=issue).only("number", "title", "state").order_by("pk").annotate(
            bundled_at=merged_at
        ),
        "confirmations": Confirmation.objects.filter(issue=issue).order_by("pk"),
        "reminders": Reminder.objects.filter(issue=issue).order_by("pk"),
        "legal_areas": Code.objects.filter(pk__in=through(Issue, "legal_areas", issue)).order_by("position", "label"),
        "further": Municipality.objects.filter(pk__in=through(Issue, "further_municipalities", issue)).only("name"),
        "organisations": Organisation.objects.filter(pk__in=through(Issue, "organisations", issue)).only("name"),
        "interface": Interface.objects.filter(pk__in=here.order_by().values("interface")).only("title"),
        "notices": _notices_about(issue),
        "unread": Notice.objects.filter(recipient=user, read_at__isnull=True, url=text("url")).only("pk"),
        "drafts": Draft.objects.filter(user=user, key__in=[text(f"draft_{number}") for number in range(drafts)]),
        **linked_cases.sets(issue, interims),
        **contacts.sets(),
        **{name: MORE[name](both) for name in more},
    }  # fmt: skip


def _relate(issues, read) -> None:
    """Hang what was read beside them into issues and meetings, so that nothing is asked for again."""
    there = {name: {row.pk: row for row in read[name]} for name in ("lead", "municipality", "code", "meeting", "body")}
    for meeting in [*read["meetings"], *read["meeting"]]:
        meeting.body = there["body"].get(meeting.body_id)
    for issue in issues:
        for name, kind in _POINTS_AT.items():
            setattr(issue, name, there[kind].get(getattr(issue, f"{name}_id")))


#: What an issue points at → the set that holds it.
_POINTS_AT = {
    "lead": "lead", "municipality": "municipality", "topic": "code", "life_domain": "code", "meeting": "meeting",
    "body": "body",
}  # fmt: skip


def _notices_about(issue):
    """The notices every act of this issue has left, found by the keys of its records."""
    keys = []
    for act, rows in [
        ("report", IssueStep.objects.filter(issue=issue)),
        ("speak", Comment.objects.filter(issue=issue, public=True)),
        ("interim_report", InterimReport.objects.filter(issue=issue)),
        ("pause", Pause.objects.filter(issue=issue)),
        ("join", Reporter.objects.filter(issue=issue, first=False)),
    ]:
        prefix = key_of(act, rows.model()).removesuffix("None")
        told_as = Concat(Value(prefix), Cast("pk", CharField()))
        keys.append(rows.order_by().annotate(told_as=told_as).values("told_as"))
    # One list of keys: the index of the notices answers it, while five alternatives would read them all.
    found = Notice.objects.filter(key__in=keys[0].union(*keys[1:], all=True))
    named = found.order_by("pk").annotate(recipient_name=F("recipient__display_name"))
    return named.only("key", "audience", "read_at", "created_at", "recipient")


def _project_groups(issues):
    """Groups that could be given the issue: `here`, set up for its municipality, and `led`, by somebody."""
    place = Municipality.objects.filter(bodies=OuterRef("pk"), pk__in=issues.values("municipality"))
    groups = Body.objects.valid_on(day()).project_groups().with_led(day())
    return groups.order_by("name").annotate(here=Exists(place))


#: Further sets some pages need, given the issues that are read.
MORE = {"groups": _project_groups, "everywhere": lambda issues: Organisation.objects.order_by("name")}


def _read_words(notice) -> str:
    if notice.read_at is None:
        return "noch nicht gelesen"
    return f"gelesen {timezone.localtime(notice.read_at):%d.%m., %H:%M}"


def _audience(name, issue) -> str:
    return name_of(Office(name), issue) if name in Office.values else "Weitere"


def _roughly(group) -> str:
    """Without saying how many they are."""
    seen = sum(notice.read_at is not None for notice in group)
    return "von allen gelesen" if seen == len(group) else "von einigen gelesen" if seen else "noch nicht gelesen"

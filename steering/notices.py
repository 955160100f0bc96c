"""Who is told of what. The table below is shown before the click and carried out with it."""

import copy

from kim.models import County, Notice, User
from kim.models.people import deputies_of
from kim.notices import Telling, once_each, tell
from steering.escalation import ESCALATION, Office, State
from steering.models import Issue, IssueStep, TimeLimit
from steering.models.clock import deadline_for
from steering.offices import name_of, people_of_all, people_of_each

R, C, G, L, P = (
    Office.REPORTERS,
    Office.COORDINATION,
    Office.STRATEGY,
    Office.STEERING,
    Office.PROJECT,
)

#: act → (office, what it is told). {due} reads „, fällig 05.05.2026“ or nothing.
TOLD: dict[str, tuple[tuple[Office, str], ...]] = {
    "report": (
        (C, "Neu im Eingang: „{title}“{due}."),
        (R, "Ihre Meldung liegt jetzt bei der Koordinierung{due}."),
    ),
    "report_directly": (
        (
            G,
            "Direkt gemeldet: „{title}“{due}. Bitte zuerst auf Personendaten prüfen und freigeben.",
        ),
        (C, "„{title}“ wurde direkt an die Geschäftsstelle gemeldet."),
        (R, "Ihre Meldung liegt jetzt bei der Geschäftsstelle{due}."),
    ),
    "withdraw": (),
    "forward": (
        (G, "Neu von der Koordinierung: „{title}“{due}."),
        (R, "Ihre Meldung liegt jetzt bei der Geschäftsstelle{due}."),
    ),
    "merge": (
        (
            R,
            "Ihre Meldung wurde in {lead} gebündelt. Sie erfahren alles, was dort geschieht.",
        ),
    ),
    "hand_back": (
        (C, "„{title}“ kommt zur Ergänzung zurück{due}."),
        (G, "„{title}“ liegt wieder bei der Lenkungsgruppe{due}."),
        (L, "„{title}“ kommt von der Projektgruppe zurück{due}."),
        (
            R,
            "Ihre Meldung geht zurück: jetzt bei {office}{due}.{where_to_read_why}",
        ),
    ),
    "table": (
        (L, "Auf der Tagesordnung: „{title}“, {meeting}."),
        (R, "Ihre Meldung steht auf der Tagesordnung der Lenkungsgruppe: {meeting}."),
    ),
    "fast_track": (
        (P, "Kurzer Dienstweg: „{title}“ ist Ihrer Gruppe zugewiesen{due}."),
        (
            L,
            "Auf kurzem Dienstweg vergeben: „{title}“ an {body}. Die nächste Sitzung wird informiert.",
        ),
        (R, "Ihre Meldung wird sofort bearbeitet: {body}{due}."),
    ),
    "assign": (
        (P, "Ihrer Gruppe zugewiesen: „{title}“{due}."),
        (G, "„{title}“ ist {body} zugewiesen."),
        (R, "Die Lenkungsgruppe hat Ihre Meldung zugewiesen: {body}{due}."),
    ),
    "refer_up": (
        (G, "„{title}“ wird an {addressee} gemeldet; Wiedervorlage{due}."),
        (R, "Ihre Meldung geht über den Kreis hinaus: an {addressee}."),
    ),
    "defer": (
        (G, "Zurückgestellt: „{title}“{due}."),
        (
            R,
            "Die Lenkungsgruppe hat Ihre Meldung zurückgestellt; sie liegt wieder bei der Geschäftsstelle{due}.",
        ),
    ),
    "propose": (
        (L, "Lösungsvorschlag zu „{title}“, {meeting}."),
        (G, "Lösungsvorschlag zu „{title}“, {meeting}."),
        (R, "Zu Ihrer Meldung liegt ein Lösungsvorschlag vor: {meeting}."),
    ),
    "solve": (
        (C, "Ergebnis liegt vor: „{title}“. Bitte rückmelden{due}."),
        (R, "Zu Ihrer Meldung liegt ein Ergebnis vor. Die Rückmeldung folgt{due}."),
    ),
    "decline": (
        (C, "Wird nicht weiterverfolgt: „{title}“. Bitte rückmelden{due}."),
        (R, "Zu Ihrer Meldung liegt ein Ergebnis vor. Die Rückmeldung folgt{due}."),
    ),
    "feed_back": (
        (
            R,
            "Die Antwort auf Ihre Meldung ist da. Bitte sagen Sie, ob sie in der Praxis hilft{due}.",
        ),
    ),
    "confirm": (
        (C, "„{title}“: die Lösung hilft in der Praxis. Abgeschlossen."),
        (P, "„{title}“: die Lösung hilft in der Praxis. Abgeschlossen."),
        (R, "„{title}“ ist abgeschlossen: die Lösung hilft in der Praxis."),
    ),
    "reopen": (
        (C, "Wieder aufgenommen: „{title}“{due}."),
        (P, "„{title}“ wurde wieder aufgenommen."),
        (
            R,
            "Ihre Meldung ist wieder aufgenommen und liegt bei der Koordinierung{due}.",
        ),
    ),
    "unmerge": (
        (C, "Bündelung gelöst: „{title}“{due}."),
        (
            R,
            "Ihre Meldung wird wieder einzeln behandelt und liegt bei der Koordinierung{due}.",
        ),
    ),
    "speak": ((R, "Ein öffentliches Wort zu Ihrer Meldung."),),
    "note": (),
    "interim_report": (
        (G, "Zwischenbericht zu „{title}“; der nächste bis {due_day}."),
        (R, "Zwischenbericht zu Ihrer Meldung; der nächste bis {due_day}."),
    ),
    "pause": (
        (
            R,
            "Die Uhr zu Ihrer Meldung ist angehalten: wartet auf Dritte bis {paused_until}.",
        ),
    ),
    "resume": ((R, "Die Uhr zu Ihrer Meldung läuft wieder{due}."),),
    "join": ((C, "Eine weitere Stelle meldet „{title}“."),),
    "ask_effect": ((R, "Wirkt die Lösung zu Ihrer Meldung in der Praxis noch? Bitte sehen Sie nach."),),
    "effect": (
        (C, "„{title}“: die Lösung wirkt weiterhin."),
        (P, "„{title}“: die Lösung wirkt weiterhin."),
        (R, "„{title}“: die Lösung wirkt weiterhin."),
    ),
    "meeting_moved": (
        (L, "„{title}“ wird jetzt beraten: {meeting}."),
        (R, "Ihre Meldung wird zu einem anderen Termin beraten: {meeting}."),
    ),
}

#: What a mail may say of an act. A button says what to do; what one is told was done.
HEADLINE = {
    "report": "Gemeldet",
    "report_directly": "Direkt an die Geschäftsstelle gemeldet",
    "withdraw": "Zurückgezogen",
    "forward": "An die Geschäftsstelle weitergeleitet",
    "merge": "Gebündelt",
    "hand_back": "Zurückgegeben",
    "table": "Auf die Tagesordnung gesetzt",
    "fast_track": "Auf kurzem Dienstweg zugewiesen",
    "assign": "Zugewiesen",
    "refer_up": "An das Land gemeldet",
    "defer": "Zurückgestellt",
    "propose": "Lösung vorgelegt",
    "solve": "Gelöst",
    "decline": "Nicht weiterverfolgt",
    "feed_back": "Rückgemeldet",
    "confirm": "Abgeschlossen, die Lösung hilft",
    "reopen": "Wieder aufgenommen",
    "unmerge": "Bündelung gelöst",
    "speak": "Öffentliches Wort",
    "note": "Interner Beitrag",
    "interim_report": "Zwischenbericht",
    "pause": "Uhr angehalten",
    "resume": "Uhr läuft wieder",
    "join": "Weitere Meldung",
    "ask_effect": "Wirkt die Lösung noch?",
    "effect": "Wirksamkeit geprüft",
    "meeting_moved": "Sitzung verlegt",
}
#: Which offices a hand-back concerns depends on where it goes.
HANDED_BACK_TO = {"draft": {R}, "coordination": {C, R}, "steering": {L, G, R}}


def tellings(issue: Issue, act: str, *, by, people=None, stand_ins=None) -> list[Telling]:
    """Who learns what of `act`, with `issue` as it is after it. The actor is not told what they did themselves.

    Who the offices are (office → accounts) and who stands in for them is asked, unless a page knows it already.
    """
    label = HEADLINE[act]
    offices = HANDED_BACK_TO[issue.state] if act == "hand_back" else set(Office)
    words = {
        "title": issue.title,
        "due": f", fällig {issue.due_on:%d.%m.%Y}" if issue.due_on else "",
        "due_day": f"{issue.due_on:%d.%m.%Y}" if issue.due_on else "auf Weiteres",
        "meeting": str(issue.meeting) if issue.meeting else "[noch zu wählen]",
        "body": str(issue.body) if issue.body else "[noch zu wählen]",
        "lead": str(issue.lead) if issue.lead else "[noch zu wählen]",
        "addressee": issue.addressee or "[noch zu nennen]",
        "office": "Ihnen" if issue.holder == R else name_of(issue.holder, issue) if issue.holder else "",
        # Between two offices the reason is theirs.
        "where_to_read_why": " Die Begründung steht beim Knackpunkt." if issue.state == State.DRAFT else "",
        "paused_until": f"{issue.paused_until:%d.%m.%Y}" if issue.paused_until else "",
    }
    if people is None:
        people = people_of_all([office for office, _ in TOLD[act] if office in offices], issue)
    found = [
        Telling(
            audience=office.value,
            who=name_of(office, issue),
            people=tuple(people[office]),
            headline=f"{issue.number or 'Knackpunkt'}: {label}",
            text=text.format(**words),
        )
        for office, text in TOLD[act]
        if office in offices
    ]
    return once_each(found, without=by, stand_ins=stand_ins)


def preview_of_several(issues: list[Issue], act: str, given: dict, *, by) -> list[Telling]:
    """The same for a step with several issues at once, before the click; as many queries for fifty as for two."""
    limits, rules = list(TimeLimit.objects.all()), County.current().workday_rules
    people = people_of_each({office for office, _ in TOLD[act]}, issues)
    stand_ins = deputies_of({person for those in people.values() for group in those.values() for person in group})
    found, gathered = [], set()
    for issue in issues:
        if row := ESCALATION.find(act, issue.state):
            after = foresee(issue, row, given, limits=limits, rules=rules)
            found += tellings(after, act, by=by, people=people[issue.pk], stand_ins=stand_ins)
            gathered |= {person.pk for person in people[issue.pk].get(R, ())}
    if found:  # all come to the same one, if to any
        after.all_reporter_ids = gathered
        found += late_tellings(after, act)[1]
    return found


def late_tellings(issue: Issue, act: str) -> tuple[IssueStep | None, list[Telling]]:
    """Whom `act` brings to an issue that was answered already: they are told the answer as all others were.

    With the step that gave the answer, under whose key it is told, so that its receipts count them and nobody is told
    twice. The same before the act as after it.
    """
    answered = {"merge": issue.lead, "join": issue}.get(act)
    if answered is None or answered.state != State.FED_BACK:
        return None, []
    if answered.is_overdue:
        answered = copy.copy(answered)
        answered.due_on = None  # a day that has passed is nothing to ask for
    step = answered.steps_taken.select_related("by").filter(name="feed_back").latest("no")
    told = Notice.objects.filter(key=key_of("feed_back", step)).values("recipient")
    coming = User.objects.filter(pk__in=answered.all_reporter_ids | issue.all_reporter_ids).exclude(pk__in=told)
    found = tellings(answered, "feed_back", by=step.by, people={R: list(coming)})
    return step, found


def preview(issue: Issue, act: str, *, by) -> list[Telling]:
    """Everything `act` will tell, given the issue as it will be after it (see foresee)."""
    return [*tellings(issue, act, by=by), *late_tellings(issue, act)[1]]


def foresee(issue: Issue, row, given: dict, *, limits=None, rules=None) -> Issue:
    """A copy of `issue` as it would be after `row`; what is still to be chosen is empty. `limits`: see deadline_for."""
    after = copy.copy(issue)
    after.state, after.paused_until = row.target, None
    for field in ("body", "meeting", "lead", "addressee"):
        if field in row.needs:
            setattr(after, field, given.get(field) or ("" if field == "addressee" else None))
    deadline = None
    if row.target != State.STEERING or after.meeting:
        deadline = deadline_for(after, limits=limits, rules=rules, pauses=())
    after.due_on = deadline.due if deadline else None
    after.due_words = deadline.words if deadline else ""
    return after


def tell_of(sender, obj, act, record, given, **kwargs) -> None:
    """Receiver of `happened`: write the notices in the transaction of the act."""
    tell(
        tellings(obj, act, by=getattr(record, "by", None) or getattr(record, "user", None)),
        key=key_of(act, record),
        url=obj.get_absolute_url(),
    )
    answer, late = late_tellings(obj, act)
    if answer:
        tell(late, key=key_of("feed_back", answer), url=answer.issue.get_absolute_url())


def key_of(act: str, record) -> str:
    """The key under which an act tells people; a step's is known from the step alone."""
    return f"{record._meta.model_name}:{record.pk}"

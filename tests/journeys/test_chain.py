"""The whole chain in the browser: seven people, from a report to „hilft“, and the ways beside it."""

import datetime as dt

from kim import workdays
from kim.models import Draft, Notice, Role
from steering.escalation import State
from steering.models import Issue
from tests.factories import issue_at, user
from tests.journeys.conftest import REPORTERS

TITLE = "Jobcenter erkennt die Fiktionsbescheinigung nicht an"
SAME = "Fiktionsbescheinigung wird im Jobcenter nicht anerkannt"
SITUATION = "Bis der neue Aufenthaltstitel da ist, werden Leistungen eingestellt, obwohl der Aufenthalt erlaubt ist."
MORE = "Betroffen sind vor allem Familien, deren Titel im selben Monat abläuft."
REASON = "Bitte ergänzen, wie oft das vorkommt."


def report(visitor, title, situation=SITUATION):
    visitor.open("/steering/issues/new/")
    visitor.fill(
        title=title, situation=situation, topic="Verfahrensdauer", legal_areas="SGB II", municipality="Windeck"
    )
    return visitor.press("Melden", within="#meldung", said="Gemeldet. Danke!", exact=True)


def go(visitor, issue, step, button, *, said, **given):
    """Take a step as people do: open it, fill it in, read who will be told, press the button; then what was
    written to them is exactly what was shown.
    """
    issue.refresh_from_db()
    visitor.open(issue.get_absolute_url())
    visitor.press(step, within="#schritte", then=button)
    visitor.fill(**given)
    visitor.settled()
    promised = promises(visitor)
    before = set(Notice.objects.values_list("pk", flat=True))
    visitor.press(button, within="#schritt", said=f"{issue.number}: {said}", exact=True)
    told = {}
    for notice in Notice.objects.exclude(pk__in=before):
        told[notice.text] = told.get(notice.text, 0) + 1
    assert told.keys() == promised.keys()
    for text, number in promised.items():
        assert told[text] == number if number else 0 < told[text] < 5, text
    issue.refresh_from_db()
    return visitor


def promises(visitor) -> dict[str, int]:
    """text → number of people, as the page promises it above the button; 0 where it says „weniger als 5“."""
    found = {}
    area = visitor.page.locator("#schritt .kim-tell__who")
    for who, what in zip(area.locator("dt").all_inner_texts(), area.locator("dt + dd").all_inner_texts(), strict=True):
        number = 1
        if "eldende" in who:
            few = who.startswith("weniger als 5 ")
            number, what = 0 if few else int(who.split()[0]), what.strip().removeprefix("„").removesuffix("“")
        elif "Konten)" in who:
            number = int(who.rsplit("(", 1)[1].split()[0])
        found[what.strip()] = found.get(what.strip(), 0) + number
    return found


def test_seven_people_bring_a_report_to_an_answer_that_helps(people, window):
    anna, ben, clara = window(people.anna), window(people.ben), window(people.clara, width=375)
    coordination, office = window(people.coordination), window(people.office, scheme="dark")
    chair, lead = window(people.chair), window(people.lead)

    # Somebody reports. What is typed is kept; a telephone number is held back until it is gone.
    anna.open("/").press("Melden", within="header nav", then="Worum geht es?")
    anna.fill(title=TITLE, situation=f"{SITUATION} Rückfragen unter 02243 912345.")
    anna.reads("Entwurf gespeichert,")
    assert Draft.of(people.anna, "issue:new").data["title"] == TITLE
    anna.fill(topic="Verfahrensdauer", legal_areas="SGB II", municipality="Windeck")
    anna.press("Melden", within="#meldung", then="02243 912345", exact=True)
    assert not Issue.objects.exists()
    anna.fill(situation=SITUATION)
    anna.press("Melden", within="#meldung", said="Gemeldet. Danke!", exact=True)
    issue = Issue.objects.get()
    assert issue.state == State.COORDINATION
    assert Draft.of(people.anna, "issue:new") is None
    assert anna.page.title().startswith(issue.number)

    # Before it is released, nobody but the coordination and its reporter sees it.
    for stranger in (ben, office, lead):
        assert stranger.page.goto(issue.get_absolute_url()).status == 404

    # The coordination finds it in the inbox and hands it back; the reporter amends it.
    coordination.open("/steering/inbox/").reads(TITLE)
    coordination.press(TITLE, then=SITUATION).reads(*REPORTERS[:1])
    go(coordination, issue, "Zurück zur Ergänzung", "Zurückgeben und mitteilen", reason=REASON, said="Zurückgegeben.")
    anna.open("/").reads(issue.number)
    anna.open(issue.get_absolute_url()).reads(REASON)
    anna.press("Weiterschreiben", then="Worum geht es?")
    anna.fill(situation=f"{SITUATION} {MORE}", frequency="5 bis 10 Fälle")
    anna.press("Melden", within="#meldung", said="Gemeldet. Danke!", exact=True)

    # A second one reports the same; the coordination bundles it and sends the first one on.
    report(ben, SAME)
    second = Issue.objects.latest("pk")
    go(
        coordination,
        second,
        "Bündeln",
        "Bündeln und mitteilen",
        lead=issue.number,
        said="In einem anderen Knackpunkt gebündelt",
    )
    assert second.lead == issue
    ben.open(second.get_absolute_url()).reads(f"Gebündelt mit {issue.number}")
    go(
        coordination, issue, "An die Geschäftsstelle", "Weiterleiten und mitteilen",
        released=True, note="Zwei Meldungen, gleiches Muster.", said="Freigegeben",
    )  # fmt: skip
    assert issue.state == State.STRATEGY

    # A third one begins to type, finds it and joins.
    clara.open("/steering/issues/new/")
    clara.fill(title=TITLE)
    clara.press(TITLE, within="#aehnliche", then="Kennen Sie das auch?")
    clara.does_not_read(*REPORTERS[:2], REASON)
    clara.press("Das kenne ich auch", said="Sie melden mit")
    assert Issue.objects.get(pk=issue.pk).all_reporters().count() == 3

    # The office sees the matter, never who reported it; it waits for others, goes on, and tables it.
    office.open("/steering/inbox/").press(TITLE, then=MORE)
    office.does_not_read(*REPORTERS)
    office.open(issue.get_absolute_url()).reads("weniger als 5 Stellen")
    office.does_not_read(*REPORTERS)
    until = workdays.add_workdays(workdays.today(), 5)
    act(office, "Uhr anhalten", "Uhr anhalten und mitteilen", until=f"{until:%d.%m.%Y}",
        reason="Stellungnahme der Bezirksregierung", said="Die Uhr ist angehalten")  # fmt: skip
    anna.open(issue.get_absolute_url()).reads("Stellungnahme der Bezirksregierung")
    act(office, "Uhr weiterlaufen lassen", "Uhr weiterlaufen lassen und mitteilen", said="Die Uhr läuft wieder")
    go(office, issue, "Auf die Tagesordnung", "Auf die Tagesordnung setzen", said="Auf die Tagesordnung")
    office.does_not_read(*REPORTERS)

    # The chair says how far it reaches and gives it to the group of that place.
    chair.open("/").reads(TITLE)
    chair.does_not_read(*REPORTERS)
    go(chair, issue, "Zuweisen", "Zuweisen und mitteilen", reach="örtlich", body=str(people.group),
       reason="Das Problem zeigt sich nur an einem Ort.", said="Einer Projektgruppe zugewiesen")  # fmt: skip
    assert (issue.state, issue.body) == (State.PROJECT, people.group)

    # The project group works: an interim report, a measure, a proposal.
    lead.open("/").press(TITLE, then=MORE)
    lead.does_not_read(*REPORTERS)
    act(lead, "Zwischenbericht geben", "Zwischenbericht geben und mitteilen",
        text="Jobcenter und Ausländeramt haben sich getroffen.", said="Der Zwischenbericht ist mitgeteilt")  # fmt: skip
    in_a_month = workdays.today() + dt.timedelta(days=30)
    act(lead, "Maßnahme festhalten", "Maßnahme festhalten", text="Merkblatt entwerfen", owner="Jobcenter",
        due_on=f"{in_a_month:%d.%m.%Y}", said="Die Maßnahme ist festgehalten")  # fmt: skip
    lead.press("Erledigt", said="Die Maßnahme ist erledigt")
    go(lead, issue, "Lösung vorlegen", "Vorlegen und mitteilen",
       proposal="Beide Stellen nutzen künftig ein gemeinsames Merkblatt.", said="Lösung vorgelegt")  # fmt: skip

    # The chair solves it, the coordination answers everybody who reported.
    go(chair, issue, "Gelöst", "Ergebnis festhalten", outcome="gelöst", said="Ergebnis festgehalten",
       result="Das Merkblatt gilt ab sofort in beiden Stellen.")  # fmt: skip
    answer = "Ab sofort genügt die Fiktionsbescheinigung. Das Merkblatt liegt in beiden Stellen aus."
    go(coordination, issue, "Rückmelden", "Allen Meldenden antworten", feedback=answer, said="Rückgemeldet an alle")

    # Everybody who reported reads it, and it is seen that they did. It helps.
    for reporter in (ben, clara):
        reporter.open("/")
        reporter.open(issue.get_absolute_url()).reads(answer, "von einigen gelesen")
    anna.open("/").reads("Die Antwort auf Ihre Meldung ist da")
    go(anna, issue, "Hilft – abschließen", "Hilft – abschließen", informed="Beratungsstellen im Ort",
       experience="Seitdem keine Unterbrechung mehr.", said="Hilft in der Praxis – abgeschlossen")  # fmt: skip
    assert issue.state == State.CLOSED
    coordination.open(issue.get_absolute_url()).reads("gelesen von 3 von 3", "„Hilft“: 1", *REPORTERS)
    anna.picture("weg-abgeschlossen")


def act(visitor, name, button, *, said, **given):
    """Something beside the steps, on the page where the visitor stands."""
    visitor.press(name, within="#schritte", then=button).fill(**given)
    return visitor.press(button, within="#schritt", said=said, exact=True)


def test_the_short_way_leads_to_a_group_at_once_and_an_answer_that_does_not_help_comes_back(people, window):
    issue = issue_at(State.STRATEGY, reported_by=people.anna, municipality=people.place, title=TITLE)
    office, lead, anna = window(people.office), window(people.lead), window(people.anna)
    go(office, issue, "Kurzer Dienstweg", "Sofort zuweisen und mitteilen", reach="örtlich", body=str(people.group),
       reason="Die nächste Sitzung käme zu spät.", said="Auf kurzem Dienstweg")  # fmt: skip
    assert issue.state == State.PROJECT
    lead.open("/").reads(TITLE)
    go(lead, issue, "Gelöst", "Ergebnis festhalten", outcome="gelöst", result="Beide Stellen sprechen sich ab.",
       said="Ergebnis festgehalten")  # fmt: skip
    coordination = window(people.coordination)
    go(coordination, issue, "Rückmelden", "Allen Meldenden antworten", said="Rückgemeldet")
    go(
        anna,
        issue,
        "Hilft nicht",
        "Wieder aufnehmen",
        reason="Die Absprache ist nicht bekannt.",
        said="Wieder aufgenommen",
    )
    assert issue.state == State.COORDINATION
    coordination.open("/steering/inbox/").reads(TITLE)


def test_what_is_not_pursued_is_answered_all_the_same(people, window):
    issue = issue_at(State.COORDINATION, reported_by=people.anna, municipality=people.place, title=TITLE)
    coordination, anna = window(people.coordination), window(people.anna)
    why = "Dafür gibt es seit kurzem ein Verfahren beim Jobcenter."
    go(coordination, issue, "Nicht weiterverfolgen", "Nicht weiterverfolgen", reason=why, said="Nicht weiterverfolgt")
    go(coordination, issue, "Rückmelden", "Allen Meldenden antworten", said="Rückgemeldet")
    anna.open(issue.get_absolute_url()).reads(why)


def test_two_people_at_the_same_step_and_the_second_is_told_who_was_first(people, window):
    issue = issue_at(State.COORDINATION, reported_by=people.anna, municipality=people.place, title=TITLE)
    first, second = window(people.coordination), window(user(Role.COORDINATION, name="Koordinierung, zweites Konto"))
    text = "Das gehört zur Meldung aus dem Nachbarort, deshalb zurück."
    second.open(issue.get_absolute_url()).press("Zurück zur Ergänzung", within="#schritte", then="Zurückgeben")
    second.fill(reason=text)
    go(
        first,
        issue,
        "An die Geschäftsstelle",
        "Weiterleiten und mitteilen",
        released=True,
        said="Freigegeben",
    )
    with second.page.expect_response("**/hand_back/") as answer:
        second.press("Zurückgeben und mitteilen", within="#schritt", then="Der Schritt ging nicht")
    assert answer.value.status == 409
    second.reads(text, "„An die Geschäftsstelle“ wurde am", "(Koordinierung Case Management)")
    issue.refresh_from_db()
    assert issue.state == State.STRATEGY

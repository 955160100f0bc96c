"""One whole meeting: planned, invited to, held with three issues decided, written down, approved and read."""

import datetime as dt

from kim import workdays
from kim.models import Notice, Role
from steering.escalation import State
from steering.models import Issue, Meeting, Minutes, Resolution
from tests.factories import issue_at, project_group, steering_group, user

DAY = dt.timedelta(days=1)


def plan(office):
    """The meeting, by the form."""
    there = workdays.next_workday(workdays.today() + 30 * DAY)
    office.open("/steering/meetings/").press("Sitzung planen", then="Beginn")
    office.fill(day=f"{there:%d.%m.%Y}", hour="14:00", place="Kreishaus Siegburg", title="4. Sitzung")
    office.press("Planen", said="Geplant", exact=True)
    return Meeting.objects.get(title="4. Sitzung")


def bring(office, issue, meeting):
    office.open(issue.get_absolute_url()).press("Auf die Tagesordnung", within="#schritte", then="Sitzung der")
    office.fill(meeting=str(meeting.title)).settled()
    office.press("Auf die Tagesordnung setzen", within="#schritt", said=f"{issue.number}:", exact=True)


def let_the_day_come(meeting):
    """It began a minute ago. Nothing else of it changes, as nothing does when days pass."""
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=workdays.now() - dt.timedelta(minutes=1))


def decide(office, meeting, issue, choice, **given):
    item = meeting.agenda.get(issue=issue)
    office.open(f"/steering/meetings/{meeting.pk}/conduct/?item={item.pk}").press(choice, then="Beschluss")
    office.fill(**given).settled()
    before = set(Notice.objects.values_list("pk", flat=True))
    office.page.locator("#beschluss button[type=submit]").last.click()
    office.look().reads("erledigt")
    issue.refresh_from_db()
    made = Resolution.objects.get(agenda_item=item)
    assert made.step == issue.steps_taken.order_by("-no").first()
    return made, {notice.recipient for notice in Notice.objects.exclude(pk__in=before)}


def test_a_meeting_from_its_planning_to_its_minutes(people, window):
    steering_group().meetings.all().delete()
    wide = project_group("thematic", lead=user(Role.PROJECT_GROUP, name="Leitung der Projektgruppe Leistungen"))
    local, thematic, declined = (
        issue_at(State.STRATEGY, reported_by=reporter, municipality=people.place)
        for reporter in (people.anna, people.ben, people.clara)
    )
    office, chair = window(people.office), window(people.chair, width=375)

    # Before it: planned, what is tabled stands on its agenda, the members are invited.
    meeting = plan(office)
    for issue in (local, thematic, declined):
        bring(office, issue, meeting)
    office.open(meeting.get_absolute_url()).reads("zur Entscheidung")
    office.press("Einladen").press("Einladen", said="bekommt die Einladung")
    chair.open(meeting.get_absolute_url()).reads("eingeladen am")

    # In it: who is there, and three decisions. Each moves its issue and reaches whoever reported it.
    let_the_day_come(meeting)
    office.open(f"/steering/meetings/{meeting.pk}/conduct/").press("Anwesenheit eintragen", then="Gäste")
    for field in office.page.locator("main select[name^=seat_], main input[name^=seat_][value=present]").all():
        field.select_option("present") if field.evaluate("e => e.type") == "select-one" else field.check()
    office.press("Speichern", exact=True)
    office.open(f"/steering/meetings/{meeting.pk}/conduct/").press("Sitzung eröffnen", then="beschlussfähig")

    made, told = decide(
        office, meeting, local, "Zuweisen", reach="örtlich", body=people.group.name,
        text="Betroffen ist ein Ort. Die Gruppe klärt die Absprache.", how="im Konsens",
    )  # fmt: skip
    assert (local.state, local.body, made.owner_body, made.due_on) == (
        State.PROJECT, people.group, people.group, local.due_on,
    )  # fmt: skip
    assert {people.anna, people.lead} <= told
    made, told = decide(
        office, meeting, thematic, "Zuweisen", reach="kreisweit", body=wide.name,
        text="Zwei Häuser sind zuständig, im ganzen Kreis.", how="im Konsens",
    )  # fmt: skip
    assert (thematic.state, thematic.body) == (State.PROJECT, wide)
    assert {people.ben, *wide.leads()} <= told
    made, told = decide(
        office, meeting, declined, "Nicht weiterverfolgen", how="im Konsens",
        text="Das regelt seit diesem Monat ein Erlass des Landes.",
    )  # fmt: skip
    assert (declined.state, declined.result) == (State.FEEDBACK_DUE, made.text)
    assert {people.clara, people.coordination} <= told
    window(people.ben).open(thematic.get_absolute_url()).reads(str(wide))

    office.open(f"/steering/meetings/{meeting.pk}/conduct/").press(
        "Sitzung schließen", then="Alle Punkte sind behandelt"
    )
    office.press("Sitzung schließen", exact=True).reads("geschlossen")

    # After it: the minutes are drawn from what was recorded, sent, and approved once nobody objected.
    office.open(f"/steering/meetings/{meeting.pk}/minutes/").reads("Das regelt seit diesem Monat")
    office.press("Eröffnung und Schluss").fill(opening="Der Vorsitz begrüßt die Mitglieder.")
    office.press("Speichern", exact=True, said="espeichert")
    office.press("Versenden").press("Versenden", exact=True).reads("Einwendungen bis")
    chair.open(f"/steering/meetings/{meeting.pk}/minutes/").reads("Der Vorsitz begrüßt die Mitglieder.")
    Minutes.objects.filter(meeting=meeting).update(objections_until=workdays.today() - DAY)
    office.open(f"/steering/meetings/{meeting.pk}/minutes/").press("Genehmigen")
    office.press("Genehmigen", exact=True).reads("genehmigt am")
    anna = window(people.anna)
    anna.open(f"/steering/meetings/{meeting.pk}/minutes/").reads("genehmigt am", local.title)
    assert Issue.objects.filter(state=State.STEERING).count() == 0

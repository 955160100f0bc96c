"""Betrieb, Rechte and Protokoll: who may look, what they say, and that they say nothing of content."""

import datetime as dt
from importlib import import_module
from itertools import combinations

import pytest
from django.urls import reverse

from kim import jobs, tasks, trail, trail_chain, workdays
from kim.celery import TIMETABLE
from kim.models import Draft, JobRun, Mail, Role, TrailCheck, TrailEntry
from kim.views.operation import FRESH, WORDS
from steering import matrix
from steering.access import visible_issues
from steering.escalation import ESCALATION, State
from steering.models import Issue
from tests.factories import county, issue_at, user
from tests.pdf_text import text_of
from tests.world import world

PAGES = {
    "kim:operation": {Role.ADMIN},
    "kim:access_matrix": {Role.ADMIN, Role.AUDIT},
    "kim:trail": {Role.AUDIT},
    "kim:trail_state": {Role.AUDIT},
}


@pytest.mark.django_db
@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("page", PAGES)
def test_each_page_is_for_those_it_is_for(client, page, role):
    client.force_login(user(role))
    answer = client.get(reverse(page))
    assert answer.status_code == (200 if role in PAGES[page] else 403)


@pytest.mark.django_db
class TestOperation:
    @pytest.fixture(autouse=True)
    def admin(self, client):
        self.user = user(Role.ADMIN)
        client.force_login(self.user)

    def page(self, client):
        return client.get(reverse("kim:operation")).content.decode()

    def test_every_job_of_the_timetable_has_words_and_a_limit(self):
        assert set(WORDS) == set(TIMETABLE)
        assert set(TIMETABLE) - set(FRESH) == {"reminders", "digests", "subscriptions"}

    def test_before_the_first_beat_it_says_so(self, client):
        assert "noch kein Herzschlag" in self.page(client)

    def test_a_job_that_ran_runs(self, client):
        tasks.heartbeat()
        assert self.page(client).count("läuft<") >= 2  # the figure and the row

    def test_a_job_that_has_not_ended_for_long_stands_still(self, client):
        tasks.heartbeat()
        JobRun.objects.update(finished_at=workdays.now() - dt.timedelta(minutes=3))
        assert "steht still" in self.page(client)

    def test_an_error_is_shown_without_what_it_said(self, client):
        with pytest.raises(ValueError, match="Beispiel"), jobs.run("pauses"):
            raise ValueError("Frau Beispiel")
        page = self.page(client)
        assert "ValueError" in page
        assert "Beispiel" not in page

    def test_a_good_run_clears_the_error_and_a_bad_one_keeps_the_last_good_end(self):
        with jobs.run("pauses") as report:
            report.result = "1 Pause beendet"
        first = JobRun.objects.get().finished_at
        with pytest.raises(KeyError), jobs.run("pauses"):
            raise KeyError("x")
        run = JobRun.objects.get()
        assert (run.finished_at, run.error[:8]) == (first, "KeyError")
        with jobs.run("pauses"):
            pass
        assert JobRun.objects.get().error == ""

    def failed(self, no, **fields):
        made = {"key": f"mail:{no}", "to": f"u{no}@kim.example", "subject": "Betreffzeile", "body": "Geheimer Text"}
        made |= {"state": "failed", "attempts": 8, "last_error": "Der Mailserver hat abgelehnt (SMTPDataError 554)"}
        return Mail.objects.create(**made | fields)

    def test_failed_mail_is_shown_with_its_reason_and_without_its_text(self, client):
        self.failed(1)
        page = self.page(client)
        assert "SMTPDataError 554" in page
        assert "u1@kim.example" in page
        assert "Geheimer Text" not in page
        assert "Betreffzeile" not in page

    def test_one_or_all_are_sent_again(self, client):
        mails = [self.failed(no) for no in range(3)]
        client.post(reverse("kim:mail_resend", args=[mails[0].pk]))
        assert Mail.objects.filter(state="queued").count() == 1
        client.post(reverse("kim:mail_resend_all"))
        assert Mail.objects.filter(state="queued").count() == 3
        assert client.post(reverse("kim:mail_resend", args=[mails[0].pk]), follow=True).status_code == 200

    def test_only_administration_sends_again(self, client):
        mail = self.failed(1)
        client.force_login(user(Role.COORDINATION))
        assert client.post(reverse("kim:mail_resend", args=[mail.pk])).status_code == 403
        assert client.post(reverse("kim:mail_resend_all")).status_code == 403
        mail.refresh_from_db()
        assert mail.state == "failed"

    def test_many_failures_cost_what_few_cost(self, client, django_assert_max_num_queries):
        self.page(client)  # the first page of a session also saves it
        counted = []
        for start, number in ((0, 3), (10, 60)):
            for no in range(start, start + number):
                self.failed(no)
            with django_assert_max_num_queries(12) as count:
                self.page(client)
            counted.append(len(count.captured_queries))
        assert counted[0] == counted[1]


@pytest.mark.django_db
def test_sweeping_up_deletes_what_served_its_time_and_nothing_else():
    me = user()
    with workdays.as_of(workdays.now() - dt.timedelta(days=181)):
        Draft.keep(me, "alt", {"a": 1})
        Mail.objects.create(key="mail:old", to="a@example.org", subject="S", state="failed")
        Mail.objects.create(key="mail:waiting", to="a@example.org", subject="S")
    Draft.keep(me, "neu", {"a": 1})
    tasks.sweep_up()
    assert [draft.key for draft in Draft.objects.all()] == ["neu"]
    assert [mail.key for mail in Mail.objects.all()] == ["mail:waiting"]
    assert JobRun.objects.get(job="sweep").result.startswith("gelöscht: 1 Entwürfe, 1 Mails")


class TestTheMatrix:
    def cells(self, key, label):
        table = next(table for table in matrix.tables() if table.key == key)
        return dict(zip(Role, dict(table.rows)[label], strict=True))

    @pytest.mark.django_db
    def test_it_asks_the_rules(self):
        cells = self.cells("schritte", "An die Geschäftsstelle, Vier-Augen-Prinzip (Koordinierung Case Management)")
        assert {role for role, cell in cells.items() if cell} == {Role.COORDINATION}
        assert self.cells("schritte", "Melden (Entwurf)")[Role.CASE_MANAGER] == "eigene"
        assert self.cells("sonst", "Namen der Meldenden")[Role.STRATEGIC_OFFICE] == ""

    @pytest.mark.django_db
    def test_administration_and_audit_carry_no_content(self):
        for table in matrix.tables():
            if table.key in {"schritte", "sicht", "beitragen"}:
                for label, cells in table.rows:
                    found = dict(zip(Role, cells, strict=True))
                    assert found[Role.ADMIN] == found[Role.AUDIT] == "", label

    @pytest.mark.django_db
    def test_a_setting_of_the_county_shows_at_once(self):
        label = "An die Geschäftsstelle melden (Entwurf)"
        assert self.cells("schritte", label)[Role.CASE_MANAGER] == ""
        county(direct_reporting=True)
        assert self.cells("schritte", label)[Role.CASE_MANAGER] == "eigene"

    @pytest.mark.django_db
    @pytest.mark.parametrize("state", [State.COORDINATION, State.STRATEGY, State.STEERING, State.FED_BACK])
    def test_what_it_says_of_sight_is_what_the_database_answers(self, state):
        issue = issue_at(state)
        for role, cell in self.cells("sicht", state.label).items():
            if role in {Role.STEERING_GROUP, Role.PROJECT_GROUP}:
                continue  # the sample sits in a group, a bare account does not
            sees = Issue.objects.filter(visible_issues(user(role)), pk=issue.pk).exists()
            assert sees == (cell in {"ganz", "Sache"}), role

    @pytest.mark.django_db
    def test_every_row_of_the_table_of_steps_is_in_it(self):
        table = next(table for table in matrix.tables() if table.key == "schritte")
        assert len(table.rows) == len(ESCALATION.rows)
        assert all(any(cells) for label, cells in table.rows if "An die Geschäftsstelle melden" not in label)

    @pytest.mark.django_db
    def test_the_page_asks_the_database_seldom(self, client, django_assert_max_num_queries):
        client.force_login(user(Role.AUDIT))
        with django_assert_max_num_queries(12):
            page = client.get(reverse("kim:access_matrix")).content.decode()
        assert "Schritte eines Knackpunkts" in page


@pytest.mark.django_db
class TestTheTrail:
    @pytest.fixture
    def auditor(self, client):
        auditor = user(Role.AUDIT)
        client.force_login(auditor)
        return auditor

    def rows(self, client, **query):
        return [entry.pk for entry in client.get(reverse("kim:trail"), query).context["page"]]

    def test_it_can_be_narrowed_by_person_act_and_time(self, client, auditor):
        one, other = user(), user()
        with workdays.as_of(dt.date(2026, 3, 2)):
            early = trail.record("absence.arrange", one, by=one)
        with workdays.as_of(dt.date(2026, 4, 2)):
            late = trail.record("absence.end", one, by=other)
        assert self.rows(client)[:2] == [late.pk, early.pk]
        assert self.rows(client, by=one.pk) == [early.pk]
        assert self.rows(client, act="absence.end") == [late.pk]
        assert self.rows(client, first="01.04.2026", last="02.04.2026") == [late.pk]
        assert self.rows(client, last="01.04.2026") == [early.pk]

    @pytest.mark.parametrize(
        "query", [{"by": "x"}, {"act": "nix"}, {"first": "31.02.2026"}, {"after": "\0"}, {"by": "9" * 30}]
    )
    def test_what_cannot_be_read_is_said_and_left_out(self, client, auditor, query):
        trail.record("absence.end", auditor, by=auditor)
        answer = client.get(reverse("kim:trail"), query)
        assert answer.status_code == 200
        assert len(answer.context["page"]) == 1

    def test_the_latest_comes_first_whenever_it_was_written_down(self, client, auditor):
        with workdays.as_of(dt.date(2026, 4, 2)):
            late = trail.record("absence.end", auditor, by=auditor)
        with workdays.as_of(dt.date(2026, 3, 2)):
            early = [trail.record("absence.end", auditor, by=auditor) for _ in range(50)]
        assert self.rows(client) == [late.pk, *(entry.pk for entry in early[:0:-1])]
        following = client.get(reverse("kim:trail"), {"after": client.get(reverse("kim:trail")).context["page"].after})
        assert [entry.pk for entry in following.context["page"]] == [early[0].pk]

    def test_what_a_row_is_about_has_a_german_name_and_the_number_people_know_it_by(self, client):
        seen = world()
        client.force_login(seen.people[Role.AUDIT])
        about, after = [], ""
        while True:
            page = client.get(reverse("kim:trail"), {"after": after}).context["page"]
            about += [entry.about for entry in page]
            after = page.after
            if not after:
                break
        assert f"Fall {seen.its.case.pk}" in about
        assert not [words for words in about if "RSK-" in words], "the number of a case is for those who see it"
        assert f"Knackpunkt {seen.issues[State.COORDINATION]}" in about
        assert not [words for words in about if "." in words]
        today = client.get(reverse("kim:today")).text
        assert "casework." not in today
        assert "steering." not in today

    def test_every_model_an_act_is_about_has_a_name(self):
        models = {label.split(".")[1] for label in trail.KINDS}
        loaded = {"codes", "checklists", "limit"}  # acts on the county or a time limit
        assert {act.split(".")[0] for act in trail.ACTS} <= models | loaded

    def test_it_shows_no_content_of_issues(self, client, auditor):
        issue_at(State.STEERING, title="Wartezeit beim Amt")
        assert "Wartezeit" not in client.get(reverse("kim:trail")).content.decode()

    def test_many_cost_what_few_cost(self, client, auditor, django_assert_max_num_queries):
        self.rows(client)  # the first page of a session also saves it
        counted = []
        for number in (3, 60):
            for _ in range(number):
                trail.record("absence.end", auditor, by=user())
            with django_assert_max_num_queries(12) as count:
                client.get(reverse("kim:trail"))
            counted.append(len(count.captured_queries))
        assert counted[0] == counted[1]

    def test_every_act_written_anywhere_has_a_name(self):
        import pathlib
        import re

        from django.conf import settings

        acts = set()
        for floor in ("kim", "steering"):
            for path in pathlib.Path(settings.BASE_DIR, floor).rglob("*.py"):
                acts |= set(re.findall(r'(?:trail\.record\(\s*|act=)"([a-z_]+\.[a-z_]+)"', path.read_text()))
        assert acts <= set(trail.ACTS)
        assert TrailEntry._meta.get_field("act").max_length >= max(map(len, trail.ACTS))


@pytest.mark.django_db
class TestWhatIsFoundOnIt:
    @pytest.fixture
    def auditor(self, client):
        auditor = user(Role.AUDIT)
        client.force_login(auditor)
        return auditor

    def rows(self, client, **query):
        return [entry.pk for entry in client.get(reverse("kim:trail"), query).context["page"]]

    def test_who_has_seen_is_one_click(self, client, auditor):
        one = user()
        made = {
            act: trail.record(act, one, by=one).pk for act in ("user.read", "user.export", "user.move", "issue.edit")
        }
        old = trail.record("wire.cut", one, by=one).pk  # of a release whose words are gone
        found = {group: set(self.rows(client, group=group)) for group in trail.GROUPS}
        assert found["seen"] == {made["user.read"]}
        assert found["exported"] == {made["user.export"]}
        assert found["administered"] == {made["user.move"]}
        assert found["changed"] == {made["issue.edit"], old}
        assert "aria-current" in client.get(reverse("kim:trail"), {"group": "seen"}).text.split("kim-kinds")[1][:400]

    def test_every_act_comes_to_something_and_no_act_has_two_words(self):
        assert {trail.group_of(act) for act in trail.ACTS} == set(trail.GROUPS) - self.without_a_row_yet()
        assert {act for group in trail.GROUPS for act in trail.acts_of(group)} == set(trail.ACTS)
        told = [import_module(f"{app}.on_record").ACTS for app in ("steering", "casework", "funding", "reports")]
        doubled = [act for one, other in combinations(told, 2) for act in one.keys() & other.keys()]
        assert not doubled

    @staticmethod
    def without_a_row_yet():
        return set() if any(act.startswith("user.sign_in") for act in trail.ACTS) else {"signed_in"}

    def test_what_something_is_about_is_found_by_kind_and_number(self, client, auditor):
        issue = issue_at(State.COORDINATION)
        about = set(trail.of(issue).values_list("pk", flat=True))
        assert set(self.rows(client, kind="steering.issue", number=issue.number)) == about
        assert set(self.rows(client, kind="steering.issue", number=issue.pk)) == about
        assert set(self.rows(client, number=issue.number)) == about
        assert self.rows(client, kind="casework.case", number=issue.number) == []
        listed = trail.record_list("case.listed", Issue, [issue.pk, 999], by=auditor)
        assert listed.pk in self.rows(client, number=issue.pk, group="seen")
        assert self.rows(client, number="99") == []

    @pytest.mark.parametrize("kind", ["csv", "xlsx"])
    def test_what_was_found_is_handed_out_and_that_is_on_record(self, client, auditor, kind):
        one = user(name="Petra Marke")
        row = trail.record("absence.end", one, by=one, note="=1+1")
        trail.record("absence.arrange", one, by=user())
        trail_chain.link()
        answer = client.get(reverse("kim:trail_export", args=[kind]), {"act": "absence.end"})
        content = b"".join(answer)
        if kind == "csv":
            head, *lines = content.decode("utf-8-sig").splitlines()
            assert head.startswith("Zeile;Stelle in der Kette;Zeit;Wer;")
            assert len(lines) == 1
            assert lines[0].startswith(f"{row.pk};{row.link.position};")
            assert lines[0].endswith(";'=1+1")
        told = TrailEntry.objects.get(act="trailentry.export")
        assert (told.by, told.note) == (auditor, f"{kind.upper()}, 1 Zeilen, eingegrenzt nach Vorgang")
        assert client.get(reverse("kim:trail_export", args=["pdf"])).status_code == 404

    def test_the_page_of_proof_shows_anchors_findings_and_the_key(self, client, auditor, django_assert_max_num_queries):
        trail.record("absence.end", auditor, by=auditor)
        made = trail_chain.anchor(workdays.today() - dt.timedelta(days=1))
        TrailCheck.objects.create(
            rows=1, links=1, anchors=1, found=1, findings=[{"kind": "missing", "where": "Stelle 4", "words": "fehlt"}]
        )
        with django_assert_max_num_queries(12):
            shown = client.get(reverse("kim:trail_state")).text
        assert "Stelle 4" in shown
        assert "BEGIN PUBLIC KEY" in shown
        assert made.digest[:16] in shown
        assert "nicht unversehrt" in client.get(reverse("kim:trail")).text
        paper = text_of(client.get(reverse("kim:trail_anchor", args=[made.pk])).content)
        assert trail_chain.anchors_in(paper)[0].line == made.line
        assert TrailEntry.objects.get(act="trailanchor.print").by == auditor

    def test_administrators_read_on_their_page_whether_it_is_whole(self, client):
        client.force_login(user(Role.ADMIN))
        assert "unversehrt" not in client.get(reverse("kim:operation")).text
        tasks.link_trail()
        tasks.anchor_trail()
        tasks.check_trail()
        assert "unversehrt" in client.get(reverse("kim:operation")).text
        rows = JobRun.objects.filter(job__in=["link_trail", "anchor_trail", "check_trail"], error="")
        assert rows.filter(finished_at__isnull=False).count() == 3

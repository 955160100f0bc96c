"""The outbox, with a real mail server in the process: nothing is lost, nothing sent twice, nothing personal kept."""

import datetime as dt
import email
import smtplib
import socket
import threading

import pytest
from aiosmtpd.controller import Controller
from django.core.mail import EmailMessage, send_mail
from django.db import connection
from django.urls import reverse

from kim import mail, workdays
from kim.models import Mail, Role, TrailEntry
from tests.factories import user

NOON = dt.datetime(2026, 4, 13, 12, 0, tzinfo=workdays.BERLIN)


class Postbox:
    """What the server took in; `answer` is what it says to the next message, `refuse` to the next address."""

    def __init__(self):
        self.taken, self.answer, self.refuse = [], "250 OK", ""
        self.gate = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.answer.startswith("250"):
            self.taken.append(email.message_from_bytes(envelope.content))
        return self.answer


@pytest.fixture
def server(settings):
    """A mail server on a free port of the loopback, and KIM told to use it."""
    box = Postbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    box.controller = Controller(box, hostname="127.0.0.1", port=port)
    settings.KIM_MAIL_TRANSPORT = "smtp"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 5
    box.controller.start()
    yield box
    if box.controller.loop.is_running():
        box.controller.stop()


def letter(no=1, **fields):
    made = {
        "key": f"mail:{no}",
        "to": f"u{no}@kim.example",
        "subject": "Kennwort",
        "body": "Bitte hier entlang: geheim",
    }
    return Mail.objects.create(**made | fields)


def text_of(message):
    return message.get_payload(decode=True).decode()


@pytest.mark.django_db
class TestIntoTheOutbox:
    def test_every_recipient_gets_a_row_and_is_found_by_address(self):
        somebody = user(email="Windeck@kim.example")
        send_mail("Kennwort", "Text", None, ["windeck@kim.example", "fremd@example.org"])
        rows = Mail.objects.order_by("pk")
        assert [(row.to, row.recipient, row.state) for row in rows] == [
            ("windeck@kim.example", somebody, "queued"),
            ("fremd@example.org", None, "queued"),
        ]

    def test_the_same_key_is_queued_once(self):
        assert mail.queue(key="digest:1:2026-04-13", to="a@example.org", subject="A", body="B") is not None
        assert mail.queue(key="digest:1:2026-04-13", to="a@example.org", subject="C", body="D") is None
        assert Mail.objects.get().subject == "A"

    def test_attachments_are_refused_rather_than_lost(self):
        with pytest.raises(ValueError, match="text only"):
            EmailMessage("S", "B", None, ["a@example.org"], attachments=[("a.txt", "x", "text/plain")]).send()

    def test_a_knock_that_nobody_hears_breaks_nothing(self, monkeypatch):
        def deaf(*args, **kwargs):
            raise OSError("no broker")

        monkeypatch.setattr(mail.celery, "send_task", deaf)
        mail.knock()
        assert letter().state == "queued"

    def test_a_forgotten_password_is_answered_by_a_row(self, client):
        user(email="a@kim.example")
        client.post(reverse("account_reset_password"), {"email": "a@kim.example"})
        assert "/konto/" in Mail.objects.get(to="a@kim.example").body


@pytest.mark.django_db
class TestOutOfTheOutbox:
    def test_a_mail_leaves_with_its_own_message_id_and_its_text_is_not_kept(self, server):
        row = letter()
        assert str(mail.send_due()) == "1 versandt"
        (got,) = server.taken
        assert got["Message-ID"] == f"<kim-mail-{row.pk}@localhost>"
        assert got["To"] == "u1@kim.example"
        assert "geheim" in text_of(got)
        row.refresh_from_db()
        assert (row.state, row.body, row.attempts) == ("sent", "", 1)
        assert row.sent_at

    def test_a_calendar_entry_leaves_in_both_ways_calendars_know_and_is_not_kept(self, server):
        entry = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n"
        mail.queue(key="invitation:1", to="a@kim.example", subject="Absage", body="Abgesagt.", calendar=entry)
        mail.send_due()
        (got,) = server.taken
        kinds = {part.get_content_type(): part for part in got.walk()}
        assert kinds["text/calendar"].get_param("method") == "CANCEL"
        assert kinds["text/calendar"].get_content_charset() == "utf-8"
        assert kinds["application/ics"].get_filename() == "invite.ics"
        for kind in ("text/calendar", "application/ics"):
            words = kinds[kind].get_payload(decode=True).decode().splitlines()
            assert words == entry.splitlines()
        assert Mail.objects.get().calendar == ""

    def test_a_digest_keeps_its_lines(self, server):
        row = letter(key="digest:1:2026-04-13")
        mail.send_due()
        row.refresh_from_db()
        assert row.body

    def test_what_is_sent_is_not_sent_again(self, server):
        for no in range(5):
            letter(no)
        mail.send_due()
        mail.send_due()
        assert len(server.taken) == 5

    def test_a_server_that_is_away_puts_off_and_does_not_lose(self, server):
        rows = [letter(no) for no in (1, 2)]
        server.controller.stop()
        with workdays.as_of(NOON):
            Mail.objects.update(next_try_at=NOON)
            assert str(mail.send_due()) == "0 versandt, 1 verschoben"  # it does not knock at a closed door twice
        rows[0].refresh_from_db()
        assert rows[0].next_try_at == NOON + dt.timedelta(minutes=1)
        assert rows[0].last_error == "Der Mailserver ist nicht erreichbar (ConnectionRefusedError)"
        server.controller = Controller(server, hostname="127.0.0.1", port=server.controller.port)
        server.controller.start()
        with workdays.as_of(NOON + dt.timedelta(minutes=2)):
            mail.send_due()
        assert sorted(message["Message-ID"] for message in server.taken) == [mail.message_id(row) for row in rows]

    def test_tries_are_further_and_further_apart_and_end_after_the_eighth(self, server):
        server.answer = "451 try later"
        row, moment, waited = letter(next_try_at=NOON), NOON, []
        for _ in range(20):
            with workdays.as_of(moment):
                mail.send_due()
            row.refresh_from_db()
            if row.state == "failed":
                break
            waited.append((row.next_try_at - moment).seconds // 60)
            moment = row.next_try_at
        assert waited == [1, 5, 15, 60, 120, 240, 480]
        assert (row.state, row.attempts, row.sent_at) == ("failed", 8, None)
        assert row.last_error == "Der Mailserver hat abgelehnt (SMTPDataError 451)"
        assert "@" not in row.last_error

    def test_an_address_refused_for_good_fails_at_once_and_the_next_mail_still_leaves(self, server):
        server.refuse = "550 no such user u1@kim.example"
        row = letter()
        mail.send_due()
        row.refresh_from_db()
        assert (row.state, row.attempts) == ("failed", 1)
        assert row.last_error == "Der Mailserver nimmt die Adresse nicht an (SMTPRecipientsRefused 550)"
        server.refuse = ""
        letter(2)
        mail.send_due()
        assert len(server.taken) == 1

    def test_a_claimed_mail_belongs_to_its_sweep_until_the_lease_ends(self, server):
        row = letter(next_try_at=NOON)
        with workdays.as_of(NOON):
            next(iter(mail._claimed(10)))  # and then that sweep was killed
            mail.send_due()
        assert server.taken == []
        with workdays.as_of(NOON + mail.LEASE):
            mail.send_due()
        assert [message["Message-ID"] for message in server.taken] == [mail.message_id(row)]

    def test_a_sweep_that_lost_its_lease_does_not_reopen_what_another_sent(self, server):
        letter(next_try_at=NOON)
        with workdays.as_of(NOON):
            stale = next(iter(mail._claimed(10)))
        with workdays.as_of(NOON + mail.LEASE):
            mail.send_due()
        mail._put_off(stale, smtplib.SMTPServerDisconnected("late"), mail.Sent())
        assert Mail.objects.get().state == "sent"


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_send_each_mail_once(server):
    for no in range(30):
        letter(no)
    wrong = []

    def run():
        try:
            mail.send_due()
        except Exception as error:
            wrong.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    ids = [message["Message-ID"] for message in server.taken]
    assert len(ids) == len(set(ids)) == 30
    assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 1)}


@pytest.mark.django_db
class TestTheFolder:
    @pytest.fixture(autouse=True)
    def _folder(self, settings, tmp_path):
        settings.KIM_MAIL_TRANSPORT, settings.DATA_DIR = "files", tmp_path

    def test_a_mail_is_one_complete_file_and_its_text_stays_to_be_read(self, tmp_path):
        row = letter()
        mail.send_due()
        (file,) = (tmp_path / "mail").iterdir()
        assert email.message_from_bytes(file.read_bytes())["Message-ID"] == mail.message_id(row)
        row.refresh_from_db()
        assert "geheim" in row.body

    def test_a_second_copy_replaces_the_first(self, tmp_path):
        row = letter()
        mail.send_due()
        Mail.objects.update(state="queued", sent_at=None)
        mail.send_due()
        assert [file.name for file in (tmp_path / "mail").iterdir()] == [f"kim-mail-{row.pk:08d}.eml"]

    def test_everybody_reads_their_own_mail_only(self, client):
        me, other = user(), user()
        mine = letter(1, recipient=me)
        foreign = letter(2, recipient=other, subject="Fremd")
        client.force_login(me)
        page = client.get(reverse("kim:mail_list"))
        assert "Kennwort" in page.content.decode()
        assert "Fremd" not in page.content.decode()
        assert client.get(reverse("kim:mail_detail", args=[mine.pk])).status_code == 200
        assert client.get(reverse("kim:mail_detail", args=[foreign.pk])).status_code == 404

    def test_with_a_mail_server_the_pages_are_not_there(self, client, settings):
        settings.KIM_MAIL_TRANSPORT = "smtp"
        client.force_login(user())
        assert client.get(reverse("kim:mail_list")).status_code == 404


@pytest.mark.django_db
def test_failed_mail_is_put_back_by_administrators_and_that_is_on_record():
    admin = user(Role.ADMIN)
    failed = letter(state="failed", attempts=8, last_error="Der Mailserver hat abgelehnt (SMTPDataError 554)")
    letter(2)
    assert mail.send_again(Mail.objects.all(), by=admin) == 1
    failed.refresh_from_db()
    assert (failed.state, failed.attempts) == ("queued", 0)
    assert TrailEntry.objects.get(act="mail.send_again").object_id == str(failed.pk)

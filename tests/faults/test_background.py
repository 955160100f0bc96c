"""Worker and beat as they run in life, on the embedded broker: they beat, they send, and they survive kill -9."""

from django.conf import settings

#: As the Procfile starts them.
PROCFILE = dict(line.split(": ", 1) for line in (settings.BASE_DIR / "Procfile").read_text().strip().splitlines())
WORKER, BEAT = (("-m", *PROCFILE[name].split()) for name in ("worker", "beat"))

QUEUE = "from kim import mail\nmail.queue(key='mail:{0}', to='{0}@kim.example', subject='S', body='B')\n"


def test_worker_and_beat_beat_send_and_go_on_after_being_killed(home):
    worker, beating = home.start(*WORKER), home.start(*BEAT)
    home.python(QUEUE.format("knocked"))
    home.wait_for("Mail.objects.filter(state='sent').count()", seconds=30)  # the knock, long before the sweep
    assert len(list((home.folder / "mail").glob("*.eml"))) == 1
    home.wait_for("JobRun.objects.filter(job='heartbeat', finished_at__isnull=False).count()", seconds=60)

    home.kill(worker)
    home.python(QUEUE.format("while-dead"))
    home.kill(beating)
    home.start(*WORKER)
    home.start(*BEAT)
    home.wait_for("Mail.objects.filter(state='sent').count() == 2", seconds=90)
    assert len(list((home.folder / "mail").glob("*.eml"))) == 2
    last = "JobRun.objects.get(job='mail').finished_at.isoformat()"
    assert home.wait_for(last)

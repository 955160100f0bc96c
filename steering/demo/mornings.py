"""The mornings before today, as the clock would have lived them: reminders of what lies now, and the last digest."""

import datetime as dt

from django.db.models import F

from kim import digests, workdays
from kim.models import County, Mail
from steering import reminders

#: Working mornings that are lived again, at most.
MOST = 120
SWEPT_AT, TOLD_AT = dt.time(6, 5), dt.time(7)
#: Why one mail of the last digest did not arrive, in the words of a mail server.
FULL = "552 5.2.2 Postfach voll"


def live(today: dt.date) -> None:
    """Every working morning since the oldest of what lies now came to where it lies."""
    rules = County.current().workday_rules
    since = reminders.running(today).order_by("state_since").values_list("state_since", flat=True).first()
    if since is None:
        return
    day = max(since.astimezone(workdays.BERLIN).date(), workdays.add_workdays(today, -MOST, rules))
    day = workdays.next_workday(day, rules)
    while day < today:
        with workdays.as_of(_at(day, SWEPT_AT)):
            reminders.sweep()
        day = workdays.add_workdays(day, 1, rules)


def tell(today: dt.date) -> None:
    """The digest of the last morning has gone out, but for one mail, so that there is one to send again."""
    told_at = _at(workdays.add_workdays(today, -1, County.current().workday_rules), TOLD_AT)
    with workdays.as_of(told_at):
        digests.compose()
    Mail.objects.update(state=Mail.State.SENT, sent_at=F("created_at"), attempts=1, calendar="")
    mails = Mail.objects.filter(key__startswith="digest:")
    if last := mails.order_by("pk").last():
        Mail.objects.filter(pk=last.pk).update(state=Mail.State.FAILED, sent_at=None, last_error=FULL)


def _at(day: dt.date, hour: dt.time) -> dt.datetime:
    return dt.datetime.combine(day, hour, workdays.BERLIN)

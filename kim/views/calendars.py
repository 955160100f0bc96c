"""One's own calendar address, and what a calendar program gets under it."""

import hashlib

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kim import calendar_feeds, calendars, throttle
from kim.forms import Form
from kim.navigation import county_of
from kim.workflow import StepRefused

#: A calendar may be read so often in an hour: every few minutes by some devices of one person.
READINGS = 60
#: So many wrong addresses are looked up in a minute for one sender.
GUESSES = 30
GONE = "Diese Kalenderadresse gilt nicht oder nicht mehr. Eine neue legen Sie in KIM unter „Kalender“ an."
OLD = dict.fromkeys(["required", "invalid", "min_value", "max_value"], calendar_feeds.OLD_PAGE)
TOO_OFTEN = "Dieser Kalender wird zu oft abgerufen. Bitte stellen Sie das Kalenderprogramm auf einmal je Stunde ein."


class RenewForm(Form):
    """`seen`: the address the page showed as valid (0: none), so that a form sent twice does not end a new one."""

    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**63 - 1, error_messages=OLD)


@require_http_methods(["GET", "HEAD", "POST"])
def calendar(request):
    """The page; sent, it answers with a new address, which is shown this once and kept nowhere."""
    form, address = RenewForm(request.POST or None), ""
    if request.method == "POST" and form.is_valid():
        try:
            address = calendar_feeds.address_with(calendar_feeds.renew(by=request.user, **form.cleaned_data))
        except StepRefused as refusal:
            form.add_error(None, str(refusal))
    context = {"form": form, "feed": calendar_feeds.live(request.user), "address": address}
    refused = request.method == "POST" and not address
    return render(request, "kim/calendar.html", context, status=422 if refused else 200)


@require_POST
def calendar_revoke(request):
    try:
        calendar_feeds.revoke(by=request.user)
    except StepRefused as refused:
        messages.warning(request, str(refused))
    else:
        messages.success(request, "Die Kalenderadresse ist widerrufen. Wer sie kennt, liest dort nichts mehr.")
    return redirect("kim:calendar")


@login_not_required
@require_safe
def calendar_feed(request, token):
    """The calendar behind a token, as its owner may see it today. Answers programs, so refusals are plain text."""
    feed = calendar_feeds.of_token(token)
    if feed is None:
        if throttle.is_too_often("calendar-guess", throttle.address_of(request), most=GUESSES, seconds=60):
            return _plain(TOO_OFTEN, 429, retry=60)
        return _plain(GONE, 404)
    if throttle.is_too_often("calendar", feed.digest, most=READINGS, seconds=3600):
        return _plain(TOO_OFTEN, 429, retry=3600)
    calendar_feeds.note_reading(feed)
    name = f"KIM {county_of(feed.user).name}".strip()
    written = calendars.as_ics(calendars.entries_of(feed.user), name)
    mark = f'"{hashlib.sha256(written).hexdigest()[:32]}"'
    if mark in [one.strip().removeprefix("W/") for one in request.headers.get("If-None-Match", "").split(",")]:
        answer = HttpResponse(status=304)
    else:
        answer = HttpResponse(written, content_type="text/calendar; charset=utf-8")
        answer["Content-Disposition"] = 'inline; filename="kim.ics"'
    answer["ETag"] = mark
    return _kept_by_nobody(answer)


def _plain(words: str, status: int, retry: int = 0) -> HttpResponse:
    answer = HttpResponse(words + "\n", status=status, content_type="text/plain; charset=utf-8")
    if retry:
        answer["Retry-After"] = str(retry)
    return _kept_by_nobody(answer)


def _kept_by_nobody(answer: HttpResponse) -> HttpResponse:
    """No cache keeps it, no link passes the address on, no search engine lists it."""
    answer["Cache-Control"] = "private, no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex"
    return answer

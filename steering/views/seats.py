"""Seats of a body: taken, changed, ended; and those that should be taken."""

from functools import partial

from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods

from kim import workdays
from kim.models import Organisation, User
from kim.views.acting import form_page
from steering.forms.bodies import ExpectedEndForm, ExpectedForm, SeatChangeForm, SeatEndForm, SeatForm
from steering.models import ExpectedSeat, Membership
from steering.views.bodies import kept_body
from steering.views.forming import gated


@require_http_methods(["GET", "HEAD", "POST"])
def body_seat(request, pk):
    """A new member; `?institution=` fills in the institution whose place is empty."""
    body = kept_body(request, pk)

    def act(form):
        seat = body.seat(by=request.user, **form.given)
        return body, f"{seat.holder} gehört {'jetzt' if seat.holds_on(workdays.today()) else seat.span} dazu."

    organisations = list(Organisation.objects.all())
    asked = next((one for one in organisations if str(one.pk) == request.GET.get("institution")), None)
    users = list(User.objects.filter(is_active=True))
    make = partial(SeatForm, users=users, organisations=organisations, seats=_to_stand_in_for(body))
    return form_page(
        request, "steering/body_seat.html", make, gated(act), key=f"body:{pk}:seat",
        initial={"organisation": asked}, context={"body": body},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def body_seat_change(request, pk, seat):
    """Another function or vote from a day on."""
    body, row = _seat(request, pk, seat)

    def act(form):
        after = row.change(by=request.user, **form.given)
        return body, f"{after.holder}: ab dem {after.valid_from:%d.%m.%Y} {after.get_function_display()}."

    others = [one for one in _to_stand_in_for(body) if one.pk != row.pk]
    initial = {
        "function": row.function,
        "deputy_of": row.deputy_of_id,
        "without_vote": not row.votes and row.function != Membership.Function.ADVISORY,
    }
    return form_page(
        request, "steering/body_seat_change.html", partial(SeatChangeForm, seats=others), gated(act),
        key=f"seat:{row.pk}:change", initial=initial, context={"body": body, "seat": row},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def body_seat_end(request, pk, seat):
    """A membership ends, with its last day."""
    body, row = _seat(request, pk, seat)

    def act(form):
        row.end(by=request.user, **form.cleaned_data)
        return body, f"{row.holder} scheidet mit dem {row.last_day:%d.%m.%Y} aus."

    deputies = row.deputies.valid_on().select_related("user", "organisation")
    return form_page(
        request, "steering/body_seat_end.html", SeatEndForm, gated(act), key=f"seat:{row.pk}:end",
        initial={"last_day": workdays.today()}, context={"body": body, "seat": row, "deputies": list(deputies)},
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def expected_new(request, pk):
    """An institution that should sit there."""
    body = kept_body(request, pk)

    def act(form):
        made = ExpectedSeat.add(body, by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return body, f"Vorgesehen: {made.name}."

    make = partial(ExpectedForm, organisations=list(Organisation.objects.all()))
    return form_page(
        request, "steering/expected_new.html", make, gated(act), key=f"body:{pk}:expected", context={"body": body}
    )


@require_http_methods(["GET", "HEAD", "POST"])
def expected_end(request, pk, expected):
    body = kept_body(request, pk)
    row = get_object_or_404(ExpectedSeat.objects.select_related("body"), pk=expected, body=body)

    def act(form):
        row.end(by=request.user, **form.cleaned_data)
        return body, f"{row.name} ist nach dem {row.last_day:%d.%m.%Y} nicht mehr vorgesehen."

    return form_page(
        request, "steering/expected_end.html", ExpectedEndForm, gated(act), key=f"expected:{row.pk}:end",
        initial={"last_day": workdays.today()}, context={"body": body, "expected": row},
    )  # fmt: skip


def _seat(request, pk, seat):
    body = kept_body(request, pk)
    rows = Membership.objects.select_related("user", "organisation", "body", "deputy_of")
    return body, get_object_or_404(rows, pk=seat, body=body)


def _to_stand_in_for(body) -> list[Membership]:
    """Seats that have not ended, but no deputies."""
    today = workdays.today()
    seats = body.memberships.exclude(function=Membership.Function.DEPUTY).select_related("user", "organisation")
    return [seat for seat in seats if seat.valid_until is None or seat.valid_until > today]

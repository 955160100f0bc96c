"""Consents of a person, seen from their case: what holds, giving and withdrawing, and the forms to sign."""

from django.contrib import messages
from django.db.models import F
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from casework import access, printing
from casework.case_page import ASIDE, section
from casework.forms.consents import ConsentForm
from casework.models import Case, Consent, Document, Participant, Procedure, Referral
from casework.models.cases import AFTER_WITHDRAWAL
from casework.models.consents import CHANGE, TO_AUTHORITY
from casework.models.network import GOING
from casework.views.of_case import begun, case_for, pdf
from kim import rules, trail, workdays
from kim.models import Code, Draft, Organisation
from kim.navigation import county_of
from kim.together import Slot, together
from kim.views.acting import attempt
from kim.workflow import StepRefused

FORM = ["GET", "HEAD", "POST"]


def _given():
    rows = Consent.objects.filter(client=Slot("client")).annotate(
        purpose_words=F("purpose__short"), purpose_label=F("purpose__label"), recipient_words=F("recipient__name")
    )
    return {"consents": rows.order_by("-valid_from", "-pk")}


@section("casework/_case_consents.html", column=ASIDE, order=20, sets=_given)
def consents(user, case, read):
    """What this person agreed to, and what no longer holds."""
    rows = read["consents"]
    today = workdays.today()
    return {
        "now": [row for row in rows if row.is_in_force],
        "coming": [row for row in rows if row.withdrawn_at is None and row.valid_from > today],
        "over": [row for row in rows if not row.is_in_force and (row.withdrawn_at or row.valid_from <= today)],
        "case": case,
        "may_change": access.allows(access.owns, user, case),
    }


@require_http_methods(FORM)
def consent_new(request, pk):
    """Also for a locked case: a new consent is what unlocks it."""
    case = case_for(request, pk, access.owns)
    key = f"case:{case.pk}:consent"
    version = printing.versions("consent")[0]
    purposes = list(Code.objects.valid_on().filter(list=Code.List.CONSENT_PURPOSE).order_by("position", "label"))
    first = {"valid_from": workdays.today(), "text_version": version}
    if case.lacks_agreement:  # what was missing when it came is asked for first
        into_change = next((one for one in purposes if one.code == CHANGE), None)
        first |= {"purpose": into_change, "recipient": case.employer}
    initial, saved_at = begun(request, key, first)
    recipients = list(Organisation.objects.order_by("name"))
    form = ConsentForm(request.POST or None, purposes=purposes, recipients=recipients, initial=initial)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda **given: Consent.give(by=request.user, client=case.client, **given))
        if status == 302:
            Draft.drop(request.user, key)
            messages.success(request, "Die Einwilligung ist eingetragen.")
            return redirect(case)
    form.draft_key = key
    context = {"case": case, "form": form, "saved_at": saved_at}
    return render(request, "casework/consent_new.html", context, status=status)


@require_http_methods(FORM)
def consent_withdraw(request, pk, consent):
    """What ends with it is shown first; then it acts at once, and cannot be taken back."""
    case = case_for(request, pk, access.owns)
    rows = Consent.objects.filter(client=case.client_id).select_related("purpose", "recipient", "client")
    consent = get_object_or_404(rows, pk=consent)
    locks = consent.is_last_of_its_kind()
    conflict = ""
    if request.method == "POST":
        try:
            consent.withdraw(by=request.user)
        except StepRefused as refusal:
            conflict = str(refusal)
        else:
            words = "Die Einwilligung ist widerrufen."
            messages.success(request, f"{words} Der Fall ist gesperrt." if locks else words)
            return redirect(case)
    today = timezone.localtime(workdays.now()).date()
    read = _ending()(consent=consent.pk, client=case.client_id)
    seats = read["participants"]
    context = {
        "case": case,
        "consent": consent,
        "locks": locks,
        "erased_by": today + AFTER_WITHDRAWAL,
        "read": read,
        "coming": [one for one in seats if one.held_on > today],
        "due": [one for one in seats if one.held_on == today],
        "kept": [one for one in seats if one.held_on <= today],
        "conflict": conflict,
    }
    return render(request, "casework/consent_withdraw.html", context, status=409 if conflict else 200)


@together
def _ending():
    """Everything that rests on one consent, and the cases of its client."""
    consent = Slot("consent")
    open_referrals = Referral.objects.filter(consent=consent, status__in=GOING)
    seats = Participant.objects.filter(consent=consent)
    procedures = Procedure.objects.filter(consent=consent, ended_on__isnull=True)
    return {
        "referrals": open_referrals.annotate(actor_words=F("actor__name")).order_by("-sent_on", "-pk"),
        "participants": seats.annotate(
            institution_words=F("institution__name"), held_on=F("conference__held_on")
        ).order_by("-conference__held_on", "pk"),
        "procedures": procedures.annotate(authority_words=F("authority__name"), kind=F("checklist__kind")).order_by(
            "-handed_over_at", "-pk"
        ),
        "documents": Document.objects.filter(consent=consent).order_by("-uploaded_at", "-pk"),
        "cases": Case.objects.filter(client=Slot("client"), locked_at__isnull=True).order_by("pk"),
    }


# Forms to print


@require_safe
def consent_form_list(request, pk):
    """The forms in every language, with the person's name on them."""
    case = case_for(request, pk, access.owns)
    return render(request, "casework/consent_form_list.html", {"case": case, **_offered()})


@require_safe
def consent_form_print(request, pk, kind, language):
    case = case_for(request, pk, access.owns)
    identity = case.client.identity
    named = Consent.objects.filter(client=case.client_id).in_force().for_purpose(TO_AUTHORITY)
    person = printing.Person(
        name=str(identity),
        birth=identity.birth_words if identity.birth_date else "",
        number=case.number,
        controller=str(case.employer),
        contact=str(case.owner),
        papers=", ".join(dict.fromkeys(paper for one in named for paper in one.paper_list)),
    )
    content = _form(request, kind, language, person)
    trail.record("case.print_consent", case, by=request.user)
    return pdf(content, f"{case.number}-{printing.KINDS[kind]}-{language}")


@require_safe
def form_list(request):
    """Blank forms, to have some at hand."""
    rules.demand(access.prints_forms, request.user)
    return render(request, "casework/form_list.html", _offered())


@require_safe
def form_print(request, kind, language):
    rules.demand(access.prints_forms, request.user)
    return pdf(_form(request, kind, language, None), f"{printing.KINDS.get(kind, '')}-{language}")


def _form(request, kind, language, person):
    county = county_of(request.user)
    try:
        return printing.form(
            kind,
            language,
            person=person,
            county=county.name,
            months=county.request_kept_months,
            years=county.case_kept_years,
        )
    except printing.NoSuchForm:
        raise Http404 from None


def _offered():
    languages = [(code, german, own) for code, (german, own) in printing.LANGUAGES.items()]
    return {"kinds": printing.KINDS.items(), "languages": languages, "version": printing.versions("consent")[0]}

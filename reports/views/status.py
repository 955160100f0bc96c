"""Status reports: the list, drawing one up, writing, counting anew, releasing, reading, and what differs."""

import datetime as dt

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from kim import errors, trail, uploads, workdays
from kim.files import FileDamaged
from kim.navigation import county_of
from kim.rules import allows, demand
from kim.views.acting import form_page
from kim.workflow import OutOfTurn, StepRefused
from reports import access, gathering, status_files
from reports.difference import by_section, differences
from reports.forms.status import TITLE, ReportActForm, ReportDropForm, ReportForm, SectionForm
from reports.models import FileKind, StatusReport
from steering.views.forming import gated
from steering.views.telling import lines_of

both_ways = require_http_methods(["GET", "HEAD", "POST"])
AS_IT_IS = "Nichts. Zahlen und Tabellen sind noch die, die im Entwurf stehen."
#: A new count that changes no figure of the county.
ELSEWHERE = (
    "An den Angaben nichts. Neu sind nur die veröffentlichten Zahlen der Fallarbeit oder der Vergleich mit dem vorigen "
    "Bericht."
)
UNREADABLE = "Diese Datei lässt sich nicht mehr lesen. Bitte wenden Sie sich an die Verwaltung."


@require_safe
def report_list(request):
    """Drafts first, then what was released, newest Stand first; of one year where one is chosen."""
    demand(access.reads_reports, request.user)
    seen = StatusReport.objects.visible_to(request.user).defer("data").select_related("drawn_up_by")
    rows = list(seen.filter(dropped_at__isnull=True))
    released = [one for one in rows if one.is_released]
    years = sorted({one.valid_on.year for one in released}, reverse=True)
    chosen = request.GET.get("year", "").strip()
    known = chosen in {str(year) for year in years}
    context = {
        "drafts": [one for one in rows if one.is_draft],
        "reports": [one for one in released if not known or str(one.valid_on.year) == chosen],
        "years": years,
        "year": chosen if known else "",
        "complaint": chosen and not known and "Aus diesem Jahr gibt es keinen Bericht. Gezeigt werden alle.",
        "writes": allows(access.writes_reports, request.user),
    }
    return render(request, "reports/report_list.html", context)


@both_ways
def report_new(request):
    demand(access.reads_reports, request.user)
    demand(access.writes_reports, request.user)

    def act(form):
        made = StatusReport.draw_up(by=request.user, confirmed=form.confirmed, **form.given)
        return made, "Der Entwurf ist angelegt. Zahlen und Tabellen stehen schon darin; die Texte schreiben Sie."

    last = StatusReport.objects.visible_to(request.user).defer("data").order_by("-pk").first()
    initial = {"title": TITLE, "committee": last.committee if last else "", "valid_on": workdays.today()}
    return form_page(request, "reports/report_new.html", ReportForm, gated(act), key="report:new", initial=initial)


@require_safe
def report_detail(request, pk):
    report = _report(request, pk)
    drafting = report.is_draft
    context = {
        "report": report,
        "sections": status_files.Paper.of(report).sections,
        "unwritten": report.unwritten,
        "intact": not report.is_released or report.is_intact,
        "writes": drafting and allows(access.writes_reports, request.user),
        "may_release": drafting and allows(access.releases_report, request.user, report),
        "barred": drafting and request.user.pk in report.author_ids,
    }
    return render(request, "reports/report_detail.html", context)


@both_ways
def report_text(request, pk, key):
    """The text of one section, with what the software filled in beside it."""
    report = _report(request, pk)
    demand(access.writes_reports, request.user)
    sections = status_files.Paper.of(report).sections
    place = next((no for no, one in enumerate(sections) if one["key"] == key), None)
    text = next((one for one in report.texts.all() if one.key == key), None)
    if place is None or text is None:
        raise Http404
    if not report.is_draft:
        return _too_late(request, report, [("Text", request.POST.get("text", ""))])

    def act(form):
        report.write(key, form.cleaned_data["text"], by=request.user, confirmed=form.confirmed)
        on = request.POST.get("then") == "next" and place + 1 < len(sections)
        there = reverse("reports:report_text", args=[pk, sections[place + 1]["key"]]) if on else ""
        return (
            there or f"{report.get_absolute_url()}#{key}",
            f"Der Text zu „{sections[place]['title']}“ ist gespeichert.",
        )

    context = {"report": report, "section": sections[place], "following": sections[place + 1 : place + 2]}
    return form_page(
        request, "reports/report_text.html", SectionForm, gated(act), key=f"report:{pk}:{key}", context=context,
        there=(text, lambda row: {"text": row.text}),
    )  # fmt: skip


@both_ways
def report_recount(request, pk):
    """What a new count would change, then the count."""
    report = _report(request, pk)
    demand(access.writes_reports, request.user)
    if not report.is_draft:
        return _too_late(request, report)

    def act(form):
        report.recount(by=request.user)
        return report, "Neu gezählt. Bitte prüfen Sie, ob die Texte noch dazu passen."

    now = report.data if request.method == "POST" else report.gathered()
    context = {
        "report": report,
        "sections": by_section(differences(report.data, now)),
        "nothing": ELSEWHERE if report.differs_from(now) else AS_IT_IS,
    }
    return form_page(request, "reports/report_recount.html", ReportActForm, gated(act),
                     key=f"report:{pk}:recount", context=context)  # fmt: skip


@both_ways
def report_drop(request, pk):
    report = _report(request, pk)
    demand(access.writes_reports, request.user)
    if not report.is_draft:
        return _too_late(request, report, [("Begründung", request.POST.get("because", ""))])

    def act(form):
        report.drop(by=request.user, confirmed=form.confirmed, **form.cleaned_data)
        return "reports:report_list", "Der Entwurf ist verworfen."

    context = {"report": report, "written": sum(1 for words in report.written.values() if words)}
    return form_page(request, "reports/report_drop.html", ReportDropForm, gated(act), key=f"report:{pk}:drop",
                     context=context)  # fmt: skip


@both_ways
def report_release(request, pk):
    """What becomes final and who learns of it; then it is released."""
    report = _report(request, pk)
    demand(access.releases_report, request.user, report)
    if not report.is_draft:
        return _too_late(request, report)

    def act(form):
        released = report.release(by=request.user)
        return released, f"Freigegeben: {released}. Daten, Texte und Dateien ändern sich nicht mehr."

    looked_at = request.method != "POST"
    context = {
        "report": report,
        "why_not": report.why_not_released() if looked_at else "",
        "tellings": lines_of(report.tellings(request.user), names_reporters=False,
                             county=county_of(request.user)) if looked_at else [],
    }  # fmt: skip
    return form_page(request, "reports/report_release.html", ReportActForm, gated(act),
                     key=f"report:{pk}:release", context=context)  # fmt: skip


@require_safe
def report_file(request, pk, kind):
    """The file as it was released; of a draft one made now, which says that it is a draft."""
    report = _report(request, pk)
    if kind not in FileKind.values:
        raise Http404
    headers = {"Cache-Control": "no-store, private", "X-Content-Type-Options": "nosniff"}
    media_type = uploads.TYPES[kind].media_type
    if not report.is_released:
        make = status_files.pdf if kind == FileKind.PDF else status_files.docx
        try:
            made = make(status_files.Paper.of(report))
        except StepRefused as refusal:
            messages.error(request, str(refusal))
            return redirect(report)
        trail.record("statusreport.file", report, by=request.user, note=f"{FileKind(kind).label}, Entwurf")
        name = f"Sachstandsbericht-Entwurf-{report.valid_on:%Y-%m-%d}.{kind}"
        return HttpResponse(
            made, media_type, headers=headers | {"Content-Disposition": f'attachment; filename="{name}"'}
        )
    file = get_object_or_404(report.files, kind=kind)
    try:
        pieces = file.open(by=request.user)
    except FileDamaged:
        messages.error(request, UNREADABLE)
        return redirect(report)
    headers |= {"Content-Disposition": f'attachment; filename="{file.file_name}"', "Content-Length": str(file.size)}
    return StreamingHttpResponse(pieces, content_type=media_type, headers=headers)


@require_safe
def report_difference(request, pk):
    """Against the report before, as it is kept; against another one or what is known today where that is asked for."""
    report = _report(request, pk)
    seen = StatusReport.objects.visible_to(request.user).released()
    others = [one for one in seen.defer("data") if one.pk != report.pk]
    asked = request.GET.get("with", "").strip()
    other = next((one for one in others if str(one.pk) == asked), None)
    told = report.data["differences"]
    then = dt.date.fromisoformat(told["valid_on"]) if told["number"] else None
    context = {"report": report, "others": others, "asked": asked, "other": other, "told": told, "then": then,
               "complaint": "", "sections": [], "since": [], "corrected": []}  # fmt: skip
    if asked == "now":
        context["sections"] = by_section(differences(report.data, report.as_known_now()))
    elif other:
        context["sections"] = by_section(differences(other.data, report.data))
    else:
        context |= {
            "since": by_section(gathering.read(told["since"])),
            "corrected": by_section(gathering.read(told["corrected"])),
            "asked": "",
            "complaint": asked and "Diesen Bericht gibt es hier nicht. Verglichen wird mit dem vorigen.",
        }
    return render(request, "reports/report_difference.html", context)


def _report(request, pk) -> StatusReport:
    seen = StatusReport.objects.visible_to(request.user)
    related = seen.select_related("drawn_up_by", "released_by", "previous").prefetch_related("texts__changed_by")
    return get_object_or_404(related.defer("previous__data"), pk=pk)


def _too_late(request, report: StatusReport, typed=()):
    kept = [(label, words) for label, words in typed if words]
    refused = OutOfTurn(f"Dieser Bericht ist schon {report.standing}.")
    return errors.conflict(request, refused, url=report.get_absolute_url(), kept=kept)

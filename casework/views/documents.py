"""Papers at a case: the section, the list, uploading, opening and deleting. A file leaves only through here."""

from django.contrib import messages
from django.db.models import F
from django.http import StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from casework import access
from casework.case_page import ASIDE, section
from casework.forms.documents import DocumentForm
from casework.models import Document
from casework.views.of_case import WORK, case_for
from kim.files import FileDamaged
from kim.htmx import page as template_for
from kim.paging import capped, count_words, page
from kim.together import Slot
from kim.views.acting import attempt

FORM = ["GET", "HEAD", "POST"]
#: So many lines the page of a case shows.
LINES = 6
UNREADABLE = (
    "Das Dokument lässt sich nicht lesen: Die Datei fehlt oder ist beschädigt. "
    "Bitte wenden Sie sich an die Verwaltung; sie kann sie aus der Sicherung zurückholen."
)


def _papers():
    rows = Document.objects.filter(case=Slot("case"))
    return {"documents": rows.order_by("-uploaded_at", "-pk")[: LINES + 1]}


@section("casework/_case_documents.html", column=ASIDE, order=50, sets=_papers)
def documents(user, case, read):
    """The latest papers."""
    rows = read["documents"]
    may_work = all(access.allows(rule, user, case) for rule in WORK)
    return {"rows": rows[:LINES], "more": len(rows) > LINES, "case": case, "may_work": may_work}


@require_safe
def document_list(request, pk):
    """All of them, by kind. Words are not searched for: what somebody types must not stand in an address."""
    case = case_for(request, pk)
    kind = request.GET.get("kind", "")
    rows = case.documents.select_related("uploaded_by").annotate(purpose_words=F("consent__purpose__short"))
    if kind in Document.Kind.values:
        rows = rows.filter(kind=kind)
    asked = {name: request.GET.get(name, "") for name in ("after", "before")}
    number = capped(rows)
    context = {
        "case": case,
        "hits": f"{count_words(number)} {'Dokument' if number == 1 else 'Dokumente'}",
        "page": page(rows, "-uploaded_at", **asked),
        "kinds": Document.Kind.choices,
        "kind": kind,
        "may_work": all(access.allows(rule, request.user, case) for rule in WORK),
        "may_remove": access.allows(access.owns, request.user, case),
    }
    return render(request, template_for(request, "casework/document_list.html", "results"), context)


@require_http_methods(FORM)
def document_new(request, pk):
    case = case_for(request, pk, *WORK)
    consents = list(case.client.consents.select_related("purpose", "recipient"))
    form = DocumentForm(request.POST or None, files=request.FILES or None, consents=consents)
    status = 200
    if request.method == "POST":
        status = attempt(form, lambda **given: Document.put(case, by=request.user, **given))
        if status == 302:
            messages.success(request, "Das Dokument ist verschlüsselt abgelegt.")
            return redirect("casework:document_list", case.pk)
    return render(request, "casework/document_new.html", {"case": case, "form": form}, status=status)


@require_safe
def document_get(request, pk, document):
    case = case_for(request, pk)
    document = get_object_or_404(case.documents, pk=document)
    document.case = case
    try:
        pieces = document.open(by=request.user)
    except FileDamaged:
        messages.error(request, UNREADABLE)
        return redirect("casework:document_list", case.pk)
    return StreamingHttpResponse(
        pieces,
        content_type=document.type.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{document.file_name}"',
            "Content-Length": str(document.size),
            "Cache-Control": "no-store, private",
            "X-Content-Type-Options": "nosniff",
        },
    )


@require_http_methods(FORM)
def document_remove(request, pk, document):
    case = case_for(request, pk, access.owns)
    document = get_object_or_404(case.documents.select_related("uploaded_by"), pk=document)
    document.case = case
    if request.method == "POST":
        document.remove(by=request.user)
        messages.success(request, "Das Dokument ist gelöscht.")
        return redirect("casework:document_list", case.pk)
    return render(request, "casework/document_remove.html", {"case": case, "document": document})

"""One person's data to hand out (Art. 15 DSGVO): a page that says what it is, and the files."""

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from casework import access, reading
from casework.case_page import ASIDE, section
from casework.models import Case, Client
from casework.person_data import about, as_json
from casework.person_data_pdf import as_pdf
from kim import trail, workdays
from kim.navigation import county_of

KINDS = {"json": "application/json; charset=utf-8", "pdf": "application/pdf"}


@section("casework/_case_person_data.html", column=ASIDE, order=95)
def person_data(user, case):
    """The way to what a person may ask for; only for who works on the case."""
    return {"client": case.client_id} if access.allows(access.owns, user, case) else None


@require_safe
def client_data(request, pk):
    client = _client(request, pk)
    reading.opened(client, by=request.user)
    cases = Case.objects.filter(access.kept_cases(request.user), client=client).order_by("-opened_on", "-pk")
    return render(request, "casework/client_data.html", {"client": client, "cases": list(cases)})


@require_safe
def client_data_file(request, pk, kind):
    """Written to the trail each time; the file is named after the day, never after the person."""
    client = _client(request, pk)
    if kind not in KINDS:
        raise Http404
    parts = about(client, by=request.user)
    trail.record("client.export", client, by=request.user, note=f"{kind.upper()}, Art. 15 DSGVO")
    head = _head(request)
    made = as_pdf(parts, head, _lead(head)) if kind == "pdf" else as_json(parts, head)
    answer = HttpResponse(made, content_type=KINDS[kind])
    answer["Content-Disposition"] = f'attachment; filename="auskunft-{workdays.today():%Y-%m-%d}.{kind}"'
    return answer


def _client(request, pk) -> Client:
    client = get_object_or_404(Client.objects.visible_to(request.user).select_related("identity"), pk=pk)
    access.demand_client(request.user, client)
    return client


def _head(request) -> dict[str, str]:
    return {
        "titel": "Auskunft über gespeicherte Daten (Art. 15 DSGVO)",
        "stand": f"{workdays.today():%d.%m.%Y}",
        "verantwortlich": str(request.user.organisation or county_of(request.user)),
        "erstellt_von": str(request.user),
        "umfang": "Alles, was in KIM zu dieser Person und zu den Fällen gespeichert ist, die hier bearbeitet werden.",
    }


def _lead(head) -> list[str]:
    return [
        f"Stand {head['stand']}. Verantwortlich: {head['verantwortlich']}. Erstellt von {head['erstellt_von']}.",
        head["umfang"],
        "Sie haben das Recht auf Berichtigung, Löschung, Einschränkung und Widerspruch, auf Widerruf Ihrer "
        "Einwilligungen und auf Beschwerde bei der Landesbeauftragten für Datenschutz und Informationsfreiheit "
        "Nordrhein-Westfalen.",
    ]

"""The trail, for data protection and audit: who did or saw what and when, never the content of it; what proves it."""

import datetime as dt
from collections.abc import Iterator
from itertools import islice

from django import forms
from django.apps import apps
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.datastructures import MultiValueDict
from django.views.decorators.http import require_safe

from kim import operation, paging, printing, sheet_files, trail_marks, workdays
from kim import trail as told
from kim.access import reads_trail
from kim.forms import Day, Form, Line, OneOf
from kim.htmx import page as swap
from kim.models import County, TrailAnchor, TrailCheck, TrailEntry, TrailLink, User
from kim.rules import demand
from kim.views.filters import searched

#: More rows than this nobody reads in a spreadsheet; the last row then says so.
MOST = 20_000
FILES = ("csv", "xlsx")
COLUMNS = (
    ("Zeile", 10), ("Stelle in der Kette", 18), ("Zeit", 20), ("Wer", 30), ("in Vertretung von", 30), ("Art", 14),
    ("Vorgang", 44), ("Gegenstand", 44), ("Vermerk", 60),
)  # fmt: skip


class TrailForm(Form):
    """Filters: all optional; what cannot be read is said and left out."""

    def __init__(self, data=None, **kwargs):
        super().__init__(data, **kwargs)
        people = list(User.objects.order_by("display_name"))
        acts = sorted(told.ACTS.items(), key=lambda act: act[1])
        kinds = sorted(((key, kind.name) for key, kind in told.KINDS.items()), key=lambda kind: kind[1])
        groups = [("", "alle"), *told.GROUPS.items()]
        self.fields["group"] = forms.ChoiceField(label="Art", choices=groups, required=False, widget=forms.HiddenInput)
        self.fields["by"] = OneOf(people, label="Wer", empty="alle", required=False)
        self.fields["act"] = forms.ChoiceField(label="Vorgang", choices=[("", "alle"), *acts], required=False)
        self.fields["kind"] = forms.ChoiceField(label="Gegenstand", choices=[("", "alle"), *kinds], required=False)
        self.fields["number"] = Line(label="Nr. des Gegenstands", max_length=40, required=False)
        self.fields["first"] = Day(label="Von", past=True, required=False)
        self.fields["last"] = Day(label="Bis", past=True, required=False)
        for name, field in self.fields.items():
            kind = "form-select" if name in ("by", "act", "kind") else "form-control"
            field.widget.attrs["class"] = f"{kind} {kind}-sm"


@require_safe
def trail(request):
    demand(reads_trail, request.user)
    form, sets = _narrowed(request)
    found = paging.page(
        sets, "-at", after=request.GET.get("after", ""), before=request.GET.get("before", ""), lines=_lines()
    )
    told.put_in_words(found)
    return render(
        request,
        swap(request, "kim/trail.html", "results"),
        {
            "form": form,
            "page": found,
            "search": searched(request.GET),
            "groups": {"": "alle", **told.GROUPS},
            "group": getattr(form, "cleaned_data", {}).get("group") or "",
            "last_check": _last_check(),
        },
    )


@require_safe
def trail_export(request, kind):
    """What the filters leave, as a file; that it was taken is a row itself."""
    demand(reads_trail, request.user)
    if kind not in FILES:
        raise Http404
    form, sets = _narrowed(request)
    order = paging.order_of("-at", None)
    rows = paging.first_rows(sets, order, MOST + 1, _lines().select_related("by", "on_behalf_of", "link"))
    narrowed = ", ".join(str(form.fields[name].label) for name, value in form.cleaned_data.items() if value)
    note = f"{kind.upper()}, {min(rows.count(), MOST)} Zeilen{f', eingegrenzt nach {narrowed}' if narrowed else ''}"
    told.record("trailentry.export", request.user, by=request.user, note=note[:200])
    name = f"protokoll-{workdays.today()}.{kind}"
    if kind == "xlsx":
        file = sheet_files.workbook("Protokoll", COLUMNS, _cells(rows))
        return FileResponse(file, as_attachment=True, filename=name)
    answer = StreamingHttpResponse(sheet_files.csv_of(COLUMNS, _cells(rows)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@require_safe
def trail_state(request):
    """Whether the trail is whole: its last link, check and anchors."""
    demand(reads_trail, request.user)
    anchors = TrailAnchor.objects.all()
    found = paging.page(anchors, "-day", after=request.GET.get("after", ""), before=request.GET.get("before", ""))
    context = {
        "last_link": TrailLink.objects.order_by("-position").first(),
        "last_check": _last_check(),
        "page": found,
        "public_key": trail_marks.public_key(),
    }
    return render(request, "kim/trail_state.html", context)


@require_safe
@transaction.atomic
def trail_anchor(request, pk):
    """One anchor on paper, to be kept where nobody who runs KIM can reach it."""
    demand(reads_trail, request.user)
    anchor = get_object_or_404(TrailAnchor, pk=pk)
    county = County.current()
    sheet = printing.document(
        "anchor",
        {
            "title": f"Anker des Protokolls vom {anchor}",
            "lang": "de",
            "footer": f"Anker vom {anchor}, gedruckt am {workdays.today():%d.%m.%Y}",
            "county": str(county),
            "facts": [
                ["Tag", f"{anchor}"],
                ["Stelle in der Kette", str(anchor.position)],
                ["gesetzt", f"{anchor.made_at.astimezone(workdays.BERLIN):%d.%m.%Y %H:%M} Uhr"],
            ],
            "line": anchor.line.split(" "),
            "key": trail_marks.public_key().split(),
        },
    )
    told.record("trailanchor.print", anchor, by=request.user)
    answer = HttpResponse(sheet, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="anker-{anchor.day}.pdf"'
    return answer


def _last_check() -> TrailCheck | None:
    return TrailCheck.objects.order_by("-pk").first()


@operation.section(
    "kim/_operation_trail.html",
    order=20,
    sets=lambda: {
        "trail_check": TrailCheck.objects.order_by("-pk")[:1],
        "trail_anchor": TrailAnchor.objects.order_by("-day")[:1],
    },
)
def trail_proof(user, read):
    """For the administration: whether the trail is whole. What it says stays with data protection."""
    check, anchor = (next(iter(read[name]), None) for name in ("trail_check", "trail_anchor"))
    return {"check": check, "anchor": anchor} if check or anchor else None


# What the filters leave


def _lines() -> QuerySet:
    return TrailEntry.objects.select_related("by", "on_behalf_of")


def _narrowed(request) -> tuple[TrailForm, list[QuerySet]]:
    """The filters, and the rows they leave as sets of which each is walked by an index of its own."""
    form = TrailForm(request.GET if request.GET else MultiValueDict())
    form.is_valid()
    wanted = getattr(form, "cleaned_data", {})
    rows = TrailEntry.objects.all()
    if wanted.get("group"):
        rows = rows.filter(_in_group(wanted["group"]))
    if wanted.get("by"):
        rows = rows.filter(by=wanted["by"])
    if wanted.get("act"):
        rows = rows.filter(act=wanted["act"])
    if wanted.get("kind"):
        rows = rows.filter(kind=wanted["kind"])
    if wanted.get("first"):
        rows = rows.filter(at__gte=_midnight(wanted["first"]))
    if wanted.get("last"):
        rows = rows.filter(at__lt=_midnight(wanted["last"] + dt.timedelta(days=1)))
    if not wanted.get("number"):
        return form, [rows]
    kinds = [wanted["kind"]] if wanted.get("kind") else list(told.KINDS)
    return form, [rows.filter(one) for one in _about(wanted["number"], kinds)]


def _in_group(group: str) -> Q:
    """`changed` is whatever belongs to no other group, also what no release has words for any more."""
    if group != "changed":
        return Q(act__in=told.acts_of(group))
    return ~Q(act__in=[act for act in told.ACTS if told.group_of(act) != "changed"])


def _about(number: str, kinds: list[str]) -> Iterator[Q]:
    """Rows about what has this id, or this number people know it by; alone, then in lists."""
    if number.isdecimal():
        yield Q(object_id=number, kind__in=kinds)
        yield Q(shown__contains=f" {number} ", kind__in=kinds) & ~Q(shown="")
        return
    found = Q(pk__in=[])
    for kind in kinds:
        if field := told.KINDS[kind].number:
            ids = apps.get_model(kind)._base_manager.filter(**{field: number}).values_list("pk", flat=True)[:5]
            found |= Q(kind=kind, object_id__in=[str(pk) for pk in ids])
    yield found


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), workdays.BERLIN)


def _cells(rows: QuerySet) -> Iterator[list]:
    """The lines of the file, worded in portions; where there are more than MOST, a last one says so."""
    reading, written = rows.iterator(chunk_size=500), 0
    while portion := list(islice(reading, 500)):
        told.put_in_words(portion)
        for one in portion:
            if written == MOST:
                yield ["Es sind mehr als 20.000 Zeilen. Bitte grenzen Sie das Protokoll ein."]
                return
            written += 1
            yield [
                one.pk,
                one.link.position if hasattr(one, "link") else "",
                f"{one.at.astimezone(workdays.BERLIN):%d.%m.%Y %H:%M:%S}",
                str(one.by or "KIM"),
                str(one.on_behalf_of or ""),
                told.GROUPS[told.group_of(one.act)],
                one.words,
                one.about,
                one.note,
            ]

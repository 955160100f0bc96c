"""The way into the chain: reporting an issue from a case or consultation, tying one that is there, and its answer.

Topic, legal areas and municipality are carried over; the text is written anew. The tie is made before the report
leaves the desk, in the same transaction, so that the privacy gate knows the people of the case.
"""

from dataclasses import dataclass

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from casework import access, reading
from casework.case_page import MAIN, section
from casework.forms.case_issues import CaseIssueForm, InterimForm, LinkForm
from casework.linked_issues import linked
from casework.models import Case, CaseIssue, Consultation
from casework.views.consultations import demand_manager
from kim import errors
from kim.editing import Filled
from kim.models import Code, Draft
from kim.rules import allows
from kim.together import Slot
from kim.trigrams import fold
from steering.access import may_join
from steering.models import Issue
from steering.views.acts import DONE_NOW, OUT_OF_TURN, take
from steering.views.issues import typed_alike
from steering.views.reporting import as_typed, asks_preview, choices, county_of, draft_of, previews, sent, start_and

#: So many issues are offered to choose from.
OFFERED = 8


@dataclass(frozen=True)
class Origin:
    """Where the problem was seen: a case, a consultation of one, or an anonymous consultation."""

    case: Case | None
    consultation: Consultation | None = None

    @property
    def kind(self) -> str:
        return "consultation" if self.consultation else "case"

    @property
    def seen(self) -> Case | Consultation:
        found = self.consultation or self.case
        if found is None:
            raise LookupError("an origin is a case or a consultation")
        return found

    @property
    def home(self) -> str:
        return (self.case or self.seen).get_absolute_url()

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.seen.pk}:issue"

    def url(self, page: str) -> str:
        return reverse(f"casework:{self.kind}_issue_{page}", args=[self.seen.pk])

    @property
    def new_url(self) -> str:
        return self.url("new")

    @property
    def link_url(self) -> str:
        return self.url("link")

    @property
    def ties(self):
        links = CaseIssue.objects.filter(case=self.case) if self.case else CaseIssue.objects
        return links if self.case else links.filter(consultation=self.consultation)

    def tie(self, issue, **given) -> None:
        CaseIssue.link(issue=issue, case=self.case, consultation=self.consultation, **given)


def _from_case(request, pk) -> Origin:
    cases = Case.objects.visible_to(request.user).select_related("client__identity", "municipality")
    case = get_object_or_404(cases, pk=pk)
    access.demand_work(request.user, case)
    return Origin(case)


def _from_consultation(request, pk) -> Origin:
    rows = Consultation.objects.visible_to(request.user)
    found = get_object_or_404(rows.select_related("case__client__identity", "municipality"), pk=pk)
    demand_manager(request.user)
    if found.case:
        access.demand_work(request.user, found.case)
    return Origin(found.case, found)


# Reporting a new one


@require_http_methods(["GET", "HEAD", "POST"])
def case_issue_new(request, pk):
    return _new(request, _from_case(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
def consultation_issue_new(request, pk):
    return _new(request, _from_consultation(request, pk))


def _new(request, origin):
    read = choices(request.user, origin.key)
    if request.method != "POST":
        form = CaseIssueForm(choices=read["choices"], initial=_carried(origin) | draft_of(read))
        return _new_page(request, origin, form, read)
    if asks_preview(request):
        form = CaseIssueForm(choices=read["choices"], initial=as_typed(request))
        return _new_page(request, origin, form, read)
    form, act = sent(request, read, CaseIssueForm)
    if not form.is_valid():
        return _new_page(request, origin, form, read, status=422)
    made = []

    def report(by, confirmed):
        def tie(issue):
            if not origin.ties.filter(issue=issue).exists():
                origin.tie(issue, by=by, confirmed=confirmed, **form.help_given)

        made.append(start_and(act, form.report_given, by=by, confirmed=confirmed, seen_in=tie))

    status = take(form, report, request.user)
    if status == OUT_OF_TURN:
        return errors.conflict(request, form.refusal, url=origin.home, kept=form.typed())
    if status != DONE_NOW:
        return _new_page(request, origin, form, read, status=status)
    Draft.drop(request.user, origin.key)
    words = "als Entwurf gespeichert, nur Sie sehen ihn" if act == "save" else "gemeldet, danke"
    messages.success(request, f"{made[0].number or 'Der Knackpunkt'}: {words}. Der Fall läuft weiter.")
    return _go(request, origin.home)


def _carried(origin) -> dict:
    """Topic, legal areas, place. Nothing that was written."""
    if origin.consultation:
        areas = list(origin.consultation.legal_areas.all())
        topics = list(origin.consultation.topics.all()[:1])
        place = origin.consultation.municipality_id
    else:
        areas = origin.case.client.legal_areas_in_force()
        latest = origin.case.consultations.order_by("-held_on", "-pk").values("pk")[:1]
        topics = list(Code.objects.filter(pk__in=_topics_of(latest)).order_by("position", "label")[:1])
        place = origin.case.municipality_id
    return {"legal_areas": areas, "municipality": place, "life_domain": topics[0].pk if topics else None}


def _topics_of(consultations):
    return Consultation.topics.through.objects.filter(consultation__in=consultations).values("code")


def _new_page(request, origin, form, read, *, status=200):
    told = {"previews": previews(request.user, form, read), "form_url": origin.new_url}
    if asks_preview(request) and request.htmx:  # shows nobody
        return render(request, "steering/_report_tell.html", told)
    _opened(request, origin)
    form.draft_key = origin.key
    draft = read["drafts"][0] if read["drafts"] else None
    context = {
        "origin": origin,
        "form": form,
        "issue": None,
        "direct": county_of(read).direct_reporting,
        "similar_url": origin.url("similar"),
        "further": "casework/_issue_interim.html",
        "saved_at": draft.saved_at if draft and not form.is_bound else None,
        **told,
    }
    return render(request, f"casework/{origin.kind}_issue_new.html", context, status=status)


def _opened(request, origin) -> None:
    reading.opened(origin.case or origin.seen, by=request.user)


@require_POST
def case_issue_similar(request, pk):
    return _similar(request, _from_case(request, pk))


@require_POST
def consultation_issue_similar(request, pk):
    return _similar(request, _from_consultation(request, pk))


def _similar(request, origin):
    template = f"casework/{origin.kind}_issue_similar.html"
    context = {"alike": typed_alike(request), "origin": origin}
    return render(request, "casework/_issue_alike.html" if request.htmx else template, context)


# Tying one that is there


@require_http_methods(["GET", "HEAD", "POST"])
def case_issue_link(request, pk):
    return _link(request, _from_case(request, pk))


@require_http_methods(["GET", "HEAD", "POST"])
def consultation_issue_link(request, pk):
    return _link(request, _from_consultation(request, pk))


def _link(request, origin):
    if request.method != "POST":
        chosen = request.GET.get("issue", "")
        chosen = chosen if chosen.isascii() and chosen.isdecimal() and len(chosen) < 19 else ""
        form = LinkForm(found=_offered(request, origin, chosen=chosen), initial={"issue": chosen})
        return _link_page(request, origin, form)
    words = request.POST.get("words", "")[:100].replace("\0", "")
    sent_on = request.POST.get("act") == "link"
    if not sent_on:
        kept = {name: request.POST.get(name, "") for name in ("interim", "interim_shared", "join")}
        form = LinkForm(found=_offered(request, origin, words), initial={"words": words} | kept)
        return _link_page(request, origin, form)
    chosen = request.POST.get("issue", "")
    chosen = chosen if chosen.isascii() and chosen.isdecimal() and len(chosen) < 19 else ""
    form = LinkForm(request.POST, found=_offered(request, origin, words, chosen))
    status = take(form, _tying(origin, form), request.user) if form.is_valid() else 422
    if status != DONE_NOW:
        return _link_page(request, origin, form, status=status)
    messages.success(request, f"{form.cleaned_data['issue']}: verknüpft. Die Antwort erscheint auch hier.")
    return _go(request, origin.home)


def _tying(origin, form):
    def tie(by, confirmed):
        issue = form.cleaned_data["issue"]
        origin.tie(issue, by=by, confirmed=confirmed, **form.help_given)
        if form.cleaned_data["join"] and allows(may_join, by, issue):
            issue.join(by=by)

    return tie


def _offered(request, origin, words="", chosen="") -> list[Issue]:
    """What fits the words, else the latest of the place, and what was chosen; never what is tied already."""
    among = Issue.objects.visible_to(request.user).exclude(number=None).order_by("-reported_at", "-pk")
    among = among.exclude(pk__in=origin.ties.values("issue"))
    fitting = among.filter(municipality=(origin.consultation or origin.case).municipality_id)
    if words:
        fitting = among
        for word in fold(words).split()[:6]:
            fitting = fitting.filter(folded__contains=word)
    found = list(fitting[:OFFERED])
    if chosen and chosen not in {str(issue.pk) for issue in found}:
        found = [*among.filter(pk=int(chosen)), *found]
    return found


def _link_page(request, origin, form, *, status=200):
    _opened(request, origin)
    context = {"origin": origin, "form": form, "searched": bool(form["words"].value())}
    return render(request, f"casework/{origin.kind}_issue_link.html", context, status=status)


# What we do meanwhile


@require_http_methods(["GET", "HEAD", "POST"])
def case_issue_edit(request, pk):
    """Change what is done for the person now, and who else may read it."""
    links = CaseIssue.objects.visible_to(request.user).select_related("case__client__identity", "consultation", "issue")
    link = get_object_or_404(links, pk=pk)
    demand_manager(request.user)
    if link.case:
        access.demand_work(request.user, link.case)
    origin, key = Origin(link.case, None if link.case else link.consultation), f"case-issue:{pk}"
    edit = Filled(link, lambda row: InterimForm(initial=_interim(row)), key)
    if request.method != "POST":
        draft = Draft.of(request.user, key)
        typed = draft.data if draft else {}
        form = InterimForm(initial=_interim(link) | typed)
        edit.begin(form, typed)
        return _edit_page(request, origin, link, form, key, draft=draft)
    form = InterimForm(request.POST)

    def change(by, confirmed):
        edit.demand_same(form)
        link.change_interim(by=by, confirmed=confirmed, **form.help_given)

    status = take(form, change, request.user) if form.is_valid() else 422
    if status != DONE_NOW:
        return _edit_page(request, origin, link, form, key, status=status)
    Draft.drop(request.user, key)
    messages.success(request, "Gespeichert.")
    return _go(request, origin.home)


def _interim(link) -> dict:
    return {"interim": link.interim, "interim_shared": link.interim_shared}


def _edit_page(request, origin, link, form, key, *, draft=None, status=200):
    _opened(request, origin)
    form.draft_key = key
    (shown,) = linked([link], request.user)
    context = {"origin": origin, "link": link, "linked": shown, "form": form}
    context["saved_at"] = draft.saved_at if draft else None
    return render(request, "casework/case_issue_edit.html", context, status=status)


def _go(request, url):
    return HttpResponseClientRedirect(url) if request.htmx else redirect(url)


# What the page of a case shows


def _tied():
    return {"issue_links": CaseIssue.objects.filter(case=Slot("case")).order_by("-at", "-pk")}


@section("casework/_case_issues.html", column=MAIN, order=40, sets=_tied)
def case_issues(user, case, read):
    """Issues tied to the case, where each one is, and the answer once there is one."""
    works = access.allows(access.owns, user, case)
    found = linked(read["issue_links"], user)
    return {"case": case, "links": found, "may_act": works and not case.is_shut} if found or works else None

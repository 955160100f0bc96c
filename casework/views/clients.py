"""One person: who they are, who lives with them, and the law that holds for them, with its dates."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from casework import access, duplicates, reading
from casework.case_page import ASIDE, MAIN, section
from casework.forms.clients import ClientForm, HouseholdForm, LegalAreaForm, LinkForm, StatusForm
from casework.lifecycle import REQUESTED
from casework.models import Case, Client, LegalArea, ResidenceStatus
from casework.models.people import RECTIFIED, Gap, gaps_between
from casework.offered import offered, typed_before
from casework.timeline import newest
from casework.timeline import sets as timeline_sets
from casework.views.intake import KNOWN
from casework.views.likely import asked_first
from casework.whereabouts import title_tone
from kim import workdays
from kim.editing import Filled
from kim.models import Code, Draft, Municipality, Organisation
from kim.together import Slot, through, together
from kim.views.acting import DONE, take
from steering.models import Issue

CODES = ("access_route", "other_support", "closing_reason")
CLIENT_CODES = ("target_group", "german_level")
#: What the two pages of `_client_form.html` differ by.
WORDS = {
    "client_edit": {"title": "Angaben zur Person", "crumb": "Angaben",
                    "lead": "Erfassen Sie nur, was die Beratung braucht."},
    "client_member": {"title": "Person im Haushalt aufnehmen", "crumb": "Haushalt",
                      "lead": "Für jemanden aus der Familie ohne eigenen Fall."},
}  # fmt: skip
WITH = ("identity", "household", "municipality", "target_group", "german_level")


# What is known of a person, for the page of a case and for their own


@dataclass(frozen=True)
class Facts:
    client: Client
    languages: list[Code]
    citizenships: list[Code]
    statuses: list[ResidenceStatus]
    areas: list[LegalArea]

    @property
    def status(self) -> ResidenceStatus | None:
        today = workdays.today()
        return next((one for one in self.statuses if one.holds_on(today)), None)

    @property
    def earlier(self) -> list[ResidenceStatus]:
        return [one for one in self.statuses if one is not self.status]

    @property
    def expiry(self) -> str:
        """The tone of the chip: late, soon, or nothing to say."""
        return title_tone(self.status.expires_on) if self.status else ""

    @property
    def running(self) -> list[LegalArea]:
        today = workdays.today()
        return [one for one in self.areas if one.valid_until is None or one.holds_on(today)]

    @property
    def over(self) -> list[LegalArea]:
        return [one for one in self.areas if one not in self.running]

    @property
    def gaps(self) -> list[Gap]:
        return gaps_between(self.areas)


def _person_sets():
    client = Slot("client")
    return {
        "person_languages": Code.objects.filter(pk__in=through(Client, "languages", client)).order_by("position"),
        "person_citizenships": Code.objects.filter(pk__in=through(Client, "citizenships", client)).order_by("label"),
        "person_statuses": ResidenceStatus.objects.filter(client=client)
        .order_by("-valid_from")
        .annotate(status_label=F("status__label")),
        "person_areas": LegalArea.objects.filter(client=client)
        .order_by("valid_from", "pk")
        .annotate(area_label=F("area__label")),
    }


@together
def _person():
    return _person_sets()


def _facts(client, read) -> Facts:
    names = ("person_languages", "person_citizenships", "person_statuses", "person_areas")
    return Facts(client, *(read[name] for name in names))


@section("casework/_person.html", column=ASIDE, order=10, sets=_person_sets)
def person(user, case, read):
    """Who it is, and what the law says."""
    may_work = access.allows(access.owns, user, case)
    return {"facts": _facts(case.client, read), "may_work": may_work, "may_add": may_work and not case.is_shut}


@section("casework/_household.html", column=ASIDE, order=15)
def household(user, case):
    """Who is advised together: only those whom this user may see."""
    may_work = access.allows(access.owns, user, case) and not case.is_shut
    members = members_of(case.client, user)
    reading.listed(Client, (one.pk for one in members), by=user)
    return {"client": case.client, "members": members, "may_work": may_work}


def _pointed_at():
    """What the case and its client point at by foreign keys: a join for each would cost more than reading the case."""
    cases, clients = Case.objects.filter(pk=Slot("case")), Client.objects.filter(pk=Slot("client"))
    codes = Q()
    for rows, names in ((cases, CODES), (clients, CLIENT_CODES)):
        for name in names:
            codes |= Q(pk__in=rows.values(name))
    return {
        "case_codes": Code.objects.filter(codes),
        "case_referring": Organisation.objects.filter(pk__in=cases.values("referring_organisation")),
        "case_blocking": Issue.objects.filter(pk__in=cases.values("blocked_by")).only("number"),
        "client_place": Municipality.objects.filter(pk__in=clients.values("municipality")),
    }


@section("casework/_clearing.html", column=MAIN, order=80, sets=_pointed_at)
def clearing(user, case, read):
    """Occasion, way in, and what was cleared. Hangs what is pointed at into `case`, for the facts beside it too."""
    codes = {code.pk: code for code in read["case_codes"]}
    for subject, names in ((case, CODES), (case.client, CLIENT_CODES)):
        for name in names:
            setattr(subject, name, codes.get(getattr(subject, f"{name}_id")))
    case.referring_organisation = next(iter(read["case_referring"]), None)
    case.blocked_by = next(iter(read["case_blocking"]), None)
    case.client.municipality = read["client_place"][0]
    may_work = access.allows(access.owns, user, case) and not case.is_shut
    return {"case": case, "may_work": may_work, "left": case.left_to_clear if case.state in REQUESTED else []}


@section("casework/_timeline.html", column=MAIN, order=90, sets=timeline_sets)
def timeline(user, case, read):
    return {"case": case, "timeline": newest(read)}


def members_of(client, user) -> list[Client]:
    """The others in the household of `client`, whom `user` sees: those without a case, and those whose case they see.
    Somebody with a case elsewhere is not shown.
    """
    if client.household_id is None:
        return []
    theirs = Case.objects.filter(client=OuterRef("pk")).order_by()
    seen = ~Exists(theirs) | Exists(theirs.visible_to(user))
    family = Client.objects.filter(seen, household=client.household_id).exclude(pk=client.pk)
    return list(family.select_related("identity").order_by("identity__birth_date", "pk"))


# Pages


def _seen(user, pk) -> Client:
    client = get_object_or_404(Client.objects.visible_to(user).select_related(*WITH), pk=pk)
    reading.opened(client, by=user)
    return client


def _kept(user, pk) -> Client:
    """One whom `user` advises; 403 for one they only look at."""
    return _way_to(user, pk)[0]


def _way_to(user, pk) -> tuple[Client, bool]:
    """The same, and whether something may be added."""
    client = _seen(user, pk)
    kept, may_add = access.ways_to_client(user, client)
    if not kept:
        raise PermissionDenied(access.owns.refusal)
    return client, may_add


def _worked_on(request, pk) -> Client:
    """One of whom something may be added; else 403 before there is a form. What was typed before a consent was
    withdrawn is refused by the act itself, with everything typed still there.
    """
    client, may_add = _way_to(request.user, pk)
    if request.method != "POST" and not may_add:
        raise PermissionDenied(access.NOTHING_ADDED)
    return client


@require_safe
def client_detail(request, pk):
    client = _seen(request.user, pk)
    cases = Case.objects.visible_to(request.user).filter(client=client).select_related("municipality")
    members = members_of(client, request.user)
    reading.listed(Client, (one.pk for one in members), by=request.user)
    may_work, may_add = access.ways_to_client(request.user, client)
    context = {
        "client": client,
        "facts": _facts(client, _person()(client=client.pk)),
        "cases": list(cases.order_by("-opened_on", "-pk")),
        "members": members,
        "may_work": may_work,
        "may_add": may_add,
    }
    return render(request, "casework/client_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def client_edit(request, pk):
    client = _kept(request.user, pk)
    key = f"client:{pk}:edit"
    read = offered(request.user, key, client=client)
    edit = Filled(client, lambda row: ClientForm(choices=read, initial=_written(row)), key)
    if request.method != "POST":
        typed = typed_before(read)
        form = ClientForm(choices=read, initial=_written(client) | typed)
        edit.begin(form, typed)
        return _client_page(request, form, "client_edit", client, key=key, draft=read["draft"])
    form = ClientForm(request.POST, choices=read)

    def save():
        edit.demand_same(form)
        given = form.cleaned_data
        client.edit(
            by=request.user,
            identity=form.identity,
            languages=given["languages"],
            citizenships=form.citizenships,
            municipality=given["municipality"],
            **form.person,
        )

    done = "Die Angaben zur Person sind gespeichert."
    return _answer(request, form, save, "client_edit", client, key=key, ask=_is_renamed, done=done)


def _is_renamed(client, identity) -> bool:
    """Whether somebody is now to be called, or born, otherwise: then they may be known elsewhere."""
    return any(getattr(client.identity, name) != identity[name] for name in RECTIFIED)


def _written(client) -> dict:
    identity = client.identity
    plain = {name: getattr(identity, name) for name in ClientForm.IDENTITY}
    plain["birth_date"] = (identity.birth_date, identity.birth_precision) if identity.birth_date else None
    plain |= {name: getattr(client, name) for name in (*ClientForm.PERSON, "municipality")}
    several = enumerate(client.citizenships.order_by("position", "label"), 1)
    plain |= {f"citizenship_{number}": one for number, one in several}
    return plain | {
        "languages": list(client.languages.all()),
        "gender": client.gender.replace(Client.Gender.NOT_SAID, ""),
    }


@require_http_methods(["GET", "HEAD", "POST"])
def client_status(request, pk):
    """A new residence status from a day on, with all there was."""
    client = _worked_on(request, pk)
    read, facts = offered(request.user, "", client=client), _facts(client, _person()(client=client.pk))
    if request.method != "POST":
        form = StatusForm(choices=read, initial={"valid_from": workdays.today()})
        return _client_page(request, form, "client_status", client, facts=facts)
    form = StatusForm(request.POST, choices=read)

    def save():
        client.change_residence_status(by=request.user, **form.cleaned_data)

    return _answer(request, form, save, "client_status", client, facts=facts, done="Der Status ist eingetragen.")


@require_http_methods(["GET", "HEAD", "POST"])
def client_area(request, pk):
    """Legal areas: one ends, one begins; the days in between are shown."""
    client = _worked_on(request, pk)
    read, facts = offered(request.user, "", client=client), _facts(client, _person()(client=client.pk))
    running = [one for one in client.legal_areas.select_related("area") if one.valid_until is None]
    if request.method != "POST":
        form = LegalAreaForm(choices=read, running=running)
        return _client_page(request, form, "client_area", client, facts=facts)
    form = LegalAreaForm(request.POST, choices=read, running=running)

    def save():
        client.change_legal_area(by=request.user, **form.cleaned_data)

    return _answer(request, form, save, "client_area", client, facts=facts, done="Der Rechtskreis ist eingetragen.")


# The household


@require_http_methods(["GET", "HEAD", "POST"])
def client_household(request, pk):
    client = _worked_on(request, pk)
    if request.method != "POST":
        return _household_page(request, client)
    form = HouseholdForm(request.POST)

    def save():
        _counting(client).demand_same(form)
        client.keep_household(by=request.user, **form.cleaned_data)

    status = take(form, save) if form.is_valid() else 422
    if status != DONE:
        return _household_page(request, client, form=form, status=status)
    messages.success(request, "Der Haushalt ist gespeichert.")
    return redirect("casework:client_household", pk)


@require_POST
def client_link(request, pk):
    """Somebody of the own caseload lives here too."""
    client = _kept(request.user, pk)
    form = LinkForm(request.POST, known=_linkable(request.user, client))
    status = 422
    if form.is_valid():
        status = take(form, lambda: client.live_with(form.cleaned_data["person"], by=request.user))
    if status != DONE:
        return _household_page(request, client, link=form, status=status)
    messages.success(request, "Die Person gehört jetzt zum Haushalt.")
    return redirect("casework:client_household", pk)


@require_POST
def client_leave(request, pk):
    client = _kept(request.user, pk)
    form = HouseholdForm({})
    form.errors.clear()
    status = take(form, lambda: client.leave_household(by=request.user))
    if status != DONE:
        return _household_page(request, client, form=form, status=status)
    messages.success(request, "Die Person gehört nicht mehr zum Haushalt.")
    return redirect(client)


@require_http_methods(["GET", "HEAD", "POST"])
def client_member(request, pk):
    """Somebody of the family, without a case of their own."""
    client = _worked_on(request, pk)
    key = f"client:{pk}:member"
    read = offered(request.user, key)
    if request.method != "POST":
        identity = client.identity
        shared = {name: getattr(identity, name) for name in ("family_name", "street", "postal_code", "town")}
        initial = shared | {"municipality": client.municipality} | typed_before(read)
        form = ClientForm(choices=read, initial=initial)
        return _client_page(request, form, "client_member", client, key=key, draft=read["draft"])
    form = ClientForm(request.POST, choices=read)

    def save():
        given = form.cleaned_data
        client.add_member(
            by=request.user,
            identity=form.identity,
            languages=given["languages"],
            citizenships=form.citizenships,
            municipality=given["municipality"],
            **form.person,
        )

    done = "Die Person ist aufgenommen."
    return _answer(request, form, save, "client_member", client, key=key, ask=lambda *_: True, done=done)


def _linkable(user, client) -> list[Client]:
    """Those with an open case who live in no household yet."""
    people = Client.objects.advised_by(user).filter(household__isnull=True).exclude(pk=client.pk)
    return list(people.select_related("identity").order_by("identity__folded", "pk")[:KNOWN])


def _counted(client) -> HouseholdForm:
    there = client.household
    counted = {"adults": there.adults, "children": there.children} if there else {"adults": 1, "children": 0}
    return HouseholdForm(initial=counted)


def _counting(client) -> Filled:
    return Filled(client, _counted)


def _household_page(request, client, *, form=None, link=None, status=200):
    blank = _counted(client)
    _counting(client).begin(blank)
    known, members = _linkable(request.user, client), members_of(client, request.user)
    reading.listed(Client, (one.pk for one in [*known, *members]), by=request.user)
    context = {
        "client": client,
        "members": members,
        "form": form if form is not None and form.data else blank,
        "refused": form if form is not None else link,
        "link": (link or LinkForm(known=known)) if known else None,
        "may_add": request.method != "POST" or access.works_on_client(request.user, client),
    }
    return render(request, "casework/client_household.html", context, status=status)


# Answers


def _answer(request, form, save, page, client, *, done, key="", facts=None, ask=None):
    """`ask(client, identity)`: whether it is to be asked first if the person in the form may be advised elsewhere."""
    if form.is_valid() and ask and ask(client, form.identity) and access.works_on_client(request.user, client):
        own = duplicates.own_case(client, request.user)
        if shown := asked_first(request, form.identity, own=own):
            return _client_page(request, form, page, client, key=key, likely=shown[0], status=shown[1])
    status = take(form, save) if form.is_valid() else 422
    if status != DONE:
        return _client_page(request, form, page, client, key=key, facts=facts, status=status)
    if key:
        Draft.drop(request.user, key)
    messages.success(request, done)
    return redirect("casework:client_household", client.pk) if page == "client_member" else redirect(client)


def _client_page(request, form, page, client, *, key="", draft=None, facts=None, likely="", status=200):
    form.draft_key = key
    saved_at = draft.saved_at if draft else None
    context = {"form": form, "client": client, "facts": facts, "saved_at": saved_at, "likely": likely}
    context |= WORDS.get(page, {})
    return render(request, f"casework/{page}.html", context, status=status)

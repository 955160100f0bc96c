"""Forms of costs, of the rules by which they are eligible, of forwarded money, and the upload of a sheet of costs."""

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.db.models import Exists, Max, Min, OuterRef, Q, QuerySet

from funding import cost_sheets
from funding.forms.facts import Euros, FactForm, Share
from funding.models import AwardNotice, Cost, CostKind, Eligibility, Item, Occupancy, Post, PostTerm
from kim import sheets
from kim.form_rendering import QuickSelect
from kim.forms import CHOSEN, Day, Form, Line, OneOf, Pick, Text
from kim.models import Organisation, User
from steering.filters import INPUT, SELECT, Filter
from steering.forms.cooperation import by_kind

# Facts


def _choice(label: str, choices, *, empty: str = "", **more) -> forms.ChoiceField:
    offered = [("", empty or "Bitte wählen"), *choices]
    return forms.ChoiceField(label=label, choices=offered, error_messages=CHOSEN, **more)


class CostForm(FactForm):
    """`subject` is the notice; posts and people are those it may pay."""

    field_order: Any = ("kind", "amount", "text", "post", "user", "recipient", "paid_on", "eligibility", "basis")

    kind = _choice("Kostenart", CostKind.choices)
    amount = Euros(label="Betrag (€)", min_value=Decimal("0.01"))
    text = Line(
        label="Wofür", max_length=160, required=False, help_text="etwa „Supervision Team Ost, 2 Termine“; keine Namen"
    )
    paid_on = Day(label="Gezahlt am", required=False, past=True)
    eligibility = _choice(
        "Abweichend förderfähig?", Eligibility.choices, empty="nein, es gilt die Regel des Programms", required=False
    )
    basis = Line(
        label="Grundlage der Abweichung", max_length=300, required=False,
        help_text="Nur wenn es hier anders ist als nach der Regel: Schreiben oder Auskunft, auf der das beruht.",
    )  # fmt: skip

    def __init__(self, data=None, *, subject=None, initial=None):
        super().__init__(data, subject=subject, initial=initial)
        posts, people = _paid_by(subject)
        given = initial or {}
        if (post := given.get("post")) and post not in posts:
            posts.append(post)
        if (user := given.get("user")) and user not in people:
            people.append(user)
        self.fields["post"] = OneOf(
            posts, label="Stelle", required=False, empty="keine", label_of=lambda post: f"{post.number} · {post.title}"
        )
        self.fields["user"] = OneOf(
            people, label="Person", required=False, empty="nicht genannt",
            help_text="Wessen Gehalt es ist. Nur Verwaltung und Revision sehen das.",
        )  # fmt: skip
        self.fields["recipient"] = OneOf(
            groups=by_kind(Organisation.objects.all()), label="Weitergeleitet an", required=False, empty="niemand",
            help_text="Nur bei der Kostenart „Weiterleitung an Dritte“.",
        )  # fmt: skip
        self.fields["amount"].error_messages["min_value"] = "Der Betrag muss größer als 0 sein."
        self.fields["valid_from"].label = "Für die Zeit ab"
        last = self.fields["last_day"]
        last.label, last.required, last.help_text = "bis einschließlich", True, "Bei einem Gehalt: der Monat."
        self.order_fields([*self.field_order, *self.LAST])

    def clean(self):
        given = super().clean()
        kind, post, user = given.get("kind"), given.get("post"), given.get("user")
        if kind == CostKind.FORWARDED and not given.get("recipient") and "recipient" not in self.errors:
            self.add_error("recipient", "Bitte wählen Sie, an wen das Geld weitergeleitet ist.")
        if kind and kind != CostKind.FORWARDED and given.get("recipient"):
            self.add_error("recipient", "Einen Empfänger hat nur die Kostenart „Weiterleitung an Dritte“.")
        if kind == CostKind.FORWARDED and post:
            self.add_error("post", "Eine Weiterleitung gehört zu keiner Stelle. Bitte wählen Sie „keine“.")
        if user and not post and "post" not in self.errors:
            self.add_error("post", "Bitte wählen Sie die Stelle, zu der die Kosten dieser Person gehören.")
        if user and post and (first := given.get("valid_from")) and (last := given.get("last_day")):
            held = Occupancy.objects.believed().within(first, last + dt.timedelta(days=1))
            if first <= last and not held.filter(post=post, user=user).exists():
                self.add_error("user", "Diese Person hatte die Stelle in dieser Zeit nicht inne.")
        if given.get("eligibility") and not given.get("basis") and "basis" not in self.errors:
            self.add_error("basis", "Bitte nennen Sie, worauf die abweichende Förderfähigkeit beruht.")
        if given.get("basis") and not given.get("eligibility"):
            self.add_error("eligibility", "Bitte wählen Sie, was abweichend gilt, oder leeren Sie die Grundlage.")
        return given


def _paid_by(notice: AwardNotice) -> tuple[list[Post], list[User]]:
    """The posts a notice may pay in its period, and who holds them then; two queries."""
    period = notice.period
    during = Q(valid_from__lt=period.valid_until) & (Q(valid_until=None) | Q(valid_until__gt=period.valid_from))
    terms = PostTerm.objects.believed().filter(during, post=OuterRef("pk"), recipient=notice.recipient_id)
    posts = Post.objects.filter(Exists(terms), module=notice.module).order_by("number")
    held = Occupancy.objects.believed().filter(during, user=OuterRef("pk"), post__in=posts.order_by().values("pk"))
    return list(posts), list(User.objects.filter(Exists(held)).order_by("display_name"))


class EligibilityRuleForm(FactForm):
    """`subject` is the programme. A day to ask again by falls away once it is answered."""

    field_order: Any = ("kind", "eligibility", "basis", "ask_by", "item")

    kind = _choice("Kostenart", CostKind.choices)
    eligibility = Pick(label="Zahlt das Programm dafür?", choices=Eligibility.choices)
    basis = Text(
        label="Grundlage", max_length=1000, rows=3,
        help_text="Richtlinie, Bescheid oder Auskunft, auf der das beruht; solange es ungeklärt ist: was offen ist.",
    )  # fmt: skip
    ask_by = Day(label="Klären bis", required=False, help_text="Nur solange es ungeklärt ist; KIM erinnert daran.")
    item = _choice("Zahlt aus", Item.choices, help_text="Auf welchen Teil der Bewilligung es angerechnet wird.")

    def __init__(self, data=None, *, subject=None, initial=None):
        super().__init__(data, subject=subject, initial={"item": Item.POST.value, **(initial or {})})
        self.order_fields([*self.field_order, *self.LAST])

    def clean(self):
        given = super().clean()
        if given.get("eligibility") and given["eligibility"] != Eligibility.UNCLEAR:
            given["ask_by"] = None
        return given


class ForwardingForm(FactForm):
    """`subject` is the notice."""

    fte = Share(label="Weitergeleitete VZÄ", min_value=Decimal("0.001"))

    def __init__(self, data=None, *, subject=None, initial=None):
        super().__init__(data, subject=subject, initial=initial)
        self.fields["recipient"] = OneOf(
            groups=by_kind(Organisation.objects.all()), label="Weitergeleitet an", help_text="Wer die Leute anstellt."
        )
        self.fields["fte"].error_messages["min_value"] = "Weitergeleitete VZÄ sind größer als 0."
        self.order_fields(["recipient", "fte", *self.LAST])


# Lists


def _narrows(label: str, empty: str, choices=()) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, required=False, choices=[("", empty), *choices], widget=QuickSelect(attrs=SELECT)
    )


def _row(label: str) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(
        label=label, required=False, coerce=int, empty_value="", widget=QuickSelect(attrs=SELECT)
    )


class CostFilter(Filter):
    """Filters of the list of costs; what can be chosen is what `seen` holds."""

    FIRST: ClassVar = ("notice", "year", "kind", "eligible", "post")

    q: Any = None
    notice = _row("Bescheid")
    year = _row("Jahr")
    kind = _narrows("Kostenart", "alle", CostKind.choices)
    eligible = _narrows("Förderfähig", "alle", Eligibility.choices)
    post = forms.CharField(
        label="Nummer der Stelle", required=False, max_length=40,
        widget=forms.TextInput(attrs=INPUT | {"autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, data, *, seen: QuerySet):
        super().__init__(data)
        spent = Cost.objects.filter(notice=OuterRef("pk"))
        notices = AwardNotice.objects.filter(Exists(spent)).values_list("pk", "number")
        self._offer("notice", "alle", notices)
        ends = seen.order_by().aggregate(first=Min("valid_from"), last=Max("valid_from"))
        years = range(ends["last"].year, ends["first"].year - 1, -1) if ends["last"] else ()
        self._offer("year", "alle", ((year, str(year)) for year in years))

    def narrowed(self, rows: QuerySet) -> QuerySet:
        """Of costs that know whether they are `eligible`; a year is that of the first day."""
        given = self.given
        rows = rows.filter(**{name: given[name] for name in ("notice", "kind", "eligible") if given.get(name)})
        if given.get("post"):
            rows = rows.filter(post__number__istartswith=given["post"])
        if given.get("year"):
            rows = rows.filter(valid_from__range=(dt.date(given["year"], 1, 1), dt.date(given["year"], 12, 31)))
        return rows


# Import


class CostImportForm(Form):
    """After `is_valid`: `lines` as cost_sheets.check takes them, `unknown` headings nobody will read."""

    file = forms.FileField(
        label="Datei",
        max_length=255,
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv"}),
        help_text="Excel (.xlsx) oder CSV, höchstens 2 MB und 5.000 Zeilen. Die Datei selbst wird nicht aufbewahrt.",
        error_messages={
            "required": "Bitte wählen Sie eine Datei.",
            "empty": "Die Datei ist leer.",
            "invalid": "Die Datei ist nicht angekommen. Bitte wählen Sie sie noch einmal.",
            "max_length": "Der Dateiname ist zu lang.",
        },
    )

    lines: list[tuple[int, dict[str, str]]]
    unknown: list[str]

    def clean(self):
        given = super().clean()
        if not given.get("file"):
            return given
        try:
            sheets.demand_size(given["file"].size, cost_sheets.MOST_BYTES)
            headings, rows = sheets.read(given["file"].read(), most_bytes=cost_sheets.MOST_BYTES)
        except sheets.Unreadable as error:
            self.add_error("file", str(error))
            return given
        places, missing, self.unknown = cost_sheets.placed(headings)
        if missing:
            words = ", ".join(f"„{word}“" for word in missing)
            lack = "fehlt" if len(missing) == 1 else "fehlen"
            self.add_error("file", f"In der ersten Zeile {lack}: {words}. Die Vorlage hat alle Überschriften.")
        self.lines = cost_sheets.lines_of(rows, places)
        return given

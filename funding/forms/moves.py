"""Forms about posts, who holds them, who is away and where people work."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.utils.text import slugify

from funding.forms.facts import FactForm, Share
from funding.models import Leave, Occupancy, Post
from funding.models.placing import WEEKDAYS, Place, days_words, fte
from funding.models.programmes import STAFF, Module
from kim.forms import CHOSEN, Day, Form, Line, OneOf
from kim.models import Municipality, Organisation, Role, User
from kim.trigrams import fold

NOBODY = "niemand"
Groups = list[tuple[str, list]]


class Chosen(forms.TypedChoiceField):
    """One of rows that are read only where the choices are shown or checked: `read() -> [(heading, rows)]`."""

    def __init__(self, read: Callable[[], Groups] = list, *, empty="Bitte wählen", **kwargs):
        self._read, self._empty = read, empty
        self._groups: Groups | None = None
        kwargs.setdefault("error_messages", CHOSEN)
        super().__init__(choices=self._offered, coerce=self._object, empty_value=None, **kwargs)

    def _offered(self) -> list[tuple[str, Any]]:
        found: list[tuple[str, Any]] = [("", self._empty)]
        for heading, rows in self._rows():
            options = [(str(row.pk), str(row)) for row in rows]
            found += [(heading, options)] if heading else options
        return found

    def _rows(self) -> Groups:
        if self._groups is None:
            self._groups = self._read()
        return self._groups

    def _object(self, value):
        return next(row for _, rows in self._rows() for row in rows if str(row.pk) == value)

    def prepare_value(self, value):
        return str(value.pk) if hasattr(value, "pk") else value


def people_by_role() -> Groups:
    """Everybody who may be entered, each under the first role they hold today; two queries."""
    from kim.absences import with_roles

    granted = with_roles()
    listed = {person.pk for person in granted}
    groups: Groups = []
    left = list(granted)
    for role in Role:
        here = [person for person in left if role in person.granted]
        left = [person for person in left if role not in person.granted]
        if here:
            groups.append((str(role.label), here))
    others = [person for person in User.objects.all() if person.pk not in listed]
    return [*groups, ("heute ohne Rolle", others)] if others else groups


def organisations() -> Groups:
    return [("", list(Organisation.objects.all()))]


def share_of_one(label: str, **kwargs) -> Share:
    field = Share(label=label, max_value=1, **kwargs)
    field.error_messages["max_value"] = "Höchstens 1 VZÄ, also eine ganze Stelle."
    return field


def _person(label: str, **kwargs) -> Chosen:
    return Chosen(people_by_role, label=label, **kwargs)


def _organisation(label: str, **kwargs) -> Chosen:
    return Chosen(organisations, label=label, **kwargs)


# Facts


class PostTermForm(FactForm):
    fte = share_of_one("Umfang (VZÄ)", help_text="Mehr als 0 und höchstens 1.")
    employer = Chosen(label="Anstellungsträger")
    recipient = Chosen(label="Gefördert über", help_text="Wer den Bescheid erhält, aus dem die Stelle bezahlt wird.")
    function = Line(label="Aufgabe", max_length=160, required=False)
    pay_grade = Line(label="Entgelt- oder Besoldungsgruppe", max_length=20, required=False)
    plan_number = Line(label="Nummer im Stellenplan", max_length=40, required=False)
    kw = forms.BooleanField(label="kw-Vermerk (künftig wegfallend)", required=False)
    kw_on = Day(label="kw zum", required=False)

    def __init__(self, data=None, *, subject=None, initial=None):
        super().__init__(data, subject=subject, initial=initial)
        for name in ("employer", "recipient"):
            field = self.fields[name]
            self.fields[name] = _organisation(str(field.label), help_text=field.help_text)

    def clean(self):
        given = super().clean()
        if given.get("kw_on") and not given.get("kw"):
            self.add_error("kw_on", "Ein Tag zum kw-Vermerk setzt den kw-Vermerk voraus.")
        return given


class OccupancyForm(FactForm):
    user = Chosen(label="Person")
    share = share_of_one("Anteil (VZÄ)", help_text="Mehr als 0 und höchstens 1.")
    substitute_for = Chosen(label="Vertritt", required=False)

    def __init__(self, data=None, *, subject=None, initial=None):
        super().__init__(data, subject=subject, initial=initial)
        self.fields["user"] = _person("Person")
        self.fields["substitute_for"] = Chosen(
            self._holders, label="Vertritt", required=False, empty=NOBODY,
            help_text="Wer die Stelle hat und fehlt. Beide zusammen zählen dann nur einmal.",
        )  # fmt: skip

    def _holders(self) -> Groups:
        rows = Occupancy.objects.believed().filter(post=self.subject).select_related("user").order_by("valid_from")
        return [("", list({row.user_id: row.user for row in rows}.values()))]

    def clean(self):
        given = super().clean()
        if given.get("user") and given.get("user") == given.get("substitute_for"):
            self.add_error("substitute_for", "Man kann sich nicht selbst vertreten.")
        return given


class LeaveForm(FactForm):
    kind = forms.ChoiceField(label="Grund", choices=Leave.Kind, error_messages=CHOSEN, widget=forms.RadioSelect)
    counts = forms.BooleanField(
        label="Die Stelle zählt weiter als besetzt", required=False,
        help_text="Wenn der Bescheid das zulässt, etwa bei Fortzahlung des Entgelts.",
    )  # fmt: skip


# Acts


class PostForm(PostTermForm):
    """A new post and what it is at first."""

    number = Line(label="Nummer", max_length=40, help_text="Kurz und eindeutig, etwa M2-05.")
    title = Line(label="Bezeichnung", max_length=160, help_text="Die Funktion, kein Name.")
    module = forms.ChoiceField(label="Modul", choices=[("", "Bitte wählen"), *Module.choices], error_messages=CHOSEN)
    item = forms.ChoiceField(
        label="Art der Stelle", choices=[(one.value, one.label) for one in STAFF], error_messages=CHOSEN
    )

    def __init__(self, data=None, *, initial=None):
        super().__init__(data, initial=initial)
        self.order_fields(["number", "title", "module", "item"])

    def clean_number(self):
        number = self.cleaned_data["number"]
        if slugify(number) != number.lower():
            raise forms.ValidationError("Bitte nur Buchstaben ohne Umlaute, Ziffern und Bindestriche, etwa M2-05.")
        return number


class PersonForm(Form):
    """An account, named by function."""

    display_name = Line(
        label="Bezeichnung", max_length=120, help_text="Nach der Funktion, etwa „Case Management Windeck“."
    )
    username = Line(
        label="Benutzername", max_length=60, required=False, help_text="Leer: wird aus der Bezeichnung gebildet."
    )
    organisation = Chosen(organisations, label="Organisation")
    email = forms.EmailField(
        label="E-Mail-Adresse", max_length=254, required=False, help_text="Die dienstliche; für Mitteilungen.",
        error_messages={"invalid": "Bitte eine E-Mail-Adresse angeben wie cm-windeck@beispiel.de."},
    )  # fmt: skip
    role = forms.ChoiceField(label="Rolle", choices=[("", "Bitte wählen"), *Role.choices], error_messages=CHOSEN)
    first_day = Day(label="Rolle gilt ab")

    def __init__(self, data=None, *, initial=None):
        super().__init__(data, initial=initial)
        self.fields["organisation"] = _organisation("Organisation")

    def clean(self):
        given = super().clean()
        proposed = given.get("username") or proposal(given.get("display_name") or "")
        if proposed != slugify(proposed):
            self.add_error("username", "Bitte nur Kleinbuchstaben ohne Umlaute, Ziffern und Bindestriche.")
        elif not proposed and "display_name" in given:
            self.add_error("username", "Bitte einen Benutzernamen angeben.")
        else:
            given["username"] = proposed
        return given


def proposal(display_name: str) -> str:
    """„Case Management Windeck“ as „cm-windeck“: what somebody signs in with."""
    words = fold(display_name).replace("case management", "cm").replace("geschaeftsstelle", "gs")
    return slugify(words)[:60].strip("-")


class HandOverForm(Form):
    giver = OneOf(label="Gibt ab")
    last_day = Day(label="Letzter Tag", help_text="An diesem Tag ist die Stelle noch so besetzt.")
    taker = Chosen(label="Nachfolge", required=False)
    first_day = Day(label="Erster Tag der Nachfolge", required=False, help_text="Leer: am Tag danach.")
    share = share_of_one("Anteil der Nachfolge (VZÄ)", required=False, help_text="Leer: der bisherige Anteil.")
    with_places = forms.BooleanField(
        label="Kommunen, Wochentage und Anteile gehen auf die Nachfolge über", required=False
    )
    ends_roles = forms.BooleanField(
        label="Rolle endet mit dem letzten Tag", required=False,
        help_text="Die Rolle für dieses Modul, wenn die Person danach keine andere Stelle darin hat.",
    )  # fmt: skip
    gives_roles = forms.BooleanField(label="Die Nachfolge erhält dieselbe Rolle ab ihrem ersten Tag", required=False)
    source = Line(label="Beleg", max_length=200, required=False, help_text="Schreiben oder Unterlage.")

    def __init__(self, data=None, *, held: Iterable[Occupancy], initial=None):
        super().__init__(data, initial=initial)
        self.fields["giver"] = OneOf(
            list(held), label="Gibt ab", label_of=lambda row: f"{row.user}, {row.span}"
        )  # fmt: skip
        self.fields["taker"] = Chosen(people_by_role, label="Nachfolge", required=False, empty=NOBODY)

    def clean(self):
        given = super().clean()
        taker, giver, first, last = (given.get(name) for name in ("taker", "giver", "first_day", "last_day"))
        if taker and giver and taker == giver.user:
            self.add_error("taker", "Bitte wählen Sie jemand anderes als die Person, die abgibt.")
        if not taker:
            for name in ("first_day", "share"):
                if given.get(name):
                    self.add_error(name, "Bitte wählen Sie auch die Nachfolge.")
        if given.get("share") == 0:
            self.add_error("share", "Der Anteil ist größer als 0.")
        if giver and last and last < giver.valid_from:
            self.add_error("last_day", f"Die Besetzung beginnt erst am {giver.valid_from:%d.%m.%Y}.")
        return given


class PostEndForm(Form):
    last_day = Day(label="Letzter Tag der Stelle", help_text="An diesem Tag gibt es sie noch.")
    because = Line(label="Begründung", max_length=200)
    ends_roles = forms.BooleanField(
        label="Rollen enden mit dem letzten Tag", required=False,
        help_text="Für alle, die danach keine andere Stelle in diesem Modul haben.",
    )  # fmt: skip


class MoveForm(Form):
    leaves = OneOf(label="Wird frei")
    last_day = Day(label="Letzter Tag dort", help_text="Am Tag danach beginnt die neue Stelle.")
    post = Chosen(label="Neue Stelle")
    share = share_of_one("Anteil (VZÄ)")
    keeps_places = forms.BooleanField(label="Kommunen und Wochentage bleiben, wie sie sind", required=False)
    ends_roles = forms.BooleanField(
        label="Bisherige Rolle endet mit dem letzten Tag", required=False,
        help_text="Wenn in diesem Modul danach keine andere Stelle besetzt ist.",
    )  # fmt: skip
    role = forms.ChoiceField(
        label="Zusätzliche Rolle ab dem ersten Tag", required=False, choices=[("", "keine"), *Role.choices]
    )
    source = Line(label="Beleg", max_length=200, required=False, help_text="Schreiben oder Unterlage.")

    def __init__(self, data=None, *, held: Iterable[Occupancy], initial=None):
        super().__init__(data, initial=initial)
        self.fields["leaves"] = OneOf(list(held), label="Wird frei", label_of=lambda row: f"{row.post}, {row.span}")
        self.fields["post"] = Chosen(posts_by_module, label="Neue Stelle")


def posts_by_module() -> Groups:
    found = list(Post.objects.all())
    return [(str(module.label), [post for post in found if post.module == module]) for module in Module]


class DaysForm(Form):
    """Where somebody works from a day on: for each municipality its weekdays and a share, in a table."""

    day = Day(label="Gilt ab")
    role = forms.ChoiceField(label="Funktion", choices=[("", "Bitte wählen"), *Role.choices], error_messages=CHOSEN)
    employer = Chosen(label="Anstellungsträger", help_text="Wer die Person beschäftigt; der Ort der Arbeit ist unten.")
    title = Line(label="Bezeichnung der Aufgabe", max_length=160, required=False)
    source = Line(label="Beleg", max_length=200, required=False, help_text="Schreiben oder Unterlage.")

    def __init__(self, data=None, *, municipalities: Iterable[Municipality], initial=None):
        super().__init__(data, initial=initial)
        self.municipalities = list(municipalities)
        self.fields["employer"] = _organisation("Anstellungsträger", help_text=self.fields["employer"].help_text)
        for place in self.municipalities:
            self.fields[f"here_{place.pk}"] = forms.BooleanField(label=str(place), required=False)
            self.fields[f"days_{place.pk}"] = forms.MultipleChoiceField(
                label=f"{place}, Wochentage", choices=[(key, name[:2]) for key, name in WEEKDAYS.items()],
                required=False, widget=forms.CheckboxSelectMultiple, error_messages=CHOSEN,
            )  # fmt: skip
            self.fields[f"share_{place.pk}"] = share_of_one(f"{place}, Anteil", required=False)

    @property
    def tables(self):
        """Rows (fields of one municipality: whether, weekdays, share): those in use, and all others."""
        rows = [[self[f"{name}_{place.pk}"] for name in ("here", "days", "share")] for place in self.municipalities]
        used = [row for row in rows if any(bound.value() or bound.errors for bound in row)]
        return used, [row for row in rows if row not in used]

    @property
    def said(self) -> list[tuple[str, str]]:
        """What was typed, a line for each municipality in use."""
        given = self.cleaned_data
        told = [(str(self.fields[name].label), given[name]) for name in ("role", "employer", "title", "source")]
        told[0] = (told[0][0], Role(given["role"]).label)
        places = [
            (str(place.municipality), " ".join(filter(None, (days_words(place.weekdays), _fte(place.share)))))
            for place in self.places
        ]
        lines = [(name, words or "ohne Angabe von Tagen") for name, words in places] or [("Einsätze", "keine mehr")]
        return [
            ("Gilt ab", f"{given['day']:%d.%m.%Y}"),
            *((label, str(said)) for label, said in [*told, *lines] if said),
        ]

    @property
    def top(self):
        return [self[name] for name in ("day", "role", "employer", "title", "source")]

    @property
    def places(self) -> list[Place]:
        given, found = self.cleaned_data, []
        for place in self.municipalities:
            weekdays, share = "".join(sorted(given[f"days_{place.pk}"])), given[f"share_{place.pk}"]
            if given[f"here_{place.pk}"] or weekdays or share is not None:
                found.append(Place(place, weekdays, share))
        return found

    def clean(self):
        given = super().clean()
        for place in self.municipalities:
            if given.get(f"share_{place.pk}") == 0:
                self.add_error(f"share_{place.pk}", "Der Anteil ist größer als 0. Leer: ohne Angabe.")
        return given

    @staticmethod
    def filled_from(assignments) -> dict[str, Any]:
        """What the form begins with, from the rows that hold today."""
        rows = list(assignments)
        found: dict[str, Any] = {}
        for row in rows:
            pk = row.municipality_id
            found |= {f"here_{pk}": True, f"days_{pk}": list(row.weekdays), f"share_{pk}": row.share}
        if rows:
            first = rows[0]
            found |= {"role": first.role, "employer": first.employer, "title": first.title}
        return found


def _fte(share) -> str:
    return "" if share is None else f"{fte(share)} VZÄ"

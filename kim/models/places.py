"""Where things are: the county, its municipalities, and the organisations that work there."""

from django.db import models
from django.db.models import OuterRef, Subquery

from kim import workdays
from kim.privacy_gate import Known


class Bank(models.TextChoices):
    """The Rhine divides the county; each bank has its own contact in the office."""

    LEFT = "left", "linksrheinisch"
    RIGHT = "right", "rechtsrheinisch"


class County(models.Model):
    """The county this installation serves, and what it has decided for itself. Exactly one row."""

    name = models.CharField("Name", max_length=100)
    key = models.CharField("Kreisschlüssel", max_length=5)
    direct_reporting = models.BooleanField("Direktmeldung an die Geschäftsstelle erlaubt", default=False)
    christmas_eve_is_workday = models.BooleanField("24. Dezember ist Arbeitstag", default=False)
    new_years_eve_is_workday = models.BooleanField("31. Dezember ist Arbeitstag", default=False)
    small_municipality_below = models.PositiveIntegerField("kleine Kommune unter (Einwohner)", default=15000)
    effect_months = models.PositiveSmallIntegerField("Wirksamkeit prüfen nach (Monaten)", default=6)
    small_cell_below = models.PositiveIntegerField("kleine Zahl unter", default=5)
    case_prefix = models.CharField("Kürzel vor Fallnummern", max_length=6, default="F")
    request_kept_months = models.PositiveSmallIntegerField("Anfrage ohne Aufnahme: löschen nach (Monaten)", default=6)
    case_kept_years = models.PositiveSmallIntegerField("beendeter Fall: löschen nach (Jahren)", default=3)

    class Meta:
        constraints = [
            models.CheckConstraint(name="kim_one_county", condition=models.Q(pk=1)),
            models.CheckConstraint(
                name="kim_county_keeps_cases_within_bounds",
                condition=models.Q(request_kept_months__range=(1, 24), case_kept_years__range=(1, 10)),
                violation_error_message="Anfragen werden 1 bis 24 Monate, Fälle 1 bis 10 Jahre aufbewahrt.",
            ),
        ]

    def __str__(self):
        return self.name

    @classmethod
    def current(cls) -> "County":
        """The county, or one with default settings while none has been loaded."""
        return cls.objects.first() or cls(pk=1, name="", key="")

    @property
    def workday_rules(self) -> workdays.Rules:
        return workdays.Rules(
            christmas_eve_is_workday=self.christmas_eve_is_workday,
            new_years_eve_is_workday=self.new_years_eve_is_workday,
        )


class Municipality(models.Model):
    class Kind(models.TextChoices):
        CITY = "city", "Stadt"
        MUNICIPALITY = "municipality", "Gemeinde"

    ags = models.CharField("Gemeindeschlüssel (AGS)", max_length=8, unique=True)
    name = models.CharField("amtlicher Name", max_length=80)
    kind = models.CharField("Art", max_length=12, choices=Kind)
    bank = models.CharField("Rheinseite", max_length=5, choices=Bank, blank=True)
    postal_code = models.CharField("Postleitzahl", max_length=5, blank=True)
    area_km2 = models.DecimalField("Fläche (km²)", max_digits=7, decimal_places=2, null=True)
    latitude = models.DecimalField("Breite", max_digits=7, decimal_places=4, null=True)
    longitude = models.DecimalField("Länge", max_digits=7, decimal_places=4, null=True)

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def population(self) -> int | None:
        """Inhabitants by the latest count."""
        latest = self.population_counts.order_by("-counted_on").first()
        return latest.persons if latest else None


class PopulationCount(models.Model):
    municipality = models.ForeignKey(Municipality, on_delete=models.CASCADE, related_name="population_counts")
    counted_on = models.DateField("Stichtag")
    persons = models.PositiveIntegerField("Einwohner")
    source = models.CharField("Quelle", max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["municipality", "counted_on"], name="kim_one_count_per_day")]

    def __str__(self):
        return f"{self.municipality}: {self.persons} am {self.counted_on:%d.%m.%Y}"


class Organisation(models.Model):
    class Kind(models.TextChoices):
        COUNTY = "county", "Kreisverwaltung"
        MUNICIPALITY = "municipality", "Kommunalverwaltung"
        AUTHORITY = "authority", "Ausländer- oder Einbürgerungsbehörde"
        EMPLOYMENT = "employment", "Jobcenter oder Arbeitsagentur"
        WELFARE = "welfare", "Freie Wohlfahrtspflege"
        COURSES = "courses", "Sprachkursträger"
        STATE = "state", "Land oder Bund"
        OTHER = "other", "Sonstige"

    key = models.SlugField("Kennung", unique=True)
    name = models.CharField("Name", max_length=160)
    kind = models.CharField("Art", max_length=12, choices=Kind)
    municipality = models.ForeignKey(
        Municipality,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="organisations",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self):
        return self.name


def small_places(author, context):
    """Source of the privacy gate: places where a rare nationality alone may tell who is meant."""
    latest = PopulationCount.objects.filter(municipality=OuterRef("pk")).order_by("-counted_on").values("persons")[:1]
    small = Municipality.objects.annotate(persons=Subquery(latest)).filter(
        persons__lt=County.current().small_municipality_below
    )
    for name in small.values_list("name", flat=True):
        yield Known("place", name)

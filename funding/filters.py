"""What lists of funding can be narrowed by."""

import datetime as dt

from django.db.models import Max, Min, Q, QuerySet
from django.forms import ChoiceField, TypedChoiceField

from funding.models import Module
from kim.form_rendering import QuickSelect
from kim.models import Organisation
from kim.trigrams import fold
from steering.filters import SELECT, Filter


class NoticeFilter(Filter):
    """Filters of the list of notices; what can be chosen is what `seen` holds. A year is one the period reaches."""

    FIRST = ("module", "recipient", "year")

    module = ChoiceField(
        label="Modul", required=False, choices=[("", "alle"), *Module.choices], widget=QuickSelect(attrs=SELECT)
    )
    recipient = TypedChoiceField(
        label="Empfänger", required=False, coerce=int, empty_value="", widget=QuickSelect(attrs=SELECT)
    )
    year = TypedChoiceField(label="Jahr", required=False, coerce=int, empty_value="", widget=QuickSelect(attrs=SELECT))

    def __init__(self, data, *, seen: QuerySet):
        super().__init__(data)
        self.fields["q"].widget.attrs["placeholder"] = "Kennung oder Empfänger"
        self.recipients = list(Organisation.objects.filter(pk__in=seen.order_by().values("recipient")).order_by("name"))
        self._offer("recipient", "alle", ((one.pk, str(one)) for one in self.recipients))
        ends = seen.order_by().aggregate(first=Min("period__valid_from"), last=Max("period__valid_until"))
        last = (ends["last"] - dt.timedelta(days=1)).year if ends["last"] else 0
        years = range(last, ends["first"].year - 1, -1) if ends["first"] else ()
        self._offer("year", "alle", ((year, str(year)) for year in years))

    def narrowed(self, rows: QuerySet) -> QuerySet:
        given = self.given
        if given.get("module"):
            rows = rows.filter(period__programme__module=given["module"])
        if given.get("recipient"):
            rows = rows.filter(recipient=given["recipient"])
        if year := given.get("year"):
            rows = rows.filter(
                period__valid_from__lte=dt.date(year, 12, 31), period__valid_until__gt=dt.date(year, 1, 1)
            )
        for word in self.words:
            named = [one.pk for one in self.recipients if word in fold(str(one))]
            rows = rows.filter(Q(number__icontains=word) | Q(reference__icontains=word) | Q(recipient__in=named))
        return rows

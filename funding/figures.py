"""Figures of posts and money, defined in words, and counted for one day as plain values.

Counts and sums only, nobody's name. Amounts that would tell what one person earns are None (funding.spending).
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from funding import facts_of_notice, money, spending, staffing
from funding.forecast import forecast
from funding.models import AwardNotice, Calculation, Cost, Module, Payment
from funding.repayment import Result, cents
from kim.dated import months_after
from kim.figures import Figure, Part, register

#: The course shows the ends of so many months before the day, and the day itself.
COURSE = 24

_POSTS = "Stellen, Besetzungen und Unterbrechungen, wie sie die Verwaltung einträgt"
_GRANTS = "Bewilligungen der Bescheide, wie sie die Verwaltung einträgt"
_WORK = "Einsätze des Case Managements in den Kommunen, wie sie die Verwaltung einträgt"
_NOTICES = "Bescheide, Fördersätze und Zahlungen, wie sie die Verwaltung einträgt"

register(
    Figure(
        "staffing.granted", "bewilligte Stellen", Part.STAFFING, "VZÄ",
        "Summe der Vollzeitäquivalente, die am Stand für Fachkräfte und Verwaltungsassistenz bewilligt sind, je Modul. "
        "Wo kein Bescheid erfasst ist, steht nichts, nicht 0.",
        _GRANTS,
    ),
    Figure(
        "staffing.filled", "besetzte Stellen", Part.STAFFING, "VZÄ",
        "Summe der Anteile aller Personen, die am Stand eine Stelle des Moduls haben und nicht unterbrochen sind; je "
        "Stelle höchstens ihr Umfang, je Person über alle Stellen höchstens 1 VZÄ.",
        _POSTS,
    ),
    Figure(
        "staffing.vacant", "freie Stellen", Part.STAFFING, "VZÄ",
        "Umfang der eingerichteten Stellen am Stand abzüglich dessen, was davon besetzt ist. Wer unterbrochen ist, "
        "besetzt nicht, außer die Unterbrechung zählt nach dem Bescheid weiter.",
        _POSTS,
    ),
    Figure(
        "staffing.quota", "Besetzungsquote", Part.STAFFING, "%",
        "Anteil der besetzten an den bewilligten Stellenmonaten im Zeitraum. Jeder Tag zählt als Teil seines Monats; "
        "je Empfänger und Art der Stelle höchstens das Bewilligte, denn niemand füllt die Bewilligung eines anderen.",
        f"{_GRANTS}; {_POSTS}",
    ),
    Figure(
        "staffing.free_months", "unbesetzte Stellenmonate", Part.STAFFING, "Stellenmonate",
        "Bewilligte abzüglich besetzter Stellenmonate im Zeitraum, je Empfänger und Art der Stelle für sich gezählt. "
        "Aus ihnen entsteht die Rückzahlung.",
        f"{_GRANTS}; {_POSTS}",
    ),
    Figure(
        "staffing.vacancy_days", "Dauer bis zur Besetzung", Part.STAFFING, "Tage",
        "Mittel der Kalendertage vom ersten Tag einer Stelle oder vom Ende der letzten Besetzung bis zur nächsten; "
        "gezählt sind Besetzungen, die im Zeitraum begonnen haben.",
        _POSTS,
    ),
    Figure(
        "staffing.uncovered", "Kommunen ohne Case Management", Part.STAFFING, "Kommunen",
        "Kommunen, in denen am Stand niemand als Case Managerin oder Case Manager eingesetzt ist, oder nur jemand, "
        "dessen Tätigkeit unterbrochen ist.",
        _WORK,
    ),
    Figure(
        "staffing.covered", "Case Management je Kommune", Part.STAFFING, "VZÄ",
        "Summe der Anteile, mit denen am Stand Case Management in der Kommune eingesetzt ist. Ohne eingetragenen "
        "Anteil zählt, was die Person an Stelle hat, auf ihre Kommunen gleich verteilt.",
        _WORK,
    ),
    Figure(
        "staffing.overlaps", "überbesetzte Stellen", Part.STAFFING, "Stellen",
        "Stellen, auf denen am Stand mehr Anteile sitzen, als die Stelle groß ist, etwa während einer Einarbeitung.",
        _POSTS,
    ),
    Figure(
        "staffing.above_one", "Personen über 100 %", Part.STAFFING, "Personen",
        "Personen, die am Stand auf allen Stellen zusammen mehr als 1 VZÄ haben; gezählt wird davon 1 VZÄ. Genannt "
        "wird nur die Zahl; wer es ist, steht im Stellenplan.",
        _POSTS,
    ),
    Figure(
        "money.granted", "bewilligte Mittel", Part.MONEY, "€",
        "Was die Bescheide für ihren ganzen Förderzeitraum bewilligen: bewilligte Stellen × Fördersatz, dazu feste "
        "Beträge; gezählt sind Bescheide, deren Zeitraum bis zum Stand begonnen hat. Ein Bescheid gehört zu dem "
        "Jahr, in dem sein Zeitraum beginnt.",
        _NOTICES,
    ),
    Figure(
        "money.called_off", "abgerufene Mittel", Part.MONEY, "€",
        "Zahlungen des Landes, die bis zum Stand abgerufen und nicht storniert sind.",
        _NOTICES,
    ),
    Figure(
        "money.spent", "erfasste Ausgaben", Part.MONEY, "€",
        "Alle Ausgaben, die für den Bescheid erfasst sind, nach heutigem Wissen und unabhängig vom Stand: "
        "Zwischenstände könnten verraten, was eine einzelne Person verdient. Wo die Summe das täte, steht "
        "„nicht genannt“.",
        "Ausgaben der Bescheide, wie sie die Verwaltung einträgt",
    ),
    Figure(
        "money.owed", "zurückzuzahlen", Part.MONEY, "€",
        "Rückzahlung nach der letzten Abrechnung, die bis zum Stand freigegeben war, abzüglich dessen, was nie "
        "abgerufen wurde. Wo nichts freigegeben ist, steht nichts.",
        "freigegebene Abrechnungen (Vier-Augen-Prinzip)",
    ),
    Figure(
        "money.repaid", "zurückgezahlt", Part.MONEY, "€",
        "Zahlungen an das Land, die bis zum Stand als Rückzahlung gebucht und nicht storniert sind, ohne Zinsen.",
        _NOTICES,
    ),
    Figure(
        "money.forecast", "voraussichtliche Rückzahlung", Part.MONEY, "€",
        "Was am Ende des Förderzeitraums zurückzuzahlen ist, wenn sich nichts ändert. Läuft der Zeitraum am Stand "
        "noch, zählen allein die besetzten Stellenmonate; ist er vorbei, gelten die Regeln des Bescheids.",
        f"{_NOTICES}; {_POSTS}",
    ),
    Figure(
        "money.own_share", "Eigenanteil bei weitergeleiteten Mitteln", Part.MONEY, "€",
        "Tatsächliche Kosten derer, an die Mittel weitergeleitet sind, abzüglich dessen, was die Förderung davon "
        "trägt: höchstens Fördersatz × Stellen × Monate ÷ 12. Wo es verrät, was eine Person verdient, steht "
        "„nicht genannt“.",
        "Ausgaben und Weiterleitungen der Bescheide, wie sie die Verwaltung einträgt",
    ),
)  # fmt: skip


# Posts


def staffing_on(day: dt.date, firsts: Mapping[str, dt.date]) -> dict[str, Any]:
    """Posts and coverage at the end of `day`, quotas over the times from each of `firsts` to it; seven queries.

    FTE and months are exact fractions as text („7/2“).
    """
    ends = [*_month_ends(day), day]
    first = min([*firsts.values(), ends[0]])
    rows = staffing.read(first, day + staffing.ONE_DAY)
    ground = staffing.ground(first, day + staffing.ONE_DAY, rows=rows)
    now = rows.on(day)
    return {
        "modules": {module.value: _module(rows, now, module.value, day, firsts) for module in Module},
        "places": [
            {
                "ags": one.place.ags,
                "covered": not one.is_uncovered,
                "fte": None if one.fte is None else str(one.fte),
                "target": None if one.target is None else str(one.target),
            }
            for one in sorted(ground.on(day), key=lambda one: one.place.name)
        ],
        "course": [_point(rows, ground, end) for end in ends],
    }


def _module(rows: staffing.Rows, now: staffing.Staffing, module: str, day: dt.date, firsts) -> dict[str, Any]:
    found = now.modules[module]
    return {
        "granted": None if found.granted is None else str(found.granted),
        "planned": str(found.planned),
        "filled": str(found.filled),
        "vacant": str(found.vacant),
        "posts": found.posts,
        "vacant_posts": found.vacant_posts,
        "overlaps": sum(one.post.module == module for one in now.overlaps),
        "above_one": sum(any(post.module == module for post in one.posts) for one in now.overcommitted),
        "spans": {name: _quota(rows, module, first, day) for name, first in firsts.items()},
    }


def _quota(rows: staffing.Rows, module: str, first: dt.date, day: dt.date) -> dict[str, Any]:
    free, granted = rows.unused_months(module, first, day + staffing.ONE_DAY)
    wait = rows.time_to_fill(first, day + staffing.ONE_DAY, module)
    return {"free": str(free), "granted": str(granted), "begun": wait.count, "wait": sum(wait.days)}


def _point(rows: staffing.Rows, ground: staffing.Ground, day: dt.date) -> dict[str, Any]:
    modules = rows.on(day).modules
    return {
        "day": day.isoformat(),
        "filled": {name: str(one.filled) for name, one in modules.items()},
        "granted": {name: None if one.granted is None else str(one.granted) for name, one in modules.items()},
        "uncovered": sum(one.is_uncovered for one in ground.on(day)),
    }


def _month_ends(day: dt.date) -> list[dt.date]:
    month = day.replace(day=1)
    return [months_after(month, -back) - staffing.ONE_DAY for back in range(COURSE - 1, -1, -1)]


# Money


def money_on(day: dt.date) -> list[dict[str, Any]]:
    """Each notice whose period has begun by `day`, by number; a fixed number of queries.

    Amounts are decimals as text. None: there is none; "": there is one that is not told.
    """
    begun = AwardNotice.objects.filter(period__valid_from__lte=day).order_by("number")
    notices = list(begun.select_related("period__programme", "recipient"))
    if not notices:
        return []
    bases = facts_of_notice.bases_of(notices)
    payees = spending.payees_for_all(notices)
    spent = spending.by_notice(Cost.objects.believed().filter(notice__in=notices), whole=False)
    paid = _paid(notices, day)
    released = _released(notices, day)
    return [
        _notice(
            notice, forecast(bases[notice.pk], day), released.get(notice.pk), payees[notice.pk],
            spent.get(notice.pk), paid.get(notice.pk, {}),
        )
        for notice in notices
    ]  # fmt: skip


def _notice(notice: AwardNotice, end: Result, released: Calculation | None, payees, spent, paid) -> dict[str, Any]:
    discretion = payees.discretion(end.until)
    balance = money.Balance(
        called_off=paid.get(Payment.Kind.CALLED_OFF.value, Decimal(0)),
        repaid=paid.get(Payment.Kind.REPAID.value, Decimal(0)),
        interest=Decimal(0),
        granted=released.granted if released and released.until == notice.period.until else None,
        owed=released.repayment if released else None,
    )
    own = cents(sum((amount for _, amount in end.own_shares), Fraction(0))) if end.own_shares else None
    hides_owed = released is not None and payees.discretion(released.until).hides_outcome(released)
    return {
        "pk": notice.pk,
        "number": notice.number,
        "module": notice.module,
        "recipient": str(notice.recipient),
        "first": notice.period.valid_from.isoformat(),
        "last": (notice.period.until - staffing.ONE_DAY).isoformat(),
        "granted": str(end.granted),
        "called_off": str(balance.called_off),
        "spent": _told(None if spent is None else spent.total, hidden=spent is not None and spent.total is None),
        "owed": _told(balance.to_pay_back, hidden=hides_owed),
        "repaid": str(balance.repaid),
        "forecast": _told(end.repayment, hidden=discretion.hides_outcome(end)),
        "own_share": _told(own, hidden=bool(end.own_shares) and discretion.lines),
        "free_months": str(end.vacant_months),
    }


def _told(amount: Decimal | None, *, hidden: bool) -> str | None:
    return "" if hidden else None if amount is None else str(amount)


def _paid(notices: Iterable[AwardNotice], day: dt.date) -> dict[int, dict[str, Decimal]]:
    """Euros by notice and kind that moved until `day` and were not cancelled; one query."""
    found: dict[int, dict[str, Decimal]] = {}
    rows = Payment.objects.filter(notice__in=list(notices), on_day__lte=day, cancelled_at__isnull=True)
    for pk, kind, amount in rows.order_by().values_list("notice", "kind", "amount"):
        by_kind = found.setdefault(pk, {})
        by_kind[kind] = by_kind.get(kind, Decimal(0)) + amount
    return found


def _released(notices: Iterable[AwardNotice], day: dt.date) -> dict[int, Calculation]:
    """The last calculation of each that was released by the end of `day`; one query."""
    rows = Calculation.objects.filter(notice__in=list(notices), released_at__lte=staffing.end_of(day))
    return {one.notice_id: one for one in rows.defer("data").order_by("released_at", "pk")}

"""What the demo's county and municipalities agreed on. All of it is invented; rows say so in their source or text."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kim import workdays
from kim.dated import months_after
from kim.models import Bank, Code, Municipality, Organisation, User
from steering.models import Agreement, Interface, Issue, KickOff

SOURCE = "Demo"
INVENTED = "Künstliches Beispiel der Demo."


def cooperate(path: Path, today: dt.date, issues: Mapping[str, Issue]) -> None:
    """Agreements, kick-off events and interfaces, each act on its day; some of the demo's issues name an interface."""
    _Cooperation(yaml.safe_load(path.read_text(encoding="utf-8")), today).play(issues)


class _Cooperation:
    def __init__(self, told: dict[str, Any], today: dt.date):
        self.told, self.today = told, today
        self.people = {user.username: user for user in User.objects.filter(username__in=["office", "office2"])}
        self.places = {place.name: place for place in Municipality.objects.all()}
        self.institutions = {one.key: one for one in Organisation.objects.all()}
        self.areas = {code.code: code for code in Code.objects.filter(list=Code.List.LEGAL_AREA)}
        self.events: dict[str, KickOff] = {}

    def play(self, issues: Mapping[str, Issue]) -> None:
        for one in self.told["signed"]:
            self._sign(self.places[one["place"]], one["ago"], one.get("months"))
        for one in self.told["unsigned"]:
            self._prepare(self.places[one["place"]], one.get("sent"))
        for one in self.told["kick_offs"]:
            self.events[one["municipality"]] = self._event(self.places[one["municipality"]], one)
        for one in self.told["interfaces"]:
            self._interface(one, issues)

    def _office(self, place: Municipality | None) -> User:
        return self.people["office2" if place and place.bank == Bank.LEFT else "office"]

    def _day(self, ago: int) -> dt.date:
        """A working day so many days ago; what lies ahead stays ahead."""
        day = workdays.next_workday(self.today - dt.timedelta(days=ago))
        return day if ago <= 0 or day < self.today else workdays.add_workdays(self.today, -1)

    def _begin(self, place: Municipality, day: dt.date) -> Agreement:
        with workdays.as_of(day):
            made = Agreement.prepare(
                place,
                by=self._office(place),
                subject=f"{self.told['subject']}\n\n{INVENTED}",
                contact=self.told["contact"],
            )
        Agreement.objects.filter(pk=made.pk).update(source=SOURCE)
        return made

    def _sign(self, place: Municipality, ago: int, months: int | None) -> None:
        begins = months_after(self.today, -ago).replace(day=1)
        made = self._begin(place, begins - dt.timedelta(days=40))
        with workdays.as_of(begins - dt.timedelta(days=25)):
            made.send(by=self._office(place), sent_on=workdays.today())
        with workdays.as_of(begins - dt.timedelta(days=5)):
            made.sign(
                by=self._office(place),
                signed_on=workdays.today(),
                signatories="\n".join(self.told["signatories"]),
                valid_from=begins,
                valid_until=months_after(begins, months) if months else None,
            )

    def _prepare(self, place: Municipality, sent: int | None) -> None:
        made = self._begin(place, self._day((sent or 5) + 15))
        if sent:
            with workdays.as_of(self._day(sent)):
                made.send(by=self._office(place), sent_on=workdays.today())

    def _event(self, place: Municipality, told: dict[str, Any]) -> KickOff:
        """Planned a month before; who came is written down on the day, or yesterday where it lies ahead."""
        day, office = self._day(told["ago"]), self._office(place)
        with workdays.as_of(self._day(max(told["ago"], 0) + 30)):
            event = KickOff.plan(by=office, municipality=place, on_day=day, place=told["place"])
        KickOff.objects.filter(pk=event.pk).update(source=SOURCE)
        with workdays.as_of(min(day, workdays.add_workdays(self.today, -1))):
            for one in told.get("there", []):
                there = self.institutions.get(one["who"])
                event.admit(
                    by=office,
                    sector=one["sector"],
                    organisation=there,
                    name="" if there else one["who"],
                    legal_area=self.areas.get(one.get("area", "")),
                    persons=one.get("persons"),
                )
            if told.get("outcome"):
                event.hold(by=office, outcome=f"{told['outcome']}\n\n{INVENTED}")
        if told.get("cancelled"):
            with workdays.as_of(self._day(told["cancelled"])):
                event.cancel(by=office)
        return event

    def _interface(self, told: dict[str, Any], issues: Mapping[str, Issue]) -> None:
        place, event = self.places.get(told.get("municipality", "")), self.events.get(told.get("event", ""))
        office = self._office(place or (event.municipality if event else None))
        with workdays.as_of(self._day(told["since"])):
            made = Interface.identify(
                by=office,
                title=told["title"],
                between=[self.institutions[key] for key in told["between"]],
                municipality=place,
                legal_areas=[self.areas[code] for code in told["areas"]],
                description=f"{told['description']} {INVENTED}",
                identified_at=event,
            )
        for way in told.get("ways", []):
            with workdays.as_of(self._day(way["ago"])):
                made.agree(by=office, text=way["text"], agreed_on=workdays.today())
        if told.get("confirmed"):
            with workdays.as_of(self._day(told["confirmed"])):
                made.confirm(by=office)
        named = [issues[story].pk for story in told["stories"] if story in issues]
        Issue.objects.filter(pk__in=named).update(interface=made)

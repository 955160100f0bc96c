"""Who in the office answers for which municipality, and who works there."""

from django.shortcuts import render
from django.views.decorators.http import require_safe

from kim.rules import demand
from steering import access, contacts, export
from steering.views.files import send


@require_safe
def contact_list(request):
    demand(access.reads_contacts, request.user)
    lines = contacts.lines()
    banks = sorted({line.place.get_bank_display() for line in lines if line.place.bank})
    groups = [(bank, [line for line in lines if line.place.get_bank_display() == bank]) for bank in banks]
    rest = [line for line in lines if not line.place.bank]
    groups += [("ohne Rheinseite" if banks else "Kommunen", rest)] if rest else []
    return render(request, "steering/contact_list.html", {"groups": groups, "number": len(lines)})


@require_safe
def contact_export(request, kind):
    demand(access.reads_contacts, request.user)
    return send(request, kind, export.Sheet("Ansprechpersonen", "user.contacts", export.CONTACTS, contacts.lines()))

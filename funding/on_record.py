"""What the trail calls the acts of funding."""

from kim.trail import Kind

#: Facts, by the name of their model, and what people call them. Each can be entered, corrected and so on.
FACTS = {
    "rate": "Fördersatz",
    "terms": "Bestimmungen eines Bescheids",
    "grant": "Bewilligung",
    "postterm": "Ausgestaltung einer Stelle",
    "occupancy": "Besetzung",
    "leave": "Unterbrechung",
    "eligibilityrule": "Regel zur Förderfähigkeit",
    "cost": "Ausgabe",
    "forwarding": "Weiterleitung",
    "criterionvalue": "Wert eines Kriteriums",
    "staffingtarget": "Stellenziel",
}
FACT_ACTS = {
    "enter": "eingetragen",
    "correct": "berichtigt",
    "change": "von einem Tag an geändert",
    "end": "beendet",
    "withdraw": "zurückgenommen",
}
ACTS: dict[str, str] = {
    "cost.export": "Ausgaben exportiert",
    "costimport.upload": "Tabelle mit Personalkosten hochgeladen",
    "costimport.take": "Personalkosten übernommen",
    "costimport.drop": "Import von Personalkosten verworfen",
    "awardnotice.enter": "Bescheid eingetragen",
    "criterion.add": "Kriterium angelegt",
    "criterion.import": "Werte eines Kriteriums aus einer Tabelle übernommen",
    "scenario.keep": "Szenario gespeichert",
    "scenario.adopt": "Szenario als Stellenziel festgelegt",
    "scenario.drop": "Szenario verworfen",
    "scenario.export": "Szenario als Datei ausgegeben",
    "assignment.begin": "Einsatz eingetragen",
    "assignment.end": "Einsatz beendet",
    "leave.read": "Unterbrechung gelesen",
    "user.read": "Person mit Besetzungen und Tagen gelesen",
    "user.export": "Personen als Datei ausgegeben",
    "post.enter": "Stelle eingetragen",
    "post.fall_away": "Stelle weggefallen",
    "post.hand_over": "Stelle übergeben",
    "rolegrant.end": "Rolle beendet",
    "rolegrant.give": "Rolle gegeben",
    "user.enter": "Konto angelegt",
    "user.move": "Person auf eine andere Stelle gesetzt",
    "user.split_days": "Tage und Kommunen verteilt",
    "post.export": "Besetzungstafel als Datei ausgegeben",
    "reportedfigure.enter": "Angabe einer Unterlage eingetragen",
    "reportedfigure.clarify": "Angabe einer Unterlage geklärt",
    "reportedfigure.export": "Angaben von Unterlagen als Datei ausgegeben",
    "post.coverage": "Versorgung der Kommunen als Datei ausgegeben",
    "awardnotice.edit": "Bescheid: Angaben geändert",
    "awardnotice.export": "Bescheide: Export",
    "programme.establish": "Förderprogramm angelegt",
    "fundingperiod.add": "Förderzeitraum angelegt",
    "deadline.agree": "Termin eines Bescheids eingetragen",
    "deadline.finish": "Termin eines Bescheids: erledigt",
    "deadline.drop": "Termin eines Bescheids: entfallen",
    "deadline.move": "Termin eines Bescheids: verschoben",
    "payment.enter": "Zahlung eingetragen",
    "payment.cancel": "Zahlung storniert",
    "proof.submit": "Verwendungsnachweis eingereicht",
    "proof.export": "Verwendungsnachweis: Datei",
    "calculation.draw_up": "Abrechnung erstellt",
    "calculation.drop": "Abrechnung verworfen",
    "calculation.release": "Abrechnung freigegeben",
    "calculation.export": "Abrechnung: Export",
}
KINDS = {
    "funding.awardnotice": Kind("Bescheid", "number"),
    "funding.calculation": Kind("Abrechnung", "number"),
    "funding.costimport": Kind("Import von Personalkosten"),
    "funding.criterion": Kind("Kriterium"),
    "funding.deadline": Kind("Termin eines Bescheids"),
    "funding.fundingperiod": Kind("Förderzeitraum"),
    "funding.payment": Kind("Zahlung"),
    "funding.post": Kind("Stelle", "number"),
    "funding.programme": Kind("Förderprogramm"),
    "funding.proof": Kind("Verwendungsnachweis"),
    "funding.reportedfigure": Kind("Angabe einer Unterlage"),
    "funding.scenario": Kind("Szenario"),
    "kim.assignment": Kind("Einsatz"),
    "kim.rolegrant": Kind("Rolle"),
    **{f"funding.{model}": Kind(name) for model, name in FACTS.items()},
}


def words() -> dict[str, str]:
    facts = {f"{model}.{act}": f"{name} {done}" for model, name in FACTS.items() for act, done in FACT_ACTS.items()}
    return facts | ACTS

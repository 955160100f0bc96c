"""The papers of data protection, written from the privacy tables, the rules of access and what the county fills in.

Register of processing (Art. 30 DSGVO), deletion concept (in the manner of DIN 66398), list of personal fields, matrix
of roles: each a `Paper` of tables, shown as a page, printed as PDF, and kept as docs/datenschutz/*.md, which a test
compares. Nothing is written beside the tables that could say something else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings

from kim import access, privacy
from kim.models import Role
from kim.privacy import Activity, Category, Erasure, Kept, Row

#: Measures of KIM itself (Art. 32): what, and where it is shown.
MEASURES = (
    ("Zugang", "persönliche Konten, Kennwörter ab 12 Zeichen, Sperre nach Fehlversuchen, Sitzung endet nach 30 Minuten",
     "kim/login.py, kim/throttle.py, kim/middleware.py"),
    ("Berechtigung", "was man nicht sehen darf, gibt es nicht; Rechte aus Regeln, als Matrix gedruckt",
     "rollen.md, */access.py"),
    ("Trennung", "Steuerung kennt keine Fälle; die Mauer ist die Richtung der Importe",
     "pyproject.toml (import-linter), tests/casework/test_walls.py"),
    ("Verschlüsselung", "abgelegte Dateien verschlüsselt; Transport über TLS", "kim/files.py, kim/settings.py"),
    ("Protokoll", "wer was sah, änderte, ausgab, ohne Inhalt", "kim/trail.py"),
    ("Datenminimierung", "kein Feld für Religion, Ethnie, Asylgründe; geprüft wird jeder Text, der den Fall verlässt",
     "kim/privacy_gate, tests/casework/test_privacy.py"),
    ("Zahlen", "kleine Zahlen geschützt, auch gegen Zurückrechnen", "kim/disclosure.py"),
    ("Löschung", "jede Nacht nach den Datenschutztabellen, gezählt im Löschregister",
     "casework/retention.py, kim/retention.py"),
)  # fmt: skip


@dataclass(frozen=True)
class Table:
    name: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    words: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()  # in parts of the page; even when empty


@dataclass(frozen=True)
class Paper:
    key: str  # the name of its file: docs/datenschutz/<key>.md
    title: str
    lead: tuple[str, ...]
    tables: list[Table] = field(default_factory=list)


@cache
def told_by_county() -> dict[str, Any]:
    """What the county says of itself; raises OSError or yaml.YAMLError where its file cannot be read."""
    import yaml

    named = settings.KIM_PRIVACY_FILE or settings.BASE_DIR / "data" / "datenschutz.yaml"
    return yaml.safe_load(Path(named).read_text(encoding="utf-8"))


def controller() -> dict[str, str]:
    """For papers that go to the authority: name, address and who answers for data protection."""
    told = told_by_county()
    officer = told["officer"]
    return {"name": told["controller"]["name"], "address": told["controller"]["address"],
            "officer": f"{officer['name']}, {officer['contact']}"}  # fmt: skip


# The register


def register() -> Paper:
    told = told_by_county()
    lead = ["Verzeichnis von Verarbeitungstätigkeiten nach Art. 30 Abs. 1 DSGVO. KIM schreibt es aus seinen "
            "Datenschutztabellen; Angaben des Kreises stehen in data/datenschutz.yaml."]  # fmt: skip
    if told.get("example"):
        lead.append("MUSTER: Die Angaben des Kreises sind ein Beispiel und noch nicht von ihm bestätigt.")
    who = [
        ("Verantwortlicher", f"{told['controller']['name']}, {told['controller']['address']}"),
        ("Ansprechstelle", told["controller"]["contact"]),
        ("Gemeinsam oder selbst Verantwortliche", told["joint"]),
        ("Datenschutzbeauftragte", f"{told['officer']['name']}, {told['officer']['contact']}"),
        ("Aufsichtsbehörde", told["authority"]),
        ("Übermittlung in Drittländer", told["third_countries"]),
        *(("Auftragsverarbeiter", f"{one['name']}: {one['does']}; Vertrag: {one['contract']}")
          for one in told["processors"]),
    ]  # fmt: skip
    tables = [Table("Verantwortliche", ("Angabe", "Inhalt"), who, widths=(30, 70))]
    tables += [_activity(number, one) for number, one in enumerate(privacy.activities(), 1)]
    measures = [*((what, f"{how} ({where})") for what, how, where in MEASURES),
                *(("des Hauses", one) for one in told["measures"])]  # fmt: skip
    tables.append(Table("Technische und organisatorische Maßnahmen (Art. 32 DSGVO)", ("Ziel", "Maßnahme"), measures,
                        widths=(22, 78)))  # fmt: skip
    return Paper("verzeichnis", "Verzeichnis der Verarbeitungstätigkeiten", tuple(lead), tables)


def _activity(number: int, one: Activity) -> Table:
    rows = [row for label, row in privacy.every_row() if label in one.models]
    kinds = [row for row in rows if row.category != Category.HARMLESS]
    told = {category: dict.fromkeys(str(row.purpose) for row in kinds if row.category == category)
            for category in Category}  # fmt: skip
    kept = list(dict.fromkeys(str(row.kept) for row in kinds))
    return Table(
        f"{number}. {one.name}",
        ("Angabe", "Inhalt"),
        [
            ("Zweck", one.purpose),
            ("Rechtsgrundlage", one.basis),
            ("Betroffene Personen", one.people),
            ("Arten von Daten", "; ".join(told[Category.PERSONAL]) or "keine personenbezogenen"),
            *(
                [("Besonders geschützt (Art. 9 DSGVO), auch möglicherweise", "; ".join(told[Category.SPECIAL]))]
                if told[Category.SPECIAL]
                else []
            ),
            ("Empfänger", one.recipients),
            ("Löschfristen", "; ".join(kept) or "–"),
        ],
        widths=(22, 78),
    )


# The deletion concept


def deletion() -> Paper:
    found: dict[Kept, list[tuple[str, Row]]] = {}
    for label, row in privacy.every_row():
        found.setdefault(row.kept, []).append((label, row))
    classes = [
        (kept.label, kept.starts, kept.basis, _who(kept), kept.exceptions or "–")
        for kept in found
        if _matters(found[kept])
    ]
    harmless = ", ".join(sorted({_called(label) for kept in found if not _matters(found[kept])
                                 for label, _ in found[kept]}))  # fmt: skip
    things = []
    for kept, rows in found.items():
        if not _matters(rows):
            continue
        for erasure in Erasure:
            of_it = list(dict.fromkeys(_called(label) for label, row in rows if row.erasure == erasure))
            if of_it:
                things.append((kept.label, erasure.label, ", ".join(of_it)))
    by_hand = [
        (kept.label, ", ".join(dict.fromkeys(_called(label) for label, _ in rows)))
        for kept, rows in found.items()
        if not kept.job and _matters(rows)
    ]
    return Paper(
        "loeschkonzept",
        "Löschkonzept",
        (
            "In der Art von DIN 66398: Löschklassen mit Frist, Beginn und Grundlage, wer löscht, Ausnahmen. Gedruckt "
            "aus den Datenschutztabellen von KIM.",
            "Was eine Frist hat und von einer Aufgabe des nächtlichen Zeitplans getragen wird, löscht KIM selbst; was "
            "die letzte Tabelle nennt, löschen Menschen.",
            f"Ohne Personenbezug und auf Dauer: {harmless}.",
        ),
        [
            Table("Löschklassen", ("Frist", "Beginn", "Grundlage", "wer löscht", "Ausnahmen"), classes,
                  widths=(24, 18, 24, 16, 18)),
            Table("Was darunter fällt", ("Frist", "am Ende", "Datenobjekte"), things, widths=(28, 18, 54)),
            Table("Einschränkung der Verarbeitung (Art. 18 DSGVO)", ("was", "wie"), [
                ("Fälle einer Person", "werden nur noch aufbewahrt und gelesen: nichts wird ergänzt, geändert, "
                 "ausgegeben, übergeben oder gelöscht, bis die Einschränkung nach Ankündigung aufgehoben ist"),
                ("Widerruf der Einwilligung", "der Fall ist sofort gesperrt und wird binnen 30 Tagen gelöscht"),
                ("Sicherungen", "ein gelöschter Fall steht noch in Sicherungen, bis sie ablaufen; wer eine Sicherung "
                 "einspielt, lässt danach die Löschung laufen (manage.py erase, manage.py forget)"),
            ], widths=(28, 72)),
            Table("Was KIM nicht selbst löscht", ("Frist", "Datenobjekte"), by_hand, (
                "Diese Fristen nennt KIM, trägt sie aber nicht aus: Die Löschung ist eine Entscheidung von Menschen "
                "(Archiv, Prüfung der Förderung) und heute eine Lücke, die das Haus organisatorisch schließt.",
            ), widths=(34, 66)),
        ],
    )  # fmt: skip


def _matters(rows: list[tuple[str, Row]]) -> bool:
    return any(row.category != Category.HARMLESS for _, row in rows)


def _who(kept: Kept) -> str:
    return f"KIM, Aufgabe „{kept.job}“" if kept.job else "Menschen"


def _called(label: str) -> str:
    model = apps.get_model(label)
    name = str(model._meta.verbose_name)
    return label if name == name.lower() and name.isascii() else f"{name} ({label})"


# The list of fields


def fields() -> Paper:
    rows = [
        (label, row.names.replace(" ", ", "), Category(row.category).label, row.purpose, row.kept.label,
         Erasure(row.erasure).label)
        for label, row in privacy.every_row()
        if row.category != Category.HARMLESS
    ]  # fmt: skip
    number = sum(len(row.fields) for _, row in privacy.every_row())
    personal = sum(len(row.fields) for _, row in privacy.every_row() if row.category != Category.HARMLESS)
    return Paper(
        "datenfelder",
        "Personenbezogene Datenfelder",
        (f"{personal} von {number} Feldern der Datenbank sind personenbezogen oder können es sein. Jedes Feld steht in "
         "genau einer Zeile einer Datenschutztabelle; ein Test findet, was fehlt.",),
        [Table("Felder", ("Tabelle", "Felder", "Art", "Zweck", "Frist", "am Ende"), rows,
               widths=(18, 26, 14, 18, 16, 8))],
    )  # fmt: skip


# The matrix of roles


def roles() -> Paper:
    from kim.views import access_matrix  # noqa: F401  the ground floor's own tables hang in there

    tables = [
        Table(
            one.heading,
            ("", *(str(label) for label in Role.labels)),
            [(label, *(cell or "–" for cell in cells)) for label, cells in one.rows],
            (one.words,),
        )
        for one in access.matrix()
    ]
    return Paper(
        "rollen",
        "Rollen und Rechte",
        ("Aus den Regeln selbst erzeugt, nach denen KIM entscheidet. Wer mehrere Rollen hat, darf die Summe; "
         "Verwaltung sowie Datenschutz und Revision sehen nie Inhalte.",),
        tables,
    )  # fmt: skip


PAPERS: dict[str, Callable[[], Paper]] = {
    "verzeichnis": register, "loeschkonzept": deletion, "datenfelder": fields, "rollen": roles,
}  # fmt: skip


# How they are written


def markdown(paper: Paper) -> str:
    lines = [f"# {paper.title}", "",
             f"Gedruckt von `manage.py print_processing {paper.key}`; nicht von Hand ändern.", ""]  # fmt: skip
    for line in paper.lead:
        lines += [line, ""]
    for table in paper.tables:
        lines += [f"## {table.name}", ""]
        for words in table.words:
            lines += [words, ""]
        lines.append(_line(table.columns))
        lines.append("|" + "---|" * len(table.columns))
        lines += [_line(row) for row in table.rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _line(cells) -> str:
    return f"| {' | '.join(str(cell).replace('|', '/').replace(chr(10), ' ') for cell in cells)} |"


def as_pdf(paper: Paper) -> bytes:
    """PDF/UA-1, tagged, in German."""
    from kim.printing import document

    name = told_by_county()["controller"]["name"]
    tables = [
        {"name": one.name, "columns": [column or "Recht" for column in one.columns],
         "rows": [list(row) for row in one.rows],
         "words": list(one.words), "widths": list(one.widths or (1,) * len(one.columns))}
        for one in paper.tables
    ]  # fmt: skip
    footer = f"{name} · {paper.title}"
    data = {"lang": "de", "title": paper.title, "footer": footer, "author": name, "lead": list(paper.lead)}
    return document("privacy", data | {"tables": tables})

"""Codes put together before anything is published: what is rare would only be kept secret, and hide others with it.

The groups never change from period to period; otherwise two tables side by side would tell what one alone keeps.
"""

NOT_SAID = "-"
#: Value → (label, codes). A code that stands nowhere belongs to the last group.
Groups = dict[str, tuple[str, frozenset[str]]]


def _groups(*rows: tuple[str, str, str]) -> Groups:
    return {value: (label, frozenset(codes.split())) for value, label, codes in rows}


#: By the kind of right to stay. The order is that of the residence law's own chapters, from procedure to citizenship.
STATUS = _groups(
    ("asyl", "Asylverfahren (Ankunftsnachweis, Gestattung)", "AKN GEST"),
    ("duldung", "Duldung", "DULD DULD_LIGHT DULD_AUSB DULD_BESCH"),
    ("chance", "Chancen-Aufenthaltsrecht (§ 104c)", "AE_104c"),
    ("24", "vorübergehender Schutz (§ 24)", "AE_24"),
    ("schutz", "Schutz und Aufnahme (§§ 22, 23, 25 Abs. 1 bis 3)", "AE_22-23 AE_25_1 AE_25_2F AE_25_2S AE_25_3"),
    ("bleibe", "humanitär und Bleiberecht (§§ 25 Abs. 4, 5, 25a, 25b)", "AE_25_4-5 AE_25a AE_25b"),
    ("zweck", "Ausbildung, Arbeit, Familie (§§ 16 bis 21, 27 bis 36)", "AE_16-17 AE_18-21 AE_19d AE_27-36"),
    ("dauer", "unbefristet oder Freizügigkeit EU", "NE_9 NE_26_3 NE_26_4 DAUER_EU EU"),
    ("deutsch", "deutsche Staatsangehörigkeit", "DE"),
    (NOT_SAID, "anderes oder nicht bekannt", "FIKT VISUM OHNE UNBEKANNT"),
)

#: By the levels of the Common European Framework (elementary, independent, proficient use).
GERMAN = _groups(
    ("0", "keine Kenntnisse, nicht alphabetisiert", "KEINE"),
    ("A", "A1, A2", "A1 A2"),
    ("B", "B1, B2", "B1 B2"),
    ("C", "C1, C2, Muttersprache", "C1 C2 MUTTER"),
    (NOT_SAID, "nicht bekannt", ""),
)

#: An assumption from those who come most often (data/codes.yaml lists them by frequency), the rest by family.
LANGUAGE = _groups(
    ("de", "Deutsch", "de de-simple"),
    ("ar", "Arabisch", "ar"),
    ("uk", "Ukrainisch, Russisch", "uk ru"),
    ("fa", "Persisch, Dari, Paschtu", "fa prs ps"),
    ("ku", "Kurdisch", "kmr ckb"),
    ("tr", "Türkisch", "tr"),
    ("en", "Englisch, Französisch", "en fr"),
    ("mul", "andere Sprachen", "mul ti so es sq bs ro bg"),
    (NOT_SAID, "nicht angegeben", ""),
)

#: How safe a residence status is, 1 the least. An assumption: no official ranking exists. It follows what the law of
#: residence builds up itself: enforceable obligation to leave (§§ 58, 60b, 60a), permission for the procedure
#: (§ 55 AsylG) and tolerations with a prospect (§§ 60c, 60d), right of chance (§ 104c), residence permit (§ 7),
#: settlement and free movement (§§ 9, 9a, FreizügG/EU), citizenship. What is provisional or unknown (Fiktion, visa) has
#: no rank: the last status that has one is compared.
RANKS: dict[str, int] = {
    code: rank
    for rank, codes in (
        (1, "OHNE"),
        (2, "DULD_LIGHT"),
        (3, "DULD"),
        (4, "AKN GEST DULD_AUSB DULD_BESCH"),
        (5, "AE_104c"),
        (6, "AE_22-23 AE_24 AE_25_1 AE_25_2F AE_25_2S AE_25_3 AE_25_4-5 AE_25a AE_25b"),
        (6, "AE_16-17 AE_18-21 AE_19d AE_27-36"),
        (7, "NE_9 NE_26_3 NE_26_4 DAUER_EU EU"),
        (8, "DE"),
    )
    for code in codes.split()
}  # fmt: skip
#: What was reached by an improvement, by rank.
REACHED = {
    "toleration": "bessere Duldung oder Gestattung",
    "chance": "Chancen-Aufenthaltsrecht",
    "permit": "Aufenthaltserlaubnis",
    "settled": "unbefristet oder Freizügigkeit EU",
    "citizen": "deutsche Staatsangehörigkeit",
}
_REACHED_BY_RANK = {5: "chance", 6: "permit", 7: "settled", 8: "citizen"}


def group_of(groups: Groups, code: str | None) -> str:
    """The value that stands for a code; the last group for what is missing or new."""
    return next((value for value, (_, codes) in groups.items() if code in codes), list(groups)[-1])


def reached_by(rank: int) -> str:
    return _REACHED_BY_RANK.get(rank, "toleration")

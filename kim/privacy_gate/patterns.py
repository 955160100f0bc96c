"""What looks like a person without being known: dates of birth, numbers, addresses, titles, rare nationalities."""

import re
from collections.abc import Iterator
from datetime import date

from kim.privacy_gate.reading import (
    LOOKALIKES,
    Hit,
    Reading,
    words_in,
)
from kim.workdays import today

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jan",
            "februar feb",
            "märz maerz mrz mär",
            "april apr",
            "mai",
            "juni jun",
            "juli jul",
            "august aug",
            "september sept sep",
            "oktober okt",
            "november nov",
            "dezember dez",
        ),
        1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATE = re.compile(
    rf"""(?<![\w.,/-])(?:
        (?P<d1>\d{{1,2}})\s?(?P<sep>[./-])\s?(?P<m1>\d{{1,2}})\s?(?P=sep)\s?(?P<y1>\d{{4}}|\d{{2}})
      | (?P<d2>\d{{1,2}})\.?\s?(?P<m2>{_MONTH})\b\.?\s?(?P<y2>\d{{4}}|\d{{2}})
      | (?P<y3>\d{{4}})\s?[-./]\s?(?P<m3>\d{{1,2}})\s?[-./]\s?(?P<d3>\d{{1,2}})
      | (?P<d4>\d{{1,2}})[ ](?P<m4>\d{{1,2}})[ ](?P<y4>(?:19|20)\d{{2}})
    )(?![\w/]|[-.,]\d)""",
    re.VERBOSE | re.IGNORECASE,
)
_BORN_BEFORE = re.compile(
    r"(?:\bgeb\b\.?|\bgeboren\w*|\bgeburts\w*(?:[\s-]*datum)?|\bborn\b|\bdob\b|\bjahrgang|\*)[\s:.,-]*"
    r"(?:(?:ist|war|am|im|in|den|jahr\w*|dat\w*)[\s:.]*){0,3}$",
    re.IGNORECASE,
)
_BORN_AFTER = re.compile(r"^\s?(?:in\s\w+\s)?(?:ist\s|wurde\s)?geb(?:oren\w*|\.)", re.IGNORECASE)
_DATED_PAPER = re.compile(
    r"(?:gesetz\w*|g|erlass\w*|beschl[uü]ss\w*|urteil\w*|fassung\w*|niederschrift\w*|protokoll\w*|"
    r"richtlinie\w*|sitzung\w*|"
    r"vereinbarung\w*|verordnung\w*|weisung\w*|konzept\w*|schreiben\w*|rundschreiben|bericht\w*|"
    r"bescheid\w*|vertr[aä]g\w*|"
    r"satzung\w*|stand|stichtag\w*|ausschuss\w*|kreistag\w*|lenkungsgruppe\w*|inkrafttreten|kraft|"
    r"treffen|termin\w*|meldung)"
    r"[\s:(,]*(?:\([^)]{0,20}\)\s*)?(?:(?:vom|v\.|am|zum|seit|ab|der|dem|war|ist|den|von)[\s:]*){0,2}$",
    re.IGNORECASE,
)
_SINCE = re.compile(
    r"\b(?:seit|ab|bis|zum|vom|stand|zeitraum|frist|gilt|gültig|wirkung)[\s:]*(?:dem|zum|vom|am)?\s*$",
    re.IGNORECASE,
)

_UNTIL = re.compile(r"^\s?(?:bis|und|–|-)\s?(?:zum\s|dem\s)?\d", re.IGNORECASE)

_BORN_YEAR = re.compile(
    r"(?:\bgeb\b\.?|\bgeboren(?:e[nrs]?)?|\bgeburtsjahr|\bjahrgang|\bjg\.)[\s:]*"
    r"(?:(?:im|in|jahr[e]?|ist|war)\s){0,2}[\s']*(?P<year>(?:19|20)\d{2}|\d{2})(?![\w.]*\d|\s?(?:%|"
    r"kinder|prozent|jahre))",
    re.IGNORECASE,
)


def dates_in(latin: str) -> Iterator[tuple[re.Match[str], set[date], bool, bool]]:
    """Every date with its possible meanings, whether birth words stand beside it, and whether it dates a
    paper.
    """
    for found in _DATE.finditer(latin):
        day, month, year = next(
            (found[f"d{n}"], found[f"m{n}"], found[f"y{n}"]) for n in (1, 2, 3, 4) if found[f"d{n}"]
        )
        number = _MONTHS.get(month.lower()) or int(month) if month.isdigit() else _MONTHS[month.lower()]
        years = [int(year)] if len(year) == 4 else [1900 + int(year), 2000 + int(year)]
        meanings = set()
        for one in years:
            try:
                meanings.add(date(one, number, int(day)))
            except ValueError:
                continue
        if meanings:
            before, after = (
                latin[max(0, found.start() - 60) : found.start()],
                latin[found.end() : found.end() + 40],
            )
            born = bool(_BORN_BEFORE.search(before) or _BORN_AFTER.search(after))
            latest = max((day for day in meanings if day <= today()), default=max(meanings))
            period = bool(_SINCE.search(before) or _UNTIL.search(after))
            paper = bool(_DATED_PAPER.search(before)) or (latest.year >= 2005 and period)
            yield found, meanings, born, paper


def _birth_dates(latin: str) -> Iterator[Hit]:
    this_day = today()
    recent = date(this_day.year - 3, 1, 1)
    for found, meanings, born, paper in dates_in(latin):
        past = [day for day in meanings if date(1910, 1, 1) <= day <= this_day]
        plausible = bool(past) and max(meanings) < recent if len(meanings) == 1 else bool(past) and max(past) < recent
        if born or (plausible and not paper):
            yield Hit("birth_date", found.start(), found.end())
    for found in _BORN_YEAR.finditer(latin):
        year = found["year"]
        if len(year) == 4 and not 1910 <= int(year) <= this_day.year:
            continue
        if len(year) == 2 and not re.match(r"geb\b|geboren|jg|jahrgang", found[0], re.IGNORECASE):
            continue
        # „Jahrgang 10“ is a school year.
        if len(year) == 2 and found[0].lower().startswith("jahrgang") and int(year) <= 13:
            continue
        yield Hit("birth_date", found.start(), found.end())


_IBAN_LENGTHS = dict(
    re.findall(
        r"(\w\w):(\d\d)",
        "DE:22 AT:20 CH:21 LI:21 LU:20 NL:18 BE:16 FR:27 IT:27 ES:24 PT:25 PL:28 RO:24 BG:22 "
        "CZ:24 SK:24 HU:28 SI:19 HR:21 RS:22 BA:20 ME:22 MK:19 AL:28 XK:20 GR:27 TR:26 GB:22 "
        "IE:22 DK:18 SE:24 NO:15 FI:18 EE:20 LV:21 LT:20 UA:29 MD:24 GE:22 IL:23 JO:30 LB:28 "
        "IQ:23 TN:24 EG:29 PK:24 SA:24 AE:23 CY:28 MT:31 IS:26 AZ:28 KZ:20 BY:28 ",
    )
)
_IBAN_START = re.compile(r"(?<![^\W_])([A-Za-z])[\W_]{0,2}([A-Za-z])[\W_]{0,2}(?=\d[\W_]{0,2}\d)")


def _ibans(latin: str) -> Iterator[Hit]:
    for found in _IBAN_START.finditer(latin):
        country = (found[1] + found[2]).upper()
        length = int(_IBAN_LENGTHS.get(country, 0))
        bare, end, gap = country, found.end(), 0
        while len(bare) < length and end < len(latin) and gap < 4:
            sign = latin[end]
            if sign.isascii() and sign.isalnum():
                bare, gap = bare + sign.upper(), 0
            else:
                gap += 1
            end += 1
        if not length or len(bare) < length or (end < len(latin) and latin[end].isalnum()):
            continue
        digits = sum(sign.isdigit() for sign in bare)
        valid = int("".join(str(int(sign, 36)) for sign in bare[4:] + bare[:4])) % 97 == 1
        if valid or (country == "DE" and digits == 20):
            yield Hit("iban", found.start(), end, blocks=valid)


_EMAIL = re.compile(
    r"[\w.+%-]{1,64}\s?(?:@|[\[({]\s?(?:at|ät)\s?[\])}])\s?[\w-]{1,63}(?:\s?(?:\.|[\[(](?:dot|"
    r"punkt)[\])])\s?[\w-]{2,63})+",
    re.IGNORECASE,
)

_PHONE = re.compile(
    r"""(?<![\w§+,.-])(?<!\d[ /])(?:
        (?:\+|00)\s?[1-9]\d{0,2}[\s./()-]{0,3}(?:\(0\)[\s./-]?)?\d(?:[\s./()-]{0,2}\d){5,12}
      | \(?0[1-9]\d{1,4}\)?(?:[\s./-]{1,3}|(?=\d))\d(?:[\s./-]?\d){3,10}
    )(?![\w]|[.,]\d)""",
    re.VERBOSE,
)
_PHONE_WITH_WORD = re.compile(
    r"\b(?:tel|telefon|handy|mobil|mobilfunk|fax|durchwahl|dw|rufnummer|telefonnummer|handynummer|"
    r"telefon-?nr|tel-?nr|"
    r"whatsapp|signal)\b[\s.:]{0,3}(?:(?:nr|nummer)\.?[\s:]{0,2})?(?:(?:ist|lautet|unter)\s)?"
    r"(?P<number>\+?\d(?:[\s/.()-]{0,2}\d){3,14})(?!\w)",
    re.IGNORECASE,
)
_DATE_LIKE = re.compile(
    r"\d{1,2}\.\s?\d{1,2}\.\s?(?:\d{2}|\d{4})$|\d{4}-\d\d-\d\d$|(?:19|20)\d\d(?:\s?[-/]\s?(?:19|20)\d\d)?$"
)

_FILE_NUMBER = re.compile(
    r"\b(?:az|aktenzeichen|akten-?nr|aktennummer|gesch\.?-?z|geschäftszeichen|bg-?\s?nummer|bg-?\s?nr|"
    r"bedarfsgemeinschaftsnummer|bedarfsgemeinschaft|azr(?:-?\s?nummer|-?\s?nr)?|kunden-?nummer|"
    r"kunden-?nr|kd-?nr|"
    r"versicherten-?nummer|versicherungs-?nummer|krankenversicherten-?nummer|"
    r"sozialversicherungs-?nummer|sv-?nummer|"
    r"rentenversicherungs-?nummer|steuer-?id|steuer-?nummer|fall-?nummer|pass-?nummer|ausweis-?nummer|"
    r"pass-?nr|"
    r"personen-?nummer|vorgangs-?nummer)\b[\s.:#]{0,4}(?:(?:ist|lautet)\s)?"
    r"(?P<number>(?=[\w./ -]{0,12}\d)(?:[A-Za-zÄÖÜ]{1,4}[ -])?[\w/-][\w./-]{2,30}(?:\s\d[\w./-]{0,20})*)",
    re.IGNORECASE,
)
_BARE_NUMBERS = re.compile(
    r"""(?<![\w.,/-])(?:
        \d{3,5}\s?(?:BG|//)\s?\d{4,7}               # Bedarfsgemeinschaft
      | \d{3}[A-Z]\d{6}                             # customer of the employment agency
      | \d{2}[ ]?\d{6}[ ]?[A-Z][ ]?\d{3}            # pension insurance
      | [A-Z]\d{9}                                  # health insurance card
      | \d{2}[ ]\d{3}[ ]\d{3}[ ]\d{3}               # tax
      | \d{9,14}                                    # AZR (12 digits) and other long numbers
      | [CFGHJKLMNPRTVWXYZ](?=[A-Z0-9]{0,7}\d[A-Z0-9]{0,7}\d)[CFGHJKLMNPRTVWXYZ0-9]{8}  # passport
    )(?![\w/]|[.,-]\d)""",
    re.VERBOSE,
)
_COURT = re.compile(r"\b(?:BSG|BVerwG|BVerfG|BGH|BFH|BAG|EuGH|EGMR|L?SG|OVG|VGH?|OLG|[A-ZL]*gericht\w*)\b")
_DOCKET = re.compile(r"\b(?:[A-Z]\s)?\d{1,3}\s(?:[A-Z][A-Za-z]{0,4})\s\d{1,5}[/.]\d{2}\b|\bC-\d+/\d\d\b")

_UNITS = (
    "monat|woche|tag|jahr|stunde|minute|uhr|prozent|%|€|euro|eur|person|kinder|kind|fälle|fall|mal|km|"
    "kilometer|meter|"
    "haushalt|famili|plätze|platz|gespräch|termin|antr|meldung|stelle|vzä|bis|von|oder|und\\s\\d|"
    "arbeitstag|werktag|"
    "kommunen|gemeinden|städte|schule|kita|betroffen|frauen|männer|personen"
)
_STREET = re.compile(
    # Every run is bounded, and none begins inside another: a long text costs no more than its length.
    rf"""(?<![\w.-])(?:
        (?:[A-ZÄÖÜ][\w.-]{{0,30}}\s)?[\w.-]{{0,40}}(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.?)
        (?:\s(?:der|des|am|im)\s[\w. ]{{2,20}}?)?
      | [A-ZÄÖÜ][\w-]{{2,40}}(?:weg|allee|gasse|ufer|damm|steig|pfad|platz|ring|chaussee|promenade)
      | [A-ZÄÖÜ][\w.-]{{0,40}}(?:er\s|er|-|\s)
        (?:Weg|Allee|Gasse|Ufer|Damm|Steig|Pfad|Platz|Ring|Chaussee|Promenade)
      | (?:Am|Im|An\sder|An\sden|Auf\sdem|Auf\sder|Zum|Zur|In\sder|In\sden|Hinter\sdem|Unter\sden|Vor\sdem)
        \s(?:alten\s|neuen\s|hohen\s)?(?P<noun>[A-ZÄÖÜ][\w-]{{2,40}})
    )(?:\s?[Nn]r\.?)?\s{{0,2}}(?P<no>\d{{1,3}}\s?[a-hA-H]?(?:\s?-\s?\d{{1,3}})?)
    (?![\w,]\d|\w|\.\d|\s?\.\s?(?:{_MONTH})|\s?(?i:{_UNITS}))""",
    re.VERBOSE,
)
_NO_STREET = re.compile(
    r"(?:(?:dienst|rechts|verfahrens|antrags|zugangs|kommunikations|informations|melde|um|aus|hin|rück|"
    r"schul|bildungs)weg|"
    r"(?:kita|kurs|betreuungs|schul|ausbildungs|arbeits|studien|wohn|therapie|heim|pflege|frauenhaus|"
    r"sprachkurs|"
    r"kindergarten|krippen|integrationskurs|praktikums|kinderbetreuungs)-?platz)$",
    re.IGNORECASE,
)
_NO_STREET_NOUN = re.compile(
    r"(?:modul|jahr|monat|quartal|halbjahr|rechtskreis|schritt|absatz|satz|kapitel|punkt|nummer|stufe|"
    r"klasse|gruppe|top|"
    r"teil|anlage|artikel|fall|uhr|januar|februar|märz|april|mai|juni|juli|august|september|oktober|"
    r"november|dezember|"
    r"montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|stichtag|baustein|abschnitt|paragraf|"
    r"zeitraum|schnitt|"
    r"durchschnitt|höhe|ziffer|buch|sgb|\w*phase|\w*woche|\w*jahr|version|fassung|stand|tag|ende|anfang|"
    r"bereich|ebene|"
    r"station|tagesordnungspunkt|haus|raum|zimmer|gebäude|etage|kw|zahl|regel|vergleich|umfang|"
    r"alter)\w{0,2}$",
    re.IGNORECASE,
)

_PLATE = re.compile(
    r"(?<![\w-])(?:(?P<d>[A-ZÄÖÜ]{1,3})\s?-\s?(?P<l>[A-Z]{1,2})[\s-]?(?P<n>[1-9]\d{0,3})[EH]?"
    r"|(?:SU|BN|GL|GM|BM|AW|AK|WW|LEV|EU)[ ]+[A-Z]{1,2}[ -]?[1-9]\d{0,3}[EH]?"
    r"|(?:su|bn|gl|gm|ak|ww|k)-[a-z]{1,2}[ -]?[1-9]\d{0,3})(?![\w/]|[.-]\d)"
)
_NO_PLATE = {"VO", "RL", "NR", "AZ", "ID", "KP", "TV"}

_TITLE = re.compile(
    r"(?<![\w-])(?P<title>Herr(?:n|en)?|Hr\.|Hrn\.|Frau|Fr\.|Familie|Fam\.|Eheleute|Ehepaar|Geschwister|"
    r"Hernn|HERRN?|FRAU|FAMILIE|EHELEUTE|herrn?|frau)\s{1,3}"
    r"(?P<grades>(?:(?:Dr|Prof|med|Dipl|Ing)\.(?:-\w+\.)?\s?)*(?:(?:von|van|de|zu|der|den|al|el|bin|ben|"
    r"abu|Al|El|Abu|Ben)[\s-])*)"
    r"(?P<name>[^\W\d_](?:\.|\b(?![\w'’-]))|[^\W\d_][^\W\d_'’-]*(?:[-'’][^\W\d_]+)*)"
)
#: A degree alone, without a form of address before it.
_DEGREE = re.compile(
    r"(?<![\w-])(?:(?:Dr|Prof)\.(?:-\w+\.)?\s?)(?:(?:Dr|med|jur|phil|rer|nat|dent|h|c)\.\s?)*(?:(?:von|van|de|zu|der|den|al|el)\s)*"
    r"(?P<name>[A-ZÄÖÜ][^\W\d_]+(?:[-'’][^\W\d_]+)*)"
)
_ROLES = re.compile(
    r"(?:landr[aä]t|b[uü]rgermeister|oberb[uü]rgermeister|minister|staatssekret|vorsitzend|präsident|"
    r"kolleg|professor|doktor|"
    r"dezernent|amtsleit|abteilungsleit|teamleit|sachgebietsleit|fachbereichsleit|beigeordnet|kreisdirektor|"
    r"abgeordnet|richter(?:in)?$|nachbar|sachbearbeit|direktor|referent|koordinator|beauftragt|kämmerer|"
    r"lehrer(?:in)?$)\w*",
    re.IGNORECASE,
)
_ARTICLE = re.compile(
    r"\b(?:(?i:d(?:ie|er|en|em|as|es)|eine[rnm]?|ein|keine[rnm]?|jede[rnm]?|diese[rnm]?|pro|je|als|ob|"
    r"ihre[rnm]?|seine[rnm]?)|"
    r"[a-zäöüß]{4,}(?:e|er|en|em))\s$"
)
_ORDINARY_NOUN = re.compile(
    r"(?:\w{3,}(?:ung|ungen|heit|keit|schaft|tät|ion|ionen|geld|hilfe|amt|raum|platz|kurs|recht|karte|"
    r"titel|antrag|center|"
    r"zentrum|haus|schutz|nachzug|dienst|büro|arbeit|zeit|kosten|papiere|schein|zugang|pflicht|frei|"
    r"kasse)e?[ns]?)$|"
    r"(?:arbeit|geld|kinder|kindern|leistung|leistungen|wohngeld|miete|hilfe|unterkunft|bescheid|"
    r"bescheide|jobcenter|termin|"
    r"termine|asyl|unterhalt|anspruch|post|deutsch|probleme|schulden|zeit|kind|frau|mann|männer|recht|"
    r"beruf|gesundheit|"
    r"integration|jugend|senioren|soziales|rechte|monate|wochen|jahre|anträge|hier|schutz|gewalt|"
    r"unterlagen)$",
    re.IGNORECASE,
)
_SENTENCE_WORDS = words_in(
    """
    und oder mit ohne in im ist sind hat haben wird werden die der das den dem ein eine einen sich nicht
    auch nur bei zu zum zur von vom aus auf an am für fuer als wie wenn dann erhält bekommt kann muss soll
    will darf lebt wohnt kommt
    """
)
_TOWNS = words_in(
    """
    alfter bad bornheim eitorf hennef königswinter lohmar meckenheim much neunkirchen neunkirchen-
    seelscheid niederkassel rheinbach ruppichteroth sankt siegburg swisttal troisdorf wachtberg windeck
    bonn köln
    """
)


def _title_hits(latin: str, plain: str) -> Iterator[Hit]:
    for found in _TITLE.finditer(latin):
        # The lookalike reading finds the title; whether a capital follows is asked of the text itself.
        name, start, end = found["name"], found.start(), found.end()
        first = plain[found.start("name")]
        if found["title"].islower():
            if not _small_name(latin, found):
                continue
        elif first.islower() or (first.upper() == first.lower() and first.isascii()):
            continue
        while role := _ROLES.fullmatch(name):
            following = re.compile(r"\s{1,3}(?:Dr\.\s)?([A-ZÄÖÜ][\w'’-]+|[A-ZÄÖÜ]\.)").match(latin, end)
            if following is None:
                break
            name, end = following[1], following.end(1)
        if role or name.lower() in _SENTENCE_WORDS or name.isdigit():
            continue
        titled = found["title"].capitalize().startswith(("Familie", "Frau", "Geschwister", "Ehepaar"))
        if (
            name.rstrip(".").lower() in {"und", "frau", "herr", "herrn", "mann", "familie"}
            or name.isupper()
            and len(name) > 2
        ):
            if name.isupper() and name.lower() not in {"und", "frau", "herr", "herrn", "mann", "familie"}:
                yield Hit("person", start, end)
            continue
        if titled and (
            (_ARTICLE.search(latin[max(0, start - 30) : start]) and _ORDINARY_NOUN.match(name))
            or (name.lower() in _TOWNS and found["title"] == "Familie")
        ):
            continue
        yield Hit("person", start, end)


def _small_name(latin: str, found: re.Match) -> bool:
    """„frau müller“, by somebody who writes everything small; not „die frau arbeitet“."""
    name = found["name"]
    spoken_of = _ARTICLE.search(latin[max(0, found.start() - 30) : found.start()])
    ordinary = name.lower() in _SENTENCE_WORDS or _ORDINARY_NOUN.match(name) or len(name) < 2
    return not spoken_of and not ordinary


def _degree_hits(latin: str) -> Iterator[Hit]:
    titled = [found.span() for found in _TITLE.finditer(latin)]
    for found in _DEGREE.finditer(latin):
        within = any(start <= found.start() < end for start, end in titled)
        if not within and not _ROLES.fullmatch(found["name"]):
            yield Hit("person", found.start(), found.end())


def pattern_hits(reading: Reading) -> Iterator[Hit]:
    latin = reading.latin
    yield from _birth_dates(latin)
    yield from _ibans(latin)
    # The underscore, a blank elsewhere, belongs to an address.
    for found in _EMAIL.finditer(reading.plain.translate(LOOKALIKES)):
        yield Hit("email", found.start(), found.end())
    for found in _PHONE_WITH_WORD.finditer(latin):
        if not _DATE_LIKE.fullmatch(found["number"]):
            yield Hit("phone", found.start("number"), found.end("number"))
    for found in _PHONE.finditer(latin):
        bare = re.sub(r"\D", "", found[0])
        # Eight digits in one piece that begin with 05 are a municipality's official key.
        key = len(bare) == 8 and found[0].isdigit() and bare.startswith("05")
        if 7 <= len(bare) <= 15 and not key and not _DATE_LIKE.fullmatch(found[0]):
            yield Hit("phone", found.start(), found.end())
    for found in _FILE_NUMBER.finditer(latin):
        around = latin[max(0, found.start() - 60) : found.end()]
        if len(re.findall(r"\d", found["number"])) > 2 and not (_COURT.search(around) and _DOCKET.search(around)):
            if found[0].lower().startswith("bedarfsgemeinschaft ") and len(re.sub(r"\D", "", found["number"])) < 4:
                continue
            yield Hit("file_number", found.start(), found.end())
    for found in _BARE_NUMBERS.finditer(latin):
        yield Hit("file_number", found.start(), found.end())
    for found in _STREET.finditer(latin):
        street = latin[found.start() : found.start("no")].strip()
        if not _NO_STREET.search(street) and not (found["noun"] and _NO_STREET_NOUN.match(found["noun"])):
            yield Hit("address", found.start(), found.end("no"))
    for found in _PLATE.finditer(latin):
        if found["l"] not in _NO_PLATE:
            yield Hit("plate", found.start(), found.end())
    yield from _title_hits(latin, reading.plain)
    yield from _degree_hits(latin)


# Countries whose people are few in a German county. Not here, because they are many: Afghanistan, Albanien,
# Bulgarien, Griechenland, Indien, Irak, Iran, Italien, Kosovo, Kroatien, Marokko, Mazedonien, Polen,
# Rumänien, Russland, Serbien, Spanien, Syrien, Türkei, Ukraine, Bosnien, Portugal, the Netherlands and
# other neighbours.
_RARE = re.compile(
    r"(?<!\w)(?:"
    r"eritre|äthiopi|somali(?!land)|somal[ie]|sudan|südsudan|tschad|nigeri|niger\b|ghana|gambi|guine|"
    r"senegal|mali(?:er|sch)|"
    r"mauretan|togo|benin|kamerun|kongo|angola|mosambik|simbabw|sambi(?:a|sch|er)|keni|ugand|ruand|"
    r"burund|tansan|malaw|"
    r"madagas|namib|botswan|südafrika|liberi|sierra[\s-]leon|ivor|elfenbeink|burkin|dschibut|"
    r"kap[\s-]?verd|komor|gabun|"
    r"algeri|tunes|libysch|libyer|libyen|ägypt|jemen|oman|katar|kuwait|saudi|bahrain|emirat|jordan|"
    r"libanes|libanon|"
    r"palästin|israel|armeni|aserbaidsch|georgi(?:en|er|sch)|kasach|usbek|kirgis|tadschik|turkmen|"
    r"mongol|tibet|nepal|bhutan|"
    r"bangladesch|sri[\s-]?lank|tamil|maledi|myanmar|birman|burmes|thai|laot|kambodsch|vietnam|"
    r"philippin|indones|malays|"
    r"singapur|osttimor|chines|china\b|taiwan|korean|nordkorea|südkorea|japan|pakistan|moldau|moldaw|"
    r"belaruss|belarus|"
    r"weißruss|lett(?:isch|land|in)|litau|estnisch|estland|island\b|isländ|malt(?:a|es)|zypr|montenegr|"
    r"kuba|haiti|"
    r"dominikan|jamaik|mexik|guatemal|hondur|salvador|nicarag|costa[\s-]ric|panam|kolumb|venezol|"
    r"venezuel|ecuador|peru|"
    r"bolivi|chile|argentin|urugu|paragu|brasil|guyan|surinam|fidschi|samoa|tonga|papua|australi|"
    r"neuseel|jesid|êzîd|ezid|"
    r"uigur|rohingya|tschetschen|dagestan|ahmadi|mandä|assyr|aramä"
    r")\w*",
    re.IGNORECASE,
)


def nationality_hits(reading: Reading) -> Iterator[Hit]:
    for found in _RARE.finditer(reading.latin):
        yield Hit("rare_nationality", found.start(), found.end())

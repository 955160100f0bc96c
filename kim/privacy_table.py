"""What the ground floor and the packages it stands on know about people: accounts, sessions, notices, mails, the trail.

Accounts are named by function; what is personal in them is the address, the roles and when somebody was here. The
classes of deletion that several apps use stand here, too. What has a job of the timetable is carried out by it
(kim/retention.py, kim.tasks.sweep_up); what has none is done by people, and docs/datenschutz/loeschkonzept.md says so.
"""

from kim import privacy
from kim.privacy import Activity, Category, Erasure, Row
from kim.privacy import Kept as Period

#: Months after the last role of an account ended.
ACCESS_MONTHS, NAME_MONTHS = 6, 120


class Kept:
    """Classes of deletion outside of cases."""

    ACCESS = Period(
        "access", "6 Monate nach dem Ende der letzten Rolle",
        starts="Ende der letzten Rolle des Kontos", basis="Art. 5 Abs. 1 Buchst. e DSGVO; § 18 DSG NRW",
        job="retention", months=ACCESS_MONTHS,
    )  # fmt: skip
    NAME = Period(
        "name", "10 Jahre nach dem Ende der letzten Rolle, dann „ehemaliges Konto“",
        starts="Ende der letzten Rolle des Kontos",
        basis="Nachweis der Verwendung von Fördermitteln; Rechenschaft, wer gehandelt hat (Art. 5 Abs. 2 DSGVO)",
        job="retention", months=NAME_MONTHS,
    )  # fmt: skip
    SESSION = Period(
        "session", "mit der Sitzung, spätestens in der folgenden Nacht",
        starts="Ablauf oder Ende der Sitzung", basis="Art. 5 Abs. 1 Buchst. e DSGVO", job="sweep",
    )  # fmt: skip
    DEVICE = Period(
        "device", "400 Tage nach der letzten Anmeldung von dort", starts="letzte Anmeldung",
        basis="Art. 5 Abs. 1 Buchst. e DSGVO", job="sweep",
    )  # fmt: skip
    BARRIER = Period(
        "barrier", "1 Jahr nach der Antwort", starts="Tag der Antwort", basis="Art. 5 Abs. 1 Buchst. e DSGVO",
        job="sweep", exceptions="Meldungen, die noch auf Antwort warten",
    )  # fmt: skip
    DRAFT = Period(
        "draft", "180 Tage nach dem letzten Tippen", starts="letzte Sicherung des Entwurfs",
        basis="Art. 5 Abs. 1 Buchst. e DSGVO", job="sweep",
    )  # fmt: skip
    MAIL = Period(
        "mail", "90 Tage", starts="Tag, an dem die Mail geschrieben wurde", basis="Art. 5 Abs. 1 Buchst. e DSGVO",
        job="sweep", exceptions="Mails, die noch im Ausgang liegen",
    )  # fmt: skip
    RUN = Period("run", "400 Tage", starts="Tag des Laufs", basis="ohne Personenbezug", job="sweep")
    NOTICE = Period(
        "notice", "12 Monate", starts="Tag der Mitteilung", basis="Art. 5 Abs. 1 Buchst. e DSGVO",
        job="retention", months=12,
    )  # fmt: skip
    ABSENCE = Period(
        "absence", "3 Jahre nach dem Ende",
        starts="letzter Tag der Abwesenheit",
        basis="Nachweis, wer in Vertretung sehen durfte (Art. 5 Abs. 2 DSGVO)", job="retention", months=36,
    )  # fmt: skip
    TRAIL = Period(
        "trail", "wie das Protokoll: eigene Frist, Löschung allein durch den belegten Schnitt",
        starts="Tag des Eintrags", basis="Rechenschaft (Art. 5 Abs. 2, Art. 32 DSGVO); § 70 DSG NRW",
        exceptions="Vermerke zu gelöschten Fällen werden mit dem Fall geleert",
    )  # fmt: skip
    REQUEST = Period(
        "request", "3 Jahre nach der Antwort", starts="Tag der Antwort",
        basis="Nachweis der Antwort (Art. 12, Art. 5 Abs. 2 DSGVO); Verjährung § 31 OWiG, § 195 BGB",
        job="retention", months=36, exceptions="laufende Einschränkung der Verarbeitung",
    )  # fmt: skip
    BREACH = Period(
        "breach", "5 Jahre nach dem Abschluss", starts="Abschluss des Vorfalls",
        basis="Dokumentation für die Aufsicht (Art. 33 Abs. 5 DSGVO)", job="retention", months=60,
    )  # fmt: skip
    FILE = Period(
        "file", "mit dem Fall oder dem Vorgang, zu dem es gehört", starts="wie dort", basis="wie dort", job="files"
    )
    RECORDS = Period(
        "records", "10 Jahre nach dem Ende der Förderung, dann dem Kreisarchiv anbieten",
        starts="Ende des letzten Förderzeitraums",
        basis="Niederschriften und Beschlüsse von Gremien; Anbietungspflicht (§ 4 ArchivG NRW)",
        exceptions="was das Archiv übernimmt",
    )  # fmt: skip
    MONEY = Period(
        "money", "10 Jahre nach Prüfung des Verwendungsnachweises",
        starts="Tag der Prüfung; sonst Ende des Förderzeitraums",
        basis="Belege der Förderung (Nebenbestimmungen des Bescheids; § 59 KomHVO NRW)",
        exceptions="laufende Prüfung durch Land oder Rechnungsprüfung",
    )  # fmt: skip
    ALWAYS = Period("always", "auf Dauer", starts="–", basis="ohne Personenbezug")
    PLAYED = Period("unused", "wird in KIM nicht gefüllt", starts="–", basis="Tabelle eines Pakets ohne Verwendung")


C, K, E = Category, Kept, Erasure
LINK = "Zuordnung"
WHO_DID = "Nachweis, wer gehandelt hat"
SIGNING_IN = "Anmeldung"
PLACE = "Ort und Zuständigkeit"

# fmt: off
TABLE = (
    # Places and settings
    Row("County", "id name key direct_reporting christmas_eve_is_workday new_years_eve_is_workday "
        "small_municipality_below effect_months small_cell_below case_prefix request_kept_months case_kept_years",
        C.HARMLESS, "Einstellungen des Kreises", K.ALWAYS, E.KEEP),
    Row("Municipality", "id ags name kind bank postal_code area_km2 latitude longitude", C.HARMLESS, PLACE, K.ALWAYS,
        E.KEEP),
    Row("PopulationCount", "id municipality counted_on persons source", C.HARMLESS, PLACE, K.ALWAYS, E.KEEP),
    Row("Organisation", "id key name kind municipality", C.HARMLESS, PLACE, K.ALWAYS, E.KEEP),
    Row("Code", "id valid_from valid_until list code label short position", C.HARMLESS, "Auswahllisten", K.ALWAYS,
        E.KEEP),

    # Accounts
    Row("User", "id organisation", C.PERSONAL, LINK, K.NAME, E.KEEP),
    Row("User", "username display_name", C.PERSONAL, "wer handelt; Bezeichnung nach der Funktion", K.NAME, E.BLANK),
    Row("User", "email", C.PERSONAL, "Erinnerungen, Wiederherstellen des Zugangs", K.ACCESS, E.BLANK),
    Row("User", "password last_login", C.PERSONAL, SIGNING_IN, K.ACCESS, E.BLANK),
    Row("User", "is_active is_staff is_superuser date_joined groups user_permissions", C.PERSONAL, SIGNING_IN, K.NAME,
        E.KEEP),
    Row("RoleGrant", "id user role valid_from valid_until", C.PERSONAL, "Rechte nach Aufgabe und Zeit", K.NAME,
        E.DELETE),
    Row("Assignment", "id user role title employer municipality bank share weekdays source valid_from valid_until "
        "known_from known_until", C.PERSONAL, "wer wo arbeitet, Einsatz und Förderung", K.MONEY, E.DELETE),
    Row("Absence", "id user deputy valid_from valid_until", C.PERSONAL, "Vertretung", K.ABSENCE, E.DELETE),

    Row("Suspension", "id user reason valid_from valid_until", C.PERSONAL, "gesperrte und ausgeschiedene Konten",
        K.NAME, E.DELETE),
    Row("Invitation", "id user made_at made_by expires_at used_at withdrawn_at", C.PERSONAL, SIGNING_IN, K.ACCESS,
        E.DELETE),
    Row("Invitation", "digest", C.HARMLESS, SIGNING_IN, K.ACCESS, E.DELETE),
    Row("Device", "id user digest browser first_at last_at", C.PERSONAL, "fremde Anmeldungen bemerken", K.DEVICE,
        E.DELETE),
    Row("SignIn", "id user device browser began_at used_at", C.PERSONAL, "eigene Sitzungen sehen und beenden",
        K.SESSION, E.DELETE),
    Row("ProviderSession", "id sign_in realm sub sid", C.PERSONAL, SIGNING_IN, K.SESSION, E.DELETE),

    # What is told and begun
    Row("Notice", "id recipient key audience headline text url created_at read_at mail digested_at", C.PERSONAL,
        "Mitteilung an ein Konto", K.NOTICE, E.DELETE),
    Row("Mail", "id key recipient to subject body calendar state attempts next_try_at last_error created_at sent_at",
        C.PERSONAL, "Sammelmails und Einladungen; ohne Namen und Texte aus Fällen", K.MAIL, E.DELETE),
    Row("Draft", "id user key url title saved_at", C.PERSONAL, "angefangene Formulare", K.DRAFT, E.DELETE),
    Row("Draft", "data", C.SPECIAL, "angefangene Formulare; nur für ihre Verfasserin oder ihren Verfasser", K.DRAFT,
        E.DELETE),
    Row("SavedFilter", "id user page name query", C.PERSONAL, "gespeicherte Suche", K.ACCESS, E.DELETE),
    Row("CalendarFeed", "id user digest created_at read_on revoked_at", C.PERSONAL, "Kalender-Adresse", K.ACCESS,
        E.DELETE),

    # On record
    Row("TrailEntry", "id at by on_behalf_of act kind object_id shown note", C.PERSONAL,
        "Nachweis, wer was sah, änderte, ausgab; ohne Inhalt", K.TRAIL, E.DELETE),
    Row("TrailEntry", "mark note_mark", C.HARMLESS, "Zeichen, dass die Zeile echt ist", K.TRAIL, E.DELETE),
    Row("TrailLink", "position entry digest seal made_at", C.HARMLESS, "Kette über das Protokoll", K.TRAIL, E.DELETE),
    Row("TrailAnchor", "id day position digest before signature made_at", C.HARMLESS, "Kette über das Protokoll",
        K.ALWAYS, E.KEEP),
    Row("TrailCut", "id position day digest seal made_at", C.HARMLESS, "Kette über das Protokoll", K.ALWAYS, E.KEEP),
    Row("TrailCheck", "id made_at rows links anchors found findings", C.HARMLESS, "Kette über das Protokoll", K.ALWAYS,
        E.KEEP),
    Row("BarrierReport", "id text page email by created_at answer answered_by answered_at", C.PERSONAL,
        "gemeldete Barrieren beantworten", K.BARRIER, E.DELETE),
    Row("BackupRun", "id kind state started_at finished_at folder file size done_bytes expected_bytes steps result",
        C.HARMLESS, "Betrieb", K.RUN, E.DELETE),
    Row("JobRun", "id job day started_at finished_at result error", C.HARMLESS, "Betrieb", K.RUN, E.DELETE),
    Row("AccountRequest", "id account kind state received_on came_by identified identified_on due_on extended_on "
        "extension_reason extension_told_on answered_on outcome refusal kept_until corrected", C.PERSONAL,
        "Anliegen von Beschäftigten und Mitgliedern nach Art. 15 bis 21 DSGVO", K.REQUEST, E.DELETE),
    Row("AccountRequest", "recorded_by recorded_at", C.PERSONAL, WHO_DID, K.REQUEST, E.DELETE),
    Row("Breach", "id state discovered_at kinds about special risk told_authority_at late_reason told_people_on "
        "not_told_why closed_at recorded_at", C.HARMLESS, "Vorfälle dokumentieren (Art. 33 Abs. 5 DSGVO)", K.BREACH,
        E.DELETE),
    Row("Breach", "recorded_by", C.PERSONAL, WHO_DID, K.BREACH, E.DELETE),
    Row("BreachEntry", "id breach kind text at", C.HARMLESS, "Verlauf des Vorfalls; Texte ohne Namen", K.BREACH,
        E.DELETE),
    Row("BreachEntry", "by", C.PERSONAL, WHO_DID, K.BREACH, E.DELETE),

    # Packages: signing in
    Row("sessions.Session", "session_key session_data expire_date", C.PERSONAL, SIGNING_IN, K.SESSION, E.DELETE),
    Row("account.EmailAddress", "id user email verified primary", C.PERSONAL, SIGNING_IN, K.ACCESS, E.DELETE),
    Row("account.EmailConfirmation", "id email_address created sent key", C.PERSONAL, SIGNING_IN, K.ACCESS, E.DELETE),
    Row("mfa.Authenticator", "id user type data created_at last_used_at", C.PERSONAL, "zweiter Faktor", K.ACCESS,
        E.DELETE),
    Row("socialaccount.SocialAccount", "id user provider uid last_login date_joined extra_data", C.PERSONAL,
        "Anmeldung über den Verzeichnisdienst", K.ACCESS, E.DELETE),
    Row("socialaccount.SocialToken", "id app account token token_secret expires_at", C.PERSONAL,
        "Anmeldung über den Verzeichnisdienst", K.ACCESS, E.DELETE),
    Row("socialaccount.SocialApp", "id provider provider_id name client_id secret key settings", C.HARMLESS,
        "Verbindung zum Verzeichnisdienst", K.ALWAYS, E.KEEP),

    # Packages: tables that only describe others
    Row("auth.Permission", "id name content_type codename", C.HARMLESS, "Tabelle von Django", K.PLAYED, E.KEEP),
    Row("auth.Group", "id name permissions", C.HARMLESS, "Tabelle von Django", K.PLAYED, E.KEEP),
    Row("contenttypes.ContentType", "id app_label model", C.HARMLESS, "Tabelle von Django", K.PLAYED, E.KEEP),
)
# fmt: on

ACTIVITIES = (
    Activity(
        "accounts", "Konten, Anmeldung und Vertretung",
        "Zugang nach Aufgabe; Erinnerungen; Vertretung",
        "Art. 6 Abs. 1 Buchst. e DSGVO, § 18 DSG NRW (Beschäftigte); Buchst. e (Mitglieder von Gremien)",
        "Beschäftigte von Kreis, Kommunen, Trägern und Behörden; Mitglieder der Gremien",
        "die Verwaltung des Kreises; Kolleginnen und Kollegen sehen die Bezeichnung nach der Funktion",
        ("kim.User", "kim.RoleGrant", "kim.Absence", "kim.Notice", "kim.Mail", "kim.Draft", "kim.SavedFilter",
         "kim.CalendarFeed",
         "kim.Suspension", "kim.Invitation", "kim.Device", "kim.SignIn", "kim.ProviderSession",
         "sessions.Session", "account.EmailAddress",
         "account.EmailConfirmation", "mfa.Authenticator", "socialaccount.SocialAccount",
         "socialaccount.SocialToken"),
    ),
    Activity(
        "accountability", "Protokoll, Anliegen und Vorfälle",
        "Nachweis, wer was sah und änderte; Rechte der betroffenen Personen; Datenpannen",
        "Art. 6 Abs. 1 Buchst. c DSGVO mit Art. 5 Abs. 2, Art. 12 bis 22, Art. 32, 33, 34 DSGVO",
        "Beschäftigte; Personen mit einem Anliegen",
        "Datenschutz und Revision; die Aufsichtsbehörde (LDI NRW) bei einer Meldung",
        ("kim.TrailEntry", "kim.AccountRequest", "kim.Breach", "kim.BreachEntry", "kim.BarrierReport"),
    ),
)  # fmt: skip

privacy.register("kim", TABLE, ACTIVITIES)

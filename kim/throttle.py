"""How often something may be asked for: the one table of what is expensive, counted in the cache all processes share.

What signing in and passwords may be tried stands in ACCOUNT_RATE_LIMITS (kim.settings): allauth counts it, per address
and per account.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase

from kim.errors import too_often


@dataclass(frozen=True)
class Budget:
    """`most` askings in `seconds` for one account, all views of a line together (of an address where nobody signed in).
    `words` are what the refusal says was too much.
    """

    most: int
    seconds: int
    words: str
    methods: tuple[str, ...] = ("GET", "HEAD", "POST")
    #: Only an asking in which one of these is filled in counts; empty: each.
    asked_by: tuple[str, ...] = ()


READING = ("GET", "HEAD")
ACTING = ("POST",)

#: A day's work of somebody quick stays below a tenth of each; a script left running meets it within minutes.
BUDGETS = {
    "file": Budget(60, 300, "Es wurden sehr viele Dateien und Ausdrucke angefordert."),
    "upload": Budget(40, 600, "Es wurden sehr viele Dateien hochgeladen.", ACTING),
    "search": Budget(90, 60, "Es wurde sehr oft gesucht.", asked_by=("q", "name", "words")),
    "likeness": Budget(90, 60, "Es wurde sehr oft nach Ähnlichem gesucht."),
    "evaluation": Budget(90, 60, "Es wurden sehr viele Auswertungen angefordert."),
    "counting": Budget(10, 600, "Es wurde sehr oft neu gezählt.", ACTING),
    "reckoning": Budget(60, 300, "Es wurde sehr oft neu gerechnet."),
    "checked text": Budget(40, 60, "Es wurden sehr viele Texte abgesandt.", ACTING),
    "draft": Budget(240, 60, "Es wurde sehr oft zwischengespeichert.", ACTING),
    "filter": Budget(60, 60, "Es wurden sehr viele Filter geändert.", ACTING),
    "calendar key": Budget(10, 600, "Die Kalenderadresse wurde sehr oft erneuert.", ACTING),
    "many mails": Budget(20, 600, "Es wurden sehr viele Einladungen und Nachrichten verschickt.", ACTING),
}

#: What may be asked how often: budget → the views (by the name of their address) that draw on it.
VIEWS = {
    "file": """
        steering:issue_export steering:report_export steering:inbox_export steering:body_export
        steering:meeting_export steering:meeting_calendar steering:meeting_invitation steering:paper_file
        steering:minutes_export steering:minutes_file steering:resolution_export steering:agreement_export
        steering:kickoff_export steering:interface_export steering:contact_export
        casework:own_figures_export casework:case_export casework:plan_print casework:plan_version_print
        casework:consent_form_print casework:form_print casework:document_get casework:import_template
        casework:client_data_file casework:consultation_export casework:actor_export
        funding:person_export funding:board_export funding:coverage_export funding:reported_export
        funding:notice_export funding:proof_file funding:calculation_export funding:cost_export
        funding:cost_import_template funding:scenario_export
        reports:report_file reports:export_file reports:export_new reports:export_again
        kim:trail_export kim:trail_anchor kim:processing_print kim:breach_print kim:account_data_file""",
    "upload": """
        steering:paper_new casework:document_new casework:import_new funding:cost_import_new
        funding:criterion_import""",
    "search": """
        kim:account_list
        steering:issue_list steering:report_list steering:inbox steering:body_list steering:meeting_list
        steering:minutes_list steering:resolution_list steering:statement_list steering:agreement_list
        steering:kickoff_list steering:interface_list steering:contact_list
        casework:case_list casework:consultation_list casework:followup_list casework:actor_list casework:code_list
        casework:case_overview casework:procedure_list casework:consultation_case casework:case_issue_link
        casework:consultation_issue_link casework:referral_new
        funding:person_list funding:board funding:coverage funding:reported_list funding:notice_list
        funding:cost_list""",
    "likeness": """
        steering:issue_similar steering:issue_alike casework:case_issue_similar
        casework:consultation_issue_similar casework:case_new casework:client_member""",
    "evaluation": """
        reports:lage reports:lage_casework reports:lage_chain reports:lage_places reports:lage_staffing
        reports:lage_money reports:lage_governance reports:figure_detail reports:builder reports:saved_detail
        reports:report_detail reports:report_difference reports:indicators casework:own_figures""",
    "counting": """
        reports:lage_recount reports:report_new reports:report_recount""",
    "reckoning": """
        funding:scenario_new funding:scenario_compare funding:scenario_detail funding:whatif
        funding:calculation_new""",
    "checked text": """
        steering:issue_new steering:issue_edit steering:issue_comment steering:issue_step steering:issue_measure
        steering:inbox_together steering:meeting_topic steering:resolution_new steering:statement_new
        casework:case_issue_new casework:consultation_issue_new casework:case_issue_edit
        casework:procedure_new casework:procedure_note""",
    "draft": "kim:draft_save",
    "filter": "kim:filter_save kim:filter_delete",
    "calendar key": "kim:calendar kim:calendar_revoke",
    "many mails": """
        steering:meeting_invite steering:minutes_send steering:agreement_send kim:mail_resend_all kim:mail_resend
        kim:account_invite""",
}
BUDGET_OF = {view: name for name, views in VIEWS.items() for view in views.split()}


class Throttle:
    """Middleware: 429 with a sentence and Retry-After where the table says that it is enough."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view, args, kwargs) -> HttpResponseBase | None:
        match = request.resolver_match
        name = BUDGET_OF.get(match.view_name) if match else None
        if name is None or not _counts(request, BUDGETS[name]):
            return None
        who = f"user {request.user.pk}" if request.user.is_authenticated else f"address {address_of(request)}"
        budget = BUDGETS[name]
        if is_too_often(name, who, most=budget.most * settings.KIM_RATE_FACTOR, seconds=budget.seconds):
            return too_often(request, budget.words, seconds_left(budget.seconds))
        return None


def _counts(request: HttpRequest, budget: Budget) -> bool:
    if request.method not in budget.methods:
        return False
    if not budget.asked_by:
        return True
    given = request.POST if request.method == "POST" else request.GET
    return any(given.get(field, "").strip() for field in budget.asked_by)


def is_too_often(what: str, who: str, *, most: int, seconds: int) -> bool:
    """Count one more, and say whether `who` has now asked for `what` more than `most` times in these `seconds`.

    Time is cut into windows of that length. What is asked for by whom stands in no key as it is.
    """
    marked = hashlib.sha256(f"{what} {who}".encode()).hexdigest()
    key = f"throttle:{marked}:{int(time.time()) // seconds}"
    if cache.add(key, 1, seconds * 2):
        return most < 1
    try:
        return cache.incr(key) > most
    except ValueError:  # thrown out of the cache between the two
        return False


def seconds_left(seconds: int) -> int:
    """Until the window of that length ends."""
    return seconds - int(time.time()) % seconds


def address_of(request: HttpRequest) -> str:
    """Of whoever asks, behind as many proxies as KIM_PROXIES names: the same the login counts."""
    return get_adapter(request).get_client_ip(request)

"""The look: what templates are built from holds together, reads well aloud, needs nothing the CSP forbids."""

import datetime as dt
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.urls import reverse

from casework.models import Conference
from kim import errors, navigation, outages
from kim.models import Role, RoleGrant, User
from kim.templatetags import kim as tags
from steering.models import Meeting

ROOT = Path(__file__).parents[2]
CSS = (ROOT / "static" / "kim.css").read_text(encoding="utf-8")
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
DARK = CSS.index("@media (prefers-color-scheme: dark)")
STATIONS = (
    "casework",
    "coordination",
    "strategy",
    "steering",
    "project",
    "coordination-back",
    "casework-back",
)


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def tokens(text):
    return dict(re.findall(r"--kim-([\w-]+): (#[0-9a-f]{6});", text))


def way(states, **given):
    names = {"p": "passed", "n": "now", "a": "ahead", "b": "bypassed"}
    stations = [
        {
            "key": key,
            "office": key.title(),
            "state": names[state],
            "lines": ["eine Zeile"],
            "clock": "Tag 8 von 10" if state == "n" else "",
            "ring": 80,
            "back": key.endswith("-back"),
            "note": "",
        }
        for key, state in zip(STATIONS, states, strict=True)
    ]
    standard = {"tone": "", "returned": False, "turn": "", "bundled": None, "gathers": 0}
    return render_to_string("steering/_way.html", {"way": {"stations": stations, **standard, **given}})


class TestTokens:
    @pytest.mark.parametrize("scheme", [CSS[:DARK], CSS[DARK : DARK + 2000]], ids=["light", "dark"])
    @pytest.mark.parametrize(
        ("ink", "ground", "least"),
        [
            ("ink", "sheet", 7),
            ("ink", "ground", 7),
            ("ink-2", "sheet", 4.5),
            ("ink-2", "ground", 4.5),
            ("ink-2", "tint", 4.5),
            ("ink-2", "accent-weak", 4.5),
            ("accent", "sheet", 4.5),
            ("on-accent", "accent", 4.5),
            ("late", "late-weak", 4.5),
            ("soon", "soon-weak", 4.5),
            ("done", "done-weak", 4.5),
            ("edge", "sheet", 3),
        ],
    )
    def test_text_and_graphics_stand_out_enough(self, scheme, ink, ground, least):
        found = tokens(scheme)
        assert contrast(found[ink], found[ground]) >= least

    def test_components_use_tokens_and_never_a_hex_value(self):
        ground = CSS.index("/* 3  Ground")
        printed = CSS.index("/* 22  Print")
        hex_values = re.findall(r"#[0-9a-fA-F]{3,8}\b", CSS[ground:printed])
        assert hex_values == []

    def test_every_token_used_is_defined(self):
        defined = set(re.findall(r"(--[\w-]+):", CSS))
        used = set(re.findall(r"var\((--kim-[\w-]+)", CSS))
        assert used <= defined

    def test_no_stylesheet_holds_a_picture_the_policy_forbids(self):
        sheets = list((ROOT / "static").rglob("*.css"))
        assert len(sheets) >= 2
        assert not [sheet.name for sheet in sheets if 'url("data:' in sheet.read_text(encoding="utf-8")]

    def test_the_stylesheet_loads_nothing_but_our_fonts(self):
        addresses = re.findall(r"url\(([^)]+)\)", CSS)
        assert addresses
        assert all(address.startswith('"fonts/') for address in addresses)
        assert all((ROOT / "static" / address.strip('"')).is_file() for address in addresses)


FIELDS = re.compile(r'{% field |{% include "kim/_fields.html"|\|crispy')


def whole(text):
    """A template with all that it includes."""
    for name in re.findall(r'{% include "([^"]+)"', text):
        if name != "kim/_errors.html":
            text += whole((ROOT / "templates" / name).read_text(encoding="utf-8"))
    return text


class TestFrame:
    def test_the_account_and_the_way_out_stay_in_sight_beside_a_long_navigation(self):
        assert re.search(r"\.kim-who { display: block;[^}]*position: sticky; bottom: 0;", CSS)

    def test_the_bar_of_a_phone_gives_each_label_the_width_it_needs(self):
        assert ".kim-nav { display: flex;" in CSS
        assert ".kim-nav__item { flex: 1 1 auto; }" in CSS


class TestFilters:
    def test_the_button_that_sends_a_filter_stands_behind_all_it_sends(self):
        orders = {
            name: int(re.search(rf"^{re.escape(name)} {{[^}}]*order: (\d+);", CSS, re.M)[1])
            for name in (".kim-filter__more[open]", ".kim-filter__more[open] ~ div")
        }
        assert orders[".kim-filter__more[open]"] < orders[".kim-filter__more[open] ~ div"]

    @pytest.mark.parametrize("name", ["steering/issue_list", "steering/inbox", "casework/case_list"])
    def test_a_search_is_saved_above_what_it_found(self, name):
        text = (ROOT / "templates" / f"{name}.html").read_text(encoding="utf-8")
        assert text.index("_save_filter.html") < text.index('<ul class="kim-')


class TestForms:
    @pytest.mark.parametrize("floor", ["kim", "steering", "casework"])
    def test_labels_begin_with_a_capital_letter(self, floor):
        for path in (ROOT / floor).rglob("*.py"):
            assert not re.findall(r'(?<!_)label="[a-zäöü][^"]*"', path.read_text(encoding="utf-8")), path

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_what_is_chosen_from_few_is_pressed_everywhere_in_the_same_way(self, path):
        """Through crispy alone, radios are drawn as the browser has them."""
        assert "form|crispy" not in path.read_text(encoding="utf-8")

    def test_a_day_says_how_it_is_typed(self, client, db):
        client.force_login(User.objects.create(username="somebody"))
        page = client.get(reverse("kim:absence_list")).content.decode()
        for name in ("first", "last"):
            assert 'placeholder="TT.MM.JJJJ"' in re.search(rf'<input[^>]* name="{name}"[^>]*>', page)[0]

    def test_ways_to_meet_have_the_same_names_in_every_app(self):
        ours, theirs = dict(Meeting.Mode.choices), dict(Conference.Mode.choices)
        assert all(theirs[mode] == words for mode, words in ours.items() if mode in theirs)


class TestTypeface:
    @pytest.mark.parametrize("name", ["Müller", "Łukasz", "Đorđević", "Оксана", "Ґалаґан", "Їжакевич"])
    def test_names_are_written_in_our_typeface(self, name):
        ranges = re.findall(r"font-weight: 500;[^}]*unicode-range: ([^;]+);", CSS)
        spans = [part.strip().removeprefix("U+").split("-") for one in ranges for part in one.split(",")]
        drawn = [(int(span[0], 16), int(span[-1], 16)) for span in spans]
        assert all(any(first <= ord(sign) <= last for first, last in drawn) for sign in name)


class TestTables:
    """What is wider than its page scrolls, and looks it."""

    def rule(self, selector):
        return re.search(rf"^{re.escape(selector)} {{([^}}]*)}}", CSS, re.M)[1]

    def test_heads_of_the_matrix_are_never_broken_within_a_word(self):
        assert "anywhere" not in "".join(line for line in CSS.splitlines() if "kim-table--matrix" in line)
        assert "position: sticky" in self.rule(".kim-table--matrix :is(thead td, th[scope=row])")

    @pytest.mark.parametrize("name", ["casework/procedure_detail", "steering/_body_seats"])
    def test_few_columns_lie_below_each_other_on_a_phone(self, name):
        assert "kim-table--stacked" in (ROOT / "templates" / f"{name}.html").read_text(encoding="utf-8")

    def test_an_edge_behind_which_there_is_more_casts_a_shadow(self):
        scroll = self.rule(".kim-scroll")
        assert scroll.count("no-repeat local") == scroll.count("no-repeat scroll") == 2


class TestTemplates:
    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_no_template_needs_what_the_policy_forbids(self, path):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:|data:image|hx-on|<script(?![^>]*\bsrc=)", text)
        assert "https://" not in text

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_every_template_compiles(self, path):
        assert get_template(str(path.relative_to(ROOT / "templates")))

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_what_is_wrong_with_a_form_is_said_by_the_page_and_not_by_the_browser(self, path):
        """Browsers speak their own language, one field at a time; ours answers with German sentences on top."""
        text = path.read_text(encoding="utf-8")
        for form in re.findall(r"<form\b(?:[^>{]|{%[^%]*%}|{{[^}]*}})*>", text):
            assert 'method="post"' not in form or "novalidate" in form, form

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_a_page_with_fields_sums_up_what_is_wrong_with_them(self, path):
        text = path.read_text(encoding="utf-8")
        if "{% extends" in text and 'method="post"' in text and FIELDS.search(whole(text)):
            assert '{% include "kim/_errors.html"' in whole(text)

    def test_every_icon_named_in_a_template_is_shipped(self):
        named = {name for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)"', path.read_text())}
        named |= {entry.icon for entry in navigation.ENTRIES}
        for name in named:
            assert "<path" in tags.icon(name)

    def test_an_icon_we_do_not_ship_is_an_error_and_no_way_out_of_the_folder(self):
        for name in ("unbekannt", "../../kim"):
            with pytest.raises(FileNotFoundError):
                tags.icon(name)


class TestLine:
    def test_a_screen_reader_hears_seven_stations_and_where_it_is(self):
        page = way("ppnaaaa")
        assert page.count("<li") == 7
        assert page.count('aria-current="step"') == 1
        assert page.count("durchlaufen</span>") == 2
        assert "hier liegt er jetzt" in page
        assert page.count("liegt noch vor uns") == 4

    def test_a_station_leapt_over_is_said_to_be_not_passed(self):
        assert "nicht durchlaufen" in way("pppbnaa")

    def test_a_pause_is_heard_as_well_as_seen(self):
        page = way("ppnaaaa", tone="paused")
        assert "kim-way--paused" in page
        assert "die Uhr ist angehalten" in page

    def test_an_early_turn_leaves_the_long_way_round_undrawn(self):
        page = way("pppbbna", turn="strategy", returned=True)
        assert "kim-way--turn-strategy" in page
        assert "kim-way--returned" not in page

    def test_a_bundled_issue_leads_to_the_one_it_runs_with(self):
        page = way("pnaaaaa", bundled={"number": "KP-2026-0031", "url": "/steering/issues/31/"})
        assert 'href="/steering/issues/31/"' in page
        assert "KP-2026-0031" in page

    def test_offices_and_lines_are_escaped(self):
        text = render_to_string(
            "steering/_mini.html",
            {"mini": SimpleNamespace(label='"><script>', marks=({"css": "is-now"},), bundled=False)},
        )
        assert "<script>" not in text
        assert 'role="img"' in text

    def test_the_strip_of_days_is_silent_because_the_sentence_says_it_all(self):
        page = render_to_string(
            "steering/_clock.html",
            {
                "clock": {
                    "tone": "soon",
                    "headline": "Fällig am Mittwoch, 15.04.2026",
                    "words": "10 Arbeitstage ab 30.03.2026",
                    "days": [{"weekday": "Mi", "count": "10", "date": "15.04.", "css": "kim-days__day--due"}],
                    "paused": "",
                }
            },
        )
        assert re.search(r'class="kim-days" aria-hidden="true"', page)
        assert "10 Arbeitstage ab 30.03.2026" in page

    def test_the_notice_ends_with_who_is_not_told(self):
        told = [{"who": "Geschäftsstelle", "what": "Titel", "how": "in KIM sofort"}]
        page = render_to_string(
            "steering/_tell.html", {"tell_id": "mitteilung", "heading": "Das wird mitgeteilt", "tellings": told}
        )
        assert page.index("Geschäftsstelle") < page.index("Niemand sonst")


class TestGerman:
    def test_dates_are_written_as_in_a_letter(self):
        day = dt.date(2026, 4, 15)
        assert tags.day(day) == "Mi 15.04.2026"
        assert tags.long_day(day) == "Mittwoch, 15.04.2026"
        assert tags.spoken_day(day) == "Mittwoch, 15. April 2026"
        assert tags.weekday(day) == "Mittwoch"
        assert tags.day(None) == tags.moment(None) == tags.inclusive(None) == ""

    def test_moments_are_shown_in_berlin_also_around_midnight_and_summer_time(self):
        assert tags.moment(dt.datetime(2026, 4, 13, 22, 30, tzinfo=dt.UTC)) == "14.04.2026, 00:30 Uhr"
        assert tags.day(dt.datetime(2026, 12, 31, 23, 30, tzinfo=dt.UTC)) == "Fr 01.01.2027"

    def test_a_sign_of_law_stays_with_its_number(self):
        written = tags.law("Flüchtlinge (§ 25 Abs. 2 AufenthG), §§ 22, 23; der § allein")
        gap = "\N{NO-BREAK SPACE}"
        assert written == f"Flüchtlinge (§{gap}25 Abs.{gap}2 AufenthG), §§{gap}22, 23; der § allein"

    def test_a_half_open_end_is_shown_inclusive(self):
        assert tags.inclusive(dt.date(2027, 1, 1)) == "31.12.2026"

    @pytest.mark.parametrize(
        ("given", "written"),
        [
            (tags.number(1234567), "1.234.567"),
            (tags.decimal("0.75"), "0,75"),
            (tags.euros(55000), "55.000,00\N{NO-BREAK SPACE}€"),
            (tags.fte("0.75"), "0,75\N{NO-BREAK SPACE}VZÄ"),
            (tags.fte("0.125"), "0,125\N{NO-BREAK SPACE}VZÄ"),
            (tags.fte(1), "1,00\N{NO-BREAK SPACE}VZÄ"),
            (tags.number(None), ""),
        ],
    )
    def test_numbers_have_a_decimal_comma(self, given, written):
        assert given == written


@pytest.fixture
def person(db):
    def make(*roles):
        user = User.objects.create(username="-".join(roles) or "nobody", display_name="Case Management Windeck")
        for role in roles:
            RoleGrant.objects.create(user=user, role=role, valid_from=dt.date(2021, 1, 1))
        return user

    return make


def visit(user, view_name=""):
    request = RequestFactory().get("/")
    request.user = user
    request.resolver_match = SimpleNamespace(view_name=view_name)
    return request


class TestNavigation:
    def test_each_role_sees_its_own_entries_and_no_others(self, person):
        found = {
            role: {entry.label for entry in navigation.navigation_of(visit(person(role))).entries} for role in Role
        }
        assert "Eingang" in found[Role.COORDINATION]
        assert "Eingang" not in found[Role.CASE_MANAGER]
        assert "Melden" in found[Role.AUTHORITY]
        assert not {"Knackpunkte", "Sitzungen", "Melden"} & (found[Role.ADMIN] | found[Role.AUDIT])
        assert "Protokoll" in found[Role.AUDIT]
        assert all({"Heute", "Mitteilungen", "Hilfe und Tasten"} <= labels for labels in found.values())

    def test_an_account_without_a_role_finds_only_what_everybody_has(self, person):
        labels = [entry.label for entry in navigation.navigation_of(visit(person())).entries]
        assert labels == ["Heute", "Mitteilungen", "Abwesenheit", "Kalender", "Mein Konto", "Hilfe und Tasten"]

    def test_the_page_itself_is_current_and_its_relatives_point_to_it(self, person):
        user = person(Role.CASE_MANAGER)

        def current(name):
            entries = navigation.navigation_of(visit(user, name)).entries
            return {entry.label: entry.current for entry in entries if entry.current}

        assert current("steering:issue_list") == {"Knackpunkte": "page"}
        assert current("steering:issue_detail") == {"Knackpunkte": "true"}
        assert current("steering:issue_new") == {"Melden": "page"}
        assert current("") == {}

    def test_it_costs_two_queries_for_counts_at_most(self, person, django_assert_max_num_queries):
        user = person(Role.COORDINATION)
        navigation.navigation_of(visit(user))  # reads what the account is today; the page needs that anyway
        with django_assert_max_num_queries(2):
            navigation.navigation_of(visit(user))

    def test_somebody_not_logged_in_has_none(self):
        assert navigation.navigation_of(RequestFactory().get("/")).entries == ()


def errors_with_a_frame_of_their_own():
    get, post = RequestFactory().get("/x/"), RequestFactory().post("/x/")
    return [
        errors.bad_request(get),
        errors.forbidden(get),
        errors.not_found(get),
        errors.csrf_failure(post),
        errors.conflict(post, "Jemand war schneller."),
        errors.too_large(post),
        errors.server_error(get),
        errors.unavailable(post, outages.FULL),
    ]


class TestSheetAlone:
    """Pages without the frame: who is not logged in yet, and what went wrong."""

    @pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
    def test_no_class_is_put_together_by_a_block(self, path):
        """A formatter takes the space before such a block, and two names become one that nobody knows."""
        assert not re.search(r'class="[^"]*{% block', path.read_text(encoding="utf-8"))

    def test_every_class_on_it_is_one_the_stylesheet_knows(self, client, db):
        names = ["account_login", "account_reset_password", "account_reset_password_done", "account_inactive"]
        answers = [client.get(reverse(name)) for name in names]
        answers.append(client.get(reverse("account_reset_password_from_key", args=["x", "y-z"])))
        for response in [*answers, *errors_with_a_frame_of_their_own()]:
            page = response.content.decode()
            used = {name for found in re.findall(r'class="([^"]*)"', page) for name in found.split()}
            assert "kim-alone__sheet" in used
            assert {name for name in used if name.startswith("kim-") and f".{name}" not in CSS} == set()

    def test_the_login_lies_beside_its_picture(self, client, db):
        page = client.get(reverse("account_login")).content.decode()
        assert re.findall(r'class="(kim-alone__sheet[^"]*)"', page) == ["kim-alone__sheet"]
        assert len(re.findall(r'class="kim-alone__part[ "]', page)) == 2
        assert ".kim-alone__sheet:has(> .kim-alone__part:nth-child(2)) {" in CSS


class TestErrorPages:
    @pytest.mark.parametrize(
        ("answer", "status"),
        [
            (errors.bad_request, 400),
            (errors.forbidden, 403),
            (errors.not_found, 404),
            (errors.csrf_failure, 403),
            (lambda request: errors.not_allowed(request, "POST"), 405),
            (errors.too_large, 413),
            (lambda request: errors.bad_request(request, RequestDataTooBig()), 413),
        ],
    )
    def test_each_says_what_happened_and_leads_home(self, db, answer, status):
        response = answer(RequestFactory().get("/"))
        page = response.content.decode()
        assert response.status_code == status
        assert page.count("<h1") == 1
        assert "data-error" in page
        assert 'href="/"' in page
        assert response["Cache-Control"] == "no-store"

    @pytest.mark.parametrize("address", ["/notices/read/", "/steering/issues/similar/", "/filters/", "/drafts/"])
    def test_an_address_that_only_acts_says_so_when_it_is_opened(self, client, person, address):
        client.force_login(person("case_manager"))
        answer = client.get(address)
        assert answer.status_code == 405
        assert answer["Allow"] == "POST"
        assert "nimmt nur ein Formular entgegen" in answer.content.decode()

    def test_a_text_far_too_long_is_said_at_its_field_and_beyond_that_on_a_page(self, client, person):
        client.force_login(person("case_manager"))
        answer = client.post("/steering/issues/new/", {"title": "Wohngeld", "situation": "zu lang " * 190_000})
        assert answer.status_code == 422
        assert "Bitte kürzen Sie den Text auf höchstens 6000 Zeichen; jetzt sind es 15" in answer.content.decode()
        assert "zu lang zu lang" in answer.content.decode()
        answer = client.post("/steering/issues/new/", {"title": "Wohngeld", "situation": "zu lang " * 600_000})
        assert answer.status_code == 413
        assert "Bitte kürzen Sie" in answer.content.decode()
        beyond = client.post(
            "/steering/issues/new/", "situation=" + "x" * 12_000_000, "application/x-www-form-urlencoded"
        )
        assert beyond.status_code == 413
        assert "Bitte kürzen Sie" in beyond.content.decode()

    @pytest.mark.parametrize(
        ("came_from", "leads_to"),
        [
            ("http://testserver/steering/issues/?state=all", "/steering/issues/?state=all"),
            ("https://testserver/steering/issues/", ""),
            ("http://elsewhere.example/steering/issues/", ""),
            ("http://testserver//elsewhere.example/", ""),
            ("http://testserver/x/", ""),
            ("http://[", ""),
            ("", ""),
        ],
    )
    def test_the_way_back_leads_to_a_page_of_ours_only(self, db, came_from, leads_to):
        answer = errors.not_found(RequestFactory().get("/x/", headers={"referer": came_from}))
        page = answer.content.decode()
        assert ("Zurück</a>" in page) is bool(leads_to)
        if leads_to:
            assert f'href="{leads_to}">Zurück</a>' in page

    def test_a_form_that_expired_leads_back_to_itself(self, db):
        ours = RequestFactory().post("/x/", headers={"referer": "http://testserver/x/"})
        assert 'href="/x/">Zurück</a>' in errors.csrf_failure(ours).content.decode()

    def test_a_host_that_is_not_ours_is_answered_as_well(self, db):
        theirs = RequestFactory().get(
            "/x/", headers={"host": "elsewhere.example", "referer": "http://elsewhere.example/"}
        )
        assert errors.bad_request(theirs).status_code == 400

    def test_the_number_does_not_lead(self):
        assert "font-size: var(--kim-text-s)" in re.search(r"^\.kim-code {([^}]*)}", CSS, re.M)[1]

    def test_a_refusal_shows_its_own_sentence(self, db):
        refused = PermissionDenied("Sie haben diesen Knackpunkt selbst gemeldet.")
        assert "selbst gemeldet." in errors.forbidden(RequestFactory().get("/"), refused).content.decode()

    def test_the_page_for_our_own_mistakes_needs_no_database(self):
        response = errors.server_error(RequestFactory().get("/"))
        assert response.status_code == 500
        assert "Es liegt nicht an Ihnen" in response.content.decode()

    def test_an_expired_form_gives_the_text_back_but_no_secret(self, db):
        typed = {"situation": "Ein langer Text über die Lage", "password": "ein langes Geheimnis"}
        ours = RequestFactory().post("/", typed, headers={"sec-fetch-site": "same-origin"})
        page = errors.csrf_failure(ours).content.decode()
        assert "Ein langer Text über die Lage" in page
        assert "Geheimnis" not in page

    def test_a_form_from_elsewhere_gets_nothing_mirrored(self, db):
        theirs = RequestFactory().post("/", {"x": "Rufen Sie bitte diese Nummer an"})
        assert "diese Nummer" not in errors.csrf_failure(theirs).content.decode()

    def test_a_conflict_says_who_was_first_and_keeps_the_text(self, db):
        request = RequestFactory().post("/")
        response = errors.conflict(
            request,
            "Die Koordinierung war um 09:40 Uhr schneller.",
            url="/x/",
            kept=[("Begründung", "Mein <Text>")],
        )
        page = response.content.decode()
        assert response.status_code == 409
        assert "um 09:40 Uhr schneller" in page
        assert "Mein &lt;Text&gt;" in page

    def test_a_swap_gets_the_conflict_without_the_frame(self, db):
        request = RequestFactory().post("/")
        request.htmx = True
        page = errors.conflict(request, "Jemand war schneller.").content.decode()
        assert "<html" not in page
        assert 'role="alert"' in page


class TestSignIn:
    def test_the_login_is_german_and_binds_its_labels(self, client, db):
        page = client.get(reverse("account_login")).content.decode()
        assert "Benutzername oder dienstliche E-Mail-Adresse" in page
        assert 'autocomplete="current-password"' in page
        labelled = set(re.findall(r'<label[^>]* for="([^"]+)"', page))
        for control in re.findall(r'<input[^>]*type="(?:text|password)"[^>]*>', page):
            assert re.search(r'id="([^"]+)"', control)[1] in labelled
        for ids in re.findall(r'aria-describedby="([^"]+)"', page):
            assert all(f'id="{one}"' in page for one in ids.split())

    def test_a_wrong_password_is_summed_up_and_takes_the_focus(self, client, db):
        given = {"login": "nobody", "password": "falsch"}
        page = client.post(reverse("account_login"), given).content.decode()
        assert "<title>Fehler: Anmelden" in page
        assert "data-focus" in page
        assert "Die Anmeldung ging nicht" in page

    def test_a_session_that_ended_is_explained(self, client, db):
        page = client.get(reverse("account_login"), {"abgelaufen": "1"}).content.decode()
        assert "ist als Entwurf gesichert" in page

    def test_forgetting_the_password_sends_a_german_mail(self, client, person, mailoutbox, settings):
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        user = person(Role.CASE_MANAGER)
        user.email = "windeck@example.org"
        user.set_password("vier zufällige Wörter hier")
        user.save()
        client.post(reverse("account_reset_password"), {"email": user.email})
        [mail] = mailoutbox
        assert mail.subject == "KIM: Neues Kennwort setzen"
        assert "Über diesen Link setzen Sie es" in mail.body
        link = re.search(r"http\S+", mail.body)[0]
        page = client.get(link, follow=True).content.decode()
        assert "Neues Kennwort noch einmal" in page

    @pytest.mark.parametrize("name", ["account_login", "account_reset_password", "account_reset_password_done"])
    def test_every_page_before_the_login_has_one_heading(self, client, db, name):
        assert client.get(reverse(name)).content.decode().count("<h1") == 1

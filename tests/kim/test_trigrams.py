import os
import sqlite3

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kim.trigrams import common_words, fold, register_sqlite_functions, similarity

# Answers of pg_trgm 1.6 (PostgreSQL 15, UTF-8) for the same two texts.
ANSWERS_OF_POSTGRESQL = [
    ("wort", "wort", 1.0),
    ("wort", "worte", 0.5714286),
    ("wort eins", "woerter ein", 0.29411766),
    ("", "wort", 0.0),
    ("...", "...", 0.0),
    ("a", "a", 1.0),
    ("a b", "b a", 1.0),
    ("a", "ab", 0.25),
    ("jobcenter stellt leistung ein", "das jobcenter stellt die leistung vorlaeufig ein", 0.625),
    ("auslaenderamt: termine erst nach zwei monaten", "termine im auslaenderamt dauern acht wochen", 0.375),
    ("§ 41a sgb ii", "§ 41a abs. 2 sgb ii", 0.64705884),
    ("kita-platz", "kitaplatz", 0.61538464),
    ("kita_platz", "kita platz", 1.0),
    ("krankenkasse kuendigt", "krankenversicherung endet", 0.20512821),
    ("шевченко", "шевченка", 0.6363636),
    ("wohnung", "fahrkarte", 0.0),
]


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Verlängerung", "verlaengerung"),
        ("GRÖSSE  der\tStraße\n", "groesse der strasse"),
        ("Muénchen", "muenchen"),
        ("Mu\u0308ller", "mueller"),
        ("Erdoğan, Işık, Łódź", "erdogan, isik, łodz"),
        ("Kranken\u00adkasse", "krankenkasse"),
        ("a\x00b\x07c", "a b c"),
        ("ﬁnanziell", "finanziell"),
        ("Шевченко", "шевченко"),
        ("  ", ""),
    ],
)
def test_folding_writes_umlauts_out_and_takes_other_accents_away(text, folded):
    assert fold(text) == folded


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_folded_text_ignores_case_and_has_no_white_space_but_single_blanks(text):
    folded = fold(text)
    assert folded == " ".join(folded.split())
    assert folded.casefold() == folded


@pytest.mark.parametrize(("a", "b", "answer"), ANSWERS_OF_POSTGRESQL)
def test_similarity_is_what_postgresql_answered(a, b, answer):
    assert similarity(a, b) == answer


@given(st.text(), st.text())
def test_similarity_is_symmetric_and_between_nothing_and_one(a, b):
    a, b = fold(a), fold(b)
    assert 0 <= similarity(a, b) <= 1
    assert similarity(a, b) == similarity(b, a)


@given(st.text(alphabet="abcdeäöüß 123.-", min_size=1).map(fold).filter(lambda text: any(map(str.isalnum, text))))
def test_a_text_is_wholly_like_itself_in_any_order_of_its_words(text):
    assert similarity(text, text) == 1
    assert similarity(text, " ".join(reversed(text.split()))) == 1


def test_sqlite_answers_the_same_and_knows_null():
    connection = sqlite3.connect(":memory:")
    register_sqlite_functions(connection)
    for a, b, answer in ANSWERS_OF_POSTGRESQL:
        assert connection.execute("SELECT similarity(?, ?)", (a, b)).fetchone() == (answer,)
    assert connection.execute("SELECT similarity(NULL, 'a'), similarity('a', NULL)").fetchone() == (
        None,
        None,
    )
    # Deterministic functions only are allowed in an index.
    connection.execute("CREATE TABLE t (a TEXT)")
    connection.execute("CREATE INDEX i ON t (similarity(a, 'wort'))")


def test_the_explanation_names_common_words_as_the_first_text_writes_them():
    a = "Lücke bei der Verlängerung: das Jobcenter stellt Leistungen ein, wenn die Verlängerung dauert"
    b = "JOBCENTER und Ausländeramt: Verlängerungen dauern, Leistung ruht, weil nichts geht"
    assert common_words(a, b) == ["Verlängerung", "Jobcenter", "Leistungen"]


def test_the_explanation_leaves_out_filler_words_short_words_and_numbers():
    assert common_words("Wenn die Kita nicht 2025 aufmacht", "nicht wenn die Kita, 2025") == ["Kita"]
    assert common_words("Wenn und aber", "Aber wenn und") == []


def test_the_explanation_stops_at_the_limit():
    text = "Wohnung Schule Arzt Jobcenter Bescheid Sprachkurs Miete Fahrkarte"
    assert common_words(text, text, limit=3) == ["Wohnung", "Schule", "Arzt"]


@pytest.fixture(scope="module")
def pg_trgm():
    """A connection whose database has pg_trgm; the test is left out where there is no PostgreSQL."""
    connection = psycopg2.connect(os.environ["DATABASE_URL"])
    try:
        with connection.cursor() as cursor:
            # Rolled back with everything else at the end.
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            yield cursor
    finally:
        connection.rollback()
        connection.close()


@pytest.mark.needs("postgresql")
@given(
    st.text(alphabet="abcdeiourstläöüßéшя 12.,-_§/", max_size=40).map(fold),
    st.text(alphabet="abcdeiourstläöüßéшя 12.,-_§/", max_size=40).map(fold),
)
def test_similarity_equals_the_reachable_postgresql(pg_trgm, a, b):
    pg_trgm.execute("SELECT similarity(%s, %s)", (a, b))
    assert pg_trgm.fetchone()[0] == similarity(a, b)

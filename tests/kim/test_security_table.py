"""docs/security.md: complete, and each test it names exists. Beside it what its lines say and no other test shows."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import global_settings, settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.contrib.sessions.backends.db import SessionStore
from django.core.exceptions import ValidationError

from kim import settings as ours
from kim.models import User

ROOT = Path(__file__).parents[2]
LINE = re.compile(r"^\| (\d+\.\d+\.\d+)(?:–(\d+\.\d+\.\d+))? \| (.+) \| (.+) \| (.+) \|$", re.M)
#: Levels 1 and 2 of ASVS 4.0.3: chapter.section → its numbers. Those deleted from it, or of level 3, are left out.
ASKED = {
    "1.1": "1-7", "1.2": "1-4", "1.4": "1,4-5", "1.5": "1-4", "1.6": "1-4", "1.7": "1-2", "1.8": "1-2", "1.9": "1-2",
    "1.10": "1", "1.11": "1-2", "1.12": "2", "1.14": "1-6",
    "2.1": "1-12", "2.2": "1-3", "2.3": "1-3", "2.4": "1-5", "2.5": "1-7", "2.6": "1-3", "2.7": "1-6", "2.8": "1-6",
    "2.9": "1-3", "2.10": "1-4",
    "3.1": "1", "3.2": "1-4", "3.3": "1-4", "3.4": "1-5", "3.5": "1-3", "3.7": "1",
    "4.1": "1-3,5", "4.2": "1-2", "4.3": "1-3",
    "5.1": "1-5", "5.2": "1-8", "5.3": "1-10", "5.4": "1-3", "5.5": "1-4",
    "6.1": "1-3", "6.2": "1-6", "6.3": "1-2", "6.4": "1-2",
    "7.1": "1-4", "7.2": "1-2", "7.3": "1,3-4", "7.4": "1-3",
    "8.1": "1-4", "8.2": "1-3", "8.3": "1-8",
    "9.1": "1-3", "9.2": "1-4", "10.2": "1-2", "10.3": "1-3", "11.1": "1-8",
    "12.1": "1-3", "12.2": "1", "12.3": "1-6", "12.4": "1-2", "12.5": "1-2", "12.6": "1",
    "13.1": "1,3-5", "13.2": "1-3,5-6", "13.3": "1-2", "13.4": "1-2",
    "14.1": "1-4", "14.2": "1-6", "14.3": "2-3", "14.4": "1-7", "14.5": "1-4",
}  # fmt: skip


def spelled(section: str, numbers: str) -> list[str]:
    found = []
    for part in numbers.split(","):
        first, _, last = part.partition("-")
        found += [f"{section}.{number}" for number in range(int(first), int(last or first) + 1)]
    return found


def rows() -> list[tuple[list[str], str, str]]:
    """(numbers, how, shown by) of each line."""
    found = []
    for first, last, _, how, shown in LINE.findall((ROOT / "docs/security.md").read_text()):
        begin, end = (tuple(map(int, one.split("."))) for one in (first, last or first))
        numbers = [
            one
            for section, given in ASKED.items()
            for one in spelled(section, given)
            if begin <= tuple(map(int, one.split("."))) <= end
        ]
        found.append((numbers or [first], how, shown))
    return found


@cache
def names_in(file: str) -> set[str]:
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}


def test_every_requirement_has_one_line():
    listed = [number for numbers, _, _ in rows() for number in numbers]
    asked = [one for section, numbers in ASKED.items() for one in spelled(section, numbers)]
    assert sorted(listed) == sorted(asked)


def test_every_test_it_names_exists():
    named = 0
    for numbers, how, shown in rows():
        if shown.startswith("gap: ") or shown == "n/a":
            assert shown != "n/a" or how.startswith("n/a: "), numbers
            continue
        if shown.startswith("paper: "):
            assert (ROOT / shown.removeprefix("paper: ")).exists(), numbers
            continue
        file, _, name = shown.partition("::")
        assert (ROOT / file).is_file(), numbers
        assert not name or name in names_in(file), f"{numbers}: {shown}"
        named += 1
    assert named > 150


def test_passwords_are_long_and_not_known():
    for weak in ("password1234", "qwertyuiop12", "123456789012", "elf Zeichen", "Aa1!"):
        with pytest.raises(ValidationError):
            validate_password(weak)
    named = User(username="rahimi.nadia", email="rahimi.nadia@kreis.example")
    with pytest.raises(ValidationError):
        validate_password("rahimi.nadia1", named)


@pytest.mark.parametrize("word", ["x y" * 42, "пароль со знаками", "👩‍🌾 auf dem Feld im Mai", "nur kleine buchstaben"])
def test_passwords_may_be_long_and_hold_any_sign(word):
    validate_password(word)
    person = User()
    person.set_password(word)
    assert person.check_password(word)
    assert not person.check_password(word[:-1])


def test_no_password_runs_out():
    fields = {field.name for field in User._meta.get_fields()}
    assert not {name for name in fields if re.search("password.*(until|expire|changed|at$)", name)}


def test_passwords_are_kept_by_a_slow_function_with_salt():
    assert not hasattr(ours, "PASSWORD_HASHERS")  # Django's own order, which moves with each of its versions
    assert global_settings.PASSWORD_HASHERS[0].endswith("PBKDF2PasswordHasher")
    hasher = PBKDF2PasswordHasher()
    assert hasher.iterations >= 600_000
    assert len(hasher.salt()) >= 22  # signs of 62: 128 bits


@pytest.mark.django_db
def test_a_session_cannot_be_guessed():
    keys = set()
    for _ in range(5):
        session = SessionStore()
        session.create()
        keys.add(session.session_key)
    assert len(keys) == 5
    assert all(re.fullmatch("[a-z0-9]{32}", key) for key in keys)  # 165 bits
    assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"


def test_no_script_keeps_anything_in_the_browser():
    """But whether keys are switched on, which is about the browser and not about anybody."""
    kept = re.compile(r"localStorage\.setItem\((?!SWITCH, box\.checked)|sessionStorage|indexedDB|document\.cookie\s*=")
    for file in (ROOT / "static" / "js").glob("*.js"):
        assert not kept.search(file.read_text()), file
    assert '"historyCacheSize": 0' in (ROOT / "templates/base.html").read_text()


def test_no_certificate_goes_unchecked():
    for app in ("kim", "steering", "casework", "funding", "reports", "script"):
        for file in (ROOT / app).rglob("*"):
            if file.is_file() and file.suffix in ("", ".py"):
                text = file.read_text(errors="replace")
                assert not re.search(r"verify\s*=\s*False|CERT_NONE|_create_unverified", text), file


def test_nothing_is_installed_that_is_not_needed():
    assert not {"django.contrib.admin", "django.contrib.admindocs", "debug_toolbar"} & set(ours.INSTALLED_APPS)

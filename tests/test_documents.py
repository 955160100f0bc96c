"""The documents: every link leads somewhere, and every file, test, command and job they name is there."""

import re
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands

from kim.celery import TIMETABLE

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted(
    path
    for path in [*ROOT.glob("*.md"), *ROOT.glob("*/**/*.md")]
    if not {"node_modules", "vendor", "var"} & set(path.relative_to(ROOT).parts)
    and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
BLOCK = re.compile(r"^```.*?^```|^(?: {4}.*\n)+", re.M | re.S)
#: What documents name between backticks: files (templates also without their first folder), and modules of ours.
NAMED = re.compile(r"`((?:kim|steering|casework|funding|reports|tests|templates|static|ops|script|docs)/[\w./-]+)`")
MODULE = re.compile(r"`((?:kim|steering|casework|funding|reports|tests)(?:\.[a-z_]+)+)[.\w]*(?:\([^`]*\))?`")
FILES = {"py", "css", "env"}  # „kim.css“ is no module
COMMAND = re.compile(r"manage\.py ([a-z_]+)")
#: Where commands are named besides.
ALSO = [ROOT / name for name in ("docker-compose.yml", ".env.example", "Procfile", "script/serve.py")]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@cache
def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken(document: Path) -> list[str]:
    found = []
    for link in LINK.findall(BLOCK.sub("", document.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", link):
            continue
        address, _, anchor = link.partition("#")
        there = (document.parent / address).resolve() if address else document
        if not there.exists() or (anchor and anchor not in anchors(there)):
            found.append(link)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_link_leads_somewhere(document):
    assert broken(document) == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_file_it_names_is_there(document):
    if document.name == "CHANGELOG.md":  # tells of what was
        return
    named = NAMED.findall(document.read_text(encoding="utf-8"))
    modules = MODULE.findall(document.read_text(encoding="utf-8"))
    named += [module.replace(".", "/") for module in modules if module.rpartition(".")[2] not in FILES]
    assert [name for name in named if not is_there(name)] == []


def is_there(name: str) -> bool:
    """A file or folder, also by its beginning („docs/decisions/0060“); a template; a module or something in one."""
    if "NNNN" in name or list(ROOT.glob(f"{name}*")) or (ROOT / "templates" / name).exists():
        return True
    module, _, inside = name.rpartition("/")
    file = ROOT / f"{module}.py"
    return file.exists() and re.search(rf"\b{inside}\b", file.read_text(encoding="utf-8")) is not None


def test_every_command_they_name_is_one():
    named = {
        (name, name_of(path))
        for path in [*DOCUMENTS, *ALSO]
        for name in COMMAND.findall(path.read_text(encoding="utf-8"))
    }
    assert len({name for name, _ in named}) > 15
    assert {(name, where) for name, where in named if name not in get_commands()} == set()


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    (tmp_path / "there.md").write_text("# Was da ist\n")
    (tmp_path / "one.md").write_text("[a](there.md#was-da-ist) [b](there.md#was-fehlt) [c](gone.md) [d](https://x.y)\n")
    assert broken(tmp_path / "one.md") == ["there.md#was-fehlt", "gone.md"]


@pytest.mark.parametrize("document", ["docs/operations.md", "docs/background.md"])
def test_every_job_of_the_timetable_is_told_there(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    assert [job for job in TIMETABLE if f"`{job}`" not in text] == []


def test_decisions_have_a_number_each_and_stand_in_the_list():
    decisions = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    numbers = [int(path.name[:4]) for path in decisions]
    assert len(numbers) == len(set(numbers))
    for path, number in zip(decisions, numbers, strict=True):
        assert path.read_text(encoding="utf-8").startswith(f"# {number}. "), path.name
    listed = re.findall(r"\(([0-9][^)]+\.md)\)", (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8"))
    assert listed == [path.name for path in decisions]


@pytest.mark.parametrize(
    ("contents", "folder"),
    [("README.md", "docs"), ("README.md", "docs/datenschutz"), ("docs/handbuch/README.md", "docs/handbuch")],
)
def test_a_table_of_contents_leaves_out_no_document(contents, folder):
    text = (ROOT / contents).read_text(encoding="utf-8")
    there = {(ROOT / contents).parent / link.partition("#")[0] for link in LINK.findall(text) if ":" not in link}
    reached = {path.resolve() for path in there}
    missing = {path.name for path in (ROOT / folder).glob("*.md") if path not in reached} - {"README.md"}
    assert missing == set()

"""Forms of minutes. Several people write on them at once: every text is compared on its own, and no word is lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac

from kim.forms import SHOWN, Form, OneOf, Pick, Text


@dataclass(frozen=True)
class Clash:
    """A text on which two wrote: `mine` was sent, `there` was saved meanwhile."""

    label: str
    mine: str
    there: str


class Clashed(Exception):
    """Two wrote on the same text. `both` is what every field holds if nothing is given up."""

    def __init__(self, clashes: list[Clash], both: dict[str, str]):
        super().__init__("Zwei haben denselben Text geändert.")
        self.clashes, self.both = clashes, both


class WrittenTogether(Form):
    """Texts of one page. The form carries a mark of each text as it was when the form was filled."""

    def begin(self, there: Mapping[str, str], typed: Mapping[str, Any] = {}) -> None:
        """Fill with what stands `there`, and over it what was `typed` before into a draft, with the marks of then."""
        words = {name: text for name, text in typed.items() if name in self.fields and isinstance(text, str) and text}
        self.initial = {**there, **words}
        self.filled_with = str(typed.get(SHOWN) or marks_of(there))

    def merged(self, there: Mapping[str, str]) -> dict[str, str]:
        """What is to be saved, given what stands `there` now. Raises Clashed where two changed the same text."""
        was = dict(pair.split("=", 1) for pair in self.digest.split() if "=" in pair)
        given, clashes = {}, []
        for name, field in self.fields.items():
            mine, now = self.cleaned_data[name], there[name]
            given[name] = mine
            untouched_there = was.get(name) == _mark(now) or (name not in was and not now)
            if mine == now or untouched_there:
                continue
            if was.get(name) == _mark(mine):
                given[name] = now
            else:
                given[name] = "\n\n".join(text for text in (now, mine) if text)
                clashes.append(Clash(str(field.label), mine, now))
        if clashes:
            raise Clashed(clashes, given)
        return given


def marks_of(texts: Mapping[str, str]) -> str:
    return " ".join(f"{name}={_mark(text)}" for name, text in texts.items())


def _mark(text: str) -> str:
    return salted_hmac("steering.minutes", text).hexdigest()[:24]


class WordsForm(WrittenTogether):
    opening = Text(
        label="Eröffnung", max_length=4000, rows=5, required=False,
        help_text="Anwesenheit, Beginn und Ende stehen von selbst in der Niederschrift. Institutionen statt Namen.",
    )  # fmt: skip
    closing = Text(label="Schluss", max_length=4000, rows=5, required=False)


class NotesForm(WrittenTogether):
    notes = Text(
        label="Beratung", max_length=8000, rows=10, required=False,
        help_text="Was gesagt wurde, nach Institution und ohne Namen. Beschluss und Stimmen stehen von selbst dabei.",
    )  # fmt: skip


class ObjectionForm(Form):
    """Of a member; or, with `organisations` to choose from, of one of them that has no account."""

    def __init__(self, data=None, *, organisations=None, **kwargs):
        super().__init__(data, **kwargs)
        if organisations is not None:
            self.fields["organisation"] = OneOf(organisations, label="Wer erhebt sie?")
        self.fields["text"] = Text(
            label="Einwendung", max_length=4000, rows=6,
            help_text="Was ist falsch oder fehlt, und wie soll es heißen?",
        )  # fmt: skip


class AnswerForm(Form):
    """What becomes of an objection."""

    accepted = Pick(label="Entscheidung", choices=[("yes", "aufnehmen"), ("no", "nicht aufnehmen")])
    answer = Text(
        label="Antwort", max_length=2000, rows=4,
        help_text="Aufgenommen: was geändert wird. Nicht aufgenommen: warum.",
    )  # fmt: skip

"""Likeness of two texts, the same on both engines: what PostgreSQL's pg_trgm calls `similarity`, written
out for SQLite.

Search columns hold folded text; both functions are meant to be given folded text.
"""

import re
import struct
import unicodedata
from functools import lru_cache
from typing import Any

_EXPANDED = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "oe",
        "ı": "i",
    }
)
_IGNORED = {"Cf", "Mn", "Mc", "Me"}
_SPACED = {"Cc", "Cs", "Co", "Cn"}


def fold(text: str) -> str:
    """Text as it is searched: casefolded, umlauts written out, other accents gone, white space as single
    blanks.

    Folding twice changes nothing. Control characters count as white space, invisible ones vanish.
    """
    composed = unicodedata.normalize("NFKC", text).casefold()
    # Casefolding may decompose and NFKC may recompose letters that only then are umlauts.
    expanded = unicodedata.normalize("NFKC", composed).translate(_EXPANDED)
    kept = []
    for sign in unicodedata.normalize("NFKD", expanded):
        category = unicodedata.category(sign)
        if category in _SPACED:
            kept.append(" ")
        elif category not in _IGNORED:
            kept.append(sign)
    return " ".join("".join(kept).casefold().translate(_EXPANDED).split())


_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=4096)
def trigrams(text: str) -> frozenset[str]:
    """Every word with two blanks before and one behind it, cut into all its runs of three characters."""
    found: set[str] = set()
    for word in _WORD.findall(text.lower()):
        padded = f"  {word} "
        found.update(padded[at : at + 3] for at in range(len(padded) - 2))
    return frozenset(found)


def similarity(a: str, b: str) -> float:
    """Shared trigrams by all trigrams, 0 to 1, in the single precision in which pg_trgm answers.

    Source: contrib/pg_trgm, trgm_op.c, cnt_sml(). A text without letters and digits is like nothing, not
    even itself.
    """
    ours, theirs = trigrams(a), trigrams(b)
    if not ours or not theirs:
        return 0.0
    shared = len(ours & theirs)
    return _single_precision(shared / (len(ours) + len(theirs) - shared))


def _single_precision(value: float) -> float:
    """The shortest decimal that means the same 4-byte float, which is what PostgreSQL prints."""
    single = struct.unpack("f", struct.pack("f", value))[0]
    for digits in range(1, 9):
        short = float(f"{single:.{digits}g}")
        if struct.unpack("f", struct.pack("f", short))[0] == single:
            return short
    return float(f"{single:.9g}")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that say nothing about the subject. Folded; only words of four letters and more, shorter ones never
# count.
_STOP_WORDS = _words(
    """
    aber alle allem allen aller alles also andere anderem anderen anderer anderes auch auf aufgrund ausser
    bald beim bereits bevor beziehungsweise bislang bisher damit danach dann daran darauf darf dass davon
    dazu deine dem denen denn dennoch deren derzeit deshalb dessen diese diesem diesen dieser dieses doch
    dort duerfen durch eben eher eine einem einen einer eines einige einigen einiger einmal erst ersten
    etwa etwas fast fuer gegen gehen geht gibt gilt habe haben hatte hatten heute hier hinter ihnen ihre
    ihrem ihren ihrer ihres immer indem innerhalb ist jede jedem jeden jeder jedes jedoch jetzt kann kein
    keine keinem keinen keiner koennen koennte konnte konnten laesst lange lassen machen macht mehr
    mehrere mehreren meist mindestens muessen muss musste mussten nach nachdem neben nicht nichts noch
    nochmals nun nur oben oder oft ohne schon sehr seien sein seine seinem seinen seiner seit seitdem
    selbst sich sie siehe sind sobald sodass sofern solche solchen soll sollen sollte sollten somit
    sondern sonst soweit sowie sowohl statt trotz trotzdem ueber ueberhaupt unter viel viele vielen vieler
    vom von vorher waehrend waere waren warum wegen weil weiter weitere weiteren weiterhin welche welchem
    welchen welcher welches wenig wenige weniger wenn werden wieder will wird wobei wodurch wollen worden
    wurde wurden zudem zuerst zum zunaechst zur zurueck zurzeit zwar zwischen
    """
)


def common_words(a: str, b: str, limit: int = 6) -> list[str]:
    """The telling words both texts use, as written in `a` and in its order, for „gleich: Verlängerung,
    Jobcenter“.

    Two forms of a word count as the same when one begins with the other and is at most two letters longer.
    """
    theirs = {folded for word in _WORD.findall(b) if _tells(folded := fold(word))}
    found: dict[str, str] = {}
    for word in _WORD.findall(a):
        folded = fold(word)
        if not _tells(folded) or any(_same_word(folded, seen) for seen in found):
            continue
        if any(_same_word(folded, other) for other in theirs):
            found[folded] = word
            if len(found) == limit:
                break
    return list(found.values())


def _tells(folded: str) -> bool:
    return len(folded) > 3 and folded not in _STOP_WORDS and not folded.isdecimal()


def _same_word(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return long.startswith(short) and len(long) - len(short) <= (2 if len(short) > 4 else 1)


def register_sqlite_functions(connection: Any) -> None:
    """Give a SQLite connection (the driver's own, not Django's) a deterministic `similarity(a, b)`."""

    def sql_similarity(a: str | None, b: str | None) -> float | None:
        return None if a is None or b is None else similarity(a, b)

    connection.create_function("similarity", 2, sql_similarity, deterministic=True)

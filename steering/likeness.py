"""Issues like another one: likeness of titles by trigrams, with the words and the topic they share."""

from dataclasses import dataclass

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection, transaction
from django.db.models import F, FloatField, Func, QuerySet, Value

from kim.trigrams import common_words, fold
from steering.escalation import State
from steering.models import Issue

#: From here on titles count as alike; what pg_trgm's operator % uses, so that its index answers.
THRESHOLD = 0.3
#: First only what is this much alike is asked for: the index then leaves a fraction of the titles to be compared.
CLOSE = 0.6
#: So many titles are ranked at most; with more than that over a threshold the closest of all may be missed.
RANKED = 2000


@dataclass(frozen=True)
class Alike:
    issue: Issue
    shared: tuple[str, ...]


def alike(
    title: str,
    among: QuerySet,
    *,
    text: str = "",
    topic_id=None,
    without=None,
    limit: int = 5,
    at_once: bool = False,
) -> list[Alike]:
    """The `limit` issues of `among` whose titles are most like `title`, most alike first.

    `text` widens what is compared for shared words; drafts, withdrawn and bundled issues are left out. `at_once` asks
    in one statement, for pages that must not ask more often; on large tables the two of the other way are quicker.
    """
    folded = fold(title)[:200]
    if len(folded) < 3:
        return []
    among = among.exclude(state__in=[State.DRAFT, State.WITHDRAWN, State.MERGED])
    if without:
        among = among.exclude(pk=without)
    among = among.select_related("municipality", "topic")
    if connection.vendor == "postgresql":
        near = _by_index(among, folded, limit, at_once)
    else:
        near = _one_by_one(among, folded, limit)
    return [Alike(issue, tuple(_shared(f"{title} {text}", topic_id, issue))) for issue in near]


def _by_index(among, folded, limit, at_once):
    """By pg_trgm's operator, whose threshold holds for this transaction alone."""
    ranked = among.annotate(likeness=TrigramSimilarity("folded_title", folded)).order_by("-likeness", "-pk")
    over = among.order_by().filter(folded_title__trigram_similar=folded).values("pk")[:RANKED]
    if at_once:
        return list(ranked.filter(pk__in=over)[:limit])  # the operator's own threshold is THRESHOLD
    with transaction.atomic(), connection.cursor() as cursor:
        for threshold in (CLOSE, THRESHOLD):
            cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(threshold)])
            near = list(ranked.filter(pk__in=over)[:limit])
            if len(near) == limit:
                break
        if threshold != THRESHOLD:
            cursor.execute("SELECT set_config('pg_trgm.similarity_threshold', %s, true)", [str(THRESHOLD)])
    return near


def _one_by_one(among, folded, limit):
    likeness = Func(F("folded_title"), Value(folded), function="similarity", output_field=FloatField())
    near = among.annotate(likeness=likeness).filter(likeness__gte=THRESHOLD)
    return near.order_by("-likeness", "-pk")[:limit]


def _shared(text, topic_id, issue) -> list[str]:
    words = common_words(text, f"{issue.title} {issue.situation}", limit=4)
    same_topic = topic_id is not None and topic_id == issue.topic_id
    return words + [str(issue.topic)] * same_topic

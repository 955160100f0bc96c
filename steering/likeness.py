"""Issues like another one: likeness of titles by trigrams, with the words and the topic they share."""

from dataclasses import dataclass

from django.contrib.postgres.search import TrigramSimilarity
from django.db import connection
from django.db.models import F, FloatField, Func, QuerySet, Value

from kim.trigrams import common_words, fold
from steering.escalation import State
from steering.models import Issue

#: From here on titles count as alike; what pg_trgm's operator % uses, so that its index answers.
THRESHOLD = 0.3


@dataclass(frozen=True)
class Alike:
    issue: Issue
    shared: tuple[str, ...]


def alike(title: str, among: QuerySet, *, text: str = "", topic_id=None, without=None, limit: int = 5) -> list[Alike]:
    """The `limit` issues of `among` whose titles are most like `title`, most alike first. One query.

    `text` widens what is compared for shared words; drafts, withdrawn and bundled issues are left out.
    """
    folded = fold(title)[:200]
    if len(folded) < 3:
        return []
    among = among.exclude(state__in=[State.DRAFT, State.WITHDRAWN, State.MERGED])
    if without:
        among = among.exclude(pk=without)
    if connection.vendor == "postgresql":
        near = among.filter(folded_title__trigram_similar=folded).annotate(
            likeness=TrigramSimilarity("folded_title", folded)
        )
    else:
        likeness = Func(F("folded_title"), Value(folded), function="similarity", output_field=FloatField())
        near = among.annotate(likeness=likeness).filter(likeness__gte=THRESHOLD)
    near = near.select_related("municipality", "topic").order_by("-likeness", "-pk")[:limit]
    return [Alike(issue, tuple(_shared(f"{title} {text}", topic_id, issue))) for issue in near]


def _shared(text, topic_id, issue) -> list[str]:
    words = common_words(text, f"{issue.title} {issue.situation}", limit=4)
    same_topic = topic_id is not None and topic_id == issue.topic_id
    return words + [str(issue.topic)] * same_topic

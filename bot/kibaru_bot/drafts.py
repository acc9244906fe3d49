"""A draft on its way into the archive, so that a bot that is killed meanwhile publishes it once, and says and logs so.

Before anything is published the draft is kept with the articles it would replace; when all is, with how many were
added, in one transaction with the audit log. Whoever takes it up after a kill goes on from there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from kibaru.archive import Kibaru
from kibaru.ingest.formats import article_from_record
from kibaru.storage.question_log import Logged
from kibaru.types import Article, Outcome


def draft_of(articles: Sequence[Article]) -> str:
    """Articles as they wait for an admin."""
    return json.dumps([asdict(article) for article in articles], ensure_ascii=False)


def begun(kibaru: Kibaru, draft: str) -> str:
    """The draft with what it would replace; as it is, when it was begun before."""
    kept = json.loads(draft)
    if not isinstance(kept, list):
        return draft
    with kibaru.store.reading():
        same = [kibaru.store.same_article(article_from_record(record)) for record in kept]
    before = [article and asdict(article) for article in same]
    return json.dumps({"articles": kept, "before": before}, ensure_ascii=False)


def published(kibaru: Kibaru, draft: str) -> list[Logged]:
    """Publish a draft that was begun: what became of each article, compared with what there was then.

    Raises KibaruError.
    """
    kept = json.loads(draft)
    outcomes = kibaru.add([article_from_record(record) for record in kept["articles"]])
    done: dict[str, Logged] = {}
    rest = []
    for outcome, before in zip(outcomes, kept["before"], strict=True):
        assert isinstance(outcome, Outcome), "an article is no failure"
        article, change = outcome.article, str(outcome.change)
        if article.id in done:
            rest.append(Logged(change, article.id, article.title, None))
            continue
        now = json.loads(json.dumps(asdict(article)))
        if change == "unchanged" and before != now:  # it was published before the bot was killed
            change = "updated" if before else "added"
        done[article.id] = Logged(change, article.id, article.title, before and json.dumps(before, ensure_ascii=False))
    return [*done.values(), *rest]


def finished(counts: Mapping[str, int]) -> str:
    """What is kept of a draft that is published: how many articles were added, updated and unchanged."""
    return json.dumps({"counts": counts})


def counts_of(draft: str) -> dict[str, int] | None:
    """The counts of a draft that is published; None when it is not."""
    kept = json.loads(draft)
    counts: dict[str, int] | None = kept.get("counts") if isinstance(kept, dict) else None
    return counts

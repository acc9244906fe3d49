"""A draft on its way into the archive, so that a bot that is killed meanwhile publishes, reports and logs it once.

Before anything is published the draft is kept together with the articles it would replace. When everything is
published, the draft is replaced by its counts, in one transaction with the audit log. A bot that is started after a
kill goes on from what it finds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from kibaru import Kibaru, article_from_record
from kibaru.log_types import ArticleChange
from kibaru.types import Article, Outcome


def draft_of(articles: Sequence[Article]) -> str:
    """Articles as JSON, as they wait for an admin."""
    return json.dumps([asdict(article) for article in articles], ensure_ascii=False)


def begin_draft(kibaru: Kibaru, draft: str) -> str:
    """The draft together with the articles it would replace; as it is, when it was begun before."""
    kept = json.loads(draft)
    if not isinstance(kept, list):
        return draft
    stored = kibaru.stored_versions(article_from_record(record) for record in kept)
    before = [article and asdict(article) for article in stored]
    return json.dumps({"articles": kept, "before": before}, ensure_ascii=False)


def publish_draft(kibaru: Kibaru, draft: str) -> list[ArticleChange]:
    """Publish a draft that was begun.

    Returns:
        What became of each article, compared with what was stored when the draft was begun.

    Raises:
        KibaruError: An article cannot be added.
    """
    kept = json.loads(draft)
    outcomes = kibaru.add([article_from_record(record) for record in kept["articles"]])
    done: dict[str, ArticleChange] = {}
    rest = []
    for outcome, before in zip(outcomes, kept["before"], strict=True):
        assert isinstance(outcome, Outcome), "an article is no failure"
        article, change = outcome.article, str(outcome.change)
        if article.id in done:
            rest.append(ArticleChange(change, article.id, article.title, None))
            continue
        now = json.loads(json.dumps(asdict(article)))
        if change == "unchanged" and before != now:  # it was published before the bot was killed
            change = "updated" if before else "added"
        replaced = before and json.dumps(before, ensure_ascii=False)
        done[article.id] = ArticleChange(change, article.id, article.title, replaced)
    return [*done.values(), *rest]


def finished_draft(counts: Mapping[str, int]) -> str:
    """What is kept of a draft that is published: how many articles were added, updated and unchanged."""
    return json.dumps({"counts": counts})


def counts_of(draft: str) -> dict[str, int] | None:
    """The counts of a draft that is published; None when it is not."""
    kept = json.loads(draft)
    counts: dict[str, int] | None = kept.get("counts") if isinstance(kept, dict) else None
    return counts

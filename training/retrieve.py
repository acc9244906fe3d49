"""Retrieval for every question of a set: the passages that Kibaru finds, with its scores and its confidence today.

    python training/retrieve.py FOLDER HITS

FOLDER has `articles.jsonl` and `questions.jsonl`, with the fields described in `training/data/README.md`. HITS gets a
line of JSON for each question: its id and the first hits. The reader is trained and measured on these passages.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kibaru import Kibaru
from kibaru.ingest.article import make_article
from kibaru.settings import Settings

FIRST = 10
"""Hits that are kept of a question."""


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a JSONL file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def found(folder: Path) -> Iterator[dict[str, Any]]:
    """Ask every question of a set in an archive of all its articles.

    Args:
        folder: Where `articles.jsonl` and `questions.jsonl` are.

    Yields:
        For each question its `id`, today's `confidence` and `signals`, the `first` quote, and `hits`: article, offsets,
        heading and the retrieval scores of each.

    Raises:
        KibaruError: The articles cannot be indexed, or a question cannot be asked.
    """
    articles = [
        make_article(
            id=row["id"],
            title=row["title"],
            text=row["text"],
            published=row.get("published") or "",
            language=row.get("language") or "fr",
        )
        for row in rows(folder / "articles.jsonl")
    ]
    with tempfile.TemporaryDirectory() as index:
        settings = Settings(index=Path(index), min_confidence=0.0)
        with Kibaru(settings, create=True) as kibaru:
            for _ in kibaru.add(articles):
                pass
            for question in rows(folder / "questions.jsonl"):
                answer = kibaru.ask(question["question"])
                hits = [asdict(hit) | {"text": None} for hit in kibaru.find(question["question"]).hits[:FIRST]]
                for hit in hits:
                    passage = hit.pop("passage")
                    hit |= {key: passage[key] for key in ("article_id", "start", "end", "heading")}
                    hit["text"] = kibaru.article(passage["article_id"]).text[passage["start"] : passage["end"]]
                yield {
                    "id": question["id"],
                    "confidence": answer.confidence,
                    "signals": asdict(answer.signals) if answer.signals else None,
                    "first": answer.quotes[0].text if answer.quotes else "",
                    "hits": hits,
                }


def main() -> None:
    """Write the hits of a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("hits", type=Path)
    arguments = parser.parse_args()
    partial = arguments.hits.with_suffix(".part")
    with partial.open("w", encoding="utf-8") as file:
        for row in found(arguments.folder):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    partial.replace(arguments.hits)


if __name__ == "__main__":
    main()

"""Exporting an evaluation set from an archive: its articles, their headlines, and what readers asked.

Nothing about who asked is exported: no fingerprint, no time, no conversation. Questions in which a reader wrote an
address, a telephone number or a @name are left out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from kibaru.archive import Kibaru
from kibaru.errors import BadInput, StorageError
from kibaru.log_types import LoggedQuestion
from kibaru.settings import Settings
from kibaru.storage.outside import check_outside
from kibaru.storage.question_log import QuestionLog
from kibaru.storage.store import DATABASE
from kibaru.text.stems import fold
from kibaru.types import Article

HEADLINES = 300
"""Articles at most whose headline becomes a question; when there are more, they are drawn by hash."""

_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.|(?<!\w)@\w{4,}|\+?\d(?:[\s.()-]{0,2}\d){7,}|https?://|\bt\.me/", re.I)


@dataclass(frozen=True, slots=True)
class Exported:
    """Counts of what was exported.

    Attributes:
        articles: Articles.
        headlines: Headlines as questions.
        questions: Readers' questions with an answer.
        unanswerable: Readers' questions without one.
        personal: Readers' questions left out because they have personal data.
    """

    articles: int
    headlines: int
    questions: int
    unanswerable: int
    personal: int


def export_set(settings: Settings, folder: Path) -> Exported:
    """Write articles.jsonl and questions.jsonl into a folder.

    A question voted helpful becomes a `question` about the article that is quoted for it today; its answer is the
    highlighted sentence. One that was refused or voted unhelpful becomes `unanswerable`. Both are marked `to_check`,
    since a human has to confirm them.

    Args:
        settings: Say which archive.
        folder: Where to write; it is made when missing.

    Raises:
        BadInput: The folder has such files, which someone may have checked, or it is inside the archive's.
        StorageError: The files cannot be written.
    """
    check_outside(settings.index, folder)
    for name in ("articles.jsonl", "questions.jsonl"):
        if (folder / name).exists():
            raise BadInput(f"{folder / name} is there already: name another folder.")
    with Kibaru(settings.model_copy(update={"min_confidence": 0.0})) as kibaru:
        kibaru.check()
        articles = list(kibaru.store.articles())
        asked, personal = _readers_questions(settings)
        helpful = [row for question in asked if question.helpful if (row := _answered(kibaru, question))]
        refused = [_row("unanswerable", question) for question in asked if not question.helpful]
    headlines = list(_headlines(articles))
    _write(folder, {"articles.jsonl": map(asdict, articles), "questions.jsonl": [*headlines, *helpful, *refused]})
    return Exported(len(articles), len(headlines), len(helpful), len(refused), personal)


def _readers_questions(settings: Settings) -> tuple[list[LoggedQuestion], int]:
    """The distinct questions that were refused or voted on, and how many were left out as personal."""
    log = QuestionLog(settings.index / DATABASE)
    try:
        judged = log.judged()
    finally:
        log.close()
    distinct = {" ".join(fold(question.understood).split()): question for question in judged}
    kept = [question for question in distinct.values() if not _PERSONAL.search(question.understood)]
    return kept, len(distinct) - len(kept)


def _answered(kibaru: Kibaru, question: LoggedQuestion) -> dict[str, Any] | None:
    try:
        quotes = kibaru.ask(question.understood, quotes=1).quotes
    except BadInput:
        return None
    if not quotes:
        return None
    start, end = quotes[0].highlight
    article = quotes[0].article
    return _row("question", question) | {"article_id": article.id, "answer": article.text[start:end]}


def _row(kind: str, question: LoggedQuestion) -> dict[str, Any]:
    return {
        "id": f"r-{_hash(question.understood)}",
        "kind": kind,
        "question": question.understood,
        "article_id": None,
        "answer": None,
        "to_check": True,
    }


def _headlines(articles: Iterable[Article]) -> Iterator[dict[str, Any]]:
    titled = [article for article in articles if not article.text.startswith(article.title)]
    for article in sorted(titled, key=lambda article: _hash(article.id))[:HEADLINES]:
        yield {
            "id": f"h-{article.id}",
            "kind": "headline",
            "question": article.title,
            "article_id": article.id,
            "answer": None,
        }


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def _write(folder: Path, files: dict[str, Iterable[dict[str, Any]]]) -> None:
    """Write all files of these names and rows, or none of them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".kibaru-") as partial:
            for name, rows in files.items():
                text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                (Path(partial) / name).write_text(text, "utf-8")
            for name in files:
                (Path(partial) / name).replace(folder / name)
    except OSError as error:
        raise StorageError(f"{folder}: it cannot be written ({error.strerror or error}).") from error

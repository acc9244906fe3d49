"""Kibaru answers questions about a newsroom's articles with quotes, word for word, and their source.

Everything that a program needs is named here and loaded when it is first used, so that `import kibaru` is quick:

    from kibaru import Kibaru, Settings, read_articles

    with Kibaru(Settings(), create=True) as kibaru:
        for outcome in kibaru.add(read_articles(["articles/"])):
            print(outcome)
        for quote in kibaru.ask("Quand le pont a-t-il rouvert ?").quotes:
            print(quote.text, quote.article.url)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kibaru.answering.answer import MAX_QUOTES, Answer
    from kibaru.answering.quotes import Quote
    from kibaru.answering.small_talk import small_talk_kind, without_small_talk
    from kibaru.archive import Kibaru
    from kibaru.ingest.article import make_article
    from kibaru.ingest.files import MAX_FILE, SUFFIXES, read_articles, read_bytes
    from kibaru.ingest.formats import article_from_record
    from kibaru.search.query import MAX_QUESTION
    from kibaru.settings import Settings
    from kibaru.storage.question_log import QuestionLog
    from kibaru.types import Article

__version__ = "0.2.0"

_MODULES = {
    "MAX_FILE": "kibaru.ingest.files",
    "MAX_QUESTION": "kibaru.search.query",
    "MAX_QUOTES": "kibaru.answering.answer",
    "SUFFIXES": "kibaru.ingest.files",
    "Answer": "kibaru.answering.answer",
    "Article": "kibaru.types",
    "Kibaru": "kibaru.archive",
    "QuestionLog": "kibaru.storage.question_log",
    "Quote": "kibaru.answering.quotes",
    "Settings": "kibaru.settings",
    "article_from_record": "kibaru.ingest.formats",
    "make_article": "kibaru.ingest.article",
    "read_articles": "kibaru.ingest.files",
    "read_bytes": "kibaru.ingest.files",
    "small_talk_kind": "kibaru.answering.small_talk",
    "without_small_talk": "kibaru.answering.small_talk",
}
"""The module in which each public name is defined."""

__all__ = [
    "MAX_FILE",
    "MAX_QUESTION",
    "MAX_QUOTES",
    "SUFFIXES",
    "Answer",
    "Article",
    "Kibaru",
    "QuestionLog",
    "Quote",
    "Settings",
    "__version__",
    "article_from_record",
    "make_article",
    "read_articles",
    "read_bytes",
    "small_talk_kind",
    "without_small_talk",
]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'kibaru' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

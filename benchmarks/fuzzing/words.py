"""Targets: what readers write and articles say, from sentences to the index's query language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp

from data.pages.stories import STORIES

from fuzzing.invariants import check_article, check_passages, check_stems, fields_of, refusing, text_of
from fuzzing.target import Target
from kibaru.answering.follow_ups import is_follow_up, own_words
from kibaru.index.keywords import KeywordIndex
from kibaru.ingest.article import make_article
from kibaru.samples import SAMPLES
from kibaru.search.accents import restore_accents
from kibaru.search.query import MAX_QUESTION, checked_question
from kibaru.search.question_types import answer_types_in, asked_for
from kibaru.storage.generations import new_generation
from kibaru.storage.passages import PassageTable
from kibaru.storage.store import Store
from kibaru.text.cleaning import clean
from kibaru.text.dates import parse_date
from kibaru.text.languages import detect_language
from kibaru.text.sentences import MAX_SENTENCE, split_sentences
from kibaru.text.stems import fold, question_stems, stems
from kibaru.text.urls import canonical_url, url_key
from kibaru.types import Filters, GenerationRow, IndexedPassage
from kibaru_bot.lengths import MAX_UNITS, entities, fitting, shortened, units
from kibaru_bot.messages import LANGUAGES

_ODD = ("\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "e\u0301\u0323", "\u0489" * 9, "\ud800", "\x1b[31m", "\u0085", "\u2028",
        "\u00a0" * 9, "🇲🇱", "👩‍👩‍👧", "ﷺ", "ß", "İ", "ا", "я", "。", "«", "»", "…", "M. ", "art. 5", "- ", "## ", "1) ", "http://a.b/c")  # fmt: skip
_QUERIES = (
    '"',
    "'",
    " OR ",
    " NEAR/3 ",
    " NOT ",
    "^",
    "*",
    ":",
    "{title}",
    "(",
    ")",
    "-- ",
    "; drop table articles",
    "\0",
    "body:",
    "+",
)


_MODEL = ("none", 4, 1, 1)
"""Of the generation that is searched: a model, its dimension, and versions."""


def sentences(data: bytes) -> None:
    """Sentences: in order, apart, no word lost, none too long."""
    language, text = fields_of(data, 2)
    end = 7
    for start, stop in split_sentences(text, language[:3] or None, 7):
        assert end <= start < stop <= len(text) + 7
        assert not text[end - 7 : start - 7].strip()
        assert stop - start <= MAX_SENTENCE
        end = stop
    assert not text[end - 7 :].strip()


def passages(data: bytes) -> None:
    """An article's passages."""
    with refusing():
        article = make_article(title="T", text=text_of(data), language="fr")
        check_passages(article.text, "fr")


def article(data: bytes) -> None:
    """An article out of any fields."""
    names = ("title", "url", "published", "author", "language", "outlet", "id", "pages", "text")
    fields = dict(zip(names, fields_of(data, len(names)), strict=True))
    pages = [
        int(part) for part in fields.pop("pages").split(",") if part.isdecimal() and part.isascii() and len(part) < 9
    ]
    with refusing():
        check_article(make_article(**fields, pages=pages))  # type: ignore[arg-type]


def languages(data: bytes) -> None:
    """The language of a text, its stems, its folded form."""
    language, text = fields_of(clean(text_of(data)).encode(), 2)
    assert len(detect_language(text)) == 2
    check_stems(text, language or "fr")
    for code in ("ar", "ru", None):
        check_stems(text, code)


def cues(data: bytes) -> None:
    """What a question asks for, whether it is a follow-up, and its accents."""
    question, sentence = fields_of(data, 2)
    assert answer_types_in(sentence, question) <= {"name", "date", "number", "money", "definition"}
    asked_for(question)
    is_follow_up(question)
    own_words(question)
    assert fold(restore_accents(question, [sentence])) == fold(question)


def question(data: bytes) -> None:
    """A question: what is left of it is one clean line, and finds without ever being read as a query."""
    with refusing():
        asked = checked_question(text_of(data))
        assert asked == " ".join(clean(asked).split())
        assert 0 < len(asked) <= MAX_QUESTION
        assert any(map(str.isalnum, asked))
        words = question_stems(asked, ["fr", "en", "ar", None])
        with _index() as store:
            keywords = KeywordIndex(PassageTable(store, GenerationRow(1, *_MODEL)))
            counts = keywords.frequencies(words)
            assert set(counts) <= set(words)
            among = Filters(since=asked[:10], language=asked[:2], without=asked)
            assert len(keywords.search(counts, 100, among)) <= 100
            parts = {part for word in words for part in word.split("_")}  # which FTS5 takes for no letter
            hits = {id for id, _ in keywords.search(counts, 100, Filters())}
            assert all(parts & set(_stems()[id]) for id in hits), "found by what is none of its words"
            assert store.count_articles() == len(_stems())


@cache
def _opened() -> Store:
    """An index of the sample articles, a passage an article."""
    store = Store(Path(mkdtemp(prefix="kibaru-fuzz-")) / "kibaru.db", create=True)
    from kibaru.ingest.files import read_articles
    from kibaru.types import Failure

    with store.writing():
        passages = PassageTable(store, new_generation(store, *_MODEL))
        for each in read_articles([SAMPLES]):
            assert not isinstance(each, Failure)
            store.put_article(each)
            body = " ".join(stems(each.text, each.language))
            passages.put(each, [IndexedPassage(0, len(each.text), "", each.id.encode(), "", body)])
    return store


@contextmanager
def _index() -> Iterator[Store]:
    store = _opened()
    with store.reading():
        yield store


@cache
def _stems() -> dict[int, list[str]]:
    rows = _opened().connection.execute("select rowid, title || ' ' || body from stems_1")
    return {id: words.split() for id, words in rows}


def dates(data: bytes) -> None:
    """A date as people write it; what is said of it in any language."""
    written = text_of(data)
    for words in LANGUAGES.values():
        assert len(words.date(written)) < 40
    with refusing():
        parse_date(parse_date(written).isoformat())


def address(data: bytes) -> None:
    """An article's address: the canonical form is its own, and shows nothing that a terminal obeys."""
    with refusing():
        canonical = canonical_url(text_of(data))
        assert canonical_url(canonical) == canonical
        assert canonical.isprintable()
        assert url_key(canonical)


def lengths(data: bytes) -> None:
    """What is cut for Telegram fits, at whole characters."""
    text = text_of(data).encode("utf-8", "ignore").decode()
    for most, links in ((1, 0), (60, 12), (MAX_UNITS, 100)):
        end = fitting(text, most, links)
        assert 0 <= end <= len(text)
        assert units(text[:end]) <= most
        assert entities(text[:end]) <= links
        assert units(shortened(text, most + 1)) <= most + 1
    cuts = [fitting(text, most) for most in (5, 50, 500)]
    assert all(first <= second for first, second in pairwise(cuts))


def _texts() -> list[bytes]:
    return [story.text[:1_500].encode() for story in STORIES[:6]]


_QUESTIONS = [
    "Combien a coûté le pont ?",
    "Who won the cup?",
    "من فاز بالكأس؟",
    "Кто выиграл?",
    "KANKAN",
    "et le prix ?",
    "qui l'a dit",
]

TARGETS = {
    "sentences": Target(sentences, lambda: [b"fr\0" + text for text in _texts()] + [b"en\0A. B. Mr. C went."], _ODD, 6_000),
    "passages": Target(passages, _texts, _ODD, 8_000),
    "article": Target(
        article, lambda: [b"Titre\0https://a.example/x\x002025-11-11\0Awa\0fr\0Gazette\0id-1\x000,5\0Le maire a ouvert le pont."], _ODD, 3_000
    ),
    "languages": Target(languages, lambda: [b"fr\0" + text[:400] for text in _texts()], _ODD, 2_000),
    "cues": Target(cues, lambda: [f"{asked}\0Le pont a coûté 3 millions.".encode() for asked in _QUESTIONS], _ODD, 1_000),
    "question": Target(question, lambda: [asked.encode() for asked in _QUESTIONS], (*_QUERIES, *_ODD), 2_500),
    "dates": Target(dates, lambda: [b"11 novembre 2025", b"2025-11-11T10:00:00+01:00", b"3rd of March 2024", b"11/11/2025 10h30"],
        ("janvier", "hier", "Mar ", "GMT", "+99:99", "T24:00", "٣", "0000-00-00", "9999-12-31"), 80),
    "article-address": Target(address, lambda: [b"https://www.a.example:443/x/?utm_source=1&b=2#f", b"http://[::1]:80/amp"],
        ("%1b", "\x1b", "&amp;", "?", "//", "/amp", "utm_", ":", "[", "]", "@", "\u202e", "。", "%"), 300),
    "lengths": Target(lengths, lambda: [text[:600] for text in _texts()], ("#a ", "@b ", "1:2", "/x", "a.b", "+22320220000", *_ODD), 6_000),
}  # fmt: skip

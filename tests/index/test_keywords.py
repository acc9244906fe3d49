"""Keywords in an archive of any size: what a question costs is bounded, and in a small archive nothing is left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kibaru.index import keywords
from kibaru.index.keywords import KeywordIndex
from kibaru.ingest.article import make_article
from kibaru.storage.generations import new_generation
from kibaru.storage.passages import PassageTable
from kibaru.storage.store import DATABASE, Store
from kibaru.types import Filters, GenerationRow, IndexedPassage


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A thousand passages, an article each: 'tous' is in all, 'tiers' in every third, 'rare' in every hundredth."""
    with Store(tmp_path / DATABASE, create=True) as store:
        with store.writing():
            passages = PassageTable(store, new_generation(store, "model", 8, 1, 1))
            for at in range(1, 1001):
                article = make_article(
                    id=str(at),
                    title="T",
                    text=f"Texte {at}.",
                    language=("fr", "en", "ar")[at % 3],
                    published="2025-01-01",
                )
                body = "tous" + " tiers" * (at % 3 == 0) + " rare" * (at % 100 == 0) + " x" * (at % 7)
                store.put_article(article)
                passages.put(article, [IndexedPassage(0, 5, "", at.to_bytes(16, "big"), "t", body)])
        yield store


@pytest.fixture
def index(store: Store) -> KeywordIndex:
    return KeywordIndex(PassageTable(store, GenerationRow(1, "model", 8, 1, 1)))


def test_small_archive_counts_every_passage(index: KeywordIndex) -> None:
    assert index.frequencies(["tous", "tiers", "rare", "nulle"]) == {"tous": 1000, "tiers": 333, "rare": 10}


def test_frequent_word_of_a_large_archive_is_counted_in_a_sample(
    index: KeywordIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywords, "_SAMPLED", 300)
    monkeypatch.setattr(keywords, "_COUNTED", 50)
    found = index.frequencies(["tous", "tiers", "rare"])
    assert found == {"tous": 1000, "tiers": pytest.approx(333, rel=0.05), "rare": 10}


def test_every_word_counts_while_passages_are_few(index: KeywordIndex) -> None:
    found = index.search({"rare": 10, "tiers": 333}, 1000, Filters())
    assert len(found) == 333 + 7
    assert all(id % 100 == 0 for id, _ in found[:10])


def test_common_words_are_left_out_beside_rarer_ones_when_passages_are_many(
    index: KeywordIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywords, "_SCORED", 100)
    found = index.search({"tiers": 333, "rare": 10}, 1000, Filters())
    assert sorted(id for id, _ in found) == list(range(100, 1001, 100))


def test_word_too_common_alone_is_sought_in_the_latest_passages(
    index: KeywordIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywords, "_SCORED", 111)
    found = index.search({"tiers": 333}, 1000, Filters())
    assert 100 <= len(found) <= 120
    assert min(id for id, _ in found) > 600


def test_keywords_keep_to_the_filter(index: KeywordIndex) -> None:
    found = index.search({"tous": 1000}, 1000, Filters(language="fr"))
    assert {id for id, _ in found} == set(range(3, 1001, 3))
    assert index.search({"tous": 1000}, 1000, Filters(until="2024-12-31")) == []


def test_languages_are_known_without_counting(store: Store) -> None:
    assert store.known_languages() == sorted(store.languages()) == ["ar", "en", "fr"]


def test_empty_archive_has_no_languages(tmp_path: Path) -> None:
    with Store(tmp_path / DATABASE, create=True) as store:
        assert store.known_languages() == []

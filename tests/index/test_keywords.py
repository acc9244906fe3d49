"""Keywords in an archive of any size: what a question costs is bounded, and in a small archive nothing is left out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kibaru.index import keywords
from kibaru.index.keywords import frequencies, search_keywords
from kibaru.ingest.article import make_article
from kibaru.storage.generations import new_generation
from kibaru.storage.passages import put_passages
from kibaru.storage.store import DATABASE, Store
from kibaru.types import Filters, IndexedPassage


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A thousand passages, an article each: 'tous' is in all, 'tiers' in every third, 'rare' in every hundredth."""
    with Store(tmp_path / DATABASE, create=True) as store:
        with store.writing():
            new_generation(store, "model", 8, 1, 1)
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
                put_passages(store, 1, article, [IndexedPassage(0, 5, "", at.to_bytes(16, "big"), "t", body)])
        yield store


def test_small_archive_counts_every_passage(store: Store) -> None:
    assert frequencies(store, 1, ["tous", "tiers", "rare", "nulle"]) == {"tous": 1000, "tiers": 333, "rare": 10}


def test_frequent_word_of_a_large_archive_is_counted_in_a_sample(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keywords, "_SAMPLED", 300)
    monkeypatch.setattr(keywords, "_COUNTED", 50)
    found = frequencies(store, 1, ["tous", "tiers", "rare"])
    assert found == {"tous": 1000, "tiers": pytest.approx(333, rel=0.05), "rare": 10}


def test_every_word_counts_while_passages_are_few(store: Store) -> None:
    found = search_keywords(store, 1, {"rare": 10, "tiers": 333}, 1000, Filters())
    assert len(found) == 333 + 7
    assert all(id % 100 == 0 for id, _ in found[:10])


def test_common_words_are_left_out_beside_rarer_ones_when_passages_are_many(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keywords, "_SCORED", 100)
    found = search_keywords(store, 1, {"tiers": 333, "rare": 10}, 1000, Filters())
    assert sorted(id for id, _ in found) == list(range(100, 1001, 100))


def test_word_too_common_alone_is_sought_in_the_latest_passages(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keywords, "_SCORED", 111)
    found = search_keywords(store, 1, {"tiers": 333}, 1000, Filters())
    assert 100 <= len(found) <= 120
    assert min(id for id, _ in found) > 600


def test_keywords_keep_to_the_filter(store: Store) -> None:
    found = search_keywords(store, 1, {"tous": 1000}, 1000, Filters(language="fr"))
    assert {id for id, _ in found} == set(range(3, 1001, 3))
    assert search_keywords(store, 1, {"tous": 1000}, 1000, Filters(until="2024-12-31")) == []


def test_languages_are_known_without_counting(store: Store) -> None:
    assert store.known_languages() == sorted(store.languages()) == ["ar", "en", "fr"]


def test_empty_archive_has_no_languages(tmp_path: Path) -> None:
    with Store(tmp_path / DATABASE, create=True) as store:
        assert store.known_languages() == []

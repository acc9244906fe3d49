"""Keyword search over the stems of passages, at a cost that an archive of any size can bear."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from itertools import accumulate

from kibaru.storage.filters import condition
from kibaru.storage.passages import last_passage, last_removed
from kibaru.storage.store import Store
from kibaru.types import Filters

_SCORED = 6_000
"""Passages that one question has FTS5 score, at a microsecond each. To a question in French all words but the commonest
are in fewer in an archive of 3,700 passages; in one of a million, those that stand in a hundredth of them count."""

_COUNTED = 3_000
_SAMPLED = 10_000
"""Bounds of what is counted, at 0.03 microseconds each: the share of a word that is in a hundredth of a
million passages is told from 100, within a tenth two times in three."""


def search_keywords(
    store: Store, g: int, frequencies: dict[str, int], limit: int, filters: Filters
) -> list[tuple[int, float]]:
    """Passage ids with their BM25 score (higher is better), the best first, of passages with any of these stems,
    given in how many passages each stands.

    FTS5 scores every passage that has one, so stems are taken from the rarest on as long as these are _SCORED at
    most; of a stem that alone is in more, the latest passages are scored.
    """
    words = [word for word in sorted(frequencies, key=frequencies.__getitem__) if frequencies[word]]
    totals = accumulate(frequencies[word] for word in words)
    chosen = [word for at, (word, total) in enumerate(zip(words, totals, strict=True)) if not at or total <= _SCORED]
    if not chosen:
        return []
    share = min(1.0, _SCORED / frequencies[chosen[0]])
    filtered = ""
    if filters:
        filtered = f"""and exists (select 1 from passages_{g} as p join articles on articles.id = p.article_id
            where p.id = stems_{g}.rowid and {condition(filters)})"""
    query = f"""
        select rowid, -bm25(stems_{g}) from stems_{g}
        where stems_{g} match :match and rowid > :after {filtered} order by bm25(stems_{g}) limit :limit
    """
    match = " OR ".join(f'"{word}"' for word in chosen)  # stems are letters and digits: no quote can be in them
    after = int((1 - share) * last_passage(store, g))
    parameters = asdict(filters) | {"match": match, "limit": limit, "after": after}
    return store.connection.execute(query, parameters).fetchall()


def frequencies(store: Store, g: int, words: Iterable[str]) -> dict[str, int]:
    """In how many passages each word stands; words that stand in none are left out.

    FTS5 counts by going through all of them. So a word in more than _COUNTED is counted among the _SAMPLED latest
    passages, which tells its share to a tenth; in an archive of fewer that is exact.
    """
    whole = f"select count(*) from stems_{g} where stems_{g} match ?"  # half again as quick as with bounds
    query = f"select count(*) from (select 1 from stems_{g} where stems_{g} match ? and rowid > ? limit ?)"

    def count(word: str, *bounds: int) -> int:
        return int(store.connection.execute(query if bounds else whole, [f'"{word}"', *bounds]).fetchone()[0])

    latest = f"select id from passages_{g} order by id desc limit 1 offset {_SAMPLED}"
    row = store.connection.execute(latest).fetchone()
    if row is None:
        found = {word: count(word) for word in words}
    else:
        found = {word: count(word, 0, _COUNTED) for word in words}
        scale = (last_passage(store, g) - last_removed(store, g)) / _SAMPLED
        for word in (word for word in found if found[word] == _COUNTED):
            found[word] = max(_COUNTED, round(scale * count(word, row[0], -1)))
    return {word: count for word, count in found.items() if count}

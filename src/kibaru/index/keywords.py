"""Keyword search over the stems of passages, at a cost that does not grow with the archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import accumulate

from kibaru.storage.filters import condition
from kibaru.storage.passages import PassageTable
from kibaru.types import Filters

_SCORED = 6_000
"""Passages that one question has FTS5 score, at about a microsecond each."""

_COUNTED = 3_000
"""Passages with a stem that are counted before its frequency is estimated from a sample."""

_SAMPLED = 10_000
"""The latest passages, among which frequent stems are counted."""


class KeywordIndex:
    """BM25 search in the passages of one generation."""

    def __init__(self, passages: PassageTable) -> None:
        self._passages = passages
        self._connection = passages.store.connection
        self._g = passages.generation.id

    def search(self, frequencies: Mapping[str, int], limit: int, filters: Filters) -> list[tuple[int, float]]:
        """Find the passages with any of these stems.

        FTS5 scores every passage that has one of them, so stems are taken from the rarest on as long as they are in
        _SCORED passages at most. Of a stem that alone is in more, only the latest passages are scored.

        Args:
            frequencies: In how many passages each stem is, see `frequencies`.
            limit: The number of passages at most.
            filters: Which articles may be in the result.

        Returns:
            Passage ids with their BM25 score, the highest first.
        """
        words = [word for word in sorted(frequencies, key=frequencies.__getitem__) if frequencies[word]]
        totals = accumulate(frequencies[word] for word in words)
        chosen = [word for at, (word, sum) in enumerate(zip(words, totals, strict=True)) if not at or sum <= _SCORED]
        if not chosen:
            return []
        share = min(1.0, _SCORED / frequencies[chosen[0]])
        g, filtered = self._g, ""
        if filters:
            filtered = f"""and exists (select 1 from passages_{g} as p join articles on articles.id = p.article_id
                where p.id = stems_{g}.rowid and {condition(filters)})"""
        query = f"""
            select rowid, -bm25(stems_{g}) from stems_{g}
            where stems_{g} match :match and rowid > :after {filtered} order by bm25(stems_{g}) limit :limit
        """
        match = " OR ".join(f'"{word}"' for word in chosen)  # stems are letters and digits: no quote can be in them
        after = int((1 - share) * self._passages.last_id())
        parameters = asdict(filters) | {"match": match, "limit": limit, "after": after}
        return self._connection.execute(query, parameters).fetchall()

    def frequencies(self, stems: Iterable[str]) -> dict[str, int]:
        """In how many passages each of these stems is; stems that are in none are left out.

        FTS5 counts by going through all of them. So a stem in more than _COUNTED passages is counted among the _SAMPLED
        latest ones only, which gives its share within a tenth. An archive of fewer passages is counted exactly.
        """
        latest = f"select id from passages_{self._g} order by id desc limit 1 offset {_SAMPLED}"
        row = self._connection.execute(latest).fetchone()
        if row is None:
            found = {stem: self._count(stem) for stem in stems}
        else:
            found = {stem: self._count_within(stem, 0, _COUNTED) for stem in stems}
            scale = (self._passages.last_id() - self._passages.last_removal()) / _SAMPLED
            for stem in (stem for stem in found if found[stem] == _COUNTED):
                found[stem] = max(_COUNTED, round(scale * self._count_within(stem, row[0], -1)))
        return {stem: count for stem, count in found.items() if count}

    def _count(self, stem: str) -> int:
        query = f"select count(*) from stems_{self._g} where stems_{self._g} match ?"
        return int(self._connection.execute(query, [f'"{stem}"']).fetchone()[0])

    def _count_within(self, stem: str, after: int, limit: int) -> int:
        """The count among the passages with an id above `after`, up to `limit`; takes longer than `_count`."""
        query = f"""select count(*) from (
            select 1 from stems_{self._g} where stems_{self._g} match ? and rowid > ? limit ?)"""
        return int(self._connection.execute(query, [f'"{stem}"', after, limit]).fetchone()[0])

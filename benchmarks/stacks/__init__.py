"""Kibaru and what a user would pick instead, each set up as its own documentation says, for `benchmarks/peers.py`.

Each module has PACKAGES, whose versions are told, PASSAGES, which says how articles are cut, and a Stack(model, folder)
that loads the model of that folder and keeps its index in the other:

    index(job)          index what `articles` or `passages` of the job hold and save it; how many passages that made
    open()              load the index
    answer(question)    what a reader gets: the best passages, or Kibaru's quotes
    articles(question)  the ids of the articles found, the best first, as often as they were found

LENGTH, SHOWN and FOUND below hold for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LENGTH = 700
"""Characters of a passage: what Kibaru aims at, and the limit of the others' splitters, which overlap nothing."""

SHOWN = 5
"""Passages of an answer."""

FOUND = 50
"""Passages that articles are ranked by."""


@dataclass(frozen=True)
class Job:
    """`articles` are rows with the fields of Kibaru's Article; `passages` have the `text` that Kibaru embeds and the id
    of its `article`."""

    articles: list[dict[str, Any]]
    passages: list[dict[str, str]]

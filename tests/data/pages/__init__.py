"""Hand-made news pages: every theme with several stories, and what a reader must find in each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from data.pages.stories import STORIES, Story
from data.pages.themes import THEMES

_STORIES_A_THEME = 3
_LIVE = 12  # the story written as a live blog


def pages() -> Iterator[tuple[str, Story, bytes]]:
    """Names of pages, the stories they tell, and their bytes: 69 of them."""
    for at, (theme, encoding) in enumerate(THEMES):
        for turn in range(_STORIES_A_THEME):
            live = theme.__name__.startswith("live") and turn == 0
            number = _LIVE if live else (at + turn * 5) % len(STORIES)
            story = STORIES[number]
            if encoding == "cp1252" and story.language == "ar":
                story = STORIES[number - 1]
            yield f"{theme.__name__}-{number}", story, theme(story).encode(encoding, "xmlcharrefreplace")


def token_f1(found: str, truth: str) -> float:
    """Harmonic mean of precision and recall over words, each as often as it occurs."""
    ours, theirs = (Counter(re.findall(r"\w+", text.lower())) for text in (found, truth))
    common = sum((ours & theirs).values())
    return 2 * common / (sum(ours.values()) + sum(theirs.values())) if common else 0.0

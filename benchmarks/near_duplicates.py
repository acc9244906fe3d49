"""How many changed copies of a story are recognised, and how many different stories are taken for one.

    python benchmarks/near_duplicates.py --data ../shared/eval/dev

Each text of the set is a story; its copies are cut short, touched up word by word, or set among another's sentences.
Two texts of the set that share less than half of their shingles are different stories.
"""

from __future__ import annotations

import argparse
import random
from itertools import combinations
from pathlib import Path

import prepared  # noqa: F401
from evaluation_set import read_articles
from kibaru.text.near_duplicates import are_near_duplicates, bands, shingles


def touched_up(text: str, share: float, dice: random.Random) -> str:
    words = text.split()
    return " ".join("environ" if dice.random() < share else word for word in words)


def found(text: str, copy: str) -> bool:
    """Whether the archive would link them: a band in common, then a comparison of the words."""
    return bool(set(bands(text)) & set(bands(copy))) and are_near_duplicates(text, copy)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    texts = [article.text for article in read_articles(parser.parse_args().data)]
    stories = [text for text in texts if len(shingles(text)) >= 60]
    dice = random.Random(1)
    print(f"{len(stories)} stories of {len(texts)} texts; copies recognised:")
    for share in (0.67, 0.5, 0.33, 0.25):
        print(f"  the first {share:.0%} of it", rate(found(text, text[: int(len(text) * share)]) for text in stories))
    for share in (0.02, 0.05, 0.1, 0.15):
        print(f"  {share:.0%} of words changed", rate(found(text, touched_up(text, share, dice)) for text in stories))
    for share in (0.25, 0.5, 1.0):
        print(
            f"  with {share:.0%} as much of another text before it",
            rate(found(text, dice.choice(stories)[: int(len(text) * share)] + text) for text in stories),
        )
    sets = [(set(bands(text)), text) for text in texts]
    pairs = [(one, other) for (a, one), (b, other) in combinations(sets, 2) if a & b]
    linked = [pair for pair in pairs if are_near_duplicates(*pair)]
    print(f"{len(texts) * (len(texts) - 1) // 2} pairs of texts: {len(pairs)} compared, {len(linked)} linked")
    for one, other in linked:
        print(f"  {len(one):6} {len(other):6}  {one[:60]!r}  {other[:60]!r}")


def rate(results: object) -> str:
    outcomes = list(results)  # type: ignore[call-overload]
    return f"{sum(outcomes) / len(outcomes):.1%}"


if __name__ == "__main__":
    main()

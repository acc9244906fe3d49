"""Figures by variant and by language: how much is lost when a question is in another language or spelling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kibaru.evaluation.figures import Figures, Measured, Sample, finding, numbers, with_intervals
from kibaru.evaluation.results import Result


@dataclass(frozen=True, slots=True)
class Variant:
    """The figures of one variant, or of one language.

    Attributes:
        name: The variant or language.
        count: The number of questions.
        figures: Figures by name. For a variant, "clean hit@1" is that of the questions it was made from, and "change"
            the difference.
    """

    name: str
    count: int
    figures: dict[str, Measured]


def by_variant(results: Sequence[Result]) -> list[Variant]:
    """The figures of each variant whose clean questions were asked too, the most frequent first."""
    asked = {result.id: result for result in results if result.group == "question"}
    pairs = dict[str, list[tuple[Result, Result]]]()
    for result in asked.values():
        if result.variant and result.clean_id in asked:
            pairs.setdefault(result.variant, []).append((result, asked[result.clean_id]))
    found = []
    for name, rows in sorted(pairs.items(), key=lambda item: -len(item[1])):
        sample = {
            "question": numbers([variant for variant, _ in rows])["question"],
            "<question": numbers([clean for _, clean in rows])["question"],
        }
        found.append(Variant(name, len(rows), with_intervals(_against_clean, sample)))
    return found


def _against_clean(sample: Sample) -> Figures:
    own, clean = ((sample[name]["rank"] == 1).mean() for name in ("question", "<question"))
    return {
        "hit@1": float(own),
        "clean hit@1": float(clean),
        "change": float(own - clean),
        "in three quotes": float(sample["question"]["in_three"].mean()),
    }


def by_language(results: Sequence[Result]) -> list[Variant]:
    """The figures of each language, the most frequent first; none when all questions are in one language."""
    asked = [result for result in results if result.group == "question" and result.language]
    languages = Counter(str(result.language) for result in asked)
    if len(languages) < 2:
        return []
    return [
        Variant(name, count, with_intervals(_alone, numbers([r for r in asked if r.language == name])))
        for name, count in languages.most_common()
    ]


def _alone(sample: Sample) -> Figures:
    found = finding("question")(sample)
    in_three = float(sample["question"]["in_three"].mean())
    return {"hit@1": found["hit@1"], "MRR@10": found["MRR@10"], "in three quotes": in_three}

"""How much is lost when a question comes in another language or spelling: variants against the clean ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kibaru.evaluation.figures import Figures, Measured, Sample, finding, numbers, with_intervals
from kibaru.evaluation.results import Result


@dataclass(frozen=True, slots=True)
class Variant:
    """Questions of one variant, or of one language. For a variant, `figures` has their hit@1, that of the clean
    questions they come from ("clean hit@1") and the difference ("change")."""

    name: str
    count: int
    figures: dict[str, Measured]


def by_variant(results: Sequence[Result]) -> list[Variant]:
    """The variants whose clean questions were asked too, the most frequent first."""
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
    """The questions of each language, if there are several: hit@1, MRR@10, and how many have the answer in the first
    three quotes."""
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

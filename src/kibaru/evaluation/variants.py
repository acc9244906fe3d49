"""How much is lost when a question comes in another language or spelling: variants against the clean ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kibaru.evaluation.figures import Figures, Measured, Sample, numbers, with_intervals
from kibaru.evaluation.results import Result


@dataclass(frozen=True, slots=True)
class Variant:
    """Questions of one variant: `figures` has their hit@1, that of the clean questions they come from ("clean hit@1"),
    the difference ("change"), and how many have the answer in the first three quotes."""

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

"""Measure finding, quoting and refusing on a folder of articles and questions.

    python benchmarks/quality.py --data ../shared/eval/dev

The format is that of `../shared/README.md`. Headlines are searched with the titles left out of the index, since with
them it is trivial. "Orphaned" are the answerable questions asked with their own article hidden: the topic is there,
the answer is not. What `benchmarks/calibrate.py` was fitted on is the half called "tuning".
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from evaluation_set import Archive, Question, is_for_tuning, read_articles, read_questions
from kibaru.answering import Answer
from kibaru.confidence import calibration
from kibaru.store import Filters


@dataclass(frozen=True)
class Asked:
    """A question with its answer, as it would be shown were nothing refused; `rank` is that of its own article among
    the articles found, 0 when it is not among the first 50 hits."""

    question: Question
    answer: Answer
    rank: int


def ask_all(archive: Archive, questions: Iterable[Question], *, hide: bool = False) -> list[Asked]:
    kibaru = archive.kibaru
    kibaru.settings = kibaru.settings.model_copy(update={"min_confidence": 0.0})
    asked = []
    for question in questions:
        own = archive.known_as.get(question.article_id or "")
        answer = kibaru.ask(question.question, filters=Filters(without=own if hide else None))
        for quote in answer.quotes:
            stored = kibaru.article(quote.article.id)
            if quote.text != stored.text[quote.start : quote.end] or not quote.text.strip():
                raise AssertionError(f"{question.id}: a quote is not its article's words")
        ids = list(dict.fromkeys(hit.passage.article_id for hit in answer.hits))
        asked.append(Asked(question, answer, ids.index(own) + 1 if own in ids else 0))
    return asked


def finding(asked: list[Asked]) -> dict[str, float]:
    ranks = np.array([a.rank for a in asked])
    found = ranks > 0
    return {
        "hit@1": float((ranks == 1).mean()),
        "hit@5": float((found & (ranks <= 5)).mean()),
        "MRR@10": float(np.where(found & (ranks <= 10), 1 / np.maximum(ranks, 1), 0).mean()),
    }


def quoting(archive: Archive, asked: list[Asked]) -> dict[str, float]:
    """Shares of questions whose answer string stands in the best passage, in the first quote, in the first three."""
    passage, first, three, lengths = [], [], [], []
    for a in asked:
        wanted = a.question.answer or ""
        best = a.answer.hits[0].passage
        passage.append(wanted in archive.kibaru.article(best.article_id).text[best.start : best.end])
        first.append(wanted in a.answer.quotes[0].text)
        three.append(any(wanted in quote.text for quote in a.answer.quotes[:3]))
        lengths.append(len(a.answer.quotes[0].text))
    return {
        "answer in best passage": float(np.mean(passage)),
        "answer in first quote": float(np.mean(first)),
        "answer in first three": float(np.mean(three)),
        "median first quote": float(np.median(lengths)),
    }


def refusing(answerable: list[Asked], others: dict[str, list[Asked]], threshold: float) -> dict[str, float]:
    own = [a.answer.confidence for a in answerable]
    figures = {"threshold": threshold, "false refusals": float(np.mean(np.array(own) < threshold))}
    for name, asked in others.items():
        confidences = [a.answer.confidence for a in asked]
        truth = [1] * len(own) + [0] * len(confidences)
        figures[f"AUROC against {name}"] = float(roc_auc_score(truth, own + confidences))
        figures[f"false answers, {name}"] = float(np.mean(np.array(confidences) >= threshold))
    return figures


def measure(data: Path) -> dict[str, dict[str, float]]:
    articles, questions = read_articles(data), read_questions(data)
    kinds = {kind: [q for q in questions if q.kind == kind] for kind in ("question", "headline", "unanswerable")}
    results: dict[str, dict[str, float]] = {}
    with Archive(articles) as archive:
        threshold = calibration(archive.kibaru.embedder.identity).threshold
        asked = ask_all(archive, kinds["question"])
        unanswerable = ask_all(archive, kinds["unanswerable"])
        orphaned = ask_all(archive, kinds["question"], hide=True)
        results["questions: finding"] = finding(asked)
        results["questions: quoting"] = quoting(archive, asked)
        for half, wanted in (("all", (True, False)), ("tuning half", (True,)), ("other half", (False,))):
            part = [
                [a for a in group if is_for_tuning(a.question.id) in wanted]
                for group in (asked, unanswerable, orphaned)
            ]
            others = {"unanswerable": part[1], "orphaned": part[2]}
            results[f"refusing: {half}"] = refusing(part[0], others, threshold)
    with Archive([replace(article, title="") for article in articles]) as archive:
        results["headlines: finding"] = finding(ask_all(archive, kinds["headline"]))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--json", action="store_true", dest="as_json")
    arguments = parser.parse_args()
    results = measure(arguments.data)
    if arguments.as_json:
        print(json.dumps(results, indent=1))
        return
    for table, figures in results.items():
        print(f"\n{table}")
        for name, value in figures.items():
            print(f"  {name:32} {value:8.3f}")


if __name__ == "__main__":
    main()

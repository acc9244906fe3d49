"""Fit `kibaru.answering.confidence` and the weights of `kibaru.answering.quotes`; write `calibration.json`.

    python benchmarks/calibrate.py --data ../shared/eval/dev

Questions whose id hashes into the tuning half are fitted on; `benchmarks/quality.py` reports on the other half. Each
is asked three times: with its article (answerable), with it hidden (orphaned), and without accents; of the archive
whole and of archives of SMALL sizes, as newsrooms start with. The same half of the sample articles' questions, in
eight languages and many spellings (a variant goes with its clean question), is added, so that a question in another
language is not refused for its lower cosines.

The weights of sentences are those under which a sentence with the answer is most likely the best of its passage.
"""

from __future__ import annotations

import argparse
import json
import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import prepared  # noqa: F401
from evaluation_set import Archive, Question, is_for_tuning, read_articles, read_questions, read_sample_questions
from kibaru.answering.confidence import Signals
from kibaru.answering.passages import Sources, score_sentences
from kibaru.answering.quotes import FEATURES, sentence_features
from kibaru.embedding.embedder import MODEL_NAME
from kibaru.index.generation import Generation
from kibaru.ingest.files import read_articles as read_files
from kibaru.samples import SAMPLES
from kibaru.text.stems import fold
from kibaru.types import Article, Filters

SMALL = (25, 25, 25, 25, 5, 5, 5, 5) * 2
CALIBRATION = Path(__file__).parent.parent / "src" / "kibaru" / "answering" / "calibration.json"


@dataclass(frozen=True)
class Case:
    """A question asked, its signals, whether the answer was there, and how much it counts."""

    signals: Signals
    answerable: bool
    weight: float


def cases(archive: Archive, questions: list[Question], weight: float) -> list[Case]:
    """Each question as it is and without accents; those with an answer also with their article hidden."""
    found = []
    for question in questions:
        hidden = archive.known_as.get(question.article_id or "")
        for text, share in ((question.question, 1.0), (fold(question.question), 0.5)):
            kinds = [(Filters(), hidden is not None, 1.0)] + [(Filters(without=hidden), False, 0.3)] * bool(hidden)
            for filters, answerable, part in kinds:
                signals = archive.kibaru.ask(text, filters=filters).signals
                if signals:
                    found.append(Case(signals, answerable, weight * share * part))
    return found


def small_archives(articles: list[Article], questions: list[Question], weight: float) -> list[Case]:
    """The same questions over archives of SMALL numbers of articles drawn at random."""
    drawn = random.Random(0)
    asked_about = {q.article_id for q in questions}
    shuffled = drawn.sample([article for article in articles if article.id in asked_about], sum(SMALL))
    unanswerable = [q for q in questions if q.article_id is None]
    found = []
    for size in SMALL:
        part, shuffled = shuffled[:size], shuffled[size:]
        ids = {article.id for article in part}
        own = [q for q in questions if q.article_id in ids] + drawn.sample(unanswerable, min(8, len(unanswerable)))
        with Archive(part) as archive:
            found += cases(archive, own, weight)
    return found


def fit(found: list[Case], names: list[str]) -> tuple[dict[str, float], float]:
    """Weights and bias of a logistic regression on these signals, in their own units."""
    values = np.array([[asdict(case.signals)[name] for name in names] for case in found])
    scaler = StandardScaler().fit(values)
    model = LogisticRegression().fit(
        scaler.transform(values), [c.answerable for c in found], sample_weight=[c.weight for c in found]
    )
    weights = model.coef_[0] / scaler.scale_
    bias = float(model.intercept_[0] - weights @ scaler.mean_)
    return {name: round(float(weight), 4) for name, weight in zip(names, weights, strict=True)}, round(bias, 4)


def threshold(found: list[Case], weights: dict[str, float], bias: float, refused: float) -> float:
    """The probability below which a share `refused` of the answerable cases lies, by weight."""
    own = sorted(
        (1 / (1 + np.exp(-bias - sum(w * asdict(c.signals)[n] for n, w in weights.items()))), c.weight)
        for c in found
        if c.answerable
    )
    total, seen = sum(weight for _, weight in own), 0.0
    for probability, weight in own:
        seen += weight
        if seen >= refused * total:
            return round(float(probability), 3)
    return 0.5


@dataclass(frozen=True)
class Passage:
    """A passage that was found, by the `values` (n, 4) of its sentences, and which of them hold the answer."""

    values: NDArray[np.float64]
    holds: NDArray[np.bool_]
    weight: float


def passages(archive: Archive, questions: list[Question], weight: float) -> list[Passage]:
    """The first passages of each question that have the answer in some sentences and not in others. Where it stands in
    another article than its own it may be there by chance, so those count less."""
    kibaru, found = archive.kibaru, []
    for question in questions:
        if question.answer is None:
            continue
        results = kibaru.find(question.question)
        generation = Generation.current(kibaru.store, kibaru.folder)
        assert generation
        for p in score_sentences(Sources(generation, kibaru.embedder), results.embedding, results.hits[:3]):
            holds = np.array([question.answer in p.article.text[start:end] for start, end in p.sentences])
            if holds.any() and not holds.all():
                values = sentence_features(results.query, p)
                own = p.article.id == archive.known_as.get(question.article_id or "")
                found.append(Passage(values, holds, weight if own else 0.3 * weight))
    return found


def fit_quoting(found: list[Passage], ridge: float = 0.003) -> dict[str, float]:
    """Weights of FEATURES in a softmax over the sentences of a passage, with a penalty on their squares."""
    scale = np.concatenate([p.values for p in found]).std(axis=0)
    total = sum(p.weight for p in found)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        value, gradient = ridge * total * float(weights @ weights), 2 * ridge * total * weights
        for p in found:
            values = p.values / scale
            likely = softmax(values @ weights)
            given = likely * p.holds / (likely @ p.holds)
            value -= p.weight * float(np.log(likely @ p.holds))
            gradient = gradient - p.weight * values.T @ (given - likely)
        return value, gradient

    weights = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B").x / scale
    return {name: round(float(weight), 4) for name, weight in zip(FEATURES, weights, strict=True)}


def usual_margin(found: list[Case]) -> float:
    """Half-way between the mean margins of cases with an answer and of those without."""
    means = [np.mean([c.signals.margin for c in found if c.answerable is wanted]) for wanted in (True, False)]
    return round(float(np.mean(means)), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--refused", type=float, default=0.06, help="share of answerable questions that may be refused")
    parser.add_argument("--unsure", type=float, default=0.15, help="share of answerable questions not answered surely")
    parser.add_argument("--cases", type=Path, help="also write every case here, a line of JSON each")
    arguments = parser.parse_args()

    articles = read_articles(arguments.data)
    questions = [q for q in read_questions(arguments.data) if q.kind != "headline" and is_for_tuning(q.id)]
    with Archive(articles) as archive:
        large, read = cases(archive, questions, 1.0), passages(archive, questions, 1.0)
    samples = [article for article in read_files([SAMPLES]) if isinstance(article, Article)]
    by_url = {article.url: article.id for article in samples}
    asked = [
        replace(q, article_id=by_url.get(q.article_id))
        for q in read_sample_questions()
        if is_for_tuning(q.clean_id or q.id)
    ]
    with Archive(samples) as archive:
        found = large + cases(archive, asked, 0.7)
        quoting = fit_quoting(read + passages(archive, asked, 0.7))
    found += small_archives(articles, questions, 0.7)

    if arguments.cases:
        rows = [asdict(case.signals) | {"answerable": case.answerable, "weight": case.weight} for case in found]
        arguments.cases.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    entries, former = {}, json.loads(CALIBRATION.read_text("utf-8"))
    for model, names in ((MODEL_NAME, [*Signals.__dataclass_fields__]), ("*", ["keywords"])):
        weights, bias = fit(found, names)
        entries[model] = {
            "weights": weights,
            "bias": bias,
            "threshold": threshold(found, weights, bias, arguments.refused),
            "sure": threshold(found, weights, bias, arguments.unsure),
            "usual_margin": usual_margin(large),
            "quoting": quoting if model == MODEL_NAME else former["*"]["quoting"],  # of sentences that are read alone
            "fitted_on": f"the tuning halves: {len(questions)} questions of {arguments.data.name}, {len(asked)} on the "
            f"samples; {len(found)} cases; benchmarks/calibrate.py",
        }
    CALIBRATION.write_text(json.dumps(entries, indent=1) + "\n", "utf-8")
    print(CALIBRATION.read_text("utf-8"))


if __name__ == "__main__":
    main()

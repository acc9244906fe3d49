"""From hits to an answer: what is read, in which order, how sure it is, and what of it is quoted.

The sentences have vectors of two numbers, whose first is their cosine to the question; hits have made-up scores.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kibaru.answering.answer import Answer, answer
from kibaru.answering.confidence import Calibration
from kibaru.answering.passages import Sources, score_sentences
from kibaru.answering.quotes import FEATURES
from kibaru.archive import Kibaru
from kibaru.embedding.embedder import Embedder
from kibaru.errors import BadInput
from kibaru.index.generation import Generation
from kibaru.ingest.article import make_article
from kibaru.search.dates import Timing
from kibaru.search.hits import Hit, SearchResults
from kibaru.search.query import MAX_QUESTION, analyse, checked_question
from kibaru.settings import Settings
from kibaru.storage.duplicates import link
from kibaru.storage.generations import new_generation
from kibaru.storage.store import Store
from kibaru.text.stems import stems
from kibaru.types import Article, IndexedPassage, Span

QUESTION = "Quand est-ce que le bac de Farabougou repartira sur le fleuve ?"
ASKED = np.array([1, 0], np.float32)
DIMENSION = 2


def calibrated(weights: Mapping[str, float] | None = None, **fields: Any) -> Calibration:
    values: dict[str, Any] = {
        "weights": weights or {}, "bias": 0.0, "threshold": 0.5, "sure": 0.5, "usual_margin": 0.1,
        "quoting": dict.fromkeys(FEATURES, 0.0) | {"nearness": 1.0},
    }  # fmt: skip
    return Calibration(**values | fields)


class Desk:
    """A store to put articles of one passage or several in, and ask."""

    def __init__(self, folder: Path) -> None:
        self.store = Store(folder / "kibaru.db", create=True)
        self.generation = Generation(self.store, folder, new_generation(self.store, "none", DIMENSION, 1, 1))
        self.embedder = Embedder(Settings(index=folder, model="none"))  # which no sentence here needs
        self.hits: list[Hit] = []

    def put(self, id: str, *sentences: tuple[str, float], title: str = "", heading: str = "", **fields: Any) -> None:
        """An article whose one passage has these sentences, with their cosines to the question."""
        text = " ".join(sentence for sentence, _ in sentences)
        article = Article(id, title, text, **{"language": "fr"} | fields)
        self.store.put_article(article)
        self.generation.add(article, [IndexedPassage(0, len(text), heading, id.encode(), "", "")])
        ends = np.cumsum([len(sentence) + 1 for sentence, _ in sentences]) - 1
        spans = [Span(int(end) - len(text), int(end)) for end, (text, _) in zip(ends, sentences, strict=True)]
        vectors = np.array([(cosine, math.sqrt(1 - cosine**2)) for _, cosine in sentences], np.float32)
        self.generation.sentences.put([id.encode()], [(spans, vectors)])

    def hit(self, id: str, score: float, cosine: float = 0.5, hubness_adjusted: float = 0.4) -> None:
        (number,) = self.store.connection.execute(
            f"select id from passages_{self.generation.row.id} where article_id = ?", [id]
        ).fetchone()
        self.hits.append(Hit(self.generation.passages.get([number])[0], cosine, hubness_adjusted, 0.0, score))

    def scored(self, *scores: float) -> None:
        """Hits with these scores, each of an article of its own: a, b, c…"""
        for id, score in zip("abcdefgh", scores, strict=False):
            self.put(id, (f"Le bac {id}.", 0.5))
            self.hit(id, score)

    def ask(
        self, *, calibration: Calibration | None = None, question: str = QUESTION, quotes: int = 3,
        threshold: float = 0.5, idf: dict[str, float] | None = None, timing: Timing | None = None,
    ) -> Answer:  # fmt: skip
        with self.store.reading():
            query = replace(analyse(question), idf=idf or {}, timing=timing or Timing())
            return answer(
                Sources(self.generation, self.embedder), calibration or calibrated(),
                SearchResults(query, self.hits, ASKED), quotes=quotes, threshold=threshold,
            )  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    with desk.store:
        yield desk


def quoted(answer: Answer) -> str:
    return "".join(quote.article.id for quote in answer.quotes)


def hit(answer: Answer) -> str:
    return "".join(hit.passage.article_id for hit in answer.hits)


def test_a_question_is_one_clean_line() -> None:
    assert checked_question("  Qui\n\ta gagné\x00 ? ") == "Qui a gagné ?"
    assert checked_question("QUI A GAGNÉ LA FINALE ?") == "Qui a gagné la finale ?"
    assert checked_question("Qui a gagné à l'ONU ?") == "Qui a gagné à l'ONU ?"
    assert checked_question("a" * MAX_QUESTION) == "a" * MAX_QUESTION


def test_a_question_that_is_none_or_endless_is_refused_with_advice() -> None:
    with pytest.raises(BadInput) as refused:
        checked_question(" ?! ")
    assert str(refused.value) == "The question is empty: ask in a few words, for example 'Qui a gagné la finale ?'."
    with pytest.raises(BadInput) as refused:
        checked_question("a" * (MAX_QUESTION + 1))
    assert str(refused.value) == "The question has 2,001 characters: ask in 2,000 or fewer."


def test_without_hits_there_is_no_answer_and_no_lead(desk: Desk) -> None:
    assert desk.ask(threshold=0.0) == Answer(QUESTION, 0.0, [], [], [], None)


def test_an_answer_says_what_was_asked_and_how_likely_it_is(desk: Desk) -> None:
    desk.scored(0.9)
    found = desk.ask(calibration=calibrated({"sentence": 2.0}, bias=-0.5))
    assert found.question == QUESTION
    assert found.confidence == pytest.approx(1 / (1 + math.exp(-0.5)), abs=0.005)
    assert (found.is_refusal, found.leads, quoted(found)) == (False, [], "a")


@pytest.mark.parametrize(
    ("scores", "quotes", "expected"),
    [
        ([1.0, 0.6, 0.59], 3, "ab"),
        ([1.0, 0.9, 0.8, 0.7], 3, "abc"),
        ([1.0, 0.9, 0.8, 0.7], 2, "ab"),
        ([1.0, 0.55, 0.9], 3, "a"),
        ([1.0, 0.9, 0.8, 0.55, 0.5, 0.49, 0.5], 10, "abcde"),
        ([1.0, 0.9, 0.8, 0.7, 0.6], 4, "abcd"),
        ([1.0, 0.9, 0.55, 0.3], 4, "abc"),
        ([1.0, 0.9, 0.55, 0.5, 0.5], 4, "abcd"),
        ([0.5, 0.3, 0.25, 0.2], 4, "abc"),
    ],
)
def test_as_many_are_quoted_as_were_asked_for_and_come_near_the_best(
    desk: Desk, scores: list[float], quotes: int, expected: str
) -> None:
    desk.scored(*scores)
    found = desk.ask(quotes=quotes)
    assert quoted(found) == expected
    assert hit(found) == "abcdefgh"[: len(scores)]


@pytest.mark.parametrize(("quotes", "expected"), [(1, "a"), (2, "ab"), (3, "aba"), (4, "abac"), (10, "abac")])
def test_the_rest_of_the_best_passage_follows_those_that_come_near_the_best(
    desk: Desk, quotes: int, expected: str
) -> None:
    desk.put("a", *((f"Le bac numéro {n} repartira un jour {'et un autre ' * 20}.", 0.5) for n in range(4)))
    desk.put("b", ("Le bac b.", 0.1))
    desk.put("c", ("Le bac c.", 0.1))
    for id, score in (("a", 1.0), ("b", 0.8), ("c", 0.55)):
        desk.hit(id, score)
    found = desk.ask(quotes=quotes)
    assert quoted(found) == expected
    of_the_best = [quote for quote in found.quotes if quote.article.id == "a"]
    assert len({quote.highlight for quote in of_the_best}) == len(of_the_best)
    assert all(one.end <= other.start for one, other in pairwise(of_the_best))


def test_the_nearest_sentence_moves_its_passage_up(desk: Desk) -> None:
    for id, score, cosine in (("a", 0.9, 0.5), ("b", 0.8, 0.7), ("c", 0.6, 0.6), ("d", 0.58, 0.99)):
        desk.put(id, ("Peut-être.", 0.1), (f"Le bac {id} repart.", cosine), ("Voilà.", 0.2))
        desk.hit(id, score)
    found = desk.ask()
    assert (quoted(found), hit(found)) == ("bac", "bacd")  # 0.8 + 2.5 × 0.7, 0.9 + 2.5 × 0.5, 0.6 + 2.5 × 0.6
    timed = desk.ask(timing=Timing(now=True))
    assert (quoted(timed), hit(timed)) == ("abc", "abcd")


def test_a_story_told_by_two_is_quoted_once_with_the_others_named(desk: Desk) -> None:
    desk.scored(1.0, 0.95, 0.9, 0.85)
    desk.hit("a", 0.8)
    link(desk.store, "a", ["b", "d"])
    found = desk.ask(quotes=4)
    assert quoted(found) == "aca"
    assert [[article.id for article in quote.also_in] for quote in found.quotes] == [["b", "d"], [], ["b", "d"]]
    assert hit(found) == "acabd"


def test_a_refusal_leads_to_the_three_nearest_articles(desk: Desk) -> None:
    for id, score, cosine in (("a", 1.0, 0.1), ("b", 0.95, 0.9), ("c", 0.5, 0.1), ("d", 0.4, 0.1)):
        desk.put(id, (f"Le bac {id}.", cosine))
        desk.hit(id, score)
    desk.hit("b", 0.45)
    found = desk.ask(threshold=0.51)
    assert (found.is_refusal, found.quotes) == (True, [])
    assert (found.question, found.confidence) == (QUESTION, 0.5)
    assert [article.id for article in found.leads] == ["b", "a", "c"]
    assert hit(found) == "bacdb"
    assert found.signals is not None
    assert quoted(desk.ask(threshold=0.5)) == "ba"


@pytest.mark.parametrize(
    ("sure", "threshold", "is_sure"), [(0.5, 0.2, True), (0.51, 0.2, False), (0.2, 0.5, True), (0.2, 0.1, True)]
)
def test_an_answer_is_sure_from_the_calibrated_probability_on(
    desk: Desk, sure: float, threshold: float, is_sure: bool
) -> None:
    desk.scored(1.0)
    assert desk.ask(calibration=calibrated(sure=sure), threshold=threshold).is_sure is is_sure


def test_what_speaks_for_an_answer_is_measured(desk: Desk) -> None:
    desk.put("a", ("Le bac repart.", 0.5), ("Le pont attend.", 0.7), title="Farabougou", heading="Fleuve")
    desk.put("b", ("Le puits est neuf.", 0.3))
    desk.put("c", ("Rien.", 0.9))
    desk.hit("a", 1.0, cosine=0.6, hubness_adjusted=0.45)
    desk.hit("b", 0.9, cosine=0.8, hubness_adjusted=0.3)
    desk.hit("a", 0.5, cosine=0.7, hubness_adjusted=0.2)
    desk.hit("c", 0.4, cosine=0.1, hubness_adjusted=-0.5)
    words = {"bac": 1.0, "pont": 2.0, "Farabougou": 4.0, "fleuve": 8.0, "puits": 16.0, "mil": 9.0}
    idf = {stems(word, "fr")[0]: weight for word, weight in words.items()}
    question = "Le bac, le pont, le puits, le mil et le fleuve de Farabougou, et de Sikasso ?"
    signals = desk.ask(idf=idf | {"ferri": 50.0}, question=question).signals
    assert signals is not None
    assert (signals.passage, signals.hubness_adjusted) == (0.8, 0.45)
    assert signals.sentence == pytest.approx(0.7, abs=0.01)
    assert signals.margin == pytest.approx((0.15 + 0.95 + 8 * 0.1) / 10)
    assert (signals.foreign, signals.keywords) == (0.0, 15 / 40)
    assert (signals.unnamed, signals.asked) == (0.5, 0.0)
    other = desk.ask(idf=idf, question="When will the ferry of Farabougou cross the river again?").signals
    assert other is not None
    assert (other.foreign, other.keywords) == (1.0, 1.0)  # the name is in both languages
    assert (other.unnamed, other.asked) == (0.0, 1.0)


def test_the_question_is_judged_with_its_accents_restored(desk: Desk) -> None:
    desk.put("a", ("Le bac de Farabougou repart.", 0.5))
    desk.hit("a", 1.0)
    question = "Quels etaient les prix du bac ?"
    restored = replace(analyse(question), text="Quels étaient les prix du bac ?")
    with desk.store.reading():
        found = answer(
            Sources(desk.generation, desk.embedder), calibrated(), SearchResults(restored, desk.hits, ASKED),
            quotes=3, threshold=0.5,
        )  # fmt: skip
    assert found.question == question
    assert found.signals is not None
    assert found.signals.asked == len(restored.asked_for) != len(analyse(question).asked_for)


def test_hits_are_of_no_less_than_no_likeness(desk: Desk) -> None:
    desk.scored(1.0)
    desk.hits.clear()
    desk.hit("a", 1.0, cosine=-0.5, hubness_adjusted=-0.9)
    signals = desk.ask().signals
    assert signals is not None
    assert (signals.passage, signals.hubness_adjusted) == (-0.5, -0.9)


@pytest.mark.parametrize(
    ("feature", "question", "expected"),
    [
        ("nearness", QUESTION, "Une hélice"),
        ("keywords", QUESTION, "Le fleuve"),
        ("asked", "Combien coûte le billet du bac de Farabougou ?", "Il coûte 250 francs"),
        ("opening", QUESTION, "Le maire"),
    ],
)
def test_the_sentence_that_speaks_most_for_itself_is_highlighted(
    desk: Desk, feature: str, question: str, expected: str
) -> None:
    desk.put("a", ("Le maire se tait.", 0.1), ("Une hélice manque.", 0.9), ("Le fleuve monte.", 0.2),
             ("Il coûte 250 francs.", 0.3))  # fmt: skip
    desk.hit("a", 1.0)
    calibration = calibrated(quoting=dict.fromkeys(FEATURES, 0.0) | {feature: 1.0})
    (quote,) = desk.ask(calibration=calibration, question=question, idf={stems("fleuve", "fr")[0]: 1.0}).quotes
    assert quote.article.text[slice(*quote.highlight)].startswith(expected)
    assert quote.text == quote.article.text


def test_sentences_that_the_index_does_not_keep_are_read_as_it_would(archive: Kibaru) -> None:
    text = "La ville de Sikorola date de 300 av. J.-C. et prospère."  # in which an English reader sees three sentences
    list(archive.add([make_article(title="Sikorola", text=text, language="en")]))
    found = archive.find("De quand date la ville de Sikorola ?")
    generation = Generation.current(archive.store, archive.folder)
    assert generation
    hits = [hit for hit in found.hits if hit.passage.start > 0][:2] + found.hits[:1]
    with archive.store.reading():
        kept = score_sentences(Sources(generation, archive.embedder), found.embedding, hits)
    archive.store.connection.execute("delete from sentences")
    anew = score_sentences(Sources(generation, archive.embedder), found.embedding, hits)
    assert len(kept[-1].sentences) == 3
    for before, after, hit in zip(kept, anew, hits, strict=True):
        assert before.hit is after.hit is hit
        assert (before.article, before.sentences) == (after.article, after.sentences)
        assert before.article.id == hit.passage.article_id
        assert np.abs(before.cosines - after.cosines).max() < 0.002
        assert after.best_cosine == max(after.cosines)
    assert archive.ask("De quand date la ville de Sikorola ?").quotes[0].text == text

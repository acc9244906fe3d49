"""Which passages come first, and which sentences are quoted."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conftest import SampleQuestion
from numpy.typing import NDArray

from kibaru.answering.confidence import calibration
from kibaru.answering.passages import ScoredPassage
from kibaru.answering.quotes import (
    ENOUGH_LENGTH,
    FEATURES,
    QUOTE_LENGTH,
    Quote,
    choose_quote,
    further_quote,
    keyword_share,
    sentence_features,
)
from kibaru.archive import Kibaru
from kibaru.index.generation import Generation
from kibaru.ingest.article import make_article
from kibaru.search.fusion import DENSE_WEIGHT, LOW_RESOURCE_DENSE_WEIGHT, SECOND_PASSAGE_WEIGHT
from kibaru.search.hits import Hit
from kibaru.search.names import names_in, share_missing
from kibaru.search.query import analyse
from kibaru.search.question_types import answer_types_in, asked_for
from kibaru.text.languages import detect_language, is_low_resource
from kibaru.text.sentences import split_sentences
from kibaru.text.stems import question_stems, stems
from kibaru.types import Article, StoredPassage


@pytest.mark.parametrize(
    ("question", "kinds"),
    [
        ("Qui a inauguré le pont ?", {"name"}),
        ("Où se trouve Dabia-Kourou ?", {"name"}),
        ("Dans quelle ville a lieu la foire ?", {"name"}),
        ("Quand le bac reprend-il ?", {"date"}),
        ("En quelle année la coopérative est-elle née ?", {"date"}),
        ("Combien d'élèves sont inscrits ?", {"number"}),
        ("Quel est le prix du kilo ?", {"number", "money"}),
        ("How much did the bridge cost?", {"number", "money"}),
        ("Quelle est la date de la foire ?", {"date"}),
        ("Quel est le nouveau nom du stade ?", {"name"}),
        ("Qu'est-ce que le karité ?", {"definition"}),
        ("Qui est Salimata Karambiri-Hié ?", {"name", "definition"}),
        ("Pourquoi la route est-elle fermée ?", set()),
        ("How many people live there?", {"number"}),
        ("Когда открылся рынок?", {"date"}),
        ("متى تبدأ الرحلات؟", {"date"}),
        ("كم عدد التلاميذ؟", {"number"}),
        ("Quantos alunos há?", {"number"}),
    ],
)
def test_what_a_question_asks_for(question: str, kinds: set[str]) -> None:
    assert asked_for(question) == kinds


def test_a_name_answers_only_when_the_question_does_not_give_it() -> None:
    sentence = "Le pont a été ouvert par Salimata Karambiri."
    assert "name" in answer_types_in(sentence, "Qui a ouvert le pont ?")
    assert "name" not in answer_types_in(sentence, "Qu'a fait Salimata Karambiri ?")
    assert "name" not in answer_types_in("Le pont a été ouvert par la présidente.", "Qui a ouvert le pont ?")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Quand le marché de Nionsombougou a-t-il ouvert ?", "samedi 7 février 2026"),
        ("Combien d'étals compte le marché de Nionsombougou ?", "84"),
        ("Qui a ouvert le marché de Nionsombougou ?", "Aminata Konaté"),
    ],
)
def test_the_sentence_that_has_what_is_asked_for_is_marked(archive: Kibaru, question: str, answer: str) -> None:
    text = (
        "Tout le monde attendait le marché de nuit de Nionsombougou. Il a ouvert samedi 7 février 2026. Le ruban a été "
        "coupé par la maire, Aminata Konaté. Les allées comptent 84 étals. Les vendeuses sont contentes du marché."
    )
    list(archive.add([make_article(title="Nionsombougou : le marché de nuit", text=text)]))
    quote = archive.ask(question).quotes[0]
    assert answer in quote.article.text[quote.highlight.start : quote.highlight.end]


def test_every_feature_has_a_weight_for_every_model() -> None:
    for model in ("intfloat/multilingual-e5-small", "somebody/another-model"):
        assert set(calibration(model).quoting) == set(FEATURES)


def _scored(article: Article, cosines: Sequence[float], heading: str = "") -> ScoredPassage:
    """The whole article as one passage, with the cosines of its sentences."""
    sentences = split_sentences(article.text, "fr")
    hit = Hit(StoredPassage(1, article.id, 0, len(article.text), heading), 0.8, 0.5, 0.0, 1.0)
    return ScoredPassage(hit, article, sentences, np.array(cosines, np.float32))


def _features(question: str, passage: ScoredPassage, idf: Mapping[str, float]) -> NDArray[np.float64]:
    return sentence_features(replace(analyse(question), idf=idf), passage)


def _passage_of(sentences: int) -> tuple[ScoredPassage, NDArray[np.float64]]:
    article = make_article(
        text=" ".join(f"Phrase numéro {n} sur le bac de Farabougou et ses passagers." for n in range(sentences))
    )
    return _scored(article, [0.5] * sentences), np.zeros(sentences)


def test_a_quote_grows_by_whole_sentences_up_to_its_length() -> None:
    passage, scores = _passage_of(40)
    scores[20] = 1.0
    quote = choose_quote(passage, scores)
    assert QUOTE_LENGTH - 70 <= len(quote.text) <= QUOTE_LENGTH
    assert passage.sentences[20] == quote.highlight
    assert quote.text.startswith("Phrase numéro")
    assert quote.text.endswith("passagers.")


def test_a_quote_is_short_where_one_sentence_is_clearly_the_best() -> None:
    passage, scores = _passage_of(12)
    sentences = passage.sentences
    scores[6], scores[7] = 9.0, 5.0
    quote = choose_quote(passage, scores)
    assert ENOUGH_LENGTH <= len(quote.text) < ENOUGH_LENGTH + 70
    assert (quote.start, quote.highlight) in {(sentences[n].start, sentences[6]) for n in (4, 5, 6)}


def test_what_may_answer_in_the_rest_of_a_passage_is_a_quote_of_its_own() -> None:
    passage, scores = _passage_of(12)
    article, sentences = passage.article, passage.sentences
    scores[0] = 9.0
    first = choose_quote(passage, scores)
    assert further_quote(first, passage, scores) is None
    scores[10] = 7.0
    rest = further_quote(first, passage, scores)
    assert rest is not None
    assert rest.highlight == sentences[10]
    assert rest.start >= first.end
    assert rest.end <= len(article.text)
    assert further_quote(rest, passage, scores) is not None  # before it
    whole = Quote(article, 0, len(article.text), sentences[0])
    assert further_quote(whole, passage, scores) is None


@pytest.mark.parametrize(
    ("question", "little"),
    [
        ("Ñaata xale lañu ñakk ca Zinder ?", True),
        ("Sytab tɔndenw bɛ wari joli sara kalo o kalo ?", True),
        ("Combien d'enfants ont été vaccinés à Zinder ?", False),
        ("How many children were vaccinated in Zinder?", False),
        ("Сколько детей привито в Зиндере?", False),
        ("كم عدد الأطفال الذين تم تطعيمهم في زيندر؟", False),
    ],
)
def test_low_resource_languages_are_recognised(question: str, little: bool) -> None:
    assert is_low_resource(detect_language(question)) is little


@pytest.mark.parametrize(
    ("question", "weight"),
    [("Ñaata xale lañu ñakk ?", LOW_RESOURCE_DENSE_WEIGHT), ("Почему мост закрыт?", DENSE_WEIGHT)],
)
def test_cosines_weigh_less_in_such_a_language(samples: Kibaru, question: str, weight: float) -> None:
    found = samples.find(question)
    assert not any(hit.bm25 for hit in found.hits)  # so the best has all that a cosine can give
    assert found.hits[0].score == pytest.approx(weight)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Qui est Odile Bassolma Coulidiaty, de Bobo-Dioulasso ?", ["odile bassolma coulidiaty", "bobo dioulasso"]),
        ("Rasmata Zerbo-Kinda", ["zerbo kinda"]),  # the first word has a capital whatever it is
        ("Où va l’Agence des eaux de l'Assaba ?", ["agence", "assaba"]),
        ("À Kiffa, Élise a-t-elle gagné ?", ["kiffa", "elise"]),
        ("qui est sidi ould nghaymich", []),
        ("Сколько детей привито в Зиндере?", []),
        ("Où est-ce ?", []),
        ("?", []),
    ],
)
def test_names_are_what_has_a_capital(question: str, found: list[str]) -> None:
    assert names_in(question) == found


def test_names_are_missing_where_another_bears_a_part_of_them() -> None:
    texts = ["Mme Odile Sankara chante.", "M. Bassolma-Coulidiaty se tait à BOBO Dioulasso."]
    assert share_missing(["odile bassolma coulidiaty"], texts) == 1.0
    assert share_missing(["bobo dioulasso", "odile bassolma", "sankara", "kara"], texts) == 0.5
    assert share_missing([], texts) == 0.0


def test_a_person_few_know_is_found_by_the_whole_name(samples: Kibaru, sample_questions: list[SampleQuestion]) -> None:
    about = [row for row in sample_questions if row.question.startswith(("Qui est ", "Who is ")) and row.url]
    assert len(about) >= 10
    for row in about:
        answer = samples.ask(row.question)
        assert samples.article(answer.hits[0].passage.article_id).url == row.url, row.question


def test_words_of_the_title_tell_no_sentence_from_another() -> None:
    article = make_article(
        title="Le pont de Kati", text="Le pont de Kati est là. Il fut construit en 1978.", language="fr"
    )
    idf = dict.fromkeys(stems("pont Kati construit", "fr"), 3.0)
    rows = _features("Quand le pont de Kati a-t-il été construit ?", _scored(article, [0.8, 0.8]), idf)
    assert rows[:, FEATURES.index("keywords")].tolist() == [0.0, 1.0]
    under_heading = _features("Quand fut-il construit ?", _scored(article, [0.8, 0.8], "Construit en vain"), idf)
    assert not under_heading[:, FEATURES.index("keywords")].any()


def test_words_of_other_languages_take_nothing_from_a_questions_share() -> None:
    words, idf = set(stems("les grévistes", "fr")), dict.fromkeys(question_stems("les grévistes", ["en", "fr"]), 2.0)
    assert len(idf) > len(words)
    assert keyword_share(words, "Les grévistes sont là.", "fr", idf) == 1.0


def test_a_question_without_accents_is_searched_once_and_read_with_them(
    samples: Kibaru, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, embed_query_pairs = list[str](), samples.embedder.embed_query_pairs
    monkeypatch.setattr(
        samples.embedder, "embed_query_pairs", lambda texts: read.extend(texts) or embed_query_pairs(texts)
    )
    found = samples.find("Ou a-t-on decouvert des comprimes ?")
    assert found.query.text == "Où a-t-on découvert des comprimés ?"
    assert read == ["Ou a-t-on decouvert des comprimes ?", found.query.text]
    assert np.array_equal(found.embedding, embed_query_pairs([found.query.text])[0, 0])


def test_features_are_one_row_a_sentence() -> None:
    article = make_article(text="Le bac est réparé. Il part à 7 heures.")
    rows = _features("Combien ?", _scored(article, [0.8, 0.7]), {})
    assert rows.shape == (2, len(FEATURES))


def test_an_archive_of_one_passage_is_asked(archive: Kibaru) -> None:
    first, *others = [article.id for article in archive.store.articles()]
    archive.remove(others)
    title = archive.article(first).title
    assert archive.ask(title).hits[0].passage.article_id == first


@pytest.mark.parametrize(
    ("text", "names_a_subject"),
    [
        ("Le marché de Dabia-Kourou reconstruit après l'incendie", True),
        ("incendie marché", True),
        ("Pourquoi le marché a brûlé ?", False),
        ("لماذا احترق السوق؟", False),
        ("qui a ouvert le marché", False),
        ("combien de commerces", False),
    ],
)
def test_a_subject_is_told_from_a_question(text: str, names_a_subject: bool) -> None:
    assert analyse(text).is_subject == names_a_subject


def test_two_passages_tell_what_an_article_is_about(samples: Kibaru, monkeypatch: pytest.MonkeyPatch) -> None:
    found, weight = samples.find("le marché, les commerces et la mairie"), SECOND_PASSAGE_WEIGHT
    monkeypatch.setattr("kibaru.search.fusion.SECOND_PASSAGE_WEIGHT", 0.0)
    alone: dict[str, list[float]] = {}
    for hit in samples.find("le marché, les commerces et la mairie").hits:
        alone.setdefault(hit.passage.article_id, []).append(hit.score)
    best = {hit.passage.article_id: hit.score for hit in reversed(found.hits)}
    assert any(len(scores) > 1 for scores in alone.values())
    for article, (first, *others) in alone.items():
        assert best[article] == pytest.approx((first + weight * max(others, default=0.0)) / (1 + weight))


def test_order_is_by_rare_words_and_nearness_by_the_whole_question(
    samples: Kibaru, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, rare = samples.embedder.embed_queries(["Qui a gagné le match ?", "La réouverture du pont de Diallassagou"])
    monkeypatch.setattr(samples.embedder, "embed_query_pairs", lambda texts: np.stack([[whole, rare]] * len(texts)))
    found = samples.find("zzz ?")  # which no passage has
    first = found.hits[0]
    assert "pont" in samples.article(first.passage.article_id).title.lower()
    assert np.array_equal(found.embedding, whole)
    generation = Generation.current(samples.store, samples.folder)
    assert generation is not None
    _, (vector,) = generation.vectors.get([first.passage.id])
    assert first.cosine == pytest.approx(float(vector @ whole), abs=1e-5)
    assert max(found.hits, key=lambda hit: hit.cosine).passage.id != first.passage.id


def test_words_are_looked_up_while_the_model_reads(samples: Kibaru, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up, read = threading.Event(), samples.embedder.embed_query_pairs
    search_keywords = Generation.search_keywords

    def watched(*arguments: Any) -> list[tuple[int, float]]:
        looked_up.set()
        return search_keywords(*arguments)

    def read_after(texts: Sequence[str]) -> NDArray[np.float32]:
        assert looked_up.wait(30)
        return read(texts)

    monkeypatch.setattr(Generation, "search_keywords", watched)
    monkeypatch.setattr(samples.embedder, "embed_query_pairs", read_after)
    assert samples.ask("Quel est le bilan des inondations de Kankan ?").quotes

"""Which passages come first, and which sentences are quoted."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from conftest import SampleQuestion
from numpy.typing import NDArray

from kibaru.answering.confidence import calibration
from kibaru.answering.quotes import (
    ENOUGH_LENGTH,
    FEATURES,
    QUOTE_LENGTH,
    Quote,
    choose_quote,
    features,
    keyword_share,
    rest_of,
)
from kibaru.archive import Kibaru
from kibaru.index.generation import Generation
from kibaru.ingest.article import make_article
from kibaru.search.hybrid import DENSE_WEIGHT, LITTLE_READ_WEIGHT, SECOND
from kibaru.search.names import missing, names
from kibaru.search.question_types import asked_for, found_in, is_subject
from kibaru.text.languages import is_little_read
from kibaru.text.sentences import split_sentences
from kibaru.text.stems import question_stems, stems
from kibaru.types import Article, Span


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
    assert "name" in found_in(sentence, "Qui a ouvert le pont ?")
    assert "name" not in found_in(sentence, "Qu'a fait Salimata Karambiri ?")
    assert "name" not in found_in("Le pont a été ouvert par la présidente.", "Qui a ouvert le pont ?")


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


def _passage_of(sentences: int) -> tuple[Article, list[Span], NDArray[np.float64]]:
    article = make_article(
        text=" ".join(f"Phrase numéro {n} sur le bac de Farabougou et ses passagers." for n in range(sentences))
    )
    spans = split_sentences(article.text, "fr")
    return article, spans, np.zeros(len(spans))


def test_a_quote_grows_by_whole_sentences_up_to_its_length() -> None:
    article, sentences, scores = _passage_of(40)
    scores[20] = 1.0
    quote = choose_quote(article, sentences, scores)
    assert QUOTE_LENGTH - 70 <= len(quote.text) <= QUOTE_LENGTH
    assert sentences[20] == quote.highlight
    assert quote.text.startswith("Phrase numéro")
    assert quote.text.endswith("passagers.")


def test_a_quote_is_short_where_one_sentence_is_clearly_the_best() -> None:
    article, sentences, scores = _passage_of(12)
    scores[6], scores[7] = 9.0, 5.0
    quote = choose_quote(article, sentences, scores)
    assert ENOUGH_LENGTH <= len(quote.text) < ENOUGH_LENGTH + 70
    assert (quote.start, quote.highlight) in {(sentences[n].start, sentences[6]) for n in (4, 5, 6)}


def test_what_may_answer_in_the_rest_of_a_passage_is_a_quote_of_its_own() -> None:
    article, sentences, scores = _passage_of(12)
    scores[0] = 9.0
    first = choose_quote(article, sentences, scores)
    assert rest_of(first, article, sentences, scores) is None
    scores[10] = 7.0
    rest = rest_of(first, article, sentences, scores)
    assert rest is not None
    assert rest.highlight == sentences[10]
    assert rest.start >= first.end
    assert rest.end <= len(article.text)
    assert rest_of(rest, article, sentences, scores) is not None  # before it
    whole = Quote(article, 0, len(article.text), sentences[0])
    assert rest_of(whole, article, sentences, scores) is None


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
def test_languages_that_models_have_read_little_of(question: str, little: bool) -> None:
    assert is_little_read(question) is little


@pytest.mark.parametrize(
    ("question", "weight"), [("Ñaata xale lañu ñakk ?", LITTLE_READ_WEIGHT), ("Почему мост закрыт?", DENSE_WEIGHT)]
)
def test_cosines_weigh_less_in_such_a_language(samples: Kibaru, question: str, weight: float) -> None:
    found = samples.find(question)
    assert not any(hit.keyword for hit in found.hits)  # so the best has all that a cosine can give
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
    assert names(question) == found


def test_names_are_missing_where_another_bears_a_part_of_them() -> None:
    texts = ["Mme Odile Sankara chante.", "M. Bassolma-Coulidiaty se tait à BOBO Dioulasso."]
    assert missing(["odile bassolma coulidiaty"], texts) == 1.0
    assert missing(["bobo dioulasso", "odile bassolma", "sankara", "kara"], texts) == 0.5
    assert missing([], texts) == 0.0


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
    sentences, cosines = split_sentences(article.text, "fr"), np.array([0.8, 0.8], np.float32)
    rarity = dict.fromkeys(stems("pont Kati construit", "fr"), 3.0)
    rows = features("Quand le pont de Kati a-t-il été construit ?", article, "", sentences, cosines, rarity)
    assert rows[:, FEATURES.index("keywords")].tolist() == [0.0, 1.0]
    under_heading = features("Quand fut-il construit ?", article, "Construit en vain", sentences, cosines, rarity)
    assert not under_heading[:, FEATURES.index("keywords")].any()


def test_words_of_other_languages_take_nothing_from_a_questions_share() -> None:
    words, rarity = set(stems("les grévistes", "fr")), dict.fromkeys(question_stems("les grévistes", ["en", "fr"]), 2.0)
    assert len(rarity) > len(words)
    assert keyword_share(words, "Les grévistes sont là.", "fr", rarity) == 1.0


def test_a_question_without_accents_is_searched_once_and_read_with_them(
    samples: Kibaru, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, embed_query_pairs = list[str](), samples.embedder.embed_query_pairs
    monkeypatch.setattr(
        samples.embedder, "embed_query_pairs", lambda texts: read.extend(texts) or embed_query_pairs(texts)
    )
    found = samples.find("Ou a-t-on decouvert des comprimes ?")
    assert found.question == "Où a-t-on découvert des comprimés ?"
    assert read == ["Ou a-t-on decouvert des comprimes ?", found.question]
    assert np.array_equal(found.embedded, embed_query_pairs([found.question])[0, 0])


def test_features_are_one_row_a_sentence() -> None:
    article = make_article(text="Le bac est réparé. Il part à 7 heures.")
    sentences = split_sentences(article.text, "fr")
    rows = features("Combien ?", article, "", sentences, np.array([0.8, 0.7], np.float32), {})
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
    assert is_subject(text) == names_a_subject


def test_two_passages_tell_what_an_article_is_about(samples: Kibaru, monkeypatch: pytest.MonkeyPatch) -> None:
    found = samples.find("le marché, les commerces et la mairie")
    monkeypatch.setattr("kibaru.search.hybrid.SECOND", 0.0)
    alone: dict[str, list[float]] = {}
    for hit in samples.find("le marché, les commerces et la mairie").hits:
        alone.setdefault(hit.passage.article_id, []).append(hit.score)
    best = {hit.passage.article_id: hit.score for hit in reversed(found.hits)}
    assert any(len(scores) > 1 for scores in alone.values())
    for article, (first, *others) in alone.items():
        assert best[article] == pytest.approx((first + SECOND * max(others, default=0.0)) / (1 + SECOND))


def test_order_is_by_rare_words_and_nearness_by_the_whole_question(
    samples: Kibaru, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, rare = samples.embedder.embed_queries(["Qui a gagné le match ?", "La réouverture du pont de Diallassagou"])
    monkeypatch.setattr(samples.embedder, "embed_query_pairs", lambda texts: np.stack([[whole, rare]] * len(texts)))
    found = samples.find("zzz ?")  # which no passage has
    first = found.hits[0]
    assert "pont" in samples.article(first.passage.article_id).title.lower()
    assert np.array_equal(found.embedded, whole)
    generation = Generation.current(samples.store, samples.folder)
    assert generation is not None
    _, (vector,) = generation.vectors.get([first.passage.id])
    assert first.dense == pytest.approx(float(vector @ whole), abs=1e-5)
    assert max(found.hits, key=lambda hit: hit.dense).passage.id != first.passage.id


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

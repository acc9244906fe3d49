"""Better models by one setting: a cross-encoder that reads the first hits again, larger embedders by their name."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes.tiny_models import make_tiny_model
from sentence_transformers import CrossEncoder, SentenceTransformer
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from kibaru.archive import Kibaru
from kibaru.embedding.embedder import Embedder
from kibaru.errors import ModelUnavailable
from kibaru.search.hits import SearchResults
from kibaru.search.query import analyse
from kibaru.search.reranker import RERANKED, rerank
from kibaru.settings import Settings

QUESTION = "Quel est le bilan des inondations de Kankan ?"


def make_tiny_reranker(folder: Path, labels: int = 1) -> Path:
    """A real cross-encoder of 8 dimensions with random weights, which knows some words of the samples."""
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "le",
        "des",
        "bilan",
        "inondations",
        "Kankan",
        "marché",
        "pont",
        "prix",
    ]
    tokenizer = Tokenizer(models.WordLevel({word: at for at, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=512,
        num_labels=labels,
        initializer_range=1.0,  # so that scores differ
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=512,
    ).save_pretrained(folder)  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_tiny_reranker(tmp_path_factory.mktemp("models") / "reranker"))


def hits_of(samples: Kibaru) -> tuple[SearchResults, dict[str, object]]:
    found = samples.find(QUESTION)
    return found, {hit.passage.article_id: samples.article(hit.passage.article_id) for hit in found.hits}


def test_first_hits_come_in_the_order_of_the_cross_encoder(samples: Kibaru, reranker: str) -> None:
    found, articles = hits_of(samples)
    again = rerank(reranker, found, articles)
    assert {hit.passage.id for hit in again.hits} == {hit.passage.id for hit in found.hits}
    assert again.hits[RERANKED:] == [replace(hit, score=0.0) for hit in found.hits[RERANKED:]]
    plain = CrossEncoder(reranker, device="cpu")
    for hit in again.hits[:5]:
        article, passage = articles[hit.passage.article_id], hit.passage
        parts = [article.title, passage.heading, article.text[passage.start : passage.end]]
        (score,) = plain.predict([(QUESTION, "\n".join(filter(None, parts)))])
        assert hit.score == pytest.approx(float(score), abs=0.02)  # bfloat16 against float32
    scores = [hit.score for hit in again.hits[:RERANKED]]
    assert scores == sorted(scores, reverse=True)
    assert [hit.passage.id for hit in again.hits] != [hit.passage.id for hit in found.hits]


def test_answers_come_from_the_reranked_hits(sample_folder: Path, samples: Kibaru, reranker: str) -> None:
    with Kibaru(Settings(index=sample_folder, reranker=reranker, min_confidence=0.0)) as kibaru:
        answer = kibaru.ask(QUESTION)
    expected = rerank(reranker, *hits_of(samples))
    assert {hit.passage.id for hit in answer.hits[:3]} == {hit.passage.id for hit in expected.hits[:3]}
    for quote in answer.quotes:
        assert quote.text == samples.article(quote.article.id).text[quote.start : quote.end]


def test_without_hits_there_is_nothing_to_rerank(reranker: str) -> None:
    assert rerank(reranker, SearchResults(analyse(QUESTION), [], np.zeros(1, np.float32)), {}).hits == []


def test_reranker_that_cannot_be_loaded_is_one_line(
    folder: Path, run: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("KIBARU_RERANKER", str(tmp_path))
    ended = run("ask", QUESTION)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "KIBARU_RERANKER" in ended.err


def test_models_that_do_not_rerank_are_refused(samples: Kibaru, tmp_path: Path) -> None:
    embedder = make_tiny_model(tmp_path / "embedder", {})
    classifier = make_tiny_reranker(tmp_path / "classifier", labels=3)
    for folder in (embedder, classifier):
        with pytest.raises(ModelUnavailable, match="is no reranker"):
            rerank(str(folder), *hits_of(samples))


@pytest.mark.parametrize(
    ("name", "prompts", "question", "passage"),
    [
        ("bge-m3", {}, "le maire", "le maire"),
        ("multilingual-e5-large", {}, "query: le maire", "passage: le maire"),
        ("multilingual-e5-large-instruct", {}, "le maire", "le maire"),
        ("my-own", {"query": "ask ", "passage": "tell "}, "ask le maire", "tell le maire"),
    ],
)
def test_larger_embedders_get_the_prompts_they_were_made_with(
    tmp_path: Path, name: str, prompts: dict[str, str], question: str, passage: str
) -> None:
    folder = make_tiny_model(tmp_path / name, prompts)
    embedder = Embedder(Settings(model=str(folder)))
    plain = SentenceTransformer(str(folder), device="cpu")
    plain.default_prompt_name = None
    assert np.allclose(embedder.embed_queries(["le maire"])[0], plain.encode(question, prompt=""), atol=0.02)
    assert np.allclose(embedder.embed_passages(["le maire"])[0], plain.encode(passage, prompt=""), atol=0.02)


def put_on_hub(hub: Path, name: str, make: Callable[[Path], object]) -> None:
    """A model as the Hugging Face hub's cache keeps it once downloaded."""
    folder = hub / f"models--{name.replace('/', '--')}"
    (folder / "refs").mkdir(parents=True)
    (folder / "refs" / "main").write_text("0" * 40)
    make(folder / "snapshots" / ("0" * 40))


def test_models_of_the_hub_are_set_by_their_names(tmp_path: Path) -> None:
    put_on_hub(tmp_path / "hub", "BAAI/bge-m3", lambda folder: make_tiny_model(folder, {}))
    put_on_hub(tmp_path / "hub", "BAAI/bge-reranker-v2-m3", make_tiny_reranker)
    environment = os.environ | {
        "HF_HUB_CACHE": str(tmp_path / "hub"),
        "HF_HUB_OFFLINE": "1",
        "KIBARU_MODEL": "BAAI/bge-m3",
        "KIBARU_RERANKER": "BAAI/bge-reranker-v2-m3",
        "KIBARU_MIN_CONFIDENCE": "0",
        "KIBARU_INDEX": str(tmp_path / "index"),
    }
    code = (
        "from kibaru.ingest.article import make_article; from kibaru.archive import Kibaru;"
        "from kibaru.settings import load_settings;"
        "kibaru = Kibaru(load_settings(), create=True);"
        "list(kibaru.add([make_article(id='pont', text='Le maire a ouvert le pont.')]));"
        "print(kibaru.ask('le pont').quotes[0].article.id)"
    )
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "pont\n"), ended.stderr

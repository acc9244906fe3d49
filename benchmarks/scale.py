"""Kibaru from a thousand passages to a million: what grows with an archive, and what does not.

    python benchmarks/scale.py --data ../shared/eval/dev --picture docs/scale.png

Archives are made as `synthetic_archive` says, each is opened and asked in a process of its own with the real model and
real questions, and articles are added to all of them in turn. A million passages take 4 GB of disk and half an hour;
`--folder` keeps the archives, and takes those that are there. Compare figures of one run only: the machine is shared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

import prepared  # noqa: F401
from evaluation_set import embedded_passages, read_articles, read_questions
from kibaru.archive import Kibaru
from kibaru.embedding.embedder import Embedder
from kibaru.index.builder import ensure_generation
from kibaru.index.generation import Generation
from kibaru.ingest.article import make_article
from kibaru.search.candidates import CANDIDATES
from kibaru.settings import Settings
from kibaru.storage.store import DATABASE, Store
from kibaru.text.stems import question_stems
from kibaru.types import Article, Filters
from process_memory import megabytes
from synthetic_archive import PASSAGES, Vectors, fill, likeness, words_like

QUESTIONS = 150
NEAREST = 10
ROUNDS = 15
_AT_ONCE = 20_000

Row = dict[str, Any]


class TimedEmbedder(Embedder):
    """The real model, and what it took (wall and processor seconds)."""

    took = np.zeros(2)

    def embed_query_pairs(self, texts: Sequence[str]) -> NDArray[np.float32]:
        before = clocks()
        vectors = super().embed_query_pairs(texts)
        self.took = self.took + clocks() - before
        return vectors

    def embed_passages_with_sentences(self, *texts: Any) -> Any:
        before = clocks()
        found = super().embed_passages_with_sentences(*texts)
        self.took = self.took + clocks() - before
        return found


def clocks() -> NDArray[np.float64]:
    """Wall and processor seconds (2,): while others use the processor too, the first are a multiple of the second."""
    return np.array([time.perf_counter(), time.process_time()])


def took(job: Callable[[], object]) -> NDArray[np.float64]:
    """Wall and processor milliseconds (2,)."""
    before = clocks()
    job()
    return 1000 * (clocks() - before)


def spread(name: str, spent: Sequence[NDArray[np.float64]], *percentiles: int) -> Row:
    values = np.percentile(spent, percentiles, axis=0)
    return {
        f"{name}, p{percentile} ({unit})": float(value)
        for percentile, pair in zip(percentiles, values, strict=True)
        for unit, value in zip(("ms", "CPU ms"), pair, strict=True)
    }


def make(folder: Path, passages: int, vectors: Vectors, words: Any) -> Row:
    """Fill an archive and make its snapshot; what that took is kept beside it."""
    notes = folder / "made.json"
    if notes.exists():
        made: Row = json.loads(notes.read_text())
        return made
    articles = -(-passages // PASSAGES)
    with Store(folder / DATABASE, create=True) as store:
        store.connection.execute("pragma cache_size = -200000")
        ensure_generation(store, folder, Embedder(Settings(index=folder)))
        generation = Generation.current(store, folder)
        assert generation
        before = time.process_time()
        fill(generation, words, vectors, 0, articles)
        filled = time.process_time() - before
        renewing = took(generation.renew)
        made = {"fill (CPU s)": filled, "make the snapshot (CPU s)": renewing[1] / 1000}
    notes.write_text(json.dumps(made))
    return made


def measure(folder: Path, data: Path) -> Row:
    """Open, search, ask; in a process that has done nothing else."""
    settings = Settings(index=folder)
    embedder = TimedEmbedder(settings)
    asked = [question.question for question in read_questions(data) if question.kind != "headline"]
    asked = asked[:: len(asked) // QUESTIONS][:QUESTIONS]
    with Kibaru(settings, embedder=embedder) as kibaru:
        found, row = search(kibaru, asked)
        for question in asked[:5]:
            kibaru.ask(question)
        spent, without = [], []
        for question in asked:
            embedder.took = np.zeros(2)
            spent.append(took(lambda q=question: kibaru.ask(q)))  # type: ignore[misc]
            without.append(spent[-1] - 1000 * embedder.took)
        row |= spread("ask", spent, 50, 95) | spread("ask less embedding", without, 50, 95)
        row |= memory()
        exact = nearest(kibaru, embedder.embed_queries(asked))
        row["recall@10"] = float(
            np.mean([len(set(hits) & set(best)) / NEAREST for hits, best in zip(found, exact, strict=True)])
        )
    row["database (MB)"] = (folder / DATABASE).stat().st_size / 1e6
    row["snapshot (MB)"] = sum(path.stat().st_size for path in folder.glob("generation-*/vectors-*")) / 1e6
    return row


def search(kibaru: Kibaru, asked: Sequence[str]) -> tuple[list[list[int]], Row]:
    """The ids that the vector part finds for each question, and what it and the keywords take."""
    store, found = kibaru.store, list[list[int]]()
    embedded = kibaru.embedder.embed_queries(asked)
    generation = Generation.current(store, kibaru.folder)
    assert generation
    before = clocks()
    generation.open()
    with store.reading():
        generation.catch_up()
        opened, cpu = 1000 * (clocks() - before)
        row: Row = {"passages": generation.count(), "open (ms)": opened, "open (CPU ms)": cpu}

        def find(vector: NDArray[np.float32], filters: Filters = Filters()) -> None:  # noqa: B008  # frozen
            found.append([id for id, _ in generation.search_dense(vector, CANDIDATES, filters)[:NEAREST]])

        half = Filters(since="2015-01-01")
        row |= spread("vector search of one half", [took(lambda v=v: find(v, half)) for v in embedded], 50)  # type: ignore[misc]
        found.clear()
        row |= spread("vector search", [took(lambda v=v: find(v)) for v in embedded], 50, 95)  # type: ignore[misc]
        spent = [took(lambda q=q: keywords(generation, q)) for q in asked]  # type: ignore[misc]
        return found, row | spread("keyword search", spent, 50, 95)


def keywords(generation: Generation, question: str) -> None:
    """What `search` does for the keywords of a question."""
    counts = generation.frequencies(question_stems(question, generation.store.known_languages()))
    rare = {stem: count for stem, count in counts.items() if count < generation.count() / 2}
    generation.search_keywords(rare, CANDIDATES)


def nearest(kibaru: Kibaru, questions: NDArray[np.float32]) -> NDArray[np.int64]:
    """Ids (n, NEAREST) of the passages nearest to each question, all compared."""
    generation, last = Generation.current(kibaru.store, kibaru.folder), 0
    assert generation
    best_ids = np.zeros((len(questions), 0), np.int64)
    best = np.zeros((len(questions), 0), np.float32)
    while True:
        ids, vectors = generation.vectors.after(last, _AT_ONCE)
        if not len(ids):
            return best_ids
        scores = np.concatenate([best, questions @ vectors.T], axis=1)
        all_ids = np.concatenate([best_ids, np.tile(ids, (len(questions), 1))], axis=1)
        order = np.argpartition(-scores, NEAREST, axis=1)[:, :NEAREST]
        best, best_ids = np.take_along_axis(scores, order, 1), np.take_along_axis(all_ids, order, 1)
        last = int(ids[-1])


def memory() -> Row:
    """Of this process: what it holds for itself, and with the files that are mapped into it."""
    found = megabytes()
    return {"resident (MB)": found["VmRSS"], "… of it mapped files (MB)": found["RssFile"]}


def change(folders: Sequence[Path], data: Path) -> list[Row]:
    """Add an article to each archive and remove it again, in turn, so that all have the same disturbance."""
    source = next(article for article in read_articles(data) if 1_000 < len(article.text) < 2_000)
    embedder = TimedEmbedder(Settings())
    spent: list[tuple[list[Any], list[Any], list[Any]]] = [([], [], []) for _ in folders]
    with ExitStack() as stack:
        archives = [stack.enter_context(Kibaru(Settings(index=folder), embedder=embedder)) for folder in folders]
        for number in range(ROUNDS + 1):
            text = f"{source.text}\n{number}."
            article = make_article(title=f"{source.title} {number}", text=text, language="fr")
            for kibaru, (added, without, removed) in zip(archives, spent, strict=True):
                embedder.took = np.zeros(2)
                added.append(took(lambda k=kibaru, a=article: list(k.add([a]))))  # type: ignore[misc]
                without.append(added[-1] - 1000 * embedder.took)
                removed.append(took(lambda k=kibaru, a=article: k.remove([a.id])))  # type: ignore[misc]
    return [
        spread("add one article", added[1:], 50)
        | spread("add less embedding", without[1:], 50)
        | spread("remove one article", removed[1:], 50)
        for added, without, removed in spent
    ]


def table(rows: Sequence[Row]) -> Iterator[str]:
    names = [name for name in rows[0] if name != "passages"]
    yield "| passages | " + " | ".join(f"{row['passages']:,}" for row in rows) + " |"
    yield "|---|" + "---|" * len(rows)
    for name in names:
        values = (row[name] for row in rows)
        yield (
            f"| {name} | "
            + " | ".join(f"{value:.3f}" if name == "recall@10" else _short(value) for value in values)
            + " |"
        )


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Growth curves, both axes in powers of ten but where a value is meant to stay the same."""
    from matplotlib.figure import Figure

    panels = {
        "search (ms of processor)": [
            "vector search, p50 (CPU ms)", "vector search, p95 (CPU ms)",
            "keyword search, p50 (CPU ms)", "keyword search, p95 (CPU ms)",
        ],
        "ask (ms of processor)": [
            "ask, p50 (CPU ms)", "ask, p95 (CPU ms)",
            "ask less embedding, p50 (CPU ms)", "ask less embedding, p95 (CPU ms)",
        ],
        "change one article (ms of processor)": [
            "add one article, p50 (CPU ms)", "add less embedding, p50 (CPU ms)", "remove one article, p50 (CPU ms)",
        ],
        "open (ms)": ["open (ms)"],
        "memory of the process (MB)": ["resident (MB)", "… of it mapped files (MB)"],
        "disk (MB)": ["database (MB)", "snapshot (MB)"],
    }  # fmt: skip
    figure = Figure(figsize=(13, 7.5), layout="constrained")
    passages = [row["passages"] for row in rows]
    for axes, (title, names) in zip(figure.subplots(2, 3).flat, panels.items(), strict=True):
        for name in names:
            axes.plot(passages, [row[name] for row in rows], marker="o", label=name.rsplit(" (", 1)[0])
        axes.set(title=title, xlabel="passages", xscale="log")
        if title == "disk (MB)":
            axes.set(yscale="log")
        else:
            axes.set(ylim=(0, None))
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=90)


@contextmanager
def place(folder: Path | None) -> Iterator[Path]:
    if folder:
        folder.mkdir(parents=True, exist_ok=True)
        yield folder
        return
    with TemporaryDirectory(prefix="kibaru-scale-") as name:
        yield Path(name)


def real_vectors(articles: Sequence[Article], kept: Path) -> NDArray[np.float32]:
    """Vectors of the passages of real articles, in half precision as Kibaru keeps them."""
    if not kept.exists():
        texts = [text for _, text in embedded_passages(articles)]
        np.save(kept, Embedder(Settings()).embed_passages(texts).astype("<f2"))
    vectors: NDArray[np.float32] = np.load(kept).astype(np.float32)
    return vectors


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--folder", type=Path, help="keep the archives here, and take those that are there")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.data), default=float))
        return
    with place(options.folder) as folder:
        articles = read_articles(options.data)
        real = real_vectors(articles, folder / "real.npy")
        vectors, words = Vectors(real), words_like([article.text for article in articles])
        questions = Embedder(Settings()).embed_queries([q.question for q in read_questions(options.data)])
        for name, cosines in likeness(real, vectors.draw(np.random.default_rng(0), len(real)), questions).items():
            print(f"cosines of {name:28} {cosines}")
        folders = [folder / str(size) for size in options.sizes]
        rows = [make(each, size, vectors, words) for each, size in zip(folders, options.sizes, strict=True)]
        for row, each in zip(rows, folders, strict=True):
            command = [sys.executable, __file__, "--data", str(options.data), "--measure", str(each)]
            row.update(json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout))
        for row, changed in zip(rows, change(folders, options.data), strict=True):
            row.update(changed)
        print("\n".join(table(rows)))
        if options.picture:
            draw(rows, options.picture)


if __name__ == "__main__":
    main()

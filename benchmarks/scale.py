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

from evaluation_set import read_articles, read_questions
from kibaru.articles import Article, make_article
from kibaru.embedding import Embedder
from kibaru.indexing import embedded_text, ensure_generation
from kibaru.languages import question_stems
from kibaru.newsroom import Kibaru
from kibaru.passages import split_passages
from kibaru.retrieval import CANDIDATES
from kibaru.settings import Settings
from kibaru.store import DATABASE, Filters, Store
from kibaru.vectors import VectorIndex, renew
from synthetic_archive import PASSAGES, Vectors, fill, likeness, words_like

QUESTIONS = 200
NEAREST = 10
ROUNDS = 15
_AT_ONCE = 20_000

Row = dict[str, Any]


class TimedEmbedder(Embedder):
    """The real model, and how long it took."""

    seconds = 0.0

    def embed_questions(self, texts: Sequence[str]) -> NDArray[np.float32]:
        before = time.perf_counter()
        vectors = super().embed_questions(texts)
        self.seconds += time.perf_counter() - before
        return vectors

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        before = time.perf_counter()
        vectors = super().embed_passages(texts)
        self.seconds += time.perf_counter() - before
        return vectors


def timed(job: Callable[[], object]) -> float:
    """Milliseconds."""
    before = time.perf_counter()
    job()
    return 1000 * (time.perf_counter() - before)


def make(folder: Path, passages: int, data: Path, vectors: Vectors, words: Any) -> Row:
    """Fill an archive and make its snapshot; what that took is kept beside it."""
    notes = folder / "made.json"
    if notes.exists():
        made: Row = json.loads(notes.read_text())
        return made
    articles = -(-passages // PASSAGES)
    with Store(folder / DATABASE, create=True) as store:
        store.connection.execute("pragma cache_size = -200000")
        ensure_generation(store, folder, Embedder(Settings(index=folder)))
        generation = store.current_generation()
        assert generation
        before = time.process_time()
        fill(store, generation, words, vectors, 0, articles)
        filled = time.process_time() - before
        renewing = timed(lambda: renew(store, folder, generation))
        made = {"fill, CPU (s)": filled, "make the snapshot (s)": renewing / 1000}
    notes.write_text(json.dumps(made))
    return made


def measure(folder: Path, data: Path) -> Row:
    """Open, search, ask; in a process that has done nothing else."""
    settings = Settings(index=folder)
    embedder = TimedEmbedder(settings)
    asked = [question.question for question in read_questions(data) if question.kind != "headline"]
    asked = asked[:: max(1, len(asked) // QUESTIONS)][:QUESTIONS]
    embedded = embedder.embed_questions(asked)
    row: Row = {}
    with Kibaru(settings, embedder=embedder) as kibaru:
        store = kibaru.store
        generation = store.current_generation()
        assert generation
        opened = []

        def open_and_compare() -> None:
            opened.append(VectorIndex.open(folder, generation))
            with store.reading():
                opened[0].catch_up(store)

        row["open (ms)"] = timed(open_and_compare)
        index = opened[0]
        with store.reading():
            row["passages"] = len(index)
            for vector in embedded[:20]:
                index.search(store, vector, CANDIDATES)
            found, spent = [], []
            for vector in embedded:
                spent.append(timed(lambda v=vector: found.append(index.search(store, v, CANDIDATES))))  # type: ignore[misc]
            row["vector search, p50 (ms)"], row["vector search, p95 (ms)"] = np.percentile(spent, [50, 95])
            spent = [timed(lambda q=q: keywords(store, generation.id, len(index), q)) for q in asked]  # type: ignore[misc]
            row["keyword search, p50 (ms)"], row["keyword search, p95 (ms)"] = np.percentile(spent, [50, 95])
            spent = [
                timed(lambda v=v: index.search(store, v, CANDIDATES, Filters(since="2015-01-01")))  # type: ignore[misc]
                for v in embedded[:50]
            ]
            row["vector search of one half, p50 (ms)"] = np.percentile(spent, 50)
        for question in asked[:5]:
            kibaru.ask(question)
        spent, without = [], []
        for question in asked:
            embedder.seconds = 0
            spent.append(timed(lambda q=question: kibaru.ask(q)))  # type: ignore[misc]
            without.append(spent[-1] - 1000 * embedder.seconds)
        row["ask, p50 (ms)"], row["ask, p95 (ms)"] = np.percentile(spent, [50, 95])
        row["ask less embedding, p50 (ms)"], row["ask less embedding, p95 (ms)"] = np.percentile(without, [50, 95])
        row |= memory()
        with store.reading():
            exact = nearest(store, generation.id, embedded)
        shares = [
            len({id for id, _ in hits[:NEAREST]} & set(best)) / NEAREST for hits, best in zip(found, exact, strict=True)
        ]
        row["recall@10"] = float(np.mean(shares))
    row["database (MB)"] = (folder / DATABASE).stat().st_size / 1e6
    row["snapshot (MB)"] = sum(path.stat().st_size for path in folder.glob("generation-*/vectors-*")) / 1e6
    return row


def keywords(store: Store, g: int, passages: int, question: str) -> None:
    """What `retrieve` does for the keywords of a question."""
    frequencies = store.frequencies(g, question_stems(question, store.known_languages()))
    rare = {stem: count for stem, count in frequencies.items() if count < passages / 2}
    store.search_keywords(g, rare, CANDIDATES, Filters())


def nearest(store: Store, g: int, questions: NDArray[np.float32]) -> NDArray[np.int64]:
    """Ids (n, NEAREST) of the passages nearest to each question, all compared."""
    dimension, last = questions.shape[1], 0
    best_ids = np.zeros((len(questions), 0), np.int64)
    best = np.zeros((len(questions), 0), np.float32)
    while True:
        ids, vectors = store.vectors_after(g, last, dimension, _AT_ONCE)
        if not len(ids):
            return best_ids
        scores = np.concatenate([best, questions @ vectors.T], axis=1)
        all_ids = np.concatenate([best_ids, np.tile(ids, (len(questions), 1))], axis=1)
        order = np.argpartition(-scores, NEAREST, axis=1)[:, :NEAREST]
        best, best_ids = np.take_along_axis(scores, order, 1), np.take_along_axis(all_ids, order, 1)
        last = int(ids[-1])


def memory() -> Row:
    """Of this process: what it holds for itself, and with the files that are mapped into it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    kilobytes = {name: int(value.split()[0]) for name, value in (line.split(":", 1) for line in lines if "kB" in line)}
    return {"resident (MB)": kilobytes["VmRSS"] / 1024, "… of it mapped files (MB)": kilobytes["RssFile"] / 1024}


def change(folders: Sequence[Path], data: Path) -> list[Row]:
    """Add an article to each archive and remove it again, in turn, so that all have the same disturbance."""
    source = max(read_articles(data), key=lambda article: len(article.text) < 4_000 and len(article.text))
    embedder = TimedEmbedder(Settings())
    added, without, removed = ([[] for _ in folders] for _ in range(3))
    with ExitStack() as stack:
        archives = [stack.enter_context(Kibaru(Settings(index=folder), embedder=embedder)) for folder in folders]
        for number in range(ROUNDS + 1):
            for at, kibaru in enumerate(archives):
                article = make_article(
                    title=f"{source.title} {number}", text=f"{source.text}\n{number}.", language="fr"
                )
                embedder.seconds = 0
                spent = timed(lambda k=kibaru, a=article: list(k.add([a])))  # type: ignore[misc]
                embedding = 1000 * embedder.seconds
                gone = timed(lambda k=kibaru, a=article: k.remove([a.id]))  # type: ignore[misc]
                if number:
                    added[at].append(spent)
                    without[at].append(spent - embedding)
                    removed[at].append(gone)
    names = ("add one article, p50 (ms)", "… less embedding (ms)", "remove one article, p50 (ms)")
    return [
        dict(zip(names, (float(np.median(values)) for values in each), strict=True))
        for each in zip(added, without, removed, strict=True)
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
        "search (ms)": [
            "vector search, p50 (ms)",
            "vector search, p95 (ms)",
            "keyword search, p50 (ms)",
            "keyword search, p95 (ms)",
        ],
        "ask (ms)": ["ask, p50 (ms)", "ask, p95 (ms)", "ask less embedding, p50 (ms)", "ask less embedding, p95 (ms)"],
        "change one article (ms)": [
            "add one article, p50 (ms)",
            "… less embedding (ms)",
            "remove one article, p50 (ms)",
        ],
        "open (ms)": ["open (ms)"],
        "memory of the process (MB)": ["resident (MB)", "… of it mapped files (MB)"],
        "disk (MB)": ["database (MB)", "snapshot (MB)"],
    }
    figure = Figure(figsize=(13, 7.5), layout="constrained")
    passages = [row["passages"] for row in rows]
    for axes, (title, names) in zip(figure.subplots(2, 3).flat, panels.items(), strict=True):
        for name in names:
            axes.plot(passages, [row[name] for row in rows], marker="o", label=name.rsplit(" (", 1)[0])
        axes.set(title=title, xlabel="passages", xscale="log", ylim=(0, None))
        if title in ("disk (MB)", "open (ms)"):
            axes.set(yscale="log", ylim=(None, None))
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=90)


@contextmanager
def place(folder: Path | None) -> Iterator[Path]:
    if folder:
        yield folder
        return
    with TemporaryDirectory(prefix="kibaru-scale-") as name:
        yield Path(name)


def real_vectors(articles: Sequence[Article], kept: Path) -> NDArray[np.float32]:
    """Vectors of the passages of real articles, in half precision as Kibaru keeps them."""
    if not kept.exists():
        texts = [
            embedded_text(article.title, passage.heading, article.text[passage.start : passage.end])
            for article in articles
            for passage in split_passages(article.text, article.language)
        ]
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
        questions = Embedder(Settings()).embed_questions([q.question for q in read_questions(options.data)])
        for name, cosines in likeness(real, vectors.draw(np.random.default_rng(0), len(real)), questions).items():
            print(f"cosines of {name:28} {cosines}")
        folders = [folder / str(size) for size in options.sizes]
        rows = [
            make(each, size, options.data, vectors, words) for each, size in zip(folders, options.sizes, strict=True)
        ]
        for row, each in zip(rows, folders, strict=True):
            command = [sys.executable, __file__, "--data", str(options.data), "--measure", str(each)]
            row |= json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        for row, changed in zip(rows, change(folders, options.data), strict=True):
            row |= changed
        print("\n".join(table(rows)))
        if options.picture:
            draw(rows, options.picture)


if __name__ == "__main__":
    main()

"""Bring a WordPress-like site in over loopback: how fast, how many requests, and what kills leave behind.

    python benchmarks/syncing.py --posts 5000            # with a model of 8 dimensions: all but embedding
    python benchmarks/syncing.py --posts 300 --embed     # with the model of the settings
    python benchmarks/syncing.py --posts 300 --kills 50 --seed 1

The import is compared with `Kibaru.add` of the very same articles, ready in memory: what fetching and parsing cost
beside cutting, embedding and storing. With `--kills`, `kibaru sync` is sent SIGKILL at a random moment, one to three
times, then run to its end: the archive must be that of an undisturbed sync, article by article, and so must what is
noted of the site.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from fakes.sites import WordPress
from fakes.tiny_models import make_tiny_model
from sources.test_sync import Desk, contents, desk_of, started

import prepared  # noqa: F401
from kibaru.archive import Kibaru
from kibaru.settings import Settings
from kibaru.sources.registry import Sources
from kibaru.storage.store import DATABASE
from kibaru.types import Article


@contextmanager
def opened(settings: Settings) -> Iterator[Desk]:
    """A desk with its model loaded."""
    with Kibaru(settings, create=True) as kibaru, Sources(settings.index / DATABASE) as sources:
        list(kibaru.add([]))
        kibaru.embedder.embed_passages(["Bonjour."])
        yield Desk(kibaru, sources)


def speed(folder: Path, posts: int, sentences: int, settings: Settings) -> None:
    """Print what the import, a second sync, and adding the same articles took."""
    with WordPress(posts, sentences=sentences) as site:
        with opened(settings.model_copy(update={"index": folder / "synced"})) as desk:
            source = desk.add(site.url)
            at, began = len(site.log), time.perf_counter()
            summary = desk.sync(source)
            seconds, requests = time.perf_counter() - began, len(site.log) - at
            at, began = len(site.log), time.perf_counter()
            again = desk.sync(source)
            print(f"{summary}; {requests} requests, {seconds:.1f} s, {posts / seconds:.0f} posts a second")
            print(f"{again}; {len(site.log) - at} requests, {time.perf_counter() - began:.2f} s")
            articles: list[Article] = sorted(desk.articles.values(), key=lambda article: article.published or "")
        with opened(settings.model_copy(update={"index": folder / "added"})) as desk:
            began = time.perf_counter()
            assert len(list(desk.kibaru.add(articles))) == posts
            alone = time.perf_counter() - began
        ratio = alone / seconds
        print(f"the same articles added from memory: {alone:.1f} s; the import has {ratio:.2f} of that speed")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(f"peak memory {peak:.0f} MB, without the process that parses")


def kills(folder: Path, tiny: Path, posts: int, count: int, seed: int) -> None:
    """Kill and go on, until `count` kills hit a sync at work. Raises SystemExit at the first difference."""
    drawn = random.Random(seed)
    with WordPress(posts) as site:
        with desk_of(tiny, folder / "whole") as desk:
            source = desk.add(site.url)
        shutil.copytree(folder / "whole", folder / "begun")
        began = time.monotonic()
        process = started(tiny, folder / "whole", "sync")
        process.communicate()
        duration = time.monotonic() - began
        with desk_of(tiny, folder / "whole") as desk:
            wanted = contents(desk)
        hits = rounds = 0
        while hits < count:
            shutil.rmtree(folder / "killed", ignore_errors=True)
            shutil.copytree(folder / "begun", folder / "killed")
            rounds += 1
            for _ in range(drawn.choice((1, 2, 3))):
                process = started(tiny, folder / "killed", "sync")
                time.sleep(duration * drawn.uniform(0.3, 1.0))
                process.send_signal(signal.SIGKILL)
                process.communicate()
                hits += process.returncode == -signal.SIGKILL
            with desk_of(tiny, folder / "killed") as desk:
                desk.sync(source)
                if contents(desk) != wanted:
                    raise SystemExit(f"seed {seed}, round {rounds}: the archive differs from an undisturbed one")
                at = len(site.log)
                desk.sync(source)
                if not all(request.is_conditional for request in site.log[at:]):
                    raise SystemExit(f"seed {seed}, round {rounds}: the next sync asked for more than it needed")
    print(
        f"{hits} kills of a sync at work in {rounds} rounds (seed {seed}): each time the archive of an undisturbed one"
    )


def main() -> None:
    os.environ["KIBARU_TEST_ALLOW_LOOPBACK"] = "1"
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--posts", type=int, default=5_000)
    parser.add_argument("--sentences", type=int, default=8, help="Sentences of each post, 70 characters long.")
    parser.add_argument("--embed", action="store_true", help="Use the model of the settings.")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with TemporaryDirectory(prefix="kibaru-syncing-") as name:
        folder = Path(name)
        tiny = make_tiny_model(folder / "tiny", {})
        settings = Settings(host_delay=0)
        if not arguments.embed:
            settings = settings.model_copy(update={"model": str(tiny)})
        if arguments.kills:
            kills(folder, tiny, arguments.posts, arguments.kills, arguments.seed)
        else:
            speed(folder, arguments.posts, arguments.sentences, settings)


if __name__ == "__main__":
    main()

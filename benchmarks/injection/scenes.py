"""What is run and befallen: each way of writing to an archive, the archive before it, and what may be left after."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from injection.outside import ROOT, Command, Ended, Worker

sys.path.insert(0, str(ROOT / "tests"))

from fakes.damage import spoil
from fakes.sites import WordPress

Articles = dict[str, tuple[str, str]]
"""Title and text by id."""

ASKED = "base-0"
QUESTION = "Où est le puits Farabougou0 de base ?"


@dataclass(frozen=True)
class Scene:
    """A command on an archive, to be run in a copy of the folder `before`.

    The archive has the `old` articles, and the `new` ones afterwards, written in this `order`. `states` says what may
    be there in between: "one of them", or "any number" or "pairs" of what is written. An `unasked` scene cannot be
    asked before it is done.
    """

    name: str
    command: Command
    before: Path
    old: Articles
    new: Articles
    states: str = "one of them"
    order: tuple[str, ...] = ()
    unasked: bool = False

    def is_allowed(self, found: Articles, reported: Sequence[str]) -> bool:
        """Whether the articles `found` are a state that may be, when those of these ids were reported written."""
        if any(found.get(id) != self.new.get(id) for id in reported):
            return False
        if self.states == "one of them":
            return found in (self.old, self.new)
        beginnings = [self.old | {id: self.new[id] for id in self.order[:n]} for n in range(len(self.order) + 1)]
        return found in (beginnings if self.states == "any number" else beginnings[::2] + beginnings[-1:])


def reported(ended: Ended) -> list[str]:
    """The ids of which a command said that they were written or removed."""
    verbs = ("added ", "updated ", "removed ")
    return [line.split()[1] for line in ended.lines if line.startswith(verbs) and line.count("  ")]


def articles_of(ended: Ended) -> Articles | None:
    """What `kibaru export` printed; None when it could not."""
    if ended.code != 0:
        return None
    rows = [json.loads(line) for line in ended.out.splitlines()]
    return {row["id"]: (row["title"], row["text"]) for row in rows}


def articles_file(path: Path, prefix: str, numbers: Sequence[int], words: str = "ouvert") -> Path:
    """Articles as JSON lines, each with a word of its own, long enough to be compared with others."""
    rows = []
    for n in numbers:
        sentences = [f"Le puits Farabougou{n} de {prefix} est {words}."]
        sentences += [f"Le maire {prefix}{n} a compté {m * 7 + n} sacs de mil au marché {n * m}." for m in range(1, 9)]
        rows.append({"id": f"{prefix}-{n}", "title": f"Puits {prefix} {n}", "text": " ".join(sentences)})
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    return path


@contextmanager
def made(worker: Worker, folder: Path) -> Iterator[Iterator[Scene]]:
    """All scenes, each made below `folder` when its turn comes. The site of those that sync is up meanwhile."""
    with WordPress(7) as site:
        yield _scenes(worker, folder, site)


def _scenes(worker: Worker, folder: Path, site: WordPress) -> Iterator[Scene]:
    def ready(name: str, *commands: Command, of: Path | None = None) -> Path:
        place = folder / name
        if of:
            shutil.copytree(of, place)
        else:
            place.mkdir()
        for command, ended in zip(commands, worker.run(place, [("kibaru", *c) for c in commands]), strict=True):
            if ended.code != 0:
                raise SystemExit(f"{name}: {' '.join(command)} ended with {ended.code}: {ended.err}{ended.out}")
        return place

    def contents(place: Path) -> Articles:
        (ended,) = worker.run(place, [("kibaru", "export")])
        return articles_of(ended) or {}

    def scene(name: str, place: Path, *command: str, old: Articles | None = None, **more: Any) -> Scene:
        done = folder / f"{place.name}-done"
        shutil.copytree(place, done)
        whole = ("kibaru", *command)
        (ended,) = worker.run(done, [whole])
        order, before = tuple(reported(ended)), contents(place) if old is None else old
        return Scene(name, whole, place, before, contents(done), order=order, **more)

    base = folder / "base"
    base.mkdir()
    articles_file(base / "base.jsonl", "base", range(6))
    articles_file(base / "more.jsonl", "more", range(5))
    with (base / "more.jsonl").open("a", encoding="utf-8") as file:
        file.write("\n" + articles_file(base / "update.jsonl", "base", [1], "fermé").read_text("utf-8"))
    nothing = ready("nothing", of=base)
    yield scene("first add", nothing, "add", "base.jsonl", states="pairs", unasked=True)
    ready("filled", ("add", "base.jsonl"), of=base)
    filled = folder / "filled"
    yield scene("add", ready("adding", of=filled), "add", "more.jsonl", states="pairs")
    yield scene("remove", ready("removing", of=filled), "remove", "base-2", "base-4")
    yield scene("rebuild", ready("rebuilding", of=filled), "rebuild", "--from-scratch")

    yield scene("sync", ready("syncing", ("source", "add", site.url), of=filled), "sync", "1", states="any number")
    backup = ready("backup", ("backup", "b.kibaru"), ("add", "more.jsonl"), of=filled)
    yield scene("backup", backup, "backup", "b.kibaru")
    yield scene("restore", ready("restoring", of=backup), "restore", "--force", "b.kibaru")
    gone = ready("gone", of=backup)
    shutil.rmtree(gone / "index")
    yield scene("restore to nothing", gone, "restore", "--force", "b.kibaru", unasked=True)
    for name, damage in _DAMAGES.items():
        place = ready(f"damaged {name}", of=backup)
        damage(place / "index")
        yield scene(f"repair: {name}", place, "doctor", "--repair", unasked=True, old=contents(backup))


def _leave(index: Path) -> None:
    (index / ".replacing-abc").mkdir(mode=0o700)
    (index / ".replacing-abc" / "kibaru.db").write_bytes(b"half")
    (index / "generation-9").mkdir(mode=0o700)
    with sqlite3.connect(index / "kibaru.db") as connection:
        connection.execute("insert into generations values (8, 'm', 8, 1, 1, 'building', null)")
    connection.close()


_DAMAGES: Mapping[str, Callable[[Path], object]] = {
    "snapshot gone": lambda index: next(index.glob("generation-*/vectors-*")).unlink(),
    "page of an index": lambda index: spoil(index, "articles_title"),
    "left over": _leave,
}

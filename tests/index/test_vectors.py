"""Vectors of every kind: few are compared one by one, many are kept in lists; what is found is the same."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from conftest import Finished
from fakes.damage import change, flip_a_bit, manifest, snapshot
from numpy.typing import NDArray

from kibaru.archive import Kibaru
from kibaru.errors import IndexUnusable
from kibaru.index import faiss_index, vector_index
from kibaru.index.renewal import create_snapshot, is_outdated, renew_snapshot
from kibaru.index.snapshots import check_rest, read_manifest, read_snapshot
from kibaru.index.vector_index import VectorIndex
from kibaru.ingest.article import make_article
from kibaru.storage.generations import current_generation, make_current, new_generation
from kibaru.storage.passages import PassageTable
from kibaru.storage.store import DATABASE, Store
from kibaru.storage.vectors import VectorTable
from kibaru.types import Filters, GenerationRow, IndexedPassage

DIMENSION = 16
COUNT = 600
KINDS = {"one by one": 10_000, "in lists": 100}


@dataclass
class Archive:
    """A database of made-up vectors, and its snapshot; a passage an article, ids from 1."""

    folder: Path
    store: Store
    generation: GenerationRow

    @property
    def passages(self) -> PassageTable:
        return PassageTable(self.store, self.generation)

    @property
    def vectors(self) -> VectorTable:
        return VectorTable(self.store, self.generation)

    def renew(self) -> None:
        renew_snapshot(self.folder, self.passages, self.vectors)

    def add(self, count: int) -> None:
        first = self.passages.last_id()
        found = np.random.default_rng(first).normal(size=(count, DIMENSION)).astype("<f2").astype(np.float32)
        with self.store.writing():
            for at, vector in enumerate(found / np.linalg.norm(found, axis=1, keepdims=True), first + 1):
                article = make_article(
                    id=f"a{at}", title=f"T{at}", text=f"Mot {at}.", language="fr" if at % 3 else "en",
                    published=f"20{at % 20:02}-01-01",
                )  # fmt: skip
                key = at.to_bytes(16, "big")
                self.store.put_article(article)
                self.vectors.put([key], vector[None])
                self.passages.put(article, [IndexedPassage(0, 5, "", key, "t", "mot")])

    def remove(self, *ids: int) -> None:
        with self.store.writing():
            for id in ids:
                self.store.delete_article(f"a{id}")
                self.passages.delete(f"a{id}")

    def open(self) -> VectorIndex:
        index = VectorIndex(self.passages, self.vectors, self.folder)
        with self.store.reading():
            index.catch_up()
        return index

    def exact(self, question: NDArray[np.float32], passing: Callable[[int], bool] = lambda _: True) -> list[int]:
        """The ten nearest of all that pass."""
        ids, found = self.vectors.after(0)
        order = np.argsort(-(found @ question))
        return [int(id) for id in ids[order] if passing(int(id))][:10]

    def found(self, index: VectorIndex, question: NDArray[np.float32], filters: Filters = Filters()) -> list[int]:  # noqa: B008
        with self.store.reading():
            index.catch_up()
            return [id for id, _ in index.search(question, 10, filters)]


@pytest.fixture(params=KINDS.values(), ids=KINDS.keys())
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(faiss_index, "FLAT_MOST", request.param)
    return int(request.param)


@pytest.fixture
def made(kind: int, tmp_path: Path) -> Iterator[Archive]:
    with Store(tmp_path / DATABASE, create=True) as store:
        with store.writing():
            generation = new_generation(store, "model", DIMENSION, 1, 1)
            make_current(store, generation)
        create_snapshot(tmp_path, generation)
        archive = Archive(tmp_path, store, generation)
        archive.add(COUNT)
        archive.renew()
        yield archive


def questions() -> Sequence[NDArray[np.float32]]:
    found = np.random.default_rng(99).normal(size=(20, DIMENSION)).astype(np.float32)
    return list(found / np.linalg.norm(found, axis=1, keepdims=True))


def test_kind_is_chosen_by_the_number_of_vectors(made: Archive, kind: int) -> None:
    _, index = read_snapshot(snapshot(made.folder).parent, made.generation)
    assert faiss_index.is_exact(index) == (kind >= COUNT)
    assert index.ntotal == COUNT


def test_every_kind_finds_what_comparing_all_finds_with_true_cosines(made: Archive) -> None:
    index = made.open()
    for question in questions():
        assert made.found(index, question) == made.exact(question)
        with made.store.reading():
            for id, cosine in index.search(question, 10):
                assert cosine == pytest.approx(float(index.vectors([id])[0] @ question), abs=1e-6)


def test_what_came_after_the_snapshot_is_found_and_what_went_is_not(made: Archive) -> None:
    index = made.open()
    made.add(40)
    for question in questions():
        made.remove(made.exact(question)[0])
        assert made.found(index, question) == made.exact(question)
    assert made.found(made.open(), questions()[0]) == made.exact(questions()[0])


def test_renewed_snapshot_holds_the_changes_since(made: Archive) -> None:
    before = made.open()
    made.add(100)
    made.remove(*range(50, 90), 650)
    assert is_outdated(made.folder, made.passages)
    made.renew()
    assert not is_outdated(made.folder, made.passages)
    assert read_manifest(snapshot(made.folder).parent, made.generation).passages == COUNT + 100 - 41
    after = made.open()
    assert len(after) == len(after.ids()) == COUNT + 100 - 41
    with made.store.reading():
        assert not after.differing()
    for question in questions():
        assert made.found(after, question) == made.found(before, question) == made.exact(question)


def test_who_has_the_former_snapshot_open_keeps_it_and_learns_of_the_next(made: Archive) -> None:
    index = made.open()
    made.add(100)
    expected = [made.found(index, question) for question in questions()]
    assert not index.is_superseded()
    made.renew()
    assert [made.found(index, question) for question in questions()] == expected
    assert index.is_superseded()
    assert not made.open().is_superseded()


def test_filters_hold_whether_many_passages_pass_or_few(made: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "_WIDE", 2)
    index = made.open()
    made.add(40)
    for question in questions():
        wide = made.found(index, question, Filters(language="fr"))
        assert wide == made.exact(question, lambda id: id % 3 != 0)
        narrow = made.found(index, question, Filters(since="2019-01-01", language="en"))
        assert narrow == made.exact(question, lambda id: id % 20 == 19 and id % 3 == 0)
        first = made.exact(question)[0]
        assert made.found(index, question, Filters(without=f"a{first}")) == made.exact(
            question, lambda id, f=first: id != f
        )  # type: ignore[misc]
    assert made.found(index, questions()[0], Filters(since="2100-01-01")) == []


def test_snapshot_becomes_another_kind_as_the_archive_grows_and_shrinks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faiss_index, "FLAT_MOST", 200)
    with Store(tmp_path / DATABASE, create=True) as store:
        with store.writing():
            generation = new_generation(store, "model", DIMENSION, 1, 1)
        create_snapshot(tmp_path, generation)
        archive, seen = Archive(tmp_path, store, generation), []
        for count, removed in ((150, 0), (100, 0), (1500, 0), (0, 1700)):
            archive.add(count)
            archive.remove(*range(1, removed + 1))
            archive.renew()
            _, index = read_snapshot(snapshot(tmp_path).parent, generation)
            seen.append(1 if faiss_index.is_exact(index) else index.nlist)
            assert archive.found(archive.open(), questions()[0]) == archive.exact(questions()[0])
    assert seen == [1, 32, 84, 1]


def test_damage_is_detected_where_it_could_change_an_answer(made: Archive) -> None:
    path = snapshot(made.folder)
    data = bytearray(path.read_bytes())
    head = read_manifest(path.parent, made.generation).head
    assert head
    for at in (0, head // 2, head - 1):
        data[at] ^= 1
        path.write_bytes(data)
        with pytest.raises(IndexUnusable, match="checksum"):
            made.open()
        data[at] ^= 1
    path.write_bytes(data[:-1])
    with pytest.raises(IndexUnusable, match="checksum"):
        made.open()


def test_flipped_bit_in_a_list_changes_no_cosine_and_is_found_by_the_doctor(made: Archive, kind: int) -> None:
    if kind >= COUNT:
        pytest.skip("all of it is checked when it is opened")
    path = snapshot(made.folder)
    data = bytearray(path.read_bytes())
    data[-1] ^= 0x40  # of an id: no passage has it now
    data[-5000] ^= 0x40
    path.write_bytes(data)
    index = VectorIndex(made.passages, made.vectors, made.folder)
    with made.store.reading():
        index.catch_up()
        for question in questions():
            found = index.search(question, 10)
            truth = index.vectors([id for id, _ in found]) @ question
            assert np.allclose(truth, [cosine for _, cosine in found], atol=1e-6)
        with pytest.raises(IndexUnusable, match="checksum"):
            check_rest(path.parent, read_manifest(path.parent, made.generation))


def test_damaged_snapshot_is_made_anew_from_the_database(made: Archive) -> None:
    path = snapshot(made.folder)
    path.write_bytes(b"")
    made.add(1)
    made.renew()
    assert made.found(made.open(), questions()[0]) == made.exact(questions()[0])


@pytest.mark.parametrize("damage", ["passages", "bit"])
def test_archive_in_lists_answers_as_before_and_is_mended(
    folder: Path, run: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    question = "Quel est le bilan des inondations de Kankan ?"
    before = run("ask", question)
    monkeypatch.setattr(faiss_index, "FLAT_MOST", 10)
    assert run("rebuild").code == 0
    assert read_manifest(snapshot(folder).parent, GenerationRow(2, *generation_fields(folder))).rest
    assert run("ask", question).out == before.out
    assert run("doctor").code == 0
    if damage == "passages":
        change(manifest(folder), last_passage=40)
    else:
        path = snapshot(folder)
        data = bytearray(path.read_bytes())
        data[-9] ^= 0xFF
        path.write_bytes(data)
    assert run("doctor").code == 2
    assert run("doctor", "--repair").code == 0
    assert run("ask", question).out == before.out


def generation_fields(folder: Path) -> tuple[str, int, int, int]:
    with Store(folder / DATABASE) as store:
        current = current_generation(store)
        assert current
        return current.model, current.dimension, current.chunking, current.stemming


def test_adding_reads_no_vectors(archive: Kibaru, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kibaru.index.generation.VectorIndex", lambda *_: pytest.fail("the snapshot was opened"))
    assert list(archive.add([make_article(title="Un", text="Le puits de Ouro est ouvert.")]))
    flip_a_bit(snapshot(archive.folder))
    assert archive.remove([next(archive.store.articles()).id])

"""Adding, replacing, removing and rebuilding: what an archive keeps, and what it answers afterwards."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest
from conftest import Finished

from kibaru.archive import Kibaru
from kibaru.errors import BadInput
from kibaru.ingest.article import make_article
from kibaru.settings import Settings
from kibaru.types import Article, Failure, Outcome

QUESTION = "Qui est le capitaine du bac de Farabougou ?"


def add(kibaru: Kibaru, *articles: Article) -> list[str]:
    outcomes = list(kibaru.add(articles))
    assert all(isinstance(outcome, Outcome) for outcome in outcomes)
    return [outcome.change for outcome in outcomes if isinstance(outcome, Outcome)]


def quoted(kibaru: Kibaru, question: str = QUESTION) -> str:
    return " ".join(quote.text for quote in kibaru.ask(question).quotes)


def test_added_article_answers_at_once(archive: Kibaru, article: Article) -> None:
    assert archive.ask(QUESTION).is_refusal
    assert add(archive, article) == ["added"]
    assert "Zoumana Bérété" in quoted(archive)


def test_same_content_twice_is_one_article(archive: Kibaru, article: Article) -> None:
    before = archive.store.count_articles()
    anonymous = make_article(title=article.title, text=article.text)
    assert add(archive, article, article, anonymous) == ["added", "unchanged", "unchanged"]
    assert add(archive, anonymous, replace(article, id="other", url=None)) == ["unchanged", "unchanged"]
    assert archive.store.count_articles() == before + 1


def test_same_url_with_new_content_replaces_and_keeps_the_id(archive: Kibaru, article: Article) -> None:
    add(archive, article)
    newer = make_article(title=article.title, url=article.url or "", text="Le capitaine du bac est Sitan Kouyaté.")
    assert add(archive, newer) == ["updated"]
    stored = archive.article(article.id)
    assert stored.text == newer.text
    assert stored.author == article.author
    assert "Sitan Kouyaté" in quoted(archive)
    assert "Bérété" not in quoted(archive)


def test_new_facts_about_the_same_words_are_taken_in(archive: Kibaru, article: Article) -> None:
    add(archive, replace(article, url=None, published=None))
    assert add(archive, article) == ["updated"]
    assert archive.article(article.id) == article


def test_article_under_a_known_title_is_pointed_out(archive: Kibaru, article: Article) -> None:
    add(archive, article)
    (outcome,) = archive.add([make_article(title=article.title, text="Un autre texte, plus long.")])
    assert isinstance(outcome, Outcome)
    assert outcome.same_title == article.id


def test_failures_pass_through_in_their_place(archive: Kibaru, article: Article) -> None:
    failure = Failure("a.txt", "it is empty")
    assert [type(o) for o in archive.add([failure, article, failure])] == [Failure, Outcome, Failure]


def test_removed_article_answers_no_more(archive: Kibaru, article: Article) -> None:
    add(archive, article)
    assert archive.remove([article.id, "nothing", article.id]) == [article]
    assert archive.ask(QUESTION).is_refusal
    assert archive.status().problem is None


def test_other_process_sees_what_this_one_adds_and_removes(archive: Kibaru, article: Article) -> None:
    with Kibaru(archive.settings) as other:
        assert other.ask(QUESTION).is_refusal
        add(archive, article)
        assert "Bérété" in quoted(other)
        archive.remove([article.id])
        assert other.ask(QUESTION).is_refusal


def test_rebuild_keeps_the_vectors_of_passages_that_did_not_change(archive: Kibaru, article: Article) -> None:
    add(archive, article)
    expected = archive.ask(QUESTION)
    kept = archive.rebuild()
    assert kept.embedded == 0
    assert kept.passages == archive.status().passages
    again = archive.rebuild(from_scratch=True)
    assert again.embedded == again.passages
    assert archive.ask(QUESTION).quotes == expected.quotes
    assert [path.name for path in archive.folder.glob("generation-*")] == [f"generation-{again.generation}"]


def test_rebuild_tells_how_far_it_is(archive: Kibaru) -> None:
    seen: list[tuple[int, int]] = []
    archive.rebuild(from_scratch=True, progress=lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 0


def test_running_process_switches_to_the_new_generation(archive: Kibaru, article: Article) -> None:
    with Kibaru(archive.settings) as other:
        assert other.ask(QUESTION).is_refusal
        archive.rebuild()
        add(archive, article)
        assert "Bérété" in quoted(other)


def test_article_added_during_a_rebuild_is_in_the_new_generation(archive: Kibaru, article: Article) -> None:
    def publish(*_: int) -> None:
        with Kibaru(archive.settings) as other:
            add(other, article)
            other.remove([next(other.store.articles()).id])

    before = archive.store.count_articles()
    archive.rebuild(from_scratch=True, progress=publish)
    assert "Bérété" in quoted(archive)
    assert archive.status().problem is None
    assert archive.store.count_articles() < before + 1


def test_second_rebuild_at_once_is_refused(archive: Kibaru) -> None:
    def rebuild_too(*_: int) -> None:
        with Kibaru(archive.settings) as other, pytest.raises(BadInput, match="rebuilding"):
            other.rebuild()

    archive.rebuild(from_scratch=True, progress=rebuild_too)


def test_stopped_rebuild_leaves_the_old_index_and_its_work(archive: Kibaru) -> None:
    def stop(done: int, _: int) -> None:
        raise KeyboardInterrupt

    generation = archive.status().generation
    with pytest.raises(KeyboardInterrupt):
        archive.rebuild(from_scratch=True, progress=stop)
    assert archive.status().generation == generation
    assert archive.status().problem is None
    assert archive.rebuild().embedded == 0


def test_questions_are_answered_while_articles_come_and_go(archive: Kibaru, article: Article) -> None:
    problems: list[BaseException] = []

    def write() -> None:
        try:
            with Kibaru(archive.settings) as other:
                for _ in range(5):
                    add(other, article)
                    other.remove([article.id])
                    other.rebuild()
        except BaseException as error:  # reported by the assertion below
            problems.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        assert archive.ask("Quel est le bilan des inondations de Kankan ?").quotes
    writer.join()
    assert not problems
    assert archive.status().problem is None


def test_snapshot_is_renewed_after_many_additions(archive: Kibaru) -> None:
    snapshot = next(archive.folder.glob("generation-*/vectors-*"))
    add(archive, make_article(title="Un", text="Le puits de Ouro est ouvert."))
    assert snapshot.exists()
    add(archive, *(make_article(title=f"Puits {n}", text=f"Le puits numéro {n} est ouvert.") for n in range(30)))
    assert not snapshot.exists()
    with Kibaru(archive.settings) as other:
        assert other.status().problem is None


def test_export_added_elsewhere_gives_the_same_articles(
    archive: Kibaru, article: Article, run: Callable[..., Finished], monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = make_article(title="Été — « test »", text="Ligne une.\n\n## Titre\n\nLigne deux…", id="été-1")
    add(archive, article, odd)
    elsewhere = archive.folder.parent / "elsewhere"
    exported = archive.folder.parent / "export.jsonl"
    exported.write_text(run("export").out)
    monkeypatch.setenv("KIBARU_INDEX", str(elsewhere))
    assert run("add", str(exported)).code == 0
    with Kibaru(Settings(index=elsewhere)) as other:
        assert sorted(other.store.articles(), key=lambda a: a.id) == sorted(
            archive.store.articles(), key=lambda a: a.id
        )


@pytest.mark.parametrize("damage", ["delete from sentences", "update sentences set spans = x'0500000001000000'"])
def test_sentences_that_are_not_kept_are_read_anew_to_the_same_answer(
    archive: Kibaru, article: Article, damage: str
) -> None:
    add(archive, article)
    kept = archive.ask(QUESTION)
    with archive.store.writing():
        archive.store.connection.execute(damage)
    anew = archive.ask(QUESTION)
    assert [quote.text for quote in anew.quotes] == [quote.text for quote in kept.quotes]
    assert anew.confidence == pytest.approx(kept.confidence, abs=0.01)


def test_a_removed_articles_sentences_go_with_the_next_rebuild(archive: Kibaru, article: Article) -> None:
    def count() -> int:
        return int(archive.store.connection.execute("select count(*) from sentences").fetchone()[0])

    before = count()
    add(archive, article)
    assert count() > before
    archive.remove([article.id])
    archive.rebuild()
    assert count() == before

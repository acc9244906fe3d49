"""Measuring: sets of questions, figures with intervals, comparisons, and sets made from what readers asked."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Finished, SampleQuestion
from sklearn.metrics import roc_auc_score

from kibaru.errors import BadInput
from kibaru.evaluation.figures import (
    Measured,
    auroc,
    bins,
    calibration_error,
    comparisons,
    numbers,
    tables,
    with_intervals,
)
from kibaru.evaluation.picture import save_reliability
from kibaru.evaluation.results import Result, Run, Shown, read_run, run_lines
from kibaru.evaluation.run import run_set
from kibaru.evaluation.sets import in_split, read_questions, read_set
from kibaru.evaluation.tables import changes_of, errors_text
from kibaru.evaluation.variants import by_language, by_variant
from kibaru.log_types import NewQuestion
from kibaru.settings import Settings
from kibaru.storage.question_log import QuestionLog

Invoke = Callable[..., Finished]

ARTICLES = [
    {
        "id": "bac",
        "title": "Le bac de Farabougou reprend la traversée",
        "text": "Le bac de Farabougou a repris la traversée du fleuve jeudi. Son capitaine, Zoumana Bérété, attendait "
        "une hélice depuis quatre mois. Le billet coûte 250 francs CFA.",
        "url": "https://journal.example/bac",
    },
    {
        "id": "four",
        "title": "À Kayes, un four solaire cuit cent pains par heure",
        "text": "La boulangerie de Kayes-Ndi a allumé mardi un four solaire. Il cuit cent pains par heure, dit la "
        "boulangère Assa Niakaté. Le four a coûté 4 millions de francs CFA.",
    },
]
QUESTIONS = [
    {"id": "q1", "kind": "question", "question": "Qui est le capitaine du bac de Farabougou ?",
     "article_id": "https://www.journal.example/bac", "answer": "Zoumana Bérété", "variant": "clean", "language": "fr"},
    {"id": "q2", "kind": "question", "question": "Who is the captain of the Farabougou ferry?", "article_id": "bac",
     "answer": "Zoumana Bérété", "variant": "english", "clean_id": "q1", "language": "en"},
    {"id": "q3", "kind": "question", "question": "Combien a coûté le four solaire de Kayes ?", "article_id": "four",
     "answer": "4 millions de francs CFA", "variant": "clean", "language": "fr"},
    {"id": "h1", "kind": "headline", "question": "Le bac de Farabougou reprend la traversée", "article_id": "bac"},
    {"id": "u1", "kind": "unanswerable", "question": "Qui a peint la Joconde ?"},
]  # fmt: skip


def write_set(folder: Path, questions: list[dict], articles: list[dict] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in (("questions.jsonl", questions), ("articles.jsonl", articles)):
        if rows is not None:
            (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.fixture(scope="module")
def bac_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("sets") / "bac", QUESTIONS, ARTICLES)


@pytest.fixture(scope="module")
def bac_run(bac_set: Path) -> Run:
    return run_set(read_set(bac_set), Settings(), "all")


def result(id: str = "q", **fields: object) -> Result:
    plain = Result(
        id=id, group="question", question="Qui ?", expected="a", answer="x", language="fr", variant=None, clean_id=None,
        rank=1, confidence=0.9, in_passage=True, in_first=True, in_three=True, quotes=(Shown("a", "Titre", "x"),),
    )  # fmt: skip
    return replace(plain, **fields)


def test_every_question_is_asked_as_its_kind_wants(bac_run: Run) -> None:
    asked = {r.key: r for r in bac_run.results}
    assert set(asked) == {
        *(("question", id) for id in ("q1", "q2", "q3")),
        *(("orphaned", id) for id in ("q1", "q2", "q3")),
        ("headline", "h1"),
        ("unanswerable", "u1"),
    }
    found = asked["question", "q1"]
    assert (found.expected, found.rank, found.in_passage, found.in_three) == ("bac", 1, True, True)
    assert found.quotes[0].text in ARTICLES[0]["text"]
    hidden = asked["orphaned", "q1"]
    assert (hidden.rank, hidden.in_three) == (0, False)
    assert all(quote.article == "four" for quote in hidden.quotes)
    assert asked["unanswerable", "u1"].confidence < found.confidence


def test_refused_questions_still_tell_what_would_be_quoted(bac_run: Run) -> None:
    assert all(r.quotes for r in bac_run.results)
    assert 0 < bac_run.threshold < 1


def test_tables_by_kind_have_intervals_around_their_figures(bac_run: Run) -> None:
    found = {table.title: table for table in tables(bac_run)}
    assert list(found) == ["questions: finding", "questions: quoting", "headlines: finding", "refusing"]
    assert found["questions: finding"].count == 3
    assert found["questions: finding"].figures["hit@1"].value == 1
    for table in found.values():
        for figure in table.figures.values():
            assert figure.low <= figure.value <= figure.high or figure.low == pytest.approx(figure.high, abs=0.5)


def test_interval_is_that_of_the_binomial_share() -> None:
    sample = numbers([result(str(at), rank=int(at < 80)) for at in range(100)])
    share = with_intervals(lambda s: {"share": float((s["question"]["rank"] == 1).mean())}, sample)["share"]
    assert share.value == 0.8
    assert share.low == pytest.approx(0.8 - 1.96 * 0.04, abs=0.015)
    assert share.high == pytest.approx(0.8 + 1.96 * 0.04, abs=0.015)


def test_variants_of_one_question_are_drawn_together() -> None:
    alone = [result(str(at), rank=int(at % 10 < 5)) for at in range(100)]
    together = [replace(r, id=f"{r.id} again", clean_id=r.id) for r in alone]

    def width(results: list[Result]) -> float:
        share = with_intervals(lambda s: {"share": float((s["question"]["rank"] == 1).mean())}, numbers(results))
        return share["share"].high - share["share"].low

    assert width(alone + together) == pytest.approx(width(alone))


def test_intervals_are_the_same_every_time(bac_run: Run) -> None:
    assert tables(bac_run) == tables(bac_run)


def test_auroc_counts_ties_half() -> None:
    generator = np.random.default_rng(1)
    own, others = generator.normal(1, 1, 50).round(1), generator.normal(0, 1, 70).round(1)
    assert auroc(own, others) == pytest.approx(roc_auc_score([1] * 50 + [0] * 70, np.concatenate([own, others])))


def test_calibration_error_weighs_bins_by_their_size() -> None:
    confidence, right = np.array([0.95, 0.95, 0.95, 0.15]), np.array([True, True, False, False])
    assert [count for *_, count in bins(confidence, right)] == [1, 3]
    assert calibration_error(confidence, right) == pytest.approx((3 * abs(0.95 - 2 / 3) + 0.15) / 4)
    assert bins(np.array([1.0]), np.array([True])) == [(1.0, 1.0, 1)]


def test_kept_run_is_read_back_as_it_was(bac_run: Run, tmp_path: Path) -> None:
    bac_run = replace(bac_run, results=[*bac_run.results, result(question="Qui\u2028a ouvert ?")])
    (tmp_path / "run.jsonl").write_text(run_lines(bac_run), "utf-8")
    assert read_run(tmp_path / "run.jsonl") == bac_run


def test_comparison_tells_which_questions_changed() -> None:
    before = Run({}, 0.5, 0.7, [result("a"), result("b", rank=3, in_first=False), result("u", group="unanswerable")])
    after = Run(
        {}, 0.5, 0.7, [result("a", confidence=0.1), result("b"), result("u", group="unanswerable", confidence=0.2)]
    )
    assert list(changes_of(before, after)) == [
        ("-", "a (question) now refused: Qui ?"),
        ("+", "b (question) rank 3 -> 1: Qui ?"),
        ("+", "b (question) the first quote answers: Qui ?"),
        ("+", "u (unanswerable) now refused: Qui ?"),
    ]


def test_comparison_pairs_questions_whatever_their_order() -> None:
    ranks = [1, 2, 1, 0, 1, 3, 1, 1]
    before = Run({}, 0.5, 0.7, [result(str(at), rank=rank) for at, rank in enumerate(ranks)])
    same = Run({}, 0.5, 0.7, [*reversed(before.results), result("only here", rank=0)])
    for table in comparisons(before, same):
        assert table.count == 8
        assert set(table.change.values()) == {Measured(0, 0, 0)}
    better = Run({}, 0.5, 0.7, [result(str(at)) for at in range(8)])
    (finding, *_) = comparisons(before, better)
    assert finding.change["hit@1"].value == pytest.approx(3 / 8)
    assert finding.change["hit@1"].low >= 0


def test_errors_say_what_was_expected_and_what_was_quoted_instead() -> None:
    wrong = result("q7", rank=2, in_first=False, in_three=False, confidence=0.1, expected="bac", answer="Bérété")
    run = Run({}, 0.5, 0.7, [result("fine"), wrong, result("u1", group="unanswerable"), result("q7", group="orphaned")])
    text = errors_text(run)
    assert "fine" not in text
    assert "q7 (question): its article came at rank 2; no quote holds the answer; refused" in text
    assert "expected  bac: Bérété" in text
    assert "quoted    a Titre: « x »" in text
    assert "u1 (unanswerable): answered, though no article says it" in text


def test_variants_are_set_against_the_clean_questions_they_come_from(bac_run: Run) -> None:
    (english,) = by_variant(bac_run.results)
    assert (english.name, english.count) == ("english", 1)
    assert english.figures["change"].value == english.figures["hit@1"].value - english.figures["clean hit@1"].value
    assert {(row.name, row.count) for row in by_language(bac_run.results)} == {("fr", 2), ("en", 1)}


def test_splits_part_the_questions_and_keep_variants_together(sample_questions: list[SampleQuestion]) -> None:
    ids = [question.id for question in sample_questions]
    tuning = [id for id in ids if in_split(id, "tuning")]
    held_out = [id for id in ids if in_split(id, "held-out")]
    assert sorted(tuning + held_out) == sorted(ids)
    assert 0.4 < len(tuning) / len(ids) < 0.6
    assert all(in_split(id, "all") for id in ids)


def test_sample_questions_are_a_set(sample_questions: list[SampleQuestion]) -> None:
    questions = read_questions(Path(__file__).parents[1] / "data" / "sample_questions.jsonl")
    assert len(questions) == len(sample_questions)
    own = {"clean", "plain"}  # plain ones name no article's place, or a person few know: readers ask so
    assert sum(question.variant == "plain" for question in questions) == 80
    varied = [question for question in questions if question.kind == "question" and question.variant not in own]
    assert len(varied) >= 200
    assert all(question.clean_id for question in varied)
    languages = {"english", "arabic", "russian", "portuguese", "bambara", "wolof"}
    assert languages <= {question.variant for question in varied}
    assert {"typos", "no-accents", "capitals", "sms", "one-word", "long"} <= {question.variant for question in varied}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "line 1: it is not JSON"),
        ("[]", "line 1: it is no object"),
        ('{"id": "a", "kind": "question"}', "line 1: it has no 'question'"),
        ('{"id": "a", "kind": "riddle", "question": "Qui ?"}', "the kind 'riddle' is not one of"),
        ('{"id": "a", "kind": "question", "question": "Qui ?"}', "it has no 'article_id'"),
        ('{"id": "a", "kind": "question", "question": "Qui ?", "article_id": "b"}', "it has no 'answer'"),
        ('{"id": "a", "kind": "unanswerable", "question": ["Qui ?"]}', "its field 'question' is no text"),
        ('{"id": "a", "kind": "unanswerable", "question": "Hier ?", "asked_on": "hier"}', "its 'asked_on' is no date"),
        ("", "there is no question in it"),
    ],
)
def test_row_that_is_no_question_is_named(tmp_path: Path, line: str, problem: str) -> None:
    (tmp_path / "questions.jsonl").write_text(line)
    with pytest.raises(BadInput) as raised:
        read_set(tmp_path)
    assert problem in str(raised.value)
    assert "\n" not in str(raised.value)


def test_question_about_an_article_that_is_not_there_is_named(tmp_path: Path) -> None:
    folder = write_set(tmp_path / "set", [QUESTIONS[2] | {"article_id": "gone"}], ARTICLES)
    with pytest.raises(BadInput, match="q3 about gone"):
        run_set(read_set(folder), Settings(), "all")


def test_command_measures_saves_draws_and_lists(bac_set: Path, run: Invoke, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("run.jsonl", "errors.txt", "reliability.png")}
    ended = run(
        "eval", str(bac_set), "--split", "all", "--json",
        "--save", str(files["run.jsonl"]), "--errors", str(files["errors.txt"]),
        "--picture", str(files["reliability.png"]),
    )  # fmt: skip
    assert (ended.code, ended.err) == (0, "")
    measured = json.loads(ended.out)
    value, low, high = measured["tables"]["questions: finding"]["hit@1"]
    assert low <= value <= high
    assert measured["run"]["split"] == "all"
    assert files["reliability.png"].read_bytes().startswith(b"\x89PNG")
    assert files["errors.txt"].exists()
    compared = run("eval", "compare", *[str(files["run.jsonl"])] * 2)
    assert compared.code == 0
    assert "+0.000 [+0.000, +0.000]" in compared.out
    assert compared.out.endswith("better: 0\n\nworse: 0\n")


def test_half_that_was_not_tuned_on_is_reported_unless_told_otherwise(bac_set: Path, run: Invoke) -> None:
    ended = run("eval", str(bac_set))
    assert ended.code == 0
    assert "split    held-out" in ended.out
    asked = [q for q in QUESTIONS if in_split(q.get("clean_id") or q["id"], "held-out") and q["kind"] == "question"]
    assert f"questions: finding ({len(asked)} asked)" in ended.out


def test_questions_alone_are_asked_of_the_present_archive(folder: Path, run: Invoke, tmp_path: Path) -> None:
    row = {"id": "k", "kind": "question", "question": "Quel est le bilan des inondations de Kankan ?",
           "url": "https://kibaru.example/2025/09/inondations-kankan-nouveau-bilan", "answer": "19 morts"}  # fmt: skip
    (tmp_path / "mine.jsonl").write_text(json.dumps(row))
    before = (folder / "kibaru.db").read_bytes()
    ended = run("eval", str(tmp_path / "mine.jsonl"), "--split", "all")
    assert ended.code == 0
    assert f"articles {folder}" in ended.out
    assert "hit@1                                1.000" in ended.out
    assert (folder / "kibaru.db").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no such file"),
        (["compare", "a.jsonl", "b.jsonl"], "it cannot be read"),
        (["nowhere", "--save", "no/such/folder.jsonl"], "there is no folder"),
    ],
)
def test_unusable_arguments_are_one_line_and_two(folder: Path, run: Invoke, arguments: list[str], said: str) -> None:
    ended = run("eval", *arguments)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert said in ended.err


def test_picture_without_matplotlib_says_what_to_install(
    bac_set: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ended = run("eval", str(bac_set), "--picture", "reliability.png")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "kibaru: Pictures need matplotlib: run 'pip install matplotlib'.\n"


def test_refused_questions_alone_are_measured_too() -> None:
    run = Run({}, 0.5, 0.7, [result("u", group="unanswerable", confidence=0.6, in_three=False)])
    (refusing,) = tables(run)
    assert refusing.figures["unanswerable answered"] == Measured(1, 1, 1)
    assert refusing.figures["unanswerable sure"] == Measured(0, 0, 0)


def test_headlines_alone_are_not_drawn(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no picture of headlines alone"):
        save_reliability(Run({}, 0.5, 0.7, [result("h", group="headline")]), tmp_path / "reliability.png")


@pytest.mark.parametrize(
    "content",
    ["", '{"id": 1}\n', '{"run": {}, "threshold": 0.5, "sure": 0.7}\n{"id": "q", "rank": "first"}\n', "[" * 9_999],
)
def test_file_that_is_no_run_is_not_compared(folder: Path, run: Invoke, content: str) -> None:
    Path("run.jsonl").write_text(content)
    ended = run("eval", "compare", "run.jsonl", "run.jsonl")
    assert (ended.code, "it is no run" in ended.err) == (2, True)


def test_set_is_made_of_articles_headlines_and_what_readers_asked(folder: Path, run: Invoke, tmp_path: Path) -> None:
    log = QuestionLog(folder / "kibaru.db")

    def asked(question: str, answered: bool, helpful: bool | None = None) -> None:
        asked = NewQuestion(question, question, "fr", answered, 0.5, "f1e2d3", "c0ffee", f"m{question}")
        id = log.record(asked)
        if helpful is not None:
            log.vote(id, helpful)

    asked("Quel est le bilan des inondations de Kankan ?", True, helpful=True)
    asked("Qui a marqué le but ?", True)
    asked("Où acheter du ciment à Kayes ?", False)
    asked("Combien coûte le riz ?", True, helpful=False)
    asked("Appelez-moi au +223 76 12 34 56, qui a gagné ?", False)
    asked("qui est @moussa_t ?", False)
    log.close()

    made = run("eval", "export", str(tmp_path / "set"))
    assert made.code == 0
    assert "18 articles, 18 headlines; to check: 1 question voted helpful, 2 refused or voted unhelpful" in made.out
    assert "left out: 2 questions" in made.out
    written = (tmp_path / "set" / "questions.jsonl").read_text("utf-8")
    for secret in ("f1e2d3", "c0ffee", "76 12 34 56", "@moussa_t", "qui a marqué"):
        assert secret not in written.casefold()
    rows = [json.loads(line) for line in written.splitlines()]
    checked = [row for row in rows if row.get("to_check")]
    assert sorted(row["kind"] for row in checked) == ["question", "unanswerable", "unanswerable"]
    (helpful,) = (row for row in checked if row["kind"] == "question")
    assert "19 morts" in helpful["answer"]
    measured = run("eval", str(tmp_path / "set" / "questions.jsonl"), "--split", "all")
    assert measured.code == 0
    assert "not checked by anyone 3" in measured.out
    again = run("eval", "export", str(tmp_path / "set"))
    assert (again.code, "is there already" in again.err) == (2, True)
    assert (tmp_path / "set" / "questions.jsonl").read_text("utf-8") == written


def test_set_can_be_made_before_any_reader_asked(folder: Path, run: Invoke, tmp_path: Path) -> None:
    assert "18 headlines; to check: 0 questions" in run("eval", "export", str(tmp_path / "set")).out
    with sqlite3.connect(folder / "kibaru.db") as database:
        assert database.execute("select count(*) from articles").fetchone() == (18,)
    database.close()

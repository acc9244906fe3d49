"""The command line as an editor, an operator and a program meet it."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from conftest import Finished

from kibaru import __version__
from kibaru.types import Article

QUESTION = "Quel est le bilan des inondations de Kankan ?"
Run = Callable[..., Finished]


@pytest.fixture
def file(article: Article, tmp_path: Path) -> Path:
    path = tmp_path / "bac.txt"
    path.write_text(f"{article.title}\n{article.text}")
    return path


def test_add_list_show_remove(folder: Path, run: Run, file: Path) -> None:
    added = run("add", str(file))
    assert (added.code, added.err) == (0, "")
    change, id, *_ = added.out.split()
    assert change == "added"
    assert added.out.endswith("1 added\n")
    assert id in run("list").out
    shown = run("show", id)
    assert "hélice depuis quatre mois" in shown.out
    assert json.loads(run("show", id, "--json").out)["id"] == id
    assert run("remove", id).out.startswith("removed")
    assert run("show", id).code == 1
    assert run("remove", id).code == 1


def test_new_archive_begins_with_the_first_article(
    tmp_path: Path, run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIBARU_INDEX", str(tmp_path / "new" / "index"))
    assert run("add", str(file)).code == 0
    answered = run("ask", "Qui est le capitaine du bac de Farabougou ?")
    assert (answered.code, "Zoumana Bérété" in answered.out) == (0, True)


def test_failures_are_named_and_the_rest_goes_in(folder: Path, run: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "Le four de Kayes est neuf."}\n{"title": "sans texte"}\n')
    added = run("add", str(tmp_path / "rows.jsonl"), str(tmp_path / "nothing.txt"), str(file))
    assert added.code == 2
    assert "rows.jsonl, line 2: it has no 'text'" in added.err
    assert "nothing.txt: there is no such file" in added.err
    assert added.out.endswith("2 added, 2 failed\n")


def test_answer_shows_quote_and_source(folder: Path, run: Run) -> None:
    answered = run("ask", QUESTION)
    assert answered.code == 0
    assert "« " in answered.out
    assert "19 morts" in answered.out
    assert "2025-09-02 · https://kibaru.example/" in answered.out


def test_answering_words_are_bold_on_a_terminal(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr("click.utils.should_strip_ansi", lambda *_, **__: False)
    assert "\x1b[1m" in run("ask", QUESTION).out


def test_refusal_offers_leads_and_exits_with_one(folder: Path, run: Run) -> None:
    refused = run("ask", "Qui a gagné la Coupe du monde 1998 ?")
    assert refused.code == 1
    assert refused.out.startswith("The articles don't say.")
    assert "may not answer:\n  - " in refused.out


def test_answer_as_json(folder: Path, run: Run) -> None:
    answer = json.loads(run("ask", QUESTION, "--json", "--top", "1").out)
    (quote,) = answer["quotes"]
    article = json.loads(run("show", quote["article"]["id"], "--json").out)
    assert answer["answered"] is True
    assert quote["text"] == article["text"][quote["start"] : quote["end"]]
    assert quote["start"] <= quote["highlight"]["start"] < quote["highlight"]["end"] <= quote["end"]
    refusal = json.loads(run("ask", "Qui a gagné la Coupe du monde 1998 ?", "--json").out)
    assert (refusal["answered"], refusal["quotes"], len(refusal["leads"])) == (False, [], 3)


def test_dates_and_language_filter(folder: Path, run: Run) -> None:
    assert run("ask", QUESTION, "--since", "2026-01-01").out.count("19 morts") == 0
    assert run("list", "--language", "en").out.count("\n") == 3
    rows = run("list", "--since", "1er septembre 2025", "--until", "2025-09-30", "--json").out.splitlines()
    assert {json.loads(row)["published"][:7] for row in rows} == {"2025-09"}
    for date in ("jadis", "2025-13-01"):
        wrong = run("ask", QUESTION, "--since", date)
        assert (wrong.code, "no date" in wrong.err) == (2, True)


def test_one_is_counted_as_one(
    tmp_path: Path, run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("KIBARU_INDEX", str(tmp_path / "new"))
    assert run("add", str(file)).out.endswith("\n1 added\n")
    assert "1 article and 0 questions into" in run("backup", "b").out
    assert "1 article, 1 passage, 0 of them embedded" in run("rebuild").out
    assert ", 1 passage\n" in run("status").out
    (tmp_path / "row.csv").write_text("title,text,url\nSeul\n")
    assert "it has 1 field where the first line names 3" in run("add", "row.csv").err


@pytest.mark.parametrize("command", [["list"], ["ask", QUESTION], ["eval", "questions.jsonl"]])
def test_a_language_that_is_no_code_is_refused(folder: Path, run: Run, command: list[str]) -> None:
    refused = run(*command, "--language", "French")
    assert (refused.code, refused.out) == (2, "")
    assert refused.err == "kibaru: 'French' is no language code (write fr, en, ar…)\n"
    assert run("list", "--language", "fr-FR").out == run("list", "--language", "FR").out != ""


@pytest.mark.parametrize("question", ["", "   ", "\x1b", "x" * 10_000])
def test_unusable_question_is_one_line_and_two(folder: Path, run: Run, question: str) -> None:
    ended = run("ask", question)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_chat_answers_line_after_line(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = f"{QUESTION}\n{'x' * 10_000}\nQui a gagné la Coupe du monde 1998 ?\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    ended = run("chat")
    assert ended.code == 0
    assert "19 morts" in ended.out
    assert "The articles don't say." in ended.out
    assert "10,000 characters" in ended.err


def test_status_tells_counts_model_and_health(folder: Path, run: Run) -> None:
    text = run("status")
    assert text.code == 0
    assert "multilingual-e5-small" in text.out
    state = json.loads(run("status", "--json").out)
    assert (state["articles"], state["healthy"], state["calibrated"]) == (18, True, True)
    assert state["passages"] >= 18


def test_demo_answers_from_its_own_archive(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIBARU_INDEX", str(tmp_path / "index"))
    shown = run("demo")
    assert shown.code == 0
    assert "19 morts" in shown.out
    assert "The articles don't say." in shown.out
    assert run("list").code == 2


@pytest.mark.parametrize("is_link", [False, True])
@pytest.mark.parametrize(
    "command",
    [["list"], ["add", "bac.txt"], ["ask", QUESTION], ["doctor"], ["backup", "b"], ["restore", "b"], ["sync"]],
)
def test_an_archive_that_is_a_file_is_called_one(
    folder: Path, run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, command: list[str], is_link: bool
) -> None:
    assert run("backup", "b").code == 0
    place = file.with_name("place")
    if is_link:
        place.symlink_to(file.with_name("nowhere"))
    else:
        place.write_text("notes")
    monkeypatch.setenv("KIBARU_INDEX", str(place))
    ended = run(*command)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == f"kibaru: {place} is no folder: set KIBARU_INDEX to the folder of an archive.\n"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("KIBARU_MIN_CONFIDENCE", "2"), ("KIBARU_MIN_CONFIDENCE", "x"), ("KIBARU_LOG_LEVEL", "loud")],
)
def test_unusable_setting_is_named(
    folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    ended = run("list")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert variable in ended.err


def test_settings_are_read_from_env_file(folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIBARU_INDEX")
    (folder.parent / ".env").write_text(f"KIBARU_INDEX={folder}\n")
    assert run("list").out.count("\n") == 18


@pytest.mark.parametrize("command", [["kibaru", "--version"], ["kibaru", "--help"], ["kibaru_bot.cli"]])
def test_console_scripts_start(folder: Path, command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELEGRAM_BOT_TOKEN", raising=False)
    module, *arguments = command
    call = f"import sys; sys.argv[0] = '{module}'; from {module.removesuffix('.cli')}.cli import main; main()"
    ended = subprocess.run([sys.executable, "-c", call, *arguments], capture_output=True, text=True, check=False)
    if module == "kibaru":
        assert ended.returncode == 0
        assert __version__ in ended.stdout or "Answer a question" in ended.stdout
        return
    assert ended.returncode == 2
    assert (
        ended.stderr == "kibaru-bot: TELEGRAM_BOT_TOKEN is not set: get a token from @BotFather and put it into .env.\n"
    )


def kibaru(*arguments: str, stdout: int | IO[bytes]) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, whose standard output goes there."""
    command = [sys.executable, "-m", "kibaru", *arguments]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize("command", [["list"], ["list", "--json"], ["export"], ["show", "a9576f059ff"], ["status"]])
def test_a_reader_of_the_output_who_has_seen_enough_is_no_error(folder: Path, command: list[str]) -> None:
    """kibaru list | head -1: it ends as other programs do, which SIGPIPE ends."""
    reading, writing = os.pipe()
    os.close(reading)
    ended = kibaru(*command, stdout=writing)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (141, "")


def test_what_was_stored_before_the_reader_went_is_there(folder: Path, run: Run, tmp_path: Path) -> None:
    rows = (json.dumps({"title": f"Puits {n}", "text": f"Le puits {n} est ouvert."}) for n in range(3))
    (tmp_path / "three.jsonl").write_text("\n".join(rows))
    reading, writing = os.pipe()
    os.close(reading)
    assert kibaru("add", "three.jsonl", stdout=writing).returncode == 141
    os.close(writing)
    assert run("list").out.count("Puits") == 3
    assert run("doctor").code == 0


def test_adding_that_is_stopped_says_how_far_it_came_and_goes_on_from_there(
    folder: Path, run: Run, tmp_path: Path
) -> None:
    rows = (json.dumps({"title": f"Puits {n}", "text": f"Le puits {n} est ouvert."}) for n in range(400))
    (tmp_path / "many.jsonl").write_text("\n".join(rows))
    command = [sys.executable, "-m", "kibaru", "add", "many.jsonl"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as adding:
        assert adding.stdout
        assert adding.stderr
        assert adding.stdout.readline().startswith("added ")
        adding.send_signal(signal.SIGINT)
        out, err = adding.stdout.read(), adding.stderr.read()
    said = re.fullmatch(
        r"kibaru: Adding was stopped after (\d+) added: what went in is kept; run it again to go on.\n", err
    )
    assert adding.returncode == 2
    assert said is not None, err
    kept = run("list").out.count("Puits")
    assert 1 <= int(said[1]) <= kept < 400
    assert 0 <= int(said[1]) - 1 - out.count("added ") <= 1
    assert run("add", "many.jsonl").out.endswith(f"\n{400 - kept} added, {kept} unchanged\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
@pytest.mark.parametrize("command", [["list"], ["export"], ["ask", QUESTION], ["add", "bac.txt"]])
def test_a_full_disk_under_the_output_is_not_blamed_on_the_archive(
    folder: Path, file: Path, command: list[str]
) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = kibaru(*command, stdout=full)
    assert ended.returncode == 2
    assert ended.stderr == (
        "kibaru: Standard output cannot be written (No space left on device): "
        "check free space and permissions where it goes.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is always full")
def test_who_cannot_be_told_of_an_error_still_gets_its_exit_code(folder: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "kibaru", "restore", "nothing"]
        assert subprocess.run(command, stderr=full, check=False).returncode == 2

"""Every command of the README does what it says, and what the documentation shows of the command line is so."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from fakes.bot_api import BotApiServer

from kibaru.cli.main import commands
from kibaru_bot.cli import command as bot_command

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")

Run = Callable[[str], str]
"""Runs a line of shell in a user's folder and returns its standard output."""


def blocks(text: str, language: str) -> list[list[str]]:
    """The fenced blocks of a language, each as its lines without indentation and comments."""
    found = re.findall(rf"^ *```{language}\n(.*?)\n *```", text, re.M | re.S)
    return [[re.sub(r"\s+#.*", "", line).strip() for line in block.split("\n")] for block in found]


def section(heading: str) -> str:
    """The text of the README below a heading of the second level."""
    return README.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user's environment: no settings, and `kibaru`, `kibaru-bot` and `python` on the path."""
    shutil.copytree(ROOT / "src" / "kibaru" / "samples", tmp_path / "src" / "kibaru" / "samples")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, arguments in {"kibaru": "-m kibaru", "kibaru-bot": "-m kibaru_bot", "python": ""}.items():
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {arguments} "$@"\n')
        script.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if k == "KIBARU_CACHE" or not k.startswith(("KIBARU", "TELEG"))}
    return kept | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'bot'}"}


@pytest.fixture
def run_line(tmp_path: Path, environment: dict[str, str]) -> Run:
    def run_line(line: str) -> str:
        ended = subprocess.run(
            ["sh", "-c", line],
            check=False,
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run_line


def make(*arguments: str) -> str:
    """What `make` prints, as if it were not called by the make that runs the tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, env=environment, capture_output=True, text=True).stdout


def test_the_readme_is_a_page_and_a_half() -> None:
    assert README.count("\n") <= 180


def test_every_block_of_the_readme_is_run_here() -> None:
    tested = [*blocks(section("Two commands"), "sh"), *blocks(section("Your own articles"), "sh")]
    tested += [*blocks(section("The Telegram bot"), "sh"), *blocks(section("Python"), "python")]
    assert len(tested) == 7
    assert [*blocks(README, "sh"), *blocks(README, "python")] == tested


def test_the_two_commands_are_targets_that_run_the_demo_and_the_tests() -> None:
    (two,) = blocks(section("Two commands"), "sh")
    assert two == ["make demo", "make test"]
    for line, runs in zip(two, (".venv/bin/kibaru demo", ".venv/bin/pytest"), strict=True):
        assert runs in make(*line.split()[1:], "--dry-run")


def test_make_without_a_target_lists_all_of_them() -> None:
    listed = make()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.M)
    assert [line.split()[0] for line in listed.splitlines()] == re.findall(
        r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.M
    )
    assert sorted(line.split()[0] for line in listed.splitlines()) == sorted(phony.split())


def test_the_demo_prints_what_the_documentation_shows(run_line: Run) -> None:
    (shown,) = re.findall(r"```text\n(added .*?)```", (ROOT / "docs" / "install.md").read_text("utf-8"), re.S)
    assert run_line("kibaru demo") == shown


def test_own_articles_are_added_asked_listed_and_backed_up(tmp_path: Path, run_line: Run) -> None:
    ((add, ask, ask_json, list_, status, backup),) = blocks(section("Your own articles"), "sh")
    assert "18 added" in run_line(add)
    assert "mardi 11 novembre" in run_line(ask)
    assert '"answered": true' in run_line(ask_json)
    assert run_line(list_).count("\n") < run_line("kibaru list").count("\n") == 18
    assert "good" in run_line(status)
    assert "18 articles" in run_line(backup)
    assert (tmp_path / backup.split()[-1]).stat().st_size > 10_000


def test_python_example_prints_quotes(tmp_path: Path, run_line: Run) -> None:
    run_line("kibaru add src/kibaru/samples")
    (code,) = re.findall(r"```python\n(.*?)```", section("Python"), re.S)
    (tmp_path / "example.py").write_text(code, "utf-8")
    printed = run_line("python example.py")
    assert "mardi 11 novembre" in printed
    assert re.search(r"^probability 0\.\d\d$", printed, re.M)


def test_from_botfather_to_the_first_answer(tmp_path: Path, environment: dict[str, str], run_line: Run) -> None:
    steps = section("The Telegram bot")
    (install, *_), env, add, start = blocks(steps, "sh")
    assert "pip install" in install  # this environment stands for it
    with BotApiServer() as api:
        for line in env:
            run_line(line.replace("123456789:the-token-of-your-bot", api.token))
        run_line(f"echo KIBARU_TELEGRAM_API={api.url} >> .env")
        assert "18 added" in run_line(add[0])
        shown = steps.partition("--check\n   ```\n\n   ```\n")[2].partition("```")[0]
        assert run_line(add[1]).split() == shown.split()
        with subprocess.Popen(["sh", "-c", f"exec {start[0]}"], cwd=tmp_path, env=environment) as bot:
            try:
                reader = api.user("Awa")
                (question,) = re.findall(r"\*(.*\?)\*", steps)
                assert "mardi 11 novembre" in api.answer_to(api.say(reader, reader, question), timeout=60).text
            finally:
                bot.terminate()
            assert bot.wait(30) == 0


PAGES = [ROOT / "README.md", ROOT / "index" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
GENERATED = {"commands.md", "configuration.md"}


def shown_commands(page: Path) -> list[str]:
    """The command lines of `kibaru` and `kibaru-bot` in a page: in blocks of shell, and in the running text."""
    text = page.read_text("utf-8")
    lines = [line for block in blocks(text, "sh") for line in block]
    lines += re.findall(r"`(kibaru(?:-bot)? [^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    commands_only = (re.split(r"\s[|<>]", line)[0].strip() for line in lines)
    return [line for line in commands_only if re.match(r"kibaru(?:-bot)? ", line)]


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in GENERATED], ids=lambda page: page.name)
def test_commands_that_a_page_shows_exist_with_their_options(page: Path) -> None:
    for line in shown_commands(page):
        program, *arguments = shlex.split(line)
        command: click.Command = commands if program == "kibaru" else bot_command
        context = click.Context(command, info_name=program)
        while isinstance(command, click.Group) and arguments and arguments[0] in command.commands:
            command = command.commands[arguments.pop(0)]
            context = click.Context(command, info_name=command.name, parent=context)
        if isinstance(command, click.Group) and command.name == "eval":
            command = command.commands["run"]
        assert not isinstance(command, click.Group) or not arguments or arguments[0].startswith("-"), line
        known = {name for parameter in command.get_params(context) for name in parameter.opts}
        wanted = {argument for argument in arguments if re.match(r"--?[a-z]", argument)}
        assert wanted <= known, line


def test_pages_show_commands() -> None:
    assert sum(len(shown_commands(page)) for page in PAGES) > 40

"""The README's steps from BotFather to the first answer, taken as a new user takes them."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from fakes.bot_api import BotApiServer

ROOT = Path(__file__).parents[2]


def test_from_botfather_to_the_first_answer(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    section = readme.partition("### From BotFather to the first answer\n")[2].partition("\n### ")[0]
    steps = [block.split("\n") for block in re.findall(r"^ +```sh\n(.*?)\n +```", section, re.M | re.S)]
    (install, *_), env, add, start = ([line.strip() for line in block] for block in steps)
    assert "pip install" in install  # this environment stands for it
    shutil.copytree(ROOT / "src" / "kibaru" / "samples", tmp_path / "src" / "kibaru" / "samples")
    commands = tmp_path / "bin"
    commands.mkdir()
    for name in ("kibaru", "kibaru-bot"):
        script = commands / name
        script.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {name.replace("-", "_")} "$@"\n')
        script.chmod(0o755)
    environment = {k: v for k, v in os.environ.items() if k == "KIBARU_CACHE" or not k.startswith(("KIBARU", "TELEG"))}
    environment |= {"PATH": f"{commands}:{os.environ['PATH']}", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT / 'bot'}"}

    def run(line: str) -> str:
        done = subprocess.run(
            ["sh", "-c", line], check=False, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    with BotApiServer() as api:
        for line in env:
            run(line.replace("123456789:the-token-of-your-bot", api.token))
        run(f"echo KIBARU_TELEGRAM_API={api.url} >> .env")
        assert "18 added" in run(add[0])
        shown = section.partition("--check\n   ```\n\n   ```\n")[2].partition("```")[0]
        assert run(add[1]).split() == shown.split()
        with subprocess.Popen(["sh", "-c", f"exec {start[0]}"], cwd=tmp_path, env=environment) as bot:
            try:
                reader = api.user("Awa")
                (question,) = re.findall(r"\*(.*\?)\*", section)
                assert "mardi 11 novembre" in api.answer_to(api.say(reader, reader, question), timeout=60).text
            finally:
                bot.terminate()
            assert bot.wait(30) == 0

"""Write what is generated in the documentation: docs/commands.md, docs/configuration.md and .env.example.

python docs/generate.py      # or `make docs`; tests/project/test_generated_docs.py fails when one of them is stale
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from kibaru.cli.main import commands
from kibaru.settings import Settings
from kibaru_bot.cli import command as bot_command
from kibaru_bot.settings import BotSettings

ROOT = Path(__file__).parents[1]

SETTINGS: dict[str, type[BaseSettings]] = {
    "The archive, its model and its sources": Settings,
    "The bot": BotSettings,
}
"""The classes of settings, each under the heading of its part; a subclass shows only the fields it adds."""

PROGRAMS: dict[str, click.Command] = {"kibaru": commands, "kibaru-bot": bot_command}
"""The console scripts."""

WIDTH = 100
"""Characters in a line of the help texts."""


class Setting(NamedTuple):
    """A setting as the documentation shows it.

    Attributes:
        variable: The environment variable.
        default: Its default as one would write it; empty when there is none, or when it differs between machines.
        description: What it is for.
    """

    variable: str
    default: str
    description: str


def settings_of(kind: type[BaseSettings]) -> Iterator[Setting]:
    """The settings that a class defines itself, in the order of their definition.

    Args:
        kind: A class of settings.

    Yields:
        Each field that is not inherited.
    """
    inherited = {name for base in kind.__mro__[1:] for name in getattr(base, "model_fields", ())}
    for name, field in kind.model_fields.items():
        if name not in inherited:
            variable = name.upper() if field.validation_alias else f"{kind.model_config['env_prefix']}{name.upper()}"
            yield Setting(variable, _written(field), field.description or "")


def _written(field: FieldInfo) -> str:
    value = field.default
    if field.default_factory or value is None or value == ():
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def env_example() -> str:
    """The text of .env.example: every setting with its description, commented out at its default."""
    lines = ["# Every setting of Kibaru. Copy to .env and change what you need; what is commented out is the default."]
    lines += ["# Written by docs/generate.py from the code: run 'make docs' after a change there."]
    for kind in SETTINGS.values():
        for setting in settings_of(kind):
            sign = "" if setting.variable == "TELEGRAM_BOT_TOKEN" else "#"
            described = textwrap.wrap(setting.description, 118)
            lines += ["", *(f"# {line}" for line in described), f"{sign}{setting.variable}={setting.default}"]
    return "\n".join(lines) + "\n"


def configuration_page() -> str:
    """The text of docs/configuration.md: the settings in tables."""
    lines = [
        "# Settings",
        "",
        "Settings come from the environment or from a file `.env` in the working directory; the environment wins. An",
        "empty value counts as not set. [.env.example](../.env.example) has them all, to be copied.",
        "",
        "After a change of the model run `kibaru rebuild`; until then Kibaru says that the index is of another one.",
        "[Larger models](search-and-answers.md#larger-models) says which there are and what they cost.",
    ]
    for title, kind in SETTINGS.items():
        lines += ["", f"## {title}", "", "| variable | what it is for | default |", "|---|---|---|"]
        for variable, default, description in settings_of(kind):
            shown = f"`{default}`" if default else ""
            lines.append(f"| `{variable}` | {description.replace('|', '&#124;')} | {shown} |")
    return _generated("\n".join(lines))


def commands_page() -> str:
    """The text of docs/commands.md: the help text of every command."""
    lines = [
        "# Commands",
        "",
        "Exit codes: 0 done; 1 not found or refused; 2 bad input, or an archive that cannot be used: the message says",
        "what to do. When the reader of the output ends first (`kibaru list | head`) a command ends with 141.",
    ]
    for program, command in PROGRAMS.items():
        for name, help_text in _help_texts(command, program):
            lines += ["", f"## {name}", "", "```text", help_text, "```"]
    return _generated("\n".join(lines))


def _help_texts(command: click.Command, name: str, parent: click.Context | None = None) -> Iterator[tuple[str, str]]:
    """The name and help text of a command, then those of its subcommands."""
    settings = {**command.context_settings, "terminal_width": WIDTH}
    context = click.Context(command, parent, name, **settings)
    yield context.command_path, click.unstyle(command.get_help(context)).rstrip()
    if isinstance(command, click.Group):
        for part, subcommand in command.commands.items():
            yield from _help_texts(subcommand, part, context)


def _generated(text: str) -> str:
    return f"{text}\n\n<!-- Written by docs/generate.py: run 'make docs' after a change of the code. -->\n"


def generated() -> dict[Path, str]:
    """Each generated file with the text it should have."""
    return {
        ROOT / ".env.example": env_example(),
        ROOT / "docs" / "configuration.md": configuration_page(),
        ROOT / "docs" / "commands.md": commands_page(),
    }


if __name__ == "__main__":
    for path, text in generated().items():
        path.write_text(text, "utf-8")
        print(path)

"""`kibaru-bot`: check what the bot needs, run it until it is told to stop, or ask how one is that runs."""

from __future__ import annotations

import asyncio
import logging
import sys

import click

from kibaru import __version__
from kibaru.errors import KibaruError
from kibaru.process import prepare
from kibaru.terminal import tell
from kibaru_bot import heartbeat
from kibaru_bot.logs import set_up_logging
from kibaru_bot.settings import load_bot_settings

log = logging.getLogger(__name__)


def main() -> None:
    """Run `kibaru-bot`; what can be explained ends in one line and exit code 2."""
    prepare()
    try:
        command(standalone_mode=True)
    except KibaruError as error:
        tell(f"kibaru-bot: {error}", err=True)
        sys.exit(2)
    except Exception:
        log.critical("kibaru-bot has a fault", exc_info=True)
        sys.exit(1)


@click.group(invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kibaru-bot")
@click.option("--check", "checking", is_flag=True, help="Check token, archive and rights, and exit.")
@click.pass_context
def command(context: click.Context, checking: bool) -> None:
    """Answer readers on Telegram, until Ctrl-C or SIGTERM; questions in flight are still answered.

    Polls Telegram, or listens for its webhook when KIBARU_WEBHOOK_URL is set. BotSettings: see .env.example.
    """
    if context.invoked_subcommand:
        return
    settings = load_bot_settings()
    set_up_logging(settings)
    from telegram.error import TelegramError

    from kibaru_bot.running import check, explained, run

    try:
        if checking:
            asyncio.run(check(settings))
        else:
            run(settings)
    except TelegramError as error:
        raise explained(error, settings) from error


@command.command()
def health() -> None:
    """Say in a line whether the bot of this archive runs and can answer (exit code 1 when not)."""
    healthy, line = heartbeat.health(load_bot_settings().index)
    tell(line)
    sys.exit(0 if healthy else 1)

"""`kibaru-bot`: check what the bot needs, or run it until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import sys
from urllib.parse import urlsplit

import click
from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from kibaru import __version__
from kibaru.errors import BadInput, KibaruError
from kibaru.newsroom import Kibaru
from kibaru.settings import Settings, load_settings
from kibaru.terminal import tell
from kibaru_bot.app import UPDATES, build, token_of

log = logging.getLogger(__name__)


def main() -> None:
    """Run `kibaru-bot`; what can be explained ends in one line and exit code 2."""
    try:
        command(standalone_mode=True)
    except KibaruError as error:
        _fail(str(error))
    except InvalidToken:
        _fail("Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from @BotFather.")
    except TelegramError as error:
        _fail(f"Telegram cannot be reached ({error}): check the network, or KIBARU_TELEGRAM_API.")


def _fail(message: str) -> None:
    tell(f"kibaru-bot: {message}", err=True)
    sys.exit(2)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="kibaru-bot")
@click.option("--check", is_flag=True, help="Check token, archive and rights, and exit.")
def command(check: bool) -> None:
    """Answer readers on Telegram, until Ctrl-C or SIGTERM; questions in flight are still answered.

    Polls Telegram, or listens for its webhook when KIBARU_WEBHOOK_URL is set. Settings: see .env.example.
    """
    settings = load_settings()
    _set_up_logging(settings)
    if check:
        asyncio.run(_check(settings))
    else:
        run(settings)


class _WithoutSecrets(logging.Formatter):
    """Lines without the token, which libraries put into addresses and errors."""

    def __init__(self, secret: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secret = secret

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace(self._secret, "TOKEN")


def _set_up_logging(settings: Settings) -> None:
    token = settings.telegram_bot_token
    handler = logging.StreamHandler()
    handler.setFormatter(_WithoutSecrets(token.get_secret_value() if token else "\0"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # at INFO it logs each address


def run(settings: Settings) -> None:
    """Run the bot. Raises KibaruError, and InvalidToken."""
    application = build(settings)
    if settings.webhook_url is None:
        application.run_polling(allowed_updates=UPDATES, bootstrap_retries=-1)
        return
    host, _, port = settings.webhook_listen.rpartition(":")
    path = urlsplit(settings.webhook_url).path.removeprefix("/")
    if not port.isdecimal() or not urlsplit(settings.webhook_url).hostname:
        raise BadInput("KIBARU_WEBHOOK_URL is a web address, KIBARU_WEBHOOK_LISTEN a host and port (127.0.0.1:8443).")
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else secrets.token_urlsafe(32)
    application.run_webhook(
        listen=host or "127.0.0.1",
        port=int(port),
        url_path=path,
        webhook_url=settings.webhook_url,
        secret_token=secret,
        allowed_updates=UPDATES,
        bootstrap_retries=-1,
    )


async def _check(settings: Settings) -> None:
    token = token_of(settings)
    with Kibaru(settings) as kibaru:
        kibaru.check()
        articles = kibaru.store.count_articles()
    if not os.access(settings.index, os.W_OK):
        raise BadInput(f"{settings.index} cannot be written: the bot keeps its journal there.")
    api = settings.telegram_api.rstrip("/")
    async with Bot(token, base_url=f"{api}/bot") as bot:
        me = bot.bot
    tell(f"archive     {settings.index}, {articles} articles")
    tell(f"bot         @{me.username}")
    tell(f"groups      {'may be added' if me.can_join_groups else 'not allowed: /setjoingroups at @BotFather'}")
    tell(f"inline mode {'on' if me.supports_inline_queries else 'off: /setinline at @BotFather turns it on'}")
    tell(f"admins      {', '.join(map(str, settings.admins)) or 'none: set KIBARU_ADMINS'}")

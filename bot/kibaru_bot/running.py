"""The bot run until it is told to stop, by polling or by a webhook; or what it needs, checked."""

from __future__ import annotations

import secrets
from urllib.parse import urlsplit

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from kibaru import Kibaru
from kibaru.errors import BadInput, KibaruError
from kibaru.terminal import tell
from kibaru_bot.app import UPDATES, build
from kibaru_bot.logs import secrets_of, without
from kibaru_bot.readiness import host_and_port, ready, token_of
from kibaru_bot.settings import BotSettings
from kibaru_bot.state import BotApplication


def explained(error: TelegramError, settings: BotSettings) -> KibaruError:
    """What to do about an error of Telegram's that ended the bot."""
    if isinstance(error, InvalidToken):
        return BadInput("Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from @BotFather.")
    why = without(secrets_of(settings), str(error))
    return BadInput(f"Telegram cannot be reached ({why}): check the network, or KIBARU_TELEGRAM_API.")


def run(settings: BotSettings) -> None:
    """Run the bot. Raises KibaruError and TelegramError."""
    with ready(settings):
        _run(build(settings), settings)


def _run(application: BotApplication, settings: BotSettings) -> None:
    if settings.webhook_url is None:
        application.run_polling(allowed_updates=UPDATES, bootstrap_retries=-1)
        return
    host, port = host_and_port(settings.webhook_listen)
    secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else secrets.token_urlsafe(32)
    application.run_webhook(
        listen=host,
        port=port,
        url_path=urlsplit(settings.webhook_url).path.removeprefix("/"),
        webhook_url=settings.webhook_url,
        secret_token=secret,
        allowed_updates=UPDATES,
        bootstrap_retries=-1,
    )


async def check(settings: BotSettings) -> None:
    """Print what the bot has and may do. Raises KibaruError and TelegramError when it could not run."""
    with Kibaru(settings) as kibaru, ready(settings):
        kibaru.check()
        articles = kibaru.article_count()
    api = settings.telegram_api.rstrip("/")
    async with Bot(token_of(settings), base_url=f"{api}/bot") as bot:
        me = bot.bot
    tell(f"archive     {settings.index}, {articles} articles")
    tell(f"bot         @{me.username}")
    tell(f"groups      {'may be added' if me.can_join_groups else 'not allowed: /setjoingroups at @BotFather'}")
    tell(f"inline mode {'on' if me.supports_inline_queries else 'off: /setinline at @BotFather turns it on'}")
    tell(f"admins      {', '.join(map(str, settings.admins)) or 'none: set KIBARU_ADMINS'}")

"""The bot run until it is told to stop, by polling or by a webhook; or what it needs, checked."""

from __future__ import annotations

import os
import secrets
from urllib.parse import urlsplit

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from kibaru.errors import BadInput, KibaruError
from kibaru.newsroom import Kibaru
from kibaru.settings import Settings
from kibaru.terminal import tell
from kibaru_bot.app import UPDATES, build
from kibaru_bot.logs import secrets_of, without
from kibaru_bot.readiness import check_settings, token_of


def explained(error: TelegramError, settings: Settings) -> KibaruError:
    """What to do about an error of Telegram's that ended the bot."""
    if isinstance(error, InvalidToken):
        return BadInput("Telegram does not know TELEGRAM_BOT_TOKEN: copy it again from @BotFather.")
    why = without(secrets_of(settings), str(error))
    return BadInput(f"Telegram cannot be reached ({why}): check the network, or KIBARU_TELEGRAM_API.")


def run(settings: Settings) -> None:
    """Run the bot. Raises KibaruError and TelegramError."""
    check_settings(settings)
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


async def check(settings: Settings) -> None:
    """Print what the bot has and may do. Raises KibaruError and TelegramError when it could not run."""
    check_settings(settings)
    with Kibaru(settings) as kibaru:
        kibaru.check()
        articles = kibaru.store.count_articles()
    if not os.access(settings.index, os.W_OK):
        raise BadInput(f"{settings.index} cannot be written: the bot keeps its journal there.")
    api = settings.telegram_api.rstrip("/")
    async with Bot(token_of(settings), base_url=f"{api}/bot") as bot:
        me = bot.bot
    tell(f"archive     {settings.index}, {articles} articles")
    tell(f"bot         @{me.username}")
    tell(f"groups      {'may be added' if me.can_join_groups else 'not allowed: /setjoingroups at @BotFather'}")
    tell(f"inline mode {'on' if me.supports_inline_queries else 'off: /setinline at @BotFather turns it on'}")
    tell(f"admins      {', '.join(map(str, settings.admins)) or 'none: set KIBARU_ADMINS'}")

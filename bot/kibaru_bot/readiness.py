"""What the bot needs before it starts, and a line for what is not as it should be; `--check` asks for the same."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from kibaru.errors import BadInput
from kibaru.settings import Settings

_WEB_ADDRESS = re.compile(r"https?://[^\s/?#]+[^\s?#]*")


def check_settings(settings: Settings) -> None:
    """Whether the bot could start with these settings. Raises KibaruError."""
    token_of(settings)
    if not _is_web_address(settings.telegram_api):
        raise BadInput(
            f"KIBARU_TELEGRAM_API={settings.telegram_api} is no web address: unset it, or name a Bot API server."
        )


def token_of(settings: Settings) -> str:
    """The bot's token. Raises BadInput when there is none."""
    if settings.telegram_bot_token is None:
        raise BadInput("TELEGRAM_BOT_TOKEN is not set: get a token from @BotFather and put it into .env.")
    return settings.telegram_bot_token.get_secret_value()


def _is_web_address(text: str) -> bool:
    try:
        return bool(_WEB_ADDRESS.fullmatch(text)) and bool(urlsplit(text).hostname) and urlsplit(text).port != 0
    except ValueError:
        return False

"""What the bot needs before it starts, and a line for what is not as it should be; `--check` asks for the same."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from kibaru.archive import check_reranker
from kibaru.errors import BadInput
from kibaru_bot.heartbeat import alone
from kibaru_bot.settings import BotSettings

_WEB_ADDRESS = re.compile(r"https?://\S+")
_HOST_AND_PORT = re.compile(r"\S*:[0-9]{1,5}")


@contextmanager
def ready(settings: BotSettings) -> Iterator[None]:
    """All that does not need Telegram is there, and this is the only bot of its archive until the block ends.

    Raises KibaruError.
    """
    token_of(settings)
    if not _is_web_address(settings.telegram_api):
        raise BadInput(
            f"KIBARU_TELEGRAM_API={settings.telegram_api} is no web address: unset it, or name a Bot API server."
        )
    hook = settings.webhook_url
    if hook is not None and not _is_web_address(hook):
        raise BadInput(f"KIBARU_WEBHOOK_URL={hook} is no web address such as https://example.org/hook.")
    if hook is not None and not _HOST_AND_PORT.fullmatch(settings.webhook_listen):
        raise BadInput(f"KIBARU_WEBHOOK_LISTEN={settings.webhook_listen} is no host and port such as 127.0.0.1:8443.")
    with alone(settings.index):
        if settings.bot_metrics:
            _check_listening("KIBARU_BOT_METRICS", settings.bot_metrics)
        if hook is not None:
            _check_listening("KIBARU_WEBHOOK_LISTEN", settings.webhook_listen)
        check_reranker(settings)
        yield


def host_and_port(address: str) -> tuple[str, int]:
    """Where to listen."""
    host, _, port = address.rpartition(":")
    return host or "127.0.0.1", int(port)


def _check_listening(variable: str, address: str) -> None:
    with listening(variable, address) as (host, port):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        socket.create_server((host, port), family=family).close()


@contextmanager
def listening(variable: str, address: str) -> Iterator[tuple[str, int]]:
    """Host and port of a setting, to listen on inside. Raises BadInput when that cannot be."""
    try:
        yield host_and_port(address)
    except (OSError, OverflowError) as error:
        raise BadInput(f"{variable}={address} cannot be listened on ({error}): name another.") from error


def token_of(settings: BotSettings) -> str:
    """The bot's token. Raises BadInput when there is none."""
    if settings.telegram_bot_token is None:
        raise BadInput("TELEGRAM_BOT_TOKEN is not set: get a token from @BotFather and put it into .env.")
    return settings.telegram_bot_token.get_secret_value()


def _is_web_address(text: str) -> bool:
    try:
        return bool(_WEB_ADDRESS.fullmatch(text)) and bool(urlsplit(text).hostname) and urlsplit(text).port != 0
    except ValueError:
        return False

"""Calls to Telegram: within its flood limits, and again when the network or Telegram itself failed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from aiolimiter import AsyncLimiter
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, TelegramError
from telegram.ext import AIORateLimiter
from telegram.request import HTTPXRequest

log = logging.getLogger(__name__)

PER_SECOND = 28
"""Messages a second in all; Telegram allows about 30."""

READ_SECONDS = 20.0
"""How long Telegram may take to answer a call: a message sent again because it was slow would be there twice."""

_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
_RETRIED = ("send", "edit", "delete", "answer", "getFile")

_STARTING = ("getMe", "setWebhook", "deleteWebhook")
"""Calls that python-telegram-bot makes again and again until they get through, without a word; then the bot starts."""

AWAY_SECONDS = 60.0
"""Between two lines in the log that say so."""

_ReturnedJson = bool | dict[str, Any] | list[dict[str, Any]]


class Polling(HTTPXRequest):
    """Fetches updates from a Telegram that knew the bot when it started.

    In bad hours it says now and then that it does not: python-telegram-bot takes its word for it and never asks again,
    which would leave a bot that hears nothing.
    """

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """The status and the body of Telegram's answer. Raises TelegramError."""
        code, payload = await super().do_request(*args, **kwargs)
        if code in {401, 404}:
            raise NetworkError(f"it does not know TELEGRAM_BOT_TOKEN ({code})")
        return code, payload


class Limiter(AIORateLimiter):
    """PER_SECOND messages in all, 20 a minute to one group, about one a second to one reader with bursts of five."""

    def __init__(self) -> None:
        super().__init__(
            overall_max_rate=PER_SECOND, overall_time_period=1, group_max_rate=19, group_time_period=60, max_retries=5
        )
        self._chats: dict[int, AsyncLimiter] = {}
        self._said_away = -AWAY_SECONDS

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, _ReturnedJson]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: int | None,
    ) -> _ReturnedJson:
        """Make a call when the limits allow, and make it again after a pause when it did not get through."""
        if endpoint == "sendChatAction":  # is seen at once or not at all; Telegram counts messages only
            return await callback(*args, **kwargs)
        if endpoint in _STARTING:
            return await self._start(callback(*args, **kwargs))
        for pause in (*_PAUSES, None):
            try:
                await self._pace(endpoint, data)
                return await super().process_request(callback, args, kwargs, endpoint, data, rate_limit_args)
            except (BadRequest, Forbidden):
                raise
            except NetworkError as error:
                if pause is None or not endpoint.startswith(_RETRIED):
                    raise
                log.info("%s failed (%s), again in %.1f s", endpoint, type(error).__name__, pause)
                await asyncio.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    async def _start(self, call: Coroutine[Any, Any, _ReturnedJson]) -> _ReturnedJson:
        try:
            return await call
        except InvalidToken:
            raise
        except TelegramError as error:
            if time.monotonic() - self._said_away >= AWAY_SECONDS:
                self._said_away = time.monotonic()
                log.warning("Telegram cannot be reached (%s), it is tried again: check the network", error)
            raise

    async def _pace(self, endpoint: str, data: dict[str, Any]) -> None:
        chat = data.get("chat_id")
        if not isinstance(chat, int) or chat <= 0 or not endpoint.startswith(("send", "edit")):
            return
        if len(self._chats) > 2_000:
            self._chats = {id: limiter for id, limiter in self._chats.items() if not limiter.has_capacity(5)}
        await self._chats.setdefault(chat, AsyncLimiter(5, 5)).acquire()
